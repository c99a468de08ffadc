/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HMMSTORM_REGRESS_FDR_H
#define HMMSTORM_REGRESS_FDR_H

#include <stddef.h>

/*
 * Benjamini and Hochberg 1995: q[i] is the least false discovery rate at which the i-th
 * of n tests is still rejected: the least of p(j) * n / j over all ranks j from its own.
 */
void fdr_adjust(const double *p, double *q, size_t n);

#endif
