/* SPDX-License-Identifier: GPL-2.0-only */
/* Interval notifiers that only count, of an open file (intervals.c). */
#ifndef HS_INTERVALS_H
#define HS_INTERVALS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/**
 * struct hs_intervals - what a file has registered
 * @mutex: of @chunks and @nr
 * @lock: of @hits, and of the notifiers' sequences
 * @chunks: as they were added
 * @nr: how many notifiers
 * @hits: invalidations they were told, all together
 */
struct hs_intervals {
	struct mutex mutex;
	spinlock_t lock;
	struct list_head chunks;
	u32 nr;
	u64 hits;
};

void hs_intervals_init(struct hs_intervals *set);
long hs_intervals_set(struct hs_intervals *set, void __user *arg);
void hs_intervals_close(struct hs_intervals *set);

#endif /* HS_INTERVALS_H */
