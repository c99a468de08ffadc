// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/clock.h"
#include "../lib/counters.h"
#include "options.h"

/* Deterministic mode: the same iterations on every kernel, so that a change of
 * an operation does not change how often it is done.
 */
#define DETERMINISTIC_ITERATIONS 16
#define EXPLAINED_ITERATIONS 3

const char options_usage[] =
	"usage: hmmstorm bench [--backend NAME] [--out DIR] [--iterations N]\n"
	"                      [--no-counters] [--explain] [--trace-marks] [--list]\n"
	"                      [--benchmark_...]\n"
	"\n"
	"  --backend NAME   device to measure on (default test_hmm; null: the harness)\n"
	"  --policy POLICY  lazy, eager, adaptive, hold:US, deferred:US:PAGES (default lazy)\n"
	"  --delay WINDOW:KIND:AMOUNT[:PROBABILITY]\n"
	"                   as in hmmstorm stress, seed 0 (repeatable)\n"
	"  --truth off|mirror|cpu   as in hmmstorm stress (default off)\n"
	"  --out DIR        write env.tsv, records.tsv, hist.tsv and bench.json there\n"
	"                   (default: the environment's HMMSTORM_RESULTS, else nowhere)\n"
	"  --iterations N   so many operations a benchmark (default: by time, see\n"
	"                   --benchmark_min_time, here 0.02; 16 in deterministic mode)\n"
	"  --no-counters    do not attach to the helper module\n"
	"  --explain        three operations a benchmark, with ground truth, and of them the\n"
	"                   counts alone: what a figure is made of\n"
	"  --trace-marks    mark each operation in the kernel's trace (tracefs trace_marker)\n"
	"  --hazards        also what this kernel is known to die of (E12), in the lab\n"
	"  --list           the benchmarks, what they need and what they measure\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 bad usage, 4 cannot run here.\n"
	"\n"
	"Google Benchmark's own flags:\n";

int complain(int status, const char *fmt, const char *what)
{
	char line[1024];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(line, sizeof(line), fmt, what);
#pragma GCC diagnostic pop
	fprintf(stderr, "hmmstorm bench: %s\n", line);
	return status;
}

/* "--name VALUE" or "--name=VALUE" at argv[*i]; NULL: it is another option. */
static const char *value_of(char **argv, int *i, const char *name)
{
	size_t n = strlen(name);

	if (strncmp(argv[*i], name, n))
		return NULL;
	if (argv[*i][n] == '=')
		return argv[*i] + n + 1;
	if (argv[*i][n])
		return NULL;
	return argv[*i + 1] ? argv[++*i] : "";
}

static int parse_iterations(struct options *o, const char *text)
{
	char *end;

	errno = 0;
	o->iterations = strtoll(text, &end, 10);
	o->timed = true;
	if (errno || *end || o->iterations < 1 || o->iterations > 1000000000)
		return complain(EXIT_USAGE,
				"--iterations wants a number from 1 to 1000000000, not \"%s\"",
				text);
	return 0;
}

static void keep_flag(struct options *o, char *flag)
{
	if (!strncmp(flag, "--benchmark_min_time=", 21))
		o->timed = true;
	if (!strncmp(flag, "--benchmark_out=", 16))
		o->has_json = true;
	if (!strncmp(flag, "--benchmark_filter=", 19))
		o->has_filter = true;
	o->flags[o->nr_flags++] = flag;
}

/* What an option of several spellings says; 0, or the exit status. */
static int parse_text(struct options *o, const char *delay, const char *truth)
{
	char why[300];
	int kind = truth ? counters_parse_truth(truth) : (int)o->truth;

	if (kind < 0)
		return complain(EXIT_USAGE, "--truth is off, mirror or cpu, not \"%s\"",
				truth);
	o->truth = (enum hmmstorm_truth_kind)kind;
	if (delay && delays_add(&o->delays, delay, why, sizeof(why)))
		return complain(EXIT_USAGE, "--delay: %s", why);
	return 0;
}

