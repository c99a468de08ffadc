// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E13): how does an invalidation's cost grow with the interval notifiers
 * of the address space?
 * Mechanism: mn_itree_invalidate() looks the range up in an interval tree and calls
 * each notifier that overlaps it.
 * Timed: MADV_DONTNEED of one page that is not there: an invalidation that changes
 * nothing, with so many notifiers elsewhere (the tree's depth), or all of them on
 * that page (a call each). On backend null nothing else has a notifier: notifiers:0
 * is then a process without any.
 */
#include <errno.h>
#include <sys/mman.h>

#include "standing.h"

static int drop(struct op_run *r)
{
	return madvise(r->region.addr, r->region.len, MADV_DONTNEED) ? -errno : 0;
}

BENCH_AXES(invalidate_elsewhere, "E13.invalidate",
	   "an invalidation beside so many interval notifiers that do not overlap it", 0,
	   AXES(CBENCH_LIST("pages", 1), NOTIFIERS), .begin = standing_elsewhere,
	   .end = standing_end, .prepare = drop, .before = PAGES_NONE, .op = drop,
	   .after = PAGES_NONE);

BENCH_AXES(invalidate_here, "E13.invalidate_overlapping",
	   "an invalidation that so many interval notifiers overlap", 0,
	   AXES(CBENCH_LIST("pages", 1), NOTIFIERS), .begin = standing_here,
	   .end = standing_end, .prepare = drop, .before = PAGES_NONE, .op = drop,
	   .after = PAGES_NONE);
