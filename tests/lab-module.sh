#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The helper module: it builds without a warning, counts exactly what known
# system calls do, survives every end of a process, and costs what it may.
# KERNELS names the kernels (default stock-7.3 and 6.12).
set -u

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(dirname "$HERE")
KERNELS=${KERNELS:-stock-7.3 6.12}
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/hmmstorm

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0
failed=0
skipped=0

# shellcheck source=tests/lab.sh
. "$HERE/lab.sh"

# ok DESCRIPTION COMMAND...
ok() {
	local what=$1
	shift
	if "$@" >"$tmp/ok" 2>&1; then
		passed=$((passed + 1))
		echo "ok $((passed + failed + skipped)) - $what"
	else
		failed=$((failed + 1))
		echo "not ok $((passed + failed + skipped)) - $what"
		sed 's/^/# /' "$tmp/ok" | tail -n 70
	fi
}

skip() {
	skipped=$((skipped + 1))
	echo "ok $((passed + failed + skipped)) - $1 # SKIP $2"
}

# guest KERNEL VM_OPTIONS... -- TEST: a TAP program in the lab. Its lines are
# ours, numbered on; a guest that does not reach its sum is a failure.
guest() {
	local kernel=$1 line status p f s
	shift
	lab_vm --kernel "$kernel" --out "$tmp/out" --force "$@" >"$tmp/tap" 2>"$tmp/err"
	status=$?
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$' "$tmp/tap" | tail -n 1)
	read -r p _ f _ s _ <<<"${line//,/}"
	grep -E '^((not )?ok|#) ' "$tmp/tap" |
		awk -v n=$((passed + failed + skipped)) -v k="$kernel" '
			/^ok/ { $2 = ++n; $3 = "- " k ":" }
			/^not/ { $3 = ++n; $4 = "- " k ":" }
			{ print }'
	passed=$((passed + ${p:-0}))
	failed=$((failed + ${f:-0}))
	skipped=$((skipped + ${s:-0}))
	ok "$kernel: ${*: -1} ends well" test -n "$line" -a "$status" = "$([ "${f:-1}" = 0 ] && echo 0 || echo 1)" ||
		tail -n 5 "$tmp/err"
	ok "$kernel: no splat in the kernel log" lab_clean "$tmp/out/guest.log"
}

# The build, as a user would call it, must not say a word beyond kbuild's own.
# Lines that tell of another compiler are the kernel's.
quiet_build() {
	local dir
	dir=$(mktemp -d "$tmp/build-XXXXXX")
	cp -r "$TOP/kernel-helpers/." "$dir"
	make -s -C "$dir" KDIR="$1" "${@:2}" >"$tmp/log" 2>&1 ||
		{
			cat "$tmp/log"
			return 1
		}
	! grep -Ev 'compiler differs|was built by:|You are using:|BTF|sparse.*not available|/Makefile:[0-9]+: $' "$tmp/log"
}

# dkms_build KERNEL_BUILD_TREE: by dkms.conf, in folders of our own
dkms_build() {
	local name version kernel d=$tmp/dkms
	kernel=$(cat "$1/include/config/kernel.release")
	name=$(sed -n 's/^PACKAGE_NAME="\(.*\)"/\1/p' kernel-helpers/dkms.conf)
	version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' kernel-helpers/dkms.conf)
	mkdir -p "$d/tree" "$d/modules"
	cp -r kernel-helpers "$d/$name-$version"
	set -- --dkmstree "$d/tree" --sourcetree "$d" --installtree "$d/modules"
	dkms "$@" add "$name/$version" &&
		dkms "$@" build "$name/$version" -k "$kernel" --kernelsourcedir "$build" &&
		find "$d/tree" -name 'hmmstorm.ko*' | grep -q .
}

# The header alone, as a program of another project would include it.
header_alone() {
	printf '#include "hmmstorm.h"\nint main(void) { return (int)hmmstorm_hist_bucket(0); }\n' >"$tmp/t.c"
	gcc -std=c99 -pedantic -Wall -Wextra -Wpadded -Werror -I "$TOP/kernel-helpers/uapi" \
		-o "$tmp/t" "$tmp/t.c" && "$tmp/t"
}

versions_in_compat_only() {
	! grep -rl LINUX_VERSION_CODE "$TOP/kernel-helpers" --include=*.[ch] | grep -v /compat.h
}

