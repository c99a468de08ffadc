# SPDX-License-Identifier: GPL-2.0-only
# gnuplot -c e6-gup.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d
parts = ARG1; format = ARG2; output_file = ARG3
height = 460
data = 'e6-gup.dat'
title = 'get_user_pages() of exclusive pages'
subtitle = '6.12.117, vm-deterministic, tcg-single, mirror, 2 CPUs'
unit_x = 'pages in one operation'
unit_y = 'one operation (instructions), median'
log_x = 2
log_y = 10
nr = 6
array name[6]
name[1] = 'GUP, exclusive'
name[2] = 'fast GUP, exclusive'
name[3] = 'GUP, present (control)'
name[4] = 'fast GUP, present (control)'
name[5] = 'GUP, huge pages (control)'
name[6] = 'fast GUP, huge pages (control)'
array control[6]
control[1] = 0
control[2] = 0
control[3] = 1
control[4] = 1
control[5] = 1
control[6] = 1
least_x = 1
largest_x = 1024
least_y = 1174
largest_y = 3712978
load parts."/figure-lines.gp"
