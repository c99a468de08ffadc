# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c counters.gp DIR FORMAT OUTPUT DATA TITLE SUBTITLE UNIT BLOCKS EVENTS
format = ARG2; output_file = ARG3; data = ARG4; title = ARG5; subtitle = ARG6
blocks = ARG8 + 0; events = ARG9 + 0
panels = events && blocks > events ? 2 : 1
height = panels == 2 ? 640 : 400
load ARG1."/style.gp"

set key at graph 1.03, graph 1.02 left top Left reverse
set autoscale xfixmax
set yrange [0:]
set xrange [0:]
set format y "%.10g"
set multiplot layout panels,1 margins screen 0.11, screen 0.64, screen (panels == 2 ? 0.11 : 0.17), screen (panels == 2 ? 0.87 : 0.8) spacing screen 0.11
if (events) {
	set ylabel "invalidations (1/s)"
	if (panels == 1) { set xlabel "time in the run (s)" }
	plot for [i = 0:events - 1] data index i using 1:2 with lines title columnheader(1)
	unset label
}
if (blocks > events) {
	set ylabel "retries (1/s)"
	set xlabel "time in the run (s)"
	plot for [i = events:blocks - 1] data index i using 1:2 with lines lt i - events + 1 title columnheader(1)
}
unset multiplot
