// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E12): which memory can a device have? One benchmark a kind of memory
 * (memory.c), each of one attempt: mark it exclusive, add to it by a device atomic,
 * read and write it through the device. Each answer is an errno, 0 if it went well;
 * exclusive_pages is what pagemap saw after the marking; a complaint of the kernel's is
 * a failure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cell.h"
#include "op.h"

static void report(struct cbench_state *s, const struct memory *m, const struct cell *c)
{
	cbench_counter(s, "mark_errno", "errno", -c->mark, 0);
	cbench_counter(s, "atomic_errno", "errno", -c->atomic, 0);
	cbench_counter(s, "read_errno", "errno", -c->read, 0);
	cbench_counter(s, "write_errno", "errno", -c->write, 0);
	cbench_counter(s, "exclusive_pages", "pages", (double)c->exclusive, 0);
	cbench_counter(s, "asked_pages", "pages", (double)m->pages, 0);
	cbench_counter(s, "log_was_read", "1", c->splat >= 0, 0);
	if (c->splat > 0)
		cbench_fail(s, "the kernel complained: %s", c->complaint);
}

static void run(struct cbench_state *s)
{
	const struct memory_kind *k = cbench_self(s)->data;
	struct cell c = { 0 };
	struct memory m;
	int ret;

	if (k->oopses && !strcmp(k->oopses, bench_device.backend->name) && !bench_device.hazards) {
		cbench_skip(s, "%s: %s oopses on it (--hazards: all the same)", k->desc, k->oopses);
		return;
	}
	if (!(bench_device.backend->flags & (REAL_EXCLUSIVE | HAS_TRUTH))) {
		cbench_skip(s, "%s: backend %s has no device that could be refused", k->desc,
			    bench_device.backend->name);
		return;
	}
	ret = memory_make(k, &m);
	if (ret == -EOPNOTSUPP)
		cbench_skip(s, "%s: not in this kernel or machine", k->desc);
	else if (ret)
		cbench_fail(s, "%s: %s", k->desc, strerror(-ret));
	while (!ret && cbench_keep_running(s))
		cell_try(cbench_self(s)->name, &m, &c);
	if (!ret)
		report(s, &m, &c);
	memory_free(&m);
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
