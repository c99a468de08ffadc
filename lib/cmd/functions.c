// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm functions: which kernel functions the instructions of a benchmark went to; of
 * two kernels, where the difference lies.
 */
#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../regress/ask.h"
#include "../regress/functions.h"
#include "../regress/sheet.h"

struct asked {
	const char *sides[2];
	size_t nr_sides;
	regex_t bench;
	bool has_bench, all, fold, settled;
	size_t top;
	enum sheet_format format;
};

/* One benchmark: both sides' case, NULL where it has none. */
struct shown {
	const char *key;
	const struct function_case *old, *new;
	struct function_change *changes;
	size_t n;
	double old_total, new_total; /* NaN: no such case */
};

static const struct argp_option options[] = {
	{ "bench", 'b', "REGEX", 0, "only benchmarks whose key matches (E4.munmap/pages:64 mirror ...)", 0 },
	{ "top", 't', "N", 0, "so many functions of each benchmark (default: 10)", 0 },
	{ "all", 'a', NULL, 0, "benchmarks and functions without a difference too", 0 },
	{ "settled", 's', NULL, 0, "only benchmarks with a difference that no schedule explains", 0 },
	{ "fold", 'F', NULL, 0, "make functions.tsv of windows.tsv and symbols.tsv, which goes in a tenth of the room; OLD and NEW are run folders", 0 },
	{ "format", 'f', "NAME", 0, "text (default), markdown or json", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct asked *a = state->input;

	switch (key) {
	case 'b':
		ask_regex(state, "--bench", arg, &a->bench);
		a->has_bench = true;
		return 0;
	case 't':
		a->top = (size_t)ask_number(state, "--top", arg, 1, 1e9);
		return 0;
	case 'a':
		a->all = true;
		return 0;
	case 's':
		a->settled = true;
		return 0;
	case 'F':
		a->fold = true;
		return 0;
	case 'f':
		a->format = (enum sheet_format)ask_choice(state, "--format", arg, sheet_formats);
		return 0;
	case ARGP_KEY_ARG:
		if (a->nr_sides == 2)
			argp_failure(state, 2, 0, "two sides at most: '%s' is one more", arg);
		a->sides[a->nr_sides++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->nr_sides)
			argp_failure(state, 2, 0, "which results? folders made with hmmstorm vm --functions");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "OLD [NEW]",
	.doc = "Which kernel functions the instructions of each benchmark's operation went to, of one "
	       "side (a results folder, or a folder of them), or of two side by side.\v"
	       "The folders are made with: hmmstorm vm --deterministic --functions ... -- hmmstorm bench ...\n"
	       "\"by\" names the function that the others follow from: the largest change in a function "
	       "that is called as often as before; or the largest, if there is none or many.\n"
	       "'~' marks a difference that another schedule may explain: the ranges over all boots of "
	       "a side are not farther apart than they are wide; or the function varies from boot to boot "
	       "somewhere, and did not change in half of the benchmarks; or a side is one boot.\n"
	       "Exit status: 0, 2 bad usage or unusable results, 3 no benchmark to show.",
};

static double total_of(const struct function_case *c)
{
	return c ? c->total[c->least] : NAN;
}

/* What is left after the shown ones: the sum is the benchmark's. */
static void rest_of(const struct shown *s, size_t shown, double *old, double *new)
{
	size_t i;

	*old = *new = 0;
	for (i = shown; i < s->n; i++) {
		*old += s->changes[i].old;
		*new += s->changes[i].new;
	}
}

static size_t nr_shown(const struct asked *a, const struct shown *s)
{
	size_t n = 0;

	if (a->nr_sides == 1 || a->all)
		return s->n < a->top ? s->n : a->top;
	while (n < s->n && n < a->top && s->changes[n].old != s->changes[n].new)
		n++;
	return n;
}

/* "KEY: 100 -> 110, +10 (+10.000%), by change_protection itself"; caller frees. */
static char *title_of(const struct asked *a, const struct shown *s)
{
	const struct function_change *cause = functions_cause(s->changes, s->n);
	double change = s->new_total - s->old_total;

	if (a->nr_sides == 1)
		return must_print("%s: %.0f instructions", s->key, s->old_total);
	return must_print("%s: %.0f -> %.0f, %+.0f (%+.3f%%)%s%s%s", s->key, s->old_total,
			  s->new_total, change, 100 * change / s->old_total, cause ? ", by " : "",
			  cause ? cause->name : "", cause && cause->own ? " itself" : "");
}

static void add_row(const struct asked *a, struct sheet *t, const struct function_change *c)
{
	sheet_number(t, c->old, 0);
	if (a->nr_sides == 2) {
		sheet_number(t, c->new, 0);
		sheet_number(t, c->new - c->old, 0);
		/* what may be the schedule's doing */
		sheet_words(t, c->settled || c->old == c->new ? " " : "~");
	}
	sheet_number(t, c->old_calls, 0);
	if (a->nr_sides == 2)
		sheet_number(t, c->new_calls, 0);
	sheet_words(t, c->name);
}

static struct sheet *new_sheet(const struct asked *a, const char *title)
{
	static const char *const one[] = { "instructions", "calls", "function", NULL };
	static const char *const two[] = {
		"old", "new", "change", " ", "calls, old", "calls, new", "function", NULL
	};
	const char *const *names = a->nr_sides == 1 ? one : two;
	struct sheet *t = sheet_new(title);

	for (; *names; names++)
		sheet_column(t, *names);
	return t;
}

static void print_table(const struct asked *a, const struct shown *s)
{
	struct function_change rest = { .old_calls = NAN, .new_calls = NAN, .settled = true };
	char *title = title_of(a, s), more[64];
	struct sheet *t = new_sheet(a, title);
	size_t n = nr_shown(a, s), i;

	for (i = 0; i < n; i++)
		add_row(a, t, &s->changes[i]);
	rest_of(s, n, &rest.old, &rest.new);
	snprintf(more, sizeof(more), "(%zu more)", s->n - n);
	rest.name = more;
	if (n < s->n)
		add_row(a, t, &rest);
	if (a->format == SHEET_TEXT)
		puts(title);
	sheet_print(t, a->format, stdout); /* main() asks stdout how it went */
	putchar('\n');
	sheet_free(t);
	free(title);
}

static json_t *json_of(const struct asked *a, const struct shown *s)
{
	json_t *list = json_array(), *o = json_pack("{s:s}", "benchmark", s->key);
	size_t n = nr_shown(a, s), i;

	if (!isnan(s->old_total))
		json_object_set_new(o, "old", json_real(s->old_total));
	if (!isnan(s->new_total))
		json_object_set_new(o, "new", json_real(s->new_total));
	for (i = 0; i < n; i++) {
		const struct function_change *c = &s->changes[i];
		json_t *row = json_pack("{s:s, s:f, s:f}", "function", c->name, "old", c->old,
					"old_calls", c->old_calls);

		if (a->nr_sides == 2)
			json_object_update_new(row, json_pack("{s:f, s:f, s:b, s:b}", "new", c->new,
							      "new_calls", c->new_calls, "settled",
							      c->settled, "own", c->own));
		json_array_append_new(list, row);
	}
	json_object_set_new(o, "functions", list);
	return o;
}

static bool is_asked_for(const struct asked *a, const struct shown *s)
{
	if (a->has_bench && regexec(&a->bench, s->key, 0, NULL, 0))
		return false;
	/* what one side lacks has nothing to be compared with */
	return a->nr_sides == 1 || (s->old && s->new);
}

/* Settled changes come first, so the first tells whether there are any. */
static bool is_different(const struct asked *a, const struct shown *s)
{
	bool settled = s->n && s->changes[0].settled;

	if (a->settled)
		return settled;
	return a->nr_sides == 1 || a->all || settled || s->old_total != s->new_total;
}

static int by_size(const void *a, const void *b)
{
	const struct function_change *x = a, *y = b;

	return x->old != y->old ? x->old > y->old ? -1 : 1 : strcmp(x->name, y->name);
}

static void look(const struct asked *a, const struct functions *f, const struct functions *g,
		 const struct function_noise *noise, struct shown *s)
{
	s->n = functions_compare(f, s->old, g ? g : f, s->new, noise, &s->changes);
	if (a->nr_sides == 1)
		qsort(s->changes, s->n, sizeof(*s->changes), by_size);
}

/* Returns how many there were. */
static size_t show(const struct asked *a, const struct functions *f, const struct functions *g)
{
	struct function_noise *noise = g ? functions_noise(f, g) : NULL;
	json_t *all = json_array();
	size_t n = 0, i;

	for (i = 0; i < f->nr_cases; i++) {
		struct shown s = { .key = f->cases[i].key, .old = &f->cases[i] };

		if (g)
			s.new = functions_find(g, s.key);
		s.old_total = total_of(s.old);
		s.new_total = total_of(s.new);
		if (!is_asked_for(a, &s))
			continue;
		look(a, f, g, noise, &s);
		if (is_different(a, &s)) {
			if (a->format == SHEET_JSON)
				json_array_append_new(all, json_of(a, &s));
			else
				print_table(a, &s);
			n++;
		}
		free(s.changes);
	}
	if (a->format == SHEET_JSON) {
		json_dumpf(all, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
		putchar('\n');
	}
	json_decref(all);
	functions_noise_free(noise);
	return n;
}

int main(int argc, char **argv)
{
	struct functions *f[2] = { NULL };
	struct asked a = { .top = 10 };
	size_t i, n = 0;
	int ret = 0;

	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	for (i = 0; i < a.nr_sides && !ret; i++)
		ret = a.fold ? functions_fold(a.sides[i]) : functions_read(&f[i], a.sides[i]);
	if (!ret && a.fold)
		return 0;
	if (!ret)
		n = show(&a, f[0], f[1]);
	if (fflush(stdout) || ferror(stdout)) {
		perror("hmmstorm functions: cannot write");
		ret = -EIO;
	}
	if (!ret && !n)
		fprintf(stderr, "hmmstorm functions: %s\n",
			a.nr_sides == 2 && !a.all ? "no benchmark differs" :
						    "no such benchmark");
	functions_free(f[0]);
	functions_free(f[1]);
	if (a.has_bench)
		regfree(&a.bench);
	return ret ? 2 : n ? 0 : 3;
}
