#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# hmmstorm plot: what is drawn from known rows, and that nothing is drawn from
# damaged ones. The rows are made here, so that each figure is known.
set -u
export LC_ALL=C.UTF-8

HERE=$(dirname "$(readlink -f "$0")")
PLOT=$HERE/../scripts/plot
PARTS=$HERE/../scripts/plot.d
. "$HERE/tap.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
id=$'program\tcase\tbackend\tpolicy\tprotocol\tworkers\tpages\trepetition'

# tsv FIELD...: one row
tsv() {
	local IFS=$'\t'
	echo "$*"
}

# env DIR PROGRAM ACCELERATOR UNIT
env_rows() {
	[ -e "$1/env.tsv" ] || tsv program key value >"$1/env.tsv"
	{
		tsv "$2" kernel_release 9.9.9-test
		tsv "$2" mode vm
		tsv "$2" accelerator "$3"
		tsv "$2" cpus 2
		tsv "$2" seed 4711
		tsv "$2" clock_unit "$4"
	} >>"$1/env.tsv"
}

# A storm of two seconds: 100 device faults of 1000 units each, five mremaps;
# 100 unmap events in the first second, none in the next.
storm_rows() {
	local dir=$1 unit=$2 t
	tsv "$id" metric kind unit value >"$dir/records.tsv"
	{
		tsv stress atomics null lazy process 2 64 0 steps count 1 300
		tsv stress atomics null lazy process 2 64 0 steps_rate rate 1/s 150
		tsv stress fork null lazy process 2 64 0 steps count 1 10
		tsv stress fork null lazy process 2 64 0 steps_rate rate 1/s 5
	} >>"$dir/records.tsv"
	tsv "$id" metric unit low high count >"$dir/hist.tsv"
	{
		tsv stress atomics null lazy process 2 64 0 device_fault "$unit" 1000 1000 100
		tsv stress fork null lazy process 2 64 0 mremap "$unit" 10 10 5
	} >>"$dir/hist.tsv"
	tsv "$id" t_ns metric unit value >"$dir/series.tsv"
	for t in 1 2; do
		tsv stress all null lazy process 2 64 0 ${t}000000000 inv_unmap_events events 100
		tsv stress all null lazy process 2 64 0 ${t}000000000 read_begin_waits calls $((t * 7))
	done >>"$dir/series.tsv"
}

# Benchmarks of 1 and 4 pages: 100 and 80 units; the one of 16 was not exclusive.
bench_rows() {
	local dir=$1 unit=$2 n
	for n in 1 4 16; do
		tsv bench E7.restore_read null - process 1 $n 0 latency_mean value "$unit" 999
		tsv bench E7.restore_read null - process 1 $n 0 latency_p50 value "$unit" \
			$((n == 1 ? 100 : n * 20))
		tsv bench E7.restore_read null - process 1 $n 0 target_exclusive verdict 1 $((n < 16))
	done >>"$dir/records.tsv"
	for n in 1 4; do
		tsv bench E7.restore_read null - process 1 $n 0 latency "$unit" 100 100 50
	done >>"$dir/hist.tsv"
}

# folder NAME ACCELERATOR UNIT: both programs' rows
folder() {
	mkdir -p "$tmp/$1"
	env_rows "$tmp/$1" stress "$2" "$3"
	env_rows "$tmp/$1" bench "$2" "$3"
	storm_rows "$tmp/$1" "$3"
	bench_rows "$tmp/$1" "$3"
}

# plot ARGS...: $status, and what it said in $tmp/out and $tmp/err
plot() {
	"$PLOT" "$@" >"$tmp/out" 2>"$tmp/err"
	status=$?
}

# points EXTRACTOR FILE PROGRAM: as scripts/plot calls it
points() {
	: >"$tmp/never"
	awk -v program="$3" -v facts="$tmp/facts" -v never="$tmp/never" -v operations="$PARTS/operations" \
		-v retries="$PARTS/retries" -v costs="$PARTS/costs" \
		-f "$PARTS/rows.awk" -f "$PARTS/$1.awk" "$2" | tr '\t\n' ' ;'
}

is_png() {
	[ "$(head -c 8 "$1" | od -An -tx1 | tr -d ' ')" = 89504e470d0a1a0a ]
}

is_svg() {
	head -n 2 "$1" | grep -q '<svg\|<?xml' && tail -n 2 "$1" | grep -q '</svg>'
}

