// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of ground truth. It is asked for inside notifier callbacks: in reclaim,
 * in the OOM reaper, under folio locks and rmap locks. So nothing here waits or
 * reclaims; what the allocator does not give at once comes from a reserve of the
 * address space, and then from the allocator's own (GFP_ATOMIC).
 *
 * Records and blocks are of one size, so that one reserve serves both; the last of
 * it is kept for records, which bring a block along.
 */
#include <linux/mempool.h>
#include <linux/slab.h>

#include "before.h"

#define ELEMENT_BYTES sizeof(struct hs_before)
/* 256 KiB: 16,384 pages under way at once, if they are neighbours. */
#define RESERVE 256
#define FOR_RECORDS 32

int hs_before_reserve(struct hs_mm *hm)
{
	mempool_t *pool;

	if (READ_ONCE(hm->reserve))
		return 0;
	pool = mempool_create_kmalloc_pool(RESERVE, ELEMENT_BYTES);
	if (!pool)
		return -ENOMEM;
	if (cmpxchg(&hm->reserve, NULL, pool))
		mempool_destroy(pool);
	return 0;
}

void hs_before_unreserve(struct hs_mm *hm)
{
	mempool_destroy(hm->reserve);
}

static void *element(struct hs_mm *hm, int keep)
{
	void *e = kmalloc(ELEMENT_BYTES, GFP_NOWAIT | __GFP_NOWARN);

	if (likely(e))
		return e;
	if (READ_ONCE(hm->reserve->curr_nr) > keep)
		e = mempool_alloc(hm->reserve, GFP_NOWAIT);
	return e ?: kmalloc(ELEMENT_BYTES, GFP_ATOMIC | __GFP_NOWARN);
}

struct hs_before *hs_before_make(struct hs_mm *hm)
{
	struct hs_before *b = element(hm, 0);

	BUILD_BUG_ON(ELEMENT_BYTES > 1024);
	if (!b)
		return NULL;
	/* all but the entries */
	memset(b, 0, offsetof(struct hs_before, block.raw));
	b->hm = hm;
	return b;
}

void hs_before_free(struct hs_before *b)
{
	mempool_t *reserve = b->hm->reserve;
	struct hs_block *block = b->first, *next;

	for (; block; block = next) {
		next = block->next;
		if (block != &b->block)
			mempool_free(block, reserve);
	}
	mempool_free(b, reserve);
}

static struct hs_block *make_block(struct hs_before *b)
{
	struct hs_block *block;

	if (!b->block_used) {
		b->block_used = true;
		return &b->block;
	}
	block = element(b->hm, FOR_RECORDS);
	if (block)
		memset(block, 0, offsetof(struct hs_block, raw));
	else
		b->lost = true;
	return block;
}

/*
 * Blocks are asked for by rising address, once a device context and once an
 * overlapping invalidation: from the one used last, it is never far.
 */
struct hs_block *hs_before_block(struct hs_before *b, unsigned long addr)
{
	unsigned long base = addr & -HS_BLOCK_BYTES;
	struct hs_block **place = &b->first, *new;

	if (b->last && b->last->base <= base) {
		if (b->last->base == base)
			return b->last;
		place = &b->last->next;
	}
	while (*place && (*place)->base < base)
		place = &(*place)->next;
	if (!*place || (*place)->base != base) {
		new = make_block(b);
		if (!new)
			return NULL;
		new->base = base;
		new->next = *place;
		*place = new;
	}
	b->last = *place;
	return b->last;
}
