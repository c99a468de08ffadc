/* SPDX-License-Identifier: GPL-2.0-only */
/* Findings of the form "what does an operation cost, over the pages of it". */
#ifndef HMMSTORM_COSTS_H
#define HMMSTORM_COSTS_H

#include <stdbool.h>
#include <stddef.h>

#include "experiment.h"

struct cost_case {
	const char *name, *text;
	const char *backend;	/* NULL: any */
	bool control;
	double by;	/* cost is divided by it, e.g. calls in an operation; 0: not */
};

struct costs {
	const struct cost_case *cases;
	size_t nr;
	const char *figure, *title, *alt;
	const char *arg, *axis;	/* NULL: over pages; else over this argument, so called */
};

/* A figure of the medians over pages, the same as a table, the cost of one more page
 * by run, and what an --explain run saw of one operation; over another argument the
 * figure and the table alone. 0 or -errno.
 */
int costs_write(const struct findings *f, const struct costs *c);
/* Cost of one more page, NaN: not measured. */
double costs_slope(const struct results *r, const char *name, const char *backend);
const char *costs_unit(const struct results *r, const char *name, const char *backend);
/* " (6.1: 812; stock-7.3: 790)": of the other runs, one's slope less another's
 * (NULL: alone); "" if there is none. One of four buffers, in turn.
 */
const char *costs_others(const struct findings *f, const char *name, const char *less);
/* The answer to "carry the entries, or restore first?", from the slopes: which is
 * cheaper, and by how much.
 */
void costs_answer_restore(const struct findings *f, const char *what,
			  const char *carried, const char *restored,
			  const char *touched, const char *present);

#endif
