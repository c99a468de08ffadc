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
 * and two, on each side, the one with the largest sum of squares between the heaps over
 * that within (Engelman and Hartigan 1969) must lie in the widest gap, and that ratio be
 * larger than but one in 1,000 normal samples of this size has it; which is found by
 * drawing them. Fewer than 6 values: never.
 */
bool modes_two(const double *v, size_t n, struct modes *m);

#endif
