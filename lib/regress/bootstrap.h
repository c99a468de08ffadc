/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the boots at hand say of other boots, by drawing from them with replacement.
 * The generator always starts from the same seed, so that the same results give the
 * same intervals, whatever else is compared beside them.
 */
#ifndef HMMSTORM_REGRESS_BOOTSTRAP_H
#define HMMSTORM_REGRESS_BOOTSTRAP_H

#include <stddef.h>

struct ratio {
	double value;		/* median of y over that of x */
	double low, high;	/* percentile interval (Efron 1979); NaN: of one value */
};

struct detectable {
	double at_80, at_95;	/* shift found with this probability; NaN: none ever is */
};

struct ratio bootstrap_ratio(const double *x, size_t n, const double *y, size_t m,
			     double alpha);
/*
 * The least shift that a U test which rejects for U < k (ranks_critical()) finds with
 * 80% and 95% probability, between samples of these sizes and of this spread: samples
 * are drawn from what is left of both when their medians are taken off; of each pair of
 * them the k-th largest difference is the shift from which on the test rejects.
 */
struct detectable bootstrap_detectable(const double *x, size_t n, const double *y, size_t m,
				       size_t k);

#endif
