# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e9-protocols.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e9-protocols.dat'
title = 'Three ways for a device to have a page'
subtitle = '6.12.117, vm-deterministic, tcg-single, 2 CPUs'
unit_x = 'pages in one operation'
unit_y = 'one operation (instructions), median'
log_x = 2
log_y = 10
nr = 9
array name[9]
name[1] = 'fault, process'
name[2] = 'fault, range'
name[3] = 'fault, pin'
name[4] = 'CPU write, process'
name[5] = 'CPU write, range'
name[6] = 'CPU write, pin'
name[7] = 'discard, process'
name[8] = 'discard, range'
name[9] = 'discard, pin'
array control[9]
control[1] = 0
control[2] = 0
control[3] = 0
control[4] = 0
control[5] = 0
control[6] = 0
control[7] = 0
control[8] = 0
control[9] = 0
least_x = 1
largest_x = 4096
least_y = 22
largest_y = 16427662
load parts."/figure-lines.gp"
