/* SPDX-License-Identifier: GPL-2.0-only */
/* Interval notifiers that only count, of an open file (intervals.c). */
#ifndef HS_INTERVALS_H
#define HS_INTERVALS_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>

/* What a file has registered. */
struct hs_intervals {
	struct mutex mutex; /* chunks and nr */
	spinlock_t lock; /* hits, and the notifiers' sequences */
	struct list_head chunks; /* as they were added */
	u32 nr; /* notifiers */
	u64 hits; /* invalidations they were told, all together */
};

void hs_intervals_init(struct hs_intervals *set);
long hs_intervals_set(struct hs_intervals *set, void __user *arg);
void hs_intervals_close(struct hs_intervals *set);

#endif /* HS_INTERVALS_H */
