// SPDX-License-Identifier: GPL-2.0-only
/*
 * mprotect storms over pages the device uses: to the same protection (which
 * mprotect_fixup() returns from before any notifier), RW to R and back, and
 * RW to none and back, on runs that split and merge VMAs.
 *
 * Failure: the device writes while the page is PROT_READ, or reads while it is
 * PROT_NONE; mprotect itself fails. Not a failure: CPU accesses wait (SIGSEGV).
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "stress.h"

enum { SAME, FLIP, NONE };

static bool protect(struct worker *w, struct run r, int prot)
{
	if (!mprotect(slot_page(w->arena, r.first), r.nr * BACKEND_PAGE_SIZE,
		      prot))
		return true;
	/* -ENOMEM: the process is at its limit of mappings */
	worker_fail(w, "mprotect of %zu pages to %d: %s", r.nr, prot,
		    strerror(errno));
	return false;
}

/* The first page of the run: the device must be refused, whatever it held. */
static void try_device(struct worker *w, struct run r, int prot)
{
	static const uint64_t poison[BACKEND_PAGE_SIZE / 8] = { 0xbad };
	uint64_t page[BACKEND_PAGE_SIZE / 8];
	void *at = slot_page(w->arena, r.first);

	if (!worker_can(w, CAP_ACCESS))
		return;
	if (!w->dev->ops->write(w->dev, at, poison, 1, &w->stats->work))
		worker_fail(w, "device wrote slot %zu while it was %s",
			    r.first, prot ? "PROT_READ" : "PROT_NONE");
	if (prot == PROT_NONE &&
	    !w->dev->ops->read(w->dev, at, page, 1, &w->stats->work))
		worker_fail(w, "device read slot %zu while it was PROT_NONE",
			    r.first);
}

static void same(struct worker *w, struct run r)
{
	uint64_t start = clock_ticks();

	if (protect(w, r, PROT_READ | PROT_WRITE))
		worker_done(w, SAME, clock_ticks() - start);
}

static void away_and_back(struct worker *w, struct run r, int prot,
			  unsigned int op)
{
	uint64_t start = clock_ticks(), ticks;

	if (!protect(w, r, prot))
		return;
	ticks = clock_ticks() - start;
	if (!rng_below(&w->rng, 4))
		try_device(w, r, prot);
	start = clock_ticks();
	if (protect(w, r, PROT_READ | PROT_WRITE))
		worker_done(w, op, ticks + clock_ticks() - start);
}

static void step(struct worker *w)
{
	struct run r = arena_pick(w, 64);
	uint64_t dice = rng_below(&w->rng, 3);

	/* so that nobody's "must be refused" window is ended by us */
	if (!run_lock_rights(w->arena, r)) {
		worker_refused(w, (unsigned int)dice, -EAGAIN);
		return;
	}
	if (dice == SAME)
		same(w, r);
	else if (dice == FLIP)
		away_and_back(w, r, PROT_READ, FLIP);
	else
		away_and_back(w, r, PROT_NONE, NONE);
	run_unlock_rights(w->arena, r);
}

static const struct stressor mprotect_stressor = {
	.name = "mprotect",
	.desc = "protection changes: to the same, RW-R-RW, RW-none-RW",
	.ops = { "mprotect_same", "mprotect_flip", "mprotect_none" },
	.step = step,
};

STRESSOR(mprotect_stressor);
