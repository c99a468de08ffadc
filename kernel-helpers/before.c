// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of ground truth. It is asked for inside notifier callbacks: in reclaim,
 * in the OOM reaper, under folio locks and rmap locks. So nothing here waits or
 * reclaims. Each address space has a reserve, which is used first (it is also the
 * cheapest), then the allocator is asked, and then asked for its own reserve.
 *
 * Records and blocks are of one size, so that one reserve serves both; the last of
 * it is kept for records, which bring a block along.
 */
#include <linux/slab.h>

#include "before.h"

#define ELEMENT_BYTES sizeof(struct hs_before)
/* 256 KiB: 16,384 pages under way at once, if they are neighbours. */
#define RESERVE 256
#define FOR_RECORDS 32

struct spare {
	struct spare *next;
};

/**
 * struct hs_reserve - elements that nobody uses
 * @lock: protects the others; taken in callbacks, with interrupts on or off
 * @first: of them
 * @nr: how many
 */
struct hs_reserve {
	spinlock_t lock; /* the list */
	struct spare *first;
	unsigned int nr;
};

static void free_reserve(struct hs_reserve *r)
{
	struct spare *s;

	if (!r)
		return;
	while ((s = r->first)) {
		r->first = s->next;
		kfree(s);
	}
	kfree(r);
}

static struct hs_reserve *make_reserve(void)
{
	struct hs_reserve *r = kzalloc_obj(*r, GFP_KERNEL_ACCOUNT);
	struct spare *s;

	BUILD_BUG_ON(ELEMENT_BYTES > 1024);
	if (!r)
		return NULL;
	spin_lock_init(&r->lock);
	for (; r->nr < RESERVE; r->nr++) {
		s = kmalloc(ELEMENT_BYTES, GFP_KERNEL_ACCOUNT);
		if (!s) {
			free_reserve(r);
			return NULL;
		}
		s->next = r->first;
		r->first = s;
	}
	return r;
}

int hs_before_reserve(struct hs_mm *hm)
{
	struct hs_reserve *r;

	if (READ_ONCE(hm->reserve))
		return 0;
	r = make_reserve();
	if (!r)
		return -ENOMEM;
	/* two files of one address space may have come so far */
	if (cmpxchg(&hm->reserve, NULL, r))
		free_reserve(r);
	return 0;
}

void hs_before_unreserve(struct hs_mm *hm)
{
	free_reserve(hm->reserve);
}

static void *take(struct hs_mm *hm, unsigned int keep)
{
	struct hs_reserve *r = hm->reserve;
	struct spare *s = NULL;
	unsigned long flags;

	spin_lock_irqsave(&r->lock, flags);
	if (r->nr > keep) {
		s = r->first;
		r->first = s->next;
		r->nr--;
	}
	spin_unlock_irqrestore(&r->lock, flags);
	if (s)
		return s;
	s = kmalloc(ELEMENT_BYTES, GFP_NOWAIT | __GFP_NOWARN);
	return s ?: kmalloc(ELEMENT_BYTES, GFP_ATOMIC | __GFP_NOWARN);
}

static void put(struct hs_mm *hm, void *element)
{
	struct hs_reserve *r = hm->reserve;
	struct spare *s = element;
	unsigned long flags;

	spin_lock_irqsave(&r->lock, flags);
	if (r->nr < RESERVE) {
		s->next = r->first;
		r->first = s;
		r->nr++;
		s = NULL;
	}
	spin_unlock_irqrestore(&r->lock, flags);
	kfree(s);
}

struct hs_before *hs_before_make(struct hs_mm *hm)
{
	struct hs_before *b = take(hm, 0);

	if (!b)
		return NULL;
	/* all but the entries */
	memset(b, 0, offsetof(struct hs_before, block.raw));
	b->hm = hm;
	return b;
}

void hs_before_free(struct hs_before *b)
{
	struct hs_block *block = b->first, *next;

	for (; block; block = next) {
		next = block->next;
		if (block != &b->block)
			put(b->hm, block);
	}
	put(b->hm, b);
}

static struct hs_block *make_block(struct hs_before *b)
{
	struct hs_block *block;

	if (!b->block_used) {
		b->block_used = true;
		return &b->block;
	}
	block = take(b->hm, FOR_RECORDS);
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
