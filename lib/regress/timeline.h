/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Of a history, the values of each benchmark in order, and where they change. A series
 * is one benchmark (key, metric and unit) under the same conditions (history_facts[]).
 */
#ifndef HMMSTORM_TIMELINE_H
#define HMMSTORM_TIMELINE_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

#include "changepoint.h"
#include "history.h"

struct timeline_query {
	const regex_t *bench;	/* on the key; NULL: all */
	char *const *where;	/* "config=base": a fact of history_facts[] */
	size_t nr_where;
	unsigned int across;	/* bits of history_facts[] that are no conditions now */
	bool by_time;		/* when it was added; else by release, then that */
};

struct timeline_point {
	const struct history_entry *entry;
	const struct history_bench *bench;
};

struct timeline_series {
	struct timeline_point *at; /* in order */
	size_t n;
	bool is_tested;		/* n bears a finding: 2 exact ones, or as alpha wants */
	struct changepoint *changes;
	size_t nr_changes;
};

struct timeline {
	struct timeline_series *series; /* in order of conditions and key */
	size_t n;
	/* of the last timeline_changes(): how many were tested, with what */
	size_t nr_tested;
	size_t permutations;	/* at most, of each split; 0: exact ones alone */
	double level;		/* of p, after Benjamini and Hochberg */
};

/* Points into the history, which must outlive it. */
void timeline_make(struct timeline *t, const struct history *h,
		   const struct timeline_query *q);
void timeline_free(struct timeline *t);
/* Whether an entry is as `where` says. */
bool timeline_wants(const struct timeline_query *q, const struct history_entry *e);
/* The entries that are wanted, in order; caller frees. */
size_t timeline_entries(const struct history *h, const struct timeline_query *q,
			const struct history_entry ***entries);

/*
 * Finds the change points of all series (changepoint.h). Over the statistical ones the
 * false discovery rate is held at alpha: a series has changes if the p of its best split
 * passes Benjamini and Hochberg (1995) among all; within the R of m series that do,
 * splits go on at alpha R / m (Benjamini and Bogomolov 2014). o->permutations 0: as many
 * as a single series with a change needs to pass.
 */
void timeline_changes(struct timeline *t, const struct changepoint_options *o);
/* Exact: "within gap": no larger than what other schedules did to the least, by the gaps of
 * the entries before and after it; "gap unknown": of one boot. Else "".
 */
const char *timeline_gap(const struct timeline_series *s, const struct changepoint *c);
/* What else is different at the change, "compiler, qemu": facts but the kernel's name
 * and version; "" for none. Caller frees.
 */
char *timeline_differs(const struct timeline_series *s, const struct changepoint *c);

/* "6.1.192" before "6.12.117" before "7.3.0-rc1" before "7.3.0". */
int timeline_compare_releases(const char *a, const char *b);

#endif
