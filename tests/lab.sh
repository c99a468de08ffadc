# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# A run in the lab, for test scripts that source this.

LAB_HMMSTORM=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")/hmmstorm
exec {lab_comments}>&1

# lab_vm VM_ARGS...: hmmstorm vm. A guest that the emulator lost (status 107, see
# hmmstorm vm --help) tells nothing, unless something had failed before: it is run
# again, twice at most, and that is said. Output comes at the end, of the last run
# alone.
lab_vm() {
	local buffer status try word out='' before=''
	buffer=$(mktemp -d)
	for word; do
		[ "$word" != -- ] || break
		[ "$before" != --out ] || out=$word
		before=$word
	done
	for try in 1 2 3; do
		"$LAB_HMMSTORM" vm "$@" >"$buffer/out" 2>"$buffer/err"
		status=$?
		[ $status = 107 ] && [ "$try" -lt 3 ] || break
		! grep -Eq '^(not ok|FAILED)' "$buffer/out" "$buffer/err" || break
		sed -n 's/^vm: the emulator/# the emulator/p' "$buffer/err" >&"$lab_comments"
		[ -z "$out" ] || rm -rf "$out"
	done
	cat "$buffer/out"
	cat "$buffer/err" >&2
	rm -rf "$buffer"
	return $status
}

# lab_clean LOG: the log of a guest has no complaint; else the first of it, whole
lab_clean() {
	"${LAB_HMMSTORM%/*}/build/bin/test-lab-splat" "$1"
}
