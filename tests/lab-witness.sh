#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# An independent witness of the counts: for the benchmarks of E1 and E3, the
# invalidations that the helper module counts are those that the kernel's own
# function tracer sees begin (__mmu_notifier_invalidate_range_start), exactly, a
# benchmark at a time. KERNELS names the kernels (default 6.12 and stock-7.3).
set -u

HERE=$(dirname "$(readlink -f "$0")")
. "$HERE/tap.sh"
# shellcheck source=tests/lab.sh
. "$HERE/lab.sh"
KERNELS=${KERNELS:-6.12 stock-7.3}
# Not exit and exec, whose invalidations the helper counts for a child; nor NUMA
# balancing, which goes on when an operation has ended; nor uprobes, which empty the
# trace (tracing_reset_all_online_cpus() as a trace event goes away); nor E3.contended_fork,
# whose device goes on marking between a mark in the trace and the helper's snapshot.
FILTER='^(E1\.[^eNu]|E3\.f)'

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# The function is called for an address space that has a notifier, and no other: the
# tracer needs no filter of tasks, and sees those that KSM's thread makes as well.
# Its clock is one sequence over all CPUs, so that a mark stands where it was made.
cat >"$tmp/witness.sh" <<END
cd /sys/kernel/tracing || exit 1
echo counter >trace_clock
echo 32768 >buffer_size_kb
echo __mmu_notifier_invalidate_range_start >set_ftrace_filter || exit 1
echo function >current_tracer || exit 1
hmmstorm bench --backend mirror --explain --trace-marks '--benchmark_filter=$FILTER' >/dev/null
status=\$?
echo 0 >tracing_on
cat trace >/results/trace
grep -h -E '^(overrun|dropped)' per_cpu/cpu*/stats >/results/lost
exit \$status
END

# seen TRACE: benchmark, pages, events of the operations that count
seen() {
	awk '/: __mmu_notifier_invalidate_range_start <-/ { n++ }
		/hmmstorm: begin/ { n = 0 }
		/hmmstorm: end/ { last = n }
		/hmmstorm: counts/ { sum += last }
		/hmmstorm: forget/ { sum = 0 }
		/hmmstorm: report/ { print $(NF - 1), $NF, sum; sum = 0 }' "$1" | sort
}

# counted RECORDS: the same, from what the helper counted; a value is a mean
counted() {
	awk -F'\t' '$9 == "iterations" { key = $2 " " $7; times[key] = $12; sum[key] += 0 }
		$9 ~ /^inv_.*_events$/ && $9 !~ /nonblock|unbounded|untimed/ { sum[$2 " " $7] += $12 }
		END { for (key in times) printf "%s %.0f\n", key, sum[key] * times[key] }' \
		"$1" | sort
}

# witness KERNEL: results in $tmp/KERNEL
witness() {
	lab_vm --kernel "$1" --numa 2 --memory 2G --modules all --out "$tmp/$1" \
		--add "$tmp/witness.sh" -- sh /add/witness.sh >"$tmp/$1.out" 2>"$tmp/$1.err"
	status=$?
	seen "$tmp/$1/trace" >"$tmp/$1/seen"
	counted "$tmp/$1/records.tsv" >"$tmp/$1/counted"
}

read -ra kernels <<<"$KERNELS"
tap_plan $((7 * ${#kernels[@]}))
for kernel in "${kernels[@]}"; do
	witness "$kernel"
	tap_is "$kernel: the benchmarks ended well" "$status" 0
	tap_is "$kernel: no event was lost by the tracer" \
		"$(awk '{ n += $NF } END { print n + 0 }' "$tmp/$kernel/lost")" 0
	tap_ok "$kernel: more than 100 benchmarks of E1 and E3 were watched" \
		test "$(wc -l <"$tmp/$kernel/seen")" -gt 100
	tap_is "$kernel: each benchmark's events, as the tracer saw and the helper counted" \
		"$(diff "$tmp/$kernel/seen" "$tmp/$kernel/counted")" ""
	echo "# $(awk '{ n += $3 } END { print n " events in " NR " benchmarks" }' "$tmp/$kernel/seen")"
	tap_ok "$kernel: mprotect() to the same protection: no event, for either" \
		grep -qx 'E1.mprotect_RW.same_device_writes 0 0' "$tmp/$kernel/seen"
	tap_ok "$kernel: no splat in the kernel log" lab_clean "$tmp/$kernel/guest.log"
	# the comparison can fail: without one event of an operation that counts
	awk '/hmmstorm: forget/ { counts = 1 }
		/hmmstorm: (begin|end)/ { within = /begin/ }
		counts && within && !gone && /invalidate_range_start <-/ { gone = 1; next }
		{ print }' "$tmp/$kernel/trace" >"$tmp/less"
	seen "$tmp/less" >"$tmp/less.seen"
	tap_ok "$kernel: a trace with one event less is seen to differ" \
		test -n "$(diff "$tmp/less.seen" "$tmp/$kernel/counted")"
done
tap_done
