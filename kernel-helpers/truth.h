/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ground truth: page-table entries before and after each invalidation.
 */
#ifndef HS_TRUTH_H
#define HS_TRUTH_H

#include <linux/jump_label_ratelimit.h>

#include "hmmstorm.h"

enum hs_truth_class {
	HS_FP0,
	HS_FP1,
	HS_FP2,
	HS_FP3,
	HS_TP,
	HS_TRUTH_CLASSES,
};

/*
 * An invalidation of mm begins: called by a mirror context before it drops
 * anything, and by the observer, whose callback the kernel runs later. The first
 * call makes the record, the others find it. No sleep.
 */
void hs_truth_begin(const struct mm_struct *mm,
		    const struct mmu_notifier_range *range, bool observer);
/* It has ended: compare, classify, count. From the observer. */
void hs_truth_end(struct hs_mm *hm, const struct mmu_notifier_range *range);
/* The address space ends, which has no end callback: classified at once. */
void hs_truth_release(const struct mm_struct *mm);

/* Somebody has asked for ground truth. */
extern struct static_key_false_deferred hs_truth_on;

/* The dual: what a device maps against what the CPU's table says, under the
 * device's lock. False: an invalidation was missed, and has been counted.
 */
bool hs_truth_check(struct mm_struct *mm, unsigned long addr, unsigned long pfn,
		    enum hmmstorm_rights rights);

/* HMMSTORM_IOC_TRUTH; hm may be NULL. */
long hs_truth_set(struct hs_mm *hm, const void __user *arg);
/* Nobody finds hm any more. */
void hs_truth_free(struct hs_mm *hm);

#endif /* HS_TRUTH_H */
