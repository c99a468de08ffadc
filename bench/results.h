/* SPDX-License-Identifier: GPL-2.0-only */
/* Each repetition of a benchmark as rows of the run's folder (lib/record.h). */
#ifndef HMMSTORM_BENCH_RESULTS_H
#define HMMSTORM_BENCH_RESULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cbench.h"

struct record;

/* From here on results_put() writes to r; NULL: it writes nothing.
 * counts_only: no row that is a time.
 */
void results_to(struct record *r, bool counts_only);
/* A row of a benchmark that may not live to its end: at once, with only its name. */
void results_note(const char *name, const char *metric, const char *unit, uint64_t value);
/* The column "case" of a benchmark with these arguments ("E10.fault/notifiers:100"); returns
 * its column "pages", which is no part of the name.
 */
uint64_t results_name(char *name, size_t len, const char *base, const struct cbench_value *args,
		      size_t nr_args);
/* For struct cbench_host. */
void results_put(const struct cbench_result *c);

#endif
