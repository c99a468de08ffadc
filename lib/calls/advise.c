// SPDX-License-Identifier: GPL-2.0-only
/* The kinds of madvise(). */
#include <sys/mman.h>

#include "abi.h"
#include "calls.h"

static int advise(const struct call_run *c, int advice)
{
	return status(madvise(c->mem, c->bytes, advice));
}

int advise_dontneed(struct call_run *c)
{
	return advise(c, MADV_DONTNEED);
}

int advise_dontneed_one(struct call_run *c)
{
	return status(madvise(c->mem, PAGE, MADV_DONTNEED));
}

int advise_free(struct call_run *c)
{
	return advise(c, MADV_FREE);
}

int advise_free_write(struct call_run *c)
{
	int ret = advise_free(c);

	return ret ? ret : task_write_all(c);
}

int advise_cold(struct call_run *c)
{
	return advise(c, MADV_COLD);
}

int advise_pageout(struct call_run *c)
{
	return advise(c, MADV_PAGEOUT);
}

int advise_willneed(struct call_run *c)
{
	return advise(c, MADV_WILLNEED);
}

int advise_populate_read(struct call_run *c)
{
	return advise(c, MADV_POPULATE_READ);
}

int advise_populate_write(struct call_run *c)
{
	return advise(c, MADV_POPULATE_WRITE);
}

int advise_guard(struct call_run *c)
{
	return advise(c, MADV_GUARD_INSTALL);
}

int advise_unguard(struct call_run *c)
{
	return advise(c, MADV_GUARD_REMOVE);
}

/* -EINVAL: no huge pages of this kind (of files: CONFIG_READ_ONLY_THP_FOR_FS). */
int advise_collapse(struct call_run *c)
{
	int ret = advise(c, MADV_COLLAPSE);

	return ret == -EINVAL ? -EOPNOTSUPP : ret;
}

int advise_remove(struct call_run *c)
{
	return advise(c, MADV_REMOVE);
}

int advise_huge(struct call_run *c)
{
	return advise(c, MADV_HUGEPAGE);
}

int advise_dontfork(struct call_run *c)
{
	return advise(c, MADV_DONTFORK);
}

int advise_mergeable(struct call_run *c)
{
	return advise(c, MADV_MERGEABLE);
}
