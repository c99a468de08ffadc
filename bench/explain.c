// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/counters.h"
#include "explain.h"

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
	return e->counters ? counters_read(e->counters, e->before, NULL) : 0;
}

int explain_end(struct explain *e)
{
	return e->counters ? counters_read(e->counters, e->after, NULL) : 0;
}

void explain_add(struct explain *e)
{
	size_t i;

	for (i = 0; e->counters && i < counters_nr(e->counters); i++)
		if (counters_desc(e->counters, i)->kind == HMMSTORM_CUMULATIVE)
			e->sum[i] += e->after[i] - e->before[i];
}

void explain_reset(struct explain *e)
{
	if (e->counters)
		memset(e->sum, 0, counters_nr(e->counters) * sizeof(*e->sum));
}

void explain_report(const struct explain *e, struct cbench_state *s)
{
	size_t i;

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
