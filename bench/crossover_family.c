// SPDX-License-Identifier: GPL-2.0-only
/* Family E8: a benchmark a workload of the crossover study, a run of it a cell. */
#include <stdlib.h>

#include "../lib/backend.h"
#include "crossover.h"

static void add_workloads(void)
{
	struct cbench *b = calloc(crossover_nr, sizeof(*b));
	size_t nr_rows, i;
	const int64_t (*rows)[CBENCH_AXES] = crossover_rows(&nr_rows);

	for (i = 0; b && i < crossover_nr; i++) {
		b[i] = (struct cbench){ .name = crossovers[i].name,
					.desc = crossovers[i].desc,
					.needs = CAP_EXCLUSIVE | CAP_BATCH,
					.axes = { { .name = "pages" }, { .name = "ratio" },
						  { .name = "batch" }, { .name = "overlap" } },
					.rows = rows,
					.nr_rows = nr_rows,
					.iterations = 1,
					.time = CBENCH_MANUAL_TIME,
					.run = crossover_run,
					.data = &crossovers[i] };
		cbench_add(&b[i]);
	}
}

CBENCH_ADD(add_workloads)
