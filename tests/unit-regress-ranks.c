// SPDX-License-Identifier: GPL-2.0-only
/*
 * The statistics of hmmstorm compare against published tables and worked examples, by
 * counting all cases, and by simulation from fixed seeds.
 */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "../lib/regress/bootstrap.h"
#include "../lib/regress/fdr.h"
#include "../lib/regress/modes.h"
#include "../lib/regress/ranks.h"
#include "../lib/tap.h"

#define MOST 100

static gsl_rng *rng;

static void near(double got, double want, double off, const char *what)
{
	if (!tap_ok(fabs(got - want) <= off, "%s", what))
		printf("# got %.12g, want %.12g\n", got, want);
}

static void within(double got, double least, double most, const char *what)
{
	if (!tap_ok(got >= least && got <= most, "%s: %.4g in [%g, %g]", what, got, least, most))
		printf("# got %.12g\n", got);
}

static void draw(double *v, size_t n, double middle, double spread)
{
	size_t i;

	for (i = 0; i < n; i++)
		v[i] = middle + gsl_ran_gaussian(rng, spread);
}

/* Samples without ties, of which u pairs have the y below the x. */
static double p_of(size_t n, size_t m, size_t u)
{
	double x[MOST], y[MOST];
	bool exact;
	size_t i, below;

	for (i = 0; i < m; i++)
		y[i] = 10.0 * (double)(i + 1);
	for (i = 0; i < n; i++) {
		below = u < m ? u : m;
		u -= below;
		x[i] = 10.0 * (double)below + 5 + 0.01 * (double)i;
	}
	return ranks_p(x, n, y, m, &exact);
}

/* Mann and Whitney 1947, table I; Siegel 1956, appendix J: P(U <= u), one-sided. */
static void test_published_p(void)
{
	static const double five[] = { .004, .008, .016, .028, .048, .075, .111, .155, .210, .274,
				       .345, .421, .500 };
	static const double four[] = { .014, .029, .057, .100, .171, .243, .343, .443 };
	double worst = 0;
	size_t u;

	for (u = 0; u < 13; u++)
		worst = fmax(worst, fabs(p_of(5, 5, u) / 2 - five[u]));
	near(worst, 0, 0.0005001, "U of 5 and 5 as tabled");
	for (u = 0, worst = 0; u < 8; u++)
		worst = fmax(worst, fabs(p_of(4, 4, u) / 2 - four[u]));
	near(worst, 0, 0.0005001, "U of 4 and 4 as tabled");
	near(p_of(5, 5, 0), p_of(5, 5, 25), 1e-12, "both sides are equal");
	near(p_of(9, 9, 0), ranks_least_p(9, 9), 1e-12, "none of 9 and 9 below: the least p");
	near(ranks_least_p(9, 9), 2 / 48620.0, 1e-12, "2 / C(18, 9)");
	near(ranks_least_p(3, 3), 0.1, 1e-12, "2 / C(6, 3)");
	near(ranks_least_p(1, 1), 1, 1e-12, "one and one say nothing");
}

/* The largest U that is rejected, from the tables of Siegel 1956, appendix K. */
static void test_published_critical(void)
{
	static const struct {
		size_t n, m;
		double alpha;
		size_t u;
	} table[] = {
		{ 5, 5, .05, 2 }, { 7, 7, .05, 8 }, { 8, 8, .05, 13 }, { 9, 9, .05, 17 },
		{ 10, 10, .05, 23 }, { 20, 20, .05, 127 }, { 5, 9, .05, 7 }, { 9, 12, .05, 26 },
		{ 4, 4, .05, 0 }, { 9, 9, .01, 11 }, { 10, 10, .01, 16 },
	};
	size_t i, wrong = 0, k;
	double u, sd;

	for (i = 0; i < sizeof(table) / sizeof(*table); i++)
		wrong += ranks_critical(table[i].n, table[i].m, table[i].alpha) != table[i].u + 1 ||
			 ranks_critical(table[i].m, table[i].n, table[i].alpha) != table[i].u + 1;
	tap_eq((long long)wrong, 0, "critical values as tabled");
	tap_eq((long long)ranks_critical(3, 3, 0.05), 0, "of 3 and 3 none");
	k = ranks_critical(40, 40, 0.05);
	near(p_of(40, 40, k - 1) <= 0.05 && p_of(40, 40, k) > 0.05, 1, 0, "of 40 and 40, by p");
	k = ranks_critical(41, 41, 0.05);
	sd = sqrt(41.0 * 41 * 83 / 12);
	u = (41.0 * 41 / 2 - (double)(k - 1) - 0.5) / sd;
	within(u, 1.96, 1.96 + 1 / sd, "of 41 and 41, by the normal approximation");
}

