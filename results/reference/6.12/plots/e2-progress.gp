# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e2-progress.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e2-progress.dat'
title = 'Device faults a second against spurious invalidations'
subtitle = '6.12.117, vm, tcg-multi, 2 CPUs; TCG: not a time of real hardware'
unit_x = 'spurious invalidations asked for (1/s; the last: as fast as it goes)'
unit_y = 'device faults completed (1/s)'
log_x = 10
log_y = 0
zero_x = 10
nr = 6
array name[6]
name[1] = 'process, the page itself'
name[2] = 'process, the page beside'
name[3] = 'range, the page itself'
name[4] = 'range, the page beside'
name[5] = 'pin, the page itself'
name[6] = 'pin, the page beside'
array control[6]
control[1] = 0
control[2] = 0
control[3] = 0
control[4] = 0
control[5] = 0
control[6] = 0
least_x = 100
largest_x = 1000000
least_y = 21.26309467
largest_y = 131753.2735
load parts."/figure-lines.gp"
