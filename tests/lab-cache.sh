#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# A killed download, unpack or build leaves a cache that the next run repairs.
# NAME is the kernel to get ready (the default is the cheapest: one download of
# 30 MB), MOMENTS the seconds after which it is killed, one try each.
set -u

HERE=$(dirname "$(readlink -f "$0")")
KERNEL_SCRIPT=$(dirname "$HERE")/scripts/kernel
NAME=${NAME:-debian-6.12}
MOMENTS=${MOMENTS:-1 3}
. "$HERE/tap.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
export XDG_CACHE_HOME=$tmp/cache

# content DIR: what is in a ready kernel's directory, links aside
content() {
	(cd "$1" && find . -type f ! -name '*.ko' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
}

if ! "$KERNEL_SCRIPT" "$NAME" >"$tmp/dir" 2>"$tmp/err"; then
	tap_plan 1
	tap_skip "interrupted runs" "$NAME cannot be had: $(tail -n 1 "$tmp/err")"
	tap_done
	exit
fi
content "$(cat "$tmp/dir")" >"$tmp/good"

# shellcheck disable=SC2086 # words to be split
set -- $MOMENTS
tap_plan $(($# + 6))
for moment; do
	rm -rf "$XDG_CACHE_HOME"
	# its own session, killed as a whole: the power went
	setsid "$KERNEL_SCRIPT" "$NAME" >/dev/null 2>"$tmp/err" &
	pid=$!
	sleep "$moment"
	kill -KILL -- -$pid 2>/dev/null
	wait $pid 2>/dev/null
	"$KERNEL_SCRIPT" "$NAME" >"$tmp/dir" 2>"$tmp/err" || cat "$tmp/err"
	tap_is "killed after $moment s, repaired by the next run" \
		"$(content "$(cat "$tmp/dir")")" "$(cat "$tmp/good")"
done

dir=$(cat "$tmp/dir")
mkdir -p "$XDG_CACHE_HOME/hmmstorm/kernel/.tmp-$NAME"
echo garbage >"$XDG_CACHE_HOME/hmmstorm/kernel/.tmp-$NAME/bzImage"
rm "$dir/key"
"$KERNEL_SCRIPT" "$NAME" >/dev/null 2>"$tmp/err"
tap_is "an unfinished directory is made again, not mixed with what was left" \
	"$(content "$dir")" "$(cat "$tmp/good")"
tap_ok "nothing temporary stays" test -z "$(find "$XDG_CACHE_HOME/hmmstorm/kernel" -name '.tmp*')"

rm "$dir/key"
"$KERNEL_SCRIPT" "$NAME" >"$tmp/one" 2>"$tmp/one.err" &
"$KERNEL_SCRIPT" "$NAME" >"$tmp/two" 2>"$tmp/two.err"
status=$?
wait $!
tap_is "two runs at once both succeed" "$status $? $(cat "$tmp/one")" "0 0 $(cat "$tmp/two")"
tap_is "and only one does the work" "$(cat "$tmp"/one.err "$tmp"/two.err | grep -c 'kernel: next:')" 1
tap_is "a ready kernel is had without a word" "$("$KERNEL_SCRIPT" "$NAME" 2>&1)" "$dir"

# a full disk is said, and freed space is enough to go on
rm -rf "$XDG_CACHE_HOME"
mkdir -p "$XDG_CACHE_HOME"
if mount -t tmpfs -o size=20M none "$XDG_CACHE_HOME" 2>/dev/null; then
	"$KERNEL_SCRIPT" "$NAME" >/dev/null 2>"$tmp/err"
	status=$?
	mount -o remount,size=4G "$XDG_CACHE_HOME"
	"$KERNEL_SCRIPT" "$NAME" >"$tmp/dir" 2>>"$tmp/err"
	tap_is "a full disk ends with 1, the next run succeeds" \
		"$status $? $(content "$(cat "$tmp/dir")")" "1 0 $(cat "$tmp/good")"
	umount "$XDG_CACHE_HOME"
else
	tap_skip "a full disk ends with 1" "cannot mount a tmpfs here"
fi
tap_done
