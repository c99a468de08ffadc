// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E10): what does a notifier a fault cost (protocol range, nouveau)
 * against one for the process (test_hmm), and does the device still hear of it when
 * the CPU comes after the fault's notifier has gone?
 * Mechanism: mmu_interval_notifier_insert() and _remove() take the subscriptions'
 * lock and change the interval tree; while an invalidation is under way, both are
 * put off until it ends.
 * Timed: insert, remove: 64 at once, beside so many others. fault: the device marks
 * one page; protocol range does one of each in it, protocol process none.
 * after_fault: the CPU's write that takes the page back; that the device has lost it
 * is checked each time.
 */
#include <errno.h>

#include "standing.h"

#define OWN 64

static struct intervals *mine(struct op_run *r)
{
	return &((struct standing *)r->own)->mine;
}

static int insert(struct op_run *r)
{
	return mine(r)->fd < 0 ? -EOPNOTSUPP :
		intervals_add(mine(r), (uintptr_t)r->region.addr, BACKEND_PAGE_SIZE,
			      BACKEND_PAGE_SIZE, OWN);
}

static int take_away(struct op_run *r)
{
	return mine(r)->fd < 0 ? -EOPNOTSUPP : intervals_clear(mine(r), NULL);
}

static int write_one(struct op_run *r)
{
	region_write(&r->region);
	return 0;
}

/* "exclusive" to the device no more: what CHECK says; -EIO: it was not told. */
static int must_have_lost(struct op_run *r)
{
	int holds = r->backend->check(r->dev, r->region.addr, 1);

	return holds > 0 ? -EIO : holds;
}

#define STANDING .begin = standing_elsewhere, .end = standing_end

#define MANY AXES(CBENCH_LIST("pages", 1), NOTIFIERS)

BENCH_AXES(insert64, "E10.insert", "64 interval notifiers inserted, beside so many others",
	   0, MANY, STANDING, .op = insert, .finish = take_away);
BENCH_AXES(remove64, "E10.remove", "64 interval notifiers removed, beside so many others",
	   0, MANY, STANDING, .prepare = insert, .op = take_away);
BENCH_AXES(fault, "E10.fault", "a device fault beside so many interval notifiers",
	   CAP_EXCLUSIVE, MANY, STANDING, .before = PAGES_PRESENT, .op = op_mark,
	   .after = PAGES_EXCLUSIVE, .must_fault = true);
BENCH_AXES(after_fault, "E10.after_fault",
	   "a CPU write after the fault's notifier has gone: the device must lose the page",
	   CAP_EXCLUSIVE | CAP_CHECK, MANY, STANDING, .before = PAGES_EXCLUSIVE,
	   .op = write_one, .after = PAGES_PRESENT, .finish = must_have_lost, .taken_back = true);
