// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question: what does the CPU pay to get an exclusive page back?
 * Mechanism: do_swap_page() -> remove_device_exclusive_entry(): folio lock,
 * an invalidation of one page (MMU_NOTIFY_EXCLUSIVE without owner before 6.15,
 * MMU_NOTIFY_CLEAR since), restore_exclusive_pte(). One fault a page; since
 * 6.15 a write may take a second one for the write permission.
 * Timed: one access to each page, in order. Loop and access are included: a
 * few instructions a page.
 */
#include "op.h"

static int touch_read(struct op_run *r)
{
	region_read(&r->region);
	return 0;
}

static int touch_write(struct op_run *r)
{
	region_write(&r->region);
	return 0;
}

BENCH_OP(restore_read, "E7.restore_read",
	 "CPU read faults that restore exclusive entries", CAP_EXCLUSIVE,
	 PAGES, .before = PAGES_EXCLUSIVE, .op = touch_read,
	 .after = PAGES_PRESENT);

BENCH_OP(restore_write, "E7.restore_write",
	 "CPU write faults that restore exclusive entries", CAP_EXCLUSIVE,
	 PAGES, .before = PAGES_EXCLUSIVE, .op = touch_write,
	 .after = PAGES_PRESENT);

BENCH_AXES(restore_remote, "E7.restore_remote",
	   "CPU read faults that restore exclusive entries of another NUMA node",
	   CAP_EXCLUSIVE, AXES(PAGES, CBENCH_LIST("node", 1)), .before = PAGES_EXCLUSIVE,
	   .op = touch_read, .after = PAGES_PRESENT);
