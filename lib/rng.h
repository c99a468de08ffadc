/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Seeded random numbers: splitmix64 to spread a seed, xoshiro256** to draw
 * (Blackman and Vigna, 2018). Every worker derives its own stream from the
 * run's seed, its stressor's name and its index, so adding a worker does not
 * change what the others do.
 */
#ifndef HMMSTORM_RNG_H
#define HMMSTORM_RNG_H

#include <stdint.h>

struct rng {
	uint64_t s[4];
};

static inline uint64_t rng_mix(uint64_t *x)
{
	uint64_t z = (*x += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

static inline void rng_init(struct rng *r, uint64_t seed, const char *name,
			    uint64_t index)
{
	uint64_t x = seed;
	int i;

	for (; *name; name++)
		x = rng_mix(&x) ^ (unsigned char)*name;
	x = rng_mix(&x) ^ index;
	for (i = 0; i < 4; i++)
		r->s[i] = rng_mix(&x);
}

static inline uint64_t rng_next(struct rng *r)
{
	uint64_t *s = r->s, t = s[1] << 17, v = s[1] * 5;

	v = ((v << 7) | (v >> 57)) * 9;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = (s[3] << 45) | (s[3] >> 19);
	return v;
}

/* Uniform in [0, n); n > 0. */
static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
	return (uint64_t)(((unsigned __int128)rng_next(r) * n) >> 64);
}

#endif
