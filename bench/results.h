/* SPDX-License-Identifier: GPL-2.0-only */
/* Each repetition of a benchmark as rows of the run's folder (lib/record.h). */
#ifndef HMMSTORM_BENCH_RESULTS_H
#define HMMSTORM_BENCH_RESULTS_H

#include <stdbool.h>

#include "cbench.h"

struct record;

/* From here on results_put() writes to r; NULL: it writes nothing.
 * counts_only: no row that is a time.
 */
void results_to(struct record *r, bool counts_only);
/* For struct cbench_host. */
void results_put(const struct cbench_result *c);

#endif
