# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e7-hit.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e7-hit.dat'
title = 'Device atomics, submitted at once'
subtitle = '6.12.117, vm-deterministic, tcg-single, mirror, 2 CPUs'
unit_x = 'atomics in the batch'
unit_y = 'one atomic (instructions), median'
log_x = 2
log_y = 10
nr = 4
array name[4]
name[1] = 'held, 64 pages'
name[2] = 'held, 1 page'
name[3] = 'taken back, 64 pages'
name[4] = 'taken back, 1 page'
array control[4]
control[1] = 0
control[2] = 0
control[3] = 0
control[4] = 0
least_x = 64
largest_x = 1024
least_y = 385.9990234
largest_y = 4466.765625
load parts."/figure-lines.gp"
