// SPDX-License-Identifier: GPL-2.0-only
/* What calls raise, and what of it changes nothing: from bench/calls.c's rows. */
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

#include "../alloc.h"
#include "../calls_predicted.h"
#include "../experiment.h"

static const char prefix[] = "E1.";

enum { FP0, FP1, FP2, FP3, TP, NR_CLASSES };

static const char *const classes[NR_CLASSES] = { "fp0", "fp1", "fp2", "fp3", "tp" };

/* One call in one run; NaN: not measured there. */
struct call_row {
	const char *name;
	double cost, alone; /* alone: in a process without a notifier */
	double events, of_class[NR_CLASSES];
	double covered, mapped, changed; /* pages */
	double wasted; /* the part of the invalidation's cost that took nothing away */
};

static double cost_of(const struct results *r, const char *name, const char *backend)
{
	struct results_key k = { .name = name, .backend = backend };

	return results_value(r, &k);
}

static double count_of(const struct results *r, const char *name, const char *metric)
{
	struct results_key k = { .name = name, .backend = "mirror" };

	return findings_count(r, &k, metric);
}

/* Over the types of events. */
static double sum_of(const struct results *r, const char *name, const char *what,
		     const char *suffix)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < predicted_nr_events; i++) {
		char *metric = must_print("%s_%s_%s", what, predicted_events[i], suffix);

		sum += count_of(r, name, metric);
		free(metric);
	}
	return sum;
}

/* Calls that wait for others, or that walk all mappings of the process, the device's
 * rings among them: what they cost less without a device is not the notifier's alone.
 */
static bool is_compared(const char *name)
{
	static const char *const not[] = {
		"KSM.", "compact_memory.", "NUMA_balancing.", "exit.", "exec.", "callers",
		"fork.", "after_fork", "clear_refs", "migrate_pages.",
	};
	size_t i;

	for (i = 0; i < sizeof(not) / sizeof(*not); i++)
		if (strstr(name, not[i]))
			return false;
	return true;
}

static struct call_row read_row(const struct results *r, const char *name)
{
	struct call_row row = {
		.name = name,
		.cost = cost_of(r, name, "mirror"),
		.alone = cost_of(r, name, "null"),
		.events = sum_of(r, name, "inv", "events"),
		.covered = sum_of(r, name, "inv", "pages"),
		.mapped = count_of(r, name, "truth_pages"),
		.changed = count_of(r, name, "truth_changed_pages"),
	};
	double useless = 0;
	int i;

	/* a child's, which an --explain run does not see */
	if (!strncmp(name, "E1.exit.", 8) || !strncmp(name, "E1.exec.", 8))
		row.events = NAN;
	for (i = 0; i < NR_CLASSES; i++) {
		row.of_class[i] = sum_of(r, name, "truth", classes[i]);
		useless += i <= FP2 ? row.of_class[i] : 0;
	}
	row.wasted = row.events > 0 && is_compared(name) ?
			     (row.cost - row.alone) * useless / row.events : NAN;
	return row;
}

static double or_least(double value)
{
	return isnan(value) ? -INFINITY : value;
}

/* The dearest false positives first; then those that could not be compared. */
static int by_waste(const void *a, const void *b)
{
	const struct call_row *x = a, *y = b;
	double d = or_least(y->wasted) - or_least(x->wasted);

	if (isnan(d) || !d)
		d = or_least(y->events) - or_least(x->events);
	return d > 0 ? 1 : d < 0 ? -1 : strcmp(x->name, y->name);
}

/* Caller frees. */
static struct call_row *read_rows(const struct results *r, size_t *n)
{
	const char **names;
	struct call_row *rows;
	size_t i;

	*n = results_cases(r, "bench", prefix, &names);
	rows = must(calloc(*n + 1, sizeof(*rows)));
	for (i = 0; i < *n; i++)
		rows[i] = read_row(r, names[i]);
	free(names);
	qsort(rows, *n, sizeof(*rows), by_waste);
	return rows;
}

/* "mprotect R", "device reads" of "E1.mprotect_R.device_reads". */
static void put_name(struct doc_table *t, const char *name)
{
	char *text = must_copy(name + strlen(prefix)), *dot = strchr(text, '.'), *p;

	for (p = text; *p; p++)
		if (*p == '_')
			*p = ' ';
	if (dot)
		*dot = 0;
	doc_cell(t, "%s", text);
	doc_cell(t, "%s", dot ? dot + 1 : "");
	free(text);
}

static void put_share(struct doc_table *t, const struct call_row *row, int class)
{
	doc_number(t, row->events > 0 ? 100 * row->of_class[class] / row->events : NAN, 0);
}

