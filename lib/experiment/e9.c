// SPDX-License-Identifier: GPL-2.0-only
/* The three fault protocols: from bench/protocol.c's rows on three backends. */
#include <math.h>

#include "../costs.h"

static const struct cost_case cases[] = {
	{ "E9.fault", "fault, process", "mirror", false, 0 },
	{ "E9.fault", "fault, range", "mirror-range", false, 0 },
	{ "E9.fault", "fault, pin", "mirror-pin", false, 0 },
	{ "E9.touch", "CPU write, process", "mirror", false, 0 },
	{ "E9.touch", "CPU write, range", "mirror-range", false, 0 },
	{ "E9.touch", "CPU write, pin", "mirror-pin", false, 0 },
	{ "E9.discard", "discard, process", "mirror", false, 0 },
	{ "E9.discard", "discard, range", "mirror-range", false, 0 },
	{ "E9.discard", "discard, pin", "mirror-pin", false, 0 },
};

static const struct costs costs = {
	.cases = cases,
	.nr = sizeof(cases) / sizeof(*cases),
	.figure = "e9-protocols",
	.title = "Three ways for a device to have a page",
	.alt = "A device fault, a CPU write to pages that the device holds, and MADV_DONTNEED over them, by fault protocol, against the number of pages.",
};

static double slope(const struct results *r, const char *name, const char *backend)
{
	return rint(costs_slope(r, name, backend));
}

static int write(const struct findings *f)
{
	const struct results *r = findings_run(f);
	const double v[] = {
		slope(r, "E9.fault", "mirror-pin"), slope(r, "E9.fault", "mirror"),
		slope(r, "E9.fault", "mirror-range"), slope(r, "E9.touch", "mirror-pin"),
		slope(r, "E9.touch", "mirror"), slope(r, "E9.discard", "mirror-pin"),
		slope(r, "E9.discard", "mirror"),
	};
	int ret = costs_write(f, &costs);

	if (ret)
		return ret;
	findings_error(f, "E9.");
	if (findings_enough(f, "E9 with backends mirror, mirror-range and mirror-pin", v,
			    sizeof(v) / sizeof(*v)))
		doc_answer(f->doc, "On %s a device fault costs %s %s a page by pinning, %s with a notifier for the process and %s with one a fault; a pinned page is not taken from the CPU, so that the CPU's next write costs %s instead of %s, and discarding it %s instead of %s.",
			   results_line(r), doc_value(v[0], 0),
			   costs_unit(r, "E9.fault", "mirror"), doc_value(v[1], 0),
			   doc_value(v[2], 0), doc_value(v[3], 0), doc_value(v[4], 0),
			   doc_value(v[5], 0), doc_value(v[6], 0));
	return 0;
}

static const struct experiment e9 = {
	.id = "E9",
	.title = "pinning, as i915 does, beside exclusive entries",
	.question = "i915 pins what the GPU uses and synchronises with interval notifiers. What does that cost beside marking pages exclusive?",
	.measured = "The helper's device by three fault protocols: `process`, one interval notifier for the address space (as test_hmm); `range`, one a fault (as nouveau); `pin`, GUP under an interval notifier, the CPU keeping its entry (as i915's userptr). "
		    "Timed: the device gets present pages; the CPU writes to pages that the device holds; MADV_DONTNEED over them. A pinned page keeps the CPU's atomics and the device's apart only if the device's bus does: it buys less.",
	.write = write,
};

EXPERIMENT(e9);
