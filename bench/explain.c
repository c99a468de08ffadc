// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "explain.h"

static int trace = -1;

int explain_mark_trace(void)
{
	trace = open("/sys/kernel/tracing/trace_marker", O_WRONLY | O_CLOEXEC);
	return trace < 0 ? -errno : 0;
}

/* One that does not fit into the trace is missed by whoever reads it. */
static void mark(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

static void mark(const char *fmt, ...)
{
	va_list args;

	if (trace < 0)
		return;
	va_start(args, fmt);
	vdprintf(trace, fmt, args);
	va_end(args);
}

/* The name as the records have it: "E10.fault/notifiers:100", and pages beside it. */
static void mark_name(const struct cbench_state *s)
{
	const struct cbench *b = cbench_self(s);
	char name[160];
	size_t n = (size_t)snprintf(name, sizeof(name), "%s", b->name), i;
	long long pages = 0;

	for (i = 0; i < CBENCH_AXES && b->axes[i].name && n < sizeof(name); i++)
		if (!strcmp(b->axes[i].name, "pages"))
			pages = cbench_arg(s, i);
		else
			n += (size_t)snprintf(name + n, sizeof(name) - n, "/%s:%lld",
					      b->axes[i].name, (long long)cbench_arg(s, i));
	mark("hmmstorm: report %s %lld", name, pages);
}

int explain_init(struct explain *e, struct counters *c)
{
	size_t n;

	*e = (struct explain){ .counters = c };
	if (!c)
		return 0;
	n = counters_nr(c);
	e->before = calloc(3 * n, sizeof(*e->before));
	if (!e->before)
		return -ENOMEM;
	e->after = e->before + n;
	e->sum = e->after + n;
	return 0;
}

int explain_begin(struct explain *e)
{
	int ret = 0, i;

	/* twice: while a child shares the memory, the first write to each page that
	 * this needs is a COW, an invalidation of its own
	 */
	for (i = 0; i < 2 && !ret && e->counters; i++) {
		ret = counters_read(e->counters, i ? e->before : e->after, NULL);
		if (!ret && !i)
			ret = counters_read(e->counters, e->before, NULL);
		mark("hmmstorm: begin");
	}
	return ret;
}

int explain_end(struct explain *e)
{
	mark("hmmstorm: end");
	return e->counters ? counters_read(e->counters, e->after, NULL) : 0;
}

void explain_add(struct explain *e)
{
	size_t i;

	mark("hmmstorm: counts");
	for (i = 0; e->counters && i < counters_nr(e->counters); i++)
		if (counters_desc(e->counters, i)->kind == HMMSTORM_CUMULATIVE)
			e->sum[i] += e->after[i] - e->before[i];
}

void explain_reset(struct explain *e)
{
	mark("hmmstorm: forget");
	if (e->counters)
		memset(e->sum, 0, counters_nr(e->counters) * sizeof(*e->sum));
}

void explain_report(const struct explain *e, struct cbench_state *s)
{
	size_t i;

	mark_name(s);
	for (i = 0; e->counters && i < counters_nr(e->counters); i++) {
		const struct counter_desc *d = counters_desc(e->counters, i);

		if (e->sum[i])
			cbench_counter(s, d->name, d->unit, (double)e->sum[i],
				       CBENCH_AVERAGE);
	}
}

void explain_exit(struct explain *e)
{
	free(e->before);
	e->before = NULL;
}
