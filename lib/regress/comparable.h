/* SPDX-License-Identifier: GPL-2.0-only */
/* May two sides be compared at all? What env.tsv and vm.tsv tell of either. */
#ifndef HMMSTORM_REGRESS_COMPARABLE_H
#define HMMSTORM_REGRESS_COMPARABLE_H

#include "side.h"

struct difference {
	const char *field;
	const char *old, *new;	/* "-": does not say */
	bool is_decisive;	/* makes the sides incomparable; else it is but told */
};

/* Caller frees the array. Returns how many; decisive ones come first. */
size_t comparable(const struct side *old, const struct side *new, struct difference **list);

/*
 * Were the boots of both sides measured in turn? Known where both lie under a folder with
 * order.tsv (hmmstorm campaign: position, folder): at most two of one side may follow each
 * other, A B A B or A B B A.
 */
enum order { ORDER_UNKNOWN, ORDER_INTERLEAVED, ORDER_NOT };

/* *in_a_row: the most boots of one side, one after the other. */
enum order comparable_order(const struct side *old, const struct side *new, size_t *in_a_row);

#endif
