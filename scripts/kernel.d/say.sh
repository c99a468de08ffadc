# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# What a person sees while a kernel is got ready: one line for what comes next,
# seconds a step, and for the long ones a percentage with the time left.
# Everything goes to stderr: stdout belongs to the answer.

PLAIN_INTERVAL=15 # seconds between progress lines when stderr is no terminal

say() {
	printf 'kernel: %s\n' "$*" >&2
}

# die STATUS MESSAGE
die() {
	local status=$1
	shift
	say "$*"
	exit "$status"
}

# step NAME COMMAND...: run it, remember how long it took
step_log=
step() {
	local name=$1 begin=$SECONDS
	shift
	"$@" # not "$@" || return: that would switch set -e off inside
	step_log+="${step_log:+, }$name $((SECONDS - begin)) s"
}

step_report() {
	[ -z "$step_log" ] || say "$1: $step_log"
}

# progress_wait PID LOG EXPECTED WHAT: watch LOG grow towards EXPECTED lines
# until PID ends; its exit status.
progress_wait() {
	local pid=$1 log=$2 expected=$3 what=$4 begin=$SECONDS shown=0 lines spent text
	while kill -0 "$pid" 2>/dev/null; do
		sleep 1
		lines=$(wc -l <"$log")
		spent=$((SECONDS - begin))
		[ "$lines" -lt "$expected" ] || lines=$((expected - 1))
		text="$what: $((100 * lines / expected))%"
		if [ "$lines" -gt 20 ]; then
			text+=", about $((spent * (expected - lines) / lines)) s left"
		fi
		if [ -t 2 ]; then
			printf '\r\033[Kkernel: %s' "$text" >&2
		elif [ $((spent - shown)) -ge $PLAIN_INTERVAL ]; then
			shown=$spent
			say "$text"
		fi
	done
	[ ! -t 2 ] || printf '\r\033[K' >&2
	wait "$pid"
}
