// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/hist.c and the bucket layout it shares with the helper module: every
 * value lies in its bucket, buckets tile the range, a quantile is the right
 * sample's to 1/128, its interval holds the true value as often as it says, and a
 * histogram that lacks samples says how many.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/hist.h"
#include "../lib/rng.h"
#include "../lib/tap.h"

#define REACH (1ULL << 37)	/* first value of no bucket of its own */
#define LAST (HMMSTORM_HIST_BUCKETS - 1)

static uint64_t middle(uint32_t bucket)
{
	uint64_t low = hmmstorm_hist_low(bucket);

	return low + (hmmstorm_hist_high(bucket) - low) / 2;
}

static uint64_t distance(uint64_t a, uint64_t b)
{
	return a > b ? a - b : b - a;
}

static bool bucket_holds(uint64_t v)
{
	uint32_t b = hmmstorm_hist_bucket(v);

	if (b < HMMSTORM_HIST_BUCKETS && hmmstorm_hist_low(b) <= v &&
	    v <= hmmstorm_hist_high(b) && distance(middle(b), v) * 128 <= v)
		return true;
	printf("# value %llu in bucket %u\n", (unsigned long long)v, b);
	return false;
}

static void test_buckets(void)
{
	bool good = true, edges = true, beyond = true;
	struct rng r;
	uint64_t v;
	int i;

	for (v = 0; v <= 1 << 20 && good; v++)
		good = bucket_holds(v);
	tap_ok(good, "each value to 2^20 lies in its bucket, middle within 1/128");
	rng_init(&r, 1, "hist", 0);
	for (i = 0; i < 1000000 && good; i++)
		good = bucket_holds(rng_next(&r) >> (27 + rng_below(&r, 37)));
	tap_ok(good, "a million random values below 2^37 do");
	for (i = 0; i < 37; i++)
		edges &= bucket_holds(1ULL << i) &&
			 bucket_holds((2ULL << i) - 1) &&
			 bucket_holds((1ULL << i) - 1);
	tap_ok(edges, "powers of two and their neighbours do");
	for (i = 37; i < 64; i++)
		beyond &= hmmstorm_hist_bucket(1ULL << i) == LAST &&
			  hmmstorm_hist_bucket((1ULL << i) + rng_below(&r, 1ULL << i)) == LAST;
	tap_ok(beyond && hmmstorm_hist_bucket(UINT64_MAX) == LAST,
	       "longer values go to the last bucket");
}

static void test_layout(void)
{
	bool tiles = true, own = true;
	uint32_t i;

	for (i = 0; i < HMMSTORM_HIST_BUCKETS; i++) {
		own &= hmmstorm_hist_bucket(hmmstorm_hist_low(i)) == i &&
		       hmmstorm_hist_bucket(hmmstorm_hist_high(i)) == i;
		if (i)
			tiles &= hmmstorm_hist_low(i) ==
				 hmmstorm_hist_high(i - 1) + 1;
	}
	tap_ok(tiles, "buckets follow one another without gap or overlap");
	tap_ok(own, "low and high of a bucket belong to it");
	tap_eq(hmmstorm_hist_low(0), 0, "the first begins at 0");
	tap_eq(hmmstorm_hist_high(LAST), REACH - 1, "the last ends at 2^37 - 1");
}

static double uniform(struct rng *r)
{
	return ((double)(rng_next(r) >> 11) + 0.5) / (double)(1ULL << 53);
}

static uint64_t draw_constant(struct rng *r)
{
	(void)r;
	return 123457;
}

static uint64_t draw_small(struct rng *r)
{
	return rng_below(r, 64);
}

static uint64_t draw_uniform(struct rng *r)
{
	return rng_below(r, 1000000);
}

static uint64_t draw_exponential(struct rng *r)
{
	return (uint64_t)(-5000.0 * log(uniform(r)));
}

static uint64_t draw_heavy_tail(struct rng *r)
{
	return (uint64_t)(100.0 * pow(uniform(r), -1.1));
}

/* A fast path and a slow one 10,000 times as long: one sample in 100. */
static uint64_t draw_two_paths(struct rng *r)
{
	return rng_below(r, 100) ? 1000 + rng_below(r, 50) :
				   10000000 + rng_below(r, 500000);
}

