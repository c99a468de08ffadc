// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm compare: what changed between two sides of results. Its exit status is for
 * git bisect run and CI: a regression is 1, and nothing else is.
 */
#include <argp.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../regress/ask.h"
#include "../regress/compare_write.h"
#include "../version.h"

enum format { TEXT, MARKDOWN, JSON, JUNIT };
enum colour { AUTO, ALWAYS, NEVER };

static const char *const formats[] = { "text", "markdown", "json", "junit", NULL };
static const char *const colours[] = { "auto", "always", "never", NULL };

struct asked {
	const char *side[2];
	size_t nr_sides;
	struct compare_options options;
	regex_t only;
	bool all;
	int format, colour;
};

static const struct argp_option options[] = {
	{ "threshold", 't', "PERCENT", 0, "a smaller change is told, but is no regression (0 for instructions, 1 for times)", 0 },
	{ "alpha", 'q', "SHARE", 0, "false discovery rate over all benchmarks (0.05); of instructions, over those whose seeds vary", 0 },
	{ "only", 'o', "REGEX", 0, "only benchmarks whose key matches: E3.fork/pages:64 mirror lazy process 1", 0 },
	{ "all", 'a', NULL, 0, "tell what is the same as well", 0 },
	{ "force", 'f', NULL, 0, "compare what is not comparable", 0 },
	{ "format", 'F', "text|markdown|json|junit", 0, "of the output (text)", 0 },
	{ "color", 'c', "auto|always|never", 0, "auto: on a terminal, if NO_COLOR is not set", 0 },
	{ 0 }
};

static void set_only(struct asked *a, struct argp_state *state, const char *arg)
{
	if (a->options.only)
		regfree(&a->only);
	ask_regex(state, "--only", arg, &a->only);
	a->options.only = &a->only;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct asked *a = state->input;

	switch (key) {
	case 't':
		a->options.threshold = ask_number(state, "--threshold", arg, 0, 1e6) / 100;
		return 0;
	case 'q':
		a->options.alpha = ask_number(state, "--alpha", arg, 1e-9, 0.5);
		return 0;
	case 'o':
		set_only(a, state, arg);
		return 0;
	case 'a':
		a->all = true;
		return 0;
	case 'f':
		a->options.force = true;
		return 0;
	case 'F':
		a->format = ask_choice(state, "--format", arg, formats);
		return 0;
	case 'c':
		a->colour = ask_choice(state, "--color", arg, colours);
		return 0;
	case ARGP_KEY_ARG:
		if (a->nr_sides == 2)
			argp_error(state, "two sides are compared, OLD and NEW; '%s' is a third", arg);
		a->side[a->nr_sides++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (a->nr_sides < 2)
			argp_error(state, "which OLD and NEW? A side is a run folder, a folder of those, or Google Benchmark's JSON");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static bool is_coloured(const struct asked *a)
{
	const char *no = getenv("NO_COLOR");

	if (a->colour != AUTO)
		return a->colour == ALWAYS;
	return isatty(STDOUT_FILENO) && !(no && *no);
}

static int refuse(const struct compare *c)
{
	size_t i;

	for (i = 0; i < c->nr_differences; i++)
		if (c->differences[i].is_decisive)
			fprintf(stderr, "hmmstorm: not comparable: %s is %s in OLD, %s in NEW; --force compares all the same\n",
				c->differences[i].field, c->differences[i].old,
				c->differences[i].new);
	return 3;
}

static int write_out(const struct compare *c, const struct asked *a)
{
	switch (a->format) {
	case MARKDOWN:
		compare_markdown(stdout, c, a->all);
		break;
	case JSON:
		compare_json(stdout, c);
		break;
	case JUNIT:
		compare_junit(stdout, c);
		break;
	default:
		compare_text(stdout, c, a->all, is_coloured(a));
	}
	if (!fflush(stdout) && !ferror(stdout))
		return compare_status(c);
	perror("hmmstorm: cannot write");
	return 2;
}

/* Where both sides counted functions, they decide: false, a file of theirs is broken. */
static bool read_functions(const struct side *old, const struct side *new,
			   struct functions **of_old, struct functions **of_new)
{
	if (!old->exact || !new->exact || !functions_have(old) || !functions_have(new))
		return true;
	return !functions_read(of_old, old->path) && !functions_read(of_new, new->path);
}

static int compare(struct asked *a, const struct side *old, const struct side *new)
{
	struct functions *of_old = NULL, *of_new = NULL;
	struct function_noise *noise;
	struct compare c;
	int status;

	if (!read_functions(old, new, &of_old, &of_new)) {
		functions_free(of_old);
		return 2;
	}
	a->options.old_functions = of_old;
	a->options.new_functions = of_new;
	noise = of_old ? functions_noise(of_old, of_new) : NULL;
	a->options.noise = noise;
	compare_sides(&c, old, new, &a->options);
	status = c.is_comparable ? write_out(&c, a) : refuse(&c);
	if (c.is_comparable && !c.nr_rows)
		fprintf(stderr, "hmmstorm: not comparable: no benchmark of %s%s is in %s\n", old->path,
			a->options.only ? " that --only names" : "", new->path);
	compare_free(&c);
	functions_noise_free(noise);
	functions_free(of_old);
	functions_free(of_new);
	return status;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "OLD NEW",
		"What changed from OLD to NEW, by size: exactly if both are of deterministic boots (instructions), else by statistics over boots (times)."
		"\vOLD and NEW: a run folder, a folder of such (one a boot), or Google Benchmark's JSON. JSON and JUnit always hold all benchmarks. Exit status: 0 no regression, 1 regression, 2 bad usage or broken results, 3 not comparable, or inconclusive and no regression.",
		NULL, NULL, NULL
	};
	struct asked a = { .options = { .alpha = 0.05, .threshold = NAN } };
	struct side *old = NULL, *new = NULL;
	int status = 2;

	argp_program_version = "hmmstorm " HMMSTORM_VERSION;
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	if (!side_read(&old, a.side[0]) && !side_read(&new, a.side[1]))
		status = compare(&a, old, new);
	side_free(old);
	side_free(new);
	if (a.options.only)
		regfree(&a.only);
	return status;
}
