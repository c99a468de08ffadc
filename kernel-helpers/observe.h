/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counting an invalidation, inline: into the probe that sees each begin, and into
 * the notifier of those address spaces that have one.
 */
#ifndef HS_OBSERVE_H
#define HS_OBSERVE_H

#include "hmmstorm.h"

/*
 * What is not common. range->owner is set by mmu_notifier_range_init_owner()
 * only, that is for two events; for others it is whatever was on the stack.
 * clear_refs_write() says 0 to -1UL.
 */
static __always_inline void hs_observe_rare(struct hs_mm *hm,
					    const struct mmu_notifier_range *range)
{
	if (range->event == MMU_NOTIFY_EXCLUSIVE && range->owner)
		hs_count(hm, HS_INV_EXCLUSIVE_OWNED);
	else if (range->event == MMU_NOTIFY_MIGRATE && range->owner)
		hs_count(hm, HS_INV_MIGRATE_OWNED);
}

static __always_inline void hs_observe(struct hs_mm *hm,
				       const struct mmu_notifier_range *range,
				       bool by_probe)
{
	unsigned long limit = by_probe ? READ_ONCE(hm->probed) : hm->limit;
	unsigned long pages = (range->end - range->start) >> PAGE_SHIFT;
	unsigned int type = range->event, each;

	if (unlikely(type > HS_INV_TYPES))
		type = HS_INV_TYPES;
	each = HS_INV_FIRST + type * HS_INV_EACH;
	if (likely(range->end <= limit)) {
		hs_add(hm, each + HS_INV_PAGES, pages);
	} else {
		/* the notifier's to count; and exit_mmap()'s, of which nobody is
		 * told any more
		 */
		if (!limit || READ_ONCE(hm->over))
			return;
		hs_count(hm, HS_INV_UNBOUNDED);
	}
	hs_count(hm, each + HS_INV_EVENTS);
	if (unlikely(!mmu_notifier_range_blockable(range)))
		hs_count(hm, each + HS_INV_NONBLOCK);
	if (type == MMU_NOTIFY_CLEAR) {
		if (pages == 1)
			hs_count(hm, HS_INV_CLEAR_ONE_PAGE);
	} else if (type >= MMU_NOTIFY_MIGRATE) {
		hs_observe_rare(hm, range);
	}
}

/* The address space ends; both may tell of it. */
static inline void hs_observe_release(struct hs_mm *hm)
{
	if (!xchg(&hm->over, true))
		hs_count(hm, HS_INV_RELEASE_EVENTS);
}

#endif /* HS_OBSERVE_H */
