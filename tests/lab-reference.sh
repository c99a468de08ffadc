#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The reference of the kernel lines (results/lines): README.md's table is what it says, and
# a sample of it, measured again, is equal to the last instruction, where kernel, compiler
# and QEMU are those of the reference; where not, it is said which differs.
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
export LC_ALL=C
. tests/tap.sh
. tests/lab.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
line=6.12

# fact KEY DIR: of the programs, or of the boot
fact() {
	awk -F'\t' -v key="$1" '$1 == "bench" && $2 == key { print $3; exit }' "$2/env.tsv"
}

# differences REFERENCE NEW: the toolchain's
differences() {
	local key
	for key in kernel_release config_hash qemu compiler cpus; do
		[ "$(fact $key "$1")" = "$(fact $key "$2")" ] ||
			echo "$key: the reference has $(fact $key "$1"), here it is $(fact $key "$2")"
	done
}

# values DIR: benchmark and least instructions of one boot
values() {
	if [ -e "$1/records.tsv" ]; then cat "$1/records.tsv"; else zcat "$1/records.tsv.gz"; fi |
		awk -F'\t' '$1 == "bench" && $9 == "latency_min" { print $2 "/" $7 " " $3 "\t" $12 }' | sort
}

# agreed: those that have the same value in every boot of the reference
agreed() {
	local seed
	for seed in "results/lines/$line"/seed-*; do
		values "$seed"
	done | sort | uniq -c | awk -v n="$(find results/lines/$line -name 'seed-*' | wc -l)" \
		'$1 == n { sub(/^ *[0-9]+ /, ""); print }' | sort
}

tap_plan 7
block=$(sed -n '/^<!-- matrix begin -->$/,/^<!-- matrix end -->$/p' README.md | sed '1d;$d')
tap_is "README.md has the table that the reference makes" "$block" "$(scripts/make-matrix --readme)"
for kernel in 6.1 6.12 7.3; do
	tap_is "the reference of $kernel has five boots" "$(find results/lines/$kernel -name 'seed-*' | wc -l)" 5
done
# the sample is what the first program of the reference measured: its very command, for what
# ran before in a process shows (a mapping more with each benchmark, a deeper maple tree)
read -ra words <<<"$(fact command results/lines/$line/seed-1)"
lab_vm --kernel $line --deterministic --seed 1 --cpus 1 --memory 2G --modules all \
	--append numa_balancing=disable --out "$tmp/new" -- hmmstorm "${words[@]}" >"$tmp/log" 2>&1
tap_is "the sample is measured" $? 0
differ=$(differences results/lines/$line/seed-1 "$tmp/new")
agreed >"$tmp/agreed"
values "$tmp/new" >"$tmp/values"
join -t "$(printf '\t')" "$tmp/agreed" "$tmp/values" >"$tmp/both" # benchmark, reference, here
if [ -n "$differ" ]; then
	tap_skip "there are at least 30 to compare" "another toolchain"
	tap_skip "equal to the reference" "another toolchain: ${differ//$'\n'/; }"
else
	tap_ok "there are at least 30 to compare" test "$(wc -l <"$tmp/both")" -ge 30
	tap_is "equal to the last instruction: $(wc -l <"$tmp/both") that agree in all boots of the reference" \
		"$(awk -F'\t' '$2 != $3' "$tmp/both")" ""
fi
tap_done
