// SPDX-License-Identifier: GPL-2.0-only
/* Scale: from bench/notifiers.c's and bench/held.c's rows. */
#include <math.h>
#include <stdlib.h>

#include "../alloc.h"
#include "../costs.h"

static const struct cost_case by_notifiers[] = {
	{ "E13.invalidate", "elsewhere", NULL, false, 0 },
	{ "E13.invalidate_overlapping", "all on the page", NULL, false, 0 },
};

static const struct costs notifiers = {
	.cases = by_notifiers,
	.nr = sizeof(by_notifiers) / sizeof(*by_notifiers),
	.figure = "e13-notifiers",
	.title = "An invalidation against the interval notifiers of the address space",
	.alt = "MADV_DONTNEED of one page that is not there, against the number of interval notifiers: with all of them elsewhere, and with all of them on that page.",
	.arg = "notifiers",
	.axis = "interval notifiers in the address space",
};

static const struct cost_case by_pages[] = {
	{ "E13.mark", "marked in one call", NULL, false, 0 },
	{ "E13.mark_held", "one marked beside", NULL, false, 0 },
	{ "E13.restore_held", "one restored beside", NULL, false, 0 },
	{ "E13.invalidate_held", "an invalidation beside", NULL, false, 0 },
};

static const struct costs pages = {
	.cases = by_pages,
	.nr = sizeof(by_pages) / sizeof(*by_pages),
	.figure = "e13-pages",
	.title = "Cost against the exclusive pages that a device holds",
	.alt = "Marking so many pages in one call; and marking one page, restoring one by a CPU write, and an invalidation elsewhere while a device holds so many others.",
};

/* Cost of one notifier more, over all numbers. */
static double slope_of(const struct results *r, const char *name)
{
	struct results_key k = { .name = name, .pages = RESULTS_ANY };
	struct results_series s;
	double *x, *y, slope;
	size_t i;

	results_series(r, &k, "notifiers", &s);
	x = must(calloc(s.n + 1, sizeof(*x)));
	y = must(calloc(s.n + 1, sizeof(*y)));
	for (i = 0; i < s.n; i++) {
		x[i] = s.at[i].x;
		y[i] = s.at[i].y.value;
	}
	slope = stats_line(x, y, s.n).slope;
	free(x);
	free(y);
	results_series_free(&s);
	return slope;
}

struct ends {
	double x[2], y[2];
};

/* Cost at the least and at the most. */
static struct ends ends_of(const struct results *r, const char *name, const char *arg)
{
	struct results_key k = { .name = name, .pages = RESULTS_ANY };
	struct ends e = { { NAN, NAN }, { NAN, NAN } };
	struct results_series s;
	size_t i;

	if (results_series(r, &k, arg, &s))
		for (i = 0; i < 2; i++) {
			e.x[i] = s.at[i ? s.n - 1 : 0].x;
			e.y[i] = s.at[i ? s.n - 1 : 0].y.value;
		}
	results_series_free(&s);
	return e;
}

static void compare(const struct findings *f)
{
	static const struct {
		const char *name, *arg, *text;
	} rows[] = {
		{ "E13.invalidate", "notifiers", "invalidation, notifiers elsewhere" },
		{ "E13.invalidate_overlapping", "notifiers", "invalidation, notifiers on the page" },
		{ "E13.invalidate_held", "pages", "invalidation, exclusive pages elsewhere" },
		{ "E13.restore_held", "pages", "CPU write that restores one page" },
		{ "E13.mark_held", "pages", "one page marked" },
	};
	struct doc_table *t = doc_table(f->doc, "With the fewest and the most notifiers, or exclusive pages, that were measured (%s).",
					costs_unit(findings_run(f), "E13.invalidate", NULL));
	struct ends e;
	size_t i, k;

	doc_column(t, DOC_TEXT, "kernel");
	doc_column(t, DOC_TEXT, "what");
	doc_column(t, DOC_NUMBER, "fewest");
	doc_column(t, DOC_NUMBER, "cost");
	doc_column(t, DOC_NUMBER, "most");
	doc_column(t, DOC_NUMBER, "cost");
	for (k = 0; k < f->nr_runs; k++)
		for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			e = ends_of(f->runs[k], rows[i].name, rows[i].arg);
			if (isnan(e.x[0]))
				continue;
			doc_cell(t, "%s", results_line(f->runs[k]));
			doc_cell(t, "%s", rows[i].text);
			doc_number(t, e.x[0], 0);
			doc_number(t, e.y[0], 0);
			doc_number(t, e.x[1], 0);
			doc_number(t, e.y[1], 0);
		}
}

static int write(const struct findings *f)
{
	const struct results *r = findings_run(f);
	struct ends far = ends_of(r, "E13.invalidate", "notifiers");
	struct ends held = ends_of(r, "E13.invalidate_held", "pages");
	double overlapping = slope_of(r, "E13.invalidate_overlapping");
	double mark = costs_slope(r, "E13.mark", NULL);
	int ret = costs_write(f, &notifiers);

	if (!ret)
		ret = costs_write(f, &pages);
	if (ret)
		return ret;
	compare(f);
	findings_error(f, "E13.");
	if (findings_enough(f, "invalidations beside notifiers and beside exclusive pages, and E13.mark",
			    (double[]){ far.y[1], held.y[1], overlapping, mark }, 4))
		doc_answer(f->doc, "On %s %s notifiers elsewhere make an invalidation cost %s %s instead of %s, one that overlaps adds %s; exclusive pages elsewhere %s: %s with %s of them, %s with %s, and marking costs %s a page.",
			   results_line(r), doc_value(far.x[1], 0), doc_value(far.y[1], 0),
			   costs_unit(r, "E13.invalidate", NULL), doc_value(far.y[0], 0),
			   doc_value(overlapping, 0),
			   fabs(held.y[1] / held.y[0] - 1) < 0.02 ? "do not count" : "do count",
			   doc_value(held.y[0], 0), doc_value(held.x[0], 0),
			   doc_value(held.y[1], 0), doc_value(held.x[1], 0), doc_value(mark, 0));
	return 0;
}

static const struct experiment e13 = {
	.id = "E13",
	.title = "cost against notifiers and exclusive pages",
	.question = "How does an invalidation's cost grow with the interval notifiers of the address space, and with the exclusive pages that a device holds?",
	.measured = "`mn_itree_invalidate()` looks the range up in an interval tree and calls each notifier that overlaps it. "
		    "Timed: MADV_DONTNEED of one page that is not there, an invalidation that changes nothing, with 0 to 100,000 notifiers elsewhere or all of them on that page; and, while a device holds 1 to 1,048,576 pages, such an invalidation, a CPU write that restores one page, and a page marked; and so many pages marked in one call. Sizes for which there was no memory were skipped.",
	.write = write,
};

EXPERIMENT(e13);
