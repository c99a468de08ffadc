# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c scale.gp DIR FORMAT OUTPUT DATA TITLE SUBTITLE UNIT
# DATA is a scale.tsv (tests/module-scale.c): cost and memory of a page against pages.
# For a results folder, in both formats:
#   scripts/plot.d/scale RESULTS
format = ARG2; output_file = ARG3; data = ARG4; title = ARG5; subtitle = ARG6
height = 640
load ARG1."/style.gp"

set key at graph 1.03, graph 1.02 left top Left reverse
# a hair wider, or rounding loses the outermost tics
stats data using 1 nooutput
set xrange [0.999 * STATS_min:1.001 * STATS_max]
set logscale x 2
set xtics ("1 Ki" 2 ** 10, "4 Ki" 2 ** 12, "16 Ki" 2 ** 14, "64 Ki" 2 ** 16, "256 Ki" 2 ** 18, "1 Mi" 2 ** 20)
set yrange [0:]
set multiplot layout 2,1 margins screen 0.11, screen 0.72, screen 0.11, screen 0.87 spacing screen 0.11
set ylabel "cost of a page (" . ARG7 . ")"
plot data using 1:2 with linespoints lt 1 pt 7 title "mark exclusive", \
	data using 1:3 with linespoints lt 2 pt 7 title "restore by command", \
	data using 1:4 with linespoints lt 3 pt 7 title "restore by CPU write"
unset label
set ylabel "memory in the module (bytes a page)"
set xlabel "exclusive pages in one context"
plot data using 1:5 with linespoints lt 1 pt 7 title "taken from free pages", \
	24 with lines lt 5 dashtype 2 title "target: at most 24"
unset multiplot
