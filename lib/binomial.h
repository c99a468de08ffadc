/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What k successes in n trials say about the probability: the bounds of Clopper and
 * Pearson (Biometrika 26, 1934), which hold at every n, also where all or none
 * succeeded.
 */
#ifndef HMMSTORM_BINOMIAL_H
#define HMMSTORM_BINOMIAL_H

#include <stdint.h>

/* Two-sided, 95 % or more; k <= n. n = 0 says nothing: from 0 to 1. */
void binomial_bounds(uint64_t k, uint64_t n, double *low, double *high);
/* One-sided, 95 %: the most that the probability is if none of n succeeded; about
 * 3 / n, whence "rule of three". n = 0: 1.
 */
double binomial_none(uint64_t n);
/* P(X <= k) for X of n trials with probability p. */
double binomial_cdf(double k, double n, double p);

#endif
