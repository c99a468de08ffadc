/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The findings contract: one experiment a file in lib/experiment/, which ends in
 * EXPERIMENT(name); found by the linker, nothing else is edited. An experiment
 * turns the records of one run, or of several side by side (kernel lines), into
 * figures, tables, an error and one answer.
 */
#ifndef HMMSTORM_EXPERIMENT_H
#define HMMSTORM_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "doc.h"
#include "figure.h"
#include "results.h"
#include "stats.h"

/* What write() is given. */
struct findings {
	struct doc *doc;
	/* Those runs that have rows of this experiment, at least one; runs[main] is the
	 * one whose figures are drawn and whose numbers the answer has: 6.12 where
	 * there is one, else the last.
	 */
	const struct results *const *runs;
	size_t nr_runs, main;
	const char *dir;	/* for figure_draw() */
};

struct experiment {
	const char *id;		/* "E3" */
	const char *title;
	const char *question;	/* one or two sentences */
	const char *measured;	/* mechanism, what is timed, the control */
	/* Other families whose rows it uses, NULL-terminated; NULL: its own, "E3.". */
	const char *const *families;
	/* Figures, tables, the error (doc_labelled "Error") and doc_answer(), once.
	 * Heading, question, what is missing and the commands are written by the caller.
	 * 0 or -errno.
	 */
	int (*write)(const struct findings *f);
};

#define EXPERIMENT(e_) \
	static const struct experiment *const experiment_entry_##e_ \
	__attribute__((used, section("hmmstorm_experiments"))) = &(e_)

/* In order of number. */
size_t experiment_count(void);
const struct experiment *experiment_at(size_t i);
/* NULL: no such one. */
const struct experiment *experiment_find(const char *id);

/* The whole section of one experiment, from all runs; pictures go to dir/plots.
 * 0 or -errno.
 */
int experiment_write(const struct experiment *e, struct doc *d,
		     const struct results *const *runs, size_t nr_runs,
		     const char *dir);

/* The main run's part and its subtitle of this experiment; "" if there is none. */
const struct results *findings_run(const struct findings *f);
const char *findings_subtitle(const struct findings *f, const char *case_prefix,
			      const char *backend);
/* Draws it and puts it into the document with this alt text; frees the figure. A
 * figure without points is left out. 0 or -errno.
 */
int findings_figure(const struct findings *f, struct figure *fig, const char *alt);
/* A table of "what" by run: a column of text (head), then one of numbers a kernel
 * line, "6.12 (instructions)".
 */
struct doc_table *findings_table(const struct findings *f, const char *head,
				 const char *unit, const char *caption);
/* How errors of this run's latencies are to be read, as a "Error" paragraph. */
void findings_error(const struct findings *f, const char *case_prefix);
/* Cost of one more page: the slope of the medians over pages, all sizes from 1. */
struct line findings_slope(const struct results *r, const struct results_key *k);
/* An event's or class's mean of one operation in an --explain run, or NaN. Counters
 * that stayed 0 have no row: 0 if the case has rows there at all.
 */
double findings_count(const struct results *r, const struct results_key *k,
		      const char *metric);
/* Are all n values that an answer needs there? If not, says in one line what was not
 * measured, instead of an answer.
 */
bool findings_enough(const struct findings *f, const char *what, const double *values,
		     size_t n);
/* What an --explain run saw of a case: all
 * events, classes and restores that are not 0, as "unmap 1, restore_pages 64". "-"
 * if it was not explained. Caller frees.
 */
char *findings_why(const struct results *r, const struct results_key *k);

#endif
