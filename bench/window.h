/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells the emulator where an operation begins and ends, for hmmstorm vm --functions; the
 * marks themselves are in lib/window.h.
 */
#ifndef HMMSTORM_BENCH_WINDOW_H
#define HMMSTORM_BENCH_WINDOW_H

#include <stdint.h>

#include "../lib/window.h"

/* Where a run that wants windows (HMMSTORM_WINDOWS) writes what they are of. */
void window_open(const char *dir);
/* The benchmark that WINDOW_CASE announces, in the order of the marks, to
 * DIR/cases.tsv: the identity's columns of lib/record.h. -errno.
 */
int window_case(const char *name, uint64_t pages, unsigned int workers);
/* What the addresses mean: the text symbols of /proc/kallsyms, to DIR/symbols.tsv (address,
 * name, module), while the modules are there. -errno.
 */
int window_symbols(void);

#endif
