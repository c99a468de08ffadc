# SPDX-License-Identifier: GPL-2.0-only
# What the figures of lib/figure.c share; their scripts set, before they load one of
# the figure-*.gp: parts format output_file height data title subtitle nr name[]
# control[] unit_x unit_y log_x log_y (0, 2, 10) least_y (above 0) largest_y.
load parts."/style.gp"
set datafile missing "?"
set key samplen 3 width -2

set xlabel unit_x
set ylabel unit_y
if (log_x > 0) { set logscale x log_x } else { set autoscale xfixmax }
if (log_x == 2) { set xtics 4 }
if (log_y > 0) { set logscale y log_y } else { set yrange [0:] }
# Whole numbers as they are while they are short, else with k, M.
set format x (log_x == 10 ? "%.0s %c" : "%.10g")
set format y (log_y > 0 ? "%.0s %c" : largest_y < 2e4 ? "%.10g" : "%.1s %c")
# Less than two decades: whole ones have too few tics.
if (log_y == 10 && largest_y < 60 * least_y && least_y >= 1) {
	set yrange [0.85 * least_y:1.15 * largest_y]
	unset ytics
	set ytics () nomirror out scale 0.6
	do for [d = 0:12] { do for [m in "1 2 5"] { set ytics add (gprintf("%.0s %c", m * 10.0 ** d) m * 10.0 ** d) } }
	set grid ytics
}
dash(i) = control[i] ? 2 : 1
