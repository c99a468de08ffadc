/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How often a device fault has to be tried: a chain is the attempts of one fault that
 * were thrown away (the sequence had moved, the page was contended) or were in vain
 * (the page was gone again before the device used it), until the device used the
 * page or the time was over.
 */
#ifndef HMMSTORM_BENCH_CHAINS_H
#define HMMSTORM_BENCH_CHAINS_H

#include <stdint.h>

#include "../lib/hist.h"
#include "../lib/mirror.h"
#include "cbench.h"

struct record;
struct record_id;

#define CHAINS_MARKS 9 /* 0, 1, 2, 3, 5, 10, 20, 50, 100 */

struct chains {
	struct hist length; /* of faults that came to an end; exact below 128 */
	struct hist service; /* of those, ns by the device's own clock */
	uint64_t faults, retries, taken_back;
	uint64_t busy; /* -EBUSY: no end within timeout_ms */
	uint64_t longest; /* of those that came to an end */
	struct {
		uint64_t reached; /* faults whose first k attempts were in vain */
		uint64_t came; /* of these, came to an end at last */
		uint64_t next; /* ... with the very next attempt */
	} after[CHAINS_MARKS];
};

void chains_init(struct chains *c);
/* A completion; one that took no fault is none. */
void chains_add(struct chains *c, const struct hmmstorm_done *done);
void chains_merge(struct chains *to, const struct chains *from);
/* For the console and the records: retries a fault, the longest chain, timeouts. */
void chains_report(const struct chains *c, struct cbench_state *s);
/* The distribution, and for each mark k that any fault reached:
 *   after_K_n     faults whose first K attempts were in vain
 *   after_K_ok    share that came to an end, after_K_ok_low and _high its 95% bounds
 *   after_K_stuck the most that the share of the others can be, where there was none
 *                 (one-sided 95%, about 3 / n)
 *   after_K_next  share whose next attempt succeeded, with bounds
 */
void chains_put(const struct chains *c, struct record *r, const struct record_id *id);

#endif
