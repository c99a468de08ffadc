// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "op.h"
#include "wake.h"

#define ROUNDS 15

struct pair {
	int there[2], back[2];
};

static void *answer(void *arg)
{
	struct pair *p = arg;
	char c;

	if (bench_device.topo)
		topo_pin(bench_device.topo, 1);
	while (read(p->there[0], &c, 1) == 1)
		if (write(p->back[1], &c, 1) != 1)
			break;
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t ask(const struct pair *p)
{
	uint64_t ns[ROUNDS], begin;
	char c = 1;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		begin = clock_ns();
		if (write(p->there[1], &c, 1) != 1 || read(p->back[0], &c, 1) != 1)
			return 0;
		ns[i] = clock_ns() - begin;
	}
	qsort(ns, ROUNDS, sizeof(*ns), by_value);
	return ns[ROUNDS / 2];
}

static uint64_t measure(void)
{
	struct pair p;
	pthread_t other;
	uint64_t ns = 0;

	if (pipe2(p.there, O_CLOEXEC))
		return 0;
	if (pipe2(p.back, O_CLOEXEC)) {
		close(p.there[0]);
		close(p.there[1]);
		return 0;
	}
	if (bench_device.topo)
		topo_pin(bench_device.topo, 0);
	if (!pthread_create(&other, NULL, answer, &p)) {
		ns = ask(&p);
		close(p.there[1]); /* ends it */
		pthread_join(other, NULL);
	} else {
		close(p.there[1]);
	}
	close(p.there[0]);
	close(p.back[0]);
	close(p.back[1]);
	return ns;
}

uint64_t wake_ns(void)
{
	static bool measured;
	static uint64_t ns;

	if (!measured)
		ns = measure();
	measured = true;
	return ns;
}
