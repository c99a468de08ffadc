// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device atomics against CPU atomics on the same pages: the workload that
 * device-exclusive entries exist for. A CPU access to an exclusive entry makes
 * the kernel restore it (do_swap_page -> remove_device_exclusive_entry).
 *
 * Failure: an addition is lost or seen twice, or the device reads a page that
 * is not the one the CPU has. Not a failure: the device is refused (-EBUSY: a
 * folio was locked; a page taken back before the device used it).
 */
#include <errno.h>

#include "../lib/pagemap.h"
#include "arena.h"
#include "stress.h"

enum {
	CPU_ATOMIC,	/* on whatever entry is there */
	CPU_RESTORE,	/* on an entry that pagemap said is exclusive */
	DEVICE_FAULT,	/* one page made exclusive */
	DEVICE_FAULT_RUN, /* up to 64 pages in one call */
	DEVICE_ATOMIC,
	DEVICE_READ,
};

static void cpu_add(struct worker *w, size_t i, bool was_exclusive)
{
	uint64_t ticks = slot_cpu_add(w, i);

	worker_done(w, was_exclusive ? CPU_RESTORE : CPU_ATOMIC, ticks);
}

static void mark(struct worker *w, struct run r, unsigned int op)
{
	uint64_t start = clock_ticks();
	int ret = w->dev->ops->make_exclusive(w->dev, slot_page(w->arena, r.first),
					      r.nr, &w->stats->work);

	if (ret)
		worker_refused(w, op, ret);
	else
		worker_done(w, op, clock_ticks() - start);
}

/* The device takes a page and the CPU wants it back at once. */
static void ping_pong(struct worker *w)
{
	struct run r = arena_pick(w, 1);
	enum page_state state = PAGE_NONE;

	mark(w, r, DEVICE_FAULT);
	pagemap_read(slot_page(w->arena, r.first), 1, &state);
	cpu_add(w, r.first, state == PAGE_EXCLUSIVE);
}

static void device_add(struct worker *w)
{
	struct run r = arena_pick(w, 1);
	uint64_t start = clock_ticks();
	int ret = slot_device_add(w, r.first);

	if (ret)
		worker_refused(w, DEVICE_ATOMIC, ret);
	else
		worker_done(w, DEVICE_ATOMIC, clock_ticks() - start);
}

static void device_read(struct worker *w)
{
	struct run r = arena_pick(w, 1);
	struct slot *s = &w->arena->slot[r.first];
	uint64_t page[BACKEND_PAGE_SIZE / 8], done, start;
	int ret;

	pthread_rwlock_rdlock(&s->content);
	done = __atomic_load_n(&s->done, __ATOMIC_SEQ_CST);
	start = clock_ticks();
	ret = w->dev->ops->read(w->dev, slot_page(w->arena, r.first), page, 1,
				&w->stats->work);
	if (!ret) {
		worker_done(w, DEVICE_READ, clock_ticks() - start);
		slot_check(w, r.first, page, done, "device");
	} else {
		worker_refused(w, DEVICE_READ, ret);
	}
	pthread_rwlock_unlock(&s->content);
}

static void step(struct worker *w)
{
	uint64_t dice = rng_below(&w->rng, 100);

	if (dice < 30)
		cpu_add(w, arena_pick(w, 1).first, false);
	else if (dice < 60)
		ping_pong(w);
	else if (dice < 65)
		mark(w, arena_pick(w, 64), DEVICE_FAULT_RUN);
	else if (dice < 85)
		device_add(w);
	else
		device_read(w);
}

static const struct stressor atomics = {
	.name = "atomics",
	.desc = "device atomics against CPU atomics on the same pages",
	.needs = CAP_EXCLUSIVE | CAP_ATOMIC | CAP_ACCESS,
	.ops = { "cpu_atomic", "cpu_restore", "device_fault",
		 "device_fault_run", "device_atomic", "device_read" },
	.step = step,
};

STRESSOR(atomics);
