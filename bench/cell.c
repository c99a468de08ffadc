// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "../lib/kmsg.h"
#include "../lib/pagemap.h"
#include "cell.h"
#include "op.h"

static int mark(const struct memory *m)
{
	struct device_work work = { 0 };
	int ret = bench_device.backend->make_exclusive(bench_device.dev, m->addr, m->pages,
						       &work);

	return !ret && work.pages < m->pages ? -EBUSY : ret;
}

static void access_all(const struct memory *m, struct cell *c)
{
	const struct backend_ops *b = bench_device.backend;
	char *buf = calloc(m->pages, BACKEND_PAGE_SIZE);
	struct device_work work = { 0 };

	c->read = -ENOSYS;
	c->write = -ENOSYS;
	if (b->caps & CAP_ACCESS && buf) {
		c->read = b->read(bench_device.dev, m->addr, buf, m->pages, &work);
		c->write = b->write(bench_device.dev, m->addr, buf, m->pages, &work);
	}
	free(buf);
}

void cell_try(const struct memory *m, struct cell *c)
{
	struct device_work work = { 0 };
	struct kmsg *log;
	uint64_t old;

	c->splat = kmsg_open(&log);
	c->mark = mark(m);
	c->exclusive = pagemap_count(m->addr, m->pages, PAGE_EXCLUSIVE);
	c->atomic = bench_device.backend->atomic(bench_device.dev, DEVICE_ADD, m->addr, 1, 0,
						 &old, &work);
	access_all(m, c);
	if (c->splat)
		return;
	c->splat = kmsg_check(log, c->complaint, sizeof(c->complaint));
	kmsg_close(log);
}
