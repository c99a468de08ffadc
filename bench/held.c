// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E13): how does cost grow with the exclusive pages that a process has?
 * Timed: mark, so many pages marked in one call; and, while a device holds so many
 * others, what has nothing to do with them: an invalidation of one page that is not
 * there, a CPU write that restores one page, a page marked.
 * Sizes for which there is no memory are skipped (a million pages: 5 GiB).
 */
#include <errno.h>
#include <sys/mman.h>

#include "op.h"

#define HELD CBENCH_LIST("pages", 1, 16, 256, 4096, 65536, 1048576)

/* One page more, beside the region: own. */
static int begin(struct op_run *r)
{
	r->own = mmap(NULL, BACKEND_PAGE_SIZE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return r->own == MAP_FAILED ? -errno : 0;
}

static void end(struct op_run *r)
{
	if (r->own != MAP_FAILED)
		munmap(r->own, BACKEND_PAGE_SIZE);
}

static int drop_own(struct op_run *r)
{
	return madvise(r->own, BACKEND_PAGE_SIZE, MADV_DONTNEED) ? -errno : 0;
}

static int write_own(struct op_run *r)
{
	*(volatile char *)r->own = 1;
	return 0;
}

static int mark_own(struct op_run *r)
{
	return r->backend->make_exclusive(r->dev, r->own, 1, &r->work);
}

BENCH_OP(mark_many, "E13.mark", "mark so many pages in one call", CAP_EXCLUSIVE, HELD,
	 .before = PAGES_PRESENT, .op = op_mark, .after = PAGES_EXCLUSIVE);
BENCH_OP(invalidate_held, "E13.invalidate_held",
	 "an invalidation elsewhere while a device holds so many pages", CAP_EXCLUSIVE,
	 HELD, .begin = begin, .end = end, .before = PAGES_EXCLUSIVE, .op = drop_own,
	 .after = PAGES_EXCLUSIVE);
BENCH_OP(restore_held, "E13.restore_held",
	 "a CPU write that restores a page while a device holds so many others",
	 CAP_EXCLUSIVE, HELD, .begin = begin, .end = end, .prepare = mark_own,
	 .before = PAGES_EXCLUSIVE, .op = write_own, .after = PAGES_EXCLUSIVE);
BENCH_OP(mark_held, "E13.mark_held",
	 "mark a page while a device holds so many others", CAP_EXCLUSIVE, HELD,
	 .begin = begin, .end = end, .prepare = write_own, .before = PAGES_EXCLUSIVE,
	 .op = mark_own, .after = PAGES_EXCLUSIVE);
