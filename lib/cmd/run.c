// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm run: the standard set on this kernel, in three parts, each in a folder of
 * its own:
 *
 *   costs      what single operations cost (E1, E3 to E7, E9 to E13): their times
 *              first, without the helper module's observer, then, in a second pass,
 *              what they are made of (bench --explain)
 *   crossover  the restore policies against each other (E8)
 *   live       what needs devices and CPUs that really run at once (E2), and a storm
 *
 * and two that run only where they are asked for by name; the first in the lab alone:
 *
 *   hazards    what a kernel is known to die of (E12)
 *   regress    what is compared from kernel to kernel: one operation of each kind, few
 *              pages, one thread, twelve times
 *
 * A step is a row of steps[]; what it prints goes to OUT/PART/steps.txt, and of that
 * what hmmstorm has to say (failed, skipped) to stderr as well.
 */
#include <argp.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../clock.h"
#include "../progress.h"

enum part { COSTS = 1, CROSSOVER = 2, LIVE = 4, ALL = 7, HAZARDS = 8, REGRESS = 16 };

static const struct {
	const char *name;
	enum part part;
} parts[] = {
	{ "costs", COSTS },
	{ "crossover", CROSSOVER },
	{ "live", LIVE },
	{ "hazards", HAZARDS },
	{ "regress", REGRESS },
	{ "all", ALL },
};

/* What the benchmarks' names begin with, as regular expressions but for the dot; a step
 * runs those that match one. With --whole more pages, and the whole grid of E8.
 */
#define OPERATIONS \
	"E1.[^N] E3.fork E4. E5. E6. E7. E9.fault E9.touch E9.discard E11. E12. "
#define SOME_PAGES "E13.[a-z_]*/pages:(1|16|256|4096)/"
#define SOME_CELLS \
	"E8.[a-z]*/pages:64/ratio:(10|1000|100000)/batch:(1|64|1024)/overlap:0 " \
	"E8.[a-z]*/pages:64/ratio:(100|1000)/batch:64/overlap:1"
#define REGRESS_PAGES \
	"E3.fork[a-z_]*/pages:(1|64)/ E4.[a-z_]*/pages:(1|64)/ E5.[a-z_]*/pages:(1|64)/ " \
	"E6.[a-z_]*/pages:(1|64)/ E7.mark/pages:(1|64)/ E7.remark/pages:(1|64)/ " \
	"E7.restore_(read|write)/pages:(1|64)/ "
#define REGRESS_MIRROR \
	"E7.[a-z]*/pages:64/batch:64/ E9.[dft][a-z]*/pages:(1|64)/ " \
	"E10.[a-z_]*/pages:1/notifiers:(0|100|1000)/ E11. " \
	"E13.[a-z_]*/pages:16/notifiers:(0|100)/"
#define MAX_ARGS 8

enum when { ALWAYS, WHOLE_ONLY };

#define COSTS_STEP(what_, weight_, names_, whole_, ...) \
	{ COSTS, ALWAYS, what_, names_, whole_, weight_, { "--backend", __VA_ARGS__ } }
#define POLICY_STEP(policy_, when_)                                                  \
	{ CROSSOVER, when_, policy_, SOME_CELLS, "E8.", 12,                          \
	  { "--backend", "mirror", "--no-counters", "--policy", policy_ } }
#define EXPLAIN_POLICY_STEP(policy_)                                                 \
	{ CROSSOVER, ALWAYS, "counts of " policy_, SOME_CELLS, NULL, 8,              \
	  { "--backend", "mirror", "--explain", "--policy", policy_ } }

