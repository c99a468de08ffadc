// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the CPU's page table as GUP-fast does: with interrupts off and no lock.
 *
 * What keeps a table from being freed under the walk: on x86 a page table is
 * freed only after a TLB flush by IPI, or after an RCU grace period
 * (CONFIG_MMU_GATHER_RCU_TABLE_FREE), and khugepaged sends an IPI before it
 * gives a table away (tlb_remove_table_sync_one()); all of these wait for a CPU
 * that has interrupts off. So a table that the walk has reached stands until
 * the walk is over, though it may no longer be part of the tree: the entry read
 * is then one that stood a moment ago.
 */
#include <linux/mm.h>
#include <linux/pgtable.h>

#include "pte.h"

static struct hs_pte from_pte(pte_t pte)
{
	struct hs_pte p = { .raw = pte_val(pte), .step = PAGE_SIZE };

	if (pte_present(pte)) {
		p.present = true;
		p.pfn = pte_pfn(pte);
		p.writable = pte_write(pte);
		p.young = pte_young(pte);
	} else if (!pte_none(pte)) {
		p.exclusive = hs_pte_is_exclusive(pte);
		if (p.exclusive)
			p.pfn = hs_pte_swap_pfn(pte);
	}
	return p;
}

static struct hs_pte from_pmd(pmd_t pmd, unsigned long addr)
{
	struct hs_pte p = {
		.raw = pmd_val(pmd),
		.huge = true,
		.step = PAGE_SIZE,
	};

	p.present = pmd_present(pmd);
	if (!p.present)
		return p;
	p.pfn = pmd_pfn(pmd) + ((addr & ~PMD_MASK) >> PAGE_SHIFT);
	p.writable = pmd_write(pmd);
	p.young = pmd_young(pmd);
	return p;
}

static struct hs_pte from_pud(pud_t pud, unsigned long addr)
{
	struct hs_pte p = {
		.raw = pud_val(pud),
		.huge = true,
		.step = PAGE_SIZE,
	};

	p.present = pud_present(pud);
	if (!p.present)
		return p;
	p.pfn = pud_pfn(pud) + ((addr & ~PUD_MASK) >> PAGE_SHIFT);
	p.writable = pud_write(pud);
	p.young = pud_young(pud);
	return p;
}

static struct hs_pte walk(struct mm_struct *mm, unsigned long addr)
{
	struct hs_pte none = { .step = PGDIR_SIZE };
	p4d_t *p4dp, p4d;
	pgd_t *pgdp, pgd;
	pud_t *pudp, pud;
	pmd_t *pmdp, pmd;

	pgdp = pgd_offset(mm, addr);
	pgd = READ_ONCE(*pgdp);
	if (pgd_none(pgd) || unlikely(pgd_bad(pgd)))
		return none;
	/* folded on four levels: from the entry itself, not from a copy */
	p4dp = p4d_offset(pgdp, addr);
	none.step = P4D_SIZE;
	p4d = READ_ONCE(*p4dp);
	if (p4d_none(p4d) || unlikely(p4d_bad(p4d)))
		return none;
	pudp = pud_offset(p4dp, addr);
	none.step = PUD_SIZE;
	pud = READ_ONCE(*pudp);
	if (pud_none(pud))
		return none;
	if (!pud_present(pud) || hs_pud_leaf(pud))
		return from_pud(pud, addr);
	pmdp = pmd_offset(&pud, addr);
	none.step = PMD_SIZE;
	pmd = READ_ONCE(*pmdp);
	if (pmd_none(pmd))
		return none;
	if (!pmd_present(pmd) || hs_pmd_leaf(pmd))
		return from_pmd(pmd, addr);
	if (unlikely(pmd_bad(pmd)))
		return none;
	return from_pte(READ_ONCE(*pte_offset_kernel(&pmd, addr)));
}

struct hs_pte hs_pte_read(struct mm_struct *mm, unsigned long addr)
{
	unsigned long flags;
	struct hs_pte p;

	local_irq_save(flags);
	p = walk(mm, addr);
	local_irq_restore(flags);
	return p;
}
