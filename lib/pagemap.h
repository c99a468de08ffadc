/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /proc/self/pagemap: the judge of what the CPU's page table holds, without a
 * fault or a notifier. A device-exclusive entry is not present, has the swap
 * bit, and (as root) a swap type above the swap devices'; device-private
 * entries are swap entries of other types. Neither can be confused with real
 * swap here, whose types start at 0 (see mm/swapfile.c, MAX_SWAPFILES).
 */
#ifndef HMMSTORM_PAGEMAP_H
#define HMMSTORM_PAGEMAP_H

#include <stddef.h>
#include <stdint.h>

enum page_state {
	PAGE_NONE,		/* nothing there */
	PAGE_PRESENT,
	PAGE_EXCLUSIVE,		/* device-exclusive entry */
	PAGE_SWAP,		/* real swap, or device-private memory */
};

/* Once, before the other calls; -errno. Learns which swap types mean
 * device-exclusive from the kernel release (include/linux/swapops.h).
 */
int pagemap_open(void);
/* State of npages pages from addr; 0 or -errno. Thread-safe. */
int pagemap_read(const void *addr, size_t npages, enum page_state *state);
/* Pages of the range in state want, or -errno. */
long pagemap_count(const void *addr, size_t npages, enum page_state want);

#endif
