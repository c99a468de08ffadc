// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ground truth: did an invalidation change anything that a device would notice?
 *
 * When one begins, the entries of all pages of its range that a device maps are
 * written down; when it ends they are read again. A page had to be given up if
 * what the device does with it is no longer what the CPU's table allows: another
 * frame or none, no longer writable (device writes), no longer exclusive (device
 * atomics), exclusive now (for another device). METHODOLOGY.md has the rules.
 * Only losses count: a fault that fills an entry meanwhile raises no
 * invalidation, so it is not one's effect.
 *
 * Accessed and dirty bits that appear are the hardware's doing at any time, and
 * no change; bits that vanish are one.
 *
 * Nested and overlapping invalidations have a record each. The pages that an
 * invalidation under way has taken from the device still count as mapped for one
 * that begins within it, as long as the CPU's table still allows them: the device
 * would have had them, had the outer one not been raised. A change made while
 * two of them are open is seen by both.
 */
#include <linux/bitops.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#include "before.h"
#include "clock.h"
#include "device.h"
#include "pte.h"
#include "truth.h"

DEFINE_STATIC_KEY_DEFERRED_FALSE(hs_truth_on, HS_LINGER);
static DEFINE_MUTEX(truth_switch); /* two threads may switch one mm's */

/* What the comparison found. */
struct verdict {
	unsigned long pages, changed, given_up;
	bool split, collapsed;
	/* the mapping looked at last; mmap_lock is held by the invalidator */
	const struct vm_area_struct *vma;
};

/* Pages of a block that are about to be written down. */
struct notes {
	u64 mapped, write, atomic;
};

static __always_inline void note(struct notes *n, u64 bit,
				 enum hmmstorm_rights rights)
{
	n->mapped |= bit;
	if (rights >= HMMSTORM_RIGHTS_WRITE)
		n->write |= bit;
	if (rights == HMMSTORM_RIGHTS_ATOMIC)
		n->atomic |= bit;
}

/* To what is there of another device, or of another invalidation. */
static void add_notes(struct hs_block *block, const struct notes *n,
		      const struct hs_walk *w)
{
	block->mapped |= n->mapped;
	block->write |= n->write;
	block->atomic |= n->atomic;
	if (hs_walk_huge(w))
		block->huge |= n->mapped;
	else
		block->huge &= ~n->mapped;
}

static unsigned int block_index(unsigned long addr)
{
	return (addr >> PAGE_SHIFT) % HS_BLOCK_PAGES;
}

/* A pinned page is never more than written: the CPU has it too. */
#define RIGHTS_MASK (HS_ENTRY_RIGHTS | HS_ENTRY_PINNED)

/* Rights are bits: what is more than reading has the one of writing. */
static_assert((HMMSTORM_RIGHTS_ATOMIC & HMMSTORM_RIGHTS_WRITE) &&
	      !(HMMSTORM_RIGHTS_READ & HMMSTORM_RIGHTS_WRITE));

/* Some pages have rights that others have not: what each has. */
static void note_rights(const u64 *entry, unsigned int nr, u64 bit,
			struct notes *n)
{
	for (; nr; nr--, entry++, bit <<= 1) {
		if (*entry & HMMSTORM_RIGHTS_WRITE)
			n->write |= bit;
		if (hs_is_exclusive(*entry))
			n->atomic |= bit;
	}
}

