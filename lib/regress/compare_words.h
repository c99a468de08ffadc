/* SPDX-License-Identifier: GPL-2.0-only */
/* The words and numbers that the outputs of a comparison share. Caller frees each. */
#ifndef HMMSTORM_REGRESS_COMPARE_WORDS_H
#define HMMSTORM_REGRESS_COMPARE_WORDS_H

#include "compare.h"

/* "+12.31%"; "from 0" where there is no share. */
char *words_change(double share);
/* "482651", or with one digit behind the point. */
char *words_value(double value);
char *words_difference(const struct compare *c, const struct compare_row *r);
/* What a reader needs beside the numbers to believe the verdict. */
char *words_remark(const struct compare *c, const struct compare_row *r);
/* "tests/old: 5 boots, kernel 6.12.117" */
char *words_side(const struct side *s);
char *words_mode(const struct compare *c);
/* "117 compared, 3 slower, ..." */
char *words_summary(const struct compare *c);
/* NULL: exact mode, where there is no such size. */
char *words_detectable(const struct compare *c);

#endif
