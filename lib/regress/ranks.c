// SPDX-License-Identifier: GPL-2.0-only
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort_double.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "../alloc.h"
#include "ranks.h"

struct item {
	double value;
	bool of_x;
};

/* Both samples in order of value. rank: twice the middle rank, so that it is whole. */
struct ranking {
	size_t *rank;
	size_t n;
	size_t sum_x;	/* of the ranks of x */
	double ties;	/* sum of t^3 - t over groups of t equal values */
};

static int by_value(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->value > y->value) - (x->value < y->value);
}

static struct ranking rank(const double *x, size_t n, const double *y, size_t m)
{
	struct ranking r = { must(calloc(n + m, sizeof(*r.rank))), n + m, 0, 0 };
	struct item *all = must(calloc(n + m, sizeof(*all)));
	size_t i, k, end;
	double t;

	for (i = 0; i < n + m; i++)
		all[i] = (struct item){ i < n ? x[i] : y[i - n], i < n };
	qsort(all, n + m, sizeof(*all), by_value);
	for (i = 0; i < n + m; i = end) {
		for (end = i + 1; end < n + m && all[end].value == all[i].value; end++)
			;
		for (k = i; k < end; k++) {
			r.rank[k] = i + 1 + end;
			r.sum_x += all[k].of_x ? r.rank[k] : 0;
		}
		t = (double)(end - i);
		r.ties += t * t * t - t;
	}
	free(all);
	return r;
}

/*
 * In how many ways do k of the values have the rank sum s: g[k * (top + 1) + s], value
 * by value. Counts are whole numbers, and only ever added.
 */
static double *count_sums(const struct ranking *r, size_t n, size_t top)
{
	double *g = must(calloc((n + 1) * (top + 1), sizeof(*g)));
	size_t i, k, s;

	g[0] = 1;
	for (i = 0; i < r->n; i++)
		for (k = i < n ? i + 1 : n; k > 0; k--) {
			double *to = g + k * (top + 1);
			const double *from = to - (top + 1);

			for (s = r->rank[i]; s <= top; s++)
				to[s] += from[s - r->rank[i]];
		}
	return g;
}

static double exact_p(const struct ranking *r, size_t n)
{
	double below = 0, above = 0, all = 0, *g;
	size_t top = 0, i, s;

	for (i = r->n - n; i < r->n; i++)
		top += r->rank[i];
	g = count_sums(r, n, top);
	for (s = 0; s <= top; s++) {
		double ways = g[n * (top + 1) + s];

		all += ways;
		below += s <= r->sum_x ? ways : 0;
		above += s >= r->sum_x ? ways : 0;
	}
	free(g);
	return fmin(1, 2 * fmin(below, above) / all);
}

static double normal_p(const struct ranking *r, size_t n, size_t m)
{
	double a = (double)n, b = (double)m, all = a + b;
	double variance = a * b / 12 * (all + 1 - r->ties / (all * (all - 1)));
	double away = fabs((double)r->sum_x / 2 - a * (all + 1) / 2) - 0.5;

	if (variance <= 0 || away <= 0)
		return 1;
	return 2 * gsl_cdf_ugaussian_Q(away / sqrt(variance));
}

double ranks_p(const double *x, size_t n, const double *y, size_t m, bool *exact)
{
	struct ranking r = rank(x, n, y, m);
	double p;

	*exact = n + m <= RANKS_EXACT;
	p = *exact ? exact_p(&r, n) : normal_p(&r, n, m);
	free(r.rank);
	return p;
}

double ranks_least_p(size_t n, size_t m)
{
	return fmin(1, 2 * exp(-gsl_sf_lnchoose((unsigned int)(n + m), (unsigned int)n)));
}

/*
 * In how many ways has U the value u: the largest of all values is an x, and j values
 * of y lie below it, or it is a y (Mann and Whitney's recursion).
 */
static double *count_u(size_t n, size_t m)
{
	size_t top = n * m, i, j, u;
	double *f = must(calloc((m + 1) * (top + 1), sizeof(*f)));

	for (j = 0; j <= m; j++)
		f[j * (top + 1)] = 1;
	for (i = 1; i <= n; i++)
		for (j = 1; j <= m; j++) {
			double *to = f + j * (top + 1);
			const double *less = to - (top + 1);

			for (u = top + 1; u-- > 0;)
				to[u] = less[u] + (u >= j ? to[u - j] : 0);
		}
	return f;
}

size_t ranks_critical(size_t n, size_t m, double alpha)
{
	double mean = (double)n * (double)m / 2, sum = 0, last, all, *f;
	size_t u;

	if (n + m > RANKS_EXACT) {
		last = mean - 0.5 - gsl_cdf_ugaussian_Qinv(alpha / 2) *
		       sqrt(mean * (double)(n + m + 1) / 6);
		return last < 0 ? 0 : (size_t)last + 1;
	}
	f = count_u(n, m);
	all = exp(gsl_sf_lnchoose((unsigned int)(n + m), (unsigned int)n));
	for (u = 0; u <= n * m; u++) {
		sum += f[m * (n * m + 1) + u];
		/* a level that is met exactly is met: the logarithm's last digits */
		if (sum / all > alpha / 2 * (1 + 1e-9))
			break;
	}
	free(f);
	return u;
}

struct ranks_shift ranks_shift(const double *x, size_t n, const double *y, size_t m, size_t k)
{
	double *d = must(calloc(n * m, sizeof(*d)));
	struct ranks_shift s = { .low = NAN, .high = NAN };
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < m; j++)
			d[i * m + j] = y[j] - x[i];
	gsl_sort(d, 1, n * m);
	s.shift = gsl_stats_median_from_sorted_data(d, 1, n * m);
	if (k) {
		s.low = d[k - 1];
		s.high = d[n * m - k];
	}
	free(d);
	return s;
}
