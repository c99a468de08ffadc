// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E4): what does munmap() pay for exclusive entries, and would it be
 * cheaper to restore them first?
 * Mechanism: MMU_NOTIFY_UNMAP over the VMA, then zap_pte_range() finds a swap
 * entry and puts its page directly, where a present page goes through the
 * mmu_gather batch.
 * Timed: munmap() of a whole VMA, page tables included. E4.touch_munmap: the CPU
 * reads each page before (a restore by fault, the only way a kernel has today);
 * E4.restore_munmap: the device gives all pages back before.
 * Control: E4.munmap_present, the same number of present pages; E4.munmap_thp,
 * huge ones; pages:0, a VMA of one page that was never touched.
 */
#include <errno.h>
#include <sys/mman.h>

#include "op.h"

static int unmap(struct op_run *r)
{
	return munmap(r->region.addr, r->region.len) ? -errno : 0;
}

static int touch_unmap(struct op_run *r)
{
	region_read(&r->region);
	return unmap(r);
}

static int restore_unmap(struct op_run *r)
{
	int ret = op_restore(r);

	return ret ? ret : unmap(r);
}

static int map_again(struct op_run *r)
{
	return region_remap(&r->region);
}

BENCH_OP(munmap_exclusive, "E4.munmap", "munmap of exclusive entries",
	 CAP_EXCLUSIVE, PAGES_FROM_0, .before = PAGES_EXCLUSIVE, .op = unmap,
	 .after = PAGES_NONE, .finish = map_again);

BENCH_OP(munmap_present, "E4.munmap_present", "control: munmap of present pages",
	 0, PAGES_FROM_0, .before = PAGES_PRESENT, .op = unmap,
	 .after = PAGES_NONE, .finish = map_again);

BENCH_AXES(munmap_thp, "E4.munmap_thp", "control: munmap of present huge pages",
	   0, AXES(PAGES, CBENCH_LIST("thp", 1)), .before = PAGES_PRESENT, .op = unmap,
	   .after = PAGES_NONE, .finish = map_again);

BENCH_OP(touch_munmap, "E4.touch_munmap",
	 "munmap of exclusive entries after CPU faults have restored them",
	 CAP_EXCLUSIVE, PAGES, .before = PAGES_EXCLUSIVE, .op = touch_unmap,
	 .after = PAGES_NONE, .finish = map_again);

BENCH_OP(restore_munmap, "E4.restore_munmap",
	 "munmap of exclusive entries after the device has given them back",
	 CAP_EXCLUSIVE | CAP_RESTORE, PAGES, .before = PAGES_EXCLUSIVE,
	 .op = restore_unmap, .after = PAGES_NONE, .finish = map_again);
