// SPDX-License-Identifier: GPL-2.0-only
/* munmap(): from bench/munmap.c's rows. */
#include <math.h>

#include "../costs.h"

static const struct cost_case cases[] = {
	{ "E4.munmap", "carried", NULL, false, 0 },
	{ "E4.restore_munmap", "restored by the device first", NULL, false, 0 },
	{ "E4.touch_munmap", "restored by CPU faults first", NULL, false, 0 },
	{ "E4.munmap_present", "present (control)", NULL, true, 0 },
	{ "E4.munmap_thp", "huge pages (control)", NULL, true, 0 },
};

static const struct costs costs = {
	.cases = cases,
	.nr = sizeof(cases) / sizeof(*cases),
	.figure = "e4-munmap",
	.title = "munmap() of exclusive pages",
	.alt = "munmap() of exclusive pages as they are, and after they have been restored (the restore is in the time), against their number; dashed lines are the controls.",
};

static int write(const struct findings *f)
{
	int ret = costs_write(f, &costs);

	if (!ret)
		findings_error(f, "E4.");
	if (!ret)
		costs_answer_restore(f, "munmap()", "E4.munmap", "E4.restore_munmap",
				     "E4.touch_munmap", "E4.munmap_present");
	return ret;
}

static const struct experiment e4 = {
	.id = "E4",
	.title = "munmap(): carry the entries, or restore first?",
	.question = "Unmapping could restore exclusive entries before it removes them. Is that cheaper than to carry them through zap?",
	.measured = "munmap() raises one `MMU_NOTIFY_UNMAP` over the mapping; then `zap_pte_range()` meets a swap-type entry and drops its page at once, where a present page goes through the mmu_gather batch. "
		    "Timed is munmap() of a whole mapping, page tables included; in the two other cases with the restore before it, by a CPU read of each page or by the device. Control: present pages, huge pages, and (0) one page that was never touched.",
	.write = write,
};

EXPERIMENT(e4);