# all_of DIR SUFFIX CHECK: five pictures, each passes
all_of() {
	local f n=0
	for f in "$1"/*."$2"; do
		[ -s "$f" ] && "$3" "$f" || return 1
		n=$((n + 1))
	done
	[ $n -eq 5 ]
}

# refused NAME REGEX: the folder made by a sub-test cannot be drawn, says REGEX
# in one line, and leaves no picture
refused() {
	plot "$tmp/$1"
	tap_is "$1: exit 2, one line, no picture" \
		"$status $(wc -l <"$tmp/err") $(find "$tmp/$1" -name '*.png' -o -name '*.svg' | wc -l)" "2 1 0"
	tap_like "$1: says what and where" "$(cat "$tmp/err")" "$2"
}

# damaged NAME: a fresh whole folder to be damaged
damaged() {
	folder "$1" tcg-multi ns
	cd "$tmp/$1" || exit 1
}

tap_plan 65

folder whole tcg-multi ns
plot "$tmp/whole"
tap_is "a whole folder is drawn" $status 0
tap_is "each picture's path is on stdout" "$(xargs -n 1 basename <"$tmp/out" | sort | xargs)" \
	"bench-latency.png bench-latency.svg counters.png counters.svg latency.png latency.svg pages.png pages.svg rate.png rate.svg"
tap_ok "five PNGs" all_of "$tmp/whole/plots" png is_png
tap_ok "five SVGs" all_of "$tmp/whole/plots" svg is_svg
tap_like "an operation with five samples is named, not drawn" "$(cat "$tmp/err")" \
	'^plot: latency: left out, fewer than 6 samples: mremap$'
tap_like "a case whose pages were never exclusive is named, not drawn" "$(cat "$tmp/err")" \
	'^plot: pages: left out, its pages were never exclusive: E7.restore_read/16$'

plot "$tmp/whole" --out "$tmp/again"
tap_ok "the same rows give the same bytes" diff -r "$tmp/whole/plots" "$tmp/again"
mv "$tmp/whole" "$tmp/a folder"
plot --out "$tmp/with spaces/in it" "$tmp/a folder"
tap_ok "also from another place, with spaces in its name" diff -r "$tmp/a folder/plots" "$tmp/with spaces/in it"

svg=$(cat "$tmp/again/latency.svg")
tap_like "kernel, mode, accelerator, CPUs and seed are in the heading" "$svg" \
	'9\.9\.9-test, vm, tcg-multi, null, 2 CPUs, seed 4711'
tap_like "each line says its n" "$svg" 'device_fault  n=100'
tap_like "ns has its unit in the axis title" "$svg" 'latency \(ns to s\)'
for f in latency counters rate pages bench-latency; do
	tap_like "$f: TCG times are called that" "$(cat "$tmp/again/$f.svg")" 'TCG: not a time of real hardware'
done

folder instructions tcg-single instructions
plot "$tmp/instructions"
svg=$(cat "$tmp/instructions/plots/pages.svg")
tap_like "instructions are the unit where they are counted" "$svg" 'cost of a page \(instructions\)'
tap_is "and need no warning" "$(grep -c 'real hardware' <<<"$svg")" 0
tap_like "but rates do" "$(cat "$tmp/instructions/plots/rate.svg")" 'real hardware'
folder bare bare ns
plot "$tmp/bare"
tap_is "real hardware has no warning" "$(cat "$tmp"/bare/plots/*.svg | grep -c 'real hardware')" 0

# the figures themselves
end=$(awk 'BEGIN { print 1 / (1 - exp(log(0.025) / 100)) }')
tap_is "a latency line is its buckets, to the percentile that n can bear" \
	"$(points latency "$tmp/bare/hist.tsv" stress)" "device_fault  n=100;1 1000;$end 1000;"
tap_is "a benchmark's is that of its fewest pages" \
	"$(points latency "$tmp/bare/hist.tsv" bench | cut -d';' -f 1)" "E7.restore_read  n=50"
{
	tsv "$id" metric unit low high count
	tsv stress x null lazy process 1 1 0 op ns 10 10 50
	tsv stress x null lazy process 1 1 1 op ns 20 22 50
} >"$tmp/two"
tap_is "repetitions are one distribution, in steps" "$(points latency "$tmp/two" stress)" \
	"op  n=100;1 10;2 10;2 21;$end 21;"
sed 's/lazy/eager/; 1!s/\t50$/\t60/' "$tmp/two" | tail -n +2 >"$tmp/more"
cat "$tmp/more" >>"$tmp/two"
tap_is "two policies are two lines, named" \
	"$(points latency "$tmp/two" stress | grep -o 'op ([a-z]*)  n=[0-9]*' | xargs)" \
	"op (lazy) n=100 op (eager) n=120"
tap_is "counters become rates between samples" "$(points counters "$tmp/bare/series.tsv" stress)" \
	"unmap;0 100;1 100;1 0;2 0;;;read_begin waited;0 7;1 7;1 7;2 7;"
tail -n +2 "$tmp/bare/series.tsv" | sed 's/\t100$/\t30/' >"$tmp/more"
cat "$tmp/more" >>"$tmp/bare/series.tsv"
tap_like "a second run in the folder starts at zero" "$(points counters "$tmp/bare/series.tsv" stress)" \
	'^unmap;0 100;1 100;1 0;2 0;;0 30;1 30;1 0;2 0;'
tap_is "rate and number, by stressor" "$(points rate "$tmp/bare/records.tsv" stress)" "atomics 150 300;fork 5 10;"
tap_is "cost of a page, by pages" "$(points pages "$tmp/bare/records.tsv" bench)" \
	"E7.restore_read;1 100 0;4 20 0;16 20 0;"
grep -v latency_p50 "$tmp/bare/records.tsv" >"$tmp/means"
tap_like "the mean is marked where there is no median" "$(points pages "$tmp/means" bench)" ';1 999 1;'

# parts of a folder
folder few kvm ns
rm "$tmp/few/hist.tsv"
tsv "$id" t_ns metric unit value >"$tmp/few/series.tsv"
plot "$tmp/few"
tap_is "without hist.tsv and samples, the rest is drawn" \
	"$status $(cd "$tmp/few/plots" && echo *.png)" "0 pages.png rate.png"
tap_is "and three are named as left out" "$(grep -c '^plot: left out: ' "$tmp/err")" 3
plot "$tmp/bare" --format png --out "$tmp/png"
tap_is "--format png draws no SVG" "$status $(find "$tmp/png" -type f | sed 's/.*\.//' | sort -u | xargs)" "0 png"

# damage
damaged torn
tsv stress atomics null lazy process 2 64 0 device_fault ns 10 >>hist.tsv
refused torn 'torn/hist\.tsv:6: has 11 columns, not 13; the row is torn$'
damaged cut
printf '%s' "$(tail -n 1 series.tsv)" >>series.tsv
refused cut 'cut/series\.tsv:6: has no newline; the file is cut short$'
damaged header
sed -i '1s/metric/metrics/' records.tsv
refused header 'header/records\.tsv:1: the header is not'
damaged empty
: >hist.tsv
refused empty 'empty/hist\.tsv is empty'
damaged norows
sed -i 1q records.tsv
refused norows 'norows/records\.tsv has no rows'
damaged words
sed -i '2s/\t100$/\tmany/' hist.tsv
refused words "words/hist\\.tsv:2: column count is no number: 'many'\$"
damaged norecords
rm records.tsv
refused norecords "no records\\.tsv in '.*': not a results folder"
damaged noenv
rm env.tsv
refused noenv "no env\\.tsv in '.*': not a results folder"
damaged mixed
tsv stress kernel_release 6.6.6 >>env.tsv
refused mixed 'different kernel_release: 9\.9\.9-test\+6\.6\.6'
damaged nowhere
sed -i "/accelerator/d" env.tsv
refused nowhere 'has no accelerator of bench'
damaged nothing
sed -i '/^[^p]/d' hist.tsv series.tsv
sed -i '/steps\|latency/d' records.tsv
refused nothing 'nothing in .* can be drawn'
cd "$HERE" || exit 1

plot "$tmp/nowhere at all"
tap_like "a missing folder: exit 2, one line" "$status $(cat "$tmp/err")" "^2 plot: no folder '.*nowhere at all'"
plot
tap_like "no folder: exit 2" "$status $(cat "$tmp/err")" '^2 plot: which results folder'
plot "$tmp/bare" --format gif
tap_like "an unknown format: exit 2" "$status $(cat "$tmp/err")" "^2 plot: --format 'gif': only png and svg"
plot "$tmp/bare" --smooth
tap_like "an unknown option: exit 2" "$status $(cat "$tmp/err")" "^2 plot: unknown option '--smooth'"
plot "$tmp/bare" --out
tap_like "an option without its value: exit 2" "$status $(cat "$tmp/err")" '^2 plot: --out wants a value'
: >"$tmp/file"
plot "$tmp/bare" --out "$tmp/file"
tap_like "a folder that cannot be made: exit 1" "$status $(tail -n 1 "$tmp/err")" "^1 plot: cannot make '.*file'"
plot --help
tap_like "--help: exit 0, usage" "$status $(cat "$tmp/out")" '^0 usage: hmmstorm plot DIR'

mkdir "$tmp/scale"
env_rows "$tmp/scale" scale tcg-single instructions
tsv pages mark restore touch bytes table >"$tmp/scale/scale.tsv"
tsv 1024 4000 3000 2000 30.00 - >>"$tmp/scale/scale.tsv"
tsv 1048576 4000 3000 2000 20.00 20.10 >>"$tmp/scale/scale.tsv"
"$PARTS/scale" "$tmp/scale" >"$tmp/out" 2>"$tmp/err"
tap_is "scale: both pictures, not a word beside" "$? $(xargs basename -a <"$tmp/out" | xargs) $(cat "$tmp/err")" \
	"0 scale.png scale.svg "
tap_like "scale: says where the figures come from" "$(cat "$tmp/scale/plots/scale.svg")" \
	'9\.9\.9-test, vm, tcg-single, mirror, 2 CPUs, seed 4711'
rm "$tmp/scale/scale.tsv"
"$PARTS/scale" "$tmp/scale" >"$tmp/out" 2>"$tmp/err"
tap_like "scale: no table: exit 2, one line" "$? $(cat "$tmp/err")" "^2 scale: no scale.tsv in '.*scale'"

mkdir "$tmp/bin"
for f in bash awk tail head od wc cut sort dirname readlink cat; do
	ln -s "$(command -v $f)" "$tmp/bin/$f"
done
PATH=$tmp/bin plot "$tmp/bare"
tap_is "without gnuplot: exit 4 and the package's name" "$status $(cat "$tmp/err")" \
	"4 plot: no gnuplot: apt-get install gnuplot-nox"

tap_done
