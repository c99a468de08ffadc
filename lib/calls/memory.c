// SPDX-License-Identifier: GPL-2.0-only
/* The memory of a call: made as its kind says, in the device's hands, and gone again. */
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "calls.h"

/* What is mapped, in what way, and how much of it is used. */
struct kind {
	size_t bytes, pages;
	int flags, prot;
	int memfd; /* flags of memfd_create(), -1: no memfd */
	int advice; /* 0: as it is */
	bool read_only; /* the CPU reads it, and no more */
	bool on_disk;
};

#define RW (PROT_READ | PROT_WRITE)
#define ANON_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS)

/* Small pages where nothing is said of huge ones. */
#define ANON_KIND(bytes_, pages_, advice_) \
	{ .bytes = (bytes_), .pages = (pages_), .flags = ANON_FLAGS, .prot = RW, \
	  .memfd = -1, .advice = (advice_) }
#define FILE_KIND(bytes_, pages_, flags_, ...) \
	{ .bytes = (bytes_), .pages = (pages_), .flags = (flags_), .prot = RW, \
	  .advice = MADV_NOHUGEPAGE, __VA_ARGS__ }

static const struct kind kinds[] = {
	[CALL_ANON] = ANON_KIND(NPAGES * PAGE, NPAGES, MADV_NOHUGEPAGE),
	[CALL_UNTOUCHED] = ANON_KIND(NPAGES * PAGE, NPAGES, MADV_NOHUGEPAGE),
	[CALL_WIDE] = ANON_KIND(HUGE, NPAGES, MADV_NOHUGEPAGE),
	[CALL_PAIR] = ANON_KIND(2 * HUGE, NPAGES, MADV_NOHUGEPAGE),
	[CALL_THP] = ANON_KIND(HUGE, HUGE_PAGES, MADV_HUGEPAGE),
	/* huge pages are for those who ask, but MADV_COLLAPSE may */
	[CALL_SMALL] = ANON_KIND(HUGE, HUGE_PAGES, 0),
	[CALL_HUGETLB] = { HUGE, NPAGES, ANON_FLAGS | MAP_HUGETLB, RW, .memfd = -1 },
	[CALL_HUGETLB_FILE] = { HUGE, NPAGES, MAP_SHARED, RW, .memfd = MFD_HUGETLB },
	[CALL_SHMEM] = FILE_KIND(NPAGES * PAGE, NPAGES, MAP_SHARED),
	[CALL_SHMEM_WIDE] = { HUGE, HUGE_PAGES, MAP_SHARED, RW },
	[CALL_PRIVATE_FILE] = FILE_KIND(NPAGES * PAGE, NPAGES, MAP_PRIVATE,
					.read_only = true),
	[CALL_CODE] = { NPAGES * PAGE, NPAGES, MAP_PRIVATE, PROT_READ | PROT_EXEC,
			.read_only = true },
	[CALL_DISK_FILE] = FILE_KIND(NPAGES * PAGE, NPAGES, MAP_SHARED, .on_disk = true),
};

static const char *folder(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/var/tmp";
}

/* The pages of ramfs and tmpfs are never dirty for writeback: their bdi is
 * noop_backing_dev_info, without BDI_CAP_WRITEBACK, so nothing calls folio_mkclean().
 */
static bool writes_back(void)
{
	struct statfs s;

	return !statfs(folder(), &s) && s.f_type != RAMFS_MAGIC && s.f_type != TMPFS_MAGIC;
}

const char *call_memory_missing(enum call_kind kind)
{
	if (kind == CALL_DISK_FILE && !writes_back())
		return "TMPDIR (otherwise /var/tmp) is on a file system that never writes back (ramfs, tmpfs), so that folio_mkclean() is never called";
	return NULL;
}

