#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The helper module under a fuzzer, and loaded, used and unloaded with processes
# killed in the middle: no splat, no leak, no hang.
#
# KERNELS  names, each with a configuration after a colon if it has one
# CALLS    of the fuzzer, on each; CYCLES of load and unload. The long form is
#          KERNELS=6.12:kasan CALLS=1000000 CYCLES=200 tests/lab-robust.sh
# SEED     of the fuzzer
set -u

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(dirname "$HERE")
KERNELS=${KERNELS:-stock-7.3 6.12:kasan}
SEED=${SEED:-1}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# shellcheck source=tests/tap.sh
. "$HERE/tap.sh"
# shellcheck source=tests/lab.sh
. "$HERE/lab.sh"

# guest NAME VM_OPTIONS... -- TEST...: a TAP program in the lab; its own lines
# become comments.
guest() {
	local name=$1 status sum
	shift
	rm -rf "$tmp/out"
	lab_vm --out "$tmp/out" "$@" >"$tmp/tap" 2>"$tmp/err"
	status=$?
	grep -E '^(# |not ok )' "$tmp/tap" | sed -e 's/^# //' -e 's/^/#   /'
	sum=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$tmp/tap" | tail -n 1)
	tap_is "$name: ends with all passed" "$status${sum:+, ${sum#*passed, }}" \
		"0, 0 failed${sum#*0 failed}"
	[ -n "$sum" ] || tail -n 5 "$tmp/err" | sed 's/^/#   /'
	tap_ok "$name: no splat in the kernel log" lab_clean "$tmp/out/guest.log"
}

cd "$TOP" || exit 1
read -ra kernels <<<"$KERNELS"
tap_plan $((4 * ${#kernels[@]}))
for kernel in "${kernels[@]}"; do
	options=(--kernel "${kernel%%:*}")
	fuzz=() cycles=()
	calls=40000
	if [ "$kernel" != "${kernel#*:}" ]; then
		options+=(--config "${kernel#*:}")
		# kmemleak makes a million calls too slow, its scans short cycles
		[ -n "${CALLS:-}" ] || fuzz+=(--append kmemleak=on)
		[ -z "${CYCLES:-}" ] || cycles+=(--append kmemleak=on)
		calls=15000
	fi
	guest "$kernel: fuzzer" "${options[@]}" "${fuzz[@]}" -- \
		test-module-fuzz --seed "$SEED" --calls "${CALLS:-$calls}"
	guest "$kernel: cycles" "${options[@]}" "${cycles[@]}" -- \
		test-module-cycles --cycles "${CYCLES:-20}"
done
tap_done