static void test_worked_example(void)
{
	/* Hollander and Wolfe, permeability of the human chorioamnion; R's wilcox.test */
	static const double x[] = { 0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46 };
	static const double y[] = { 1.15, 0.88, 0.90, 0.74, 1.21 };
	struct ranks_shift s = ranks_shift(x, 10, y, 5, ranks_critical(10, 5, 0.05));
	bool exact;

	near(ranks_p(x, 10, y, 5, &exact), 0.2544, 0.00005, "p of the worked example");
	tap_ok(exact, "is exact");
	near(s.shift, -0.305, 1e-9, "its Hodges-Lehmann shift");
	near(s.low, -0.76, 1e-9, "lower end of its interval");
	near(s.high, 0.15, 1e-9, "upper end");
	s = ranks_shift(x, 3, y, 3, ranks_critical(3, 3, 0.05));
	tap_ok(isnan(s.low) && isnan(s.high), "no interval of 3 and 3");
}

/* Twice the rank sum of those of the n values in set, from the values alone. */
static int rank_sum(const double *v, int n, unsigned int set)
{
	int i, k, sum = 0;

	for (i = 0; i < n; i++)
		for (k = 0; k < n && (set >> i & 1); k++)
			sum += v[k] < v[i] ? 2 : v[k] == v[i] ? 1 + (k == i) : 0;
	return sum;
}

/* As header ranks.h says, by going through all 2^n sets. */
static double counted_p(const double *v, int n, unsigned int own)
{
	int want = rank_sum(v, n, own), below = 0, above = 0, all = 0, sum;
	unsigned int set;

	for (set = 0; set < 1U << n; set++) {
		if (__builtin_popcount(set) != __builtin_popcount(own))
			continue;
		sum = rank_sum(v, n, set);
		below += sum <= want;
		above += sum >= want;
		all++;
	}
	return fmin(1, 2.0 * (below < above ? below : above) / all);
}

static void test_ties(void)
{
	double v[11], worst = 0;
	bool exact;
	int i, k;

	for (i = 0; i < 60; i++) {
		for (k = 0; k < 11; k++)
			v[k] = (double)gsl_rng_uniform_int(rng, 5) + (k < 4 && i % 2 ? 2 : 0);
		worst = fmax(worst, fabs(ranks_p(v, 4, v + 4, 7, &exact) - counted_p(v, 11, 15)));
	}
	near(worst, 0, 1e-12, "p with ties as counted one by one");
	for (k = 0; k < 11; k++)
		v[k] = 7;
	near(ranks_p(v, 5, v + 5, 6, &exact), 1, 1e-12, "all are equal: p is 1");
}

static void test_many(void)
{
	double x[MOST], y[MOST], u = 0, z;
	size_t n = 50, i, k;
	bool exact;

	draw(x, n, 0, 1);
	draw(y, n, 0.4, 1);
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			u += y[k] < x[i];
	z = (fabs(u - 1250) - 0.5) / sqrt(2500.0 * 101 / 12);
	near(ranks_p(x, n, y, n, &exact), erfc(z / sqrt(2)), 1e-9, "many values: normal");
	tap_ok(!exact, "and not exact");
	for (i = 0; i < n; i++) {
		x[i] = (double)(i % 2);
		y[i] = (double)(i % 5 > 0);
	}
	/* 25 and 40 ones; ties of 35 and 65 values of 100 */
	u = 25 * 10 + 25 * 40 / 2.0 + 25 * 10 / 2.0;
	z = (fabs(u - 1250) - 0.5) /
	    sqrt(2500.0 / 12 * (101 - (35.0 * 35 * 35 - 35 + 65.0 * 65 * 65 - 65) / (100.0 * 99)));
	near(ranks_p(x, n, y, n, &exact), erfc(z / sqrt(2)), 1e-9, "its variance knows ties");
}

