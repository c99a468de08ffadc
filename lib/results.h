/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the results of a run and answers by key. A run is a folder with env.tsv,
 * records.tsv and, where latencies were kept, hist.tsv (results/README.md); or a
 * folder of such folders, its parts ("exact", "live"), each with an env of its own.
 * A value is never taken from two parts: the first that has it, in order of name.
 *
 * A question that has no row is answered by NaN or NULL: what was not measured is
 * not an error. Values are in the unit of the row ("instructions" or "ns" for a
 * latency); results_unit() tells.
 */
#ifndef HMMSTORM_RESULTS_H
#define HMMSTORM_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct results;
struct results_part;

#define RESULTS_ANY (-1)

/* What to look for; what is NULL or 0 may be anything, but program and pages. */
struct results_key {
	const char *program;	/* NULL: "bench" */
	/* "E3.fork": any arguments; "E10.fault/notifiers:100": these and any more */
	const char *name;
	const char *backend, *policy, *protocol;
	const char *metric;	/* NULL: "p50", the median of one operation */
	const char *part;	/* "exact" */
	int64_t pages;		/* RESULTS_ANY; 0: pages:0, or a case without pages */
	unsigned int workers;
};

struct results_row {
	const struct results_part *part;
	const char *program, *name, *backend, *policy, *protocol;
	const char *base;	/* name without arguments */
	const char *metric, *kind, *unit;
	unsigned int workers, repetition;
	uint64_t pages;
	double value;
};

/*
 * A median of repetitions and its error: of a latency (metric p50) in an exact
 * (deterministic) part, the least and the largest sample of all repetitions; in any
 * other, the distribution-free 95% interval of the median of all samples, from
 * hist.tsv; of any other metric, the least and the largest repetition.
 */
struct estimate {
	double value;		/* NaN: not measured */
	double low, high;	/* NaN: n does not bear an interval */
	uint64_t n;		/* samples, or repetitions */
};

struct results_point {
	double x;
	struct estimate y;
};

/* In order of x, each x once. */
struct results_series {
	struct results_point *at;
	size_t n;
};

struct results_bucket {
	double low, high;	/* both inclusive */
	uint64_t count;
};

/* -errno and one line on stderr: no results there, or a file is broken. */
int results_read(struct results **r, const char *dir);
void results_free(struct results *r);
const char *results_dir(const struct results *r);
/* The kernel line, as env.tsv says: "6.12"; the release where there is none. */
const char *results_line(const struct results *r);

size_t results_nr_parts(const struct results *r);
const struct results_part *results_part(const struct results *r, size_t i);
/* The part that holds a case beginning with this ("E3."), or NULL. */
const struct results_part *results_part_of(const struct results *r,
					   const char *prefix);
/* "" for a run without parts. */
const char *part_name(const struct results_part *p);
const char *part_dir(const struct results_part *p);
/* The i-th value that the runs of a program (NULL: any) gave to a key of env.tsv;
 * equal ones are told once; NULL: no more.
 */
const char *part_env(const struct results_part *p, const char *program,
		     const char *key, size_t i);
/* A key of vm.tsv; NULL: none, as for a run on the host. */
const char *part_vm(const struct results_part *p, const char *key);
/* The i-th benchmark that was skipped because it cannot be here, of those whose name
 * begins with prefix ("E12."); NULL: no more.
 */
const char *part_skipped(const struct results_part *p, const char *prefix, size_t i);
/* Times are instruction counts, equal in every run (deterministic mode). */
bool part_exact(const struct results_part *p);
/* "6.12.117, vm-deterministic, tcg-single, mirror": a figure's subtitle. */
void part_subtitle(const struct results_part *p, const char *backend, char *text,
		   size_t len);

/* Rows that match, in the order of the files; prev NULL: the first. A metric or a
 * name that is NULL matches any here.
 */
const struct results_row *results_next(const struct results *r,
				       const struct results_key *k,
				       const struct results_row *prev);
/* The value of an argument of the row's case ("notifiers"), or NaN; "pages" and
 * "workers" are the columns.
 */
double results_arg(const struct results_row *row, const char *arg);

double results_value(const struct results *r, const struct results_key *k);
/* Whose value that is: the key's backend, else mirror where it has rows, else the first
 * that has; NULL: nobody's.
 */
const char *results_backend(const struct results *r, const struct results_key *k);
struct estimate results_estimate(const struct results *r,
				 const struct results_key *k);
/* "-": no such row. */
const char *results_unit(const struct results *r, const struct results_key *k);
/* Over an argument or "pages"; k's own value of it is ignored. Free it. 0: none. */
size_t results_series(const struct results *r, const struct results_key *k,
		      const char *arg, struct results_series *s);
void results_series_free(struct results_series *s);
/* The buckets of a latency (metric: "latency" for most), repetitions added up, in
 * order; caller frees. 0: none.
 */
size_t results_hist(const struct results *r, const struct results_key *k,
		    struct results_bucket **buckets);
/* Different cases, without arguments, that begin with this, in order of name (E2
 * before E10 does not matter within a family). Caller frees the array alone.
 */
size_t results_cases(const struct results *r, const char *program,
		     const char *prefix, const char ***names);
/* Whether any case that begins with this was measured. */
bool results_have(const struct results *r, const char *prefix);

#endif
