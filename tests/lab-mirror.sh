#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# The mirror device under storm, in the lab: its answers on each kernel line;
# every protocol with every policy, judged by ground truth, on a kernel that
# looks for bugs; delays that repeat to the last byte; test_hmm's own defects.
#   SECONDS_EACH=60    how long each protocol and policy is stormed (default 2)
#   THP=mixed          with huge pages in the arena (default: never)
#   LAB_KERNELS="stock-7.3 6.12"   LAB_STORM="6.12 kasan"   LAB_DET="6.12 base"
#   tests/lab-mirror.sh PART...    only these: answers storm delays others
set -uo pipefail
cd "$(dirname "$(readlink -f "$0")")/.." || exit 1
# shellcheck source=tests/tap.sh
. tests/tap.sh
# shellcheck source=tests/lab.sh
. tests/lab.sh

read -ra kernels <<<"${LAB_KERNELS:-stock-7.3 6.12}"
read -r storm_kernel storm_config <<<"${LAB_STORM:-6.12 kasan}"
read -r det_kernel det_config <<<"${LAB_DET:-6.12 base}"
each=${SECONDS_EACH:-2}
thp=${THP:-never}
pages=256
[ "$thp" = never ] || pages=1024 # two huge pages
four=atomics,mprotect,fork,munmap
protocols=(mirror mirror-range mirror-pin)
policies=(lazy eager deferred:2000:32 hold:500 adaptive)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

# vm NAME KERNEL CONFIG [VM OPTIONS] -- COMMAND: results in NAME, output in NAME.log
vm() {
	local name=$1 kernel=$2 config=$3
	shift 3
	lab_vm --kernel "$kernel" --config "$config" --out "$tmp/$name" "$@" \
		>"$tmp/$name.log" 2>&1
}

# no_splat NAME: the kernel log of a run is clean
no_splat() {
	tap_ok "$1: no splat in the kernel log" lab_clean "$tmp/$1/guest.log"
}

answer_programs=(module-mirror module-faults module-test-hmm)

# TAP programs in the guest, all in one boot; each is one test here.
answers() {
	local k p
	cat >"$tmp/answers.sh" <<-END
		for p in ${answer_programs[*]}; do
			echo "== \$p"
			test-\$p
		done
	END
	for k in "${kernels[@]}"; do
		vm "answers-$k" "$k" base --add "$tmp/answers.sh" -- sh /add/answers.sh
		for p in "${answer_programs[@]}"; do
			sed -n "/^== $p\$/,/^[0-9]* passed/p" "$tmp/answers-$k.log" >"$tmp/tap"
			tap_like "$k: $p" "$(tail -n 1 "$tmp/tap")" "^[1-9][0-9]* passed, 0 failed$"
			grep -E '^(not ok|#)' "$tmp/tap" | sed 's/^\(not\)/# \1/'
		done
		no_splat "answers-$k"
	done
	marks
}

# Which sub-pages of a huge page a kernel marks: all by their head before 6.15.
marks() {
	local k want
	for k in "${kernels[@]}"; do
		want='each sub-page by itself'
		[ "$k" != 6.12 ] || want='all 512 by their head'
		tap_like "$k marks $want" "$(grep '^# marks:' "$tmp/answers-$k.log")" "$want"
	done
}

# value DIR METRIC: of the rows of all stressors together
value() {
	awk -F'\t' -v m="$2" '$2 == "all" && $9 == m { print $12 }' "$tmp/$1/records.tsv"
}

# zeros DIR METRIC...: those that are not 0
zeros() {
	local dir=$1 m
	shift
	for m; do
		[ "$(value "$dir" "$m")" = 0 ] || echo "$dir $m: $(value "$dir" "$m")"
	done
}

# operations DIR: each stressor's steps, on one line
operations() {
	awk -F'\t' '$9 == "steps" { printf "%s %s  ", $2, $12 }' "$tmp/$1/records.tsv"
}

# judge DIR: a storm with ground truth, and the figures for the reader
judge() {
	tap_is "$1: nothing is missed, nothing unjudged" \
		"$(zeros "$1" missed_invalidations truth_unclassified)" ""
	echo "# $1: $(operations "$1")"
	awk '{ for (i = 2; i <= NF; i += 2) if (!$i) exit 1 }' <<<"$(operations "$1")" ||
		echo "# $1: a stressor did nothing"
}

