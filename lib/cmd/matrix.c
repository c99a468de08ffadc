// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm matrix: one table, a column a kernel line: the least instructions of each
 * operation, the change from the line before, and why, where it is known.
 */
#include <argp.h>
#include <math.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../regress/ask.h"
#include "../regress/functions.h"
#include "../regress/reasons.h"
#include "../regress/sheet.h"
#include "../regress/side.h"

struct column {
	struct side *side;
	struct functions *functions; /* NULL: its boots have none */
	struct function_noise *noise; /* beside the column before */
	const char *release;
};

struct asked {
	const char **paths;
	size_t nr_paths;
	regex_t only;
	bool has_only;
	enum sheet_format format;
};

static const struct argp_option options[] = {
	{ "only", 'o', "REGEX", 0, "only benchmarks whose key matches", 0 },
	{ "format", 'f', "NAME", 0, "text (default), markdown or json", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct asked *a = state->input;

	switch (key) {
	case 'o':
		ask_regex(state, "--only", arg, &a->only);
		a->has_only = true;
		return 0;
	case 'f':
		a->format = (enum sheet_format)ask_choice(state, "--format", arg, sheet_formats);
		return 0;
	case ARGP_KEY_ARG:
		a->paths = must_grow(a->paths, a->nr_paths, sizeof(*a->paths));
		a->paths[a->nr_paths++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->nr_paths)
			argp_failure(state, 2, 0, "which kernels? a folder of boots each, in order");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "SIDE...",
	.doc = "The least instructions of each operation, kernel by kernel in the order given, with the "
	       "change from the one before and the reason: the API's change where it is known, else the "
	       "function that changed most.\v"
	       "A SIDE is a folder of boots in deterministic mode (make matrix measures them).\n"
	       "Exit status: 0, 2 bad usage or unusable results, 3 the kernels cannot be compared.",
};

static double value(const struct column *c, const char *key)
{
	const struct side_bench *b = side_find(c->side, key);
	double gap;

	return b ? side_least(c->side, b, &gap) : NAN;
}

/* Of two columns: known reason, else the settled function that changed most. */
static void why(const struct column *old, const struct column *new, const char *key, char *text,
		size_t len)
{
	const char *known = reason_for(key, old->release, new->release);
	const struct function_change *cause;
	struct function_change *changes;
	const struct function_case *a, *b;
	size_t n;

	*text = 0;
	if (known) {
		snprintf(text, len, "%s", known);
		return;
	}
	if (!old->functions || !new->functions)
		return;
	a = functions_find(old->functions, key);
	b = functions_find(new->functions, key);
	if (!a || !b)
		return;
	n = functions_compare(old->functions, a, new->functions, b, new->noise, &changes);
	cause = functions_cause(changes, n);
	if (cause)
		snprintf(text, len, "%s() %+.0f", cause->name, cause->new - cause->old);
	free(changes);
}

/* Every key that any column has, once, in the order of side.h. */
static size_t all_keys(const struct column *c, size_t n, const char ***keys)
{
	size_t *at = must(calloc(n, sizeof(*at))), i, nr = 0;
	const char *least;

	*keys = NULL;
	do {
		least = NULL;
		for (i = 0; i < n; i++)
			if (at[i] < c[i].side->nr_bench &&
			    (!least || strverscmp(c[i].side->bench[at[i]].key, least) < 0))
				least = c[i].side->bench[at[i]].key;
		for (i = 0; least && i < n; i++)
			if (at[i] < c[i].side->nr_bench &&
			    !strcmp(c[i].side->bench[at[i]].key, least))
				at[i]++;
		if (least) {
			*keys = must_grow(*keys, nr, sizeof(**keys));
			(*keys)[nr++] = least;
		}
	} while (least);
	free(at);
	return nr;
}

static void add_columns(struct sheet *s, const struct column *c, size_t n)
{
	char name[80];
	size_t i;

	sheet_column(s, "instructions an operation");
	for (i = 0; i < n; i++) {
		sheet_column(s, c[i].release);
		snprintf(name, sizeof(name), "%s, %%", c[i].release);
		if (i)
			sheet_column(s, name);
	}
	sheet_column(s, "why");
}

static void add_row(struct sheet *s, const struct column *c, size_t n, const char *key)
{
	double before = NAN, v;
	char *reasons = NULL;
	char text[300];
	size_t len, i;
	FILE *to = must(open_memstream(&reasons, &len));

	sheet_words(s, key);
	for (i = 0; i < n; i++) {
		v = value(&c[i], key);
		sheet_number(s, v, 0);
		if (i)
			sheet_number(s, 100 * (v - before) / before, 2);
		before = v;
	}
	for (i = 1; i < n; i++) {
		why(&c[i - 1], &c[i], key, text, sizeof(text));
		if (*text)
			fprintf(to, "%s%s: %s", ftell(to) ? "; " : "", c[i].release, text);
	}
	fclose(to);
	sheet_words(s, must(reasons));
	free(reasons);
}

static int show(const struct asked *a, const struct column *c, size_t n)
{
	struct sheet *s = sheet_new("The least of all boots, kernel by kernel");
	const char **keys;
	size_t nr = all_keys(c, n, &keys), i;
	int ret;

	add_columns(s, c, n);
	for (i = 0; i < nr; i++)
		if (!a->has_only || !regexec(&a->only, keys[i], 0, NULL, 0))
			add_row(s, c, n, keys[i]);
	free(keys);
	ret = sheet_print(s, a->format, stdout);
	sheet_free(s);
	if (ret)
		fprintf(stderr, "hmmstorm matrix: cannot write: %s\n", strerror(-ret));
	return ret ? 2 : 0;
}

/* A table of instructions can hold only what was counted in the same way. */
static int check(const struct column *c, size_t n)
{
	static const char *const same[] = { "mode", "cpus", "memory", "config", "qemu", "compiler" };
	size_t i, k;

	for (i = 0; i < n; i++)
		if (!c[i].side->exact) {
			fprintf(stderr, "hmmstorm matrix: %s was not measured in deterministic mode: hmmstorm compare compares times\n",
				c[i].side->path);
			return 3;
		}
	for (k = 0; k < sizeof(same) / sizeof(*same); k++)
		for (i = 1; i < n; i++) {
			const char *x = side_env(c[0].side, same[k]);
			const char *y = side_env(c[i].side, same[k]);

			if (strcmp(x ? x : "-", y ? y : "-")) {
				fprintf(stderr, "hmmstorm matrix: %s has %s %s, %s has %s: not comparable\n",
					c[0].side->path, same[k], x ? x : "-", c[i].side->path, y ? y : "-");
				return 3;
			}
		}
	return 0;
}

static int open_column(struct column *c, const char *path)
{
	int ret = side_read(&c->side, path);

	if (ret)
		return 2;
	c->release = side_env(c->side, "kernel_release");
	if (!c->release)
		c->release = "-";
	/* without functions the table has fewer reasons */
	if (functions_have(c->side) && functions_read(&c->functions, path))
		return 2;
	return 0;
}

int main(int argc, char **argv)
{
	struct asked a = { 0 };
	struct column *c;
	size_t i;
	int ret = 0;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	c = must(calloc(a.nr_paths, sizeof(*c)));
	for (i = 0; i < a.nr_paths && !ret; i++)
		ret = open_column(&c[i], a.paths[i]);
	if (!ret)
		ret = check(c, a.nr_paths);
	for (i = 1; i < a.nr_paths && !ret; i++)
		if (c[i - 1].functions && c[i].functions)
			c[i].noise = functions_noise(c[i - 1].functions, c[i].functions);
	if (!ret)
		ret = show(&a, c, a.nr_paths);
	for (i = 0; i < a.nr_paths; i++) {
		side_free(c[i].side);
		functions_noise_free(c[i].noise);
		functions_free(c[i].functions);
	}
	free(c);
	free(a.paths);
	if (a.has_only)
		regfree(&a.only);
	return ret;
}
