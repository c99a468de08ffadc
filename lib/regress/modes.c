// SPDX-License-Identifier: GPL-2.0-only
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "modes.h"

#define SAMPLES 20000
#define LEVEL 0.001
#define SEED 1969
#define MOST 128

static size_t least_heap(size_t n)
{
	return n <= 10 ? 2 : (n + 4) / 5;
}

/* Of sorted values; 0: they are all equal. */
static double best_cut(const double *v, size_t n, size_t *at)
{
	double mean = gsl_stats_mean(v, 1, n), all = gsl_stats_tss_m(v, 1, n, mean);
	double best = 0, between, low = 0;
	size_t least = least_heap(n), i;

	for (i = 1; i < n; i++) {
		low += v[i - 1] - mean;
		/* the heap above is as far away, times its share, on the other side */
		between = low * low / (double)i + low * low / (double)(n - i);
		if (i >= least && n - i >= least && between > best) {
			best = between;
			*at = i;
		}
	}
	if (!best)
		return 0;
	return all > best ? best / (all - best) : INFINITY;
}

static double critical(size_t n)
{
	double *v = must(malloc(n * sizeof(*v))), *cuts = must(malloc(SAMPLES * sizeof(*cuts)));
	gsl_rng *rng = must(gsl_rng_alloc(gsl_rng_mt19937));
	size_t i, k, at;
	double value;

	gsl_rng_set(rng, SEED);
	for (i = 0; i < SAMPLES; i++) {
		for (k = 0; k < n; k++)
			v[k] = gsl_ran_gaussian_ziggurat(rng, 1);
		gsl_sort(v, 1, n);
		cuts[i] = best_cut(v, n, &at);
	}
	gsl_sort(cuts, 1, SAMPLES);
	value = gsl_stats_quantile_from_sorted_data(cuts, 1, SAMPLES, 1 - LEVEL);
	gsl_rng_free(rng);
	free(cuts);
	free(v);
	return value;
}

/* The ratio falls with n: of more values than MOST it is that of MOST, to be safe. */
static double critical_of(size_t n)
{
	static double known[MOST + 1];

	n = n < MOST ? n : MOST;
	if (!known[n])
		known[n] = critical(n);
	return known[n];
}

bool modes_two(const double *v, size_t n, struct modes *m)
{
	double *sorted;
	bool two = false;
	size_t at = 0;

	if (n < 6)
		return false;
	sorted = must(malloc(n * sizeof(*sorted)));
	memcpy(sorted, v, n * sizeof(*sorted));
	gsl_sort(sorted, 1, n);
	if (best_cut(sorted, n, &at) > critical_of(n)) {
		two = true;
		m->nr_low = at;
		m->low = gsl_stats_mean(sorted, 1, at);
		m->high = gsl_stats_mean(sorted + at, 1, n - at);
	}
	free(sorted);
	return two;
}
