// SPDX-License-Identifier: GPL-2.0-only
/* The second atomic, and the other ways between CPU and device: from the rows of
 * bench/hit.c, bench/make_exclusive.c and bench/restore.c.
 */
#include <math.h>
#include <stdlib.h>

#include "../alloc.h"
#include "../costs.h"

static const struct cost_case cases[] = {
	{ "E7.mark", "marked exclusive", NULL, false, 0 },
	{ "E7.remark", "marked again", NULL, false, 0 },
	{ "E7.restore_read", "restored by a CPU read", NULL, false, 0 },
	{ "E7.restore_write", "restored by a CPU write", NULL, false, 0 },
};

static const struct costs costs = {
	.cases = cases,
	.nr = sizeof(cases) / sizeof(*cases),
	.figure = "e7-mark",
	.title = "Marking pages exclusive, and getting them back",
	.alt = "Marking pages exclusive, marking those that are already, and CPU accesses that restore them, against their number.",
};

/* One more atomic in a batch, all of whose pages the device holds. */
static double hit_cost(const struct results *r)
{
	struct results_key k = { .name = "E7.hit", .pages = 64 };
	struct results_series s;
	struct line l;
	double *x, *y;
	size_t i;

	results_series(r, &k, "batch", &s);
	x = must(calloc(s.n + 1, sizeof(*x)));
	y = must(calloc(s.n + 1, sizeof(*y)));
	for (i = 0; i < s.n; i++) {
		x[i] = s.at[i].x;
		y[i] = s.at[i].y.value;
	}
	l = stats_line(x, y, s.n);
	free(x);
	free(y);
	results_series_free(&s);
	return l.slope;
}

static double batch_value(const struct results *r, const char *name, double batch,
			  int64_t pages)
{
	char *with = must_print("%s/batch:%.0f", name, batch);
	struct results_key k = { .name = with, .pages = pages };
	double value = results_value(r, &k);

	free(with);
	return value;
}

/* What one refault adds: (refault - hit) / pages, the largest batch. */
static double refault_cost(const struct results *r)
{
	struct results_key k = { .name = "E7.refault", .pages = 64 };
	struct results_series s;
	double batch;

	results_series(r, &k, "batch", &s);
	batch = s.n ? s.at[s.n - 1].x : NAN;
	results_series_free(&s);
	return (batch_value(r, "E7.refault", batch, 64) - batch_value(r, "E7.hit", batch, 64)) / 64;
}

static int draw_batches(const struct findings *f)
{
	static const struct {
		const char *name, *text;
		int64_t pages;
	} lines[] = {
		{ "E7.hit", "held, 64 pages", 64 },
		{ "E7.hit", "held, 1 page", 1 },
		{ "E7.refault", "taken back, 64 pages", 64 },
		{ "E7.refault", "taken back, 1 page", 1 },
	};
	struct figure *fig = figure_new(FIGURE_LINES, "e7-hit", "Device atomics, submitted at once",
					findings_subtitle(f, "E7.hit", "mirror"));
	struct results_series s;
	char *label;
	size_t i, n;

	label = must_print("one atomic (%s), median", costs_unit(findings_run(f), "E7.hit", NULL));
	figure_x(fig, FIGURE_LOG2, "atomics in the batch");
	figure_y(fig, FIGURE_LOG10, label);
	free(label);
	for (i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
		struct results_key k = { .name = lines[i].name, .pages = lines[i].pages };

		figure_series(fig, lines[i].text, false);
		results_series(findings_run(f), &k, "batch", &s);
		for (n = 0; n < s.n; n++)
			figure_error(fig, s.at[n].x, s.at[n].y.value / s.at[n].x,
				     s.at[n].y.low / s.at[n].x, s.at[n].y.high / s.at[n].x);
		results_series_free(&s);
	}
	return findings_figure(f, fig, "Cost of a device atomic in a batch, on pages that the device holds and on pages that the CPU has just taken back, against the size of the batch.");
}

static double faults(const struct results *r, const char *name)
{
	struct results_key k = { .name = name, .pages = 64, .metric = "device_faults" };
	double value = results_value(r, &k), explained;

	explained = findings_count(r, &k, "device_faults");
	return isnan(value) ? explained : value;
}

static void tabulate(const struct findings *f)
{
	static const struct {
		const char *text;
		double (*value)(const struct results *r);
	} rows[] = {
		{ "an atomic more, on a page the device holds", hit_cost },
		{ "a page more that the CPU has taken back", refault_cost },
	};
	struct doc_table *t = findings_table(f, "in a batch", costs_unit(findings_run(f), "E7.hit", NULL),
					     "Atomics on 64 pages. First row: slope over the batch; second: batch with refaults less batch without, a page.");
	size_t i, k;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		doc_cell(t, "%s", rows[i].text);
		for (k = 0; k < f->nr_runs; k++)
			doc_number(t, rows[i].value(f->runs[k]), 0);
	}
	doc_cell(t, "device faults in a batch of held pages (no unit)");
	for (k = 0; k < f->nr_runs; k++)
		doc_number(t, faults(f->runs[k], "E7.hit"), 0);
}

static int write(const struct findings *f)
{
	const struct results *r = findings_run(f);
	double hit = hit_cost(r), refault = refault_cost(r);
	double mark = costs_slope(r, "E7.mark", NULL), remark = costs_slope(r, "E7.remark", NULL);
	int ret = draw_batches(f);

	if (ret)
		return ret;
	tabulate(f);
	ret = costs_write(f, &costs);
	if (ret)
		return ret;
	findings_error(f, "E7.");
	if (findings_enough(f, "E7.hit, E7.refault, E7.mark and E7.remark",
			    (double[]){ hit, refault, mark, remark, faults(r, "E7.hit") }, 5))
		doc_answer(f->doc, "%s: on %s a second atomic on a page that the device holds takes %s faults and costs %s %s, and a page that the CPU has taken back in between costs %s more; marking a page twice is harmless but costs %s where marking it once costs %s, because each marking restores the entry and makes it again.",
			   faults(r, "E7.hit") ? "No" : "Yes", results_line(r),
			   doc_value(faults(r, "E7.hit"), 0), doc_value(hit, 0),
			   costs_unit(r, "E7.hit", NULL), doc_value(refault, 0),
			   doc_value(remark, 0), doc_value(mark, 0));
	return 0;
}

static const struct experiment e7 = {
	.id = "E7",
	.title = "the second atomic on a page",
	.question = "Does a second atomic on the same page need no fault while the entry stands, and is marking a page twice harmless?",
	.measured = "Timed is a batch of device additions to pages in turn, submitted through the ring at once and waited for: `hit`, all pages are the device's before and a device fault is an error; `refault`, the CPU has written to each page just before. Ring, wake-up and completions are in both. "
		    "Beside it: `make_device_exclusive()` of pages that are present and of pages that are exclusive already, and CPU accesses that restore entries, one fault a page through `remove_device_exclusive_entry()`.",
	.write = write,
};

EXPERIMENT(e7);
