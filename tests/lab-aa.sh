#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The same kernel against itself: what hmmstorm compare then reports is false. And what it
# finds in parallel mode, where a time is one of an emulator on a shared machine. Runs
# half an hour, so make test does not run it.
#   tests/lab-aa.sh [DIR]    (default out/aa; what is there is not measured again)
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
. tests/tap.sh
dir=${1:-out/aa}
mkdir -p "$dir"
dir=$(readlink -f "$dir")
BOOTS=9 BLOCKS=5 # a side of a comparison; comparisons of each benchmark
bench='^(E3.fork/pages:(1|64)|E4.munmap/pages:(1|64)|E4.munmap_present/pages:64|E5.mprotect_flip/pages:(1|64)|E5.mprotect_flip_present/pages:64|E5.mprotect_same/pages:64|E6.gup/pages:(1|64)|E6.gup_present/pages:64|E7.mark/pages:(1|64)|E7.remark/pages:(1|64)|E7.restore_read/pages:(1|64)|E7.restore_write/pages:(1|64))/'

# boots ITERATIONS CAMPAIGN_ARGS...
boots() {
	local iterations=$1
	shift
	./hmmstorm campaign --kernels 6.12 --sets sample --modules all "$@" -- hmmstorm bench \
		--backend mirror --no-counters --iterations "$iterations" "--benchmark_filter=$bench" >&2
}

# links SIDE POSITION...: a side of those boots, in the order they ran
links() {
	local side=$1 at
	shift
	rm -rf "$side"
	mkdir -p "$side"
	for at; do
		ln -s "$dir/parallel/$(awk -F'\t' -v at="$at" '$1 == at { print $2 }' "$dir/parallel/order.tsv")" \
			"$side/$(printf %03d "$at")"
	done
}

# blocks: A B A B of 18 boots each, as block-N/A and block-N/B
blocks() {
	local n first
	for ((n = 0; n < BLOCKS; n++)); do
		first=$((n * 2 * BOOTS + 1))
		# shellcheck disable=SC2046
		links "$dir/block-$n/A" $(seq $first 2 $((first + 2 * BOOTS - 2)))
		# shellcheck disable=SC2046
		links "$dir/block-$n/B" $(seq $((first + 1)) 2 $((first + 2 * BOOTS - 1)))
	done
}

# slower PERCENT: each B once more, all its times longer by so much
slower() {
	local n boot
	for ((n = 0; n < BLOCKS; n++)); do
		rm -rf "$dir/block-$n/slower"
		for boot in "$dir/block-$n/B"/*; do
			mkdir -p "$dir/block-$n/slower/${boot##*/}"
			cp "$boot"/{env,vm}.tsv "$dir/block-$n/slower/${boot##*/}/"
			awk -F'\t' -v OFS='\t' -v by="$1" '$9 == "p50" { $12 *= 1 + by / 100 } { print }' \
				"$boot/records.tsv" >"$dir/block-$n/slower/${boot##*/}/records.tsv"
		done
	done
}

# verdicts SIDE: of all blocks, A against SIDE, a verdict each benchmark
verdicts() {
	local n
	for ((n = 0; n < BLOCKS; n++)); do
		./hmmstorm compare --threshold 0 --format json "$dir/block-$n/A" "$dir/block-$n/$1" 2>/dev/null |
			sed -n 's/^ *"verdict": "\([a-z]*\)".*/\1/p'
	done
}

count() {
	grep -cE "$1" || true
}

tap_plan 7
tap_ok "100 deterministic boots" boots 6 --seeds 1 --repeat 100 --cpus 1 "$dir/exact"
first=$dir/exact/6.12/base/sample/seed-1
tap_is "0 differences: all records are equal to the byte" \
	"$(find "$dir/exact/6.12" -name records.tsv -exec cmp {} "$first/records.tsv" \; | wc -l)" 0
tap_is "of 100 boots" "$(find "$dir/exact/6.12" -name records.tsv | wc -l)" 100
tap_ok "$((2 * BOOTS * BLOCKS)) parallel boots" \
	boots 40 --seeds 1-$((2 * BOOTS * BLOCKS)) --parallel --cpus 2 "$dir/parallel"
blocks
all=$(verdicts B)
alarms=$(count 'slower|faster' <<<"$all")
echo "# parallel mode, A/A: $alarms false alarms in $(wc -l <<<"$all") comparisons ($(count unsettled <<<"$all") unsettled)"
tap_is "100 comparisons" "$(wc -l <<<"$all")" 100
tap_ok "at most 5 false alarms" test "$alarms" -le 5
found=
for by in 0.5 1 2 3 5 7 10 15 20 30 50; do
	slower $by
	hits=$(verdicts slower | count slower)
	echo "# all times of one side longer by $by%: $hits of 100 found"
	[ "$hits" -ge 95 ] && found=$by && break
done
tap_ok "with 95% power are found changes of ${found:-more than 50}%" test -n "$found"
tap_done
