// SPDX-License-Identifier: GPL-2.0-only
/*
 * The distribution is GSL's incomplete beta function, the bounds are found by
 * bisection: gsl_cdf_beta_Pinv() does not converge for some n of a million, and then
 * ends the program.
 */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>

#include "binomial.h"

#define ALPHA 0.05

/* Above this variance GSL's continued fraction may need more than its 512 terms (it
 * then returns NaN), and the normal distribution with its first correction, for the
 * skew, is right to 1e-5.
 */
#define LARGE 10000.0

static double cdf_of_many(double k, double n, double p)
{
	double sd = sqrt(n * p * (1 - p)), z = (k + 0.5 - n * p) / sd;

	return gsl_cdf_ugaussian_P(z) -
	       (1 - 2 * p) / (6 * sd) * (z * z - 1) * gsl_ran_ugaussian_pdf(z);
}

double binomial_cdf(double k, double n, double p)
{
	if (k < 0)
		return 0;
	if (k >= n)
		return 1;
	if (n * p * (1 - p) > LARGE)
		return cdf_of_many(k, n, p);
	return gsl_cdf_beta_Q(p, k + 1, n - k);
}

/* The p at which P(X <= k) = value; it falls as p grows. */
static double solve(double k, double n, double value)
{
	double low = 0, high = 1, p = 0.5;
	int i;

	for (i = 0; i < 100; i++) {
		if (binomial_cdf(k, n, p) > value)
			low = p;
		else
			high = p;
		p = low + (high - low) / 2;
	}
	return p;
}

void binomial_bounds(uint64_t k, uint64_t n, double *low, double *high)
{
	*low = k ? solve((double)k - 1, (double)n, 1 - ALPHA / 2) : 0;
	*high = k < n ? solve((double)k, (double)n, ALPHA / 2) : 1;
}

double binomial_none(uint64_t n)
{
	return n ? -expm1(log(ALPHA) / (double)n) : 1;
}