/* weight: about its seconds in the lab on 6.12, for the progress line. */
static const struct step {
	enum part part;
	enum when when;
	const char *what;
	const char *names; /* of benchmarks; NULL: the storm */
	const char *whole; /* with --whole; NULL: the same */
	unsigned int weight;
	const char *args[MAX_ARGS];
} steps[] = {
	COSTS_STEP("times on test_hmm", 60, OPERATIONS SOME_PAGES, OPERATIONS "E13.",
		   "test_hmm", "--no-counters"),
	COSTS_STEP("times on mirror", 65, OPERATIONS "E10. " SOME_PAGES,
		   OPERATIONS "E10. E13.", "mirror", "--no-counters"),
	COSTS_STEP("times of protocol range", 20, "E9.fault E9.touch E9.discard E10.", NULL,
		   "mirror-range", "--no-counters"),
	COSTS_STEP("times of protocol pin", 15, "E9.fault E9.touch E9.discard", NULL,
		   "mirror-pin", "--no-counters"),
	COSTS_STEP("times without a device", 20,
		   "E1.[^N] E13.invalidate/ E13.invalidate_overlapping", NULL,
		   "null", "--no-counters"),
	COSTS_STEP("counts on test_hmm", 50, OPERATIONS SOME_PAGES, NULL,
		   "test_hmm", "--explain"),
	COSTS_STEP("counts on mirror", 50, OPERATIONS "E10. " SOME_PAGES, NULL,
		   "mirror", "--explain"),
	COSTS_STEP("counts of protocol range", 15, "E9.fault E9.touch E9.discard E10.", NULL,
		   "mirror-range", "--explain"),
	COSTS_STEP("counts of protocol pin", 10, "E9.fault E9.touch E9.discard", NULL,
		   "mirror-pin", "--explain"),
	POLICY_STEP("lazy", ALWAYS),
	POLICY_STEP("eager", ALWAYS),
	POLICY_STEP("adaptive", ALWAYS),
	POLICY_STEP("hold:50", WHOLE_ONLY),
	POLICY_STEP("hold:500", ALWAYS),
	POLICY_STEP("hold:5000", WHOLE_ONLY),
	POLICY_STEP("deferred:1000:16", ALWAYS),
	POLICY_STEP("deferred:1000:1024", WHOLE_ONLY),
	POLICY_STEP("deferred:20000:1024", ALWAYS),
	EXPLAIN_POLICY_STEP("lazy"),
	EXPLAIN_POLICY_STEP("eager"),
	EXPLAIN_POLICY_STEP("adaptive"),
	{ LIVE, ALWAYS, "protocol process", "E2. E3.contended E9.storm", NULL, 60,
	  { "--backend", "mirror", "--no-counters" } },
	{ LIVE, ALWAYS, "protocol range", "E2. E9.storm", NULL, 60,
	  { "--backend", "mirror-range", "--no-counters" } },
	{ LIVE, ALWAYS, "protocol pin", "E2.spurious E9.storm", NULL, 30,
	  { "--backend", "mirror-pin", "--no-counters" } },
	{ LIVE, ALWAYS, "NUMA balancing", "E1.NUMA", NULL, 30,
	  { "--backend", "mirror", "--explain" } },
	{ LIVE, ALWAYS, "storm", NULL, NULL, 15, { NULL } },
	{ REGRESS, ALWAYS, "operations on test_hmm", REGRESS_PAGES, NULL, 10,
	  { "--backend", "test_hmm", "--no-counters" } },
	{ REGRESS, ALWAYS, "operations on mirror", REGRESS_PAGES REGRESS_MIRROR, NULL, 15,
	  { "--backend", "mirror", "--no-counters" } },
	{ REGRESS, ALWAYS, "calls", "E1.[^N]", NULL, 15,
	  { "--backend", "mirror", "--no-counters" } },
	{ HAZARDS, ALWAYS, "what the kernel may die of", "E12.secret", NULL, 10,
	  { "--backend", "test_hmm", "--no-counters", "--hazards" } },
};

#define NR_STEPS (sizeof(steps) / sizeof(*steps))

struct suite {
	const char *out, *seconds, *seed, *workers, *backend, *only;
	enum part part;
	int bench, stress;
	bool whole;
	unsigned int done, total; /* weights */
	size_t step, steps; /* of those that are wanted */
	struct timespec since;
};

static const struct argp_option options[] = {
	{ "out", 'o', "DIR", 0, "results folder (default: $HMMSTORM_RESULTS, or out/run)", 0 },
	{ "part", 'p', "NAME", 0, "costs, crossover, live or all of them (default), or regress, or hazards, in the lab only: one part goes to DIR itself, all of them to a folder each", 0 },
	{ "whole", 'W', NULL, 0, "also what takes long: up to a million pages, the whole grid and all policies of E8 (an hour)", 0 },
	{ "only", 'O', "E3,E7...", 0, "these experiments' benchmarks, and no storm", 0 },
	{ "backend", 'b', "NAME", 0, "device of the storm (default: test_hmm)", 0 },
	{ "seconds", 't', "S", 0, "of storm (default: 15)", 0 },
	{ "workers", 'w', "N", 0, "threads of each stressor (default: 2)", 0 },
	{ "seed", 'S', "N", 0, "of all random choices (default: 1)", 0 },
	{ "no-bench", 'B', NULL, 0, "leave the benchmarks out", 0 },
	{ "no-stress", 'N', NULL, 0, "leave the storm out", 0 },
	{ 0 },
};

/* The storm checks its numbers itself, but only after minutes of benchmarks. */
static const char *number(struct argp_state *state, const char *text,
			  const char *what, double least)
{
	char *end;

	if (!*text || !(strtod(text, &end) >= least) || *end)
		argp_failure(state, 2, 0, "--%s takes a number, not '%s'", what,
			     text);
	return text;
}

