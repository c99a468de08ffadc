// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/kmsg.h"
#include "../lib/pagemap.h"
#include "cell.h"
#include "op.h"
#include "results.h"

static int mark(const struct memory *m)
{
	struct device_work work = { 0 };
	int ret = bench_device.backend->make_exclusive(bench_device.dev, m->addr, m->pages,
						       &work);

	return !ret && work.pages < m->pages ? -EBUSY : ret;
}

static int add(const struct memory *m)
{
	struct device_work work = { 0 };
	uint64_t old;

	return bench_device.backend->atomic(bench_device.dev, DEVICE_ADD, m->addr, 1, 0, &old,
					    &work);
}

static int copy(const struct memory *m, bool out)
{
	const struct backend_ops *b = bench_device.backend;
	struct device_work work = { 0 };
	int ret = -ENOMEM;
	char *buf;

	if (!(b->caps & CAP_ACCESS))
		return -EOPNOTSUPP;
	buf = calloc(m->pages, BACKEND_PAGE_SIZE);
	if (buf)
		ret = out ? b->read(bench_device.dev, m->addr, buf, m->pages, &work) :
			    b->write(bench_device.dev, m->addr, buf, m->pages, &work);
	free(buf);
	return ret;
}

static int read_out(const struct memory *m)
{
	return copy(m, true);
}

static int write_in(const struct memory *m)
{
	return copy(m, false);
}

static int attempt(const char *name, const char *what, int (*try)(const struct memory *m),
		   const struct memory *m)
{
	char metric[32];
	int ret;

	snprintf(metric, sizeof(metric), "begun_%s", what);
	results_note(name, metric, "1", 1);
	/* the lab takes rows home every second: none may die with the kernel */
	if (bench_device.hazards)
		sleep(3);
	ret = try(m);
	snprintf(metric, sizeof(metric), "returned_%s", what);
	results_note(name, metric, "errno", (uint64_t)-ret);
	return ret;
}

void cell_try(const char *name, const struct memory *m, struct cell *c)
{
	struct kmsg *log;

	c->splat = kmsg_open(&log);
	c->mark = attempt(name, "mark", mark, m);
	c->exclusive = pagemap_count(m->addr, m->pages, PAGE_EXCLUSIVE);
	c->atomic = attempt(name, "atomic", add, m);
	c->read = attempt(name, "read", read_out, m);
	c->write = attempt(name, "write", write_in, m);
	if (c->splat)
		return;
	c->splat = kmsg_check(log, c->complaint, sizeof(c->complaint));
	kmsg_close(log);
}