/* The size of the test of 9 and 9 is P(U <= 17) twice: 0.0400. */
static void test_null(void)
{
	double x[9], y[9];
	int i, rejected = 0, n = 4000;
	bool exact;

	for (i = 0; i < n; i++) {
		draw(x, 9, 100, 1);
		draw(y, 9, 100, 1);
		rejected += ranks_p(x, 9, y, 9, &exact) <= 0.05;
	}
	near((double)rejected / n, 0.0400, 0.0093, "rejected of 4,000 with no change: 4.0%");
}

static void test_fdr(void)
{
	/* the example of Benjamini and Hochberg 1995: four of 15 are rejected */
	static const double p[] = { .0095, .0001, .0004, .0019, .0201, .0278, .0298, .0344,
				    .0459, .3240, .4262, .5719, .6528, .7590, 1.000 };
	double q[15];
	int i, rejected = 0;

	fdr_adjust(p, q, 15);
	for (i = 0; i < 15; i++)
		rejected += q[i] <= 0.05;
	tap_eq(rejected, 4, "four rejected");
	near(q[1], 0.0015, 1e-12, "the least, times 15");
	near(q[0], .0095 * 15 / 4, 1e-12, "the fourth, times 15 by 4");
	near(q[5], .0298 * 15 / 7, 1e-12, "never more than one with a larger p");
	near(q[14], 1, 1e-12, "the last");
}

static void test_bootstrap(void)
{
	double x[9], y[9];
	struct ratio a, b;
	struct ranks_shift s;
	size_t k = ranks_critical(9, 9, 0.05);
	int i, j, in = 0, shift_in = 0, n = 300;

	for (i = 0; i < n; i++) {
		for (j = 0; j < 9; j++) {
			x[j] = 1000 * exp(gsl_ran_gaussian(rng, 0.05));
			y[j] = 1100 * exp(gsl_ran_gaussian(rng, 0.05));
		}
		a = bootstrap_ratio(x, 9, y, 9, 0.05);
		in += a.low <= 1.1 && 1.1 <= a.high;
		draw(x, 9, 1000, 50);
		draw(y, 9, 1100, 50);
		s = ranks_shift(x, 9, y, 9, k);
		shift_in += s.low <= 100 && 100 <= s.high;
	}
	within((double)in / n, 0.90, 1, "the ratio's 95% interval holds it");
	within((double)shift_in / n, 0.935, 0.985, "the shift's 95% interval holds it");
	a = bootstrap_ratio(x, 9, y, 9, 0.05);
	b = bootstrap_ratio(x, 9, y, 9, 0.05);
	tap_ok(a.low == b.low && a.high == b.high && a.low < a.value && a.value < a.high,
	       "the same again, around the ratio");
	b = bootstrap_ratio(x, 9, y, 9, 0.01);
	tap_ok(b.low <= a.low && b.high >= a.high && b.high - b.low > a.high - a.low,
	       "99%% is wider");
	near(a.value, gsl_stats_median(y, 1, 9) / gsl_stats_median(x, 1, 9), 1e-12, "the ratio");
	a = bootstrap_ratio(x, 1, y, 9, 0.05);
	tap_ok(isnan(a.low) && isnan(a.high), "no interval of one value");
}

/* How often a shift is found, of so many. */
static double power_of(double shift, size_t size, int n)
{
	double x[MOST], y[MOST];
	int i, found = 0;
	bool exact;

	for (i = 0; i < n; i++) {
		draw(x, size, 0, 1);
		draw(y, size, shift, 1);
		found += ranks_p(x, size, y, size, &exact) <= 0.05;
	}
	return (double)found / n;
}

