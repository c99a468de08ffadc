// SPDX-License-Identifier: GPL-2.0-only
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../stats.h"
#include "bootstrap.h"

/* (draws + 1) * 2.5% is whole: the ends are order statistics (Davison and Hinkley). */
#define RATIO_DRAWS 1999
#define SHIFT_DRAWS 499
#define SEED 20210803

static gsl_rng *start(void)
{
	gsl_rng *rng = must(gsl_rng_alloc(gsl_rng_mt19937));

	gsl_rng_set(rng, SEED);
	return rng;
}

static double *sorted_copy(const double *v, size_t n)
{
	double *copy = must(malloc(n * sizeof(*copy)));

	memcpy(copy, v, n * sizeof(*copy));
	gsl_sort(copy, 1, n);
	return copy;
}

/* The value of this rank, from 0, of a sample of how often each sorted value came. */
static double at_rank(const double *sorted, const unsigned int *times, size_t rank)
{
	size_t seen = times[0], i = 0;

	while (seen <= rank)
		seen += times[++i];
	return sorted[i];
}

/* Nothing that stayed nothing has not changed. */
static double ratio_of(double new, double old)
{
	return new == old ? 1 : new / old;
}

/* Median of n values drawn from n; times has room for n. */
static double drawn_median(gsl_rng *rng, const double *sorted, size_t n, unsigned int *times)
{
	size_t i;

	memset(times, 0, n * sizeof(*times));
	for (i = 0; i < n; i++)
		times[gsl_rng_uniform_int(rng, n)]++;
	return (at_rank(sorted, times, (n - 1) / 2) + at_rank(sorted, times, n / 2)) / 2;
}

struct ratio bootstrap_ratio(const double *x, size_t n, const double *y, size_t m,
			     double alpha)
{
	double *a = sorted_copy(x, n), *b = sorted_copy(y, m), old;
	unsigned int *times = must(calloc(n + m, sizeof(*times)));
	double *drawn = must(malloc(RATIO_DRAWS * sizeof(*drawn)));
	size_t tail = (size_t)floor((RATIO_DRAWS + 1) * alpha / 2), i;
	gsl_rng *rng = start();
	struct ratio r;

	for (i = 0; i < RATIO_DRAWS; i++) {
		old = drawn_median(rng, a, n, times);
		drawn[i] = ratio_of(drawn_median(rng, b, m, times), old);
	}
	gsl_sort(drawn, 1, RATIO_DRAWS);
	tail = tail ? tail : 1;
	r.value = ratio_of(gsl_stats_median_from_sorted_data(b, 1, m),
			   gsl_stats_median_from_sorted_data(a, 1, n));
	r.low = n > 1 && m > 1 ? drawn[tail - 1] : NAN;
	r.high = n > 1 && m > 1 ? drawn[RATIO_DRAWS - tail] : NAN;
	gsl_rng_free(rng);
	free(drawn);
	free(times);
	free(a);
	free(b);
	return r;
}

/* Both samples without their medians; what n values miss of their own spread by that is
 * given back, as the variance's n - 1 does.
 */
static double *residuals(const double *x, size_t n, const double *y, size_t m)
{
	double *all = must(malloc((n + m) * sizeof(*all))), *a, *b, old, new;
	size_t i;

	a = sorted_copy(x, n);
	b = sorted_copy(y, m);
	old = gsl_stats_median_from_sorted_data(a, 1, n);
	new = gsl_stats_median_from_sorted_data(b, 1, m);
	for (i = 0; i < n; i++)
		all[i] = (a[i] - old) * sqrt((double)n / (double)(n - 1));
	for (i = 0; i < m; i++)
		all[n + i] = (b[i] - new) * sqrt((double)m / (double)(m - 1));
	free(a);
	free(b);
	return all;
}

struct detectable bootstrap_detectable(const double *x, size_t n, const double *y, size_t m,
				       size_t k)
{
	double *pool, *a, *d, found[SHIFT_DRAWS];
	size_t i, j, draw;
	gsl_rng *rng;

	if (!k || n < 2 || m < 2)
		return (struct detectable){ NAN, NAN };
	pool = residuals(x, n, y, m);
	a = must(malloc(n * sizeof(*a)));
	d = must(malloc(n * m * sizeof(*d)));
	rng = start();
	for (draw = 0; draw < SHIFT_DRAWS; draw++) {
		for (i = 0; i < n; i++)
			a[i] = pool[gsl_rng_uniform_int(rng, n + m)];
		for (j = 0; j < m; j++) {
			double b = pool[gsl_rng_uniform_int(rng, n + m)];

			for (i = 0; i < n; i++)
				d[j * n + i] = a[i] - b;
		}
		found[draw] = gsl_stats_select(d, 1, n * m, n * m - k);
	}
	gsl_rng_free(rng);
	free(pool);
	free(a);
	free(d);
	gsl_sort(found, 1, SHIFT_DRAWS);
	return (struct detectable){
		fmax(0, gsl_stats_quantile_from_sorted_data(found, 1, SHIFT_DRAWS, 0.80)),
		fmax(0, gsl_stats_quantile_from_sorted_data(found, 1, SHIFT_DRAWS, 0.95)),
	};
}
