/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Watches the kernel log (/dev/kmsg) during a run. A line that only a kernel
 * defect prints (oops, BUG, WARNING, KASAN, KCSAN, lockdep, hung task, RCU
 * stall, bad page, list corruption) is a failure of the run.
 */
#ifndef HMMSTORM_KMSG_H
#define HMMSTORM_KMSG_H

#include <stddef.h>
#include <stdio.h>

struct kmsg;

/* From now on. -errno: the log cannot be read (the run goes on, and says so). */
int kmsg_open(struct kmsg **k);
/* Reads what is new. 1: a splat, its first line in splat[]; 0: none. */
int kmsg_check(struct kmsg *k, char *splat, size_t len);
/* Prints the last lines read since kmsg_open(). */
void kmsg_tail(const struct kmsg *k, FILE *to);
void kmsg_close(struct kmsg *k);
/* Does this line tell of a defect? */
int kmsg_is_splat(const char *line);

#endif
