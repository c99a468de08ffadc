// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm track: a history of results (lib/regress/history.h): adds a side, lists what
 * is there, plots benchmarks over it, and finds where they change.
 */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../regress/ask.h"
#include "../regress/sheet.h"
#include "../regress/side.h"
#include "../regress/timeline.h"
#include "../regress/timeline_plot.h"
#include "../version.h"

enum { OF_ADD = 1, OF_LIST = 2, OF_PLOT = 4, OF_CHANGES = 8 };

/* Options without a letter. */
enum { KEY_NOTE = 0x100, KEY_COMMIT, KEY_FORCE, KEY_WHERE, KEY_ACROSS, KEY_ALPHA, KEY_THRESHOLD,
	KEY_PERMUTATIONS, KEY_SEED, KEY_BY_TIME };

struct asked {
	const char *dir, *note, *commit, *bench, *out;
	bool force;
	enum sheet_format format;
	struct timeline_query query;
	char **where;
	struct changepoint_options find;
	const char *command, *arg;
	unsigned int given;	/* bits of option_of[] */
};

static const struct argp_option options[] = {
	{ "dir", 'd', "DIR", 0, "the history (default: results/history)", 0 },
	{ "note", KEY_NOTE, "TEXT", 0, "add: kept with the entry", 1 },
	{ "commit", KEY_COMMIT, "ID", 0, "add: the kernel's commit", 1 },
	{ "force", KEY_FORCE, NULL, 0, "add: also results that are there already", 1 },
	{ "bench", 'b', "REGEX", 0, "list, changes: benchmarks whose key this matches (POSIX extended)", 2 },
	{ "where", KEY_WHERE, "FACT=VALUE", 0, "list, plot, changes: entries of which this is so: config=base, mode=vm; repeatable", 2 },
	{ "across", KEY_ACROSS, "FACT", 0, "list, plot, changes: entries that differ in it are one series all the same; repeatable", 2 },
	{ "by-time", KEY_BY_TIME, NULL, 0, "list, plot, changes: in order of time added, not of kernel release", 2 },
	{ "format", 'f', "text|markdown|json", 0, "list, changes: (default: text)", 2 },
	{ "out", 'o', "FILE", 0, "plot: .svg or .png (default: an SVG in DIR/plots, whose path is printed)", 3 },
	{ "alpha", KEY_ALPHA, "P", 0, "plot, changes: rate of false discoveries (default: 0.05)", 4 },
	{ "threshold", KEY_THRESHOLD, "PERCENT", 0, "plot, changes: merge smaller ones (default: 0)", 4 },
	{ "permutations", KEY_PERMUTATIONS, "N", 0, "plot, changes: of a test at most (default: 1999, or what so many benchmarks need)", 4 },
	{ "seed", KEY_SEED, "N", 0, "plot, changes: of the permutations (default: 1)", 4 },
	{ 0 }
};

static const struct {
	int key;
	unsigned int commands;
} option_of[] = {
	{ KEY_NOTE, OF_ADD },
	{ KEY_COMMIT, OF_ADD },
	{ KEY_FORCE, OF_ADD },
	{ 'b', OF_LIST | OF_CHANGES },
	{ KEY_WHERE, OF_LIST | OF_PLOT | OF_CHANGES },
	{ KEY_ACROSS, OF_LIST | OF_PLOT | OF_CHANGES },
	{ KEY_BY_TIME, OF_LIST | OF_PLOT | OF_CHANGES },
	{ 'f', OF_LIST | OF_CHANGES },
	{ 'o', OF_PLOT },
	{ KEY_ALPHA, OF_PLOT | OF_CHANGES },
	{ KEY_THRESHOLD, OF_PLOT | OF_CHANGES },
	{ KEY_PERMUTATIONS, OF_PLOT | OF_CHANGES },
	{ KEY_SEED, OF_PLOT | OF_CHANGES },
};

/* The command may stand behind its options. */
static void note_option(struct asked *a, int key)
{
	size_t i;

	for (i = 0; i < sizeof(option_of) / sizeof(*option_of); i++)
		if (option_of[i].key == key)
			a->given |= 1U << i;
}

