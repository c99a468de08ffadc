// SPDX-License-Identifier: GPL-2.0-only
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sf_gamma.h>
#include <gsl/gsl_sort_double.h>
#include <math.h>
#include <stdlib.h>

#include "../alloc.h"
#include "../stats.h"
#include "changepoint.h"

/* How many, and the sum, of the values put in at a place or before it. */
struct fenwick {
	double *count, *sum;
	size_t n;
};

static void fenwick_put(struct fenwick *f, size_t place, double value)
{
	size_t i;

	for (i = place + 1; i <= f->n; i += i & -i) {
		f->count[i]++;
		f->sum[i] += value;
	}
}

static void fenwick_before(const struct fenwick *f, size_t place, double *count,
			   double *sum)
{
	size_t i;

	*count = 0;
	*sum = 0;
	for (i = place; i; i &= i - 1) {
		*count += f->count[i];
		*sum += f->sum[i];
	}
}

/* A value's rank (ties: the mean of theirs), its place in the order (no ties), and how
 * far it is from all others of the segment together: the same in every permutation.
 */
struct ranked {
	double rank, distance;
	size_t place;
};

struct segment {
	struct ranked *at;
	size_t n;
	double all;		/* distances of all pairs */
	struct fenwick left;
};

static void segment_init(struct segment *s, const double *v, size_t n)
{
	size_t *order = must(calloc(n, sizeof(*order))), i, k, end;
	double sum = 0, total = 0.5 * (double)n * (double)(n + 1), rank, place;

	s->at = must(calloc(n, sizeof(*s->at)));
	s->left.count = must(calloc(n + 1, sizeof(*s->left.count)));
	s->left.sum = must(calloc(n + 1, sizeof(*s->left.sum)));
	s->left.n = n;
	s->n = n;
	s->all = 0;
	gsl_sort_index(order, v, 1, n);
	for (i = 0; i < n; i = end) {
		for (end = i; end < n && v[order[end]] == v[order[i]]; end++)
			;
		rank = 0.5 * (double)(i + 1 + end);
		for (k = i; k < end; k++) {
			place = (double)k;
			s->at[order[k]] = (struct ranked){
				.rank = rank,
				.place = k,
				.distance = rank * place - sum + (total - sum) -
					    rank * ((double)n - place),
			};
			s->all += 0.5 * s->at[order[k]].distance;
			sum += rank;
		}
	}
	free(order);
}

static void segment_exit(struct segment *s)
{
	free(s->at);
	free(s->left.count);
	free(s->left.sum);
}

/*
 * The largest statistic over all splits. One value after the other goes to the left;
 * with the distances of all pairs on the left, all on the right, and the rest between,
 *   energy distance = 2 between / (n1 n2) - 2 left / n1^2 - 2 right / n2^2
 * (Szekely and Rizzo's V-statistic: never negative, and under no change its mean times
 * n1 n2 / (n1 + n2) is the same wherever the split is).
 */
static double scan(struct segment *s, size_t *at)
{
	double left = 0, right = s->all, sum = 0, best = 0;
	double count, below, n1, n2, to_left, q;
	size_t i;

	memset(s->left.count, 0, (s->n + 1) * sizeof(*s->left.count));
	memset(s->left.sum, 0, (s->n + 1) * sizeof(*s->left.sum));
	*at = 0;
	for (i = 0; i + CHANGEPOINT_SEGMENT < s->n; i++) {
		const struct ranked *r = &s->at[i];

		fenwick_before(&s->left, r->place, &count, &below);
		to_left = r->rank * count - below + (sum - below) -
			  r->rank * ((double)i - count);
		left += to_left;
		right -= r->distance - to_left;
		fenwick_put(&s->left, r->place, r->rank);
		sum += r->rank;
		n1 = (double)(i + 1);
		n2 = (double)(s->n - i - 1);
		q = n1 * n2 / (n1 + n2) *
		    (2 * (s->all - left - right) / (n1 * n2) - 2 * left / (n1 * n1) -
		     2 * right / (n2 * n2));
		if (i + 1 >= CHANGEPOINT_SEGMENT && q > best * (1 + 1e-12)) {
			best = q;
			*at = i + 1;
		}
	}
	return best;
}

