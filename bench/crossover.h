/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The crossover study (E8): a device and a CPU share pages; whoever comes finds
 * them with the other. A workload says which word comes next on each side
 * (bench/crossover_workloads.c); what a cell of the study does with it, and how
 * much of it, is here.
 *
 * A period is: the device executes a batch of atomics, each an addition of 1; then
 * (overlap:0), or meanwhile (overlap:1), the CPU makes the accesses that it has
 * credit for: ratio accesses for 1,000 of the device's, fractions carried over.
 * Every workload's sum is checked at the end: no addition may be lost.
 */
#ifndef HMMSTORM_BENCH_CROSSOVER_H
#define HMMSTORM_BENCH_CROSSOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/rng.h"
#include "cbench.h"

/* Words of a page that are used, a cache line apart. */
#define CROSSOVER_WORDS 8

/* What a workload sees of a cell, to choose a word by. */
struct crossover_at {
	size_t pages, batch;
	uint64_t period; /* batches begun before this one */
	uint64_t nr_device, nr_cpu; /* operations of each side so far */
	struct rng device, cpu; /* a stream for each side, the same in every run */
};

/* page times CROSSOVER_WORDS, plus which of them */
typedef size_t (*crossover_word)(struct crossover_at *at);

struct crossover {
	const char *name, *desc;
	crossover_word device, cpu;
	bool cpu_reads; /* the CPU loads; else it adds 1, atomically */
	bool cpu_in_passes; /* only when it has credit for all pages */
	unsigned int fork_every; /* periods; 0: never */
};

extern const struct crossover crossovers[];
extern const size_t crossover_nr;

/* How much of a cell is run: see crossover_plan.c. */
struct crossover_plan {
	uint64_t warm_up, measured; /* periods */
	bool device_first; /* all pages are the device's to begin with */
};

/* False: the cell would take too long, and why[] says so. */
bool crossover_make_plan(const struct crossover *w, const int64_t *arg,
			 struct crossover_plan *p, char *why, size_t len);

/* Arguments, in this order. */
enum { CROSSOVER_PAGES, CROSSOVER_RATIO, CROSSOVER_BATCH, CROSSOVER_OVERLAP };

/* The cells of the study: *n rows of these arguments. */
const int64_t (*crossover_rows(size_t *n))[CBENCH_AXES];

/* One cell; cbench_self(s)->data is the workload. */
void crossover_run(struct cbench_state *s);

#endif
