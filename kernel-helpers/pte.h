/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU's page table, read without a lock that could deadlock: no walker is
 * exported on any kernel line, so this one is open coded.
 */
#ifndef HS_PTE_H
#define HS_PTE_H

#include <linux/mm.h>
#include <linux/pgtable.h>

/**
 * struct hs_pte - what the CPU's page table says of one page
 * @raw: the entry as it stands: of the PTE, or of the PMD or PUD that maps it
 *	(then @huge)
 * @pfn: of the page, if it has one (present, or device-exclusive)
 * @present: the CPU may read; false for PROT_NONE and for NUMA hinting, where
 *	it may do nothing without a fault
 * @writable: the CPU may write
 * @exclusive: a device-exclusive entry
 * @untracked: it is one, and somebody wants to be told of the next write: uffd-wp
 * @soft_dirty: it is one, and counts as written since the last clear_refs
 * @young: accessed bit; false if not present
 * @huge: mapped by a PMD or PUD
 */
struct hs_pte {
	u64 raw;
	unsigned long pfn;
	bool present, writable, exclusive, untracked, soft_dirty, young, huge;
};

/*
 * Raw entries are as the hardware has them: a guest's own view of them, which the
 * usual accessors give, takes a call each on kernels with PARAVIRT_XXL.
 */
#define HS_PTE_FRAME GENMASK_ULL(51, 12)
/* What says of which page it is, in any entry: the frame of one that is present, the
 * offset of one that is not (there with bits 9 to 11, which are software's of a
 * present one, and no right).
 */
#define HS_PTE_WHERE GENMASK_ULL(51, 9)
/* Bits of a present entry that the hardware sets, at any time. */
#define HS_PTE_HARDWARE ((u64)(_PAGE_ACCESSED | _PAGE_DIRTY))

/**
 * struct hs_walk - the entries of a stretch of the address space
 * @table: of PTEs; NULL: there is none, and @raw is said of every page
 * @raw: an entry of a higher level: none, leaf, no page, or what leads to @table
 * @end: of the stretch
 * @shift: log2 of what one entry maps
 */
struct hs_walk {
	const pte_t *table;
	u64 raw;
	unsigned long end;
	unsigned int shift;
};

/* The stretch at addr, below mm->task_size. Interrupts are off, and the table
 * is good until they are on again; pte.c says who may call this.
 */
void hs_walk(struct mm_struct *mm, unsigned long addr, struct hs_walk *w);

/* For loops within one PMD: the entry of the page at addr, and how far it is from
 * there to the next page's.
 */
static __always_inline const u64 *hs_walk_array(const struct hs_walk *w,
						unsigned long addr,
						unsigned int *step)
{
	BUILD_BUG_ON(sizeof(*w->table) != sizeof(w->raw));
	*step = w->table ? 1 : 0;
	return w->table ? (const u64 *)&w->table[pte_index(addr)] : &w->raw;
}

static __always_inline u64 hs_walk_raw(const struct hs_walk *w,
				       unsigned long addr)
{
	unsigned int step;

	return READ_ONCE(*hs_walk_array(w, addr, &step));
}

static __always_inline bool hs_walk_huge(const struct hs_walk *w)
{
	return !w->table && w->raw;
}

/* A non-present entry. */
void hs_pte_decode_swap(struct hs_pte *p);

/*
 * Present for the kernel is also a PROT_NONE entry, and, while it is being
 * split, a PMD without its present bit.
 */
static __always_inline bool hs_raw_present(u64 raw, bool huge)
{
	if (huge)
		return pmd_present(native_make_pmd(raw)) && !(raw & _PAGE_PROTNONE);
	return raw & _PAGE_PRESENT;
}

/* What an entry says of the page at addr; 1UL << shift bytes are mapped by it. */
static __always_inline struct hs_pte hs_pte_decode(u64 raw, unsigned long addr,
						   unsigned int shift)
{
	struct hs_pte p = { .raw = raw, .huge = shift > PAGE_SHIFT && raw };

	p.present = hs_raw_present(raw, p.huge);
	if (p.present) {
		/* PTE, PMD and PUD have these bits at the same places */
		p.pfn = p.huge ? pmd_pfn(native_make_pmd(raw)) : pte_pfn(native_make_pte(raw));
		p.pfn += (addr & (BIT(shift) - 1)) >> PAGE_SHIFT;
		p.writable = pte_write(native_make_pte(raw));
		p.young = pte_young(native_make_pte(raw));
	} else if (!p.huge && raw && !(raw & _PAGE_PROTNONE)) {
		hs_pte_decode_swap(&p);
	}
	return p;
}

/* One page; for the same callers as hs_walk(). Interrupts may be on. */
struct hs_pte hs_pte_read(struct mm_struct *mm, unsigned long addr);
/* The same under the table's lock: not amid a change. May spin. */
struct hs_pte hs_pte_read_locked(struct mm_struct *mm, unsigned long addr);
/* For whoever holds no lock at all. May sleep. */
struct hs_pte hs_pte_peek(struct mm_struct *mm, unsigned long addr);

#endif /* HS_PTE_H */
