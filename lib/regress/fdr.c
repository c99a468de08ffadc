// SPDX-License-Identifier: GPL-2.0-only
#include <gsl/gsl_sort_double.h>
#include <math.h>
#include <stdlib.h>

#include "../alloc.h"
#include "fdr.h"

void fdr_adjust(const double *p, double *q, size_t n)
{
	size_t *order = must(calloc(n + 1, sizeof(*order))), j;
	double least = 1;

	gsl_sort_index(order, p, 1, n);
	for (j = n; j-- > 0;) {
		least = fmin(least, p[order[j]] * (double)n / (double)(j + 1));
		q[order[j]] = least;
	}
	free(order);
}
