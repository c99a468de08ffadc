/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A run: the coordinator process starts storm processes (one address space,
 * one arena, one device context each), whose worker threads step stressors.
 * They meet in memory shared between all of them.
 */
#ifndef HMMSTORM_RUN_H
#define HMMSTORM_RUN_H

#include "../lib/delay.h"
#include "arena.h"
#include "stress.h"

struct counters;
struct record;

struct options {
	const struct stressor *stressor[MAX_STRESSORS];
	unsigned int nr_stressors;
	const struct backend_ops *backend;
	const char *policy;		/* or several, by turns; NULL: lazy */
	struct delays delays;
	enum hmmstorm_truth_kind truth;
	unsigned int workers;		/* of each stressor, a process */
	unsigned int processes;
	double seconds;			/* 0: by ops */
	uint64_t ops;			/* steps a worker; 0: by seconds */
	uint64_t seed;
	size_t pages;
	enum arena_thp thp;
	enum topo_place place;
	bool pin;
	double stuck_seconds;
	const char *out;
	int argc;
	char **argv;
};

/* Shared by mmap; the stats of worker w of stressor s of process p lie at
 * stats[(p * nr_stressors + s) * workers + w].
 */
struct shared {
	volatile sig_atomic_t stop;
	uint32_t ready, go;	/* workers set up; start signal */
	uint64_t finished;	/* workers that have made their steps */
	char trouble[300];	/* why a process could not start */
	int trouble_status;	/* exit status for that */
	uint64_t elapsed_ns;	/* from go to the coordinator's stop */
	struct worker_stats stats[];
};

static inline struct worker_stats *stats_of(const struct options *o,
					    struct shared *s, unsigned int p,
					    unsigned int stressor,
					    unsigned int worker)
{
	return &s->stats[(p * o->nr_stressors + stressor) * o->workers + worker];
}

static inline unsigned int workers_in_all(const struct options *o)
{
	return o->processes * o->nr_stressors * o->workers;
}

size_t stressor_count(void);
const struct stressor *stressor_at(size_t i);
const struct stressor *stressor_find(const char *name);

/* options.c: exits with status 2 on bad usage. */
void options_parse(struct options *o, int argc, char **argv);

/* storm.c: a storm process, from start to exit status. */
int storm(const struct options *o, struct shared *s, unsigned int process);

/* results.c: sums over workers and processes, to records and to stdout. */
void results_write(const struct options *o, struct shared *s, struct record *r);
void results_print(const struct options *o, struct shared *s);
uint64_t results_steps(const struct options *o, struct shared *s);

/* truth.c: a line to stderr for each thing that ground truth says is broken, or
 * cannot say; how many. before: all totals when the run began; c may be NULL.
 */
unsigned int truth_judge(struct counters *c, const uint64_t *before);

#endif
