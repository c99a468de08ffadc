// SPDX-License-Identifier: GPL-2.0-only
/* hmmstorm track, and lib/regress/timeline.c: on histories whose every change is known. */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <jansson.h>
#include <math.h>
#include <sys/stat.h>

#include "../lib/alloc.h"
#include "../lib/regress/timeline.h"
#include "../lib/tap.h"
#include "child.h"
#include "made_run.h"

#define MOST_ARGS 16

static struct child c;
static char dir[512];	/* the history of the test */

/* hmmstorm track ARGS... --dir of the test's history: its status. */
static int track(const char *first, ...)
{
	char *argv[MOST_ARGS] = { (char *)program("hmmstorm-track"), (char *)"--dir", dir,
				  (char *)first };
	va_list args;
	int i;

	va_start(args, first);
	for (i = 4; i < MOST_ARGS - 1; i++) {
		argv[i] = va_arg(args, char *);
		if (!argv[i])
			break;
	}
	va_end(args);
	return child_run(&c, argv, 120);
}

static bool ends(int got, int want, const char *what)
{
	bool ok = tap_eq(got, want, what);

	if (!ok)
		print_as_comment(c.err);
	return ok;
}

static bool has(const char *text, const char *wanted, const char *what)
{
	bool ok = tap_ok(strstr(text, wanted), "%s", what);

	if (!ok)
		print_as_comment(text);
	return ok;
}

static void begin(const char *name)
{
	snprintf(dir, sizeof(dir), "%s/%s", scratch, name);
}

/* A boot in deterministic mode whose fork costs so much. */
static const char *make_boot(const char *name, const char *release, double fork_cost)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s", scratch_path(name));
	made_begin(path, release, "vm-deterministic");
	made_env_row("bench", "config", "base");
	made_env_row("bench", "compiler", strcmp(release, "7.3.1") ? "12.2.0" : "14.1.0");
	made_latency("E3.fork", "mirror", 4, fork_cost + 50, fork_cost, fork_cost + 90);
	made_latency("E4.munmap", "mirror", 4, 350, 300, 400);
	made_end();
	return path;
}

static void test_usage(void)
{
	begin("usage");
	ends(track(NULL), 2, "no command");
	ends(track("lst", NULL), 2, "one that is none");
	ends(track("add", NULL), 2, "add what?");
	ends(track("add", scratch_path("nothing"), NULL), 2, "add of nothing");
	ends(track("plot", NULL), 2, "plot what?");
	ends(track("list", "E3", NULL), 2, "list takes no argument");
	ends(track("list", "--note", "x", "--bench", "y", NULL), 2, "an option of another command");
	has(c.err, "no option --note", "is named");
	ends(track("list", "--format", "xml", NULL), 2, "a format that is none");
	ends(track("list", "--where", "colour=red", NULL), 2, "a fact that is none");
	has(c.err, "kernel_release", "the facts are told");
	ends(track("changes", "--alpha", "2", NULL), 2, "an alpha that is no probability");
	ends(track("plot", "E3", "--out", "x.gif", NULL), 2, "a picture of no known kind");
	ends(track("list", NULL), 2, "no history yet");
	ends(track("--help", NULL), 0, "help");
}

static void add_kernels(void)
{
	ends(track("add", make_boot("b7", "7.3.1", 1200), NULL), 0, "7.3.1 is added first");
	ends(track("add", make_boot("b61", "6.1.9", 1000), "--note", "the first line", "--commit",
		   "abc123", NULL), 0, "then 6.1.9");
	has(c.out, "1 boot, 2 benchmarks", "what was added is told");
	ends(track("add", make_boot("b612", "6.12.3", 1000), NULL), 0, "then 6.12.3");
}

static void test_add_list(void)
{
	const char *first, *second;

	begin("exact");
	add_kernels();
	ends(track("add", scratch_path("b61"), NULL), 2, "the same results again are refused");
	has(c.err, "--force", "and it is told how to add them");
	ends(track("list", NULL), 0, "list");
	first = strstr(c.out, "6.1.9");
	second = strstr(c.out, "6.12.3");
	tap_ok(first && second && first < second && strstr(second, "7.3.1") && count_lines(c.out) == 4,
	       "in order of release, 6.1 before 6.12");
	has(c.out, "abc123", "with the commit");
	has(c.out, "the first line", "and the note");
	ends(track("list", "--by-time", NULL), 0, "list in order of time");
	first = strstr(c.out, "7.3.1");
	tap_ok(first && strstr(first, "6.12.3"), "7.3.1 comes first");
	ends(track("list", "--bench", "fork", NULL), 0, "list of values");
	has(c.out, "20.00", "a change from the entry before");
	tap_eq(count_lines(c.out), 4, "three values");
	ends(track("list", "--where", "kernel_release=6.12.3", "--bench", ".", NULL), 0, "list of one kernel");
	tap_eq(count_lines(c.out), 3, "its two benchmarks");
	ends(track("list", "--bench", "E9", NULL), 1, "a benchmark that is not there");
	ends(track("list", "--bench", "(", NULL), 2, "no regular expression");
}

