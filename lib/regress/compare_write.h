/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A comparison as text. Text and Markdown leave out what is the same, unless all is
 * asked for; JSON and JUnit hold every benchmark.
 *
 * JSON: keys in this order, NaN and infinities as null: status (the exit status), mode
 * ("exact" or "statistics"), alpha, threshold, old and new (path, boots,
 * kernel_release), differences, warnings, summary (counts), detectable (statistics),
 * benchmarks in the order of the text, only_old, only_new.
 *
 * JUnit: one testcase a benchmark, its class the family; a regression is a failure, an
 * inconclusive benchmark or one of a single side is skipped.
 */
#ifndef HMMSTORM_REGRESS_COMPARE_WRITE_H
#define HMMSTORM_REGRESS_COMPARE_WRITE_H

#include <stdbool.h>
#include <stdio.h>

#include "compare.h"

void compare_text(FILE *to, const struct compare *c, bool all, bool colour);
void compare_markdown(FILE *to, const struct compare *c, bool all);
void compare_json(FILE *to, const struct compare *c);
void compare_junit(FILE *to, const struct compare *c);

#endif