static void put_row(struct doc_table *t, const struct call_row *row)
{
	int i;

	put_name(t, row->name);
	doc_number(t, row->events, 0);
	for (i = 0; i < NR_CLASSES; i++)
		put_share(t, row, i);
	doc_number(t, row->covered, 0);
	doc_number(t, row->mapped, 0);
	doc_number(t, row->changed, 0);
	doc_number(t, row->cost, 0);
	doc_number(t, row->alone, 0);
	doc_number(t, row->cost - row->alone, 0);
	doc_number(t, row->wasted, 0);
}

static void tabulate(const struct findings *f, const struct results *r)
{
	static const char *const heads[] = {
		"events", "FP0 %", "FP1 %", "FP2 %", "FP3 %", "TP %", "pages covered",
		"mapped by the device", "of these changed", "cost", "without notifier",
		"notifier's part", "of it for nothing",
	};
	struct results_key k = { .backend = "mirror" };
	struct doc_table *t;
	size_t n, i;
	struct call_row *rows = read_rows(r, &n);

	k.name = n ? rows[0].name : prefix;
	t = doc_table(f->doc, "%s: each call once, costs in %s, dearest false positives first. Cost: backend mirror without counters. Without notifier: the same call on the same memory in a process that has none. Notifier's part: the difference, the callback of the mirror device in it, which looks at each page of the range; a driver's own is another. For nothing: this part times the share of FP0, FP1 and FP2; what an early return, or a narrower event, would save at most; not for calls that wait for others or walk the whole process, whose difference is not the notifier's alone.",
		      results_line(r), results_unit(r, &k));
	doc_column(t, DOC_TEXT, "call");
	doc_column(t, DOC_TEXT, "memory");
	for (i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		doc_column(t, DOC_NUMBER, "%s", heads[i]);
	for (i = 0; i < n; i++)
		put_row(t, &rows[i]);
	free(rows);
}

/* "clear 1, protection_vma 1", or "none"; caller frees. */
static char *events_text(const struct results *r, const char *name)
{
	char *text = NULL;
	size_t len = 0, n = 0, i;
	FILE *to = must(open_memstream(&text, &len));

	for (i = 0; i < predicted_nr_events; i++) {
		char *metric = must_print("inv_%s_events", predicted_events[i]);
		double value = count_of(r, name, metric);

		if (value > 0)
			fprintf(to, "%s%s %s", n++ ? ", " : "", predicted_events[i],
				doc_value(value, value == floor(value) ? 0 : 1));
		free(metric);
	}
	if (!n)
		fputs("none", to);
	fclose(to);
	return text;
}

/* What was found beside what was foretold; NULL: not measured. Caller frees. */
static char *judge(const struct results *r, const struct prediction *p, bool *agrees)
{
	const char *says = predicted_says(p, results_line(r));
	char *name = must_print("E1.%s", p->name), *events = events_text(r, name), *text;
	struct call_row row = read_row(r, name);
	double useless = row.of_class[FP0] + row.of_class[FP1] + row.of_class[FP2];
	bool is_false = row.events > 0 && useless == row.events;

	free(name);
	if (isnan(row.events)) {
		free(events);
		return NULL;
	}
	*agrees = predicted_match(says, events) &&
		  (p->truth == PREDICTED_EITHER || !(row.events > 0) ||
		   (p->truth == PREDICTED_FALSE) == is_false);
	text = must_print("%s%s: %s%s%s%s%s", *agrees ? "agrees" : "differs",
			  strcmp(says, p->says) ? " (older kernel)" : "", events,
			  row.events > 0 ? is_false ? ", false" : ", true" : "",
			  !*agrees && p->why ? " (" : "", !*agrees && p->why ? p->why : "",
			  !*agrees && p->why ? ")" : "");
	free(events);
	return text;
}

static void compare(const struct findings *f)
{
	struct doc_table *t = doc_table(f->doc, "The matrix that a throw-away probe had measured, or that was read from the source, against what was found. False: FP0, FP1 or FP2, each of the call's events.");
	size_t i, k;
	bool agrees;

	doc_column(t, DOC_TEXT, "call");
	doc_column(t, DOC_TEXT, "memory");
	doc_column(t, DOC_TEXT, "foretold");
	for (k = 0; k < f->nr_runs; k++)
		doc_column(t, DOC_TEXT, "%s", results_line(f->runs[k]));
	for (i = 0; i < predictions_nr; i++) {
		const struct prediction *p = &predictions[i];
		char *name = must_print("%s%s", prefix, p->name);

		put_name(t, name);
		free(name);
		doc_cell(t, "%s%s%s", p->says,
			 p->truth == PREDICTED_FALSE ? ", false" :
			 p->truth == PREDICTED_TRUE ? ", true" : "",
			 p->by_source ? " (source)" : "");
		for (k = 0; k < f->nr_runs; k++) {
			char *text = judge(f->runs[k], p, &agrees);

			doc_cell(t, "%s", text ? text : "–");
			free(text);
		}
	}
}

struct sums {
	size_t explained, silent, useless, agree, differ;
	const struct call_row *worst; /* of those that change no entry */
};

static void count_predictions(const struct results *r, struct sums *s)
{
	size_t i;
	bool agrees;

	for (i = 0; i < predictions_nr; i++) {
		char *text = judge(r, &predictions[i], &agrees);

		if (text && agrees)
			s->agree++;
		else if (text)
			s->differ++;
		free(text);
	}
}

/* One invalidation, and no entry of the CPU's changes either: with FP0 that is known
 * of memory that has none.
 */
static bool changes_nothing(const struct call_row *row)
{
	static const char *const empty[] = { ".untouched", ".again", ".PMD_empty" };
	size_t i;

	if (row->events != 1 || row->of_class[FP1] == 1)
		return row->events == 1;
	for (i = 0; i < sizeof(empty) / sizeof(*empty); i++)
		if (row->of_class[FP0] == 1 && strstr(row->name, empty[i]))
			return true;
	return false;
}

static struct sums add_up(const struct results *r, const struct call_row *rows, size_t n)
{
	struct sums s = { 0 };
	size_t i;

	for (i = 0; i < n; i++) {
		const struct call_row *row = &rows[i];
		double useless = row->of_class[FP0] + row->of_class[FP1] +
				 row->of_class[FP2];

		if (isnan(row->events))
			continue;
		s.explained++;
		s.silent += !row->events;
		s.useless += row->events > 0 && useless == row->events;
		/* an early return could spare all of it */
		if (changes_nothing(row) && row->wasted > 0 &&
		    (!s.worst || row->wasted > s.worst->wasted))
			s.worst = row;
	}
	count_predictions(r, &s);
	return s;
}

static int write(const struct findings *f)
{
	const struct results *r = findings_run(f);
	struct call_row *rows;
	struct sums s;
	size_t n, i;

	for (i = 0; i < f->nr_runs; i++)
		tabulate(f, f->runs[i]);
	compare(f);
	findings_error(f, prefix);
	doc_text(f->doc, "fork and what follows it meets all mappings of the process, about fifty of the harness's beside the one under test, and its CLEARs are COWs of the parent's stack while a child shares it. The invalidations of exit and exec are a child's and are not counted here (`tests/module-truth.c` finds one RELEASE each).");
	doc_text(f->doc, "Counts are exact: of each call, what the helper counts is what the kernel's function tracer counts (`tests/lab-witness.sh`). Of several callers at once, cost is from when they are let go until the last is done.");
	doc_text(f->doc, "mprotect() to the protection that is there raises nothing, on any line: `mprotect_fixup()` returns when the new flags are the old ones, before it looks at a page (rows `mprotect RW`, `same`).");
	rows = read_rows(r, &n);
	s = add_up(r, rows, n);
	if (!s.explained || !s.worst)
		doc_note(f->doc, "not measured in this run: E1 on backends mirror and null, and with --explain, so there is no answer.");
	else
		doc_answer(f->doc, "On %s, of %zu calls %zu raise no invalidation (mprotect() to the same protection among them) and %zu only such as take nothing from the device; the dearest single one that changes no entry is %s, where the notifier makes %s %s of %s; of the matrix %zu rows agree and %zu differ.",
			   results_line(r), s.explained, s.silent, s.useless,
			   s.worst->name + strlen(prefix), doc_value(s.worst->wasted, 0),
			   results_unit(r, &(struct results_key){ .name = s.worst->name }),
			   doc_value(s.worst->cost, 0), s.agree, s.differ);
	free(rows);
	return 0;
}

static const struct experiment e1 = {
	.id = "E1",
	.title = "which calls invalidate, and for nothing",
	.question = "The review's example is the second and third mprotect() with the same protection, which would notify with nothing changed. Which system calls raise which invalidations, how many of them change nothing, and what does each cost?",
	.measured = "A call notifies before it knows what it will find, each kind on a condition of its own. "
		    "Timed: the call alone, on memory that stands alone in its GiB and is made anew each time; 16 pages, or 2 MiB where the row says THP, hugetlb or 2 MiB. Events, classes and pages are those of an --explain run: three calls with ground truth.",
	.write = write,
};

EXPERIMENT(e1);