/* Besag and Clifford: h / l if the h-th that is as large was the l-th drawn. */
static double permute(struct segment *s, double statistic,
		      const struct changepoint_options *o)
{
	gsl_rng *rng = must(gsl_rng_alloc(gsl_rng_mt19937));
	size_t i, at, exceed = 0;

	gsl_rng_set(rng, (unsigned long)o->seed);
	for (i = 0; i < o->permutations && exceed < CHANGEPOINT_EXCEED; i++) {
		gsl_ran_shuffle(rng, s->at, s->n, sizeof(*s->at));
		exceed += scan(s, &at) >= statistic * (1 - 1e-12);
	}
	gsl_rng_free(rng);
	if (exceed == CHANGEPOINT_EXCEED)
		return (double)exceed / (double)i;
	return (double)(exceed + 1) / (double)(o->permutations + 1);
}

struct changepoint_split changepoint_best(const double *v, size_t n,
					  const struct changepoint_options *o)
{
	struct changepoint_split split = { 0, 0, 1 };
	struct segment s;

	if (n < 2 * CHANGEPOINT_SEGMENT)
		return split;
	segment_init(&s, v, n);
	split.statistic = scan(&s, &split.at);
	if (split.at)
		split.p = permute(&s, split.statistic, o);
	segment_exit(&s);
	return split;
}

static double median_of(const double *v, size_t n)
{
	double *copy = must(calloc(n, sizeof(*copy))), median;

	memcpy(copy, v, n * sizeof(*v));
	median = stats_median(copy, n);
	free(copy);
	return median;
}

static void add_point(struct changepoint **found, size_t *nr, size_t at, double p)
{
	*found = must_grow(*found, *nr, sizeof(**found));
	(*found)[(*nr)++] = (struct changepoint){ at, NAN, NAN, p };
}

static void divide(const double *v, size_t first, size_t n,
		   const struct changepoint_options *o, struct changepoint **found,
		   size_t *nr)
{
	struct changepoint_split split = changepoint_best(v + first, n, o);

	if (!split.at || split.p > o->alpha)
		return;
	divide(v, first, split.at, o, found, nr);
	add_point(found, nr, first + split.at, split.p);
	divide(v, first + split.at, n - split.at, o, found, nr);
}

static void set_levels(const double *v, size_t n, struct changepoint *found, size_t nr)
{
	size_t i, first, end;

	for (i = 0; i < nr; i++) {
		first = i ? found[i - 1].at : 0;
		end = i + 1 < nr ? found[i + 1].at : n;
		found[i].before = median_of(v + first, found[i].at - first);
		found[i].after = median_of(v + found[i].at, end - found[i].at);
	}
}

static double size_of(const struct changepoint *c)
{
	if (c->after == c->before)
		return 0;
	return fabs(c->after - c->before) / fabs(c->before);
}

/* The smallest first: what it parted may make its neighbours larger, or smaller. */
static size_t merge(const double *v, size_t n, struct changepoint *found, size_t nr,
		    double threshold)
{
	size_t i, least;

	for (;;) {
		set_levels(v, n, found, nr);
		for (i = 1, least = 0; i < nr; i++)
			if (size_of(&found[i]) < size_of(&found[least]))
				least = i;
		if (!nr || size_of(&found[least]) >= threshold)
			return nr;
		nr--;
		memmove(found + least, found + least + 1, (nr - least) * sizeof(*found));
	}
}

size_t changepoint_find(const double *v, size_t n, const struct changepoint_options *o,
			struct changepoint **found)
{
	size_t nr = 0;

	*found = NULL;
	divide(v, 0, n, o, found, &nr);
	return merge(v, n, *found, nr, o->threshold);
}

size_t changepoint_exact(const double *v, size_t n, double threshold,
			 struct changepoint **found)
{
	size_t nr = 0, i, first = 0;

	*found = NULL;
	for (i = 1; i < n; i++) {
		if (v[i] == v[first] ||
		    fabs(v[i] - v[first]) < threshold * fabs(v[first]))
			continue;
		add_point(found, &nr, i, NAN);
		first = i;
	}
	set_levels(v, n, *found, nr);
	return nr;
}

/* A perfect step in the middle, either way, is 2 of the ways to choose its sides. An odd n
 * bears no more than the even one below it, for there are two middles.
 */
size_t changepoint_minimum(double alpha)
{
	size_t n = 2 * CHANGEPOINT_SEGMENT;

	while (2 / gsl_sf_choose((unsigned int)n, (unsigned int)n / 2) > alpha)
		n += 2;
	return n;
}
