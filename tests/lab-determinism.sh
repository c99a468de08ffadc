#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Deterministic mode: two runs of one command are equal to the last byte, results
# and kernel log, also while the machine is busy; another seed is another run.
# KERNEL and CONFIG name the kernel, LAB_CPUS the vCPU counts, LAB_SECONDS the
# guest's seconds of work.
set -u

HERE=$(dirname "$(readlink -f "$0")")
VM=$(dirname "$HERE")/scripts/vm
export KERNEL=${KERNEL:-stock-7.3}
CONFIG=${CONFIG:-base}
LAB_CPUS=${LAB_CPUS:-1 2 4}
LAB_SECONDS=${LAB_SECONDS:-1}
. "$HERE/tap.sh"

tmp=$(mktemp -d)
busy=()
stop_busy() {
	[ ${#busy[@]} = 0 ] || kill "${busy[@]}" 2>/dev/null
	busy=()
}
trap 'stop_busy; rm -rf "$tmp"' EXIT

# load the machine unevenly: bursts of work and sleep, so that host threads are
# preempted at other moments in each run
make_busy() {
	local i
	for i in 1 2 3; do
		while :; do
			for _ in $(seq $((i * 20000))); do :; done
			sleep 0.0$i
		done &
		busy+=($!)
	done
}

# run OUT CPUS VM_ARGS...
run() {
	local out=$1 cpus=$2
	shift 2
	# shellcheck disable=SC2016 # for the guest's shell
	"$VM" --deterministic --config "$CONFIG" --cpus "$cpus" --modules test_hmm --out "$tmp/$out" "$@" -- sh -c \
		'test-lab-noise $1 $2 >/results/noise; s=$?; cat /proc/interrupts /proc/stat /proc/vmstat >/results/proc
		dmesg >/results/dmesg; exit $s' - $((cpus + 1)) "$LAB_SECONDS" >"$tmp/$out.out" 2>"$tmp/$out.err"
	echo $? >"$tmp/$out.status"
}

equal() {
	[ "$(cat "$tmp/$1.status")" = 0 ] || { cat "$tmp/$1.err"; return 1; }
	diff -r "$tmp/$1" "$tmp/$2" | head -n 20 >"$tmp/diff"
	diff "$tmp/$1.out" "$tmp/$2.out" | head -n 20 >>"$tmp/diff"
	sed 's/^/# /' "$tmp/diff"
	[ ! -s "$tmp/diff" ]
}

# shellcheck disable=SC2086 # words to be split
set -- $LAB_CPUS
tap_plan $(($# * 2 + 1))
for cpus; do
	run "quiet$cpus" "$cpus"
	make_busy
	run "busy$cpus" "$cpus" &
	pid=$!
	run "both$cpus" "$cpus" # two at once beside the load
	wait $pid
	stop_busy
	tap_ok "$cpus vCPUs: alone and on a busy machine are equal" equal "quiet$cpus" "busy$cpus"
	tap_ok "$cpus vCPUs: so are two at once" equal "busy$cpus" "both$cpus"
done
run seed "$1" --seed 12345
tap_ok "another seed is another run" test "$(md5sum <"$tmp/seed/noise")" != "$(md5sum <"$tmp/quiet$1/noise")"
tap_done
