# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c latency.gp DIR FORMAT OUTPUT DATA TITLE SUBTITLE UNIT BLOCKS
format = ARG2; output_file = ARG3; data = ARG4; title = ARG5; subtitle = ARG6
unit = ARG7; blocks = ARG8 + 0
height = 480
load ARG1."/style.gp"

eval decades
set xlabel "percentile (each line ends where its n is too small to tell)"
# x is 1 / (1 - q)
set logscale x
set xtics ("0" 1, "50" 2, "90" 10, "99" 100, "99.9" 1000, "99.99" 1e4, "99.999" 1e5, "99.9999" 1e6)
set xrange [1:]
if (unit eq "ns") {
	set ylabel "latency (ns to s)"
	eval times
} else {
	set ylabel sprintf("latency (%s)", unit)
	set format y "%.0s %c"
}
plot for [i = 0:blocks - 1] data index i using 1:2 with lines title columnheader(1)
