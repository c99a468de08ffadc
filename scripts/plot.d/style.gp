# SPDX-License-Identifier: GPL-2.0-only
# What all pictures share. Wants format, output_file, height, title, subtitle.
# Nothing here or in a picture may smooth: every line is the data's.
set encoding utf8
if (format eq "png") {
	set terminal pngcairo noenhanced size 800,height font "DejaVu Sans,11" background "white"
	bold = "DejaVu Sans Bold,12"
	small = "DejaVu Sans,10"
} else {
	set terminal svg noenhanced size 800,height font "DejaVu Sans,13" background "white"
	bold = "DejaVu Sans Bold,15"
	small = "DejaVu Sans,12"
}
set output output_file
set datafile separator "\t"

# Okabe and Ito's colours, which a colour-blind reader can tell apart, the pale
# yellow darkened; a second set of eight is dashed.
array colour[8] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#56B4E9", "#E69F00", "#8A8A00"]
do for [i = 1:8] {
	set linetype i lc rgb colour[i] lw 2
	set linetype (i + 8) lc rgb colour[i] lw 2 dashtype 2
}
set linetype cycle 16

set border 3 lc rgb "#606060"
set tics nomirror out scale 0.6
set grid lt 1 lc rgb "#e0e0e0" lw 1 dashtype solid
set key outside right top vertical Left reverse samplen 2

# The heading is the page's, not the plot's: a long one has the whole width.
set label 1 title at screen 0.5, screen 1.0 center offset 0, -1.2 font bold
set label 2 subtitle at screen 0.5, screen 1.0 center offset 0, -2.5 font small
set tmargin 4.5

# An axis of nanoseconds, each tic with the unit a reader would use.
times = 'set format y ""; set ytics ("1 ns" 1, "10 ns" 10, "100 ns" 100, "1 µs" 1e3, "10 µs" 1e4, "100 µs" 1e5, "1 ms" 1e6, "10 ms" 1e7, "100 ms" 1e8, "1 s" 1e9, "10 s" 1e10, "100 s" 1e11)'
# Whole decades, a hair wider, or rounding loses the outermost tics.
decades = 'stats data using 2 nooutput; set logscale y; set yrange [0.999 * 10 ** floor(log10(STATS_min > 1 ? STATS_min : 1)):1.001 * 10 ** ceil(log10(STATS_max > 1 ? STATS_max : 10))]'
