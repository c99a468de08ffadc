// SPDX-License-Identifier: GPL-2.0-only
/* Pages that change their frame: between nodes, by compaction, by NUMA balancing. */
#include <numaif.h>

#include "../clock.h"
#include "../knob.h"
#include "calls.h"

#define BALANCING "/proc/sys/kernel/numa_balancing"
#define SCAN_NS 4000000000ULL /* four times the shortest period between two scans */

/* The node that the memory is not on; of an exclusive page the kernel says -ENOENT. */
static int other_node(const struct call_run *c)
{
	int at = 0;

	if (move_pages(0, 1, (void *[]){ c->mem }, NULL, &at, 0))
		return -errno;
	return !at;
}

int place_move_pages(struct call_run *c)
{
	int nodes[NPAGES], at[NPAGES], other = other_node(c);
	void *pages[NPAGES];
	size_t i;

	if (other < 0)
		return other;
	for (i = 0; i < NPAGES; i++) {
		pages[i] = c->mem + i * PAGE;
		nodes[i] = other;
	}
	return status(move_pages(0, NPAGES, pages, nodes, at, MPOL_MF_MOVE));
}

int place_mbind(struct call_run *c)
{
	int other = other_node(c);
	unsigned long mask = 1UL << other;

	return other < 0 ? other :
		status(mbind(c->mem, c->bytes, MPOL_BIND, &mask, 8 * sizeof(mask),
			     MPOL_MF_MOVE));
}

int place_migrate(struct call_run *c)
{
	int other = other_node(c);
	unsigned long from = 1UL << !other, to = 1UL << other;

	return other < 0 ? other : status(migrate_pages(0, 8 * sizeof(from), &from, &to));
}

int place_compact(struct call_run *c)
{
	(void)c;
	return knob_write("/proc/sys/vm/compact_memory", "1");
}

/* task_numa_work() runs as the task returns from the tick that made it due: so the task
 * is kept busy, and does not touch the pages.
 */
int place_balance(struct call_run *c)
{
	uint64_t end = clock_ns() + SCAN_NS;
	int ret = knob_write(BALANCING, "1");

	(void)c;
	if (ret)
		return -EOPNOTSUPP;
	while (clock_ns() < end)
		;
	return knob_write(BALANCING, "0");
}
