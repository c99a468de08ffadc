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

/* One page that a device maps. */
struct hs_mapped {
	unsigned long addr;
	unsigned long pfn;
	enum hmmstorm_rights rights;
};

/*
 * Called for each page of [start, end) that any mirror context of mm maps, in
 * no particular order, under the context's lock (a spinlock): no sleep. The
 * page cannot be freed meanwhile.
 */
void hs_mirror_for_each(const struct mm_struct *mm, unsigned long start,
			unsigned long end,
			void (*fn)(const struct hs_mapped *page, void *data),
			void *data);

void hs_mirror_instants(u64 *value);

/* The calls of main.c; slot is where the open file keeps its context. */
long hs_mirror_create(struct hs_mirror **slot, void __user *arg);
long hs_mirror_enter(struct hs_mirror *m, const void __user *arg);
long hs_mirror_policy(struct hs_mirror *m, const void __user *arg);
int hs_mirror_mmap(struct hs_mirror *m, struct vm_area_struct *vma);
void hs_mirror_close(struct hs_mirror *m);

#endif /* HS_MIRROR_H */
