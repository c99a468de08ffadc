/* SPDX-License-Identifier: GPL-2.0-only */
/* A cell of the support matrix (E12): what a device gets of a kind of memory. */
#ifndef HMMSTORM_BENCH_CELL_H
#define HMMSTORM_BENCH_CELL_H

#include "memory.h"

struct cell {
	/* 0 or -errno; -EOPNOTSUPP also where the device has no such hook */
	int mark, atomic, read, write;
	long exclusive; /* pages that pagemap saw exclusive after the marking */
	int splat; /* 1: the kernel complained meanwhile; -errno: its log cannot be read */
	char complaint[160];
};

/* Marks m's pages, adds to the first by a device atomic, reads and writes them all
 * through bench_device. When an operation begins and what it returned is recorded at once
 * ("begun_read", "returned_read") under this benchmark's name: a kernel that dies of it
 * leaves the one without the other.
 */
void cell_try(const char *name, const struct memory *m, struct cell *c);

#endif
