// SPDX-License-Identifier: GPL-2.0-only
/* get_user_pages(): from bench/gup.c's and bench/vmsplice.c's rows. */
#include <math.h>

#include "../costs.h"

static const struct cost_case cases[] = {
	{ "E6.gup", "GUP, exclusive", NULL, false, 0 },
	{ "E6.vmsplice", "fast GUP, exclusive", NULL, false, 0 },
	{ "E6.gup_present", "GUP, present (control)", NULL, true, 0 },
	{ "E6.vmsplice_present", "fast GUP, present (control)", NULL, true, 0 },
	{ "E6.gup_thp", "GUP, huge pages (control)", NULL, true, 0 },
	{ "E6.vmsplice_thp", "fast GUP, huge pages (control)", NULL, true, 0 },
};

static const struct costs costs = {
	.cases = cases,
	.nr = sizeof(cases) / sizeof(*cases),
	.figure = "e6-gup",
	.title = "get_user_pages() of exclusive pages",
	.alt = "process_vm_readv() and vmsplice() of exclusive, present and huge pages, against their number; dashed lines are the controls.",
};

static int write(const struct findings *f)
{
	const struct results *r = findings_run(f);
	double gup = rint(costs_slope(r, "E6.gup", NULL));
	double present = rint(costs_slope(r, "E6.gup_present", NULL));
	double fast = rint(costs_slope(r, "E6.vmsplice", NULL));
	double fast_present = rint(costs_slope(r, "E6.vmsplice_present", NULL));
	int ret = costs_write(f, &costs);

	if (ret)
		return ret;
	findings_error(f, "E6.");
	if (!findings_enough(f, "E6.gup and E6.vmsplice with their controls",
			     (double[]){ gup, present, fast, fast_present }, 4))
		return 0;
	doc_answer(f->doc, "On %s each exclusive page costs GUP %s %s more than a present one (%s against %s)%s, and fast GUP, which has to leave its lockless walk for it, %s more (%s against %s)%s.",
		   results_line(r), doc_value(gup - present, 0),
		   costs_unit(r, "E6.gup", NULL), doc_value(gup, 0),
		   doc_value(present, 0), costs_others(f, "E6.gup", "E6.gup_present"),
		   doc_value(fast - fast_present, 0), doc_value(fast, 0),
		   doc_value(fast_present, 0),
		   costs_others(f, "E6.vmsplice", "E6.vmsplice_present"));
	return 0;
}

static const struct experiment e6 = {
	.id = "E6",
	.title = "get_user_pages()",
	.question = "GUP restores exclusive entries through the fault path. What does it pay for each?",
	.measured = "GUP meets a swap-type entry and calls `handle_mm_fault()`, as a CPU access would, without the exception; fast GUP gives up its walk of the page table there and takes mmap_lock. "
		    "Timed: `process_vm_readv()` of one byte of each page of the own process (16 pages a `pin_user_pages_remote()`), and `vmsplice()` of whole pages into a pipe, which takes references and copies nothing. Control: present pages, huge pages.",
	.write = write,
};

EXPERIMENT(e6);
