// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E8): lazy, eager, deferred, hold or adaptive restore: which is cheapest,
 * for whom, and where do they cross?
 * Five ways to share memory with a device, as programs do it; the policy is
 * --policy's. What a cell is and how it is timed: crossover.h, crossover.c.
 */
#include <stdlib.h>

#include "../lib/backend.h"
#include "crossover.h"

static size_t word_of(size_t page, size_t word)
{
	return page * CROSSOVER_WORDS + word;
}

static size_t any_word(struct rng *r, size_t pages)
{
	return (size_t)rng_below(r, pages * CROSSOVER_WORDS);
}

/* lock: each side takes one lock after the other, all on pages of their own. */
static size_t next_lock_device(struct crossover_at *at)
{
	return word_of(at->nr_device % at->pages, 0);
}

static size_t next_lock_cpu(struct crossover_at *at)
{
	return word_of(at->nr_cpu % at->pages, 0);
}

/* histogram: the device adds to any bin, the CPU reads every page. */
static size_t any_bin(struct crossover_at *at)
{
	return any_word(&at->device, at->pages);
}

/* queue: a queue a page, head and tail on it; who produces takes turns. */
static size_t queue_device(struct crossover_at *at)
{
	return word_of(at->period % at->pages, at->period / at->pages & 1);
}

static size_t queue_cpu(struct crossover_at *at)
{
	return word_of(at->period % at->pages, !(at->period / at->pages & 1));
}

/* graph: both go anywhere. */
static size_t any_node_cpu(struct crossover_at *at)
{
	return any_word(&at->cpu, at->pages);
}

/* fork: an allocator's metadata, half of the use on an eighth of the pages. */
static size_t skewed(struct rng *r, size_t pages)
{
	size_t hot = pages >= 8 && rng_next(r) & 1 ? pages / 8 : pages;

	return any_word(r, hot);
}

static size_t arena_device(struct crossover_at *at)
{
	return skewed(&at->device, at->pages);
}

static size_t arena_cpu(struct crossover_at *at)
{
	return skewed(&at->cpu, at->pages);
}

const struct crossover crossovers[] = {
	{ "E8.lock", "crossover: locks that CPU and device take in turn",
	  next_lock_device, next_lock_cpu, false, false, 0 },
	{ "E8.histogram", "crossover: the device counts in bins, the CPU reads them all",
	  any_bin, next_lock_cpu, true, true, 0 },
	{ "E8.queue", "crossover: work queues, head and tail on one page",
	  queue_device, queue_cpu, false, false, 0 },
	{ "E8.graph", "crossover: random access by both", any_bin, any_node_cpu, false, false, 0 },
	{ "E8.fork", "crossover: an allocator in a process that forks now and then",
	  arena_device, arena_cpu, false, false, 8 },
};
const size_t crossover_nr = sizeof(crossovers) / sizeof(*crossovers);
