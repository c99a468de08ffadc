# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e11-thp.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e11-thp.dat'
title = 'Marking pages of a huge page exclusive'
subtitle = '6.12.117, vm-deterministic, tcg-single, mirror, 2 CPUs'
unit_x = 'pages in one operation'
unit_y = 'one operation (instructions), median'
log_x = 2
log_y = 10
nr = 3
array name[3]
name[1] = 'of a huge page'
name[2] = 'of one split before'
name[3] = 'base pages (control)'
array control[3]
control[1] = 0
control[2] = 0
control[3] = 1
least_x = 1
largest_x = 4096
least_y = 13887
largest_y = 15788296
load parts."/figure-lines.gp"
