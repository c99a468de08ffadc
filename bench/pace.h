/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A schedule: something is to begin at a fixed rate. Who is late begins at once and
 * leaves no turn out, so that what waited behind a slow one is seen in the latency
 * from the intended start (else it would be left out: "coordinated omission"). How
 * late the starts were is kept.
 */
#ifndef HMMSTORM_BENCH_PACE_H
#define HMMSTORM_BENCH_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/clock.h"
#include "../lib/rng.h"

struct pace {
	double step; /* ns; 0: no schedule, every start is now */
	uint64_t begin; /* ns of CLOCK_MONOTONIC, of turn 0 */
	uint64_t wake; /* ns that a sleep may last too long */
	uint64_t turns, late, late_ns, late_max;
	bool scattered;
	struct rng rng;
};

/* rate: turns a second; 0: as fast as it goes. */
void pace_begin(struct pace *p, double rate);
/* From now on each turn begins anywhere in its step, by a seed: two schedules whose
 * steps divide each other would meet in the same phase each time, or never.
 */
void pace_scatter(struct pace *p, uint64_t seed);
/* Waits for the next turn; returns when it was to begin, which is past if the caller
 * was late. Sleeps where there is time for it, spins the rest.
 */
uint64_t pace_wait(struct pace *p);

/* In deterministic mode one thread emulates all CPUs; at a PAUSE it goes on with the
 * next. Without, a CPU would run on until the next timer.
 */
static inline void pace_yield(void)
{
	if (clock_counts_instructions)
		__builtin_ia32_pause();
}

#endif