static const struct {
	const char *name;
	uint64_t (*draw)(struct rng *r);
	size_t n;
} distributions[] = {
	{ "constant", draw_constant, 1000 },
	{ "below 64", draw_small, 50000 },
	{ "uniform", draw_uniform, 50000 },
	{ "exponential", draw_exponential, 50000 },
	{ "heavy tail", draw_heavy_tail, 50000 },
	{ "two paths", draw_two_paths, 50000 },
	{ "one sample", draw_uniform, 1 },
	{ "two samples", draw_uniform, 2 },
	{ "seven samples", draw_heavy_tail, 7 },
};

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* Against the sample of rank ceil(q * n), by integers only. */
static bool quantiles_match(const struct hist *h, const uint64_t *sorted)
{
	static const unsigned int permille[] = { 0, 1, 100, 250, 500, 900, 990,
						 999, 1000 };
	bool good = true;
	size_t i;

	for (i = 0; i < sizeof(permille) / sizeof(*permille); i++) {
		uint64_t rank = (permille[i] * h->n + 999) / 1000;
		uint64_t want = sorted[rank ? rank - 1 : 0];
		uint64_t got = hist_quantile(h, permille[i] / 1000.0);

		if (distance(got, want) * 128 <= want && got >= h->min &&
		    got <= h->max)
			continue;
		printf("# quantile %u/1000: got %llu, want %llu\n", permille[i],
		       (unsigned long long)got, (unsigned long long)want);
		good = false;
	}
	return good;
}

static void test_quantiles(void)
{
	static uint64_t sample[50000];
	static struct hist h;
	struct rng r;
	size_t d, i;

	rng_init(&r, 7, "quantiles", 0);
	for (d = 0; d < sizeof(distributions) / sizeof(*distributions); d++) {
		size_t n = distributions[d].n;
		uint64_t sum = 0;

		hist_init(&h);
		for (i = 0; i < n; i++) {
			sample[i] = distributions[d].draw(&r);
			sum += sample[i];
			hist_add(&h, sample[i]);
		}
		qsort(sample, n, sizeof(*sample), by_value);
		tap_ok(quantiles_match(&h, sample),
		       "quantiles of %s are the sorted samples', to 1/128",
		       distributions[d].name);
		tap_ok(h.n == n && h.sum == sum && h.min == sample[0] &&
		       h.max == sample[n - 1], "n, sum, min, max of %s are exact",
		       distributions[d].name);
	}
}

/* Far values share the last bucket, but min and max are known. */
static void test_beyond(void)
{
	static struct hist h;

	hist_init(&h);
	hist_add(&h, 3 * REACH);
	tap_eq(hist_quantile(&h, 0.5), 3 * REACH, "a value beyond 2^37 is not made smaller");
	hist_init(&h);
	hist_add(&h, 1 << 20);	/* the low end of a wide bucket */
	tap_eq(hist_quantile(&h, 0.5), 1 << 20, "a single value is told exactly");
	hist_add(&h, 5);
	tap_eq(hist_quantile(&h, 0), 5, "quantile 0 is the least value");
	tap_ok(hist_quantile(&h, 1) <= h.max, "no quantile is above the greatest value");
}

static void test_merge(void)
{
	static struct hist all, a, b, empty;
	struct rng r;
	int i;

	hist_init(&all);
	hist_init(&a);
	hist_init(&b);
	hist_init(&empty);
	rng_init(&r, 3, "merge", 0);
	for (i = 0; i < 20000; i++) {
		uint64_t v = draw_heavy_tail(&r);

		hist_add(&all, v);
		hist_add(i % 3 ? &a : &b, v);
	}
	hist_merge(&a, &b);
	tap_ok(!memcmp(&a, &all, sizeof(a)), "two merged are as if kept in one");
	hist_merge(&a, &empty);
	tap_ok(!memcmp(&a, &all, sizeof(a)), "merging an empty one changes nothing");
	hist_merge(&empty, &all);
	tap_ok(!memcmp(&empty, &all, sizeof(a)), "merging into an empty one copies");
}

