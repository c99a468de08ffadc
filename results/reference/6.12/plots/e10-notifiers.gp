# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e10-notifiers.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e10-notifiers.dat'
title = 'A notifier a fault, or one for the process'
subtitle = '6.12.117, vm-deterministic, tcg-single, 2 CPUs'
unit_x = 'interval notifiers elsewhere in the address space'
unit_y = 'one operation (instructions), median'
log_x = 10
log_y = 10
zero_x = 0.1
nr = 6
array name[6]
name[1] = 'device fault, process'
name[2] = 'device fault, range'
name[3] = 'CPU write after, process'
name[4] = 'CPU write after, range'
name[5] = 'insert one notifier'
name[6] = 'remove one notifier'
array control[6]
control[1] = 0
control[2] = 0
control[3] = 0
control[4] = 0
control[5] = 0
control[6] = 0
least_x = 1
largest_x = 100000
least_y = 223.9375
largest_y = 18439
load parts."/figure-lines.gp"
