/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HMMSTORM_REGRESS_MODES_H
#define HMMSTORM_REGRESS_MODES_H

#include <stdbool.h>
#include <stddef.h>

struct modes {
	double low, high;	/* their means */
	size_t nr_low;		/* values in the lower one */
};

/*
 * Do the values stand in two heaps? Of all cuts in two that leave a fifth of the values,
 * and two, on each side, the best, by the sum of squares between the heaps over that
 * within (Engelman and Hartigan 1969), must have a larger ratio than but one in 1,000
 * normal samples of this size has; which is found by drawing them. Skewed values pass
 * more often, about one in 50 of a lognormal. Fewer than 6 values: never.
 */
bool modes_two(const double *v, size_t n, struct modes *m);

#endif
