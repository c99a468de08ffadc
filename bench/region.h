/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory a benchmark works on: one anonymous VMA that can merge with no
 * other and starts at a 2 MiB boundary, so that no operation on the whole of
 * it splits a VMA (a split raises MMU_NOTIFY_CLEAR over the surrounding 2 MiB,
 * __split_huge_pmd) and its page tables are its own. No THP.
 */
#ifndef HMMSTORM_REGION_H
#define HMMSTORM_REGION_H

#include <stddef.h>

struct region {
	char *addr;
	size_t pages, len; /* len: in bytes, of the VMA; at least one page */
	char *reserve; /* PROT_NONE neighbours */
	size_t reserve_len;
};

/* 0 pages: a VMA of one page that nobody touches. */
int region_map(struct region *r, size_t pages);
/* The same memory again at the same place, populated, after an munmap. */
int region_remap(struct region *r);
/* One write a page by the CPU: present and writable after. */
void region_write(const struct region *r);
void region_read(const struct region *r);
void region_unmap(struct region *r);

#endif
