// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device's page table: leaves by address, entries in them, and the lists of
 * pages that were taken from the CPU.
 */
#include <linux/bitfield.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "clock.h"
#include "device.h"

u32 hs_stamp(void)
{
	return hs_clock_ns(0, hs_clock()) >> 10;
}

/* What a leaf takes; the arrays that find it are two words a leaf more. */
#define LEAF_BYTES                                            \
	((long)(sizeof(struct hs_leaf) + 2 * PAGE_SIZE +      \
		HS_LEAF_PAGES * sizeof(u32) + 2 * sizeof(void *)))

static void free_leaf(struct hs_leaf *leaf)
{
	if (!leaf)
		return;
	atomic_long_sub(LEAF_BYTES, &hs_mirror_table);
	free_page((unsigned long)leaf->entry);
	free_page((unsigned long)leaf->link);
	kfree(leaf->stamp);
	kfree(leaf);
}

static struct hs_leaf *make_leaf(unsigned long addr)
{
	struct hs_leaf *leaf = kzalloc_obj(*leaf, GFP_KERNEL_ACCOUNT);

	BUILD_BUG_ON(HS_LEAF_PAGES * sizeof(*leaf->entry) != PAGE_SIZE);
	BUILD_BUG_ON(HS_LEAF_PAGES * sizeof(*leaf->link) != PAGE_SIZE);
	if (!leaf)
		return NULL;
	atomic_long_add(LEAF_BYTES, &hs_mirror_table);
	leaf->base = addr & ~((1UL << HS_LEAF_SHIFT) - 1);
	leaf->entry = (u64 *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	leaf->link = (struct hs_link *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	leaf->stamp = kcalloc(HS_LEAF_PAGES, sizeof(*leaf->stamp),
			      GFP_KERNEL_ACCOUNT);
	if (leaf->entry && leaf->link && leaf->stamp)
		return leaf;
	free_leaf(leaf);
	return NULL;
}

/* Room in m->leaf for one more; readers of it hold m->lock. */
static int grow(struct hs_mirror *m)
{
	u32 room = m->room ? m->room * 2 : 16;
	struct hs_leaf **old = m->leaf, **new;

	if (m->nr_leaves < m->room)
		return 0;
	if (room > HS_NO_PAGE >> HS_LEAF_BITS)
		return -ENOSPC;
	new = kvcalloc(room, sizeof(struct hs_leaf *), GFP_KERNEL_ACCOUNT);
	if (!new)
		return -ENOMEM;
	spin_lock(&m->lock);
	if (old)
		memcpy(new, old, array_size(m->nr_leaves, sizeof(struct hs_leaf *)));
	m->leaf = new;
	m->room = room;
	spin_unlock(&m->lock);
	kvfree(old);
	return 0;
}

static int add_leaf(struct hs_mirror *m, unsigned long addr)
{
	struct hs_leaf *leaf;
	int ret = grow(m);

	if (ret)
		return ret;
	leaf = make_leaf(addr);
	if (!leaf)
		return -ENOMEM;
	leaf->id = m->nr_leaves;
	spin_lock(&m->lock);
	m->leaf[m->nr_leaves++] = leaf;
	spin_unlock(&m->lock);
	/* from here on found; a leaf that cannot be is freed with the others */
	return xa_err(xa_store(&m->leaves, addr >> HS_LEAF_SHIFT, leaf,
			       GFP_KERNEL_ACCOUNT));
}

/**
 * hs_table_reserve - make room for an entry; may sleep
 * @m: the context
 * @addr: of the page
 * @s: filled in
 *
 * Return: 0, -ENOMEM or -ENOSPC.
 */
int hs_table_reserve(struct hs_mirror *m, unsigned long addr, struct hs_slot *s)
{
	int ret = 0;

	if (hs_slot_find(m, addr, s))
		return 0;
	mutex_lock(&m->grow);
	if (!hs_slot_find(m, addr, s))
		ret = add_leaf(m, addr);
	mutex_unlock(&m->grow);
	if (!ret)
		hs_slot_find(m, addr, s);
	return ret;
}

/* hs_table_free - the context ends; nothing is mapped any more. */
void hs_table_free(struct hs_mirror *m)
{
	u32 i;

	for (i = 0; i < m->nr_leaves; i++)
		free_leaf(m->leaf[i]);
	kvfree(m->leaf);
	xa_destroy(&m->leaves);
}

static struct hs_link *link_of(struct hs_mirror *m, u32 id)
{
	return &m->leaf[id >> HS_LEAF_BITS]->link[id & (HS_LEAF_PAGES - 1)];
}

static void link_last(struct hs_mirror *m, struct hs_list *l, u32 id)
{
	struct hs_link *link = link_of(m, id);

	link->prev = l->last;
	link->next = HS_NO_PAGE;
	if (l->last == HS_NO_PAGE)
		l->first = id;
	else
		link_of(m, l->last)->next = id;
	l->last = id;
}

static void link_first(struct hs_mirror *m, struct hs_list *l, u32 id)
{
	struct hs_link *link = link_of(m, id);

	link->prev = HS_NO_PAGE;
	link->next = l->first;
	if (l->first == HS_NO_PAGE)
		l->last = id;
	else
		link_of(m, l->first)->prev = id;
	l->first = id;
}

/* Adaptive: what goes back at the batch's end is found at the head. */
static bool goes_back(const struct hs_mirror *m, const struct hs_slot *s)
{
	return READ_ONCE(m->policy.kind) == HMMSTORM_POLICY_ADAPTIVE &&
	       FIELD_GET(HS_ENTRY_SCORE, *hs_entry(s)) >= HS_SCORE_RESTORE;
}

static void list_page(struct hs_mirror *m, const struct hs_slot *s,
		      unsigned int engine)
{
	u32 id = s->leaf->id << HS_LEAF_BITS | s->i;

	if (goes_back(m, s))
		link_first(m, &m->list[engine], id);
	else
		link_last(m, &m->list[engine], id);
	*hs_entry(s) &= ~HS_ENTRY_ENGINE;
	*hs_entry(s) |= HS_ENTRY_LISTED | FIELD_PREP(HS_ENTRY_ENGINE, engine);
	m->held++;
}

static void unlist_page(struct hs_mirror *m, const struct hs_slot *s)
{
	struct hs_list *l = &m->list[FIELD_GET(HS_ENTRY_ENGINE, *hs_entry(s))];
	struct hs_link *link = &s->leaf->link[s->i];

	if (link->prev == HS_NO_PAGE)
		l->first = link->next;
	else
		link_of(m, link->prev)->next = link->next;
	if (link->next == HS_NO_PAGE)
		l->last = link->prev;
	else
		link_of(m, link->next)->prev = link->prev;
	*hs_entry(s) &= ~HS_ENTRY_LISTED;
	m->held--;
}

/**
 * hs_table_unmap - take a page from the device
 * @m: the context
 * @s: the page
 *
 * Return: the entry as it was; give it to hs_unpin() once m->lock is released.
 */
u64 hs_table_unmap(struct hs_mirror *m, const struct hs_slot *s)
{
	u64 old = *hs_entry(s);

	if (!hs_rights(old))
		return 0;
	if (old & HS_ENTRY_LISTED)
		unlist_page(m, s);
	*hs_entry(s) &= HS_ENTRY_SCORE;
	/*
	 * An exclusive entry is clean by definition: the device says here what
	 * it wrote. The page is anonymous, so this sets a bit and no more.
	 */
	if (hs_is_exclusive(old))
		set_page_dirty(pfn_to_page(hs_pfn(old)));
	atomic_long_dec(&hs_mirror_pages);
	return old;
}

/* Five bits of it: after 32 batches a page looks as if it had just been got. */
static u64 batch_of(struct hs_mirror *m, unsigned int engine)
{
	return READ_ONCE(m->engine[engine].batches) & FIELD_MAX(HS_ENTRY_BATCH);
}

/**
 * hs_table_map - give a page to the device
 * @m: the context
 * @s: the page
 * @engine: who asked
 * @entry: rights, frame, and HS_ENTRY_PINNED
 *
 * Return: the entry as it was, for hs_unpin().
 */
u64 hs_table_map(struct hs_mirror *m, const struct hs_slot *s,
		 unsigned int engine, u64 entry)
{
	u64 old = hs_table_unmap(m, s);

	*hs_entry(s) = (*hs_entry(s) & HS_ENTRY_SCORE) | entry |
		       FIELD_PREP(HS_ENTRY_BATCH, batch_of(m, engine));
	s->leaf->stamp[s->i] = hs_stamp();
	if (hs_rights(entry) == HMMSTORM_RIGHTS_ATOMIC)
		list_page(m, s, engine);
	atomic_long_inc(&hs_mirror_pages);
	return old;
}

/* hs_table_touch - the device has used a listed page: now the last of the list. */
void hs_table_touch(struct hs_mirror *m, const struct hs_slot *s,
		    unsigned int engine)
{
	s->leaf->stamp[s->i] = hs_stamp();
	if (!(*hs_entry(s) & HS_ENTRY_LISTED))
		return;
	unlist_page(m, s);
	list_page(m, s, engine);
}

/* hs_table_score - adaptive: who came next for a page that the device had? */
void hs_table_score(const struct hs_slot *s, bool cpu_next)
{
	u64 score = FIELD_GET(HS_ENTRY_SCORE, *hs_entry(s)) + 1;

	*hs_entry(s) &= ~HS_ENTRY_SCORE;
	if (cpu_next)
		*hs_entry(s) |= FIELD_PREP(HS_ENTRY_SCORE,
					   min_t(u64, score, HS_SCORE_RESTORE));
}

void hs_unpin(u64 entry)
{
	if (!(entry & HS_ENTRY_PINNED))
		return;
	unpin_user_page(pfn_to_page(hs_pfn(entry)));
	atomic_long_dec(&hs_mirror_pins);
}

/*
 * hs_table_batches - how many batches its engine has ended since it got this entry's
 * page, modulo 32; 0: the batch is under way.
 */
u64 hs_table_batches(struct hs_mirror *m, u64 entry)
{
	u64 now = batch_of(m, FIELD_GET(HS_ENTRY_ENGINE, entry));

	return (now - FIELD_GET(HS_ENTRY_BATCH, entry)) & FIELD_MAX(HS_ENTRY_BATCH);
}

/* Pages unpinned at once: unpinning may free them, not for under a spinlock. */
#define PIN_BATCH 32

/*
 * A CPU has come for a page. In the pause after the batch in which the device got it:
 * a restore at that batch's end would have been right. Later, the device has had the
 * page for more batches, and most likely used it. During that very batch: says
 * nothing, a restore at its end would have been too late.
 */
static void score_loss(struct hs_mirror *m, const struct hs_slot *s, u64 old)
{
	u64 age = hs_table_batches(m, old);

	if (age)
		hs_table_score(s, age == 1);
}

/* From page *i of the leaf up to last; false: called again for the rest. */
static bool drop_some(struct hs_mirror *m, struct hs_slot *s, unsigned int last,
		      bool by_cpu)
{
	u64 pinned[PIN_BATCH], old;
	unsigned int n = 0, dropped = 0, i;

	spin_lock(&m->lock);
	for (; s->i <= last && n < PIN_BATCH; s->i++) {
		old = hs_table_unmap(m, s);
		if (!old)
			continue;
		dropped++;
		if (by_cpu && old & HS_ENTRY_LISTED)
			score_loss(m, s, old);
		else if (hs_is_exclusive(old))
			*hs_entry(s) |= HS_ENTRY_LEFT;
		if (old & HS_ENTRY_PINNED)
			pinned[n++] = old;
	}
	spin_unlock(&m->lock);
	for (i = 0; i < n; i++)
		hs_unpin(pinned[i]);
	if (dropped)
		hs_mirror_add(m, HS_MIRROR_DROPPED, dropped);
	return s->i > last;
}

/**
 * hs_table_drop - an invalidation: the device gives way; without m->lock
 * @m: the context
 * @start: first address
 * @end: behind the last
 * @by_cpu: a CPU wants the page back: history for the adaptive policy
 *
 * The lock is released between leaves. Nothing new can be mapped there
 * meanwhile: the sequence has been set and stays odd until the invalidation ends.
 */
void hs_table_drop(struct hs_mirror *m, unsigned long start, unsigned long end,
		   bool by_cpu)
{
	unsigned long last = (end - 1) >> PAGE_SHIFT, first = start >> PAGE_SHIFT;
	unsigned long index;
	struct hs_slot s;

	xa_for_each_range(&m->leaves, index, s.leaf, first >> HS_LEAF_BITS,
			  last >> HS_LEAF_BITS) {
		unsigned long base = index << HS_LEAF_BITS;
		unsigned int stop = min(last - base, HS_LEAF_PAGES - 1UL);

		s.i = first > base ? first - base : 0;
		while (!drop_some(m, &s, stop, by_cpu))
			;
	}
}
