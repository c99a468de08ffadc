/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Delays at the named windows of the mirror device; uapi: enum hmmstorm_window.
 */
#ifndef HS_DELAY_H
#define HS_DELAY_H

#include <linux/jump_label_ratelimit.h>
#include <linux/types.h>

#include "uapi/hmmstorm.h"

extern struct static_key_false_deferred hs_delays_on;
void hs_delay_slow(enum hmmstorm_window window, bool may_sleep);

/* One instruction while nobody has asked for any delay. */
static __always_inline void hs_delay(enum hmmstorm_window window, bool may_sleep)
{
	if (static_branch_unlikely(&hs_delays_on.key))
		hs_delay_slow(window, may_sleep);
}

void hs_delay_counts(u64 *done, u64 *degraded);

/* HMMSTORM_IOC_DELAY; owner: the open file, by its address. */
long hs_delay_set(const void *owner, const void __user *arg);
/* The file closes: its delays end, and no pause of them is under way. */
void hs_delay_drop(const void *owner);

#endif /* HS_DELAY_H */
