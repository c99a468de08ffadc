// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes pages away under the device: munmap and a fresh mapping at the same
 * place, munmap of the middle of a run, mremap away and back. Every munmap is
 * also the moment at which the pages' sums are compared exactly.
 *
 * Failure: an addition was lost; the device reads a page that is unmapped, or
 * the old page where a new one is mapped. Not a failure: the device is refused.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "arena.h"
#include "stress.h"

#define MOST 32

enum { UNMAP, UNMAP_PART, REMAP };

/* part: only the middle half goes, so the VMA is split in three. */
static void unmap(struct worker *w, struct run r, unsigned int op)
{
	struct arena *a = w->arena;
	uint64_t start, ticks;
	size_t i;

	if (op == UNMAP_PART && r.nr >= 4)
		r = (struct run){ r.first + r.nr / 4, r.nr / 2 };
	if (!run_lock_content(a, r)) {
		worker_refused(w, op, -EAGAIN);
		return;
	}
	for (i = 0; i < r.nr; i++)
		slot_check_sum(w, r.first + i);
	run_begin_replace(a, r);
	start = clock_ticks();
	if (munmap(slot_page(a, r.first), r.nr * BACKEND_PAGE_SIZE))
		worker_fail(w, "munmap of %zu pages: %s", r.nr, strerror(errno));
	ticks = clock_ticks() - start;
	run_hole_is_refused(w, r);
	if (run_renew(w, r))
		worker_done(w, op, ticks);
	run_new_page_is_seen(w, r);
	run_unlock_content(a, r);
}

/* Away to a place of this worker's, and back. CPU accesses wait meanwhile; the
 * pages and so their sums stay. An exclusive entry moves verbatim.
 */
static void remap(struct worker *w, struct run r)
{
	size_t bytes = r.nr * BACKEND_PAGE_SIZE;
	void *home = slot_page(w->arena, r.first), *away = w->priv;
	uint64_t start = clock_ticks();

	if (mremap(home, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, away) != away) {
		/* -EFAULT: the run crosses VMAs, which mremap refuses */
		worker_refused(w, REMAP, -errno);
		return;
	}
	run_hole_is_refused(w, r);
	if (mremap(away, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, home) != home) {
		worker_fail(w, "mremap of %zu pages back home: %s", r.nr,
			    strerror(errno));
		return;
	}
	worker_done(w, REMAP, clock_ticks() - start);
	if (mmap(away, bytes, PROT_NONE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != away)
		worker_fail(w, "the place to mremap to was taken: %s",
			    strerror(errno));
}

static void step(struct worker *w)
{
	struct run r = arena_pick(w, MOST);
	uint64_t dice = rng_below(&w->rng, 3);

	if (!run_lock_rights(w->arena, r)) {
		worker_refused(w, (unsigned int)dice, -EAGAIN);
		return;
	}
	if (dice == REMAP)
		remap(w, r);
	else
		unmap(w, r, (unsigned int)dice);
	run_unlock_rights(w->arena, r);
}

static int setup(struct worker *w)
{
	w->priv = mmap(NULL, MOST * BACKEND_PAGE_SIZE, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return w->priv == MAP_FAILED ? -errno : 0;
}

static const struct stressor munmap_stressor = {
	.name = "munmap",
	.desc = "munmap, partial munmap and mremap, then the same place again",
	.ops = { "munmap", "munmap_part", "mremap" },
	.step = step,
	.setup = setup,
};

STRESSOR(munmap_stressor);
