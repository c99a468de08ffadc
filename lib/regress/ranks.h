/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two samples by their ranks, with no assumption of a distribution: does the second
 * lie elsewhere (Mann and Whitney 1947), and by how much (Hodges and Lehmann 1963).
 */
#ifndef HMMSTORM_REGRESS_RANKS_H
#define HMMSTORM_REGRESS_RANKS_H

#include <stdbool.h>
#include <stddef.h>

/* Up to so many values of both samples p is exact, with ties too. */
#define RANKS_EXACT 80

struct ranks_shift {
	double shift;		/* median of all differences y - x */
	double low, high;	/* its interval; NaN: too few values for one */
};

/*
 * Two-sided p of the U test: twice the smaller tail of the rank sum over all ways to
 * deal these very values, ties with their middle ranks, to the two samples (Streitberg
 * and Roehmel 1986 count them). *exact false: more than RANKS_EXACT values, and it is
 * the normal approximation with ties and continuity corrected.
 */
double ranks_p(const double *x, size_t n, const double *y, size_t m, bool *exact);
/* The least p that samples of this size can have: 2 / C(n + m, n). */
double ranks_least_p(size_t n, size_t m);
/* The largest k for which P(U <= k - 1) <= alpha / 2: the test rejects for U < k. 0: it
 * can never.
 */
size_t ranks_critical(size_t n, size_t m, double alpha);
/* k: ranks_critical() at 1 - confidence. */
struct ranks_shift ranks_shift(const double *x, size_t n, const double *y, size_t m, size_t k);

#endif
