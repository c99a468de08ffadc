# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c rate.gp DIR FORMAT OUTPUT DATA TITLE SUBTITLE UNIT BLOCKS
format = ARG2; output_file = ARG3; data = ARG4; title = ARG5; subtitle = ARG6
blocks = ARG8 + 0
height = 130 + 40 * blocks
load ARG1."/style.gp"

# One bar below the other, so that names of any length fit.
stats data using 2 nooutput
set xlabel "operations a second (1/s)"
set xrange [0:STATS_max > 0 ? STATS_max * 1.4 : 1]
set format x "%.10g"
set yrange [blocks - 0.4:-0.6]
set ytics scale 0
set grid noytics
unset key
set style fill solid 0.85 noborder
plot data using (0.5 * $2):0:(0.5 * $2):(0.32):ytic(1) with boxxyerror lt 1, \
	data using 2:0:(sprintf($2 < 999.5 ? "  %.3g/s, %.0f in all" : "  %.0f/s, %.0f in all", $2, $3)) with labels left
