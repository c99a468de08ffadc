// SPDX-License-Identifier: GPL-2.0-only
/*
 * bench/pace.c and bench/chains.c: a schedule keeps its rate and leaves no turn out
 * when it is late; chains of known lengths give the shares that follow from them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../bench/chains.h"
#include "../bench/pace.h"
#include "../lib/record.h"
#include "../lib/tap.h"
#include "child.h"
#include "results.h"

static void test_rate(void)
{
	struct pace p;
	uint64_t last = 0;
	int i;

	pace_begin(&p, 1000);
	for (i = 0; i < 50; i++)
		last = pace_wait(&p);
	tap_eq((long long)(last - p.begin), 49000000, "turn 49 of 1,000 a second: after 49 ms");
	tap_ok(clock_ns() >= last, "a turn is not early");
	pace_begin(&p, 3);
	pace_wait(&p);
	tap_eq((long long)(pace_wait(&p) - p.begin), 333333333, "a third of a second");
}

/* Turn n of 10,000 a second begins between n and n + 1 times 100 us, spread evenly. */
static void test_scattered(void)
{
	struct pace p;
	bool within = true;
	uint64_t at, n, sum = 0;

	pace_begin(&p, 10000);
	pace_scatter(&p, 3);
	for (n = 0; n < 1000; n++) {
		at = pace_wait(&p) - p.begin;
		within &= at >= n * 100000 && at <= (n + 1) * 100000;
		sum += at - n * 100000;
	}
	tap_ok(within, "scattered turns keep their order and their rate");
	tap_ok(sum / 1000 > 45000 && sum / 1000 < 55000, "... and are spread over the step");
}

static void test_late(void)
{
	struct pace p;
	uint64_t a, b;
	int i;

	pace_begin(&p, 10000);
	usleep(20000);
	a = pace_wait(&p);
	for (i = 1; i < 100; i++)
		b = pace_wait(&p);
	tap_ok(a == p.begin && b - a == 9900000, "a hundred turns missed are made up for, in order");
	tap_ok(p.late == 100 && p.turns == 100 && p.late_max >= 20000000, "... and are late");
	tap_ok(p.late_ns / p.late <= p.late_max && p.late_ns / p.late >= 10000000,
	       "... by so much on average");
	pace_begin(&p, 0);
	for (i = 0; i < 1000; i++)
		pace_wait(&p);
	tap_ok(!p.late && p.turns == 1000, "without a rate nothing is late");
}

static double retries_a_fault;

/* In the place of the benchmark library's. */
void cbench_counter(struct cbench_state *s, const char *name, const char *unit,
		    double value, unsigned int flags)
{
	(void)s;
	(void)unit;
	(void)flags;
	if (!strcmp(name, "retries"))
		retries_a_fault = value;
}

static void add(struct chains *c, unsigned int n, uint32_t retries, uint32_t taken_back,
		int32_t error)
{
	struct hmmstorm_done d = { .faults = 1, .retries = retries, .taken_back = taken_back,
				   .error = error, .ns = 1000 };

	while (n--)
		chains_add(c, &d);
}

static void test_shares(const struct chains *c)
{
	tap_eq((long long)c->after[0].reached, 200, "all begin");
	tap_eq((long long)c->after[0].next, 100, "a hundred need one attempt");
	tap_eq((long long)c->after[0].came, 190, "190 come to an end");
	tap_eq((long long)c->after[1].reached, 100, "a hundred lost the first");
	tap_eq((long long)c->after[3].reached, 40, "40 lost three");
	tap_eq((long long)c->after[3].next, 30, "30 of them needed no more");
	tap_eq((long long)c->after[3].came, 30, "... the others never came");
	tap_eq((long long)c->after[8].reached, 10, "ten lost a hundred");
	chains_report(c, NULL);
	tap_ok(retries_a_fault == (30 * 2 + 10 * 5000) / 200.0, "retries a fault");
	tap_ok(c->busy == 10 && c->longest == 3 && c->length.n == 190, "counted once each");
}

static void test_rows(const struct chains *c)
{
	struct record_id id = { .program = "bench", .name = "x" };
	const char *dir = scratch_path("chains");
	char *argv[] = { (char *)"x", NULL };
	struct record *r;

	if (record_open(&r, dir, "bench", 1, argv, 0))
		exit(1);
	chains_put(c, r, &id);
	record_close(r);
	tap_ok(metric(dir, "x", "after_3_ok") == 0.75 && metric(dir, "x", "after_3_ok_low") > 0.58 &&
	       metric(dir, "x", "after_3_ok_high") < 0.88, "30 of 40, with bounds");
	tap_ok(!metric(dir, "x", "after_100_ok") && metric(dir, "x", "after_100_ok_high") < 0.31,
	       "none of ten, with the upper bound");
	tap_ok(metric(dir, "x", "after_100_stuck") == -1, "no rule of three where faults got stuck");
	tap_ok(metric(dir, "x", "chain_max") == 3 && metric(dir, "x", "chain_n") == 190, "the distribution");
}

int main(void)
{
	static struct chains c, more;
	struct hmmstorm_done hit = { .ns = 1 };

	test_rate();
	test_scattered();
	test_late();
	chains_init(&c);
	chains_init(&more);
	add(&c, 100, 0, 0, 0);
	add(&c, 60, 0, 1, 0);
	add(&more, 30, 2, 1, 0);
	add(&more, 10, 5000, 0, -EBUSY);
	chains_add(&c, &hit);
	chains_merge(&c, &more);
	test_shares(&c);
	test_rows(&c);
	return tap_done();
}
