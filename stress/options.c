// SPDX-License-Identifier: GPL-2.0-only
/* The command line of hmmstorm stress. */
#include <argp.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/counters.h"
#include "run.h"

extern const struct stressor *const __start_hmmstorm_stressors[];
extern const struct stressor *const __stop_hmmstorm_stressors[];

size_t stressor_count(void)
{
	return (size_t)(__stop_hmmstorm_stressors - __start_hmmstorm_stressors);
}

const struct stressor *stressor_at(size_t i)
{
	return __start_hmmstorm_stressors[i];
}

const struct stressor *stressor_find(const char *name)
{
	size_t i;

	for (i = 0; i < stressor_count(); i++)
		if (!strcmp(stressor_at(i)->name, name))
			return stressor_at(i);
	return NULL;
}

enum { OPT_STUCK = 256, OPT_NODE, OPT_THP, OPT_NO_PIN, OPT_LIST, OPT_DELAY, OPT_TRUTH };

static const struct argp_option options[] = {
	{ "stressor", 's', "A,B,...", 0, "stressors to run together (default: atomics,mprotect,fork,munmap); see --list", 0 },
	{ "backend", 'b', "NAME", 0, "device to storm (default: test_hmm)", 0 },
	{ "policy", 'r', "POLICY", 0, "when the CPU's entries are restored: lazy, eager, adaptive, hold:US, deferred:US:PAGES (default: lazy); A,B,...: each for a tenth of a second by turns", 0 },
	{ "delay", OPT_DELAY, DELAY_USAGE, 0, "widen a race window (repeatable): read_begin, exclusive, retry, mapped, invalidate, restore, or a kernel function; spin (ns), pause, yield, preempt (ns)", 0 },
	{ "truth", OPT_TRUTH, "off|mirror|cpu", 0, "compare page tables around every invalidation: of pages that the mirror device maps, or of all (default: off)", 0 },
	{ "workers", 'w', "N", 0, "threads of each stressor (default: 1)", 0 },
	{ "processes", 'P', "N", 0, "address spaces, each with all workers (default: 1)", 0 },
	{ "seconds", 't', "S", 0, "how long (default: 10)", 0 },
	{ "ops", 'n', "N", 0, "steps a worker makes, instead of --seconds", 0 },
	{ "seed", 'S', "N", 0, "of all random choices (default: 1)", 0 },
	{ "pages", 'p', "N", 0, "pages in an arena (default: 256)", 0 },
	{ "thp", OPT_THP, "never|always|mixed", 0, "transparent huge pages in the arena (default: never)", 0 },
	{ "node", OPT_NODE, "any|local|remote|interleave", 0, "where the arena's memory lies (default: any)", 0 },
	{ "no-pin", OPT_NO_PIN, NULL, 0, "let the scheduler place the workers", 0 },
	{ "stuck", OPT_STUCK, "S", 0, "a worker without a step for so long is a failure (default: 120)", 0 },
	{ "out", 'o', "DIR", 0, "folder for records.tsv and the rest (default: $HMMSTORM_RESULTS, or none)", 0 },
	{ "list", OPT_LIST, NULL, 0, "the stressors, one a line, and leave", 0 },
	{ 0 },
};

static unsigned long long number(struct argp_state *state, const char *text,
				 const char *what, unsigned long long least,
				 unsigned long long most)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 0);
	/* strtoull() itself takes " 1", "+1" and "-1" */
	if (!isdigit((unsigned char)*text) || *end || errno || n < least ||
	    n > most)
		argp_failure(state, 2, 0, "--%s takes a number from %llu to %llu, not '%s'",
			     what, least, most, text);
	return n;
}

static double seconds(struct argp_state *state, const char *text,
		      const char *what)
{
	char *end;
	double s = strtod(text, &end);

	if (!*text || *end || !(s > 0) || s > 1e7)
		argp_failure(state, 2, 0, "--%s takes seconds above 0, not '%s'",
			     what, text);
	return s;
}

static void add_stressors(struct options *o, struct argp_state *state,
			  const char *names)
{
	/* a copy: the command line is printed again when a run fails */
	char *name, *copy = strdup(names), *rest = copy;
	unsigned int i;

	o->nr_stressors = 0;
	while ((name = strsep(&rest, ","))) {
		const struct stressor *s = stressor_find(name);

		if (!s)
			argp_failure(state, 2, 0, "no stressor '%s'; hmmstorm list names them", name);
		for (i = 0; i < o->nr_stressors; i++)
			if (o->stressor[i] == s)
				argp_failure(state, 2, 0, "stressor '%s' is named twice", name);
		if (o->nr_stressors == MAX_STRESSORS)
			argp_failure(state, 2, 0, "more than %d stressors", MAX_STRESSORS);
		o->stressor[o->nr_stressors++] = s;
	}
	free(copy);
}

