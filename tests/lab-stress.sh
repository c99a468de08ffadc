#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The storm, in the lab: on each kernel every stressor alone and all together;
# two deterministic runs equal to the last byte; and every way a run must fail
# does fail, with its own status and one clear line.
#   LAB_KERNELS="stock-7.3 6.12:base 6.12:preempt"
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/lab.sh
. tests/lab.sh

kernels=${LAB_KERNELS:-stock-7.3 6.12:base 6.12:preempt}
read -ra kernel <<<"$kernels"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
four=atomics,mprotect,fork,munmap

# in_guest NAME KERNEL[:CONFIG] [VM OPTIONS] -- COMMAND: output in NAME.log
in_guest() {
	local name=$1 k=$2
	shift 2
	local config=()
	[ "$k" = "${k%:*}" ] || config=(--config "${k#*:}")
	lab_vm --kernel "${k%:*}" "${config[@]}" --out "$tmp/$name" "$@" \
		>"$tmp/$name.log" 2>&1
}

# What each stressor did, from the printed results: "atomics 123"
operations() {
	sed -n 's/^\([a-z]*\): \([0-9]*\) operations,.*/\1 \2/p' "$tmp/$1.log"
}

# Runs in the guest: each stressor alone, all together, then nothing may be left.
cat >"$tmp/each.sh" <<'END'
for s in atomics mprotect fork munmap migrate; do
	hmmstorm stress --stressor $s --workers 2 --seconds 2 --seed 3
	echo "alone $s: $?"
done
hmmstorm stress --workers 2 --seconds 8 --seed 4
echo "together: $?"
hmmstorm stress --workers 1 --processes 2 --seconds 4 --seed 5 --thp mixed --pages 1024
echo "two address spaces, THP: $?"
rmmod test_hmm; echo "test_hmm unloads: $?"
rmmod hmmstorm; echo "hmmstorm unloads: $?"
END

# Runs in the guest: all the ways that must not end in 0.
cat >"$tmp/red.sh" <<'END'
try() {
	echo "== $1"
	shift
	"$@" 2>&1
	echo "status $?"
}
try canary hmmstorm stress --stressor canary,munmap,atomics --seconds 20 --seed 9
(sleep 3; echo 1 >/sys/kernel/debug/hmmstorm/warn) &
try warn hmmstorm stress --stressor atomics --seconds 20
mkdir -p /small
mount -t tmpfs -o size=40k none /small
try full hmmstorm stress --seconds 20 --out /small/r
tail -c 1 /small/r/series.tsv | od -An -c
(sleep 3; rm -f /dev/hmm_dmirror0 /run/hmmstorm/hmm_dmirror0) &
try node hmmstorm stress --stressor atomics --seconds 20
rmmod test_hmm
rm -f /lib/modules/*/extra/test_hmm.ko /lib/modules/*/*/test_hmm.ko
find /lib/modules -name 'test_hmm.ko*' -exec rm -f {} +
try absent hmmstorm stress --seconds 2
END

# section LOG NAME: what red.sh printed for NAME
section() {
	sed -n "/^== $2\$/,/^status /p" "$1"
}