storm() {
	local b p
	cat >"$tmp/storm.sh" <<-END
		for b in ${protocols[*]}; do
			for p in ${policies[*]}; do
				hmmstorm stress --backend \$b --policy \$p --stressor $four --thp $thp --pages $pages \
					--truth mirror --seconds $each --seed 3 --out /results/\$b/\$p
				echo "\$b \$p: \$?"
			done
		done
		hmmstorm stress --backend mirror --policy lazy,eager,deferred:2000:32,hold:500,adaptive \
			--thp $thp --pages $pages --truth mirror --seconds $each --out /results/turns
		echo "turns: \$?"
		rmmod hmmstorm
		echo "unload: \$?"
	END
	vm storm "$storm_kernel" "$storm_config" --cpus 2 --add "$tmp/storm.sh" -- sh /add/storm.sh
	for b in "${protocols[@]}"; do
		for p in "${policies[@]}"; do
			tap_like "$b, $p, $each s: every sum holds" "$(grep "^$b $p:" "$tmp/storm.log")" ': 0$'
			judge "storm/$b/$p"
		done
	done
	tap_like "policies by turns: every sum holds" "$(grep ^turns: "$tmp/storm.log")" ': 0$'
	judge storm/turns
	tap_like "nothing holds the module afterwards" "$(grep ^unload: "$tmp/storm.log")" ': 0$'
	no_splat storm
	[ "$tap_failed" = 0 ] || grep -E '^(FAILED|hmmstorm stress:)' "$tmp/storm.log" | sed 's/^/# /'
}

# Two boots side by side, each of the same storms.
delays() {
	local all='' w
	# each PAUSE may hand the other vCPU a slice of 100 ms: fifty of them made one storm
	# of twenty steps more than 78e9 instructions long, by how the first ones happened to fall
	for w in read_begin exclusive retry mapped invalidate restore do_swap_page; do
		all+=" --delay $w:pause:3:0.3"
	done
	cat >"$tmp/delays.sh" <<-END
		det() {
			name=\$1
			shift
			hmmstorm stress --backend mirror --truth mirror --out /results/\$name "\$@"
			echo "\$name: \$?"
		}
		det all --policy eager --ops 20 --seed 7 $all
		det other --policy eager --ops 20 --seed 8 $all
		det none --policy eager --ops 20 --seed 7
		det sleeps --policy eager --ops 20 --seed 7 --delay read_begin:preempt:2000:0.3 \
			--delay retry:yield:2
		for p in lazy deferred:2000:4 hold:100000; do
			det \$p --policy \$p --stressor atomics --workers 2 --ops 60 --pages 8
		done
		# a page must show eight times in turn who comes next
		det adaptive --policy adaptive --stressor atomics --workers 2 --ops 4000 --pages 2
	END
	for w in one two; do
		vm $w "$det_kernel" "$det_config" --deterministic --cpus 2 --add "$tmp/delays.sh" \
			-- sh /add/delays.sh &
	done
	wait
	for w in all other none sleeps lazy deferred:2000:4 hold:100000 adaptive; do
		tap_like "deterministic, delays $w: every sum holds" "$(grep "^$w:" "$tmp/one.log")" ': 0$'
		judge "one/$w"
		tap_is "$w: two runs are equal, byte for byte" \
			"$(diff -r "$tmp/one/$w" "$tmp/two/$w" 2>&1 | head -n 5)" ""
	done
	tap_is "the guests' logs too" "$(diff "$tmp/one/guest.log" "$tmp/two/guest.log" 2>&1 | head -n 5)" ""
	no_splat one
	tap_ok "another seed is another run" test -n "$(diff "$tmp"/one/{all,other}/hist.tsv 2>&1)"
	tap_ok "so is one without delays" test -n "$(diff "$tmp"/one/{all,none}/hist.tsv 2>&1)"
	tap_ok "delays do happen" test "$(value one/all delays)" -gt 100
	tap_is "PAUSEs need no sleep" "$(zeros one/all delays_degraded)" ""
	tap_is "no delays, none counted" "$(zeros one/none delays)" ""
	tap_ok "sleeps under a lock become PAUSEs" test "$(value one/sleeps delays_degraded)" -gt 0
	tap_ok "... and only those" \
		test "$(value one/sleeps delays_degraded)" -lt "$(value one/sleeps delays)"
	tap_is "env.tsv names what was asked for" \
		"$(awk -F'\t' '$2 ~ /^(policy|protocol|delay|truth)$/ { print $3 }' "$tmp/one/sleeps/env.tsv" | xargs)" \
		"eager process read_begin:preempt:2000:0.3,retry:yield:2 mirror"
	policies_work
}

# gave_back STORM: pages that the policy put back, or CPUs that it made wait
gave_back() {
	local m n=0
	for m in mirror_{restored_{eager,full,idle,adaptive},holds}; do
		n=$((n + $(value "one/$1" "$m")))
	done
	echo $n
}

policies_work() {
	local p
	tap_is "lazy gives nothing back" "$(gave_back lazy)" 0
	for p in all deferred:2000:4 hold:100000 adaptive; do
		tap_ok "${p/all/eager} does what it is for ($(gave_back "$p") times)" \
			test "$(gave_back "$p")" -gt 0
	done
}

