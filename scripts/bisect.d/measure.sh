# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154 # set by who sources it
# One commit of a bisect: what out/tree has checked out is built, booted and measured.
# Wants: TOP, out, config, seeds, cpus, iterations, bench.

MAX_LOST=3 # boots that the emulator may lose before a commit is skipped

# boot IMAGE SEED DIR: one measurement, made again when the emulator lost the guest
boot() {
	local status=0 try
	for ((try = 0; try < MAX_LOST; try++)); do
		status=0
		rm -rf "$3.part"
		"$TOP/hmmstorm" vm --kernel "$1" --deterministic --functions --seed "$2" --cpus "$cpus" \
			--memory 2G --modules all --out "$3.part" -- \
			hmmstorm bench --backend mirror --no-counters --iterations "$iterations" \
			"${bench[@]:1}" "--benchmark_filter=^${bench[0]}/" >"$3.log" 2>&1 || status=$?
		[ "$status" = 107 ] || break
	done
	[ "$status" = 0 ] || return "$status"
	mv "$3.part" "$3"
}

# boots IMAGE DIR: those that are missing, as many at a time as there are CPUs
boots() {
	local seed running=0 status=0
	for ((seed = 1; seed <= seeds; seed++)); do
		[ ! -d "$2/seed-$seed" ] || continue
		if [ $running -ge "$(nproc)" ]; then
			wait -n || status=$?
			running=$((running - 1))
		fi
		boot "$1" "$seed" "$2/seed-$seed" &
		running=$((running + 1))
	done
	for ((; running > 0; running--)); do
		wait -n || status=$?
	done
	return $status
}

# least DIR: of the one benchmark that its boots measured, and how far above it the most is
least() {
	cat "$1"/seed-*/records.tsv 2>/dev/null | awk -F'\t' '
		$1 == "bench" && $9 == "latency_min" {
			key = $2 "/" $7
			if (last != "" && key != last) bad = 1
			last = key
			if (least == "" || $12 < least) least = $12
			if ($12 > most) most = $12
		}
		END {
			if (bad) print "bisect: more than one benchmark matches; one of them is " last > "/dev/stderr"
			if (bad || least == "") exit 1
			print least, most - least
		}'
}

# remember COMMIT VALUE STATUS SECONDS: a line of log.tsv, once
remember() {
	grep -q "^$1	" "$out/log.tsv" ||
		printf '%s\t%s\t%s\t%s\t%s\n' "$@" "$(git -C "$out/tree" log -1 --format=%s "$1")" >>"$out/log.tsv"
}

# measure COMMIT: prints what least() does; what was measured before is not again.
# 125: it does not build or does not boot; else what cannot be mended by another commit.
measure() {
	local dir=$out/results/$1 begin=$SECONDS status=0 value=- kernel
	mkdir -p "$dir"
	if [ -d "$dir/seed-$seeds" ]; then
		least "$dir"
		return
	fi
	if kernel=$("$TOP/scripts/kernel" --config "$config" "$out/tree" 2>"$dir/kernel.log"); then
		boots "$kernel/build/arch/x86/boot/bzImage" "$dir" || status=$?
	else
		status=125
	fi
	if [ "$status" = 0 ]; then
		value=$(least "$dir") || return 1
	fi
	# bad usage and a skipped benchmark are no property of the commit's
	case $status in
	0 | 2 | 4 | 13[07] | 143) ;;
	*) status=125 ;;
	esac
	remember "$1" "${value% *}" "$status" $((SECONDS - begin))
	[ "$status" = 0 ] || return "$status"
	printf '%s\n' "$value"
}
