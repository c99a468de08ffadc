/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel did during the timed operations, from the helper module's
 * counters: it explains a latency. Read outside the timed part, right before
 * and right after each operation, so that the harness's own system calls are
 * not counted.
 */
#ifndef HMMSTORM_BENCH_EXPLAIN_H
#define HMMSTORM_BENCH_EXPLAIN_H

#include <stdint.h>

#include "cbench.h"

struct counters;

struct explain {
	struct counters *counters; /* NULL: no module, every call does nothing */
	uint64_t *before, *after, *sum;
};

int explain_init(struct explain *e, struct counters *c);
int explain_begin(struct explain *e);
int explain_end(struct explain *e);
/* The operation in between counts. */
void explain_add(struct explain *e);
/* Forgets what was added so far (the warm-up's). */
void explain_reset(struct explain *e);
/* The cumulative counters that moved, each per operation. */
void explain_report(const struct explain *e, struct cbench_state *s);
void explain_exit(struct explain *e);

/* From now on the kernel's trace gets a mark (trace_marker) at each begin and end,
 * the last and the first thing there, one at each operation that counts or that is
 * forgotten, and one with the benchmark's name and pages at the report: what stands
 * in the trace between a begin and an end is one operation's. 0 or -errno.
 */
int explain_mark_trace(void);

#endif
