#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The benchmarks in the lab: every family gives rows, its pages were exclusive
# when it says so, the helper's counters agree with what was asked for, and
# Google Benchmark's own compare.py reads the result. KERNEL names the kernel.
set -u

HERE=$(dirname "$(readlink -f "$0")")
TOP=$(dirname "$HERE")
. "$HERE/tap.sh"
# shellcheck source=tests/lab.sh
. "$HERE/lab.sh"
kernel=(--kernel "${KERNEL:-stock-7.3}" --config "${CONFIG:-base}")
compare_py=/usr/share/benchmark/compare.py
# the python that the package's modules belong to, whatever is first in PATH
python=/usr/bin/python3

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# vm NAME VM_ARGS...: results in $tmp/NAME, streams in NAME.out and NAME.err
vm() {
	local name=$1
	shift
	lab_vm "${kernel[@]}" --out "$tmp/$name" "$@" \
		>"$tmp/$name.out" 2>"$tmp/$name.err"
	status=$?
	[ "$status" -lt 100 ] || sed 's/^/# /' "$tmp/$name.err" | tail -n 5
}

# rows DIR AWK_CONDITION: records as c(ase), p(ages), m(etric), k(ind), v(alue)
rows() {
	awk -F'\t' "NR > 1 { c = \$2; p = \$7; m = \$9; k = \$10; v = \$12 } NR > 1 && ($2)" \
		"$tmp/$1/records.tsv"
}

count() {
	rows "$@" | wc -l
}

tap_plan 29

# the costs of single operations; calls, live and crossover have tests of their own
few='^(E(3\.fork|4\.|5\.|6\.|7\.|9\.[dft]|10\.|11\.)|E13.*/pages:(1|16|256)/|device|migrate|null)'
vm all --modules all --memory 2G -- hmmstorm bench "--benchmark_filter=$few" --benchmark_format=json
tap_is "the default set ends well" "$status" 0
tap_is "no benchmark failed" "$(rows all 'm == "done" && v != 1')" ""
missing=$("$TOP/hmmstorm" bench --list | while read -r name _; do
	[[ $name =~ ^(E(3\.fork|4|5|6|7|9\.[dft]|1[013])|device|migrate|null) ]] || continue
	# what cannot be here says why
	! grep -q "^bench	${name}[/	].*SKIPPED: " "$tmp/all/env.tsv" || continue
	[ "$(count all "m == \"real_time\" && c ~ \"^$name(/|\$)\" && v > 0")" -gt 0 ] || echo "$name"
done)
tap_is "every family gave times" "$missing" ""
tap_is "each time has a latency distribution" \
	"$(count all 'm == "latency_n" && v > 0')" "$(count all 'm == "real_time"')"
tap_is "pagemap saw every target exclusive" \
	"$(rows all 'm == "target_exclusive" && v != 1')" ""
for family in E7.remark E7.restore_read E7.restore_write E5.mprotect_same E5.mprotect_flip E3.fork E4.munmap; do
	[ "$(count all "m == \"target_exclusive\" && c == \"$family\"")" -ge 7 ] || echo "$family"
done >"$tmp/unjudged"
tap_is "and was asked in every family that wants it" "$(cat "$tmp/unjudged")" ""

# the counters of the helper module against what was asked for
tap_is "each marked page is one conversion" \
	"$(rows all 'c == "E7.mark" && m == "exclusive_pages" && v != p')" ""
tap_is "each CPU fault restores one page" \
	"$(rows all '(c ~ /^E7.restore_/ || c == "E3.fork" || c == "E7.remark") && m == "restore_pages" && v != p')" ""
tap_is "in all of these families" \
	"$(rows all 'm == "restore_pages" && c ~ /^E[37]/' | cut -f2 | sort -u | xargs)" \
	"E3.fork E7.remark E7.restore_read E7.restore_write"
# khugepaged may collapse some other memory of the process meanwhile
tap_is "mprotect to the same protection raises nothing" \
	"$(rows all 'c == "E5.mprotect_same" && m ~ /^inv_.*_events/ && v > 0.1')" ""
tap_is "there and back raises two" \
	"$(count all 'c ~ /^E5.mprotect_flip/ && m == "inv_protection_vma_events" && v >= 2 && v < 2.1')" 21
