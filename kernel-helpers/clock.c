// SPDX-License-Identifier: GPL-2.0-only
/*
 * Chooses the clock of the counting path: the TSC unless the kernel has found it
 * unstable (the rule of native_sched_clock()); then, and on other machines,
 * ktime_get().
 */
#include <linux/cpufeature.h>
#include <linux/mm_types.h>

#include "clock.h"

u32 hs_clock_mult __read_mostly;

#ifdef CONFIG_X86
#include <asm/tsc.h>

/* Slower than this, the multiplier would not fit; no such TSC exists. */
#define SLOWEST_KHZ 65000

void hs_clock_init(void)
{
	if (!boot_cpu_has(X86_FEATURE_TSC) || check_tsc_unstable() ||
	    tsc_khz < SLOWEST_KHZ)
		return;
	hs_clock_mult = div_u64(1000000ULL << HS_CLOCK_SHIFT, tsc_khz);
}
#else
void hs_clock_init(void)
{
}
#endif