static void test_needed(void)
{
	static const struct {
		double q;
		uint64_t n;
	} known[] = { { 0.5, 6 }, { 0.9, 36 }, { 0.99, 368 }, { 0.999, 3688 },
		      { 0.9999, 36887 } };
	static struct hist empty;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		uint64_t n = hist_needed(known[i].q);

		tap_eq(n, known[i].n, "fewest samples for a quantile");
		/* all n below the quantile: once in 40 at most, and no n less */
		tap_ok(pow(known[i].q, (double)n) <= 0.025 &&
		       pow(known[i].q, (double)(n - 1)) > 0.025,
		       "... by definition, q = %g", known[i].q);
	}
	hist_init(&empty);
	tap_ok(!hist_quantile(&empty, 0) && !hist_quantile(&empty, 0.5) &&
	       !hist_quantile(&empty, 1), "an empty histogram's quantiles are 0");
}

/* Values 0 to n - 1, each in a bucket of its own: ends are ranks, less 1. */
static void test_interval_ranks(void)
{
	/* by exact arithmetic: the least r with cdf(r - 1, n, q) >= 0.975, and n + 1
	 * less that of 1 - q
	 */
	static const struct {
		uint64_t n;
		double q;
		uint64_t first, last;
	} known[] = {
		{ 6, 0.5, 1, 6 }, { 10, 0.5, 2, 9 }, { 100, 0.5, 40, 61 },
		{ 100, 0.9, 84, 96 }, { 36, 0.9, 29, 36 },
	};
	static struct hist h;
	uint64_t low, high, v;
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++) {
		hist_init(&h);
		for (v = 0; v < known[i].n; v++)
			hist_add(&h, v);
		tap_ok(hist_interval(&h, known[i].q, &low, &high) &&
		       low == known[i].first - 1 && high == known[i].last - 1,
		       "quantile %g of %llu samples: ranks %llu to %llu, got %llu to %llu",
		       known[i].q, (unsigned long long)known[i].n,
		       (unsigned long long)known[i].first, (unsigned long long)known[i].last,
		       (unsigned long long)low + 1, (unsigned long long)high + 1);
	}
}

/* How often an interval of n samples of 0 to 999,999 holds the true quantile. */
static unsigned int held(double q, uint64_t n, unsigned int trials)
{
	static struct hist h;
	uint64_t low, high, i;
	unsigned int good = 0;
	struct rng r;

	rng_init(&r, 11, "interval", n);
	while (trials--) {
		hist_init(&h);
		for (i = 0; i < n; i++)
			hist_add(&h, draw_uniform(&r));
		good += hist_interval(&h, q, &low, &high) &&
			(double)low <= q * 1e6 && q * 1e6 <= (double)high;
	}
	return good;
}

static void test_interval(void)
{
	static const double q[] = { 0.5, 0.9, 0.99, 0.999 };
	static struct hist h;
	uint64_t low, high, i;
	unsigned int good;
	size_t k;

	test_interval_ranks();
	/* 950 of 1,000 or more; 930 is three standard deviations below that */
	for (k = 0; k < sizeof(q) / sizeof(*q); k++) {
		good = held(q[k], hist_needed(q[k]), 1000);
		tap_ok(good >= 930, "quantile %g: in the interval %u times of 1,000", q[k], good);
		good = held(q[k], 4000, 300);
		tap_ok(good >= 274, "... of 4,000 samples %u times of 300", good);
	}
	hist_init(&h);
	tap_ok(!hist_interval(&h, 0.5, &low, &high), "no samples, no interval");
	for (i = 1; i < hist_needed(0.99); i++)
		hist_add(&h, i);
	tap_ok(!hist_interval(&h, 0.99, &low, &high), "one sample too few for p99");
	tap_ok(!hist_interval(&h, 0.01, &low, &high), "... and for p1");
	hist_add(&h, 5 * REACH);
	tap_ok(hist_interval(&h, 0.99, &low, &high) && high == 5 * REACH,
	       "an end beyond 2^37 is the greatest value");
}

int main(void)
{
	test_buckets();
	test_layout();
	test_quantiles();
	test_beyond();
	test_merge();
	test_needed();
	test_interval();
	return tap_done();
}
