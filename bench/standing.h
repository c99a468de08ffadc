/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interval notifiers that stand while an operation is measured: the argument
 * "notifiers" of a benchmark, kept in op_run.own. They are of the helper module
 * (lib/intervals.h); without it, and with notifiers above 0, the benchmark skips.
 */
#ifndef HMMSTORM_BENCH_STANDING_H
#define HMMSTORM_BENCH_STANDING_H

#include "../lib/intervals.h"
#include "op.h"

/* Of one page each. */
#define NOTIFIERS CBENCH_LIST("notifiers", 0, 1, 10, 100, 1000, 10000, 100000)

struct standing {
	struct intervals others; /* the standing ones */
	struct intervals mine; /* for the family's own */
};

/* For .begin: all where nothing ever happens, or all on the region's first page. */
int standing_elsewhere(struct op_run *r);
int standing_here(struct op_run *r);
/* For .end. */
void standing_end(struct op_run *r);

#endif
