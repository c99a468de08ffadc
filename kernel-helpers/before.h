/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What ground truth writes down when an invalidation begins: the entries of the
 * pages that a device maps, in blocks of neighbours.
 */
#ifndef HS_BEFORE_H
#define HS_BEFORE_H

#include "hmmstorm.h"

#define HS_BLOCK_PAGES 64
#define HS_BLOCK_BYTES ((unsigned long)HS_BLOCK_PAGES << PAGE_SHIFT)

/**
 * struct hs_block - pages under one PMD, HS_BLOCK_BYTES aligned
 * @next: of higher addresses
 * @base: address of the first
 * @mapped: which ones a device maps
 * @write: of these, which the device may write
 * @atomic: of these, which it has for itself
 * @huge: of these, which a PMD or PUD mapped for the CPU
 * @raw: the CPU's entry of each that is in @mapped
 */
struct hs_block {
	struct hs_block *next;
	unsigned long base;
	u64 mapped, write, atomic, huge;
	u64 raw[HS_BLOCK_PAGES];
};

/**
 * struct hs_before - an invalidation under way
 * @node: hs_mm.records; hs_mm.truth_lock
 * @range: the invalidator's; compared, never followed
 * @task: the invalidator; likewise
 * @start: of the range
 * @end: of the range
 * @hm: the address space
 * @first: blocks by address
 * @last: the one used last
 * @kind: enum hmmstorm_truth_kind when it began
 * @event: as counted
 * @observed: its end will be told
 * @lost: there was no memory for all pages
 * @block: the first block that is needed, so that most take one allocation
 * @block_used: @block is in the list
 */
struct hs_before {
	struct list_head node;
	const struct mmu_notifier_range *range;
	const struct task_struct *task;
	unsigned long start, end;
	struct hs_mm *hm;
	struct hs_block *first, *last;
	u32 kind;
	unsigned int event;
	bool observed, lost, block_used;
	struct hs_block block;
};

/* 0 or -ENOMEM: room for records, whatever the memory; may sleep. */
int hs_before_reserve(struct hs_mm *hm);
/* No record of hm is left. */
void hs_before_unreserve(struct hs_mm *hm);

/* In any context but interrupts. NULL: neither memory nor reserve. */
struct hs_before *hs_before_make(struct hs_mm *hm);
void hs_before_free(struct hs_before *b);
/* The block of addr, made if there is none; NULL: no memory, and b->lost. */
struct hs_block *hs_before_block(struct hs_before *b, unsigned long addr);

#endif /* HS_BEFORE_H */
