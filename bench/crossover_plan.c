// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which cells the crossover study has, and how much of each is run. The amount is
 * the same for every policy: it depends on the arguments alone, by a rough cost of a
 * period if every page changes hands.
 *
 *   measured  as many periods as WORK instructions take, 6 to 300; but so many that
 *             the CPU has its turn at least twice (in passes: reads all pages twice)
 *   warm-up   half of them, at least 12, so that where a batch goes over all pages
 *             each has changed hands more often than the adaptive policy needs to
 *             learn (8);
 *             around 1:1, where pages begin with neither side for certain, also so
 *             many that the device has been at as many words as there are pages
 *
 * A cell that would take more than MOST instructions is skipped, and says so. All
 * pages are the device's to begin with where it comes more often, else the CPU's.
 */
#include <stdio.h>

#include "crossover.h"

#define WORK 2000000.0
#define MOST 150000000.0

/* Rough instructions: a batch, an atomic in it, a page there and back, an access. */
#define PER_BATCH 9000.0
#define PER_ATOMIC 450.0
#define PER_PAGE 8500.0
#define PER_ACCESS 10.0

/* Ratios from least to most, each by times the one before. */
struct line {
	int64_t pages, batch, overlap, least, most, by;
};

/*
 * The plane of ratio and batch at 64 pages, and lines through it over the pages. All
 * of 16,384 pages take seconds to mark, so they have two ratios. While the device
 * works, a CPU that comes ten times as often as it has all pages to itself.
 */
static const struct line lines[] = {
	{ 64, 1, 0, 1, 1000000, 10 },	{ 64, 4, 0, 1, 1000000, 10 },
	{ 64, 16, 0, 1, 1000000, 10 },	{ 64, 64, 0, 1, 1000000, 10 },
	{ 64, 256, 0, 1, 1000000, 10 }, { 64, 1024, 0, 1, 1000000, 10 },
	{ 1, 64, 0, 1, 1000000, 10 },	{ 8, 64, 0, 1, 1000000, 10 },
	{ 1024, 64, 0, 10, 10000, 10 }, { 16384, 64, 0, 10, 10000, 1000 },
	{ 64, 64, 1, 10, 10000, 10 },	{ 64, 1024, 1, 10, 10000, 10 },
};

#define NR_LINES (sizeof(lines) / sizeof(*lines))
#define MOST_RATIOS 7

const int64_t (*crossover_rows(size_t *n))[CBENCH_AXES]
{
	static int64_t rows[NR_LINES * MOST_RATIOS][CBENCH_AXES];
	const struct line *l;
	int64_t ratio;

	*n = 0;
	for (l = lines; l < lines + NR_LINES; l++) {
		for (ratio = l->least; ratio <= l->most; ratio *= l->by) {
			rows[*n][CROSSOVER_PAGES] = l->pages;
			rows[*n][CROSSOVER_RATIO] = ratio;
			rows[*n][CROSSOVER_BATCH] = l->batch;
			rows[*n][CROSSOVER_OVERLAP] = l->overlap;
			++*n;
		}
	}
	return (const int64_t (*)[CBENCH_AXES])rows;
}

static double at_least(double a, double b)
{
	return a > b ? a : b;
}

bool crossover_make_plan(const struct crossover *w, const int64_t *arg,
			 struct crossover_plan *p, char *why, size_t len)
{
	double pages = (double)arg[CROSSOVER_PAGES], batch = (double)arg[CROSSOVER_BATCH];
	double accesses = batch * (double)arg[CROSSOVER_RATIO] / 1000;
	double moved = pages < batch ? pages : batch;
	double period = PER_BATCH + PER_ATOMIC * batch + PER_PAGE * moved +
			PER_ACCESS * accesses;
	double turns = 2 * (w->cpu_in_passes ? pages : 1) / accesses;
	double n = WORK / period, warm_up;

	n = at_least(n > 400 ? 300 : n, at_least(6, turns));
	warm_up = at_least(12, n / 2);
	if (arg[CROSSOVER_RATIO] == 1000)
		warm_up = at_least(warm_up, pages / batch);
	*p = (struct crossover_plan){ .warm_up = (uint64_t)warm_up,
				      .measured = (uint64_t)n + 1,
				      .device_first = arg[CROSSOVER_RATIO] < 1000 };
	if ((n + warm_up) * period <= MOST)
		return true;
	snprintf(why, len, "the CPU's turn comes so seldom that %.0f periods, %.0f million instructions, are needed (limit: %.0f)",
		 n + warm_up, (n + warm_up) * period / 1e6, MOST / 1e6);
	return false;
}
