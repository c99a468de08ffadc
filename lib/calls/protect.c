// SPDX-License-Identifier: GPL-2.0-only
/* Calls that change protections: mprotect(), userfaultfd, PAGEMAP_SCAN. */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "abi.h"
#include "calls.h"

static int protect(const struct call_run *c, size_t first, size_t n, int prot)
{
	return status(mprotect(c->mem + first * PAGE, n * PAGE, prot));
}

int protect_same(struct call_run *c)
{
	return protect(c, 0, c->bytes / PAGE, PROT_READ | PROT_WRITE);
}

int protect_read(struct call_run *c)
{
	return protect(c, 0, c->bytes / PAGE, PROT_READ);
}

int protect_none(struct call_run *c)
{
	return protect(c, 0, c->bytes / PAGE, PROT_NONE);
}

int protect_exec(struct call_run *c)
{
	return protect(c, 0, c->bytes / PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
}

int protect_some(struct call_run *c)
{
	return protect(c, 4, 4, PROT_READ);
}

int protect_half(struct call_run *c)
{
	return protect(c, 0, HUGE_PAGES / 2, PROT_READ);
}

/* The second 2 MiB, whose PMD is empty. */
int protect_second(struct call_run *c)
{
	return protect(c, HUGE_PAGES, HUGE_PAGES, PROT_READ);
}

static int watch(struct call_run *c, uint64_t features, uint64_t mode, const char *mem)
{
	struct uffdio_api api = { .api = UFFD_API, .features = features };
	struct uffdio_register r = {
		.range = { (uintptr_t)mem, c->bytes },
		.mode = mode,
	};

	c->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (c->uffd < 0)
		return errno == EPERM ? -EPERM : -EOPNOTSUPP;
	/* a feature that the kernel does not have */
	if (ioctl(c->uffd, UFFDIO_API, &api))
		return errno == EINVAL ? -EOPNOTSUPP : -errno;
	return mem ? status(ioctl(c->uffd, UFFDIO_REGISTER, &r)) : 0;
}

int uffd_open(struct call_run *c)
{
	return watch(c, 0, 0, NULL);
}

/* Of a userfaultfd that is open, or of one opened now. */
int uffd_watch(struct call_run *c)
{
	struct uffdio_register r = {
		.range = { (uintptr_t)c->mem, c->bytes },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	if (c->uffd < 0)
		return watch(c, 0, UFFDIO_REGISTER_MODE_WP, c->mem);
	return status(ioctl(c->uffd, UFFDIO_REGISTER, &r));
}

int uffd_unwatch(struct call_run *c)
{
	struct uffdio_range r = { (uintptr_t)c->mem, c->bytes };

	return status(ioctl(c->uffd, UFFDIO_UNREGISTER, &r));
}

static int wp(const struct call_run *c, uint64_t mode)
{
	struct uffdio_writeprotect w = {
		.range = { (uintptr_t)c->mem, c->bytes },
		.mode = mode,
	};

	return status(ioctl(c->uffd, UFFDIO_WRITEPROTECT, &w));
}

int uffd_protect(struct call_run *c)
{
	return wp(c, UFFDIO_WRITEPROTECT_MODE_WP);
}

int uffd_watch_protect(struct call_run *c)
{
	int ret = uffd_watch(c);

	return ret ? ret : uffd_protect(c);
}

int uffd_unprotect(struct call_run *c)
{
	return wp(c, 0);
}

int uffd_make_room(struct call_run *c)
{
	c->other = mmap(ELSEWHERE, c->bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (c->other == MAP_FAILED) {
		c->other = NULL;
		return -errno;
	}
	c->other_bytes = c->bytes;
	madvise(c->other, c->bytes, MADV_NOHUGEPAGE);
	return watch(c, UFFD_FEATURE_MOVE, UFFDIO_REGISTER_MODE_MISSING, c->other);
}

int uffd_move(struct call_run *c)
{
	struct uffdio_move m = {
		.dst = (uintptr_t)c->other,
		.src = (uintptr_t)c->mem,
		.len = c->bytes,
	};

	return status(ioctl(c->uffd, UFFDIO_MOVE, &m));
}

int scan_prepare(struct call_run *c)
{
	return watch(c, UFFD_FEATURE_WP_ASYNC | UFFD_FEATURE_WP_UNPOPULATED,
		     UFFDIO_REGISTER_MODE_WP, c->mem);
}

/* Write-protects what was written since the last one. */
int scan_protect(struct call_run *c)
{
	struct page_region found[NPAGES];
	struct pm_scan_arg a = {
		.size = sizeof(a),
		.flags = PM_SCAN_WP_MATCHING | PM_SCAN_CHECK_WPASYNC,
		.start = (uintptr_t)c->mem,
		.end = (uintptr_t)c->mem + c->bytes,
		.vec = (uintptr_t)found,
		.vec_len = NPAGES,
		.category_mask = PAGE_IS_WRITTEN,
		.return_mask = PAGE_IS_WRITTEN,
	};
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = status(ioctl(fd, PAGEMAP_SCAN, &a));
	close(fd);
	return ret;
}

int scan_twice(struct call_run *c)
{
	int ret = scan_prepare(c);

	return ret ? ret : scan_protect(c);
}
