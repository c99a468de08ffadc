// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E11): marking splits a huge page and so raises invalidations of its own.
 * Does one retry suffice?
 * Mechanism: before 6.15 make_device_exclusive_range() takes only a large folio's
 * first page, and converts all its entries; tail pages are refused (-EBUSY). Since
 * 6.15 make_device_exclusive() takes any page by itself. Both split the PMD first,
 * which notifies (MMU_NOTIFY_CLEAR over 2 MiB) inside the attempt.
 * Timed: the device's call for so many pages of a fresh huge page, from the first
 * on. What was refused is counted, not an error: asked less marked_pages.
 * Control: E7.mark, base pages.
 */
#include <errno.h>

#include "op.h"

static int fresh(struct op_run *r)
{
	return region_remap(&r->region);
}

static int mark(struct op_run *r)
{
	int ret = op_mark(r);

	return ret == -EBUSY || ret == -EAGAIN ? 0 : ret;
}

BENCH_AXES(mark_thp, "E11.mark_thp", "mark pages of a huge page, which splits it",
	   CAP_EXCLUSIVE, AXES(CBENCH_LIST("pages", 1, 2, 8, 64, 512), CBENCH_LIST("thp", 1)),
	   .prepare = fresh, .before = PAGES_PRESENT, .op = mark);

/* The device's second call: nothing is huge any more. */
static int fresh_and_split(struct op_run *r)
{
	int ret = fresh(r);

	if (!ret)
		ret = mark(r);
	region_write(&r->region);
	return ret;
}

BENCH_AXES(mark_split, "E11.mark_again",
	   "mark pages of a huge page that an earlier marking has split", CAP_EXCLUSIVE,
	   AXES(CBENCH_LIST("pages", 1, 2, 8, 64, 512), CBENCH_LIST("thp", 1)),
	   .prepare = fresh_and_split, .before = PAGES_PRESENT, .op = mark);
