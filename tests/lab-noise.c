// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything that could tell two runs apart, into one file: which thread came
 * first, cycle counts, clocks, random bytes, addresses, page-fault counts.
 * tests/lab-determinism.sh runs it twice and compares.
 *
 * usage: test-lab-noise THREADS SECONDS
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define MAX_ROWS 200000
#define REGION (64 * 4096)

struct row {
	int thread;
	int cpu;
	uint64_t tsc;
	uint64_t ns;
	uint32_t noise;
	uintptr_t where;
};

static struct row *rows;
static atomic_uint nr_rows;
static struct timespec end;

static uint64_t clock_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

/* One round of what the storms do: map, touch, fork, write in both, unmap. */
static void stir(struct row *r)
{
	char *p = mmap(NULL, REGION, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pid_t pid;

	if (p == MAP_FAILED)
		exit(1);
	for (int i = 0; i < REGION; i += 4096)
		p[i] = i;
	pid = fork();
	if (pid == 0) {
		for (int i = 0; i < REGION; i += 4096)
			p[i]++;
		_exit(0);
	}
	for (int i = 0; i < REGION; i += 4096)
		p[i]++;
	mprotect(p, REGION / 2, PROT_READ);
	waitpid(pid, NULL, 0);
	munmap(p, REGION);
	getrandom(&r->noise, sizeof(r->noise), 0);
	r->where = (uintptr_t)p;
}

static void *stir_on(void *arg)
{
	uint64_t end_ns = end.tv_sec * 1000000000ull + end.tv_nsec;

	while (clock_ns() < end_ns) {
		unsigned int i = atomic_fetch_add(&nr_rows, 1);
		struct row *r = &rows[i];

		if (i >= MAX_ROWS)
			break;
		stir(r);
		r->thread = (int)(intptr_t)arg;
		r->cpu = sched_getcpu();
		r->tsc = __rdtsc();
		r->ns = clock_ns();
	}
	return NULL;
}

int main(int argc, char **argv)
{
	int nr = argc > 1 ? atoi(argv[1]) : 2;
	pthread_t threads[64];
	struct rusage u;

	if (nr < 1 || nr > 64 || argc < 3)
		return 2;
	rows = calloc(MAX_ROWS, sizeof(*rows));
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += atoi(argv[2]);
	for (int i = 0; i < nr; i++)
		pthread_create(&threads[i], NULL, stir_on, (void *)(intptr_t)i);
	for (int i = 0; i < nr; i++)
		pthread_join(threads[i], NULL);
	for (unsigned int i = 0; i < nr_rows && i < MAX_ROWS; i++)
		printf("%d\t%d\t%lu\t%lu\t%u\t%lx\n", rows[i].thread, rows[i].cpu, rows[i].tsc,
		       rows[i].ns, rows[i].noise, rows[i].where);
	getrusage(RUSAGE_SELF, &u);
	printf("faults\t%ld\tswitches\t%ld\t%ld\n", u.ru_minflt, u.ru_nvcsw, u.ru_nivcsw);
	return nr_rows >= (unsigned int)nr ? 0 : 1; /* each thread got its turn */
}