static enum part part_of(struct argp_state *state, const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(*parts); i++)
		if (!strcmp(parts[i].name, name))
			return parts[i].part;
	argp_failure(state, 2, 0, "--part is costs, crossover, live, all, regress or hazards, not '%s'", name);
	return ALL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct suite *s = state->input;

	switch (key) {
	case 'o':
		s->out = arg;
		break;
	case 'p':
		s->part = part_of(state, arg);
		break;
	case 'W':
		s->whole = true;
		break;
	case 'O':
		s->only = arg;
		s->stress = 0;
		break;
	case 'b':
		s->backend = arg;
		break;
	case 't':
		s->seconds = number(state, arg, "seconds", 1e-9);
		break;
	case 'w':
		s->workers = number(state, arg, "workers", 1);
		break;
	case 'S':
		s->seed = number(state, arg, "seed", 0);
		break;
	case 'B':
		s->bench = 0;
		break;
	case 'N':
		s->stress = 0;
		break;
	case ARGP_KEY_ARG:
		argp_failure(state, 2, 0, "'%s' is not an option", arg);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Runs the standard set on this kernel and prints the storm's table.\v"
	       "Exit status: the worst of its steps': 0, 1 failed, 2 bad usage; 4 all skipped.",
};

static void become(const char *name, const char *const *args)
{
	char path[4096], *slash;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);

	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	snprintf(slash ? slash + 1 : path, 64, "hmmstorm-%s", name);
	execv(path, (char *const *)args);
	fprintf(stderr, "hmmstorm: cannot start %s: %s\n", path, strerror(errno));
	_exit(2);
}

/* A sibling program; what it prints and says to fd (-1: where ours goes). */
static pid_t start(const char *name, const char *const *args, int fd)
{
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid)
		return pid;
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	become(name, args);
	_exit(2);
}

