// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E5): what does mprotect() cost on exclusive entries, and would it be
 * cheaper to restore them first?
 * mprotect_same asks for the protection that the mapping has: mprotect_fixup()
 * returns early and raises no notifier, so its cost must not depend on the
 * pages. mprotect_flip takes write permission away and gives it back (two
 * calls): change_pte_range() keeps the entries exclusive (before 6.15 as
 * readable ones, which a second flip finds so; each operation therefore starts
 * from newly marked pages), but the device loses its mapping. touch_, restore_:
 * after CPU faults, or the device, have restored the entries (timed with it).
 * Control: mprotect_flip_present, mprotect_flip_thp. The whole VMA is changed, so
 * nothing is split.
 */
#include <errno.h>
#include <sys/mman.h>

#include "op.h"

static int protect(struct op_run *r, int prot)
{
	return mprotect(r->region.addr, r->region.len, prot) ? -errno : 0;
}

static int same(struct op_run *r)
{
	return protect(r, PROT_READ | PROT_WRITE);
}

static int flip(struct op_run *r)
{
	int ret = protect(r, PROT_READ);

	return ret ? ret : protect(r, PROT_READ | PROT_WRITE);
}

static int touch_flip(struct op_run *r)
{
	region_read(&r->region);
	return flip(r);
}

static int restore_flip(struct op_run *r)
{
	int ret = op_restore(r);

	return ret ? ret : flip(r);
}

BENCH_OP(mprotect_same, "E5.mprotect_same",
	 "mprotect to the protection it has, over exclusive entries",
	 CAP_EXCLUSIVE, PAGES, .before = PAGES_EXCLUSIVE, .op = same,
	 .after = PAGES_EXCLUSIVE);

BENCH_OP(mprotect_flip, "E5.mprotect_flip",
	 "mprotect RW to R to RW over exclusive entries", CAP_EXCLUSIVE, PAGES,
	 .prepare = op_mark, .before = PAGES_EXCLUSIVE, .op = flip,
	 .after = PAGES_EXCLUSIVE);

BENCH_OP(mprotect_flip_present, "E5.mprotect_flip_present",
	 "control: the same over present pages", 0, PAGES,
	 .before = PAGES_PRESENT, .op = flip, .after = PAGES_PRESENT);

BENCH_AXES(mprotect_flip_thp, "E5.mprotect_flip_thp", "control: the same over huge pages",
	   0, AXES(PAGES, CBENCH_LIST("thp", 1)), .before = PAGES_PRESENT, .op = flip,
	   .after = PAGES_PRESENT);

BENCH_OP(flip_touched, "E5.touch_flip", "the same after CPU faults have restored the entries",
	 CAP_EXCLUSIVE, PAGES, .before = PAGES_EXCLUSIVE, .op = touch_flip,
	 .after = PAGES_PRESENT);

BENCH_OP(flip_restored, "E5.restore_flip", "the same after the device has given the pages back",
	 CAP_EXCLUSIVE | CAP_RESTORE, PAGES, .before = PAGES_EXCLUSIVE,
	 .op = restore_flip, .after = PAGES_PRESENT);