static void test_exact_changes(void)
{
	json_t *all, *change;

	begin("exact");
	ends(track("changes", "--format", "json", NULL), 0, "changes of exact values");
	all = json_loads(c.out, 0, NULL);
	tap_eq((long long)json_array_size(all), 1, "one, and none of what is equal");
	change = json_array_get(all, 0);
	tap_ok(json_number_value(json_object_get(change, "change_percent")) == 20 &&
	       json_integer_value(json_object_get(change, "before")) == 1000 &&
	       json_integer_value(json_object_get(change, "after")) == 1200 &&
	       json_is_null(json_object_get(change, "p")), "from 1000 to 1200, without a p");
	tap_ok(!strcmp(json_string_value(json_object_get(change, "last_before")), "6.12.3") &&
	       !strcmp(json_string_value(json_object_get(change, "first_after")), "7.3.1"),
	       "between 6.12.3 and 7.3.1");
	tap_ok(!strcmp(json_string_value(json_object_get(change, "also")), "gap unknown, compiler"),
	       "one boot has no gap; and the compiler is another too");
	json_decref(all);
	ends(track("changes", "--threshold", "25", "--format", "markdown", NULL), 0, "with a threshold above it");
	has(c.err, "0 change points", "none");
	has(c.out, "| change_percent |", "Markdown has its heading all the same");
}

static void test_plot(void)
{
	char out[512], *svg;

	begin("exact");
	snprintf(out, sizeof(out), "%s", scratch_path("fork.svg"));
	if (track("plot", "fork", "--out", out, NULL) == 4) {
		tap_skip("plot", "no gnuplot");
		return;
	}
	ends(c.status, 0, "plot");
	svg = slurp_file(out);
	has(svg, "6.12.3", "it has the kernels");
	has(svg, "latency_min (instructions)", "and the unit");
	has(svg, "E3.fork/pages:4 mirror", "and the benchmark's name");
	free(svg);
	ends(track("plot", "fork|munmap", NULL), 0, "plot of two, into the history's folder");
	*strchrnul(c.out, '\n') = 0;
	svg = slurp_file(c.out);
	has(svg, "E4.munmap", "which is told");
	free(svg);
	ends(track("plot", "E9", NULL), 1, "plot of nothing");
	ends(track("plot", "fork", "--out", scratch_path("no/such/x.png"), NULL), 1, "plot to nowhere");
}

static void test_broken(void)
{
	char path[600];
	FILE *f;

	begin("broken");
	add_kernels();
	snprintf(path, sizeof(path), "%s/vm-deterministic-base-2.jsonl", dir);
	f = fopen(path, "ae");
	fputs("garbage\n", f);
	fclose(f);
	ends(track("list", NULL), 2, "a broken line: the status says so");
	has(c.err, "line 4 is left out", "its number is told");
	tap_eq(count_lines(c.out), 4, "and all others are listed");
	f = fopen(path, "ae");
	fputs("{\"format\":1,\"added\":\"20", f);
	fclose(f);
	track("list", NULL);
	has(c.err, "23 bytes of an interrupted add", "a torn end is told");
	ends(track("add", make_boot("b74", "7.4", 1), NULL), 0, "and taken away by an add");
	track("list", NULL);
	tap_ok(count_lines(c.out) == 5 && !strstr(c.err, "interrupted"), "after which it is gone");
}

static void test_unwritable(void)
{
	snprintf(dir, sizeof(dir), "%s/no/such/folder", scratch);
	ends(track("add", scratch_path("b61"), NULL), 1, "a folder that cannot be made");
	begin("few");
	track("add", scratch_path("b61"), NULL);
	ends(track("changes", NULL), 3, "one entry alone: inconclusive");
	has(c.err, "2 more have too few entries", "and why");
}

#define ENTRIES 30
#define BENCHES 60

/* Entries of noise in memory; the first `shifted` benchmarks rise by five standard
 * deviations at 6.12.15.
 */
static void make_statistical(struct history *h, gsl_rng *rng, size_t nr, size_t shifted)
{
	size_t i, k;

	memset(h, 0, sizeof(*h));
	h->n = ENTRIES;
	h->entries = calloc(ENTRIES, sizeof(*h->entries));
	for (i = 0; i < ENTRIES; i++) {
		struct history_entry *e = &h->entries[i];

		e->file = strdup("made");
		e->line = i + 1;
		e->added = must_print("2026-11-%02zuT09:00:00Z", i % 28 + 1);
		e->note = strdup("");
		e->commit = strdup("");
		for (k = 0; k < HISTORY_NR_FACTS; k++)
			e->fact[k] = !strcmp(history_facts[k].key, "kernel_release") ?
				     must_print("6.12.%zu", i) :
				     strdup(!strcmp(history_facts[k].key, "mode") ? "vm" : "-");
		e->seeds = calloc(1, sizeof(*e->seeds));
		e->bench = calloc(nr, sizeof(*e->bench));
		for (k = 0; k < nr; k++)
			e->bench[e->nr_bench++] = (struct history_bench){
				must_print("E%zu.x", k), strdup("p50"), strdup("ns"),
				1000 + gsl_ran_gaussian(rng, 10) +
				(k < shifted && i >= 15 ? 50 : 0),
				NAN, NAN, NAN, 9,
			};
	}
}

