// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question: what does mprotect() cost on exclusive entries?
 * mprotect_same asks for the protection that the mapping has: mprotect_fixup()
 * returns early and raises no notifier, so its cost must not depend on the
 * pages. mprotect_flip takes write permission away and gives it back (two
 * calls): change_pte_range() keeps the entries exclusive (before 6.15 as
 * readable ones, which a second flip finds so; each operation therefore starts
 * from newly marked pages), but the device loses its mapping.
 * Control: mprotect_flip_present, the same on present pages. The whole VMA is
 * changed, so nothing is split.
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
