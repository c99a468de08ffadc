#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hmmstorm vm --functions: every instruction that the clock counted is found in a function,
# in each run the same; and what a seed is.
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
. tests/tap.sh
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

cases='^(E7.restore_read/pages:(1|64)|E5.mprotect_flip/pages:64|E4.munmap/pages:1|E13.invalidate/pages:1)/'

# boot NAME OPTIONS...: one boot of these benchmarks
boot() {
	local name=$1
	shift
	./hmmstorm vm --kernel 6.12 --deterministic --cpus 1 --memory 1G --modules all "$@" \
		--out "$tmp/$name" -- hmmstorm bench --backend mirror --no-counters --iterations 6 \
		"--benchmark_filter=$cases" >"$tmp/$name.log" 2>&1
}

# sums: of each case, what the functions add up to, less what the clock said
sums() {
	awk -F'\t' -v dir="$1" '
		FILENAME ~ /records/ && $1 == "bench" && $9 == "latency_min" { clock[$2 " " $7] = $12 }
		FILENAME ~ /cases/ && FNR > 1 { name[FNR - 2] = $2 " " $7 }
		FILENAME ~ /windows/ && $1 != "end" && FNR > 1 { sum[$1] += $5 }
		END { for (c in sum) print sum[c] - clock[name[c]] }' \
		"$1/records.tsv" "$1/cases.tsv" "$1/windows.tsv"
}

tap_plan 17
tap_ok "a boot that counts functions" boot a --functions --seed 1
tap_ok "the same again" boot b --functions --seed 1
tap_ok "another seed" boot c --functions --seed 2
tap_ok "the same counts at the same addresses" cmp "$tmp/a/windows.tsv" "$tmp/b/windows.tsv"
tap_ok "and the same records" cmp "$tmp/a/records.tsv" "$tmp/b/records.tsv"
tap_ok "another seed is another schedule" sh -c "! cmp -s $tmp/a/guest.log $tmp/c/guest.log && ! cmp -s $tmp/a/records.tsv $tmp/c/records.tsv"
tap_is "a case for each benchmark" "$(sums "$tmp/a" | wc -l)" "$(($(wc -l <"$tmp/a/cases.tsv") - 1))"
tap_ok "there are some" test "$(sums "$tmp/a" | wc -l)" -ge 5
# rdtsc, its fences and what is between marks and readings; a fault begins its instruction twice
tap_is "nothing is missing, and of user space at most 40 or a fault a page too many" \
	"$(sums "$tmp/a" | awk '$1 < 0 || $1 > 40 + 64' | wc -l)" 0
said=$(./hmmstorm functions "$tmp/a" --bench 'E7.restore_read/pages:64' --top 400)
tap_like "a restore by CPU fault passes restore_exclusive_pte()" "$said" ' restore_exclusive_pte$'
tap_like "and do_swap_page()" "$said" ' do_swap_page$'
said=$(./hmmstorm functions "$tmp/a" --bench 'E7.restore_read/pages:1 ' --top 400)
tap_like "the sum of the lines is the total" "$(awk '/ instructions$/ { total = $(NF - 1) } $1 ~ /^[0-9]+$/ { s += $1 } END { print s - total }' <<<"$said")" '^0$'
tap_like "equal boots do not differ" "$(./hmmstorm functions "$tmp/a" "$tmp/b" 2>&1)" "no benchmark differs"
tap_like "hs functions are named with their module" "$(./hmmstorm functions "$tmp/a" --bench E13 --top 400)" ' \[hmmstorm\]$'
cp -r "$tmp/a" "$tmp/folded"
tap_ok "folded" ./hmmstorm functions --fold "$tmp/folded"
tap_is "folded, they say the same" "$(./hmmstorm functions "$tmp/folded" --top 400)" "$(./hmmstorm functions "$tmp/a" --top 400)"
tap_like "they want deterministic mode" \
	"$(./hmmstorm vm --functions -- true 2>&1; echo "status $?")" 'wants --deterministic|status 2'
tap_done
