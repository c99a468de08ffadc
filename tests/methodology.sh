#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# scripts/methodology: a block is what the results say, and --check finds out when it
# is not. The results are made here.
set -u
export LC_ALL=C.UTF-8

HERE=$(dirname "$(readlink -f "$0")")
METHODOLOGY=$HERE/../scripts/methodology
. "$HERE/tap.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# tsv FIELD...: one row
tsv() {
	local IFS=$'\t'
	echo "$*"
}

# run_folder LINE SLOPE: E3.fork of 1, 4 and 16 pages
run_folder() {
	local dir=$tmp/results/$1/exact n id
	id=$(tsv program case backend policy protocol workers pages repetition)
	mkdir -p "$dir"
	{
		tsv program key value
		tsv bench kernel "$1"
		tsv bench mode vm-deterministic
		tsv bench clock_floor 6
	} >"$dir/env.tsv"
	tsv "$id" metric kind unit value >"$dir/records.tsv"
	for n in 1 4 16; do
		tsv bench E3.fork mirror lazy process 1 $n 0 p50 value instructions $((1000 + $2 * n))
		tsv bench E3.fork_present mirror lazy process 1 $n 0 p50 value instructions $((1000 + 100 * n))
	done >>"$dir/records.tsv"
}

# file TEXT...: lines of the file to be filled
file() {
	printf '%s\n' "$@" >"$tmp/M.md"
}

# methodology ARGS...: $status, and what it said in $tmp/err
methodology() {
	"$METHODOLOGY" "$@" "$tmp/M.md" "$tmp/results" >"$tmp/out" 2>"$tmp/err"
	status=$?
}

begin='<!-- experiments: E3 begin -->'
end='<!-- experiments: E3 end -->'

tap_plan 18

run_folder 6.12 700
run_folder 6.1 650
file before "$begin" old "$end" after
methodology --check
tap_is "an old block: --check ends with 1" $status 1
tap_is "and changes nothing" "$(xargs <"$tmp/M.md")" "before $begin old $end after"
tap_is "not even a picture" "$(find "$tmp/results" -name plots | wc -l)" 0
methodology
tap_is "it is written" "$status $(cat "$tmp/err")" "0 "
tap_like "with the number of the records" "$(cat "$tmp/M.md")" 'each costs it 700 instructions, where a present page costs 100, so 600 more for each \(6\.1: 550\)'
tap_like "and a picture, linked from the file" "$(cat "$tmp/M.md")" '\]\(results/6\.12/plots/e3-fork\.svg\)'
tap_ok "which is there" test -s "$tmp/results/6.12/plots/e3-fork.svg"
tap_is "what stands outside stays" "$(sed -n '1p;$p' "$tmp/M.md" | xargs)" "before after"
tap_is "the old is gone" "$(grep -cx old "$tmp/M.md")" 0
methodology --check
tap_is "--check is content now" $status 0
sed -i 's/ 700 instructions/ 701 instructions/' "$tmp/M.md"
methodology --check
tap_is "a number that was changed by hand: 1" $status 1
methodology
sed -i '/E3.fork\t.*\t16\t/s/[0-9]*$/99999/' "$tmp/results/6.12/exact/records.tsv"
methodology --check
tap_is "a record that was changed: 1" $status 1
file before "$begin" after
methodology
tap_like "a block without its end: 2, and where" "$status $(cat "$tmp/err")" '^2 methodology: .*M\.md:3: has no end of E3$'
file "$end"
methodology
tap_like "an end without its begin: 2" "$status $(cat "$tmp/err")" '^2 methodology: .*M\.md:1: ends E3, which has not begun$'
file "<!-- experiments: E99 begin -->" "<!-- experiments: E99 end -->"
methodology
tap_like "an unknown experiment: 2" "$status $(cat "$tmp/err")" "^2 hmmstorm: no experiment 'E99'"
file "$begin" "$end"
rm -r "$tmp/results"
methodology
tap_like "no results: 2, one line" "$status $(cat "$tmp/err")" '^2 methodology: no results in'
methodology --smooth
tap_like "an unknown option: 2" "$status $(cat "$tmp/err")" "^2 methodology: unknown option '--smooth'"
said=$("$METHODOLOGY" --check 2>&1)
tap_is "METHODOLOGY.md says what the reference records say" "$? $said" "0 "

tap_done
