/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that wants one page again and again: a mirror context of its own, with one
 * engine, by the fault protocol of the backend that the program runs on.
 *
 * Each of its atomics is to be a true fault. Where nobody else takes the page away, a
 * restore goes before each (HMMSTORM_OP_RESTORE: the device's entry is dropped, then
 * the CPU's is put back by a fault as any driver can make it; a pin is given back).
 * Where a CPU or another device takes the page, atomics follow each other, and one that
 * still finds it is a hit, no fault.
 */
#ifndef HMMSTORM_BENCH_WANTER_H
#define HMMSTORM_BENCH_WANTER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "../lib/mirror.h"
#include "chains.h"
#include "pace.h"

struct wanter {
	char *page;
	bool gives_back; /* a restore before each atomic */
	bool touched; /* the CPU writes to the page before each batch */
	unsigned int worker; /* whose CPU: the engine and its program */
	/* below: of wanter_open() */
	struct mirror *m;
	unsigned int at_once, most; /* atomics a batch: see adapt() */
	struct chains *chains; /* the caller's */
	uint64_t added; /* atomic: additions to the page's first word */
	pthread_t thread;
	bool end;
	int error;
};

/* How long a fault may take, in ms: HMM_RANGE_DEFAULT_TIMEOUT, 1,000; in deterministic
 * mode, where a second takes minutes, 20.
 */
unsigned int wanter_timeout(void);
/* flags: HMMSTORM_MIRROR_*. -EOPNOTSUPP: the backend is no mirror. */
int wanter_open(struct wanter *w, unsigned int flags, const struct hmmstorm_policy *p);
void wanter_close(struct wanter *w);
/* A batch, start to end. A fault that timed out is no error. */
int wanter_turn(struct wanter *w);
/* One fault that was to begin at a time; latency: from then to its end, service: from
 * the submission to its end, also of one that timed out.
 */
int wanter_paced(struct wanter *w, struct pace *p, struct hist *latency,
		 struct hist *service);
/* Turns in a thread of its own. */
int wanter_begin(struct wanter *w);
uint64_t wanter_added(const struct wanter *w);
int wanter_end(struct wanter *w);

#endif
