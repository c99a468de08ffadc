/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was foretold of the calls of E1 before this suite measured them: by a
 * throw-away probe (an interval notifier over the address space, events clipped to
 * 16 pages), or from the source alone.
 */
#ifndef HMMSTORM_CALLS_PREDICTED_H
#define HMMSTORM_CALLS_PREDICTED_H

#include <stdbool.h>
#include <stddef.h>

enum predicted_truth { PREDICTED_EITHER, PREDICTED_FALSE, PREDICTED_TRUE };

struct prediction {
	const char *name; /* of the benchmark, without "E1." */
	/* "clear 1, protection_vma 1" in the order of predicted_events; "none"; "clear *":
	 * any number, and whatever else there is
	 */
	const char *says;
	enum predicted_truth truth;
	bool by_source;
	const char *before; /* what kernels before release until do; NULL: the same */
	unsigned int until; /* major * 100 + minor */
	const char *why; /* ... it was wrong; NULL: it was not, or nobody knows */
};

extern const struct prediction predictions[];
extern const size_t predictions_nr;
/* Types of events, as the counters spell them. */
extern const char *const predicted_events[];
extern const size_t predicted_nr_events;

/* Of a kernel line: "6.12", "stock-7.3". */
const char *predicted_says(const struct prediction *p, const char *line);
bool predicted_match(const char *says, const char *events);

#endif
