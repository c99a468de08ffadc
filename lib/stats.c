// SPDX-License-Identifier: GPL-2.0-only
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_fit.h>
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "stats.h"

static size_t nr_different(const double *x, size_t n)
{
	size_t i, k, different = 0;

	for (i = 0; i < n; i++) {
		for (k = 0; x[k] != x[i]; k++)
			;
		different += k == i;
	}
	return different;
}

struct line stats_line(const double *x, const double *y, size_t n)
{
	struct line l = { NAN, NAN, NAN, NAN, NAN, n };
	double c00, c01, c11, sum, half;
	size_t i;

	if (nr_different(x, n) < 2)
		return l;
	gsl_fit_linear(x, 1, y, 1, n, &l.intercept, &l.slope, &c00, &c01, &c11,
		       &sum);
	l.worst = 0;
	for (i = 0; i < n; i++)
		l.worst = fmax(l.worst, fabs((y[i] - l.intercept - l.slope * x[i]) / y[i]));
	if (n < 3)
		return l;
	half = gsl_cdf_tdist_Pinv(0.975, (double)(n - 2)) * sqrt(c11);
	l.slope_low = l.slope - half;
	l.slope_high = l.slope + half;
	return l;
}

bool stats_median_ranks(uint64_t n, uint64_t *low, uint64_t *high)
{
	uint64_t good = 0, bad = n / 2 + 1, middle;

	/* the largest rank below which the median lies with at most 2.5% */
	while (bad - good > 1) {
		middle = good + (bad - good) / 2;
		if (gsl_cdf_binomial_P((unsigned int)middle - 1, 0.5, (unsigned int)n) <= 0.025)
			good = middle;
		else
			bad = middle;
	}
	if (!good)
		return false;
	*low = good;
	*high = n + 1 - good;
	return true;
}

double stats_median(double *v, size_t n)
{
	if (!n)
		return NAN;
	gsl_sort(v, 1, n);
	return gsl_stats_median_from_sorted_data(v, 1, n);
}
