// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in batches. A GPU runs thousands of threads: when one faults others
 * soon do, they all stand still, and the driver finds a buffer full of faults,
 * sorts it, serves it, and has everything replayed. Here an engine that misses
 * looks ahead, in its command and in those that wait behind it, for other pages
 * it will miss.
 */
#include <linux/mm.h>
#include <linux/sort.h>

#include "device.h"

#define FAULTS_MAX 256
/* Operations looked at, found or not: bounds the search. */
#define LOOK_MAX 4096

struct buffer {
	struct hs_engine *e;
	unsigned long page[FAULTS_MAX];
	unsigned int nr, room;
	unsigned int looked;
};

static bool is_missing(struct hs_mirror *m, unsigned long addr)
{
	struct hs_slot s;
	bool missing;

	spin_lock(&m->lock);
	missing = !hs_slot_find(m, addr, &s) ||
		  hs_rights(*hs_entry(&s)) < HMMSTORM_RIGHTS_ATOMIC;
	spin_unlock(&m->lock);
	return missing;
}

static void collect_page(struct buffer *b, unsigned long page)
{
	unsigned int i;

	for (i = 0; i < b->nr; i++) {
		if (b->page[i] == page)
			return;
	}
	if (is_missing(b->e->m, page))
		b->page[b->nr++] = page;
}

/* The pages of a command's operations from number i on. */
static void collect(struct buffer *b, const struct hmmstorm_cmd *c, u32 i)
{
	unsigned long page, last = 0;

	for (; i < c->count && b->nr < b->room && b->looked < LOOK_MAX; i++) {
		b->looked++;
		page = (c->addr + (u64)i * c->stride) & PAGE_MASK;
		if (page != last)
			collect_page(b, page);
		last = page;
	}
}

static int by_address(const void *a, const void *b)
{
	const unsigned long *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/**
 * hs_replay_serve - serve the faults that lie ahead
 * @e: the engine
 * @cmd: its command
 * @done: operations of it that are done
 * @work: faults and retries are added
 *
 * One that fails is not reported: its command will meet it again.
 */
void hs_replay_serve(struct hs_engine *e, const struct hmmstorm_cmd *cmd,
		     u32 done, struct hs_work *work)
{
	struct hmmstorm_cmd next;
	struct buffer *b;
	u32 ahead = 0;
	unsigned int i;

	b = kmalloc_obj(*b, GFP_KERNEL);
	if (!b)
		return; /* then one at a time */
	b->e = e;
	b->nr = 0;
	b->looked = 0;
	b->room = e->m->fault_batch;
	collect(b, cmd, done);
	while (b->nr < b->room && b->looked < LOOK_MAX &&
	       hs_engine_peek(e, ahead++, &next))
		collect(b, &next, 0);
	sort(b->page, b->nr, sizeof(*b->page), by_address, NULL);
	for (i = 0; i < b->nr && !READ_ONCE(e->m->closing); i++)
		hs_fault(e, b->page[i], HMMSTORM_RIGHTS_ATOMIC, false, work);
	hs_mirror_count(e->m, HS_MIRROR_REPLAYS);
	kfree(b);
}
