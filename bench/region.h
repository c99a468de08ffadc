/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory a benchmark works on: one anonymous VMA that can merge with no
 * other and starts at a 2 MiB boundary, so that no operation on the whole of
 * it splits a VMA (a split raises MMU_NOTIFY_CLEAR over the surrounding 2 MiB,
 * __split_huge_pmd) and its page tables are its own. In base pages, or in huge
 * ones (THP) that the kernel gives whole or not at all.
 */
#ifndef HMMSTORM_REGION_H
#define HMMSTORM_REGION_H

#include <stdbool.h>
#include <stddef.h>

#include "../lib/topo.h"

struct region_how {
	bool huge; /* the VMA is whole 2 MiB pages, of which pages are used */
	enum topo_place place;
	const struct topo *topo; /* NULL: PLACE_ANY only */
};

struct region {
	char *addr;
	size_t pages, len; /* len: in bytes, of the VMA; at least one page */
	struct region_how how;
	char *reserve; /* PROT_NONE neighbours */
	size_t reserve_len;
};

/* 0 pages: a VMA of one page that nobody touches. -EOPNOTSUPP: no second node, the
 * kernel gave no huge page, or not so much memory is free.
 */
int region_map(struct region *r, size_t pages, const struct region_how *how);
/* The same memory again at the same place, populated, after an munmap. */
int region_remap(struct region *r);
/* One write a page by the CPU: present and writable after. */
void region_write(const struct region *r);
void region_read(const struct region *r);
void region_unmap(struct region *r);

#endif
