/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The crossover study (E8) from its records: what each policy cost in each cell, a
 * cost model fitted to the counts, and the rule for eager against lazy that follows
 * from it. Costs are in the unit of the rows, over all measured periods of a cell.
 */
#ifndef HMMSTORM_CROSSOVER_H
#define HMMSTORM_CROSSOVER_H

#include <stdbool.h>
#include <stddef.h>

struct results;

enum crossing_value {
	CROSSING_TIMED,		/* "total": batches, accesses, forks */
	CROSSING_ELAPSED,	/* and what ran between them */
	CROSSING_STALL,		/* in the CPU's accesses */
	CROSSING_FORK_TIME,
	CROSSING_PERIODS,
	CROSSING_ATOMICS,
	CROSSING_ACCESSES,
	CROSSING_TIMED_ACCESSES,
	CROSSING_DEVICE_FAULTS,
	CROSSING_CPU_FAULTS,
	CROSSING_DEVICE_RESTORES,
	NR_CROSSING_VALUES,
};

/* A cell under one policy; texts are the results'. */
struct crossing {
	const char *workload;	/* "E8.lock" */
	const char *name;	/* with its arguments */
	const char *policy;
	double pages, ratio, batch;
	bool overlap;
	double v[NR_CROSSING_VALUES]; /* NaN: no such row */
	double cost;		/* of the policy: TIMED and its work in the background */
};

struct crossings {
	struct crossing *at;
	size_t n;
};

/* All cells of backend "mirror"; free() c->at. */
void crossover_read(const struct results *r, struct crossings *c);
/* The same cell under another policy, or NULL. */
const struct crossing *crossover_same(const struct crossings *c, const struct crossing *cell,
				      const char *policy);
/* The cheapest policy in this cell but the one called otherwise (NULL: of all). */
const struct crossing *crossover_best(const struct crossings *c, const struct crossing *cell,
				      const char *otherwise);
/* Of a page that the device has used, how often the CPU is the next to come for it
 * (0 to 1): CPU faults under lazy by pages that the device has to fault for under
 * eager. NaN: one of them was not measured.
 */
double crossover_next(const struct crossings *c, const struct crossing *cell);

enum model_term {
	MODEL_BATCH,
	MODEL_ATOMIC,
	MODEL_ACCESS,
	MODEL_DEVICE_FAULT,
	MODEL_CPU_FAULT,
	MODEL_DEVICE_RESTORE,
	NR_MODEL_TERMS,
};

/* Cost of a cell without its forks = sum of each count times its coefficient, by
 * least squares of the relative error, of the cells where the device is idle while
 * the CPU works; without hold, which waits instead of working.
 */
struct model {
	double per[NR_MODEL_TERMS];
	size_t n;		/* cells times policies; 0: too few */
	double median, worst;	/* relative error, each workload by a fit to the others */
	const struct crossing *worst_at;
};

const char *model_term_name(enum model_term t);
void crossover_fit(const struct crossings *c, struct model *m);
/* What the model says about a cell, forks included as measured. */
double crossover_predict(const struct model *m, const struct crossing *cell);
/* What of a cell's cost is for pages that change hands: without forks, batches, atomics
 * and accesses that hit.
 */
double crossover_moves(const struct model *m, const struct crossing *cell);
/* Eager wins on total work where crossover_next() is above this. */
double crossover_threshold(const struct model *m);
/* crossover_moves() of eager by that of lazy, as it follows from the coefficients. */
double crossover_ratio(const struct model *m, double next);

#endif
