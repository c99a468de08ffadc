# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c pages.gp DIR FORMAT OUTPUT DATA TITLE SUBTITLE UNIT BLOCKS TYPES
# TYPES: the line type of each block, so that a control has its case's colour.
format = ARG2; output_file = ARG3; data = ARG4; title = ARG5; subtitle = ARG6
unit = ARG7; blocks = ARG8 + 0; types = ARG9
height = 480
load ARG1."/style.gp"

eval decades
set xlabel "pages in one operation"
set logscale x 2
set xtics 4
if (unit eq "ns") {
	set ylabel "cost of a page (ns to s), median (hollow: mean)"
	eval times
} else {
	set ylabel sprintf("cost of a page (%s), median (hollow: mean)", unit)
	set format y "%.0s %c"
}
# Points of falling size: one of two equal lines shows round the other.
type(i) = int(word(types, i + 1))
shade(i) = colour[(type(i) - 1) % 8 + 1]
size(i) = 1.3 - 0.6 * i / blocks
plot for [i = 0:blocks - 1] data index i using 1:2 with lines lt type(i) title columnheader(1), \
	for [i = 0:blocks - 1] data index i using ($3 > 0 ? NaN : $1):2 with points pt 7 ps size(i) lc rgb shade(i) notitle, \
	for [i = 0:blocks - 1] data index i using ($3 > 0 ? $1 : NaN):2 with points pt 6 ps size(i) lc rgb shade(i) notitle
