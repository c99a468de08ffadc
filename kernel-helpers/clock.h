/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock of the counting path. Where the TSC is what the kernel itself keeps
 * time with, reading it costs a few instructions against ktime_get()'s forty,
 * twice an invalidation. It is not serialising: error of tens of cycles.
 */
#ifndef HS_CLOCK_H
#define HS_CLOCK_H

#include <linux/math64.h>
#include <linux/timekeeping.h>
#include <linux/timex.h>

/* ns a cycle, scaled by 2^HS_CLOCK_SHIFT; 0: use ktime_get(). */
extern u32 hs_clock_mult;

#define HS_CLOCK_SHIFT 28

static __always_inline u64 hs_clock(void)
{
	return hs_clock_mult ? get_cycles() : ktime_get_ns();
}

/* From an earlier reading to a later one, in ns. A task that changed CPUs may
 * see a difference just below zero.
 */
static __always_inline u64 hs_clock_ns(u64 from, u64 to)
{
	u64 d = to - from;

	if ((s64)d < 0)
		return 0;
	return hs_clock_mult ? mul_u64_u32_shr(d, hs_clock_mult, HS_CLOCK_SHIFT) :
			       d;
}

void hs_clock_init(void);

#endif /* HS_CLOCK_H */
