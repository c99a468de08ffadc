// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question: what does munmap() pay for exclusive entries?
 * Mechanism: MMU_NOTIFY_UNMAP over the VMA, then zap_pte_range() finds a swap
 * entry and puts its page directly, where a present page goes through the
 * mmu_gather batch.
 * Timed: munmap() of a whole VMA, page tables included.
 * Control: munmap_present, the same number of present pages; pages:0, a VMA of
 * one page that was never touched.
 */
#include <errno.h>
#include <sys/mman.h>

#include "op.h"

static int unmap(struct op_run *r)
{
	return munmap(r->region.addr, r->region.len) ? -errno : 0;
}

static int map_again(struct op_run *r)
{
	return region_remap(&r->region);
}

BENCH_OP(munmap_exclusive, "munmap", "munmap of exclusive entries",
	 CAP_EXCLUSIVE, PAGES_FROM_0, .before = PAGES_EXCLUSIVE, .op = unmap,
	 .after = PAGES_NONE, .finish = map_again);

BENCH_OP(munmap_present, "munmap_present", "control: munmap of present pages",
	 0, PAGES_FROM_0, .before = PAGES_PRESENT, .op = unmap,
	 .after = PAGES_NONE, .finish = map_again);
