// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ground truth says of a run, from the counters of all processes: a count
 * that must stand still has moved, or nobody can say whether it has. Whoever asked
 * for --truth has no answer then, which must not look like a good one.
 */
#include <stdio.h>

#include "../lib/counters.h"
#include "run.h"

static const struct {
	const char *counter, *text;
} zero[] = {
	{ "missed_invalidations", "device entries that the CPU's page table no longer allowed" },
	{ "truth_unclassified", "invalidations that could not be judged" },
};

#define NR_ZERO (sizeof(zero) / sizeof(*zero))

unsigned int truth_judge(struct counters *c, const uint64_t *before)
{
	unsigned int i, broken = 0;
	uint64_t now;

	for (i = 0; i < NR_ZERO; i++) {
		now = c ? counters_value_total(c, zero[i].counter) : UINT64_MAX;
		if (now == UINT64_MAX) {
			broken++;
			fprintf(stderr, "FAILED: %s cannot be read: ground truth has no answer\n",
				zero[i].counter);
			continue;
		}
		now -= before[counters_find(c, zero[i].counter)];
		if (!now)
			continue;
		broken++;
		fprintf(stderr, "FAILED: %s is %llu, must be 0: %s\n",
			zero[i].counter, (unsigned long long)now, zero[i].text);
	}
	return broken;
}
