/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of hmmstorm bench. */
#ifndef HMMSTORM_BENCH_OPTIONS_H
#define HMMSTORM_BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "../lib/delay.h"

#define EXIT_USAGE 2
#define EXIT_SKIP 4

struct options {
	const char *backend;
	const char *policy; /* NULL: the default */
	struct delays delays;
	enum hmmstorm_truth_kind truth;
	const char *out; /* NULL: no results folder */
	bool list, help, no_counters, explain, hazards, trace_marks;
	bool timed; /* the user said how long a benchmark runs */
	bool has_json; /* ... where Google Benchmark's file goes */
	bool has_filter; /* ... and which benchmarks run */
	int64_t iterations; /* 0: by time */
	char **flags; /* program name, then Google Benchmark's flags */
	int nr_flags;
};

extern const char options_usage[];

/* 0, or the exit status after one line on stderr. */
int options_parse(struct options *o, int argc, char **argv);
/* fmt has one %s, for what. Returns status. */
int complain(int status, const char *fmt, const char *what);

#endif
