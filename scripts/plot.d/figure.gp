# SPDX-License-Identifier: GPL-2.0-only
# What the figures of lib/figure.c share; their scripts set, before they load one of
# the figure-*.gp: parts format output_file height data title subtitle nr name[]
# control[] unit_x unit_y log_x log_y (0, 2, 10) least_x largest_x
# least_y largest_y (the least ones above 0); zero_x: where 0 is on a logarithmic axis.
load parts."/style.gp"
set datafile missing "?"
set key samplen 3

set xlabel unit_x
set ylabel unit_y
# a hair wider, or rounding loses the outermost tics
if (log_x > 0) {
	set logscale x log_x
	set xrange [0.999 * (exists("zero_x") ? zero_x : least_x):1.001 * largest_x]
} else { set autoscale xfixmax }
if (log_x == 2) {
	set xtics () nomirror out scale 0.6
	do for [d = -5:10] { set xtics add (d < 0 ? sprintf("1/%d", 4 ** -d) : sprintf(d < 5 ? "%d" : d < 10 ? "%d Ki" : "%d Mi", 4 ** (d % 5)) 4.0 ** d) }
}
if (log_y > 0) { set logscale y log_y } else { set yrange [0:] }
# Whole numbers as they are while they are short, else with k, M.
set format x (log_x == 10 && least_x >= 1 ? "%.0s %c" : "%.10g")
set format y (log_y > 0 && least_y >= 1 ? "%.0s %c" : log_y > 0 ? "%.10g" : largest_y < 2e4 ? "%.10g" : "%.1s %c")
# Less than two decades: whole ones have too few tics.
if (log_y == 10 && largest_y < 60 * least_y && least_y >= 1) {
	set yrange [0.85 * least_y:1.15 * largest_y]
	unset ytics
	set ytics () nomirror out scale 0.6
	steps = largest_y < 6 * least_y ? "1 2 3 4 5 6 7 8 9" : "1 2 5"
	do for [d = 0:12] { do for [m in steps] { set ytics add (gprintf("%.0s %c", m * 10.0 ** d) m * 10.0 ** d) } }
	set grid ytics
}
# A ninth line has the first one's colour.
named(i) = i > nr ? "" : name[i]
dash(i) = i > nr ? 1 : control[i] ? 2 : i > 8 ? 4 : 1
