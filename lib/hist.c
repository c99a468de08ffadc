// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <string.h>

#include "binomial.h"
#include "hist.h"

void hist_init(struct hist *h)
{
	memset(h, 0, sizeof(*h));
	h->min = UINT64_MAX;
}

void hist_add(struct hist *h, uint64_t value)
{
	h->n++;
	h->sum += value;
	if (value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->bucket[hmmstorm_hist_bucket(value)]++;
}

void hist_merge(struct hist *to, const struct hist *from)
{
	unsigned int i;

	if (!from->n)
		return;
	to->n += from->n;
	to->sum += from->sum;
	if (from->min < to->min)
		to->min = from->min;
	if (from->max > to->max)
		to->max = from->max;
	for (i = 0; i < HMMSTORM_HIST_BUCKETS; i++)
		to->bucket[i] += from->bucket[i];
}

/* The bucket of the sample of this rank, from 1. */
static unsigned int bucket_of_rank(const struct hist *h, uint64_t rank)
{
	uint64_t seen = 0;
	unsigned int i;

	for (i = 0; i < HMMSTORM_HIST_BUCKETS - 1; i++) {
		seen += h->bucket[i];
		if (seen >= rank)
			break;
	}
	return i;
}

static uint64_t clamp(const struct hist *h, uint64_t value)
{
	if (value < h->min)
		return h->min;
	return value > h->max ? h->max : value;
}

uint64_t hist_quantile(const struct hist *h, double q)
{
	uint64_t rank, low, high;
	unsigned int i;

	if (!h->n)
		return 0;
	rank = (uint64_t)ceil(q * (double)h->n);
	i = bucket_of_rank(h, rank < 1 ? 1 : rank);
	low = hmmstorm_hist_low(i);
	high = hmmstorm_hist_high(i);
	return clamp(h, low + (high - low) / 2);
}

/*
 * How many samples lie below the quantile is binomial (n, q). Of all ranks the least
 * that is above it with a probability of at least p.
 */
static uint64_t rank_above(uint64_t n, double q, double p)
{
	uint64_t low = 0, high = n;

	while (low < high) {
		uint64_t k = low + (high - low) / 2;

		if (binomial_cdf((double)k, (double)n, q) >= p)
			high = k;
		else
			low = k + 1;
	}
	return low + 1;
}

bool hist_interval(const struct hist *h, double q, uint64_t *low, uint64_t *high)
{
	uint64_t first, last;
	unsigned int i;

	if (h->n < hist_needed(q) || h->n < hist_needed(1 - q))
		return false;
	/* P(the sample of rank r > the quantile) = P(fewer than r below it) */
	last = rank_above(h->n, q, 0.975);
	first = h->n + 1 - rank_above(h->n, 1 - q, 0.975);
	i = bucket_of_rank(h, last);
	/* values beyond its end share the last bucket */
	*high = i == HMMSTORM_HIST_BUCKETS - 1 ? h->max : clamp(h, hmmstorm_hist_high(i));
	*low = clamp(h, hmmstorm_hist_low(bucket_of_rank(h, first)));
	return true;
}

uint64_t hist_needed(double q)
{
	return (uint64_t)ceil(log(0.025) / log(q));
}
