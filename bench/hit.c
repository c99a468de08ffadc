// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E7): is a second atomic on the same page free of faults while the entry
 * stands, and what does it cost against one that has to fault?
 * Timed: a batch of device additions, submitted at once and waited for, to pages in
 * turn: hit, all pages are the device's before (a device fault is an error);
 * refault, the CPU has written to each page just before, so that each is marked
 * anew. The ring, its wake-up and the completions are in both.
 */
#include <errno.h>
#include <stdlib.h>

#include "op.h"

static int begin(struct op_run *r)
{
	size_t n = (size_t)op_arg(r, "batch", 1), i;
	struct device_atomic *a = calloc(n, sizeof(*a));

	for (i = 0; a && i < n; i++)
		a[i] = (struct device_atomic){
			.addr = (uint64_t *)(r->region.addr +
					     i % r->region.pages * BACKEND_PAGE_SIZE),
			.operand = 1,
			.op = DEVICE_ADD,
		};
	r->own = a;
	return a ? 0 : -ENOMEM;
}

static void end(struct op_run *r)
{
	free(r->own);
}

static int do_batch(struct op_run *r)
{
	return r->backend->batch(r->dev, r->own, (size_t)op_arg(r, "batch", 1), &r->work);
}

static int do_hits(struct op_run *r)
{
	uint64_t faults = r->work.faults;
	int ret = do_batch(r);

	return ret ? ret : r->work.faults == faults ? 0 : -EAGAIN;
}

static int touch(struct op_run *r)
{
	region_write(&r->region);
	return 0;
}

#define BATCHES AXES(CBENCH_LIST("pages", 1, 64), CBENCH_RANGE("batch", 64, 1024, 4))

BENCH_AXES(hit, "E7.hit", "device atomics on pages that the device holds",
	   CAP_EXCLUSIVE | CAP_BATCH, BATCHES, .begin = begin, .end = end,
	   .before = PAGES_EXCLUSIVE, .op = do_hits, .after = PAGES_EXCLUSIVE);

BENCH_AXES(refault, "E7.refault", "device atomics on pages that the CPU has taken back",
	   CAP_EXCLUSIVE | CAP_BATCH, BATCHES, .begin = begin, .end = end,
	   .prepare = touch, .before = PAGES_PRESENT, .op = do_batch,
	   .after = PAGES_EXCLUSIVE, .must_fault = true, .taken_back = true);
