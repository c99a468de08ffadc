/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a series of values, in order, changes its level.
 *
 * Exact values (instructions of the deterministic mode) need no test: they are equal
 * until something changes.
 *
 * Others go through E-divisive (Matteson and James, JASA 109, 2014; MongoDB: Daly et
 * al., ICPE 2020; Otava: Fleming et al., ICPE 2023): the split of a segment with the
 * largest energy distance between its two sides is a change point if a permutation of
 * the values seldom gives as large a one; both sides are then split likewise. Two
 * things are done otherwise, for the reasons given:
 *   ranks within the segment instead of values: one boot that went astray has no more
 *   weight than any other. On ranks the statistic is Cramer and von Mises' of
 *   two samples, times 2 n (Anderson 1962; Szekely and Rizzo 2013);
 *   the permutations of a segment end when CHANGEPOINT_EXCEED of them reached its
 *   statistic (Besag and Clifford 1991): p is as honest, and noise is done with soon.
 * A segment is scanned in O(n log n) by Fenwick trees (not O(n^2)), a permutation of
 * it likewise. Seeded by GSL: the same values give the same answer.
 *
 * It sees changes of the distribution, so a change of spread alone too. It takes
 * values as exchangeable between changes: a slow drift comes out as a staircase.
 * Out of memory ends the program.
 */
#ifndef HMMSTORM_CHANGEPOINT_H
#define HMMSTORM_CHANGEPOINT_H

#include <stddef.h>
#include <stdint.h>

#define CHANGEPOINT_EXCEED 10
/* Values a segment has at least: one or two astray are no level. */
#define CHANGEPOINT_SEGMENT 3

struct changepoint {
	size_t at;		/* index of the first value after it */
	double before, after;	/* medians of the segments on both sides */
	double p;		/* of its split; NaN: exact */
};

struct changepoint_options {
	double alpha;		/* a split is one if p is no larger */
	double threshold;	/* 0.01: changes of less than 1% are merged */
	size_t permutations;	/* at most */
	uint64_t seed;
};

struct changepoint_split {
	size_t at;		/* 0: n does not bear a split, or all are equal */
	double statistic;	/* n1 n2 / (n1 + n2) x energy distance of the ranks */
	double p;		/* 1 where there is no split */
};

/* The best split of all n values, and its p. */
struct changepoint_split changepoint_best(const double *v, size_t n,
					  const struct changepoint_options *o);
/* All change points, in order; caller frees. Returns how many. */
size_t changepoint_find(const double *v, size_t n, const struct changepoint_options *o,
			struct changepoint **found);
/* Of exact values: each step. A value that is less than threshold (0.01: 1%) away from
 * its segment's first is no step, so that many small ones add up to one at last.
 */
size_t changepoint_exact(const double *v, size_t n, double threshold,
			 struct changepoint **found);
/* The least n of which a perfect step can have p <= alpha. */
size_t changepoint_minimum(double alpha);

#endif