/* 1: it was such an option. */
static int parse_valued(struct options *o, char **argv, int *i,
			const char **iterations, const char **delay,
			const char **truth)
{
	const struct {
		const char *name, **to;
	} valued[] = {
		{ "--backend", &o->backend },
		{ "--policy", &o->policy },
		{ "--out", &o->out },
		{ "--iterations", iterations },
		{ "--delay", delay },
		{ "--truth", truth },
	};
	size_t k;

	for (k = 0; k < sizeof(valued) / sizeof(*valued); k++) {
		const char *v = value_of(argv, i, valued[k].name);

		if (v) {
			*valued[k].to = v;
			return 1;
		}
	}
	return 0;
}

static int parse_one(struct options *o, char **argv, int *i)
{
	const char *iterations = NULL, *delay = NULL, *truth = NULL;
	char *arg = argv[*i];

	if (!strncmp(arg, "--benchmark_", 12) || !strncmp(arg, "--v=", 4))
		keep_flag(o, arg);
	else if (!strcmp(arg, "--help") || !strcmp(arg, "-h"))
		o->help = true;
	else if (!strcmp(arg, "--list"))
		o->list = true;
	else if (!strcmp(arg, "--no-counters"))
		o->no_counters = true;
	else if (!strcmp(arg, "--explain"))
		o->explain = true;
	else if (!strcmp(arg, "--hazards"))
		o->hazards = true;
	else if (!strcmp(arg, "--trace-marks"))
		o->trace_marks = true;
	else if (!parse_valued(o, argv, i, &iterations, &delay, &truth))
		return complain(EXIT_USAGE, "no option \"%s\"; see --help", arg);
	if (iterations)
		return parse_iterations(o, iterations);
	return parse_text(o, delay, truth);
}

/* Google Benchmark's own file goes beside the records. */
static int add_json(struct options *o)
{
	static char out[PATH_MAX + 32], format[] = "--benchmark_out_format=json";

	if (!o->out || o->has_json || o->explain)
		return 0;
	if (snprintf(out, sizeof(out), "--benchmark_out=%s/bench.json", o->out) >=
	    (int)sizeof(out))
		return complain(EXIT_USAGE, "--out: name too long: %s", o->out);
	o->flags[o->nr_flags++] = out;
	o->flags[o->nr_flags++] = format;
	return 0;
}

static void add_defaults(struct options *o)
{
	static char min_time[] = "--benchmark_min_time=0.02";
	static char no_canary[] = "--benchmark_filter=-^canary/";

	if (!o->has_filter && !getenv("BENCHMARK_FILTER"))
		o->flags[o->nr_flags++] = no_canary;
	if (o->timed || getenv("BENCHMARK_MIN_TIME"))
		return;
	if (o->explain) {
		o->iterations = EXPLAINED_ITERATIONS;
		return;
	}
	if (clock_counts_instructions)
		o->iterations = DETERMINISTIC_ITERATIONS;
	else
		o->flags[o->nr_flags++] = min_time;
}

int options_parse(struct options *o, int argc, char **argv)
{
	int ret = 0, i;

	o->out = getenv("HMMSTORM_RESULTS");
	if (o->out && !*o->out)
		o->out = NULL;
	/* ours and the terminating NULL come on top */
	o->flags = calloc((size_t)argc + 5, sizeof(*o->flags));
	if (!o->flags)
		return complain(EXIT_FAILURE, "%s", strerror(ENOMEM));
	o->flags[o->nr_flags++] = argv[0];
	for (i = 1; i < argc && !ret; i++)
		ret = parse_one(o, argv, &i);
	if (!ret && o->backend && !*o->backend)
		ret = complain(EXIT_USAGE, "%s wants a name; see hmmstorm list",
			       "--backend");
	if (!ret && o->no_counters && (o->explain || o->truth != HMMSTORM_TRUTH_OFF))
		ret = complain(EXIT_USAGE, "%s needs what --no-counters takes away",
			       o->explain ? "--explain" : "--truth");
	if (!ret && o->out && !*o->out)
		ret = complain(EXIT_USAGE, "%s wants a folder", "--out");
	if (!ret)
		ret = add_json(o);
	add_defaults(o);
	return ret;
}