static void test_detectable(void)
{
	double x[MOST], y[MOST], at_80 = 0, at_95 = 0, of_30 = 0;
	size_t k = ranks_critical(9, 9, 0.05), k_30 = ranks_critical(30, 30, 0.05);
	struct detectable d;
	int i, n = 50, ordered = 0;

	for (i = 0; i < n; i++) {
		draw(x, 9, 50, 1);
		draw(y, 9, 70, 1);
		d = bootstrap_detectable(x, 9, y, 9, k);
		at_80 += d.at_80 / n;
		at_95 += d.at_95 / n;
		ordered += d.at_95 > d.at_80 && d.at_80 > 0;
	}
	for (i = 0; i < 6; i++) {
		draw(x, 30, 50, 1);
		draw(y, 30, 50, 1);
		of_30 += bootstrap_detectable(x, 30, y, 30, k_30).at_80 / 6;
	}
	tap_eq(ordered, n, "a larger change is found more surely");
	within(power_of(at_80, 9, 1000), 0.74, 0.86, "what is to be found in 80% of cases is");
	within(power_of(at_95, 9, 1000), 0.91, 0.985, "and in 95%");
	within(power_of(of_30, 30, 300), 0.72, 0.88, "of 30 boots in 80%");
	within(of_30 / at_80, 0.4, 0.65, "30 boots find about half of what 9 find");
	d = bootstrap_detectable(x, 9, y, 9, ranks_critical(9, 9, 0.001));
	tap_ok(d.at_80 > bootstrap_detectable(x, 9, y, 9, k).at_80, "a harder level finds less");
	d = bootstrap_detectable(x, 3, y, 3, 0);
	tap_ok(isnan(d.at_80) && isnan(d.at_95), "none, if the test can never reject");
}

static double share_bimodal(size_t n, int samples, double apart, double (*noise)(void))
{
	double v[MOST];
	struct modes m;
	int i, two = 0;
	size_t k;

	for (i = 0; i < samples; i++) {
		for (k = 0; k < n; k++)
			v[k] = 100 + noise() + (k % 3 ? apart : 0);
		two += modes_two(v, n, &m);
	}
	return (double)two / samples;
}

static double normal(void)
{
	return gsl_ran_gaussian(rng, 1);
}

static double exponential(void)
{
	return gsl_ran_exponential(rng, 1);
}

static double even(void)
{
	return gsl_rng_uniform(rng);
}

static void test_modes(void)
{
	static const double ties[] = { 1, 1, 1, 1, 5, 5, 5, 1, 5 };
	static const double one_off[] = { 1.0, 1.1, 1.2, 1.3, 1.1, 1.15, 1.25, 1.05, 90 };
	struct modes m;

	within(share_bimodal(9, 4000, 0, normal), 0, 0.003, "two heaps in 9 of one normal");
	within(share_bimodal(15, 4000, 0, normal), 0, 0.003, "in 15");
	within(share_bimodal(30, 4000, 0, normal), 0, 0.003, "in 30");
	within(share_bimodal(9, 4000, 0, even), 0, 0.02, "in 9 of a uniform one");
	within(share_bimodal(9, 4000, 0, exponential), 0, 0.03, "in 9 of an exponential one");
	within(share_bimodal(30, 4000, 0, exponential), 0, 0.03, "in 30 of an exponential one");
	within(share_bimodal(9, 500, 10, normal), 0.7, 1, "in 9 of two that are 10 deviations apart");
	within(share_bimodal(30, 500, 6, normal), 0.9, 1, "in 30 of two that are 6 apart");
	tap_ok(modes_two(ties, 9, &m) && m.nr_low == 5 && m.low == 1 && m.high == 5,
	       "values without any noise, and which heaps");
	tap_ok(!modes_two(one_off, 9, &m), "one odd value is no heap");
	tap_ok(!modes_two(ties, 5, &m), "of 5 values nothing is said");
	tap_ok(!modes_two((double[]){ 3, 3, 3, 3, 3, 3 }, 6, &m), "one value is one heap");
}

int main(void)
{
	rng = gsl_rng_alloc(gsl_rng_ranlxs0);
	if (!rng)
		return 2;
	gsl_rng_set(rng, 5);
	test_published_p();
	test_published_critical();
	test_worked_example();
	test_ties();
	test_many();
	test_null();
	test_fdr();
	test_bootstrap();
	test_detectable();
	test_modes();
	gsl_rng_free(rng);
	return tap_done();
}