/* Likewise, as a history of the command. */
static void add_statistical(const char *name, gsl_rng *rng, size_t shifted)
{
	struct history h;
	char *path;
	size_t i;

	begin(name);
	make_statistical(&h, rng, 40, shifted);
	for (i = 0; i < h.n; i++) {
		if (history_append(dir, &h.entries[i], false, &path))
			exit(2);
		free(path);
	}
	history_free(&h);
}

static void test_statistical_changes(gsl_rng *rng)
{
	add_statistical("one", rng, 1);
	ends(track("changes", "--format", "json", NULL), 0, "one of 40 noisy benchmarks has a step");
	has(c.out, "\"benchmark\": \"E0.x\"", "it is found");
	has(c.out, "\"first_after\": \"6.12.15\"", "where it is");
	has(c.err, "1 change points in 1 of 40 series", "and no other");
	add_statistical("none", rng, 0);
	ends(track("changes", NULL), 0, "40 without a step");
	has(c.err, "0 change points in 0 of 40 series", "none is found");
	ends(track("changes", "--permutations", "9", NULL), 2, "so few permutations bear no p of 0.05");
	ends(track("changes", "--alpha", "1e-6", "--where", "kernel_release=6.12.9", NULL), 3,
	     "one entry bears no finding");
	has(c.err, "others 24", "the number that does is told");
}

/* Of 60 benchmarks with 30 entries each: how many are found that have a step, and how
 * many that have none.
 */
static void count_found(gsl_rng *rng, size_t shifted, size_t *right, size_t *wrong)
{
	const struct changepoint_options o = { .alpha = 0.05, .seed = 1 };
	struct timeline_query q = { 0 };
	struct timeline t;
	struct history h;
	size_t i;

	make_statistical(&h, rng, BENCHES, shifted);
	timeline_make(&t, &h, &q);
	timeline_changes(&t, &o);
	for (i = 0; i < t.n; i++)
		if (t.series[i].nr_changes)
			++*(strtoul(t.series[i].at[0].bench->key + 1, NULL, 10) < shifted ?
			    right : wrong);
	timeline_free(&t);
	history_free(&h);
}

static void test_false_discoveries(gsl_rng *rng)
{
	size_t right = 0, wrong = 0, i, with = 0;

	for (i = 0; i < 20; i++)
		count_found(rng, 20, &right, &wrong);
	tap_eq((long long)right, 400, "20 of 60 have a step: all are found, in 20 histories");
	/* at most 5% of all that is found: 21; 13 are expected, for 40 of 60 have none */
	if (!tap_ok(wrong >= 3 && wrong <= 26, "and of the others as few as promised"))
		printf("# %zu wrong ones\n", wrong);
	for (i = 0; i < 20; i++) {
		wrong = 0;
		count_found(rng, 0, &right, &wrong);
		with += wrong > 0;
	}
	/* 60 series with p <= 0.05 were 3 a history; 5 of 20 come by chance in 0.3% */
	if (!tap_ok(with <= 4, "none has one: nothing is found in 19 of 20 histories"))
		printf("# in %zu\n", with);
}

static void test_releases(void)
{
	static const char *const order[] = {
		"-", "6.1.192", "6.12-rc3", "6.12", "6.12.9", "6.12.117", "6.12.117+", "7.3.0-rc1",
		"7.3.0-rc1-00012-gabc", "7.3.0-rc10", "7.3.0", "7.3.0-foo", "7.10",
	};
	size_t i, k, n = sizeof(order) / sizeof(*order), wrong = 0;

	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++) {
			int d = timeline_compare_releases(order[i], order[k]);

			if (i > k ? d > 0 : i < k ? d < 0 : !d)
				continue;
			printf("# %s %s: %d\n", order[i], order[k], d);
			wrong++;
		}
	tap_eq((long long)wrong, 0, "releases are in order, release candidates before the release");
}

int main(void)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);

	gsl_rng_set(rng, 7);
	scratch_init();
	test_usage();
	test_add_list();
	test_exact_changes();
	test_plot();
	test_broken();
	test_unwritable();
	test_statistical_changes(rng);
	test_false_discoveries(rng);
	test_releases();
	gsl_rng_free(rng);
	return tap_done();
}