/* nr pages of a leaf, which are of one block; the first is mapped. */
static void note_mapped(struct hs_before *b, const u64 *entry, unsigned int nr,
			unsigned long addr)
{
	u64 bit = BIT_ULL(block_index(addr)), any = 0, all = ~0ULL, mapped = 0;
	unsigned int step, i;
	struct hs_block *block;
	struct notes n = {};
	unsigned long flags;
	struct hs_walk w;
	const u64 *cpu;
	u64 *raw;

	block = hs_before_block(b, addr);
	if (!block)
		return;
	raw = &block->raw[block_index(addr)];
	local_irq_save(flags);
	hs_walk(b->hm->mm, addr, &w);
	cpu = hs_walk_array(&w, addr, &step);
	for (i = 0; i < nr; i++, cpu += step, raw++, bit <<= 1) {
		if (!(entry[i] & HS_ENTRY_RIGHTS))
			continue;
		*raw = READ_ONCE(*cpu);
		mapped |= bit;
		any |= entry[i];
		all &= entry[i];
	}
	local_irq_restore(flags);
	n.mapped = mapped;
	if ((any ^ all) & RIGHTS_MASK)
		note_rights(entry, nr, BIT_ULL(block_index(addr)), &n);
	else if (any & HMMSTORM_RIGHTS_WRITE)
		n.write = mapped;
	if (hs_is_exclusive(all) && !((any ^ all) & RIGHTS_MASK))
		n.atomic = mapped;
	add_notes(block, &n, &w);
}

static void add_leaf(const struct hs_mapped *leaf, void *data)
{
	unsigned int i, last;

	for (i = leaf->first; i <= leaf->last; i = last + 1) {
		last = min(leaf->last, i | (HS_BLOCK_PAGES - 1));
		while (i <= last && !hs_rights(leaf->entry[i]))
			i++;
		if (i <= last)
			note_mapped(data, leaf->entry + i, last - i + 1,
				    leaf->base + ((unsigned long)i << PAGE_SHIFT));
	}
}

static enum hmmstorm_rights cpu_rights(const struct hs_pte *pte)
{
	if (pte->exclusive)
		return HMMSTORM_RIGHTS_ATOMIC;
	if (!pte->present)
		return HMMSTORM_RIGHTS_NONE;
	return pte->writable ? HMMSTORM_RIGHTS_WRITE : HMMSTORM_RIGHTS_READ;
}

/* From addr on, within a block; interrupts are off. */
static void note_present(struct hs_before *b, const struct hs_walk *w,
			 unsigned long addr, unsigned int nr)
{
	u64 bit = BIT_ULL(block_index(addr)), raw, plain, present = 0;
	enum hmmstorm_rights rights;
	struct hs_block *block;
	struct notes n = {};
	struct hs_pte pte;
	unsigned int step, i;
	const u64 *cpu = hs_walk_array(w, addr, &step);
	u64 write = 0, *to;

	block = hs_before_block(b, addr);
	if (!block)
		return;
	plain = step ? _PAGE_PRESENT : 0;
	to = &block->raw[block_index(addr)];
	for (i = 0; i < nr; i++, to++, bit <<= 1, cpu += step) {
		raw = READ_ONCE(*cpu);
		*to = raw;
		if (!raw)
			continue;
		/* most are present PTEs: no need to take them apart */
		if (likely(raw & plain)) {
			present |= bit;
			if (raw & _PAGE_RW)
				write |= bit;
			continue;
		}
		pte = hs_pte_decode(raw, addr + i * PAGE_SIZE, w->shift);
		rights = cpu_rights(&pte);
		if (rights)
			note(&n, bit, rights);
	}
	n.mapped |= present;
	n.write |= write;
	add_notes(block, &n, w);
}

/* As if a device mapped all that the CPU does. */
static void add_cpu(struct hs_before *b)
{
	unsigned long addr, next, end = min(b->end, b->hm->limit), flags;
	struct hs_walk w;

	for (addr = b->start; addr < end; addr = next) {
		local_irq_save(flags);
		hs_walk(b->hm->mm, addr, &w);
		next = min(end, w.end);
		if (w.table || w.raw) {
			next = min(next, (addr & -HS_BLOCK_BYTES) + HS_BLOCK_BYTES);
			note_present(b, &w, addr, (next - addr) >> PAGE_SHIFT);
		}
		local_irq_restore(flags);
	}
}

/* With these entries before and after: may the device no longer do what it did? */
static bool is_lost(const struct hs_pte *old, const struct hs_pte *now,
		    enum hmmstorm_rights rights)
{
	if (now->pfn != old->pfn)
		return true;
	if (now->exclusive) {
		if (!old->exclusive)
			return true;
		/* somebody waits for the next write, and would not hear of it */
		return rights != HMMSTORM_RIGHTS_READ &&
		       ((now->untracked && !old->untracked) ||
			(old->soft_dirty && !now->soft_dirty));
	}
	if (!now->present || rights == HMMSTORM_RIGHTS_ATOMIC)
		return true;
	return rights == HMMSTORM_RIGHTS_WRITE && !now->writable;
}