/* An option that is given and not for this command, or NULL. */
static const char *strange_option(const struct asked *a, unsigned int command)
{
	size_t i, k;

	for (i = 0; i < sizeof(option_of) / sizeof(*option_of); i++) {
		if (!(a->given & 1U << i) || (option_of[i].commands & command))
			continue;
		for (k = 0; options[k].key != option_of[i].key; k++)
			;
		return options[k].name;
	}
	return NULL;
}

/* Of the first n characters. */
static size_t fact_of(const char *option, const char *name, size_t n)
{
	size_t i;

	for (i = 0; i < HISTORY_NR_FACTS; i++)
		if (strlen(history_facts[i].key) == n && !strncmp(name, history_facts[i].key, n))
			return i;
	fprintf(stderr, "hmmstorm: --%s %s: no such fact; there are", option, name);
	for (i = 0; i < HISTORY_NR_FACTS; i++)
		fprintf(stderr, " %s", history_facts[i].key);
	fputc('\n', stderr);
	exit(2);
}

static void add_where(struct asked *a, struct argp_state *state, char *arg)
{
	size_t n = strcspn(arg, "=");

	if (!arg[n])
		argp_error(state, "--where %s: it is FACT=VALUE", arg);
	fact_of("where", arg, n);
	a->where = must_grow(a->where, a->query.nr_where, sizeof(*a->where));
	a->where[a->query.nr_where++] = arg;
	a->query.where = a->where;
}

