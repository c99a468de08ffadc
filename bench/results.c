// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "../lib/clock.h"
#include "../lib/record.h"
#include "op.h"
#include "results.h"

static struct record *record;
static bool only_counts;

void results_to(struct record *r, bool counts_only)
{
	record = r;
	only_counts = counts_only;
}

uint64_t results_name(char *name, size_t len, const char *base, const struct cbench_value *args,
		      size_t nr_args)
{
	size_t n = (size_t)snprintf(name, len, "%s", base), i;
	uint64_t pages = 0;

	for (i = 0; i < nr_args; i++) {
		if (!strcmp(args[i].name, "pages"))
			pages = (uint64_t)args[i].value;
		else if (n < len)
			n += (size_t)snprintf(name + n, len - n, "/%s:%.0f", args[i].name,
					      args[i].value);
	}
	return pages;
}

static void identify(const struct cbench_result *c, struct record_id *id,
		     char *name, size_t len)
{
	*id = (struct record_id){
		.program = only_counts ? "explain" : "bench",
		.name = name,
		.backend = bench_device.backend->name,
		.policy = bench_device.policy,
		.protocol = bench_device.backend->protocol,
		.workers = c->threads,
		.repetition = c->repetition,
	};
	id->pages = results_name(name, len, c->name, c->args, c->nr_args);
}

static bool is_latency(const struct cbench_value *v)
{
	return !strncmp(v->unit, "ns", 2) || !strncmp(v->unit, "instructions", 12);
}

static void put_values(const struct record_id *id,
		       const struct cbench_result *c)
{
	char unit[64];
	size_t i;

	for (i = 0; i < c->nr_values; i++) {
		const struct cbench_value *v = &c->values[i];

		/* with truth a latency is one of the instruments' */
		if (only_counts && is_latency(v))
			continue;
		snprintf(unit, sizeof(unit), "%s%s", v->unit,
			 v->is_rate ? "/s" : "");
		record_double(record, id, v->name, v->is_rate ? "rate" : "value",
			      unit, v->value);
	}
}

/* Why stands in env.tsv, under the case's name. */
static void put_disturbance(const struct record_id *id, const struct op_result *o)
{
	const struct disturbance *d = &o->disturbance;
	char why[128], key[200];
	const char *reason = disturb_why(d, o->latency.n, why, sizeof(why));

	record_u64(record, id, "disturbed", "value", "1", !!reason);
	record_u64(record, id, "disturb_steal", "value", "ns", d->steal_ns);
	record_u64(record, id, "disturb_switches", "count", "1", d->switches);
	record_u64(record, id, "disturb_migrations", "count", "1", d->migrations);
	record_double(record, id, "disturb_frequency", "value", "1", d->frequency);
	if (!reason)
		return;
	snprintf(key, sizeof(key), "disturbed %s", id->name);
	record_env(record, key, reason);
}

static void put_judgement(const struct record_id *id, const struct op_result *o)
{
	const struct backend_ops *b = bench_device.backend;

	if (o->judged)
		record_u64(record, id, "target_exclusive", "verdict", "1",
			   o->exclusive);
	record_u64(record, id, "real_exclusive", "value", "1",
		   !!(b->flags & REAL_EXCLUSIVE));
	record_u64(record, id, "real_gpu", "value", "1",
		   !!(b->flags & REAL_GPU));
	record_u64(record, id, "has_device_clock", "value", "1",
		   !!(b->flags & HAS_DEVICE_CLOCK));
	record_hist(record, id, "latency", clock_unit(), &o->latency);
	put_disturbance(id, o);
	if (o->put)
		o->put(o, record, id);
}

void results_note(const char *name, const char *metric, const char *unit, uint64_t value)
{
	struct cbench_result c = { .name = name, .threads = 1 };
	struct record_id id;
	char text[160];

	if (!record)
		return;
	identify(&c, &id, text, sizeof(text));
	record_u64(record, &id, metric, "value", unit, value);
}

void results_put(const struct cbench_result *c)
{
	struct record_id id;
	char name[160];

	if (!record)
		return;
	identify(c, &id, name, sizeof(name));
	if (c->error) {
		/* a skip is no failure, and leaves no row but in env.tsv */
		if (!strncmp(c->error, CBENCH_SKIPPED, strlen(CBENCH_SKIPPED)))
			record_env(record, name, c->error);
		else
			record_u64(record, &id, "done", "verdict", "1", 0);
		return;
	}
	record_u64(record, &id, "done", "verdict", "1", 1);
	record_u64(record, &id, "iterations", "count", "1",
		   (uint64_t)c->iterations);
	if (!only_counts) {
		record_double(record, &id, "real_time", "value", "ns", c->real_ns);
		record_double(record, &id, "cpu_time", "value", "ns", c->cpu_ns);
	}
	put_values(&id, c);
	if (c->data && !only_counts)
		put_judgement(&id, c->data);
}
