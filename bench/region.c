// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

#include "../lib/backend.h"
#include "region.h"

#define HUGE (2UL << 20)

int region_remap(struct region *r)
{
	if (mmap(r->addr, r->len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	/* -EINVAL: a kernel without THP */
	if (madvise(r->addr, r->len, MADV_NOHUGEPAGE) && errno != EINVAL)
		return -errno;
	region_write(r);
	return 0;
}

int region_map(struct region *r, size_t pages)
{
	int ret;

	r->pages = pages;
	r->len = (pages ? pages : 1) * BACKEND_PAGE_SIZE;
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
