# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e8-next.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e8-next.dat'
title = 'Pages that change hands: eager by lazy'
subtitle = '6.12.117, vm-deterministic, tcg-single, mirror, 2 CPUs'
unit_x = 'q: how often the CPU is the next to come for a page of the device'
unit_y = 'cost of moving pages, eager by lazy'
log_x = 10
log_y = 10
nr = 6
array name[6]
name[1] = '(Rd + F) / q (Rc + F)'
name[2] = 'lock'
name[3] = 'histogram'
name[4] = 'queue'
name[5] = 'graph'
name[6] = 'fork'
array control[6]
control[1] = 1
control[2] = 0
control[3] = 0
control[4] = 0
control[5] = 0
control[6] = 0
least_x = 0.02
largest_x = 1
least_y = 0.7543002267
largest_y = 51.4423059
load parts."/figure-lines.gp"