static int open_file(struct call_run *c, const struct kind *k)
{
	char nops[PAGE];
	size_t i;

	c->file = k->on_disk ? open(folder(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) :
		  memfd_create("hmmstorm", MFD_CLOEXEC | (unsigned int)k->memfd);
	if (c->file < 0)
		return -errno;
	if (c->call->kind != CALL_CODE)
		return status(ftruncate(c->file, (off_t)k->bytes));
	memset(nops, 0x90, sizeof(nops));
	for (i = 0; i < k->bytes; i += sizeof(nops))
		if (write(c->file, nops, sizeof(nops)) != (ssize_t)sizeof(nops))
			return -ENOSPC;
	return 0;
}

static void touch(const struct call_run *c, bool write, size_t first, size_t n)
{
	volatile char *mem = c->mem;

	for (; n; n--, first++)
		if (write)
			mem[first * PAGE] = 1;
		else
			(void)mem[first * PAGE];
}

int call_map(struct call_run *c)
{
	const struct kind *k = &kinds[c->call->kind];
	int ret = k->memfd < 0 ? 0 : open_file(c, k);
	/* several callers' ranges have the upper levels of the tables in common */
	char *at = AT + c->caller * HUGE;

	if (ret)
		return ret;
	c->mem = mmap(at, k->bytes, k->prot, k->flags | MAP_FIXED_NOREPLACE, c->file, 0);
	if (c->mem == MAP_FAILED) {
		c->mem = NULL;
		return k->flags & MAP_HUGETLB || k->memfd == MFD_HUGETLB ? -EOPNOTSUPP :
									  -errno;
	}
	c->bytes = k->bytes;
	c->pages = k->pages;
	/* a kernel without huge pages has no such advice, and needs none */
	if (k->advice && madvise(c->mem, c->bytes, k->advice) &&
	    k->advice != MADV_NOHUGEPAGE)
		return -EOPNOTSUPP;
	if (c->call->kind != CALL_UNTOUCHED)
		touch(c, !k->read_only, 0, c->pages);
	return 0;
}

void call_unmap(struct call_run *c)
{
	if (c->wake >= 0)
		close(c->wake);
	if (c->child > 0) {
		kill(c->child, SIGKILL);
		waitpid(c->child, NULL, 0);
	}
	if (c->uffd >= 0)
		close(c->uffd);
	if (c->mem)
		munmap(c->mem, c->bytes);
	if (c->other)
		munmap(c->other, c->other_bytes);
	if (c->file >= 0)
		close(c->file);
	c->mem = NULL;
	c->other = NULL;
	c->child = 0;
	c->file = -1;
	c->uffd = -1;
	c->wake = -1;
}

/* Page by page: how many are fetched at once is the backend's affair. Without a
 * device the CPU does it, so that the pages are in the same state.
 */
static int each(const struct call_run *c, bool write, size_t first, size_t n)
{
	struct device_work work = { 0 };
	const struct backend_ops *ops;
	static __thread char buf[PAGE];
	int ret = 0;

	if (!c->dev) {
		touch(c, write, first, n);
		return 0;
	}
	ops = c->dev->ops;
	for (; n && !ret; n--, first++)
		ret = write ? ops->write(c->dev, c->mem + first * PAGE, buf, 1, &work) :
			      ops->read(c->dev, c->mem + first * PAGE, buf, 1, &work);
	return ret;
}

int device_part(struct call_run *c, enum call_device part)
{
	struct device_work work = { 0 };
	int ret;

	switch (part) {
	case CALL_READS:
		return each(c, false, 0, c->pages);
	case CALL_WRITES:
		return each(c, true, 0, c->pages);
	case CALL_MARKS:
		return c->dev ? c->dev->ops->make_exclusive(c->dev, c->mem, c->pages, &work) :
				-EOPNOTSUPP;
	case CALL_HALVES:
		ret = each(c, false, 0, c->pages / 2);
		return ret ? ret : each(c, true, c->pages / 2, c->pages / 2);
	case CALL_NO_DEVICE:
		break;
	}
	return 0;
}
