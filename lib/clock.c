// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "clock.h"

bool clock_counts_instructions;

void clock_init(void)
{
	const char *mode = getenv("HMMSTORM_MODE");

	clock_counts_instructions = mode && !strcmp(mode, "vm-deterministic");
}

const char *clock_unit(void)
{
	return clock_counts_instructions ? "instructions" : "ns";
}

uint64_t clock_floor(void)
{
	uint64_t best = UINT64_MAX;
	int i;

	for (i = 0; i < 1000; i++) {
		uint64_t a = clock_ticks(), d = clock_ticks() - a;

		if (d < best)
			best = d;
	}
	return best;
}
