# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e7-mark.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e7-mark.dat'
title = 'Marking pages exclusive, and getting them back'
subtitle = '6.12.117, vm-deterministic, tcg-single, mirror, 2 CPUs'
unit_x = 'pages in one operation'
unit_y = 'one operation (instructions), median'
log_x = 2
log_y = 10
nr = 4
array name[4]
name[1] = 'marked exclusive'
name[2] = 'marked again'
name[3] = 'restored by a CPU read'
name[4] = 'restored by a CPU write'
array control[4]
control[1] = 0
control[2] = 0
control[3] = 0
control[4] = 0
least_x = 1
largest_x = 4096
least_y = 2506
largest_y = 26201722
load parts."/figure-lines.gp"