# Runs in the guest: what the device can, and then what it cannot.
write_others() {
	cat >"$tmp/others.sh" <<-'END'
		exec 2>&1 # one stream, so that each line stands where it was said
		# not E8, whose cells are many and long
		quick='--benchmark_filter=^([^E]|E([1-79]|1[0-3])[.]).*/pages:(1|16)/ --iterations 3'
		for b in mirror mirror-range mirror-pin mirror-replay; do
			for s in atomics mprotect fork munmap; do
				hmmstorm stress --backend $b --stressor $s --workers 2 --seconds 0.5 --truth mirror
				echo "$b $s: $?"
			done
			# a fault that does not look at the sequence is caught here at once
			hmmstorm stress --backend $b --pages 16 --delay exclusive:preempt:5000000 \
				--truth mirror --seconds 1.5
			echo "$b widened: $?"
			hmmstorm bench --backend $b --truth mirror $quick --out /results/bench/$b >/dev/null
			echo "$b bench: $?"
		done
		hmmstorm stress --backend mirror --stressor migrate --seconds 1
		echo "migrate: $?"
		hmmstorm stress --backend mirror --processes 2 --thp always --pages 1024 --truth cpu --seconds 2 \
			--out /results/thp
		echo "thp: $?"
		hmmstorm stress --backend test_hmm --truth cpu --seconds 2 --out /results/test_hmm
		echo "test_hmm: $?"
		hmmstorm stress --backend mirror --delay no_such_function:pause:1 --seconds 1
		echo "no function: $?"
		hmmstorm stress --backend mirror --delay exc_page_fault:pause:1 --seconds 1
		echo "no probe: $?"
		hmmstorm stress --backend test_hmm --policy eager --seconds 1
		echo "no policy: $?"
		hmmstorm stress --backend mirror --policy lazy,slow --seconds 1
		echo "bad policy: $?"
		hmmstorm bench --backend mirror --delay no_such_function:pause:1 $quick
		echo "bench no function: $?"
		mount -t tmpfs none /lib/modules
		rmmod hmmstorm
		hmmstorm stress --backend null --delay retry:pause:1 --seconds 1
		echo "no module: $?"
		hmmstorm stress --backend null --truth cpu --seconds 1
		echo "no truth: $?"
	END
}

# Every stressor, every benchmark that the device can, and all that it cannot.
others() {
	local b s
	write_others
	vm others "${kernels[0]}" base --add "$tmp/others.sh" -- sh /add/others.sh
	for b in "${protocols[@]}" mirror-replay; do
		for s in atomics mprotect fork munmap widened bench; do
			tap_like "$b: $s" "$(grep "^$b $s:" "$tmp/others.log")" ': 0$'
		done
		tap_is "$b: no benchmark failed" \
			"$(awk -F'\t' '$9 == "done" { n++; if ($12 != 1) print $2 } END { if (!n) print "none ran" }' \
				"$tmp/others/bench/$b/records.tsv")" ""
	done
	said migrate 4 "migrate needs what backend mirror cannot"
	tap_like "two address spaces, huge pages" "$(grep ^thp: "$tmp/others.log")" ': 0$'
	judge others/thp
	tap_like "test_hmm under ground truth" "$(grep ^test_hmm: "$tmp/others.log")" ': 0$'
	judge others/test_hmm
	tap_ok "... judges what it maps" [ "$(value others/test_hmm truth_pages)" -gt 0 ]
	said "no function" 4 "no_such_function: this kernel has no such function"
	said "no probe" 2 "exc_page_fault: no probe may stand"
	said "no policy" 4 "test_hmm has no policy but lazy"
	said "bad policy" 2 'no policy "slow"'
	said "bench no function" 4 "no_such_function: this kernel has no such function"
	said "no module" 4 "no delays: the helper module is not loaded"
	said "no truth" 4 "truth cpu: the helper module is not loaded"
	no_splat others
}

# said TRY STATUS TEXT: one line with that text, then that status
said() {
	tap_like "$1: status $2, and why" \
		"$(grep -B 1 "^$1: [0-9]*\$" "$tmp/others.log" | tr '\n' ' ')" "$3.* $1: $2 \$"
}

declare -A tests=(
	[answers]=$((${#kernels[@]} * (${#answer_programs[@]} + 2)))
	[storm]=$((2 * (${#protocols[@]} * ${#policies[@]} + 1) + 2))
	[delays]=39
	[others]=42
)
parts=("$@")
[ $# -gt 0 ] || parts=(answers storm delays others)
plan=0
for part in "${parts[@]}"; do
	plan=$((plan + tests[$part]))
done
tap_plan "$plan"
for part in "${parts[@]}"; do
	"$part"
done
tap_done
