// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ground truth: did an invalidation change anything that a device would notice?
 *
 * When one begins, the entries of all pages of its range that a device maps are
 * written down; when it ends they are read again. A page had to be given up if
 * what the device does with it is no longer what the CPU's table allows: another
 * frame or none, no longer writable (device writes), no longer exclusive (device
 * atomics). Only losses count: a fault that fills an entry meanwhile raises no
 * invalidation, so it is not one's effect.
 *
 * Accessed and dirty bits that appear are the hardware's doing at any time, and
 * no change; bits that vanish are one.
 *
 * Nested and overlapping invalidations have a record each. The pages that an
 * invalidation under way has taken from the device still count as mapped for one
 * that begins within it: the device would have had them, had the outer one not
 * been raised. A change made while two of them are open is seen by both.
 *
 * Callbacks may run in reclaim and in the OOM reaper: memory comes from
 * GFP_NOWAIT, and what cannot be written down is counted as unclassified.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "clock.h"
#include "mirror.h"
#include "pte.h"
#include "truth.h"

DEFINE_STATIC_KEY_FALSE(hs_truth_on);

struct page_before {
	unsigned long addr;
	unsigned long pfn; /* the device's */
	u64 raw; /* the CPU's */
	u8 rights; /* the device's */
	bool huge;
};

struct chunk {
	struct chunk *next;
	unsigned int nr;
	struct page_before page[];
};

#define CHUNK_BYTES 4096
#define CHUNK_PAGES \
	((CHUNK_BYTES - sizeof(struct chunk)) / sizeof(struct page_before))

/* An invalidation under way. */
struct record {
	struct list_head node; /* hs_mm.records; hs_mm.truth_lock */
	const struct mmu_notifier_range *range; /* compared, never followed */
	unsigned long start, end;
	struct hs_mm *hm;
	struct chunk *chunk;
	unsigned int event;
	bool observed, lost;
};

/* What the comparison found. */
struct verdict {
	unsigned long pages, changed, given_up;
	bool split, collapsed;
};

static void free_record(struct record *r)
{
	struct chunk *c, *next;

	for (c = r->chunk; c; c = next) {
		next = c->next;
		kfree(c);
	}
	kfree(r);
}

static struct page_before *next_place(struct record *r)
{
	struct chunk *c = r->chunk;

	if (!c || c->nr == CHUNK_PAGES) {
		c = kmalloc(CHUNK_BYTES, GFP_NOWAIT | __GFP_NOWARN);
		if (!c) {
			r->lost = true;
			return NULL;
		}
		c->nr = 0;
		c->next = r->chunk;
		r->chunk = c;
	}
	return &c->page[c->nr++];
}

static void write_down(struct record *r, unsigned long addr, unsigned long pfn,
		       enum hmmstorm_rights rights, const struct hs_pte *pte)
{
	struct page_before *p = next_place(r);

	if (!p)
		return;
	p->addr = addr;
	p->pfn = pfn;
	p->rights = rights;
	p->raw = pte->raw;
	p->huge = pte->huge;
}

static void add_mapped(const struct hs_mapped *page, void *data)
{
	struct record *r = data;
	struct hs_pte pte = hs_pte_read(r->hm->mm, page->addr);

	write_down(r, page->addr, page->pfn, page->rights, &pte);
}

