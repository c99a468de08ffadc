# SPDX-License-Identifier: GPL-2.0-only
# Groups of bars, each with its number over it. data: blocks of group y low high top.
# Also wants: groups, group[].
load parts."/figure.gp"
set xrange [-0.5:groups - 0.5]
unset xtics
set xtics () nomirror scale 0
do for [g = 1:groups] { set xtics add (group[g] g - 1) }
if (groups > 5) { set xtics rotate by 20 right }
set style fill solid 0.85 noborder
set offsets 0, 0, graph 0.06, 0
wide = 0.84 / nr
at(x, i) = x + (i - 1 - (nr - 1) / 2.0) * wide
few = groups * nr <= 24
said(y) = y < 1e4 ? gprintf(y < 10 && y != int(y) ? "%.2f" : "%.0f", y) : gprintf("%.1s%c", y)
plot for [i = 1:nr] data index i - 1 using (at($1, i)):2:(0.92 * wide) with boxes lt i title named(i), \
	for [i = 1:nr] data index i - 1 using (at($1, i)):2:3:4 with yerrorbars lc rgb "#404040" lw 1 pt -1 notitle, \
	for [i = 1:nr] data index i - 1 using (at($1, i)):5:(few ? said($2) : "") with labels offset 0, 0.6 font small notitle
