// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the CPU's page table as GUP-fast does: with interrupts off and no lock.
 *
 * What keeps a table from being freed under the walk. With
 * CONFIG_MMU_GATHER_RCU_TABLE_FREE (x86: since 6.14, before with PARAVIRT, as
 * in every distribution's kernel) tables are freed after a grace period, and
 * khugepaged, which keeps them for another use, interrupts all CPUs first
 * (tlb_remove_table_sync_one()): interrupts off is enough, wherever we run.
 *
 * Without it they are freed after an IPI to the CPUs that run this mm, and we
 * may be a kernel thread, or somebody else's reclaim. There each caller has
 * something that holds the tables of the pages it asks for:
 * - a notifier callback: if the mm is current's, the IPI; if not, the
 *   invalidator's lock (mmap_lock, or the folio's rmap lock), without which
 *   free_pgtables() does not get at the mapping that the range lies in;
 * - the mirror device, of a page that it maps, with its lock held: whoever frees
 *   the table has to take the page from the device first;
 * - mmap_lock, and a mapping found since it was taken (munmap() frees tables with
 *   the lock held for reading, of mappings that nobody finds any more).
 * Who has none of these calls hs_pte_peek().
 *
 * A table that was reached stands until the walk is over, though it may no
 * longer be part of the tree: the entry is then one that stood a moment ago.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "pte.h"

void hs_pte_decode_swap(struct hs_pte *p)
{
	pte_t pte = native_make_pte(p->raw);

	p->exclusive = hs_pte_is_exclusive(pte);
	if (!p->exclusive)
		return;
	p->pfn = hs_pte_swap_pfn(pte);
	p->untracked = pte_swp_uffd(pte);
	p->soft_dirty = pte_swp_soft_dirty(pte);
}

static void set_entry(struct hs_walk *w, u64 raw, unsigned long addr,
		      unsigned int shift)
{
	w->raw = raw;
	w->shift = shift;
	w->end = (addr & -BIT(shift)) + BIT(shift);
}

void hs_walk(struct mm_struct *mm, unsigned long addr, struct hs_walk *w)
{
	p4d_t *p4dp, p4d;
	pgd_t *pgdp, pgd;
	pud_t pud;
	pmd_t pmd;

	w->table = NULL;
	pgdp = pgd_offset(mm, addr);
	pgd = READ_ONCE(*pgdp);
	set_entry(w, 0, addr, PGDIR_SHIFT);
	if (pgd_none(pgd) || unlikely(pgd_bad(pgd)))
		return;
	/* folded on four levels: from the entry itself, not from a copy */
	p4dp = p4d_offset(pgdp, addr);
	p4d = READ_ONCE(*p4dp);
	set_entry(w, 0, addr, P4D_SHIFT);
	if (p4d_none(p4d) || unlikely(p4d_bad(p4d)))
		return;
	pud = READ_ONCE(*pud_offset(p4dp, addr));
	set_entry(w, native_pud_val(pud), addr, PUD_SHIFT);
	if (pud_none(pud) || !pud_present(pud) || hs_pud_leaf(pud))
		return;
	pmd = READ_ONCE(*pmd_offset(&pud, addr));
	set_entry(w, native_pmd_val(pmd), addr, PMD_SHIFT);
	if (pmd_none(pmd) || !pmd_present(pmd) || hs_pmd_leaf(pmd))
		return;
	w->shift = PAGE_SHIFT;
	if (unlikely(pmd_bad(pmd)))
		w->raw = 0;
	else
		w->table = pte_offset_kernel(&pmd, addr & PMD_MASK);
}

struct hs_pte hs_pte_read(struct mm_struct *mm, unsigned long addr)
{
	unsigned long flags;
	struct hs_walk w;
	u64 raw;

	local_irq_save(flags);
	hs_walk(mm, addr, &w);
	raw = hs_walk_raw(&w, addr);
	local_irq_restore(flags);
	return hs_pte_decode(raw, addr, w.shift);
}

/* False: somebody else has the table's lock. */
static bool read_locked(struct mm_struct *mm, const struct hs_walk *w,
			unsigned long addr, u64 *raw)
{
	pmd_t pmd = native_make_pmd(w->raw);
	spinlock_t *lock = pte_lockptr(mm, &pmd); /* the table's */

	if (!spin_trylock(lock))
		return false;
	*raw = hs_walk_raw(w, addr);
	spin_unlock(lock);
	return true;
}

/*
 * Interrupts are on between the tries: the holder may be waiting for this CPU to
 * answer its TLB flush.
 */
struct hs_pte hs_pte_read_locked(struct mm_struct *mm, unsigned long addr)
{
	unsigned long flags;
	struct hs_walk w;
	bool done;
	u64 raw;

	do {
		local_irq_save(flags);
		hs_walk(mm, addr, &w);
		raw = hs_walk_raw(&w, addr);
		done = !w.table || read_locked(mm, &w, addr, &raw);
		local_irq_restore(flags);
		if (!done)
			cpu_relax();
	} while (!done);
	return hs_pte_decode(raw, addr, w.shift);
}

struct hs_pte hs_pte_peek(struct mm_struct *mm, unsigned long addr)
{
	struct hs_pte p = {};

	if (IS_ENABLED(CONFIG_MMU_GATHER_RCU_TABLE_FREE))
		return hs_pte_read(mm, addr);
	mmap_read_lock(mm);
	if (vma_lookup(mm, addr))
		p = hs_pte_read(mm, addr);
	mmap_read_unlock(mm);
	return p;
}
