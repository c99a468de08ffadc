/* SPDX-License-Identifier: GPL-2.0-only */
/* The two ways to judge, for compare.c. Rows come with their sides' benchmarks alone. */
#ifndef HMMSTORM_REGRESS_COMPARE_JUDGE_H
#define HMMSTORM_REGRESS_COMPARE_JUDGE_H

#include "compare.h"

void judge_exact(struct compare *c, const struct compare_options *o);
void judge_statistics(struct compare *c);
__attribute__((format(printf, 2, 3)))
void compare_warn(struct compare *c, const char *fmt, ...);

#endif
