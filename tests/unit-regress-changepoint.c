// SPDX-License-Identifier: GPL-2.0-only
/* lib/regress/changepoint.c on series whose changes are known. All are seeded. */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <stdlib.h>

#include "../lib/regress/changepoint.h"
#include "../lib/tap.h"

#define N 100

static const struct changepoint_options options = {
	.alpha = 0.01, .threshold = 0, .permutations = 1999, .seed = 1,
};

static gsl_rng *rng;

static void near(double got, double want, double by, const char *what)
{
	if (!tap_ok(fabs(got - want) <= by, "%s", what))
		printf("# got %.17g, want %.17g\n", got, want);
}

/* 1000 with a standard deviation of 10, and steps. */
static void make(double *v, size_t n, size_t from, size_t to, double by)
{
	size_t i;

	for (i = 0; i < n; i++)
		v[i] = 1000 + gsl_ran_gaussian(rng, 10) + (i >= from && i < to ? by : 0);
}

static void print(const struct changepoint *c, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		printf("# at %zu: %.1f to %.1f, p %.4f\n", c[i].at, c[i].before, c[i].after, c[i].p);
}

/* Energy distance as it is defined, over all pairs of ranks, for one split. */
static double defined(const double *v, size_t n, size_t at)
{
	double rank[N], sum[3] = { 0 }, n1 = (double)at, n2 = (double)(n - at);
	size_t i, k;

	for (i = 0; i < n; i++)
		for (k = 0, rank[i] = 0.5; k < n; k++)
			rank[i] += v[k] < v[i] ? 1 : v[k] == v[i] ? 0.5 : 0;
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			sum[(i >= at) + (k >= at)] += fabs(rank[i] - rank[k]);
	return n1 * n2 / (n1 + n2) *
	       (sum[1] / (n1 * n2) - sum[0] / (n1 * n1) - sum[2] / (n2 * n2));
}

static void test_definition(bool ties)
{
	struct changepoint_split s;
	double v[N], best = 0, q;
	size_t i, at = 0;

	make(v, N, 30, N, 4);
	for (i = 0; ties && i < N; i++)
		v[i] = round(v[i] / 5);
	s = changepoint_best(v, N, &options);
	for (i = CHANGEPOINT_SEGMENT; i + CHANGEPOINT_SEGMENT <= N; i++) {
		q = defined(v, N, i);
		if (q > best * (1 + 1e-12)) {
			best = q;
			at = i;
		}
	}
	near(s.statistic, best, 1e-9 * best,
	     ties ? "the definition's largest statistic, of values with ties" :
	     "the definition's largest statistic");
	tap_eq((long long)s.at, (long long)at, "at the definition's split");
}

static void test_cramer_von_mises(void)
{
	/* Anderson's T = U / (n1 n2 n) - (4 n1 n2 - 1) / (6 n) worked by hand:
	 * ranks 1 2 3 | 4 5 6: U = 3 * (0 + 0 + 0) + 3 * (9 + 9 + 9) = 81
	 */
	const double v[] = { 10, 20, 30, 40, 50, 60 };
	struct changepoint_split s = changepoint_best(v, 6, &options);
	double t = 81.0 / (3 * 3 * 6) - (4.0 * 3 * 3 - 1) / (6 * 6);

	near(s.statistic, 2 * 6 * t, 1e-9, "of ranks without ties it is 2 n times Anderson's T");
	near(s.p, 0.1, 0.03, "2 of 20 ways to choose a side are as good: p is a tenth");
}

static void test_step(double by, size_t off, const char *what)
{
	struct changepoint *c;
	double v[N];
	size_t nr;

	make(v, N, 50, N, by);
	nr = changepoint_find(v, N, &options, &c);
	if (!tap_ok(nr == 1 && labs((long)c[0].at - 50) <= (long)off && c[0].p <= 0.001, "%s", what))
		print(c, nr);
	if (nr)
		near(c[0].after - c[0].before, by, 5, "and its size is that of the medians");
	free(c);
}

static void test_two_steps(void)
{
	struct changepoint *c;
	double v[N];
	size_t nr;

	make(v, N, 40, 60, 30);
	nr = changepoint_find(v, N, &options, &c);
	if (!tap_ok(nr == 2 && labs((long)c[0].at - 40) <= 2 && labs((long)c[1].at - 60) <= 2,
		    "up and down again are two changes"))
		print(c, nr);
	free(c);
}

/* 400 series, or the tolerance would hide a rate twice as large: 20 are expected, and
 * more than 31 or fewer than 10 come in less than 1 of 100 trials.
 */
static void test_noise(double sigma_of_tail)
{
	struct changepoint_options o = options;
	struct changepoint *c;
	size_t i, k, with = 0;
	double v[N];

	o.alpha = 0.05;
	for (i = 0; i < 400; i++) {
		make(v, N, 0, 0, 0);
		for (k = 0; k < N; k++)
			v[k] += gsl_ran_cauchy(rng, sigma_of_tail);
		with += changepoint_find(v, N, &o, &c) > 0;
		free(c);
	}
	if (!tap_ok(with >= 10 && with <= 31, "noise%s: changes in 5%% of the series",
		    sigma_of_tail > 0 ? " without a variance" : ""))
		printf("# in %zu of 400\n", with);
}

