// SPDX-License-Identifier: GPL-2.0-only
/* fork(): from bench/fork.c's rows. */
#include <math.h>

#include "../costs.h"

static const struct cost_case cases[] = {
	{ "E3.fork", "exclusive", NULL, false, 0 },
	{ "E3.fork_present", "present (control)", NULL, true, 0 },
	{ "E3.fork_thp", "huge pages (control)", NULL, true, 0 },
};

static const struct costs costs = {
	.cases = cases,
	.nr = sizeof(cases) / sizeof(*cases),
	.figure = "e3-fork",
	.title = "fork() against the exclusive pages of the parent",
	.alt = "fork() of a parent with exclusive, with present and with huge pages, against their number; dashed lines are the controls.",
};

static int write(const struct findings *f)
{
	const struct results *r = findings_run(f);
	double exclusive = costs_slope(r, "E3.fork", NULL);
	double present = costs_slope(r, "E3.fork_present", NULL);
	const char *unit = costs_unit(r, "E3.fork", NULL);
	int ret = costs_write(f, &costs);

	if (ret)
		return ret;
	findings_error(f, "E3.");
	if (!findings_enough(f, "E3.fork and E3.fork_present at two sizes", (double[]){ exclusive, present }, 2))
		return 0;
	doc_answer(f->doc, "On %s fork() restores every exclusive entry in the parent: each costs it %s %s, where a present page costs %s, so %s more for each%s.",
		   results_line(r), doc_value(exclusive, 0), unit,
		   doc_value(present, 0), doc_value(rint(exclusive) - rint(present), 0),
		   costs_others(f, "E3.fork", "E3.fork_present"));
	return 0;
}

static const struct experiment e3 = {
	.id = "E3",
	.title = "fork()",
	.question = "fork() restores exclusive entries in the parent, with a trylock of the page. What does it pay for each?",
	.measured = "`copy_page_range()` calls `try_restore_exclusive_pte()` for each such entry, under the page-table lock; a page that somebody else has locked makes it start again. "
		    "Timed is fork() in the parent until it returns; the child's end is not. Control: the same number of present pages, none at all (0), and huge pages.",
	.write = write,
};

EXPERIMENT(e3);
