// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question: what does the device's first touch of present pages cost?
 * Mechanism: hmm_range_fault() under mmu_interval_read_begin() and
 * mmu_interval_read_retry(), then the device's own page table.
 * Timed: the device's access to all pages, the copy from or to them included
 * (test_hmm: memcpy and copy_to_user; its faults take 64 pages at once, 32 on
 * 7.x). device_read_mapped is the same access without a fault: subtract it.
 * Between operations the device loses its mapping by an mprotect() there and
 * back, and the CPU writes once to each page.
 */
#include <errno.h>
#include <sys/mman.h>

#include "op.h"

static int drop_mapping(struct op_run *r)
{
	if (mprotect(r->region.addr, r->region.len, PROT_READ) ||
	    mprotect(r->region.addr, r->region.len, PROT_READ | PROT_WRITE))
		return -errno;
	region_write(&r->region);
	return 0;
}

static int read_all(struct op_run *r)
{
	return r->backend->read(r->dev, r->region.addr, r->buf,
				r->region.pages, &r->work);
}

static int write_all(struct op_run *r)
{
	return r->backend->write(r->dev, r->region.addr, r->buf,
				 r->region.pages, &r->work);
}

BENCH_OP(device_read, "device_read", "device read faults on present pages",
	 CAP_ACCESS, FEWER_PAGES, .prepare = drop_mapping, .before = PAGES_PRESENT,
	 .op = read_all, .after = PAGES_PRESENT, .must_fault = true);

BENCH_OP(device_write, "device_write", "device write faults on present pages",
	 CAP_ACCESS, FEWER_PAGES, .prepare = drop_mapping, .before = PAGES_PRESENT,
	 .op = write_all, .after = PAGES_PRESENT, .must_fault = true);

BENCH_OP(device_read_mapped, "device_read_mapped",
	 "control: device reads of pages that it has mapped", CAP_ACCESS, FEWER_PAGES,
	 .prepare = read_all, .before = PAGES_PRESENT, .op = read_all,
	 .after = PAGES_PRESENT);
