/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The contract of a stressor: one file in stress/, at most 120 lines, that
 * ends in STRESSOR(name). The linker finds it; nothing else is edited.
 *
 * All stressors of a run share one arena (arena.h) an address space and one
 * device context, and may be combined at will. A step is one operation on a
 * few slots; it checks what it sees, and calls worker_fail() when an invariant
 * is broken. What the kernel is allowed to refuse (-EBUSY, a page taken back)
 * is counted, not failed.
 */
#ifndef HMMSTORM_STRESS_H
#define HMMSTORM_STRESS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "../lib/backend.h"
#include "../lib/clock.h"
#include "../lib/hist.h"
#include "../lib/rng.h"

#define MAX_OPS 8
#define MAX_STRESSORS 32

struct arena;
struct worker;

struct stressor {
	const char *name;
	const char *desc;
	unsigned int needs;		/* enum backend_cap bits */
	unsigned int needs_in_company;	/* ... beside other stressors, also */
	const char *ops[MAX_OPS + 1];	/* names of the operations, NULL last */
	/* One operation, or none if a lock was busy. Required. */
	void (*step)(struct worker *w);
	/* Per worker; w->priv is theirs. 0 or -errno. Optional, paired. */
	int (*setup)(struct worker *w);
	void (*teardown)(struct worker *w);
};

#define STRESSOR(s) \
	static const struct stressor *const stressor_entry_##s \
	__attribute__((used, section("hmmstorm_stressors"))) = &(s)

/* What one worker did; lies in memory shared with the coordinator. */
struct worker_stats {
	uint64_t steps;			/* also the sign of life */
	uint64_t active_ns;		/* from its first step to its last */
	uint64_t done[MAX_OPS], refused[MAX_OPS];
	uint64_t last_errno[MAX_OPS];	/* of the last refusal */
	uint64_t segv_retries;		/* CPU accesses that met a hole or a
					 * protection of ours and waited
					 */
	struct device_work work;
	struct hist latency[MAX_OPS];	/* in clock ticks */
	char failure[400];		/* the invariant that broke; "" none */
};

struct worker {
	const struct stressor *stressor;
	unsigned int index;		/* among the workers of this stressor */
	unsigned int place;		/* among all workers: where it is pinned */
	unsigned int process;
	struct arena *arena;
	struct device *dev;
	struct rng rng;
	struct worker_stats *stats;
	volatile sig_atomic_t *stop;
	void *priv;
};

/* The operation `op` was done, in `ticks` of lib/clock.h. */
void worker_done(struct worker *w, unsigned int op, uint64_t ticks);
/* The kernel or the device refused it with err (negative), as it may. */
void worker_refused(struct worker *w, unsigned int op, int err);
/* An invariant is broken: ends the whole run, exit status 1. */
__attribute__((format(printf, 2, 3)))
void worker_fail(struct worker *w, const char *fmt, ...);

static inline bool worker_can(const struct worker *w, unsigned int caps)
{
	return (w->dev->ops->caps & caps) == caps;
}

#endif