static enum hmmstorm_rights block_rights(const struct hs_block *block, u64 bit)
{
	if (block->atomic & bit)
		return HMMSTORM_RIGHTS_ATOMIC;
	return block->write & bit ? HMMSTORM_RIGHTS_WRITE : HMMSTORM_RIGHTS_READ;
}

static unsigned long page_addr(const struct hs_block *block, unsigned int i)
{
	return block->base + ((unsigned long)i << PAGE_SHIFT);
}

static unsigned int block_shift(const struct hs_block *block, u64 bit)
{
	return block->huge & bit ? PMD_SHIFT : PAGE_SHIFT;
}

static void take_block(struct hs_before *b, const struct hs_block *from,
		       unsigned int i, unsigned int last)
{
	unsigned long addr, flags;
	struct hs_block *block;
	struct hs_pte old, now;
	struct notes n = {};
	struct hs_walk w;
	u64 bit;

	block = hs_before_block(b, from->base);
	if (!block)
		return;
	local_irq_save(flags);
	hs_walk(b->hm->mm, from->base, &w);
	for (; i <= last; i++) {
		bit = BIT_ULL(i);
		if (!(from->mapped & bit))
			continue;
		addr = page_addr(from, i);
		old = hs_pte_decode(from->raw[i], addr, block_shift(from, bit));
		now = hs_pte_decode(hs_walk_raw(&w, addr), addr, w.shift);
		if (is_lost(&old, &now, block_rights(from, bit)))
			continue;
		note(&n, bit, block_rights(from, bit));
		block->raw[i] = now.raw;
	}
	local_irq_restore(flags);
	add_notes(block, &n, &w);
}

/* What others under way have taken from the device; with the lock. */
static void add_taken(struct hs_before *b)
{
	const struct hs_before *other;
	const struct hs_block *from;
	unsigned int i, last;

	list_for_each_entry(other, &b->hm->records, node) {
		if (other->start >= b->end || other->end <= b->start ||
		    other->kind != HMMSTORM_TRUTH_MIRROR)
			continue;
		b->lost |= other->lost;
		for (from = other->first; from; from = from->next) {
			if (from->base >= b->end ||
			    from->base + HS_BLOCK_BYTES <= b->start)
				continue;
			i = from->base < b->start ? block_index(b->start) : 0;
			last = b->end - from->base < HS_BLOCK_BYTES ?
				block_index(b->end - 1) : HS_BLOCK_PAGES - 1;
			take_block(b, from, i, last);
		}
	}
}

/*
 * Marking for a device does not concern what that device has there itself.
 * Other events leave range->owner as it was on the stack.
 */
static const void *owner_of(const struct mmu_notifier_range *range)
{
	return range->event == MMU_NOTIFY_EXCLUSIVE ? range->owner : NULL;
}

/* A bit of the hardware's that was not set and now is, is no change. */
static bool is_changed(const struct hs_pte *old, const struct hs_pte *now)
{
	u64 appears = now->raw & ~old->raw & HS_PTE_HARDWARE;

	if (now->huge != old->huge)
		return true;
	if (now->present && appears)
		return (now->raw & ~appears) != old->raw;
	return now->raw != old->raw;
}

/*
 * mprotect() leaves an exclusive entry as it is, since 6.15 to the last bit, and
 * the kernel asks the mapping when it restores it. So must we. All who raise this
 * event hold mmap_lock: mprotect() for writing; userfaultfd, NUMA balancing and
 * PAGEMAP_SCAN for reading.
 */
static bool is_revoked(struct hs_mm *hm, unsigned long addr, struct verdict *v)
{
	if (unlikely(!v->vma || addr < v->vma->vm_start || addr >= v->vma->vm_end))
		v->vma = vma_lookup(hm->mm, addr);
	return !v->vma || !(v->vma->vm_flags & VM_WRITE);
}

