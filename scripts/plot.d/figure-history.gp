# SPDX-License-Identifier: GPL-2.0-only
# Values from entry to entry, with the interval of each where it has one; a control is
# the level between change points, in the colour of the series before it. The axis
# does not begin at 0: a change of 0.1% is to be seen. data: blocks of x y low high top.
# Also wants: groups, group[]: of the entries, "" for the same as before.
load parts."/figure.gp"
set key outside bottom center horizontal Left reverse
set xrange [-0.5:groups - 0.5]
unset xtics
set xtics () nomirror out scale 0.6
do for [g = 1:groups] { if (strlen(group[g])) { set xtics add (group[g] g - 1) } }
set xtics rotate by 30 right
set autoscale y
set offsets 0, 0, graph 0.08, graph 0.08
set format y "%.10g"
colour_of(i) = i > nr ? 1 : sum [k = 1:i] (control[k] ? 0 : 1)
titled(i) = i > nr || control[i] || colour_of(nr) == 1 ? "" : name[i]
mark(i) = i > nr ? 7 : control[i] ? -1 : 7
plot for [i = 1:nr] data index i - 1 using 1:2 with lines lt colour_of(i) dt dash(i) lw 2 title titled(i), \
	for [i = 1:nr] data index i - 1 using 1:2:3:4 with yerrorbars lt colour_of(i) dt 1 lw 1 pt mark(i) ps 0.5 notitle, \
	for [i = 1:nr] data index i - 1 using 1:2 with points lt colour_of(i) pt mark(i) ps 0.7 notitle
