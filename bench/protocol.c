// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E9): i915 pins what the device uses and keeps the CPU's entry; what does
 * that cost beside the two protocols that mark pages exclusive? Run it on backends
 * mirror, mirror-range and mirror-pin.
 * Timed: fault, the device gets present pages; touch, the CPU writes to pages that
 * the device holds (pinned ones it has still); discard, MADV_DONTNEED over them.
 * Atomics on pages that are held: E7.hit. Retries under a storm: E2.
 */
#include <errno.h>
#include <sys/mman.h>

#include "op.h"

/* The device has no page and the CPU has all. */
static int fresh(struct op_run *r)
{
	return region_remap(&r->region);
}

static int hold(struct op_run *r)
{
	int ret = fresh(r);

	return ret ? ret : op_mark(r);
}

static int touch(struct op_run *r)
{
	region_write(&r->region);
	return 0;
}

static int discard(struct op_run *r)
{
	return madvise(r->region.addr, r->region.len, MADV_DONTNEED) ? -errno : 0;
}

BENCH_OP(protocol_fault, "E9.fault", "the device gets present pages, by the backend's protocol",
	 CAP_EXCLUSIVE, PAGES, .prepare = fresh, .before = PAGES_PRESENT, .op = op_mark,
	 .must_fault = true);
BENCH_OP(protocol_touch, "E9.touch", "the CPU writes to pages that the device holds",
	 CAP_EXCLUSIVE, PAGES, .prepare = hold, .op = touch, .after = PAGES_PRESENT);
BENCH_OP(protocol_discard, "E9.discard", "MADV_DONTNEED over pages that the device holds",
	 CAP_EXCLUSIVE, PAGES, .prepare = hold, .op = discard, .after = PAGES_NONE);