tap_plan $((${#kernel[@]} * 11 + 6 + 5 + 11))

for k in "${kernel[@]}"; do
	in_guest "each-$k" "$k" --add "$tmp/each.sh" -- sh /add/each.sh
	status=$?
	tap_is "$k: the guest ends well" $status 0
	for s in atomics mprotect fork munmap migrate; do
		tap_like "$k: $s alone" "$(grep "^alone $s" "$tmp/each-$k.log")" ": 0$"
	done
	tap_like "$k: all four together" "$(grep ^together: "$tmp/each-$k.log")" ": 0$"
	tap_like "$k: two address spaces with THP" "$(grep '^two address' "$tmp/each-$k.log")" ": 0$"
	tap_is "$k: every stressor did something, each time" \
		"$(operations "each-$k" | awk '!$2' | wc -l):$(operations "each-$k" | wc -l)" 0:13
	tap_like "$k: no user of test_hmm is left" "$(grep '^test_hmm unloads' "$tmp/each-$k.log")" ": 0$"
	tap_like "$k: no user of hmmstorm.ko is left" "$(grep '^hmmstorm unloads' "$tmp/each-$k.log")" ": 0$"
	[ "$tap_failed" = 0 ] || tail -n 30 "$tmp/each-$k.log" | sed 's/^/# /'
done

# Both runs at once: each loads the machine under the other.
for cpus in 1 2 4; do
	workers=$((cpus > 1 ? 2 : 1))
	for side in A B; do
		in_guest "det-$cpus$side" "${kernel[0]}" --deterministic --cpus $cpus -- \
			hmmstorm stress --stressor $four --ops 150 --seed 7 --workers $workers &
	done
	wait
	tap_like "deterministic, $cpus vCPUs: the run ends well" \
		"$(cat "$tmp/det-${cpus}A.log")" "seed 7"
	tap_is "deterministic, $cpus vCPUs: results and guest log are equal, byte for byte" \
		"$(diff -r "$tmp/det-${cpus}A" "$tmp/det-${cpus}B" 2>&1 | head -n 5)" ""
done

# One instruction an iteration more, in a loop of 2,000.
det_kernel=${kernel[1]:-${kernel[0]}}
in_guest one "$det_kernel" --deterministic --cpus 1 -- test-one_instruction
tap_like "one instruction more in a loop is seen, exactly" "$(cat "$tmp/one.log")" \
	"^empty loop: .* difference 2000 of 2000$"
tap_like "... and beside a system call" "$(cat "$tmp/one.log")" \
	"^system call loop: .* difference 2000 of 2000$"
in_guest seedA "${kernel[0]}" --deterministic --cpus 2 --seed 1 -- hmmstorm stress --ops 50 &
in_guest seedB "${kernel[0]}" --deterministic --cpus 2 --seed 2 -- hmmstorm stress --ops 50
wait
tap_ok "another --seed is another interleaving" \
	test -n "$(diff "$tmp/seedA/records.tsv" "$tmp/seedB/records.tsv" 2>&1)"
in_guest numa "${kernel[0]}" --cpus 2 --numa 2 --memory 1G -- \
	sh -c 'hmmstorm stress --node remote --seconds 3; echo "remote: $?"; hmmstorm stress --node interleave --seconds 3; echo "interleave: $?"'
tap_like "two nodes: memory on the other node" "$(cat "$tmp/numa.log")" "^remote: 0$"
tap_like "two nodes: memory interleaved" "$(cat "$tmp/numa.log")" "^interleave: 0$"

in_guest red "${kernel[0]}" --add "$tmp/red.sh" -- sh /add/red.sh
tap_like "a lost update ends the run with 1" "$(section "$tmp/red.log" canary)" "^status 1$"
tap_like "... and names it, and the seed" "$(section "$tmp/red.log" canary)" "^FAILED: .*(lost|must be)"
tap_like "... and the command that runs it again" "$(section "$tmp/red.log" canary)" \
	"hmmstorm vm .*-- hmmstorm stress .*canary,munmap,atomics.*--seed 9"
tap_like "a kernel WARN ends the run with 1" "$(section "$tmp/red.log" warn)" "^status 1$"
tap_like "... and is quoted" "$(section "$tmp/red.log" warn)" "^FAILED: the kernel says: "
tap_like "a full disk ends the run with 2, one line" "$(section "$tmp/red.log" full)" "^status 2$"
tap_like "... that says so" "$(section "$tmp/red.log" full)" "No space left on device"
tap_like "a device node removed in mid-run ends it with 4 and says so" \
	"$(section "$tmp/red.log" node | tr '\n' ' ')" "removed during the run.*status 4"
tap_like "a kernel without the module: 4, and what to do" \
	"$(section "$tmp/red.log" absent | tr '\n' ' ')" "no module test_hmm.*status 4"
scripts/kernel debian-6.12 >/dev/null 2>&1 # what it says is none of the run's lines
in_guest without debian-6.12 -- hmmstorm stress --seconds 2
tap_is "a kernel without CONFIG_DEVICE_PRIVATE: status 4" $? 4
tap_like "... and one line that says exactly this" \
	"$(grep -c CONFIG_DEVICE_PRIVATE "$tmp/without.log"):$(cat "$tmp/without.log")" "^1:.*without CONFIG_DEVICE_PRIVATE"

tap_done