/*
 * khugepaged takes the table out and lets the invalidation end before the new
 * PMD stands. Until then the old pages are still mapped as far as they know; of a
 * zap's they are not.
 */
static bool is_collapse(const struct hs_before *b, const struct hs_block *block,
			const struct hs_walk *w)
{
	u64 old = block->raw[__ffs64(block->mapped)];
	unsigned long pfn = (old & HS_PTE_FRAME) >> PAGE_SHIFT;

	if (w->shift != PMD_SHIFT || block->huge || b->event != MMU_NOTIFY_CLEAR ||
	    b->end - b->start != PMD_SIZE)
		return false;
	if (w->raw)
		return true;
	return old & _PAGE_PRESENT && pfn_valid(pfn) &&
	       folio_mapped(page_folio(pfn_to_page(pfn)));
}

/* A block at an invalidation's end; pages by bit. */
struct outcome {
	u64 changed, lost;
};

/* Any page, whatever maps it. */
static noinline void compare_page(const struct hs_block *block, unsigned int i,
				  u64 raw, unsigned int shift,
				  struct verdict *v, struct outcome *o)
{
	unsigned long addr = page_addr(block, i);
	u64 bit = BIT_ULL(i);
	struct hs_pte old, now;
	bool lost;

	old = hs_pte_decode(block->raw[i], addr, block_shift(block, bit));
	now = hs_pte_decode(raw, addr, shift);
	if (old.raw == now.raw && old.huge == now.huge)
		return;
	lost = is_lost(&old, &now, block_rights(block, bit));
	if (lost)
		o->lost |= bit;
	if (is_changed(&old, &now))
		o->changed |= bit;
	v->split |= !lost && old.huge && !now.huge;
}

/* What holds of one page holds of all these. */
static void settle(struct outcome *o, const struct outcome *one, u64 pages)
{
	if (one->lost)
		o->lost |= pages;
	if (one->changed)
		o->changed |= pages;
}

/*
 * PTEs of which the device wants the same. Neighbours mostly change alike: of
 * entries that differ from their old ones in the same bits, and are now the same
 * but for the frame, only the first is looked at closely.
 */
static __always_inline void compare_alike(const struct hs_block *block,
					  const u64 *cpu, unsigned int step,
					  struct verdict *v, struct outcome *o)
{
	const u64 mine = block->atomic ? _PAGE_PRESENT : 0, mapped = block->mapped;
	u64 old, now, bit, last_diff = 0, last_now = 0, gone = 0, alike = 0;
	unsigned int i = __ffs64(mapped), nr = __fls(mapped) + 1 - i;
	const u64 *raw = &block->raw[i];
	struct outcome like = {};

	cpu += i * step;
	for (bit = BIT_ULL(i); nr; nr--, bit <<= 1, raw++, cpu += step) {
		now = READ_ONCE(*cpu);
		old = *raw;
		if (now == old || !(mapped & bit))
			continue;
		/* gone, or the CPU has it back */
		if (!now || now & mine) {
			gone |= bit;
			continue;
		}
		if ((old ^ now) != last_diff || (now & ~HS_PTE_WHERE) != last_now) {
			settle(o, &like, alike);
			alike = 0;
			last_diff = old ^ now;
			last_now = now & ~HS_PTE_WHERE;
			like = (struct outcome){};
			compare_page(block, raw - block->raw, now, PAGE_SHIFT, v,
				     &like);
		}
		alike |= bit;
	}
	settle(o, &like, alike);
	o->lost |= gone;
	o->changed |= gone;
}

/* mprotect() has been there: pages that were and are exclusive. */
static void ask_mapping(const struct hs_before *b, const struct hs_block *block,
			struct verdict *v, struct outcome *o)
{
	u64 left = block->write & ~(o->lost | block->huge);
	unsigned int i;

