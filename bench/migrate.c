// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question: what does it cost to move pages into device memory and back?
 * Mechanism: migrate_vma_setup(), _pages(), _finalize(); MMU_NOTIFY_MIGRATE
 * with the device as owner. Back either at the driver's wish or by a CPU fault
 * on a device-private page (dev_pagemap_ops->migrate_to_ram, a page a fault).
 * Timed: the device's call; for migrate_to_ram one CPU read of each page.
 * test_hmm copies the pages out once more after it moved them to the device.
 * A move of fewer pages than asked for is made again and counted.
 */
#include <errno.h>

#include "op.h"

/* -ENOENT is test_hmm's: a page was not there when it was read back. */
static int all_of(struct op_run *r, int ret, uint64_t before)
{
	if (ret == -ENOENT ||
	    (!ret && r->work.pages - before < r->region.pages))
		return -EAGAIN;
	return ret;
}

static int to_device(struct op_run *r)
{
	uint64_t before = r->work.pages;

	return all_of(r, r->backend->migrate_to_device(r->dev, r->region.addr,
						       r->region.pages,
						       &r->work), before);
}

static int to_system(struct op_run *r)
{
	uint64_t before = r->work.pages;

	return all_of(r, r->backend->migrate_to_system(r->dev, r->region.addr,
						       r->region.pages,
						       &r->work), before);
}

/* The first time nothing is there to come back. */
static int be_in_system(struct op_run *r)
{
	to_system(r);
	region_write(&r->region);
	return 0;
}

static int be_in_device(struct op_run *r)
{
	int ret = -EAGAIN, i;

	for (i = 0; ret == -EAGAIN && i < 10; i++) {
		be_in_system(r);
		ret = to_device(r);
	}
	return ret;
}

static int cpu_read(struct op_run *r)
{
	region_read(&r->region);
	return 0;
}

BENCH_OP(migrate_to_device, "migrate_to_device",
	 "move present pages into device memory", CAP_MIGRATE, FEWER_PAGES,
	 .prepare = be_in_system, .before = PAGES_PRESENT, .op = to_device);

BENCH_OP(migrate_to_system, "migrate_to_system",
	 "move pages from device memory back, at the driver's wish",
	 CAP_MIGRATE, FEWER_PAGES, .prepare = be_in_device, .op = to_system,
	 .after = PAGES_PRESENT);

BENCH_OP(migrate_to_ram, "migrate_to_ram",
	 "CPU read faults that bring device-private pages back", CAP_MIGRATE,
	 FEWER_PAGES, .prepare = be_in_device, .before = PAGES_SWAP, .op = cpu_read,
	 .after = PAGES_PRESENT);
