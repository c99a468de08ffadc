#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hmmstorm run in the lab: its parts, what it does with bad usage and with a device that
# is not there, and that a report with its answers comes of it. KERNEL names the kernel.
set -u

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(dirname "$HERE")
. "$HERE/tap.sh"
# shellcheck source=tests/lab.sh
. "$HERE/lab.sh"
kernel=(--kernel "${KERNEL:-6.12}" --config "${CONFIG:-base}")

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# vm NAME VM_ARGS...: results in $tmp/NAME, streams in NAME.out and NAME.err
vm() {
	local name=$1
	shift
	lab_vm "${kernel[@]}" --out "$tmp/$name" "$@" >"$tmp/$name.out" 2>"$tmp/$name.err"
	status=$?
	[ "$status" -lt 100 ] || sed 's/^/# /' "$tmp/$name.err" | tail -n 5
}

# column N CONDITION: of the run's records, each value once
column() {
	awk -F'\t' "NR > 1 && ($2) { print \$$1 }" "$tmp/costs/records.tsv" | sort -u | xargs
}

tap_plan 14

vm costs --deterministic --numa 2 --memory 2G --append numa_balancing=disable -- \
	hmmstorm run --part costs --only E10,E12
tap_is "a part ends well" "$status" 0
tap_is "it measures and explains" "$(column 1 1)" "bench explain"
tap_is "on the devices that show it" "$(column 3 1)" "mirror mirror-range test_hmm"
tap_is "only what was chosen" "$(column 2 1 | tr ' ' '\n' | sed 's/\..*//' | sort -u | xargs)" "E10 E12"
tap_is "nothing failed" "$(column 2 '$9 == "done" && $12 != 1')" ""
tap_is "a time is no business of the second pass" \
	"$(column 9 '$1 == "explain" && $11 ~ /^(ns|instructions)/')" ""
tap_like "it says how far it is" "$(cat "$tmp/costs.err")" '\[2/[0-9]+\] .*, [0-9]+ % done'
tap_ok "and keeps what the benchmarks print" grep -q '^== times on mirror' "$tmp/costs/steps.txt"
tap_ok "the guest's log is clean" lab_clean "$tmp/costs/guest.log"

"$TOP/hmmstorm" experiments --answers --html "$tmp/report.html" "$tmp/costs" >"$tmp/answers" 2>&1
tap_is "a report comes of it" $? 0
tap_ok "with the answers" grep -q "^E12 .* a device can have [1-9]" "$tmp/answers"

cat >"$tmp/wrong.sh" <<'END'
for bad in '--part nothing' '--seconds x' 'word'; do
	hmmstorm run $bad >/dev/null 2>/tmp/e
	echo "$? $(wc -l </tmp/e)"
done
mount -t tmpfs none /lib/modules
hmmstorm run --part costs --only E12 --out /results/none >/dev/null 2>/tmp/e
echo "nothing there: $?"
END
vm wrong --add "$tmp/wrong.sh" -- sh /add/wrong.sh
tap_is "bad usage is said in a line or two" "$(grep -c '^2 [12]$' "$tmp/wrong.out")" 3
tap_like "without a device all is skipped" "$(cat "$tmp/wrong.out")" 'nothing there: 4'
tap_ok "that guest's log is clean" lab_clean "$tmp/wrong/guest.log"

tap_done
