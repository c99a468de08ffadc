/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mirror device, as the rest of the module sees it.
 *
 * mirror.c   contexts: create, policy, close; the notifiers that drop entries
 * table.c    the device's page table
 * fault.c    device faults, by protocol
 * engine.c   engines: rings, commands
 * replay.c   faults in batches
 * restore.c  putting the CPU's entries back, by policy
 */
#ifndef HS_MIRROR_H
#define HS_MIRROR_H

#include <linux/types.h>

#include "hmmstorm.h"

struct hs_mirror;
struct vm_area_struct;

/**
 * struct hs_mapped - a leaf of a context's page table
 * @base: address of its first page
 * @entry: HS_ENTRY_* of device.h, by page
 * @first: of the pages asked for
 * @last: likewise
 */
struct hs_mapped {
	unsigned long base;
	const u64 *entry;
	unsigned int first, last;
};

typedef void hs_leaf_fn(const struct hs_mapped *leaf, void *data);

/*
 * fn is called for each leaf of every mirror context of mm that has pages in [start,
 * end), by address within a context, under the context's lock (a spinlock): no
 * sleep. What the device maps cannot be freed meanwhile, nor the CPU's page table
 * of it. except: a context that is left out, or NULL.
 */
void hs_mirror_for_each(const struct mm_struct *mm, unsigned long start,
			unsigned long end, const void *except, hs_leaf_fn *fn,
			void *data);

void hs_mirror_instants(u64 *value);

/* The calls of main.c; slot is where the open file keeps its context. */
long hs_mirror_create(struct hs_mirror **slot, void __user *arg);
long hs_mirror_enter(struct hs_mirror *m, const void __user *arg);
long hs_mirror_policy(struct hs_mirror *m, const void __user *arg);
int hs_mirror_mmap(struct hs_mirror *m, struct vm_area_struct *vma);
void hs_mirror_close(struct hs_mirror *m);

#endif /* HS_MIRROR_H */
