# SPDX-License-Identifier: GPL-2.0-only
# Lines through medians, with the interval of each where it has one. A control is
# dashed. data: blocks of x y low high top.
load parts."/figure.gp"
if (exists("zero_x")) { set xtics add ("0" zero_x) }
plot for [i = 1:nr] data index i - 1 using 1:2 with lines lt i dt dash(i) lw 2 title named(i), \
	for [i = 1:nr] data index i - 1 using 1:2:3:4 with yerrorbars lt i dt 1 lw 1 pt 7 ps 0.5 notitle, \
	for [i = 1:nr] data index i - 1 using 1:2 with points lt i pt 7 ps 0.7 notitle
