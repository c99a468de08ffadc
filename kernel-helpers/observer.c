// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mmu_notifier of an attached mm: there when start and end of its
 * invalidations are both wanted, for times and for ground truth, and then it
 * counts them too. Otherwise a probe on __mmu_notifier_invalidate_range_start()
 * counts, at less than half the cost; where that cannot be placed, it is the
 * notifier again.
 *
 * All of this runs wherever mm invalidates: under mmap_lock or not, under a
 * folio lock or not, inside reclaim, in the OOM reaper (where it must not
 * sleep). So it takes no lock and allocates nothing.
 */
#include <linux/hash.h>
#include <linux/mmu_notifier.h>

#include "clock.h"
#include "observe.h"
#include "truth.h"

/*
 * Start and end are told the same range, which stands on the invalidator's
 * stack: its address pairs them, also when they nest or run in parallel.
 */
static struct hs_open *open_slot(struct hs_mm *hm,
				 const struct mmu_notifier_range *range, int i)
{
	unsigned int mask = (1 << HS_OPEN_BITS) - 1;

	return &hm->open[(hash_ptr(range, HS_OPEN_BITS) + i) & mask];
}

static void time_start(struct hs_mm *hm, const struct mmu_notifier_range *range)
{
	struct hs_open *o;
	int i;

	for (i = 0; i < HS_SLOT_TRIES; i++) {
		o = open_slot(hm, range, i);
		if (!READ_ONCE(o->range) && !cmpxchg(&o->range, NULL, range)) {
			/* only the same task will read it, at the end */
			o->since = hs_clock();
			return;
		}
	}
	hs_count(hm, HS_INV_UNTIMED);
}

static void time_end(struct hs_mm *hm, const struct mmu_notifier_range *range,
		     struct hs_hist __percpu *hist)
{
	struct hs_open *o;
	u64 ns;
	int i;

	for (i = 0; i < HS_SLOT_TRIES; i++) {
		o = open_slot(hm, range, i);
		if (READ_ONCE(o->range) != range)
			continue;
		ns = hs_clock_ns(o->since, hs_clock());
		/* after the last read of since: the slot is free for others */
		smp_store_release(&o->range, NULL);
		hs_hist_record(hist, ns);
		hs_add(hm, HS_INV_NS, ns);
		return;
	}
}

static int invalidate_start(struct mmu_notifier *mn,
			    const struct mmu_notifier_range *range)
{
	struct hs_mm *hm = container_of(mn, struct hs_mm, mn);

	if (!READ_ONCE(hm->probed))
		hs_observe(hm, range, false);
	if (unlikely(READ_ONCE(hm->truth)))
		hs_truth_begin(hm->mm, range, true);
	hs_peak(hm, HS_INV_ACTIVE_PEAK, atomic_inc_return(&hm->active));
	if (READ_ONCE(hm->hist[HS_HIST_INV]))
		time_start(hm, range);
	return 0;
}

static void invalidate_end(struct mmu_notifier *mn,
			   const struct mmu_notifier_range *range)
{
	struct hs_mm *hm = container_of(mn, struct hs_mm, mn);
	struct hs_hist __percpu *hist = READ_ONCE(hm->hist[HS_HIST_INV]);

	if (hist)
		time_end(hm, range, hist);
	if (unlikely(!list_empty(&hm->records)))
		hs_truth_end(hm, range);
	atomic_dec(&hm->active);
}

/* The last mmput(): after this, exit_mmap() tells nobody what it unmaps. */
static void release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct hs_mm *hm = container_of(mn, struct hs_mm, mn);

	if (READ_ONCE(hm->detaching))
		return;
	hs_truth_release(mm);
	hs_observe_release(hm);
}

const struct mmu_notifier_ops hs_observer_ops = {
	.release = release,
	.invalidate_range_start = invalidate_start,
	.invalidate_range_end = invalidate_end,
};
