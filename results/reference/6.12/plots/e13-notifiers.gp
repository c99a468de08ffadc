# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e13-notifiers.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e13-notifiers.dat'
title = 'An invalidation against the interval notifiers of the address space'
subtitle = '6.12.117, vm-deterministic, tcg-single, mirror, 2 CPUs'
unit_x = 'interval notifiers in the address space'
unit_y = 'one operation (instructions), median'
log_x = 10
log_y = 10
zero_x = 0.1
nr = 2
array name[2]
name[1] = 'elsewhere'
name[2] = 'all on the page'
array control[2]
control[1] = 0
control[2] = 0
least_x = 1
largest_x = 100000
least_y = 2385
largest_y = 6517495
load parts."/figure-lines.gp"
