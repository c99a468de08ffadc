// SPDX-License-Identifier: GPL-2.0-only
/*
 * The canary: breaks an invariant on purpose, so that the tests can prove that
 * a broken invariant ends a run with status 1, the seed and the command to run
 * it again. It takes one addition away behind the account's back, as a kernel
 * would that restored a stale page. Never part of a default run.
 */
#include "arena.h"
#include "stress.h"

enum { LOSE };

static void step(struct worker *w)
{
	struct run r = arena_pick(w, 1);
	struct slot *s = &w->arena->slot[r.first];

	slot_cpu_add(w, r.first);
	pthread_rwlock_rdlock(&s->content);
	if (w->stats->steps == 50)
		__atomic_fetch_sub(slot_page(w->arena, r.first), 1,
				   __ATOMIC_SEQ_CST);
	pthread_rwlock_unlock(&s->content);
	worker_done(w, LOSE, 0);
}

static const struct stressor canary = {
	.name = "canary",
	.desc = "for tests: loses one update on purpose, so the run must fail",
	.ops = { "canary" },
	.step = step,
};

STRESSOR(canary);
