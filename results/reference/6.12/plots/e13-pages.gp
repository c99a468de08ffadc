# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e13-pages.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e13-pages.dat'
title = 'Cost against the exclusive pages that a device holds'
subtitle = '6.12.117, vm-deterministic, tcg-single, mirror, 2 CPUs'
unit_x = 'pages in one operation'
unit_y = 'one operation (instructions), median'
log_x = 2
log_y = 10
nr = 4
array name[4]
name[1] = 'marked in one call'
name[2] = 'one marked beside'
name[3] = 'one restored beside'
name[4] = 'an invalidation beside'
array control[4]
control[1] = 0
control[2] = 0
control[3] = 0
control[4] = 0
least_x = 1
largest_x = 1048576
least_y = 2209
largest_y = 4032002617
load parts."/figure-lines.gp"
