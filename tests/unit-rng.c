// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/rng.h: the published sequences, uniform draws, and streams that have
 * nothing to do with one another. All seeds are fixed, so a test that passes
 * once passes always.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/rng.h"
#include "../lib/tap.h"

/* Test vectors of the reference implementations (prng.di.unimi.it): splitmix64
 * from state 1234567, xoshiro256** from state 1, 2, 3, 4.
 */
static const uint64_t splitmix[] = {
	6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
	4593380528125082431ULL, 16408922859458223821ULL,
};

static const uint64_t xoshiro[] = {
	11520, 0, 1509978240, 1215971899390074240ULL, 1216172134540287360ULL,
	607988272756665600ULL, 16172922978634559625ULL, 8476171486693032832ULL,
	10595114339597558777ULL, 2904607092377533576ULL,
};

static void test_known(void)
{
	struct rng r = { { 1, 2, 3, 4 } };
	uint64_t x = 1234567;
	bool good = true;
	size_t i;

	for (i = 0; i < sizeof(splitmix) / sizeof(*splitmix); i++)
		good &= rng_mix(&x) == splitmix[i];
	tap_ok(good, "rng_mix is splitmix64");
	for (i = 0, good = true; i < sizeof(xoshiro) / sizeof(*xoshiro); i++)
		good &= rng_next(&r) == xoshiro[i];
	tap_ok(good, "rng_next is xoshiro256**");
}

static void test_determinism(void)
{
	struct rng a, b;
	bool good = true;
	int i;

	rng_init(&a, 42, "atomics", 3);
	rng_init(&b, 42, "atomics", 3);
	for (i = 0; i < 1000; i++)
		good &= rng_next(&a) == rng_next(&b);
	tap_ok(good, "the same seed, name and index give the same stream");
	/* would change every recorded run that is to be replayed by its seed */
	rng_init(&a, 42, "atomics", 3);
	tap_ok(rng_next(&a) == 0x4771940a3fd7955bULL, "the stream of a seed is what it always was");
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* First draws of all neighbouring streams of a big run, and of many seeds. */
static void test_streams_differ(void)
{
	static const char *const names[] = { "atomics", "fork", "mprotect",
					     "munmap", "migrate", "", "a", "b" };
	static uint64_t first[8 * 50 * 50];
	size_t n = 0, i;
	uint64_t seed, index;
	bool good = true;
	struct rng r;

	for (i = 0; i < 8; i++)
		for (seed = 0; seed < 50; seed++)
			for (index = 0; index < 50; index++) {
				/* as storm.c: process and worker */
				rng_init(&r, seed, names[i],
					 (index / 5) << 32 | index % 5);
				first[n++] = rng_next(&r);
			}
	qsort(first, n, sizeof(*first), by_value);
	for (i = 1; i < n; i++)
		good &= first[i] != first[i - 1];
	tap_ok(good, "%zu streams of seeds, names and workers begin differently", n);
}

/* Bits that neighbouring streams agree in: binomial, n/2 and variance n/4. */
static void test_streams_independent(void)
{
	uint64_t agree = 0, n = 0;
	struct rng a, b;
	double z;
	int i, j;

	for (i = 0; i < 200; i++) {
		rng_init(&a, 1, "atomics", i);
		rng_init(&b, 1, "atomics", i + 1);
		for (j = 0; j < 500; j++, n += 64)
			agree += __builtin_popcountll(~(rng_next(&a) ^ rng_next(&b)));
	}
	z = ((double)agree - (double)n / 2) / sqrt((double)n / 4);
	tap_ok(fabs(z) < 4, "neighbouring streams agree in half their bits (z = %.2f)", z);
}

/* Chi-square, by Wilson and Hilferty's normal approximation. */
static double chi_square_z(const unsigned int *count, unsigned int cells,
			   double expected)
{
	double x = 0, k = cells - 1;
	unsigned int i;

	for (i = 0; i < cells; i++)
		x += (count[i] - expected) * (count[i] - expected) / expected;
	return (cbrt(x / k) - (1 - 2 / (9 * k))) / sqrt(2 / (9 * k));
}

static void test_uniform(void)
{
	static const unsigned int cells[] = { 2, 3, 10, 64, 100, 1000 };
	unsigned int count[1000];
	struct rng r;
	size_t i;
	int n;

	for (i = 0; i < sizeof(cells) / sizeof(*cells); i++) {
		double z;

		memset(count, 0, sizeof(count));
		rng_init(&r, 5, "uniform", i);
		for (n = 0; n < 200000; n++)
			count[rng_below(&r, cells[i])]++;
		z = chi_square_z(count, cells[i], 200000.0 / cells[i]);
		/* too even (z < -4) is as wrong as too uneven */
		tap_ok(fabs(z) < 4, "rng_below %u is uniform (z = %.2f)", cells[i], z);
	}
}

static void test_below(void)
{
	static const uint64_t limits[] = { 1, 2, 3, 7, (1ULL << 32) + 1,
					   1ULL << 63, UINT64_MAX };
	bool good = true, high = false;
	struct rng r;
	size_t i;
	int n;

	rng_init(&r, 9, "below", 0);
	for (i = 0; i < sizeof(limits) / sizeof(*limits); i++)
		for (n = 0; n < 10000; n++) {
			uint64_t v = rng_below(&r, limits[i]);

			good &= v < limits[i];
			high |= v > limits[i] - limits[i] / 8;
		}
	tap_ok(good && high, "rng_below is below its limit, and comes near it");
}

int main(void)
{
	test_known();
	test_determinism();
	test_streams_differ();
	test_streams_independent();
	test_uniform();
	test_below();
	return tap_done();
}
