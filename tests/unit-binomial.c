// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/binomial.c: the bounds of Clopper and Pearson against their closed forms and
 * against printed values, their coverage, and the rule of three.
 */
#include <math.h>

#include "../lib/binomial.h"
#include "../lib/rng.h"
#include "../lib/tap.h"

static bool near(double a, double b)
{
	return fabs(a - b) < 5e-5;
}

static void test_known(void)
{
	/* by bisection of the exact distribution */
	static const struct {
		uint64_t k, n;
		double low, high;
	} known[] = {
		{ 1, 10, 0.0025, 0.4450 }, { 5, 10, 0.1871, 0.8129 },
		{ 10, 100, 0.0490, 0.1762 }, { 0, 10, 0, 0.3085 },
		{ 10, 10, 0.6915, 1 },
	};
	double low, high;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		binomial_bounds(known[i].k, known[i].n, &low, &high);
		tap_ok(near(low, known[i].low) && near(high, known[i].high),
		       "%llu of %llu: %.4f to %.4f", (unsigned long long)known[i].k,
		       (unsigned long long)known[i].n, low, high);
	}
	binomial_bounds(0, 0, &low, &high);
	tap_ok(!low && high == 1, "of no trial nothing is known");
}

/* All succeeded: low = (0.025)^(1/n). */
static void test_ends(void)
{
	static const uint64_t n[] = { 1, 7, 1000, 1000000, 3000000000ULL };
	bool all = true, none = true, three = true;
	double low, high;
	size_t i;

	for (i = 0; i < sizeof(n) / sizeof(*n); i++) {
		binomial_bounds(n[i], n[i], &low, &high);
		all &= fabs(low - pow(0.025, 1.0 / (double)n[i])) < 1e-9 && high == 1;
		binomial_bounds(0, n[i], &low, &high);
		none &= !low && fabs(high + expm1(log(0.025) / (double)n[i])) < 1e-9;
		three &= n[i] < 1000 || fabs(binomial_none(n[i]) * (double)n[i] - 3) < 0.01;
	}
	tap_ok(all, "all succeeded: the closed form");
	tap_ok(none, "none succeeded: the closed form");
	tap_ok(three && binomial_none(1) == 0.95, "none succeeded, one-sided: 3 / n");
}

static void test_coverage(void)
{
	static const double p[] = { 0.01, 0.3, 0.9 };
	double low, high;
	struct rng r;
	size_t i;

	rng_init(&r, 5, "binomial", 0);
	for (i = 0; i < sizeof(p) / sizeof(*p); i++) {
		unsigned int good = 0, trial, j;

		for (trial = 0; trial < 2000; trial++) {
			uint64_t k = 0;

			for (j = 0; j < 50; j++)
				k += rng_below(&r, 1000000) < p[i] * 1e6;
			binomial_bounds(k, 50, &low, &high);
			good += low <= p[i] && p[i] <= high;
		}
		tap_ok(good >= 1880, "p = %g is inside %u times of 2,000", p[i], good);
	}
}

/* On both sides of where the normal distribution takes over: no step, no NaN. */
static void test_many(void)
{
	double low, high, before = 0;
	bool steady = true, sane = true;
	uint64_t n;

	for (n = 1000; n <= 1000000000; n = n * 11 / 10) {
		binomial_bounds(n / 3, n, &low, &high);
		/* Wald's width, right for many */
		high = (high - low) / (2 * 1.959964 * sqrt(2.0 / 9 / (double)n));
		steady &= !before || fabs(high - before) < 0.002;
		before = high;
		binomial_bounds(n - 2, n, &low, &high);
		sane &= low > 1 - 8.0 / (double)n && high < 1 && high > 1 - 1.0 / (double)n;
		binomial_bounds(n - n / 50, n, &low, &high);
		sane &= low > 0.95 && low < high && high < 0.995;
	}
	tap_ok(steady && fabs(before - 1) < 0.001, "a thousand to a thousand million trials: no step");
	tap_ok(sane, "... and nearly all succeeded");
}

static void test_cdf(void)
{
	tap_ok(near(binomial_cdf(3, 10, 0.3), 0.6496) && near(binomial_cdf(0, 4, 0.5), 0.0625),
	       "the distribution at printed values");
	tap_ok(!binomial_cdf(-1, 10, 0.5) && binomial_cdf(10, 10, 0.5) == 1, "... and at its ends");
}

int main(void)
{
	test_known();
	test_ends();
	test_coverage();
	test_many();
	test_cdf();
	return tap_done();
}
