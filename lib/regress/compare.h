/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Two sides, benchmark by benchmark: what changed. Makes no output: compare_write.h.
 *
 * Exact mode (instructions). Value: the least over the boots, which are seeds. Lower is
 * the side whose least value is lower. The difference is a fact, SLOWER or FASTER, if
 *   it is larger than the gap of either side, that is by how much its least value was
 *   found in one seed only: so much other schedules may still take off; and
 *   the sides lie further apart, from the most of the lower to the least of the other,
 *   than the seeds of either spread (where all agree that is any difference); or of the
 *   lower side so many seeds lie below all of the other that chance would hardly deal
 *   so many to one side (Rosenbaum 1954), the false discovery rate over all benchmarks
 *   whose seeds vary being held at alpha.
 * Any other difference is UNSETTLED: more seeds would tell.
 *
 * Where all boots of both sides counted functions (hmmstorm vm --functions), these decide
 * instead: a benchmark changed if a function's count did beyond its range over the seeds
 * (functions.h: settled), by the sum of all those. So a few instructions are a fact in a
 * benchmark whose total varies by thousands, for other functions vary and this one does not.
 *
 * Statistics (everything else). Value: the median over the boots. A benchmark changed if
 * its U test is rejected when the false discovery rate over all benchmarks is held at
 * alpha; UNSETTLED if it would be rejected alone; INCONCLUSIVE if so few boots could not
 * be rejected whatever they said.
 */
#ifndef HMMSTORM_REGRESS_COMPARE_H
#define HMMSTORM_REGRESS_COMPARE_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "bootstrap.h"
#include "comparable.h"
#include "functions.h"
#include "ranks.h"
#include "side.h"

/* Boots that a side should have. */
#define COMPARE_SEEDS 5
#define COMPARE_BOOTS 9

enum verdict {
	VERDICT_SAME,
	VERDICT_SLOWER,
	VERDICT_FASTER,
	VERDICT_UNSETTLED,
	VERDICT_INCONCLUSIVE,
	NR_VERDICTS
};

struct compare_options {
	double alpha;
	double threshold;	/* of effect; 0.01 is 1%; NaN: that of the mode */
	const regex_t *only;	/* keys; NULL: all */
	bool force;
	/* of old and new; NULL: not known */
	const struct functions *old_functions, *new_functions;
	const struct function_noise *noise;
};

struct compare_row {
	const struct side_bench *old, *new;
	enum verdict verdict;
	bool is_small;		/* SLOWER or FASTER, and effect is below the threshold */
	double old_value, new_value;
	/* Change, as share of old_value: of the least values, or the Hodges-Lehmann shift.
	 * Infinite: old_value is 0.
	 */
	double effect;
	/* exact mode */
	double gap, spread;	/* least to second least and to most; of the wider side */
	bool is_apart;		/* by more than the spread */
	size_t nr_below;	/* seeds of the lower side below all of the other */
	size_t nr_lower;	/* of so many */
	double chance;		/* of nr_below */
	/* either way: false discovery rate; NaN: seeds do not vary, functions decide, or
	 * there are too few boots
	 */
	double q;
	/* exact mode, by functions: of those that changed, how many, the sum, and the cause */
	bool has_functions;
	size_t nr_settled;
	double settled;
	char *where;		/* or NULL */
	double where_change;
	/* statistics */
	double p;
	bool p_exact;
	struct ranks_shift shift;
	struct ratio ratio;
	struct detectable detectable; /* as share of old_value, of a lone change */
	bool old_bimodal, new_bimodal;
};

/* A benchmark that cannot be compared; why may be NULL. */
struct compare_only {
	const struct side_bench *bench;
	char *why;
};

struct compare {
	const struct side *old, *new;
	double alpha, threshold;
	bool exact;
	struct difference *differences;
	size_t nr_differences;
	bool is_comparable;	/* or forced */
	struct compare_row *rows; /* changes first, then unsettled, each by effect */
	size_t nr_rows;
	struct compare_only *only_old, *only_new;
	size_t nr_only_old, nr_only_new;
	size_t nr[NR_VERDICTS];
	size_t nr_small;
	char **warnings;
	size_t nr_warnings;
	/* statistics: median over the benchmarks, and the worst of them */
	struct detectable typical, worst;
};

void compare_sides(struct compare *c, const struct side *old, const struct side *new,
		   const struct compare_options *o);
void compare_free(struct compare *c);
/* 0 no regression, 1 regression, 3 not comparable, or inconclusive and no regression. */
int compare_status(const struct compare *c);
const char *verdict_name(enum verdict v);
/* difference / old; no difference from 0 is none. */
double share_of(double difference, double old);
/* A change that counts for the exit status. */
bool is_regression(const struct compare_row *r);

#endif