	/* mostly one mapping has them all */
	if (left && !is_revoked(b->hm, page_addr(block, __ffs64(left)), v) &&
	    v->vma->vm_end > page_addr(block, __fls(left)))
		return;
	for (; left; left &= left - 1) {
		i = __ffs64(left) % HS_BLOCK_PAGES;
		if (!(block->raw[i] & _PAGE_PRESENT) &&
		    is_revoked(b->hm, page_addr(block, i), v))
			o->lost |= BIT_ULL(i);
	}
}

static bool is_mixed(u64 some, u64 all)
{
	return some && some != all;
}

static void compare_block(const struct hs_before *b,
			  const struct hs_block *block, struct verdict *v)
{
	struct outcome o = {};
	unsigned long flags;
	unsigned int step, i;
	struct hs_walk w;
	const u64 *cpu;
	u64 left;

	local_irq_save(flags);
	hs_walk(b->hm->mm, block->base, &w);
	cpu = hs_walk_array(&w, block->base, &step);
	if (hs_walk_huge(&w) || block->huge ||
	    is_mixed(block->write, block->mapped) ||
	    is_mixed(block->atomic, block->mapped)) {
		for (left = block->mapped; left; left &= left - 1) {
			i = __ffs64(left);
			compare_page(block, i, READ_ONCE(cpu[i * step]), w.shift,
				     v, &o);
		}
	} else {
		compare_alike(block, cpu, step, v, &o);
	}
	local_irq_restore(flags);
	if (b->event == MMU_NOTIFY_PROTECTION_VMA)
		ask_mapping(b, block, v, &o);
	if (!w.table && !v->collapsed)
		v->collapsed = is_collapse(b, block, &w);
	v->pages += hweight64(block->mapped);
	v->given_up += hweight64(o.lost);
	v->changed += hweight64(o.changed);
}

static enum hs_truth_class classify(const struct verdict *v)
{
	if (!v->pages)
		return HS_FP0;
	if (v->given_up)
		return v->given_up < v->pages ? HS_FP3 : HS_TP;
	return v->changed ? HS_FP2 : HS_FP1;
}

static void count_class(struct hs_mm *hm, unsigned int event,
			enum hs_truth_class class)
{
	hs_count(hm, HS_TRUTH_FIRST + event * HS_TRUTH_CLASSES + class);
}

static void compare(const struct hs_before *b)
{
	const struct hs_block *block;
	struct hs_mm *hm = b->hm;
	struct verdict v = {};

	if (b->lost) {
		hs_count(hm, HS_TRUTH_UNCLASSIFIED);
		return;
	}
	for (block = b->first; block; block = block->next) {
		/* of the CPU's pages it may be that there is none */
		if (block->mapped)
			compare_block(b, block, &v);
	}
	count_class(hm, b->event, classify(&v));
	hs_add(hm, HS_TRUTH_PAGES, v.pages);
	hs_add(hm, HS_TRUTH_CHANGED, v.changed);
	hs_add(hm, HS_TRUTH_GIVEN_UP, v.given_up);
	hs_add(hm, HS_TRUTH_SPLITS, v.split);
	hs_add(hm, HS_TRUTH_COLLAPSES, v.collapsed);
}

static bool is_same(const struct hs_before *b,
		    const struct mmu_notifier_range *range)
{
	return b->range == range && b->start == range->start &&
	       b->end == range->end &&
	       b->event == min_t(unsigned int, range->event, HS_INV_TYPES);
}

/*
 * A start that failed in some driver's callback (-EAGAIN where blocking is not
 * allowed, in the OOM reaper) has no end, and the observer may not have been
 * told of it at all. Nothing else can begin in the same task between the first
 * call for a range and the observer's: so such a record is left over. One that
 * the observer has seen is left over if a range begins at the same place of the
 * stack.
 */
static bool is_left_over(const struct hs_before *b,
			 const struct mmu_notifier_range *range, bool observer)
{
	if (b->task != current)
		return false;
	if (b->observed)
		return b->range == range && (observer || !is_same(b, range));
	return !is_same(b, range);
}

static void drop_all(struct hs_mm *hm, struct list_head *records)
{
	struct hs_before *b, *next;

	list_for_each_entry_safe(b, next, records, node) {
		hs_count(hm, HS_TRUTH_ABORTED);
		hs_before_free(b);
	}
}

