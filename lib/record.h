/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one writer of results. A run is a folder:
 *
 *   env.tsv      program key value          where and how it was measured
 *   records.tsv  one measurement a row      (columns below)
 *   hist.tsv     one bucket a row           (same identity, then low high count)
 *   series.tsv   one sample a row           (identity, t, metric, unit, value)
 *
 * Each row is one write(2) on an O_APPEND file: a run that is interrupted
 * leaves complete rows, and several programs of one run may write to the same
 * folder one after the other. When the disk is full the torn row is cut off
 * again and the caller gets -ENOSPC.
 */
#ifndef HMMSTORM_RECORD_H
#define HMMSTORM_RECORD_H

#include <stdint.h>

struct hist;
struct record;

#define RECORD_COLUMNS \
	"program\tcase\tbackend\tpolicy\tprotocol\tworkers\tpages\trepetition"

/* What a row is about; NULL strings are written as "-". */
struct record_id {
	const char *program;	/* "stress" or "bench" */
	const char *name;	/* stressor or benchmark: column "case" */
	const char *backend;
	const char *policy;
	const char *protocol;
	unsigned int workers;
	uint64_t pages;
	unsigned int repetition;
};

/* kind: "count" (sum over the run), "rate" (per second), "value" (as measured),
 * "verdict" (1 holds, 0 broken). unit: "ns", "instructions", "pages", "1", ...
 */
int record_open(struct record **r, const char *dir, const char *program,
		int argc, char *const argv[], uint64_t seed);
int record_u64(struct record *r, const struct record_id *id, const char *metric,
	       const char *kind, const char *unit, uint64_t value);
int record_double(struct record *r, const struct record_id *id,
		  const char *metric, const char *kind, const char *unit,
		  double value);
/* The buckets to hist.tsv; n, min, p50, p90, p99, p99.9, p99.99, max, mean to
 * records.tsv (as metric_p50 and so on), beside each percentile the ends of its 95%
 * interval (metric_p50_low, metric_p50_high). A percentile that n cannot bear, see
 * hist.h, is left out.
 */
int record_hist(struct record *r, const struct record_id *id,
		const char *metric, const char *unit, const struct hist *h);
int record_sample(struct record *r, const struct record_id *id, uint64_t t_ns,
		  const char *metric, const char *unit, uint64_t value);
int record_env(struct record *r, const char *key, const char *value);
/* First error met so far, or 0. All writers return it too. */
int record_error(const struct record *r);
/* Flushes to the disk; returns record_error(). r may be NULL. */
int record_close(struct record *r);

#endif
