/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The clock of all latencies. In deterministic mode the guest's TSC counts
 * executed instructions (QEMU -icount shift=0), so ticks are instructions;
 * elsewhere ticks are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef HMMSTORM_CLOCK_H
#define HMMSTORM_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

extern bool clock_counts_instructions;

/* Reads HMMSTORM_MODE; call once at start. */
void clock_init(void);
const char *clock_unit(void);	/* "instructions" or "ns" */
/* Smallest of many back-to-back readings: the clock's own cost, in ticks. */
uint64_t clock_floor(void);

static inline uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000ULL + (uint64_t)t.tv_nsec;
}

static inline uint64_t clock_ticks(void)
{
#ifdef __x86_64__
	if (clock_counts_instructions)
		return __builtin_ia32_rdtsc();
#endif
	return clock_ns();
}

#endif