cat >"$tmp/cli.sh" <<'END'
# each line: what it must print or end with
fail() { echo "cli: $*"; exit 1; }
hmmstorm counters >/tmp/o 2>/tmp/e
[ $? = 4 ] && [ ! -s /tmp/o ] && [ "$(wc -l </tmp/e)" = 1 ] || fail "module absent: one line, status 4"
modprobe hmmstorm || fail modprobe
hmmstorm counters --total >/tmp/o || fail total
grep -Eq '^inv_clear_events +events +[0-9]+$' /tmp/o || fail "name unit value"
hmmstorm counters --watch 0.2 --count 3 >/tmp/o || fail watch
[ "$(wc -l </tmp/o)" = 4 ] && grep -q clear /tmp/o || fail "a header and three lines"
hmmstorm counters --watch 0.1 --count 1 inv_clear_pages >/tmp/o || fail "watch a name"
grep -q inv_clear_pages /tmp/o || fail "its name as the header"
hmmstorm counters --probes | grep -q '^restore_exclusive_pte' || fail probes
for bad in --foo '--watch x' '--count' '--pid x' '--pid 0' no_such_counter '--pid 1'; do
	hmmstorm counters $bad >/dev/null 2>/tmp/e
	[ $? = 2 ] && [ "$(wc -l </tmp/e)" = 1 ] || fail "$bad: one line, status 2"
done
hmmstorm counters --help | grep -q usage || fail help
hmmstorm counters >/dev/full 2>/tmp/e
[ $? = 1 ] && [ "$(wc -l </tmp/e)" = 1 ] || fail "full disk: one line, status 1"
cat /sys/kernel/debug/hmmstorm/total | grep -q '^inv_clear_events ' || fail debugfs
grep -E ' (0x)?ff[0-9a-f]{14}' -r /sys/kernel/debug/hmmstorm && fail "a kernel address"
rmmod hmmstorm || fail rmmod
END

cd "$TOP" || exit 1
ok "the UAPI header compiles alone, without padding" header_alone
ok "kernel versions are known to compat.h only" versions_in_compat_only
for kernel in $KERNELS; do
	build=$(scripts/kernel "$kernel")/build
	ok "$kernel: builds without a warning (W=1)" quiet_build "$build" W=1
	if [ "$kernel" = 6.12 ] && command -v sparse >/dev/null; then
		ok "$kernel: sparse is clean (C=2)" quiet_build "$build" C=2
	fi
	guest "$kernel" -- test-module-counters
	guest "$kernel" -- test-module-intervals
	ok "$kernel: hmmstorm counters" lab_vm --kernel "$kernel" --out "$tmp/out" --force \
		--add "$tmp/cli.sh" -- sh /add/cli.sh
	guest "$kernel" --cpus 1 --deterministic -- test-module-cost
	guest "$kernel" --cpus 1 --deterministic -- test-module-speed
	guest "$kernel" --cpus 1 --deterministic -- test-module-scale
	guest "$kernel" --numa 2 -- test-module-truth
	guest "$kernel" -- test-module-truth-storm
	guest "$kernel" --cpus 1 --deterministic -- test-module-truth-cost
done
# compiled only: its kernel is not among the lab's defaults. The lab's own has
# device-exclusive memory, Debian's has not.
dir=
for dir in "$CACHE/kernel/6.1-base/build" /usr/src/linux-headers-6.1.*-amd64; do
	[ ! -e "$dir/Makefile" ] || break
done
if [ -e "$dir/Makefile" ]; then
	ok "6.1: builds without a warning (W=1)" quiet_build "$dir" W=1
else
	skip "6.1: builds without a warning" "no kernel 6.1 in the cache, no linux-headers-6.1.*-amd64"
fi
if command -v dkms >/dev/null; then
	ok "dkms builds it" dkms_build "$(readlink -f "$build")"
else
	skip "dkms builds it" "no dkms: apt-get install dkms"
fi

total=$((passed + failed + skipped))
echo "1..$total"
if [ "$skipped" -gt 0 ]; then
	echo "$passed passed, $failed failed, $skipped skipped"
else
	echo "$passed passed, $failed failed"
fi
[ "$failed" -eq 0 ]
