# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# One commit of a bisect: what out/tree has checked out is built, booted and measured.
# Wants: TOP, MAX_LOST, out, config, seeds, cpus, iterations, bench.

# boot SEED DIR: one measurement, made again when the emulator lost the guest
boot() {
	local status try
	for ((try = 0; try < MAX_LOST; try++)); do
		status=0
		rm -rf "$2.part"
		"$TOP/hmmstorm" vm --kernel "$out/tree" --config "$config" --deterministic --functions \
			--seed "$1" --cpus "$cpus" --memory 2G --modules all --out "$2.part" -- \
			hmmstorm bench --backend mirror --no-counters --iterations "$iterations" \
			"${bench[@]:1}" "--benchmark_filter=^${bench[0]}/" >"$2.log" 2>&1 || status=$?
		[ "$status" = 107 ] || break
	done
	[ "$status" = 0 ] || return "$status"
	mv "$2.part" "$2"
}

# measure COMMIT: prints the least of all seeds; what was measured before is not again.
# 1: more than one benchmark, or none; 125: it does not build or does not boot.
measure() {
	local dir=$out/results/$1 seed begin=$SECONDS status=0 value
	mkdir -p "$dir"
	if ! "$TOP/scripts/kernel" --config "$config" "$out/tree" >"$dir/kernel.log" 2>&1; then
		status=125
	fi
	for ((seed = 1; seed <= seeds && status == 0; seed++)); do
		[ -d "$dir/seed-$seed" ] || boot "$seed" "$dir/seed-$seed" || status=$?
	done
	value=$(least "$dir") || status=${status/#0/1}
	# bad usage of hmmstorm bench is no property of the commit
	case $status in
	0 | 1 | 2 | 4) ;;
	*) status=125 ;;
	esac
	grep -q "^$1	" "$out/log.tsv" || printf '%s\t%s\t%s\t%s\t%s\n' "$1" "${value:--}" "$status" \
		$((SECONDS - begin)) "$(git -C "$out/tree" log -1 --format=%s "$1")" >>"$out/log.tsv"
	[ "$status" = 0 ] || return "$status"
	printf '%s\n' "$value"
}

# least DIR: of the one benchmark that its boots measured
least() {
	cat "$1"/seed-*/records.tsv 2>/dev/null | awk -F'\t' '
		$1 == "bench" && $9 == "latency_min" {
			key = $2 "/" $7
			if (last != "" && key != last) bad = 1
			last = key
			if (least == "" || $12 < least) least = $12
		}
		END {
			if (bad) print "bisect: more than one benchmark matches: " last " is one" > "/dev/stderr"
			if (bad || least == "") exit 1
			print least
		}'
}