/* True: this call is not the first for the range. */
static bool is_known(struct hs_mm *hm, const struct mmu_notifier_range *range,
		     bool observer)
{
	struct hs_before *b, *next;
	LIST_HEAD(left_over);
	bool known = false;

	spin_lock(&hm->truth_lock);
	list_for_each_entry_safe(b, next, &hm->records, node) {
		if (is_left_over(b, range, observer)) {
			list_move(&b->node, &left_over);
		} else if (b->range == range) {
			known = true;
			b->observed |= observer;
		}
	}
	spin_unlock(&hm->truth_lock);
	drop_all(hm, &left_over);
	return known;
}

static void write_down(struct hs_before *b,
		       const struct mmu_notifier_range *range, bool observer)
{
	b->range = range;
	b->task = current;
	b->start = range->start;
	b->end = range->end;
	b->event = min_t(unsigned int, range->event, HS_INV_TYPES);
	b->observed = observer;
	if (b->kind == HMMSTORM_TRUTH_CPU)
		add_cpu(b);
	else
		hs_mirror_for_each(b->hm->mm, b->start, b->end, owner_of(range),
				   add_leaf, b);
}

static void begin(struct hs_mm *hm, u32 kind,
		  const struct mmu_notifier_range *range, bool observer)
{
	struct hs_before *b;
	bool late;

	if (!list_empty(&hm->records) && is_known(hm, range, observer))
		return;
	b = hs_before_make(hm);
	if (!b) {
		hs_count(hm, HS_TRUTH_UNCLASSIFIED);
		return;
	}
	b->kind = kind;
	write_down(b, range, observer);
	spin_lock(&hm->truth_lock);
	late = hm->released;
	if (!late) {
		if (kind == HMMSTORM_TRUTH_MIRROR)
			add_taken(b);
		list_add(&b->node, &hm->records);
	}
	spin_unlock(&hm->truth_lock);
	if (late)
		hs_before_free(b);
}

void hs_truth_begin(const struct mm_struct *mm,
		    const struct mmu_notifier_range *range, bool observer)
{
	u64 since = hs_clock();
	struct hs_mm *hm;
	u32 kind;

	if (range->event == MMU_NOTIFY_RELEASE)
		return;
	rcu_read_lock();
	hm = hs_mm_find(mm);
	/* pairs with hs_truth_set(): what is on has a reserve */
	kind = hm ? smp_load_acquire(&hm->truth) : HMMSTORM_TRUTH_OFF;
	/* exit_mmap() unmaps what nobody is told of any more */
	if (kind && !READ_ONCE(hm->released)) {
		begin(hm, kind, range, observer);
		hs_add(hm, HS_TRUTH_NS, hs_clock_ns(since, hs_clock()));
	}
	rcu_read_unlock();
}

void hs_truth_end(struct hs_mm *hm, const struct mmu_notifier_range *range)
{
	struct hs_before *b, *found = NULL;
	u64 since = hs_clock();

	spin_lock(&hm->truth_lock);
	list_for_each_entry(b, &hm->records, node) {
		if (b->range != range || b->task != current)
			continue;
		list_del(&b->node);
		found = b;
		break;
	}
	spin_unlock(&hm->truth_lock);
	if (!found)
		return; /* truth was off when it began */
	compare(found);
	hs_before_free(found);
	hs_add(hm, HS_TRUTH_NS, hs_clock_ns(since, hs_clock()));
}

static void note_any(const struct hs_mapped *leaf, void *data)
{
	unsigned int i;

	for (i = leaf->first; i <= leaf->last && !*(bool *)data; i++)
		*(bool *)data = hs_rights(leaf->entry[i]);
}

static void count_release(struct hs_mm *hm)
{
	bool any = false;

	if (hm->truth == HMMSTORM_TRUTH_MIRROR)
		hs_mirror_for_each(hm->mm, 0, ULONG_MAX, NULL, note_any, &any);
	else
		any = hm->mm->map_count; /* what has mappings, is mapped */
	count_class(hm, MMU_NOTIFY_RELEASE, any ? HS_TP : HS_FP0);
}

