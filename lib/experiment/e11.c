// SPDX-License-Identifier: GPL-2.0-only
/* Huge pages: from bench/thp.c's rows. */
#include <math.h>

#include "../costs.h"

static const struct cost_case cases[] = {
	{ "E11.mark_thp", "of a huge page", NULL, false, 0 },
	{ "E11.mark_again", "of one split before", NULL, false, 0 },
	{ "E7.mark", "base pages (control)", NULL, true, 0 },
};

static const struct costs costs = {
	.cases = cases,
	.nr = sizeof(cases) / sizeof(*cases),
	.figure = "e11-thp",
	.title = "Marking pages of a huge page exclusive",
	.alt = "The device's call to mark pages of a fresh huge page, of one that an earlier call has split, and of base pages, against their number.",
};

/* The most attempts that a fault took: mirror_chain_2 is a fault of two. */
static double longest_chain(const struct results *r, const struct results_key *k)
{
	double longest = NAN;
	char metric[32];
	int i;

	for (i = 1; i <= 64; i++) {
		double faults;

		snprintf(metric, sizeof(metric), "mirror_chain_%d", i);
		faults = findings_count(r, k, metric);
		if (faults > 0)
			longest = i;
	}
	return longest;
}

static void add_row(struct doc_table *t, const struct results *r,
		    const struct cost_case *c, const struct results_row *row)
{
	struct results_key k = { .name = c->name, .pages = (int64_t)row->pages };
	double marked;

	k.metric = "marked_pages";
	marked = results_value(r, &k);
	doc_cell(t, "%s", results_line(r));
	doc_cell(t, "%s", c->text);
	doc_number(t, (double)row->pages, 0);
	doc_number(t, marked, 0);
	doc_number(t, (double)row->pages - marked, 0);
	doc_number(t, findings_count(r, &k, "device_retries"), 0);
	doc_number(t, longest_chain(r, &k), 0);
	doc_number(t, findings_count(r, &k, "inv_clear_events"), 0);
	doc_number(t, findings_count(r, &k, "inv_clear_pages"), 0);
	doc_number(t, findings_count(r, &k, "inv_exclusive_events"), 0);
	doc_number(t, findings_count(r, &k, "inv_exclusive_pages"), 0);
}

static void tabulate(const struct findings *f)
{
	static const char *const heads[] = {
		"asked", "marked", "refused", "retries", "attempts, most",
		"CLEAR", "its pages", "EXCLUSIVE", "its pages",
	};
	struct doc_table *t = doc_table(f->doc, "One call of the device: pages asked for, marked and refused; retries of its faults and the most attempts that one took; and the invalidations that it raised, from a run of its own (`--explain`). CLEAR over 512 pages is the split.");
	size_t i, k;

	doc_column(t, DOC_TEXT, "kernel");
	doc_column(t, DOC_TEXT, "pages");
	for (i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		doc_column(t, DOC_NUMBER, "%s", heads[i]);
	for (k = 0; k < f->nr_runs; k++)
		for (i = 0; i < 2; i++) {
			struct results_key name = { .name = cases[i].name, .metric = "p50",
						    .pages = RESULTS_ANY };
			const struct results_row *row = NULL;

			while ((row = results_next(f->runs[k], &name, row)))
				if (!row->repetition)
					add_row(t, f->runs[k], &cases[i], row);
		}
}

/* The largest over all sizes. */
static double most(const struct results *r, const char *metric)
{
	struct results_key k = { .program = "explain", .name = "E11.mark_thp", .metric = "done",
				 .pages = RESULTS_ANY };
	const struct results_row *row = NULL;
	double value = NAN;

	while ((row = results_next(r, &k, row))) {
		struct results_key one = { .name = row->name, .pages = (int64_t)row->pages };

		value = fmax(value, metric ? findings_count(r, &one, metric) :
					     longest_chain(r, &one));
	}
	return value;
}

static void answer(const struct findings *f)
{
	const struct results *r = findings_run(f);
	struct results_key all = { .name = "E11.mark_thp", .pages = 512, .metric = "marked_pages" };
	double attempts = most(r, NULL), marked = results_value(r, &all);
	char others[128] = "";
	size_t i, n = 0;

	if (!findings_enough(f, "E11.mark_thp, also with `--explain`",
			     (double[]){ attempts, marked, most(r, "inv_clear_pages") }, 3))
		return;
	for (i = 0; i < f->nr_runs && n < sizeof(others); i++)
		if (i != f->main && !isnan(most(f->runs[i], NULL)))
			n += (size_t)snprintf(others + n, sizeof(others) - n, "; on %s %s attempts at most, %s marked",
					      results_line(f->runs[i]),
					      doc_value(most(f->runs[i], NULL), 0),
					      doc_value(results_value(f->runs[i], &all), 0));
	doc_answer(f->doc, "%s: on %s no device fault on a fresh huge page took more than %s attempts, because the split raises CLEAR over %s pages once, inside the first one; of 512 pages asked for it marked %s%s.",
		   attempts <= 2 ? "One retry suffices" : "One retry does not suffice",
		   results_line(r), doc_value(attempts, 0),
		   doc_value(most(r, "inv_clear_pages"), 0), doc_value(marked, 0), others);
}

static int write(const struct findings *f)
{
	int ret = costs_write(f, &costs);

	if (ret)
		return ret;
	tabulate(f);
	findings_error(f, "E11.");
	answer(f);
	return 0;
}

static const struct experiment e11 = {
	.id = "E11",
	.title = "huge pages: does one retry suffice?",
	.question = "Marking a page of a huge one exclusive splits it, which raises invalidations of its own and so throws the device's attempt away. Does one retry suffice?",
	.measured = "Before 6.15 `make_device_exclusive_range()` takes only a large folio's first page, and converts all its entries; tail pages are refused (EBUSY). Since 6.15 `make_device_exclusive()` takes any page by itself. Both split the PMD first, which raises `MMU_NOTIFY_CLEAR` over 2 MiB inside the attempt. "
		    "Timed is the device's call for so many pages of a fresh huge page, from the first on; what was refused is counted. Control: the second call, when nothing is huge any more, and base pages.",
	.write = write,
};

EXPERIMENT(e11);