static void test_outliers(void)
{
	struct changepoint *c;
	double v[N];
	size_t nr;

	make(v, N, 0, 0, 0);
	v[70] = 50000;
	v[71] = 60000;
	nr = changepoint_find(v, N, &options, &c);
	if (!tap_eq((long long)nr, 0, "two values astray are no change"))
		print(c, nr);
	free(c);
	make(v, N, 50, N, 30);
	v[20] = 50000;
	nr = changepoint_find(v, N, &options, &c);
	if (!tap_ok(nr == 1 && labs((long)c[0].at - 50) <= 2, "nor do they hide one"))
		print(c, nr);
	free(c);
}

/* What lib/regress/changepoint.h says of a drift: it comes out as a staircase. */
static void test_drift(void)
{
	struct changepoint *c;
	bool rising = true;
	double v[N];
	size_t nr, i;

	make(v, N, 0, 0, 0);
	for (i = 0; i < N; i++)
		v[i] += (double)i;
	nr = changepoint_find(v, N, &options, &c);
	for (i = 0; i < nr; i++)
		rising &= c[i].after > c[i].before;
	if (!tap_ok(nr >= 2 && rising, "a drift is a staircase, each step a rise"))
		print(c, nr);
	free(c);
}

static void test_threshold(void)
{
	struct changepoint_options o = options;
	struct changepoint *c;
	double v[N];
	size_t nr, i;

	make(v, N, 40, N, 100);
	for (i = 70; i < N; i++)
		v[i] += 15;
	nr = changepoint_find(v, N, &o, &c);
	tap_eq((long long)nr, 2, "a step of 10% and one of 1.4%");
	free(c);
	o.threshold = 0.05;
	nr = changepoint_find(v, N, &o, &c);
	if (!tap_ok(nr == 1 && labs((long)c[0].at - 40) <= 2, "with a threshold of 5%% the small one is merged"))
		print(c, nr);
	if (nr)
		near(c[0].after, 1107.5, 10, "and the level is that of both");
	free(c);
}

static void test_small(void)
{
	const double step[] = { 1, 1.1, 1.2, 1.3, 1.4, 2, 2.1, 2.2, 2.3, 2.4 };
	struct changepoint *c;
	double v[N] = { 0 };
	size_t i, k;

	for (i = 0; i < N; i++)
		v[i] = 42;
	tap_eq((long long)changepoint_find(v, N, &options, &c), 0, "a constant series has no change");
	free(c);
	for (i = k = 0; i < 2 * CHANGEPOINT_SEGMENT; i++) {
		k += changepoint_find(step, i, &options, &c);
		free(c);
	}
	tap_eq((long long)k, 0, "fewer values than two segments have no change");
	tap_eq((long long)changepoint_minimum(0.05), 8, "8 values bear p <= 0.05");
	tap_eq((long long)changepoint_minimum(0.001), 14, "14 bear 0.001");
	tap_eq((long long)changepoint_find(step, 10, &options, &c), 1, "a perfect step among 10 is found");
	free(c);
}

static void test_repeats(void)
{
	struct changepoint_split a, b;
	double v[N];

	make(v, N, 50, N, 3);
	a = changepoint_best(v, N, &options);
	b = changepoint_best(v, N, &options);
	tap_ok(a.at == b.at && a.p == b.p && a.p < 1, "the same values give the same p");
}

static void test_exact(void)
{
	const double v[] = { 1000, 1000, 1001, 1001, 1500, 1500, 1500, 1000 };
	const double creep[] = { 1000, 1004, 1008, 1012, 1016 };
	struct changepoint *c;
	size_t nr;

	nr = changepoint_exact(v, 8, 0, &c);
	tap_ok(nr == 3 && c[0].at == 2 && c[1].at == 4 && c[2].at == 7, "exact: each step is one");
	tap_ok(nr == 3 && c[0].before == 1000 && c[0].after == 1001 && isnan(c[0].p) &&
	       c[2].before == 1500 && c[2].after == 1000, "with its levels, and no p");
	free(c);
	nr = changepoint_exact(v, 8, 0.01, &c);
	tap_ok(nr == 2 && c[0].at == 4 && c[1].at == 7, "exact: a step of 0.1%% is merged below 1%%");
	free(c);
	nr = changepoint_exact(creep, 5, 0.01, &c);
	tap_ok(nr == 1 && c[0].at == 3, "small steps add up to one");
	free(c);
	tap_eq((long long)changepoint_exact(v, 2, 0, &c), 0, "equal values have none");
	free(c);
	tap_eq((long long)changepoint_exact(v, 0, 0, &c), 0, "nor has nothing");
	free(c);
}

int main(void)
{
	rng = gsl_rng_alloc(gsl_rng_mt19937);
	gsl_rng_set(rng, 5);
	test_definition(false);
	test_definition(true);
	test_cramer_von_mises();
	test_step(30, 2, "a step of three standard deviations at 50 of 100");
	test_step(-30, 2, "likewise downwards");
	test_step(15, 5, "one of one and a half, a little less sharply");
	test_two_steps();
	test_noise(0);
	test_noise(10);
	test_outliers();
	test_drift();
	test_threshold();
	test_small();
	test_repeats();
	test_exact();
	gsl_rng_free(rng);
	return tap_done();
}
