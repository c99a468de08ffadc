// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>

#include "../lib/binomial.h"
#include "../lib/record.h"
#include "chains.h"

static const unsigned int marks[CHAINS_MARKS] = { 0, 1, 2, 3, 5, 10, 20, 50, 100 };

void chains_init(struct chains *c)
{
	*c = (struct chains){ 0 };
	hist_init(&c->length);
	hist_init(&c->service);
}

static void mark(struct chains *c, uint64_t length, bool came)
{
	unsigned int i;

	for (i = 0; i < CHAINS_MARKS && marks[i] <= length; i++) {
		c->after[i].reached++;
		c->after[i].came += came;
		c->after[i].next += came && length == marks[i];
	}
}

void chains_add(struct chains *c, const struct hmmstorm_done *done)
{
	uint64_t length = (uint64_t)done->retries + done->taken_back;

	if (!done->faults)
		return;
	c->faults++;
	c->retries += done->retries;
	c->taken_back += done->taken_back;
	mark(c, length, !done->error);
	if (done->error) {
		c->busy++;
		return;
	}
	hist_add(&c->length, length);
	hist_add(&c->service, done->ns);
	if (length > c->longest)
		c->longest = length;
}

void chains_merge(struct chains *to, const struct chains *from)
{
	unsigned int i;

	hist_merge(&to->length, &from->length);
	hist_merge(&to->service, &from->service);
	to->faults += from->faults;
	to->retries += from->retries;
	to->taken_back += from->taken_back;
	to->busy += from->busy;
	if (from->longest > to->longest)
		to->longest = from->longest;
	for (i = 0; i < CHAINS_MARKS; i++) {
		to->after[i].reached += from->after[i].reached;
		to->after[i].came += from->after[i].came;
		to->after[i].next += from->after[i].next;
	}
}

void chains_report(const struct chains *c, struct cbench_state *s)
{
	double faults = c->faults ? (double)c->faults : 1;

	cbench_counter(s, "faults", "faults", (double)c->faults, 0);
	cbench_counter(s, "retries", "retries/fault", (double)c->retries / faults, 0);
	cbench_counter(s, "taken_back", "pages/fault", (double)c->taken_back / faults, 0);
	cbench_counter(s, "longest", "attempts", (double)c->longest, 0);
	cbench_counter(s, "timeouts", "faults", (double)c->busy, 0);
}

/* k of n as NAME, with its bounds as NAME_low and NAME_high. */
static void put_share(struct record *r, const struct record_id *id, const char *name,
		      uint64_t k, uint64_t n)
{
	double low, high;
	char end[48];

	binomial_bounds(k, n, &low, &high);
	record_double(r, id, name, "value", "1", (double)k / (double)n);
	snprintf(end, sizeof(end), "%s_low", name);
	record_double(r, id, end, "value", "1", low);
	snprintf(end, sizeof(end), "%s_high", name);
	record_double(r, id, end, "value", "1", high);
}

void chains_put(const struct chains *c, struct record *r, const struct record_id *id)
{
	unsigned int i;
	char name[32];

	record_hist(r, id, "chain", "attempts", &c->length);
	for (i = 0; i < CHAINS_MARKS && c->after[i].reached; i++) {
		uint64_t n = c->after[i].reached, came = c->after[i].came;

		snprintf(name, sizeof(name), "after_%u_n", marks[i]);
		record_u64(r, id, name, "count", "faults", n);
		snprintf(name, sizeof(name), "after_%u_ok", marks[i]);
		put_share(r, id, name, came, n);
		if (came == n) {
			snprintf(name, sizeof(name), "after_%u_stuck", marks[i]);
			record_double(r, id, name, "value", "1", binomial_none(n));
		}
		snprintf(name, sizeof(name), "after_%u_next", marks[i]);
		put_share(r, id, name, c->after[i].next, n);
	}
}
