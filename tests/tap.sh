# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# TAP for test scripts: source it, call tap_plan, then one tap_* a test, then
# tap_done, whose status is the script's. A script that stops early has printed
# fewer lines than its plan, which a TAP reader counts as failure, as does the
# missing last line.

tap_nr=0
tap_failed=0
tap_skipped=0
tap_planned=0

tap_plan() {
	tap_planned=$1
	echo "1..$1"
}

tap_report() {
	tap_nr=$((tap_nr + 1))
	echo "$1 $tap_nr - $2"
}

# tap_ok DESCRIPTION COMMAND...: the command succeeds
tap_ok() {
	local what=$1
	shift
	local said
	if said=$("$@" 2>&1); then
		tap_report ok "$what"
	else
		tap_failed=$((tap_failed + 1))
		tap_report "not ok" "$what"
		echo "# failed: $*"
		[ -z "$said" ] || printf '%s\n' "$said" | sed 's/^/#   /'
	fi
}

# tap_is DESCRIPTION GOT WANTED
tap_is() {
	if [ "$2" = "$3" ]; then
		tap_report ok "$1"
	else
		tap_failed=$((tap_failed + 1))
		tap_report "not ok" "$1"
		printf '%s\n' "got: $2" "wanted: $3" | sed 's/^/# /'
	fi
}

# tap_like DESCRIPTION GOT REGEX
tap_like() {
	if printf '%s\n' "$2" | grep -Eq -- "$3"; then
		tap_report ok "$1"
	else
		tap_failed=$((tap_failed + 1))
		tap_report "not ok" "$1"
		printf '%s\n' "got: $2" "wanted a match of: $3" | sed 's/^/# /'
	fi
}

# tap_skip DESCRIPTION REASON
tap_skip() {
	tap_skipped=$((tap_skipped + 1))
	tap_report ok "$1 # SKIP $2"
}

tap_done() {
	if [ "$tap_nr" != "$tap_planned" ]; then
		echo "# planned $tap_planned tests, ran $tap_nr"
		tap_failed=$((tap_failed + 1))
	fi
	local sum="$((tap_nr - tap_failed - tap_skipped)) passed, $tap_failed failed"
	[ "$tap_skipped" = 0 ] || sum+=", $tap_skipped skipped"
	echo "$sum"
	[ "$tap_failed" = 0 ]
}
