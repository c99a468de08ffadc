// SPDX-License-Identifier: GPL-2.0-only
/* A notifier a fault, or one for the process: from bench/short_lived.c's rows. */
#include <math.h>

#include "../costs.h"

/* bench/short_lived.c inserts and removes so many at once. */
#define AT_ONCE 64

static const struct cost_case cases[] = {
	{ "E10.fault", "device fault, process", "mirror", false, 0 },
	{ "E10.fault", "device fault, range", "mirror-range", false, 0 },
	{ "E10.after_fault", "CPU write after, process", "mirror", false, 0 },
	{ "E10.after_fault", "CPU write after, range", "mirror-range", false, 0 },
	{ "E10.insert", "insert one notifier", NULL, false, AT_ONCE },
	{ "E10.remove", "remove one notifier", NULL, false, AT_ONCE },
};

static const struct costs costs = {
	.cases = cases,
	.nr = sizeof(cases) / sizeof(*cases),
	.figure = "e10-notifiers",
	.title = "A notifier a fault, or one for the process",
	.alt = "A device fault of one page by either protocol, the CPU write that takes the page back, and the insertion and removal of one interval notifier, against the number of others in the address space.",
	.arg = "notifiers",
	.axis = "interval notifiers elsewhere in the address space",
};

/* CPU writes after which the device was asked, and those after which it still had the
 * page (the benchmark fails then).
 */
struct proof {
	double writes, failed;
};

static struct proof prove(const struct results *r)
{
	static const char *const programs[] = { "bench", "explain" };
	struct proof p = { 0, 0 };
	size_t i;

	for (i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		struct results_key k = { .program = programs[i], .name = "E10.after_fault",
					 .backend = "mirror-range", .pages = RESULTS_ANY };
		const struct results_row *row = NULL;

		k.metric = "iterations";
		while ((row = results_next(r, &k, row)))
			p.writes += row->value;
		k.metric = "done";
		while ((row = results_next(r, &k, row)))
			p.failed += row->value != 1;
	}
	return p;
}

/* With the fewest or the most notifiers elsewhere. */
static double end_value(const struct results *r, size_t i, bool most, double *notifiers)
{
	struct results_key k = { .name = cases[i].name, .backend = cases[i].backend,
				 .pages = RESULTS_ANY };
	struct results_series s;
	double value = NAN;
	size_t end;

	if (results_series(r, &k, "notifiers", &s)) {
		end = most ? s.n - 1 : 0;
		value = s.at[end].y.value;
		*notifiers = s.at[end].x;
	}
	results_series_free(&s);
	return cases[i].by ? value / cases[i].by : value;
}

static void compare(const struct findings *f)
{
	struct doc_table *t = doc_table(f->doc, "Beside the fewest and the most notifiers measured, by run; and the proof: CPU writes after the fault's own notifier had gone (protocol range), and after how many benchmarks the device still held the page.");
	double few = NAN, many = NAN;
	struct proof p;
	size_t i, k;

	doc_column(t, DOC_TEXT, "what");
	for (k = 0; k < f->nr_runs; k++) {
		end_value(f->runs[k], 4, false, &few);
		end_value(f->runs[k], 4, true, &many);
		doc_column(t, DOC_NUMBER, "%s, beside %s", results_line(f->runs[k]), doc_value(few, 0));
		doc_column(t, DOC_NUMBER, "%s, beside %s", results_line(f->runs[k]), doc_value(many, 0));
	}
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		doc_cell(t, "%s (%s)", cases[i].text,
			 costs_unit(findings_run(f), cases[i].name, cases[i].backend));
		for (k = 0; k < f->nr_runs; k++) {
			doc_number(t, end_value(f->runs[k], i, false, &few), 0);
			doc_number(t, end_value(f->runs[k], i, true, &many), 0);
		}
	}
	doc_cell(t, "CPU writes after (number), device still held it (number)");
	for (k = 0; k < f->nr_runs; k++) {
		p = prove(f->runs[k]);
		doc_number(t, p.writes, 0);
		doc_number(t, p.failed, 0);
	}
}

static int write(const struct findings *f)
{
	const struct results *r = findings_run(f);
	struct proof p = prove(r);
	double few = NAN, many = NAN;
	const double v[] = {
		end_value(r, 1, false, &few), end_value(r, 0, false, &few),
		end_value(r, 4, false, &few), end_value(r, 5, false, &few),
		end_value(r, 4, true, &many), end_value(r, 5, true, &many),
		p.writes ? p.failed : NAN,
	};
	int ret = costs_write(f, &costs);

	if (ret)
		return ret;
	compare(f);
	findings_error(f, "E10.");
	if (findings_enough(f, "E10 with backends mirror and mirror-range", v, sizeof(v) / sizeof(*v)))
		doc_answer(f->doc, "On %s a notifier a fault makes a device fault cost %s %s instead of %s (inserting one costs %s and removing it %s; beside %s others %s and %s); and %s.",
			   results_line(r), doc_value(v[0], 0), costs_unit(r, "E10.fault", NULL),
			   doc_value(v[1], 0), doc_value(v[2], 0), doc_value(v[3], 0),
			   doc_value(many, 0), doc_value(v[4], 0), doc_value(v[5], 0),
			   p.failed ? "the device kept a page that the CPU had written to after the fault's notifier had gone" :
				      "the device lost the page in each CPU write after the fault's own had gone, because its long-lived one is told");
	return 0;
}

static const struct experiment e10 = {
	.id = "E10",
	.title = "a notifier a fault, or one for the process",
	.question = "nouveau inserts an interval notifier for each fault and removes it after, beside one for the process. What does that cost, and does a CPU access after the removal still reach the device?",
	.measured = "`mmu_interval_notifier_insert()` and `_remove()` take the subscriptions' lock and change the interval tree; while an invalidation is under way both are put off. "
		    "Timed: 64 of each at once (given here for one), a device fault of one page by the protocols process (no notifier of its own) and range (one of each), and the CPU write that takes the page back afterwards; the benchmark fails if the device still holds the page then. All beside 0 to 100,000 notifiers elsewhere.",
	.write = write,
};

EXPERIMENT(e10);
