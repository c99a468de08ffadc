// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question: what does it cost a driver to take pages from the CPU?
 * Mechanism: make_device_exclusive_range() (6.15 and later: one
 * make_device_exclusive() a page): GUP for write, folio lock, rmap walk,
 * MMU_NOTIFY_EXCLUSIVE, a swap entry in place of the PTE.
 * Timed: the device's call for all pages. test_hmm also copies every page out,
 * and asks in pieces of 64 pages.
 * remark: the same for pages that are exclusive already: GUP restores each one
 * before it is converted again. mark_remote: on the farthest NUMA node. mark_threads:
 * by so many threads, an engine each, each on pages of its own.
 */
#include "op.h"

BENCH_OP(make_exclusive, "E7.mark",
	 "mark present pages device-exclusive", CAP_EXCLUSIVE, PAGES,
	 .before = PAGES_PRESENT, .op = op_mark, .after = PAGES_EXCLUSIVE);

BENCH_OP(remark, "E7.remark", "mark pages that are device-exclusive already",
	 CAP_EXCLUSIVE, PAGES, .before = PAGES_EXCLUSIVE, .op = op_mark,
	 .after = PAGES_EXCLUSIVE);

BENCH_AXES(mark_remote, "E7.mark_remote", "mark present pages of another NUMA node",
	   CAP_EXCLUSIVE, AXES(PAGES, CBENCH_LIST("node", 1)), .before = PAGES_PRESENT,
	   .op = op_mark, .after = PAGES_EXCLUSIVE);

static const struct cbench mark_threads = {
	.name = "E7.mark_threads",
	.desc = "mark present pages, several threads at once",
	.needs = CAP_EXCLUSIVE,
	.axes = { CBENCH_LIST("pages", 64) },
	.threads = (const int[]){ 1, 2, 4, 0 },
	.time = CBENCH_MANUAL_TIME,
	.run = bench_run,
	.data = &(const struct bench_op){ .before = PAGES_PRESENT, .op = op_mark,
					  .after = PAGES_EXCLUSIVE },
};

CBENCH(mark_threads);