/* What others under way have taken from the device; with the lock. */
static void add_taken(struct record *r)
{
	const struct page_before *p;
	const struct record *other;
	const struct chunk *c;
	struct hs_pte pte;
	unsigned int i;

	list_for_each_entry(other, &r->hm->records, node) {
		if (other->start >= r->end || other->end <= r->start)
			continue;
		for (c = other->chunk; c; c = c->next) {
			for (i = 0; i < c->nr; i++) {
				p = &c->page[i];
				if (p->addr < r->start || p->addr >= r->end)
					continue;
				pte = hs_pte_read(r->hm->mm, p->addr);
				write_down(r, p->addr, p->pfn, p->rights, &pte);
			}
		}
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

/* As if a device mapped all that the CPU does. */
static void add_cpu(struct record *r)
{
	unsigned long addr, end = min(r->end, r->hm->limit);
	enum hmmstorm_rights rights;
	struct hs_pte pte;

	for (addr = r->start; addr < end; addr = (addr & -pte.step) + pte.step) {
		pte = hs_pte_read(r->hm->mm, addr);
		rights = cpu_rights(&pte);
		if (rights)
			write_down(r, addr, pte.pfn, rights, &pte);
	}
}

static void write_all_down(struct record *r)
{
	if (r->hm->truth == HMMSTORM_TRUTH_CPU) {
		add_cpu(r);
		return;
	}
	hs_mirror_for_each(r->hm->mm, r->start, r->end, add_mapped, r);
}

/* A bit of the hardware's that was not set and now is, is no change. */
static bool is_changed(const struct page_before *p, const struct hs_pte *now)
{
	u64 appears = now->raw & ~p->raw & (_PAGE_ACCESSED | _PAGE_DIRTY);

	if (now->present && appears)
		return (now->raw & ~appears) != p->raw;
	return now->raw != p->raw;
}

static bool allows(const struct hs_pte *pte, unsigned long pfn,
		   enum hmmstorm_rights rights)
{
	if (pte->pfn != pfn)
		return false;
	/* nobody else has it: as good as any right */
	if (pte->exclusive)
		return true;
	if (!pte->present || rights == HMMSTORM_RIGHTS_ATOMIC)
		return false;
	return rights == HMMSTORM_RIGHTS_READ || pte->writable;
}

/*
 * mprotect() leaves an exclusive entry as it is, since 6.15 to the last bit, and
 * the kernel asks the mapping when it restores it. So must we; mmap_lock is held
 * by whoever raises this event.
 */
static bool is_revoked(const struct record *r, const struct page_before *p,
		       const struct hs_pte *now)
{
	struct vm_area_struct *vma;

	if (r->event != MMU_NOTIFY_PROTECTION_VMA || !now->exclusive ||
	    p->rights == HMMSTORM_RIGHTS_READ)
		return false;
	vma = find_vma(r->hm->mm, p->addr);
	return !vma || vma->vm_start > p->addr || !(vma->vm_flags & VM_WRITE);
}

static void compare(const struct record *r, struct verdict *v)
{
	const struct page_before *p;
	const struct chunk *c;
	struct hs_pte now;
	unsigned int i;
	bool kept;

	for (c = r->chunk; c; c = c->next) {
		for (i = 0; i < c->nr; i++) {
			p = &c->page[i];
			now = hs_pte_read(r->hm->mm, p->addr);
			kept = allows(&now, p->pfn, p->rights) &&
			       !is_revoked(r, p, &now);
			v->pages++;
			v->changed += is_changed(p, &now);
			v->given_up += !kept;
			v->split |= kept && p->huge && !now.huge;
			v->collapsed |= !p->huge && now.huge;
		}
	}
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

static void count_verdict(const struct record *r, const struct verdict *v)
{
	struct hs_mm *hm = r->hm;

	if (r->lost) {
		hs_count(hm, HS_TRUTH_UNCLASSIFIED);
		return;
	}
	count_class(hm, r->event, classify(v));
	hs_add(hm, HS_TRUTH_PAGES, v->pages);
	hs_add(hm, HS_TRUTH_GIVEN_UP, v->given_up);
	hs_add(hm, HS_TRUTH_SPLITS, v->split);
	hs_add(hm, HS_TRUTH_COLLAPSES, v->collapsed);
}

/* With the lock. */
static struct record *find_record(struct hs_mm *hm,
				  const struct mmu_notifier_range *range)
{
	struct record *r;

	list_for_each_entry(r, &hm->records, node) {
		if (r->range == range)
			return r;
	}
	return NULL;
}

/*
 * A record of a range that stood at the same place of a stack, and whose end
 * never came: its start failed in some driver's callback (-EAGAIN where
 * blocking is not allowed).
 */
static bool is_stale(const struct record *r,
		     const struct mmu_notifier_range *range)
{
	return r->observed || r->start != range->start || r->end != range->end ||
	       r->event != min_t(unsigned int, range->event, HS_INV_TYPES);
}

/* True: this call is not the first for the range. */
static bool is_known(struct hs_mm *hm, const struct mmu_notifier_range *range,
		     bool observer)
{
	struct record *r, *stale = NULL;

	spin_lock(&hm->truth_lock);
	r = find_record(hm, range);
	if (r && is_stale(r, range)) {
		list_del(&r->node);
		stale = r;
		r = NULL;
	}
	if (r && observer)
		r->observed = true;
	spin_unlock(&hm->truth_lock);
	if (stale) {
		hs_count(hm, HS_TRUTH_ABORTED);
		free_record(stale);
	}
	return r;
}

static void begin(struct hs_mm *hm, const struct mmu_notifier_range *range,
		  bool observer)
{
	struct record *r;

	if (is_known(hm, range, observer))
		return;
	r = kzalloc_obj(*r, GFP_NOWAIT | __GFP_NOWARN);
	if (!r) {
		hs_count(hm, HS_TRUTH_UNCLASSIFIED);
		return;
	}
	r->range = range;
	r->start = range->start;
	r->end = range->end;
	r->hm = hm;
	r->event = min_t(unsigned int, range->event, HS_INV_TYPES);
	r->observed = observer;
	write_all_down(r);
	spin_lock(&hm->truth_lock);
	if (hm->truth == HMMSTORM_TRUTH_MIRROR)
		add_taken(r);
	list_add(&r->node, &hm->records);
	spin_unlock(&hm->truth_lock);
}

void hs_truth_begin(const struct mm_struct *mm,
		    const struct mmu_notifier_range *range, bool observer)
{
	u64 since = hs_clock();
	struct hs_mm *hm;

	if (hs_mm_unwatched(mm) || range->event == MMU_NOTIFY_RELEASE)
		return;
	rcu_read_lock();
	hm = hs_mm_find(mm);
	if (hm && READ_ONCE(hm->truth)) {
		begin(hm, range, observer);
		hs_add(hm, HS_TRUTH_NS, hs_clock_ns(since, hs_clock()));
	}
	rcu_read_unlock();
}

void hs_truth_end(struct hs_mm *hm, const struct mmu_notifier_range *range)
{
	struct verdict v = {};
	u64 since = hs_clock();
	struct record *r;

	spin_lock(&hm->truth_lock);
	r = find_record(hm, range);
	if (r)
		list_del(&r->node);
	spin_unlock(&hm->truth_lock);
	if (!r)
		return; /* truth was off when it began */
	compare(r, &v);
	count_verdict(r, &v);
	free_record(r);
	hs_add(hm, HS_TRUTH_NS, hs_clock_ns(since, hs_clock()));
}

static void note_page(const struct hs_mapped *page, void *data)
{
	*(unsigned long *)data += 1;
}

void hs_truth_release(const struct mm_struct *mm)
{
	unsigned long pages = 0;
	struct hs_mm *hm;

	rcu_read_lock();
	hm = hs_mm_find(mm);
	if (hm && READ_ONCE(hm->truth) && !xchg(&hm->released, 1)) {
		if (hm->truth == HMMSTORM_TRUTH_MIRROR)
			hs_mirror_for_each(mm, 0, ULONG_MAX, note_page, &pages);
		else
			pages = mm->map_count; /* what has mappings, is mapped */
		count_class(hm, MMU_NOTIFY_RELEASE, pages ? HS_TP : HS_FP0);
	}
	rcu_read_unlock();
}

/*
 * Whoever changes the CPU's entry calls the device first, and the device's
 * callback needs the lock that the caller holds: an entry that the device has
 * and that the CPU's table does not allow is one that nobody told it of.
 */
bool hs_truth_check(struct mm_struct *mm, unsigned long addr, unsigned long pfn,
		    enum hmmstorm_rights rights)
{
	struct hs_mm *hm;
	struct hs_pte pte;
	bool ok = true;

	if (hs_mm_unwatched(mm))
		return true;
	rcu_read_lock();
	hm = hs_mm_find(mm);
	if (hm && READ_ONCE(hm->truth)) {
		pte = hs_pte_read(mm, addr);
		ok = allows(&pte, pfn, rights);
		if (!ok)
			hs_count(hm, HS_TRUTH_MISSED);
	}
	rcu_read_unlock();
	return ok;
}

long hs_truth_set(struct hs_mm *hm, const void __user *arg)
{
	struct hmmstorm_truth t;
	u32 old;

	if (!hm)
		return -ENODEV;
	if (copy_from_user(&t, arg, sizeof(t)))
		return -EFAULT;
	if (t.kind > HMMSTORM_TRUTH_CPU || t.pad)
		return -EINVAL;
	old = xchg(&hm->truth, t.kind);
	if (!old && t.kind)
		static_branch_inc(&hs_truth_on);
	if (old && !t.kind)
		static_branch_dec(&hs_truth_on);
	return 0;
}

void hs_truth_free(struct hs_mm *hm)
{
	struct record *r, *next;

	list_for_each_entry_safe(r, next, &hm->records, node)
		free_record(r);
	if (hm->truth)
		static_branch_dec(&hs_truth_on);
}
