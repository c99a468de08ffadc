# SPDX-License-Identifier: GPL-2.0-only
# A map of cells, and lines over it. data: first block x y xlow xhigh ylow yhigh z,
# then blocks of x y. Also wants: categories, category[], or unit_z log_z low_z high_z.
load parts."/figure.gp"
unset grid
set autoscale fix
set xrange [*:*]
set yrange [*:*]
# cells reach beyond what was measured; no ticks there
if (log_y > 0) { set ytics least_y, (log_y == 2 ? 4 : 10), largest_y }
# the lines are the second block and those after it
ink(i) = i > 2 ? 0x666666 : 0
stroke(i) = i > 2 ? 2 : 1
set style fill solid 1 noborder
# white is a value: what was not measured must look otherwise
set object rectangle from graph 0,0 to graph 1,1 behind fillcolor rgb "#DDDDDD" fillstyle solid noborder
if (categories > 0) {
	shade(z) = int(word("0x0072B2 0xE69F00 0x009E73 0xCC79A7 0x56B4E9 0xD55E00 0x8A8A00 0x707070", int(z) % 8 + 1))
	plot data index 0 using 1:2:3:4:5:6:(shade($7)) with boxxyerror lc rgb variable notitle, \
		for [c = 1:categories] NaN with boxes lc rgb shade(c - 1) title category[c], \
		for [i = 2:nr] data index i - 1 using 1:2 with linespoints lc rgb ink(i) lw 3 dt stroke(i) pt 7 ps 0.5 title named(i)
} else {
	set key at screen 0.5, screen 0.02 center bottom horizontal
	set bmargin 5.5
	set cblabel unit_z
	set cbrange [low_z:high_z]
	if (log_z > 0) {
		set logscale cb
		set cbtics () nomirror
		do for [d = -6:6] { do for [m in "1 2 5"] { set cbtics add (sprintf("%g", m * 10.0 ** d) m * 10.0 ** d) } }
		# neither: white
		set palette defined (-1 "#0072B2", -0.5 "#8FC4E4", 0 "#FFFFFF", 0.5 "#F2B183", 1 "#D55E00")
	} else {
		set palette defined (0 "#F4F7FB", 0.5 "#56B4E9", 1 "#00395B")
	}
	plot data index 0 using 1:2:3:4:5:6:7 with boxxyerror lc palette notitle, \
		for [i = 2:nr] data index i - 1 using 1:2 with linespoints lc rgb ink(i) lw 3 dt stroke(i) pt 7 ps 0.5 title named(i)
}