tap_is "device reads fault, mapped ones do not" \
	"$(rows all 'm == "device_faults" && v > 0 && c ~ /^(E7|device)/' | cut -f2 | sort -u | xargs)" \
	"E7.mark E7.mark_threads E7.remark device_read device_write"

# Google Benchmark's files
if "$python" -c 'import scipy' 2>/dev/null; then
	"$python" "$compare_py" --no-color benchmarks "$tmp/all.out" "$tmp/all/bench.json" \
		>"$tmp/compare" 2>&1
	tap_is "compare.py accepts stdout and bench.json" $? 0
	tap_is "and compares every benchmark" "$(grep -c manual_time "$tmp/compare")" \
		$(($(count all 'm == "real_time"') + $(grep -c 'SKIPPED: ' "$tmp/all/env.tsv")))
else
	tap_skip "compare.py accepts stdout and bench.json" "apt-get install python3-scipy"
	tap_skip "and compares every benchmark" "apt-get install python3-scipy"
fi
tap_ok "the context names kernel, mode, accelerator, backend and clock" \
	test "$(grep -cE '"(kernel|config_hash|mode|accelerator|backend|clock_unit|clock_floor)": "[^"]+"' "$tmp/all.out")" -eq 7

# deterministic mode, two vCPUs: the same bytes
for i in 1 2; do
	vm "det$i" --deterministic --cpus 2 --modules all -- \
		hmmstorm bench --benchmark_repetitions=2 \
		'--benchmark_filter=^(E7.mark|E7.restore_write|E3.fork|migrate_to_ram)/pages:16/'
	tap_is "deterministic run $i ends well" "$status" 0
done
tap_ok "two deterministic runs are equal to the byte" \
	diff -r -x vm.tsv "$tmp/det1" "$tmp/det2"
tap_is "their figures are instructions" \
	"$(rows det1 'm == "instructions"' | cut -f11 | sort -u)" instructions

# what goes wrong, in one boot
cat >"$tmp/wrong.sh" <<'END'
try() {
	echo "== $1"
	shift
	"$@" 2>&1 >/dev/null
	echo "status $?"
}
quick='--benchmark_filter=E7.restore_read/pages:1/ --iterations 3'
mount -t tmpfs none /lib/modules
try nomodule hmmstorm bench --out /results/nomodule
umount /lib/modules
try nohelper hmmstorm bench $quick --out /results/nohelper
mkdir /full
mount -t tmpfs -o size=32k none /full
try full hmmstorm bench --backend null --out /full/x '--benchmark_filter=^E[345]'
try flag hmmstorm bench --benchmark_fast
try option hmmstorm bench --fast
try backend hmmstorm bench --backend nothing
try filter hmmstorm bench --backend null --benchmark_filter=no_such
try caps hmmstorm bench --backend null --benchmark_filter=^migrate
try canary hmmstorm bench --benchmark_filter=canary --iterations 1
END
vm wrong --add "$tmp/wrong.sh" -- sh /add/wrong.sh
# said NAME: the lines about one try, without the library's own context lines
said() {
	sed -n "/^== $1\$/,/^status/p" "$tmp/wrong.out" | grep -E '^(hmmstorm|status)' | tail -n 2
}
tap_like "a full disk is an error" "$(said full)" '^status 1$'
tap_like "an unknown flag is named" "$(said flag | xargs)" '--benchmark_fast.* status 2$'
tap_like "an unknown option is named" "$(said option | xargs)" '--fast.* status 2$'
tap_like "an unknown backend is named" "$(said backend | xargs)" 'nothing.* status 2$'
tap_like "a filter that fits nothing is bad usage" "$(said filter | xargs)" 'no_such.* status 2$'
tap_like "what the backend cannot do is skipped" "$(said caps | xargs)" '15 skipped status 4$'
tap_like "what pagemap denies fails" "$(said canary | xargs)" '1 failed.* status 1$'
tap_like "without the helper module it measures all the same" "$(said nohelper)" '^status 0$'
tap_like "and says so" "$(cat "$tmp/wrong/nohelper/env.tsv")" 'helper	the helper module is not loaded'
tap_like "without test_hmm it is skipped, with the reason" \
	"$(said nomodule | xargs)" 'no module test_hmm.* status 4$'

tap_done