/*
 * Of an invalidation that is under way now (reclaim's) nobody will tell the end:
 * it ends here.
 */
static void end_all(struct hs_mm *hm)
{
	struct hs_before *b, *next;
	LIST_HEAD(records);

	spin_lock(&hm->truth_lock);
	list_splice_init(&hm->records, &records);
	spin_unlock(&hm->truth_lock);
	list_for_each_entry_safe(b, next, &records, node) {
		if (!b->observed)
			continue;
		compare(b);
		list_del(&b->node);
		hs_before_free(b);
	}
	drop_all(hm, &records);
}

void hs_truth_release(const struct mm_struct *mm)
{
	struct hs_mm *hm;
	bool first;

	rcu_read_lock();
	hm = hs_mm_find(mm);
	if (hm && READ_ONCE(hm->truth)) {
		spin_lock(&hm->truth_lock);
		first = !hm->released;
		WRITE_ONCE(hm->released, 1);
		spin_unlock(&hm->truth_lock);
		if (first) {
			count_release(hm);
			end_all(hm);
		}
	}
	rcu_read_unlock();
}

static bool allows(const struct hs_pte *pte, unsigned long pfn,
		   enum hmmstorm_rights rights)
{
	if (pte->pfn != pfn)
		return false;
	/* nobody else has it: as good as any right */
	if (pte->exclusive)
		return rights == HMMSTORM_RIGHTS_READ || !pte->untracked;
	if (!pte->present || rights == HMMSTORM_RIGHTS_ATOMIC)
		return false;
	return rights == HMMSTORM_RIGHTS_READ || pte->writable;
}

/*
 * Whoever changes the CPU's entry calls the device first, and the device's
 * callback needs the lock that the caller holds: an entry that the device has
 * and that the CPU's table does not allow is one that nobody told it of. But for
 * one that is just being made exclusive for the device, in two steps: hence the
 * second look.
 */
bool hs_truth_check(struct mm_struct *mm, unsigned long addr, unsigned long pfn,
		    enum hmmstorm_rights rights)
{
	struct hs_mm *hm;
	struct hs_pte pte;
	bool ok = true;

	rcu_read_lock();
	hm = hs_mm_find(mm);
	if (hm && READ_ONCE(hm->truth)) {
		pte = hs_pte_read(mm, addr);
		ok = allows(&pte, pfn, rights);
		if (unlikely(!ok)) {
			pte = hs_pte_read_locked(mm, addr);
			ok = allows(&pte, pfn, rights);
		}
		if (unlikely(!ok))
			hs_count(hm, HS_TRUTH_MISSED);
	}
	rcu_read_unlock();
	return ok;
}

long hs_truth_set(struct hs_mm *hm, const void __user *arg)
{
	struct hmmstorm_truth t;
	long ret;
	u32 old;

	if (!hm)
		return -ENODEV;
	if (copy_from_user(&t, arg, sizeof(t)))
		return -EFAULT;
	if (t.kind > HMMSTORM_TRUTH_CPU || t.pad)
		return -EINVAL;
	ret = hs_before_reserve(hm);
	if (ret)
		return ret;
	/* what is under way keeps its record, and its kind */
	mutex_lock(&truth_switch);
	old = hm->truth;
	/* pairs with hs_truth_begin(): after the reserve */
	smp_store_release(&hm->truth, t.kind);
	if (!old && t.kind)
		static_branch_deferred_inc(&hs_truth_on);
	if (old && !t.kind)
		static_branch_slow_dec_deferred(&hs_truth_on);
	mutex_unlock(&truth_switch);
	return 0;
}

void hs_truth_free(struct hs_mm *hm)
{
	struct hs_before *b, *next;

	list_for_each_entry_safe(b, next, &hm->records, node)
		hs_before_free(b);
	hs_before_unreserve(hm);
	if (hm->truth)
		static_branch_slow_dec_deferred(&hs_truth_on);
}
