/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CPU's page table, read without a lock that could deadlock: no walker is
 * exported on any kernel line, so this one is open coded.
 */
#ifndef HS_PTE_H
#define HS_PTE_H

#include <linux/mm_types.h>

/**
 * struct hs_pte - what the CPU's page table says of one page
 * @raw: the entry as it stands: of the PTE, or of the PMD that maps or splits
 *	(then @huge)
 * @pfn: of the page, if it has one (present, or device-exclusive)
 * @present: the CPU may read
 * @writable: the CPU may write
 * @exclusive: a device-exclusive entry
 * @young: accessed bit; false if not present
 * @huge: mapped by a PMD
 * @step: how much of the address space, aligned to itself, this entry tells of
 */
struct hs_pte {
	u64 raw;
	unsigned long pfn, step;
	bool present, writable, exclusive, young, huge;
};

/* Any context that a notifier callback or a fault may run in; see pte.c for what
 * keeps the tables from being freed meanwhile. addr within mm->task_size.
 */
struct hs_pte hs_pte_read(struct mm_struct *mm, unsigned long addr);

#endif /* HS_PTE_H */
