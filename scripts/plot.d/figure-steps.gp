# SPDX-License-Identifier: GPL-2.0-only
# A staircase: y holds from its x to the next. data: blocks of x y.
load parts."/figure.gp"
if (exists("zero_x")) { set xtics add ("0" zero_x) }
plot for [i = 1:nr] data index i - 1 using 1:2 with steps lt i dt dash(i) lw 2 title named(i)