static enum topo_place parse_place(struct argp_state *state, const char *name)
{
	int n = topo_parse(name);

	if (n < 0)
		argp_failure(state, 2, 0, "--node is any, local, remote or interleave, not '%s'", name);
	return (enum topo_place)n;
}

static enum arena_thp parse_thp(struct argp_state *state, const char *name)
{
	static const char *const names[] = { "never", "always", "mixed" };
	int i;

	for (i = 0; i < 3; i++)
		if (!strcmp(name, names[i]))
			return (enum arena_thp)i;
	argp_failure(state, 2, 0, "--thp is never, always or mixed, not '%s'", name);
	return THP_NEVER;
}

static void add_delay(struct options *o, struct argp_state *state,
		      const char *text)
{
	char why[300];

	if (delays_add(&o->delays, text, why, sizeof(why)))
		argp_failure(state, 2, 0, "--delay: %s", why);
}

static enum hmmstorm_truth_kind parse_truth(struct argp_state *state,
					    const char *name)
{
	int n = counters_parse_truth(name);

	if (n < 0)
		argp_failure(state, 2, 0, "--truth is off, mirror or cpu, not '%s'", name);
	return (enum hmmstorm_truth_kind)n;
}

static void list(void)
{
	size_t i;

	for (i = 0; i < stressor_count(); i++)
		printf("%s\t%s\n", stressor_at(i)->name, stressor_at(i)->desc);
	exit(0);
}

/* What is stormed, and by whom. */
static error_t parse_device(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 's':
		add_stressors(o, state, arg);
		return 0;
	case 'b':
		o->backend = backend_find(arg);
		if (!o->backend)
			argp_failure(state, 2, 0, "no backend '%s'; hmmstorm list names them", arg);
		return 0;
	case 'r':
		o->policy = arg;
		return 0;
	case OPT_DELAY:
		add_delay(o, state, arg);
		return 0;
	case OPT_TRUTH:
		o->truth = parse_truth(state, arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *o = state->input;

	switch (key) {
	case 'w':
		o->workers = (unsigned int)number(state, arg, "workers", 1, 1024);
		break;
	case 'P':
		o->processes = (unsigned int)number(state, arg, "processes", 1, 256);
		break;
	case 't':
		o->seconds = seconds(state, arg, "seconds");
		break;
	case 'n':
		o->ops = number(state, arg, "ops", 1, 1ULL << 60);
		break;
	case 'S':
		o->seed = number(state, arg, "seed", 0, UINT64_MAX);
		break;
	case 'p':
		o->pages = number(state, arg, "pages", 1, 1ULL << 24);
		break;
	case OPT_THP:
		o->thp = parse_thp(state, arg);
		break;
	case OPT_NODE:
		o->place = parse_place(state, arg);
		break;
	case OPT_NO_PIN:
		o->pin = false;
		break;
	case OPT_STUCK:
		o->stuck_seconds = seconds(state, arg, "stuck");
		break;
	case 'o':
		o->out = arg;
		break;
	case OPT_LIST:
		list();
		break;
	case ARGP_KEY_ARG:
		argp_failure(state, 2, 0, "'%s' is not an option", arg);
		break;
	case ARGP_KEY_END:
		if (o->ops && o->seconds)
			argp_failure(state, 2, 0, "--ops and --seconds exclude each other");
		break;
	default:
		return parse_device(key, arg, state);
	}
	return 0;
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.doc = "Storms device-exclusive memory: stressors work on the same pages as a device, and every invariant is checked as it goes.\v"
	       "Exit status: 0 all invariants held, 1 one is broken or the kernel complained, 2 bad usage or unusable results folder, 4 skipped: no such device here.",
};

void options_parse(struct options *o, int argc, char **argv)
{
	*o = (struct options){
		.workers = 1,
		.processes = 1,
		.seed = 1,
		.pages = 256,
		.pin = true,
		.stuck_seconds = 120,
		.out = getenv("HMMSTORM_RESULTS"),
		.backend = backend_find("test_hmm"),
		.argc = argc,
		.argv = argv,
	};
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, o);
	if (!o->nr_stressors) {
		struct argp_state none = { .name = argv[0] };

		add_stressors(o, &none, "atomics,mprotect,fork,munmap");
	}
	if (!o->ops && !o->seconds)
		o->seconds = 10;
}