static int status_of(pid_t pid)
{
	int status;

	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A failure is not hidden by a skip; what was done is not by what was skipped. */
static int worse(int a, int b)
{
	if (a == 4 || b == 4)
		return a == 4 ? b : a;
	return a ? a : b;
}

static void show_progress(const struct suite *s, const struct step *step, double fraction,
			  const char *name)
{
	double done = (s->done + fraction * step->weight) / s->total, seconds;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = (double)(now.tv_sec - s->since.tv_sec);
	progress_set("[%zu/%zu] %s: %s, %.0f %%, %.0f s left", s->step, s->steps, step->what,
		     name, 100 * done, done > 0.02 ? seconds / done - seconds : s->total);
}

/* Benchmarks that the step will run, for the progress within it; 0: unknown. */
static size_t count_lines(const char *const *args)
{
	const char *list[MAX_ARGS + 8] = { 0 };
	size_t n = 0, lines = 0;
	int ends[2], c;
	pid_t pid;
	FILE *f;

	for (; args[n]; n++)
		list[n] = args[n];
	list[n] = "--benchmark_list_tests";
	if (pipe2(ends, O_CLOEXEC))
		return 0;
	pid = start("bench", list, ends[1]);
	close(ends[1]);
	f = fdopen(ends[0], "r");
	while (f && (c = getc(f)) != EOF)
		lines += c == '\n';
	if (f)
		fclose(f);
	return status_of(pid) ? 0 : lines;
}

/* Copies what a benchmark program prints, a line each benchmark, to log. */
static void follow(const struct suite *s, size_t i, int fd, FILE *log, size_t expected)
{
	FILE *f = fdopen(fd, "r");
	char line[1024], name[100];
	size_t n = 0;

	while (f && fgets(line, sizeof(line), f)) {
		fputs(line, log);
		if (!strncmp(line, "hmmstorm", 8)) {
			progress_clear();
			fputs(line, stderr);
		}
		if (line[0] != 'E' || sscanf(line, "%99s", name) != 1)
			continue;
		n++;
		show_progress(s, &steps[i], expected ? (double)n / (double)expected : 0, name);
	}
	if (f)
		fclose(f);
	progress_clear();
}

/* Is "E3.fork" of "E1,E3"? */
static bool is_chosen(const struct suite *s, const char *name)
{
	size_t n = strcspn(name, ".");
	const char *p = s->only;

	while (p && *p) {
		if (strcspn(p, ",") == n && !strncmp(p, name, n))
			return true;
		p += strcspn(p, ",");
		p += *p == ',';
	}
	return !s->only;
}

/* Of the step's names those that are chosen, as Google Benchmark's filter; false: none
 * is.
 */
static bool make_filter(const struct suite *s, const struct step *step, char *filter,
			size_t len)
{
	size_t n = (size_t)snprintf(filter, len, "--benchmark_filter=^("), all = n;
	char names[600], *name, *rest = names;

	snprintf(names, sizeof(names), "%s",
		 s->whole && step->whole ? step->whole : step->names);
	while ((name = strsep(&rest, " "))) {
		if (!*name || !is_chosen(s, name))
			continue;
		if (n > all)
			n += (size_t)snprintf(filter + n, len - n, "|");
		for (; *name; name++)
			n += (size_t)snprintf(filter + n, len - n, *name == '.' ? "\\%c" : "%c",
					      *name);
	}
	snprintf(filter + n, len - n, ")");
	return n > all;
}

static bool is_explaining(const struct step *s)
{
	size_t k;

	for (k = 0; s->args[k]; k++)
		if (!strcmp(s->args[k], "--explain"))
			return true;
	return false;
}

static int run_bench(const struct suite *s, size_t i, const char *out)
{
	const char *args[MAX_ARGS + 7] = { "bench" };
	char path[4200], filter[700];
	size_t n = 1, k, expected;
	int ends[2], ret;
	pid_t pid;
	FILE *log;

	for (k = 0; steps[i].args[k]; k++)
		args[n++] = steps[i].args[k];
	make_filter(s, &steps[i], filter, sizeof(filter));
	args[n++] = filter;
	expected = count_lines(args);
	args[n++] = "--out";
	args[n++] = out;
	/* six make a median with an interval; more, a least that others reach too */
	if (clock_counts_instructions && !is_explaining(&steps[i])) {
		args[n++] = "--iterations";
		args[n++] = steps[i].part == REGRESS ? "12" : "6";
	}
	snprintf(path, sizeof(path), "%s/steps.txt", out);
	mkdir(out, 0777);
	log = fopen(path, "ae");
	if (!log || pipe2(ends, O_CLOEXEC)) {
		fprintf(stderr, "hmmstorm run: %s: %s\n", path, strerror(errno));
		return 1;
	}
	fprintf(log, "== %s\n", steps[i].what);
	pid = start("bench", args, ends[1]);
	close(ends[1]);
	follow(s, i, ends[0], log, expected);
	ret = status_of(pid);
	return fclose(log) ? 1 : ret;
}

static int run_stress(const struct suite *s, const char *out)
{
	const char *const args[] = { "stress", "--backend", s->backend,
				     "--workers", s->workers, "--seconds", s->seconds,
				     "--seed", s->seed, "--out", out, NULL };

	return status_of(start("stress", args, -1));
}

static bool is_wanted(const struct suite *s, size_t i)
{
	char filter[700];

	if (!(steps[i].part & s->part) || (steps[i].when == WHOLE_ONLY && !s->whole))
		return false;
	if (!steps[i].names)
		return s->stress;
	return s->bench && make_filter(s, &steps[i], filter, sizeof(filter));
}

static void folder_of(const struct suite *s, size_t i, char *path, size_t len)
{
	size_t k;

	snprintf(path, len, "%s", s->out);
	for (k = 0; s->part == ALL && k < sizeof(parts) / sizeof(*parts); k++)
		if (parts[k].part == steps[i].part)
			snprintf(path, len, "%s/%s", s->out, parts[k].name);
}

static int run_step(struct suite *s, size_t i, char *path, size_t len)
{
	int ret;

	folder_of(s, i, path, len);
	mkdir(s->out, 0777);
	s->step++;
	fprintf(stderr, "hmmstorm run: [%zu/%zu] %s, %u %% done\n", s->step, s->steps,
		steps[i].what, 100 * s->done / s->total);
	show_progress(s, &steps[i], 0, "");
	ret = steps[i].names ? run_bench(s, i, path) : run_stress(s, path);
	s->done += steps[i].weight;
	return ret;
}

/* What failed is counted, what was skipped too; bad usage and signals end it. */
static bool may_go_on(int status)
{
	return !status || status == 1 || status == 4;
}

int main(int argc, char **argv)
{
	struct suite s = {
		.out = getenv("HMMSTORM_RESULTS"),
		.seconds = "15", .seed = "1", .workers = "2",
		.backend = "test_hmm", .bench = 1, .stress = 1, .part = ALL,
	};
	char path[4096] = "";
	int status = 4; /* nothing was done yet */
	size_t i;

	clock_init();
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &s);
	if (!s.out)
		s.out = "out/run";
	for (i = 0; i < NR_STEPS; i++) {
		s.steps += is_wanted(&s, i);
		s.total += is_wanted(&s, i) ? steps[i].weight : 0;
	}
	clock_gettime(CLOCK_MONOTONIC, &s.since);
	for (i = 0; i < NR_STEPS && may_go_on(status); i++)
		if (is_wanted(&s, i))
			status = worse(status, run_step(&s, i, path, sizeof(path)));
	if (s.part & LIVE && s.stress && may_go_on(status)) {
		const char *const args[] = { "report", path, NULL };

		status = worse(status, status_of(start("report", args, -1)));
	}
	return status;
}
