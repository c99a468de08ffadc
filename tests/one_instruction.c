// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs in the guest, deterministic mode: two loops that differ by one
 * instruction an iteration must differ by exactly that many ticks. Prints
 * "plain TICKS", "one more TICKS", "iterations N" for the test script to judge,
 * for an empty loop and for a loop round a system call.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/clock.h"

#define ITERATIONS 2000
#define TRIES 50

static uint64_t spin(int more)
{
	uint64_t start = clock_ticks();
	int i;

	if (more)
		for (i = 0; i < ITERATIONS; i++)
			asm volatile("nop\n\tnop" ::: "memory");
	else
		for (i = 0; i < ITERATIONS; i++)
			asm volatile("nop" ::: "memory");
	return clock_ticks() - start;
}

/* The instruction itself: its own function would move it out of the loop. */
static uint64_t call(int more)
{
	uint64_t start = clock_ticks();
	int i;

	if (more)
		for (i = 0; i < ITERATIONS; i++) {
			syscall(SYS_getppid);
			asm volatile("nop\n\tnop" ::: "memory");
		}
	else
		for (i = 0; i < ITERATIONS; i++) {
			syscall(SYS_getppid);
			asm volatile("nop" ::: "memory");
		}
	return clock_ticks() - start;
}

/* The smallest: the tries that no interrupt fell into. */
static uint64_t best(uint64_t (*loop)(int), int more)
{
	uint64_t least = UINT64_MAX, t;
	int i;

	for (i = 0; i < TRIES; i++) {
		t = loop(more);
		if (t < least)
			least = t;
	}
	return least;
}

int main(void)
{
	uint64_t a, b;

	clock_init();
	if (!clock_counts_instructions) {
		fprintf(stderr, "test-one_instruction: needs hmmstorm vm --deterministic\n");
		return 4;
	}
	a = best(spin, 0);
	b = best(spin, 1);
	printf("empty loop: %llu and %llu, difference %lld of %d\n",
	       (unsigned long long)a, (unsigned long long)b,
	       (long long)(b - a), ITERATIONS);
	a = best(call, 0);
	b = best(call, 1);
	printf("system call loop: %llu and %llu, difference %lld of %d\n",
	       (unsigned long long)a, (unsigned long long)b,
	       (long long)(b - a), ITERATIONS);
	return 0;
}
