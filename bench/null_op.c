// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question: what does the harness itself cost? Timed: nothing, between two
 * readings of the clock. Every other figure contains this one; below ten times
 * of it, a figure says more about the harness than about the kernel.
 */
#include "op.h"

static int null_op(struct op_run *r)
{
	(void)r;
	return 0;
}

static const struct cbench bench = {
	.name = "null_op",
	.desc = "nothing: the harness's own cost (floor)",
	.time = CBENCH_MANUAL_TIME,
	.run = bench_run,
	.data = &(const struct bench_op){ .op = null_op },
};

CBENCH(bench);
