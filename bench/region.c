// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/backend.h"
#include "region.h"

#define HUGE (2UL << 20)

/* Is the first page part of a huge one? By /proc/self/smaps of its VMA. */
static bool is_huge(const struct region *r)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	bool here = false, huge = false;
	unsigned long from, to, kb;
	char line[256];

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from <= (uintptr_t)r->addr && (uintptr_t)r->addr < to;
		else if (here && sscanf(line, "AnonHugePages: %lu", &kb) == 1)
			huge = kb >= r->len / 1024;
	}
	if (f)
		fclose(f);
	return huge;
}

static int place(const struct region *r)
{
	if (r->how.place == PLACE_ANY)
		return 0;
	return r->how.topo ? topo_place(r->how.topo, r->addr, r->len, r->how.place) :
			     -EOPNOTSUPP;
}

int region_remap(struct region *r)
{
	int advice = r->how.huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE, ret;

	if (mmap(r->addr, r->len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	/* -EINVAL: a kernel without THP */
	if (madvise(r->addr, r->len, advice) && (errno != EINVAL || r->how.huge))
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	ret = place(r);
	if (ret)
		return ret;
	region_write(r);
	return !r->how.huge || is_huge(r) ? 0 : -EOPNOTSUPP;
}

/* With a quarter more for page tables and whoever mirrors it. */
static bool is_room(size_t len)
{
	return len / 4 * 5 <= (size_t)sysconf(_SC_AVPHYS_PAGES) * BACKEND_PAGE_SIZE;
}

int region_map(struct region *r, size_t pages, const struct region_how *how)
{
	int ret;

	r->how = *how;
	r->pages = pages;
	r->len = (pages ? pages : 1) * BACKEND_PAGE_SIZE;
	if (how->huge)
		r->len = (r->len + HUGE - 1) & ~(HUGE - 1);
	if (!is_room(r->len))
		return -EOPNOTSUPP;
	r->reserve_len = r->len + 2 * HUGE;
	r->reserve = mmap(NULL, r->reserve_len, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (r->reserve == MAP_FAILED)
		return -errno;
	/* never at the reserve's own start: a PROT_NONE page before it */
	r->addr = (char *)(((uintptr_t)r->reserve + HUGE) & ~(HUGE - 1));
	ret = region_remap(r);
	if (ret)
		region_unmap(r);
	return ret;
}

void region_write(const struct region *r)
{
	size_t i;

	for (i = 0; i < r->pages; i++)
		*(volatile char *)(r->addr + i * BACKEND_PAGE_SIZE) = 1;
}

void region_read(const struct region *r)
{
	size_t i;

	for (i = 0; i < r->pages; i++)
		(void)*(volatile char *)(r->addr + i * BACKEND_PAGE_SIZE);
}

void region_unmap(struct region *r)
{
	if (r->reserve)
		munmap(r->reserve, r->reserve_len);
	r->reserve = NULL;
}
