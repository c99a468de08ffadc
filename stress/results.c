// SPDX-License-Identifier: GPL-2.0-only
/* Sums a run's statistics and hands them to the records and to the reader. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/record.h"
#include "run.h"

static void add_stats(struct worker_stats *to, const struct worker_stats *from)
{
	unsigned int op;

	to->steps += from->steps;
	if (from->active_ns > to->active_ns)
		to->active_ns = from->active_ns; /* they ran side by side */
	to->segv_retries += from->segv_retries;
	to->work.pages += from->work.pages;
	to->work.faults += from->work.faults;
	to->work.retries += from->work.retries;
	to->work.taken_back += from->work.taken_back;
	for (op = 0; op < MAX_OPS; op++) {
		to->done[op] += from->done[op];
		to->refused[op] += from->refused[op];
		hist_merge(&to->latency[op], &from->latency[op]);
	}
}

/* Caller frees; NULL when there is no memory for it. */
static struct worker_stats *sum_stressor(const struct options *o,
					 struct shared *s, unsigned int stressor)
{
	struct worker_stats *sum = calloc(1, sizeof(*sum));
	unsigned int p, w, op;

	if (!sum)
		return NULL;
	for (op = 0; op < MAX_OPS; op++)
		hist_init(&sum->latency[op]);
	for (p = 0; p < o->processes; p++)
		for (w = 0; w < o->workers; w++)
			add_stats(sum, stats_of(o, s, p, stressor, w));
	return sum;
}

uint64_t results_steps(const struct options *o, struct shared *s)
{
	uint64_t steps = 0;
	unsigned int i;

	for (i = 0; i < workers_in_all(o); i++)
		steps += __atomic_load_n(&s->stats[i].steps, __ATOMIC_RELAXED);
	return steps;
}

/* Of the time it was at it: with --ops one stressor ends before another. A
 * worker that was killed did not say.
 */
static double rate(const struct worker_stats *sum, const struct shared *s)
{
	uint64_t ns = sum->active_ns ? sum->active_ns : s->elapsed_ns;

	return ns ? (double)sum->steps * 1e9 / (double)ns : 0;
}

static void write_stressor(const struct record_id *id, struct record *r,
			   const struct stressor *st,
			   const struct worker_stats *sum,
			   const struct shared *s)
{
	unsigned int op;
	char name[80];

	record_u64(r, id, "steps", "count", "1", sum->steps);
	record_double(r, id, "steps_rate", "rate", "1/s", rate(sum, s));
	record_u64(r, id, "segv_retries", "count", "1", sum->segv_retries);
	record_u64(r, id, "device_pages", "count", "pages", sum->work.pages);
	record_u64(r, id, "device_faults", "count", "1", sum->work.faults);
	record_u64(r, id, "device_retries", "count", "1", sum->work.retries);
	record_u64(r, id, "device_taken_back", "count", "pages",
		   sum->work.taken_back);
	for (op = 0; st->ops[op]; op++) {
		snprintf(name, sizeof(name), "%s_refused", st->ops[op]);
		record_u64(r, id, name, "count", "1", sum->refused[op]);
		record_hist(r, id, st->ops[op], clock_unit(), &sum->latency[op]);
	}
}

void results_write(const struct options *o, struct shared *s, struct record *r)
{
	struct record_id id = {
		.program = "stress",
		.backend = o->backend->name,
		/* without another, what the kernel does by itself */
		.policy = o->policy ? o->policy : "lazy",
		.protocol = o->backend->protocol,
		.workers = o->workers * o->processes,
		.pages = o->pages,
	};
	unsigned int i;

	for (i = 0; i < o->nr_stressors; i++) {
		struct worker_stats *sum = sum_stressor(o, s, i);

		if (!sum)
			continue;
		id.name = o->stressor[i]->name;
		write_stressor(&id, r, o->stressor[i], sum, s);
		free(sum);
	}
}

static void print_ops(const struct stressor *st, const struct worker_stats *sum)
{
	unsigned int op;

	for (op = 0; st->ops[op]; op++) {
		const struct hist *h = &sum->latency[op];

		printf("  %-18s %10llu %10llu", st->ops[op],
		       (unsigned long long)sum->done[op],
		       (unsigned long long)sum->refused[op]);
		if (h->n)
			printf(" %12llu", (unsigned long long)hist_quantile(h, 0.5));
		if (h->n >= hist_needed(0.99))
			printf(" %12llu", (unsigned long long)hist_quantile(h, 0.99));
		else if (h->n)
			printf(" %12s", "-");
		if (h->n)
			printf(" %12llu", (unsigned long long)h->max);
		putchar('\n');
	}
}

void results_print(const struct options *o, struct shared *s)
{
	unsigned int i;

	printf("%-20s %10s %10s %12s %12s %12s\n", "operation", "done",
	       "refused", "p50", "p99", "max");
	for (i = 0; i < o->nr_stressors; i++) {
		struct worker_stats *sum = sum_stressor(o, s, i);

		if (!sum)
			continue;
		printf("%s: %llu operations, %.0f/s, %llu device retries, %llu pages taken back\n",
		       o->stressor[i]->name, (unsigned long long)sum->steps,
		       rate(sum, s),
		       (unsigned long long)sum->work.retries,
		       (unsigned long long)sum->work.taken_back);
		print_ops(o->stressor[i], sum);
		free(sum);
	}
	printf("latencies in %s; seed %llu; %.1f s\n", clock_unit(),
	       (unsigned long long)o->seed, (double)s->elapsed_ns / 1e9);
}
