# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e5-mprotect.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e5-mprotect.dat'
title = 'mprotect() from RW to R to RW over exclusive pages'
subtitle = '6.12.117, vm-deterministic, tcg-single, mirror, 2 CPUs'
unit_x = 'pages in one operation'
unit_y = 'one operation (instructions), median'
log_x = 2
log_y = 10
nr = 6
array name[6]
name[1] = 'carried'
name[2] = 'restored by the device first'
name[3] = 'restored by CPU faults first'
name[4] = 'present (control)'
name[5] = 'huge pages (control)'
name[6] = 'exclusive, same protection'
array control[6]
control[1] = 0
control[2] = 0
control[3] = 0
control[4] = 1
control[5] = 1
control[6] = 0
least_x = 1
largest_x = 4096
least_y = 997
largest_y = 12812842
load parts."/figure-lines.gp"
