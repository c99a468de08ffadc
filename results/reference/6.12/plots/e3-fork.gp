# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e3-fork.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e3-fork.dat'
title = 'fork() against the exclusive pages of the parent'
subtitle = '6.12.117, vm-deterministic, tcg-single, mirror, 2 CPUs'
unit_x = 'pages in one operation'
unit_y = 'one operation (instructions), median'
log_x = 2
log_y = 10
zero_x = 0.25
nr = 3
array name[3]
name[1] = 'exclusive'
name[2] = 'present (control)'
name[3] = 'huge pages (control)'
array control[3]
control[1] = 0
control[2] = 1
control[3] = 1
least_x = 1
largest_x = 4096
least_y = 448073
largest_y = 3304796
load parts."/figure-lines.gp"
