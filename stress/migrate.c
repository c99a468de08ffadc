// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moves pages to device-private memory and back, by the device and by CPU
 * access (do_swap_page -> migrate_to_ram), while others mark them exclusive.
 * migrate_vma_collect_pmd() leaves exclusive entries alone.
 *
 * Failure: contents differ after the way there and back. Not a failure: pages
 * that did not move (best effort).
 */
#include "arena.h"
#include "stress.h"

enum { TO_DEVICE, TO_SYSTEM, CPU_FAULT };

static void move(struct worker *w, struct run r, unsigned int op)
{
	const struct backend_ops *ops = w->dev->ops;
	uint64_t start = clock_ticks();
	int ret;

	if (op == TO_DEVICE)
		ret = ops->migrate_to_device(w->dev, slot_page(w->arena, r.first),
					     r.nr, &w->stats->work);
	else
		ret = ops->migrate_to_system(w->dev, slot_page(w->arena, r.first),
					     r.nr, &w->stats->work);
	if (ret)
		worker_refused(w, op, ret);
	else
		worker_done(w, op, clock_ticks() - start);
}

static void step(struct worker *w)
{
	struct run r = arena_pick(w, 16);
	size_t i;

	move(w, r, TO_DEVICE);
	if (rng_below(&w->rng, 2)) {
		move(w, r, TO_SYSTEM);
		return;
	}
	for (i = 0; i < r.nr; i++) {
		pthread_rwlock_t *content = &w->arena->slot[r.first + i].content;
		uint64_t done;

		worker_done(w, CPU_FAULT, slot_cpu_add(w, r.first + i));
		pthread_rwlock_rdlock(content);
		done = __atomic_load_n(&w->arena->slot[r.first + i].done,
				       __ATOMIC_SEQ_CST);
		slot_check(w, r.first + i, slot_page(w->arena, r.first + i),
			   done, "CPU, after migration,");
		pthread_rwlock_unlock(content);
	}
}

static const struct stressor migrate = {
	.name = "migrate",
	.desc = "to device memory and back, by the device and by CPU faults",
	.needs = CAP_MIGRATE,
	.needs_in_company = CAP_ACCESS_MIGRATED,
	.ops = { "migrate_to_device", "migrate_to_system", "cpu_fault" },
	.step = step,
};

STRESSOR(migrate);
