// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proves that pagemap's verdict can fail a run: it claims that pages are gone
 * after an operation that leaves them present. Runs only when a filter names it
 * (options.c); tests/lab-bench.sh does.
 */
#include "op.h"

static int nothing(struct op_run *r)
{
	(void)r;
	return 0;
}

BENCH_OP(canary, "canary", "for tests: claims what is not so, and must fail", 0,
	 CBENCH_LIST("pages", 4), .before = PAGES_PRESENT, .op = nothing,
	 .after = PAGES_NONE);
