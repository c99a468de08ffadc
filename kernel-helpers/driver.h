/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whose interval notifier it is: other drivers' retries, told apart.
 */
#ifndef HS_DRIVER_H
#define HS_DRIVER_H

#include "hmmstorm.h"

enum hs_driver_event {
	HS_DRIVER_ATTEMPTS, /* mmu_interval_read_begin(): an attempt begins */
	HS_DRIVER_BUSY, /* hmm_range_fault() was -EBUSY: it was thrown away */
	HS_DRIVER_EVENTS,
};

/* Any context with preemption off; nothing if it is nobody's that we know. */
void hs_driver_count(struct hs_mm *hm, const struct mmu_interval_notifier *sub,
		     enum hs_driver_event event);
/* A module goes: its functions may be another's soon. */
void hs_driver_forget(void);

#endif /* HS_DRIVER_H */
