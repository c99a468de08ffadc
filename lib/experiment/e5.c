// SPDX-License-Identifier: GPL-2.0-only
/* mprotect(): from bench/mprotect.c's rows. */
#include <math.h>

#include "../costs.h"

static const struct cost_case cases[] = {
	{ "E5.mprotect_flip", "carried", NULL, false, 0 },
	{ "E5.restore_flip", "restored by the device first", NULL, false, 0 },
	{ "E5.touch_flip", "restored by CPU faults first", NULL, false, 0 },
	{ "E5.mprotect_flip_present", "present (control)", NULL, true, 0 },
	{ "E5.mprotect_flip_thp", "huge pages (control)", NULL, true, 0 },
	{ "E5.mprotect_same", "exclusive, same protection", NULL, false, 0 },
};

static const struct costs costs = {
	.cases = cases,
	.nr = sizeof(cases) / sizeof(*cases),
	.figure = "e5-mprotect",
	.title = "mprotect() from RW to R to RW over exclusive pages",
	.alt = "Two mprotect() calls over exclusive pages as they are, and after they have been restored (the restore is in the time), against their number; the call to the same protection does not depend on it.",
};

static int write(const struct findings *f)
{
	int ret = costs_write(f, &costs);

	if (!ret)
		findings_error(f, "E5.");
	if (!ret)
		costs_answer_restore(f, "mprotect() there and back", "E5.mprotect_flip",
				     "E5.restore_flip", "E5.touch_flip",
				     "E5.mprotect_flip_present");
	return ret;
}

static const struct experiment e5 = {
	.id = "E5",
	.title = "mprotect(): carry the entries, or restore first?",
	.question = "So could write-protecting. What does mprotect() cost over exclusive entries, against restoring them first?",
	.measured = "`change_pte_range()` keeps an exclusive entry exclusive (before 6.15 as a readable one) while the notifier takes the device's mapping away. "
		    "Timed are two calls over the whole mapping, write permission away and back, from newly marked pages; in two cases with the restore before them. mprotect() to the protection the mapping has returns early from `mprotect_fixup()` and raises nothing: its cost must not depend on the pages. Control: present pages, huge pages.",
	.write = write,
};

EXPERIMENT(e5);
