/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Log-linear histogram of latencies. The bucket layout is the helper module's
 * (kernel-helpers/uapi/hmmstorm.h), so that both sides' histograms can be
 * added and compared; a value is known to within 0.8%.
 */
#ifndef HMMSTORM_HIST_H
#define HMMSTORM_HIST_H

#include <stdbool.h>
#include <stdint.h>

#include "../kernel-helpers/uapi/hmmstorm.h"

struct hist {
	uint64_t n, sum, min, max;
	uint64_t bucket[HMMSTORM_HIST_BUCKETS];
};

void hist_init(struct hist *h);
void hist_add(struct hist *h, uint64_t value);
void hist_merge(struct hist *to, const struct hist *from);
/* The value at quantile q (0..1): middle of its bucket, clamped to min..max;
 * 0 when empty.
 */
uint64_t hist_quantile(const struct hist *h, double q);
/* Fewest samples for which a distribution-free 95% interval of quantile q has
 * a finite upper end: ln(0.025) / ln(q) (368 for p99, 3688 for p99.9).
 */
uint64_t hist_needed(double q);
/* Distribution-free 95% interval of quantile q: the values of two ranks between which
 * the quantile lies in 95 samples of 100 or more, each rank the innermost that
 * leaves at most 2.5% outside (by the binomial distribution of how many samples are
 * below it). *low is the low end of its bucket, *high the high end. False, and
 * nothing is known: fewer samples than hist_needed(q), or than hist_needed(1 - q).
 */
bool hist_interval(const struct hist *h, double q, uint64_t *low, uint64_t *high);

#endif
