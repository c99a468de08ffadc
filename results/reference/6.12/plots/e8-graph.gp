# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e8-graph.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 560
data = 'e8-graph.dat'
title = 'Eager by lazy: graph, 64 pages'
subtitle = '6.12.117, vm-deterministic, tcg-single, mirror, 2 CPUs'
unit_x = 'CPU accesses a device atomic'
unit_y = 'device atomics in a batch'
log_x = 10
log_y = 2
nr = 2
array name[2]
name[1] = 'cells'
name[2] = 'eager costs 10% more'
array control[2]
control[1] = 0
control[2] = 0
least_x = 0.001
largest_x = 1000
least_y = 1
largest_y = 1024
unit_z = 'cost of eager by lazy''s'
log_z = 10
low_z = 0.1
high_z = 10
categories = 0
load parts."/figure-map.gp"