static error_t parse_find(int key, char *arg, struct argp_state *state)
{
	struct asked *a = state->input;

	switch (key) {
	case KEY_ALPHA:
		a->find.alpha = ask_number(state, "--alpha", arg, 1e-6, 0.5);
		return 0;
	case KEY_THRESHOLD:
		a->find.threshold = ask_number(state, "--threshold", arg, 0, 1e6) / 100;
		return 0;
	case KEY_PERMUTATIONS:
		a->find.permutations = (size_t)ask_number(state, "--permutations", arg, 1, 1e9);
		return 0;
	case KEY_SEED:
		a->find.seed = (uint64_t)ask_number(state, "--seed", arg, 0, UINT32_MAX);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct asked *a = state->input;

	note_option(a, key);
	switch (key) {
	case 'd':
		a->dir = arg;
		return 0;
	case KEY_NOTE:
		a->note = arg;
		return 0;
	case KEY_COMMIT:
		a->commit = arg;
		return 0;
	case KEY_FORCE:
		a->force = true;
		return 0;
	case 'b':
		a->bench = arg;
		return 0;
	case KEY_WHERE:
		add_where(a, state, arg);
		return 0;
	case KEY_ACROSS:
		a->query.across |= 1U << fact_of("across", arg, strlen(arg));
		return 0;
	case KEY_BY_TIME:
		a->query.by_time = true;
		return 0;
	case 'f':
		a->format = (enum sheet_format)ask_choice(state, "--format", arg, sheet_formats);
		return 0;
	case 'o':
		a->out = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (state->arg_num > 1)
			return ARGP_ERR_UNKNOWN;
		*(state->arg_num ? &a->arg : &a->command) = arg;
		return 0;
	default:
		return parse_find(key, arg, state);
	}
}

/* What an entry was measured in, as far as it is short. */
static void put_conditions(struct sheet *s, const struct history_entry *e)
{
	char *text = must_print("%s %s %s %s", history_fact(e, "mode"), history_fact(e, "config"),
				history_fact(e, "cpus"), history_fact(e, "memory"));

	sheet_words(s, text);
	free(text);
}

static int digits_of(double value)
{
	if (value == floor(value))
		return 0;
	return fabs(value) < 10 ? 3 : 1;
}

static void put_value(struct sheet *s, double value)
{
	sheet_number(s, value, isnan(value) ? 0 : digits_of(value));
}

static void add_columns(struct sheet *s, const char *const *names)
{
	for (; *names; names++)
		sheet_column(s, *names);
}

static int print(struct sheet *s, enum sheet_format format)
{
	int ret = sheet_print(s, format, stdout);

	if (ret)
		fprintf(stderr, "hmmstorm: cannot write: %s\n", strerror(-ret));
	sheet_free(s);
	return ret ? 1 : 0;
}

static int add(const struct asked *a)
{
	struct history_entry e;
	struct side *s;
	char *path;
	int ret;

	if (side_read(&s, a->arg))
		return 2;
	ret = history_of_side(&e, s, a->note, a->commit);
	side_free(s);
	if (ret)
		return 2;
	ret = history_append(a->dir, &e, a->force, &path);
	if (!ret)
		printf("%s: added kernel %s, %zu %s, %zu benchmarks\n", path,
		       history_fact(&e, "kernel_release"), e.nr_boots,
		       e.is_repetitions ? "repetitions" : e.nr_boots == 1 ? "boot" : "boots",
		       e.nr_bench);
	history_entry_free(&e);
	free(path);
	return !ret ? 0 : ret == -EEXIST || ret == -EILSEQ ? 2 : 1;
}

static int list_entries(const struct asked *a, const struct history *h)
{
	static const char *const columns[] = {
		"kernel_release", "config", "mode", "accelerator", "cpus", "memory", "boots",
		"benchmarks", "added", "commit", "note", NULL
	};
	const struct history_entry **entries;
	size_t i, k, n = timeline_entries(h, &a->query, &entries);
	struct sheet *s = sheet_new("Entries of the history");

	add_columns(s, columns);
	for (i = 0; i < n; i++) {
		for (k = 0; k < 6; k++)
			sheet_words(s, history_fact(entries[i], columns[k]));
		sheet_number(s, (double)entries[i]->nr_boots, 0);
		sheet_number(s, (double)entries[i]->nr_bench, 0);
		sheet_words(s, entries[i]->added);
		sheet_words(s, entries[i]->commit);
		sheet_words(s, entries[i]->note);
	}
	free(entries);
	return print(s, a->format);
}

static double change_of(double before, double after)
{
	if (before == after)
		return 0;
	return 100 * (after - before) / fabs(before);
}

static int list_values(const struct asked *a, const struct timeline *t)
{
	static const char *const columns[] = {
		"benchmark", "conditions", "kernel_release", "commit", "added", "value", "unit",
		"gap", "low", "high", "boots", "change_percent", NULL
	};
	struct sheet *s = sheet_new("Values of the history");
	size_t i, k;

	add_columns(s, columns);
	for (i = 0; i < t->n; i++) {
		double before = NAN;

		for (k = 0; k < t->series[i].n; k++) {
			const struct timeline_point *p = &t->series[i].at[k];

			sheet_words(s, p->bench->key);
			put_conditions(s, p->entry);
			sheet_words(s, history_fact(p->entry, "kernel_release"));
			sheet_words(s, p->entry->commit);
			sheet_words(s, p->entry->added);
			put_value(s, p->bench->value);
			sheet_words(s, p->bench->unit);
			put_value(s, p->bench->gap);
			put_value(s, p->bench->low);
			put_value(s, p->bench->high);
			sheet_number(s, (double)p->bench->n, 0);
			sheet_number(s, change_of(before, p->bench->value), 2);
			before = p->bench->value;
		}
	}
	return print(s, a->format);
}

struct change {
	const struct timeline_series *series;
	const struct changepoint *at;
	double percent;
};

static int by_size(const void *a, const void *b)
{
	const struct change *x = a, *y = b;
	double p = fabs(x->percent), q = fabs(y->percent);

	if (p != q)
		return p < q ? 1 : -1;
	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static size_t collect(const struct timeline *t, struct change **changes)
{
	size_t i, k, n = 0;

	*changes = NULL;
	for (i = 0; i < t->n; i++)
		for (k = 0; k < t->series[i].nr_changes; k++) {
			const struct changepoint *c = &t->series[i].changes[k];

			*changes = must_grow(*changes, n, sizeof(**changes));
			(*changes)[n++] = (struct change){ &t->series[i], c,
							   change_of(c->before, c->after) };
		}
	if (n)
		qsort(*changes, n, sizeof(**changes), by_size);
	return n;
}

static void put_change(struct sheet *s, const struct change *c)
{
	const struct timeline_point *last = &c->series->at[c->at->at - 1], *first = last + 1;
	char *differs = timeline_differs(c->series, c->at), *also;
	const char *gap = timeline_gap(c->series, c->at);

	sheet_number(s, c->percent, 2);
	sheet_words(s, first->bench->key);
	put_conditions(s, first->entry);
	sheet_words(s, history_fact(last->entry, "kernel_release"));
	sheet_words(s, history_fact(first->entry, "kernel_release"));
	sheet_words(s, first->entry->commit);
	sheet_words(s, first->entry->added);
	put_value(s, c->at->before);
	put_value(s, c->at->after);
	sheet_words(s, first->bench->unit);
	sheet_number(s, c->at->p, 5);
	also = must_print("%s%s%s", gap, *gap && *differs ? ", " : "", differs);
	sheet_words(s, also);
	free(also);
	free(differs);
}

/* What the table cannot say, for people. */
static void say_changes(const struct asked *a, const struct timeline *t, size_t n)
{
	size_t i, with = 0;

	for (i = 0; i < t->n; i++)
		with += t->series[i].nr_changes > 0;
	fprintf(stderr, "%zu change points in %zu of %zu series", n, with, t->nr_tested);
	if (t->nr_tested < t->n)
		fprintf(stderr, "; %zu more have too few entries (exact ones need 2, others %zu)",
			t->n - t->nr_tested, changepoint_minimum(a->find.alpha));
	if (t->permutations)
		fprintf(stderr, "; at most %zu permutations a split, p up to %.2g",
			t->permutations, t->level);
	fputc('\n', stderr);
}

static int changes(const struct asked *a, struct timeline *t)
{
	static const char *const columns[] = {
		"change_percent", "benchmark", "conditions", "last_before", "first_after",
		"commit", "added", "before", "after", "unit", "p", "also", NULL
	};
	struct sheet *s = sheet_new("Change points of the history");
	struct change *found;
	size_t i, n;
	int ret;

	timeline_changes(t, &a->find);
	n = collect(t, &found);
	add_columns(s, columns);
	for (i = 0; i < n; i++)
		put_change(s, &found[i]);
	free(found);
	ret = print(s, a->format);
	say_changes(a, t, n);
	return ret ? ret : t->nr_tested ? 0 : 3;
}

static int plot(const struct asked *a, const struct history *h, struct timeline *t)
{
	const struct history_bench *first = t->series[0].at[0].bench, *b;
	size_t i;
	int ret;

	if (t->n > TIMELINE_PLOT_MOST) {
		fprintf(stderr, "hmmstorm: '%s' matches %zu benchmarks; a picture shows %d: say more, or --where\n",
			a->arg, t->n, TIMELINE_PLOT_MOST);
		return 2;
	}
	for (i = 1; i < t->n; i++) {
		b = t->series[i].at[0].bench;
		if (!strcmp(b->unit, first->unit) && !strcmp(b->metric, first->metric))
			continue;
		fprintf(stderr, "hmmstorm: '%s' matches %s in %s and %s in %s, which are no one axis: --where mode=... parts them\n",
			a->arg, first->metric, first->unit, b->metric, b->unit);
		return 2;
	}
	timeline_changes(t, &a->find);
	ret = timeline_plot(t, h, &a->query, a->arg, a->dir, a->out);
	return !ret ? 0 : ret == -ENOENT ? 4 : 1;
}

static int run_on(struct asked *a, const struct history *h, unsigned int command)
{
	const char *regex = command == OF_PLOT ? a->arg : a->bench;
	struct timeline t;
	int ret;

	if (command == OF_LIST && !regex)
		return list_entries(a, h);
	timeline_make(&t, h, &a->query);
	if (!t.n) {
		fprintf(stderr, "hmmstorm: no benchmark of %s matches '%s'; hmmstorm track list --bench . names all\n",
			a->dir, regex ? regex : ".");
		ret = 1;
	} else if (command == OF_LIST) {
		ret = list_values(a, &t);
	} else if (command == OF_CHANGES) {
		ret = changes(a, &t);
	} else {
		ret = plot(a, h, &t);
	}
	timeline_free(&t);
	return ret;
}

/* Broken lines are left out of the answer, and the status says so. */
static int answer(struct asked *a, unsigned int command)
{
	const char *regex = command == OF_PLOT ? a->arg : a->bench;
	struct history h;
	regex_t compiled;
	char why[200];
	int ret;

	if (regex) {
		ret = regcomp(&compiled, regex, REG_EXTENDED | REG_NOSUB);
		if (ret) {
			regerror(ret, &compiled, why, sizeof(why));
			fprintf(stderr, "hmmstorm: '%s' is no regular expression: %s\n", regex, why);
			return 2;
		}
		a->query.bench = &compiled;
	}
	ret = history_read(&h, a->dir) ? 2 : 0;
	if (!ret) {
		ret = run_on(a, &h, command);
		if (!ret && h.broken)
			ret = 2;
		history_free(&h);
	}
	if (regex)
		regfree(&compiled);
	return ret;
}

static bool is_picture(const char *path)
{
	const char *suffix = strrchr(path, '.');

	return suffix && (!strcmp(suffix, ".svg") || !strcmp(suffix, ".png"));
}

/* The command, or 0 and one line: it is none, or is asked for in a wrong way. */
static unsigned int command_of(const struct asked *a)
{
	static const struct {
		const char *name, *arg;
		unsigned int bit;
	} commands[] = {
		{ "add", "which SIDE?", OF_ADD },
		{ "list", NULL, OF_LIST },
		{ "plot", "which BENCH?", OF_PLOT },
		{ "changes", NULL, OF_CHANGES },
	};
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(*commands); i++)
		if (a->command && !strcmp(a->command, commands[i].name))
			break;
	if (i == sizeof(commands) / sizeof(*commands))
		fputs("hmmstorm: track what? add, list, plot or changes; --help tells more\n", stderr);
	else if (strange_option(a, commands[i].bit))
		fprintf(stderr, "hmmstorm: track %s has no option --%s\n", a->command,
			strange_option(a, commands[i].bit));
	else if (!a->arg && commands[i].arg)
		fprintf(stderr, "hmmstorm: track %s: %s\n", a->command, commands[i].arg);
	else if (a->arg && !commands[i].arg)
		fprintf(stderr, "hmmstorm: track %s takes no %s; --bench says which benchmarks\n",
			a->command, a->arg);
	else if (a->find.permutations && (double)(a->find.permutations + 1) * a->find.alpha < 1)
		fprintf(stderr, "hmmstorm: %zu permutations bear no p of %g\n", a->find.permutations,
			a->find.alpha);
	else if (a->out && !is_picture(a->out))
		fprintf(stderr, "hmmstorm: --out %s: neither .svg nor .png\n", a->out);
	else
		return commands[i].bit;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "add SIDE\nlist\nplot BENCH\nchanges",
		"A history of results. SIDE: a run folder, a folder of such (boots), or Google Benchmark JSON. BENCH: a regular expression on benchmarks' keys, as list --bench . shows them."
		"\vExit status: 0 done, 1 cannot write or no such benchmark, 2 bad usage, unusable results, or a broken line in the history, 3 too few entries to find changes in, 4 no gnuplot.",
		NULL, NULL, NULL
	};
	struct asked a = {
		.dir = "results/history", .format = SHEET_TEXT,
		.find = { .alpha = 0.05, .seed = 1 },
	};
	unsigned int command;
	int ret;

	argp_program_version = "hmmstorm " HMMSTORM_VERSION;
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	command = command_of(&a);
	if (!command)
		ret = 2;
	else
		ret = command == OF_ADD ? add(&a) : answer(&a, command);
	free(a.where);
	return ret;
}
