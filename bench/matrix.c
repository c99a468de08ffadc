// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E12): which memory can a device have? One benchmark a kind of memory
 * (memory.c), each of one attempt: mark it exclusive, add to it by a device atomic,
 * read and write it through the device. Each answer is an errno, 0 if it went well;
 * exclusive_pages is what pagemap saw after the marking.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/pagemap.h"
#include "memory.h"
#include "op.h"

struct cell {
	int mark, atomic, read, write;
	long exclusive;
};

static void try_all(const struct memory *m, struct cell *c)
{
	const struct backend_ops *b = bench_device.backend;
	char *buf = calloc(m->pages, BACKEND_PAGE_SIZE);
	struct device_work work = { 0 };
	uint64_t old;

	c->mark = b->make_exclusive(bench_device.dev, m->addr, m->pages, &work);
	if (!c->mark && work.pages < m->pages)
		c->mark = -EBUSY;
	c->exclusive = pagemap_count(m->addr, m->pages, PAGE_EXCLUSIVE);
	c->atomic = b->atomic(bench_device.dev, DEVICE_ADD, m->addr, 1, 0, &old, &work);
	if (b->caps & CAP_ACCESS && buf) {
		c->read = b->read(bench_device.dev, m->addr, buf, m->pages, &work);
		c->write = b->write(bench_device.dev, m->addr, buf, m->pages, &work);
	}
	free(buf);
}

static void run(struct cbench_state *s)
{
	const struct memory_kind *k = cbench_self(s)->data;
	struct cell c = { 0 };
	struct memory m;
	int ret = memory_make(k, &m);

	while (!ret && cbench_keep_running(s))
		try_all(&m, &c);
	memory_free(&m);
	if (ret == -EOPNOTSUPP)
		cbench_skip(s, "%s: not in this kernel or machine", k->desc);
	else if (ret)
		cbench_fail(s, "%s: %s", k->desc, strerror(-ret));
	cbench_counter(s, "mark_errno", "errno", -c.mark, 0);
	cbench_counter(s, "atomic_errno", "errno", -c.atomic, 0);
	cbench_counter(s, "read_errno", "errno", -c.read, 0);
	cbench_counter(s, "write_errno", "errno", -c.write, 0);
	cbench_counter(s, "exclusive_pages", "pages", (double)c.exclusive, 0);
	cbench_counter(s, "asked_pages", "pages", (double)m.pages, 0);
}

static void add_kinds(void)
{
	struct cbench *b = calloc(memory_nr_kinds, sizeof(*b));
	char *name;
	size_t i;

	for (i = 0; b && i < memory_nr_kinds; i++) {
		if (asprintf(&name, "E12.%s", memory_kinds[i].name) < 0)
			return;
		b[i] = (struct cbench){ .name = name, .desc = memory_kinds[i].desc,
					.needs = CAP_EXCLUSIVE | CAP_ATOMIC, .iterations = 1,
					.time = CBENCH_REAL_TIME, .run = run,
					.data = &memory_kinds[i] };
		cbench_add(&b[i]);
	}
}

CBENCH_ADD(add_kinds)
