#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The unit tests on the host: built with AddressSanitizer and UBSan, each
# program run by itself, then each header compiled alone. A program that dies,
# leaks, or hangs is a failure even if all its tests passed.
#   tests/unit.sh [NAME...]    only these, e.g. record for tests/unit-record.c
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1

B=build/asan
seconds=600 # a program that lasts longer hangs
passed=0 failed=0 skipped=0

names=("$@")
[ $# -gt 0 ] || for file in tests/unit-*.c; do
	name=${file#tests/unit-}
	names+=("${name%.c}")
done

TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1
# a person's settings must not change what is tested
unset HMMSTORM_RESULTS HMMSTORM_PROGRESS HMMSTORM_MODE HMMSTORM_SPM

pass() {
	passed=$((passed + 1))
	echo "ok - $1"
}

fail() {
	failed=$((failed + 1))
	echo "not ok - $1"
}

# run NAME: one program; its sum is added to ours.
run() {
	local program=$B/tests/unit-$1 log=$TMPDIR/log status sum p f s bad
	echo "# unit-$1"
	if [ ! -x "$program" ]; then
		fail "unit-$1 is not built"
		return
	fi
	timeout -k 5 "$seconds" "$program" 2>&1 | tee "$log" |
		sed -E '/^[0-9]+ passed, |^1\.\.[0-9]+$/d'
	status=${PIPESTATUS[0]}
	sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
	read -r p _ f _ s _ <<<"${sum//,/}"
	passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
	bad=$((status != 0))
	if [ -z "$sum" ]; then
		fail "unit-$1 died with status $status before its end"
	elif [ "$bad" -ne $((f > 0)) ]; then
		fail "unit-$1 counts $f failures but ended with status $status"
	fi
}

# alone FLAGS... HEADER: it needs no other header before it
alone() {
	local header=${!#}
	if gcc -Wall -Wextra -Werror -fsyntax-only -x c "${@:1:$#-1}" \
		-include "$header" /dev/null; then
		pass "$header compiles alone: ${*:1:$#-1}"
	else
		fail "$header does not compile alone: ${*:1:$#-1}"
	fi
}

echo "# building with AddressSanitizer and UBSan, about a minute when nothing is built"
make -k -s -j"$(nproc)" B=$B SANITIZE=address,undefined all unit >"$TMPDIR/make" 2>&1 ||
	{
		fail "not everything builds with sanitizers"
		sed 's/^/# /' "$TMPDIR/make" | tail -n 30
	}

for name in "${names[@]}"; do
	run "$name"
done

if [ $# -eq 0 ]; then
	for header in kernel-helpers/uapi/*.h lib/test_hmm_abi.h; do
		alone -std=c99 -pedantic -Wpadded "$header"
	done
	for header in lib/*.h lib/*/*.h stress/*.h bench/*.h; do
		alone -std=gnu11 -D_GNU_SOURCE "$header"
	done
fi

sum="$passed passed, $failed failed"
[ "$skipped" -eq 0 ] || sum+=", $skipped skipped"
echo "$sum"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
