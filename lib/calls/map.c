// SPDX-License-Identifier: GPL-2.0-only
/* Calls that map, move and unmap, and those on the file behind. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "calls.h"

int map_unmap(struct call_run *c)
{
	int ret = status(munmap(c->mem, c->bytes));

	c->mem = NULL;
	return ret;
}

/* In the middle; the rest is unmapped with the gap in it. */
int map_unmap_some(struct call_run *c)
{
	return status(munmap(c->mem + 4 * PAGE, 4 * PAGE));
}

int map_over(struct call_run *c)
{
	return mmap(c->mem, c->bytes, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED ?
		       -errno : 0;
}

static int remap(struct call_run *c, size_t bytes, int flags, void *to)
{
	void *mem = mremap(c->mem, c->bytes, bytes, flags, to);

	if (mem == MAP_FAILED)
		return -errno;
	if (flags & MREMAP_DONTUNMAP) {
		c->other = c->mem;
		c->other_bytes = c->bytes;
	}
	c->mem = mem;
	c->bytes = bytes;
	return 0;
}

int map_move(struct call_run *c)
{
	return remap(c, c->bytes, MREMAP_MAYMOVE | MREMAP_FIXED, ELSEWHERE);
}

int map_move_keep(struct call_run *c)
{
	return remap(c, c->bytes, MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP,
		     ELSEWHERE);
}

int map_grow(struct call_run *c)
{
	return remap(c, c->bytes + 8 * PAGE, 0, NULL);
}

int map_shrink(struct call_run *c)
{
	return remap(c, c->bytes / 2, 0, NULL);
}

int map_lock(struct call_run *c)
{
	return status(mlock(c->mem, c->bytes));
}

int map_look(struct call_run *c)
{
	unsigned char in[2 * HUGE_PAGES];

	return status(mincore(c->mem, c->bytes, in));
}

int map_sync(struct call_run *c)
{
	return status(msync(c->mem, c->bytes, MS_SYNC));
}

int file_truncate(struct call_run *c)
{
	return status(ftruncate(c->file, 0));
}

int file_punch(struct call_run *c)
{
	return status(fallocate(c->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
				(off_t)c->bytes));
}

int file_sync(struct call_run *c)
{
	return status(fsync(c->file));
}
