/* SPDX-License-Identifier: GPL-2.0-only */
/* The statistics of findings, by GSL. */
#ifndef HMMSTORM_STATS_H
#define HMMSTORM_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* y = intercept + slope * x by least squares, with the 95% interval of the slope by
 * Student's t. NaN: fewer than two different x; the interval's ends: fewer than three.
 */
struct line {
	double intercept, slope;
	double slope_low, slope_high;
	double worst;		/* largest |residual| / |y|; 0.02 is 2% */
	size_t n;
};

struct line stats_line(const double *x, const double *y, size_t n);
/* Ranks (from 1) of the order statistics that bound the median of n samples with at
 * least 95%, without assuming a distribution; false: n < 6 bears none.
 */
bool stats_median_ranks(uint64_t n, uint64_t *low, uint64_t *high);
/* Sorts v. NaN for n = 0. */
double stats_median(double *v, size_t n);

#endif
