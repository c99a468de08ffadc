/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ground truth: page-table entries before and after each invalidation.
 */
#ifndef HS_TRUTH_H
#define HS_TRUTH_H

#include "hmmstorm.h"

/*
 * An invalidation of mm begins. Whoever drops a device's entries calls this
 * first (the mirror's interval callback runs before the observer's callback);
 * the observer calls it too: the first call for a range counts, later ones find
 * its record. Any context that a notifier callback may run in; no sleep.
 * For MMU_NOTIFY_RELEASE nobody will call the end: classified at once.
 */
void hs_truth_begin(const struct mm_struct *mm,
		    const struct mmu_notifier_range *range);
/* It has ended: compare, classify, count. From the observer's end callback. */
void hs_truth_end(struct hs_mm *hm, const struct mmu_notifier_range *range);

/* HMMSTORM_IOC_TRUTH */
long hs_truth_set(struct hs_mm *hm, const void __user *arg);
/* Frees what hm still keeps; nobody finds hm any more. */
void hs_truth_free(struct hs_mm *hm);

#endif /* HS_TRUTH_H */
