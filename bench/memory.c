// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/backend.h"
#include "../lib/mirror.h"
#include "memory.h"

#define PAGE BACKEND_PAGE_SIZE
#define HUGE (2UL << 20)
#define FEW 8UL
#define THP "/sys/kernel/mm/transparent_hugepage/"

static int say(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), ret = 0;

	if (fd < 0)
		return -EOPNOTSUPP;
	if (write(fd, text, strlen(text)) < 0)
		ret = -EOPNOTSUPP;
	close(fd);
	return ret;
}

static int map(struct memory *m, size_t len, int flags, int fd)
{
	m->map = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (m->map == MAP_FAILED) {
		m->map = NULL;
		return errno == ENOMEM || errno == ENODEV ? -EOPNOTSUPP : -errno;
	}
	m->len = len;
	m->addr = m->map;
	m->pages = FEW;
	return 0;
}

static void write_pages(const struct memory *m)
{
	size_t i;

	for (i = 0; i < m->pages; i++)
		*(volatile char *)(m->addr + i * PAGE) = 1;
}

static void read_pages(const struct memory *m)
{
	size_t i;

	for (i = 0; i < m->pages; i++)
		(void)*(volatile char *)(m->addr + i * PAGE);
}

static int untouched(struct memory *m)
{
	int ret = map(m, FEW * PAGE, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	if (!ret)
		madvise(m->map, m->len, MADV_NOHUGEPAGE);
	return ret;
}

static int anon(struct memory *m)
{
	int ret = untouched(m);

	if (!ret)
		write_pages(m);
	return ret;
}

static int zero_page(struct memory *m)
{
	int ret = untouched(m);

	if (!ret)
		read_pages(m);
	return ret;
}

static int protected(struct memory *m, int prot)
{
	int ret = anon(m);

	return ret ? ret : mprotect(m->map, m->len, prot) ? -errno : 0;
}

static int read_only(struct memory *m)
{
	return protected(m, PROT_READ);
}

static int no_access(struct memory *m)
{
	return protected(m, PROT_NONE);
}

static int locked(struct memory *m)
{
	int ret = anon(m);

	return ret ? ret : mlock(m->map, m->len) ? -errno : 0;
}

static int shared_by_fork(struct memory *m)
{
	int ret = anon(m);

	if (ret)
		return ret;
	m->child = fork();
	if (!m->child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return m->child < 0 ? -errno : 0;
}

/* References, as of O_DIRECT and vmsplice before 6.x's pins. */
static int referenced(struct memory *m)
{
	struct iovec from;
	int ends[2], ret = anon(m);

	if (ret)
		return ret;
	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	m->fd = ends[0];
	m->other = ends[1];
	from = (struct iovec){ m->map, m->len };
	return vmsplice(m->other, &from, 1, 0) == (ssize_t)m->len ? 0 : -errno;
}

/* By a second device of ours. */
static int held(struct memory *m, enum hmmstorm_protocol protocol)
{
	struct hmmstorm_mirror p = mirror_defaults(1, protocol);
	struct hmmstorm_cmd c = { .op = HMMSTORM_OP_MARK, .count = FEW };
	struct hmmstorm_done done;
	int ret = anon(m);

	if (!ret)
		ret = mirror_open(&m->m, &p);
	if (ret)
		return ret == -ENOENT ? -EOPNOTSUPP : ret;
	c.addr = (uintptr_t)m->addr;
	return mirror_run(m->m, 0, &c, &done);
}

static int pinned(struct memory *m)
{
	return held(m, HMMSTORM_PROTOCOL_PIN);
}

static int exclusive_elsewhere(struct memory *m)
{
	return held(m, HMMSTORM_PROTOCOL_PROCESS);
}

static int write_protected(struct memory *m)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register r = { .mode = UFFDIO_REGISTER_MODE_WP };
	struct uffdio_writeprotect w = { .mode = UFFDIO_WRITEPROTECT_MODE_WP };
	int ret = anon(m);

	if (ret)
		return ret;
	m->fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	r.range = (struct uffdio_range){ (uintptr_t)m->map, m->len };
	w.range = r.range;
	if (m->fd < 0 || ioctl(m->fd, UFFDIO_API, &api) ||
	    ioctl(m->fd, UFFDIO_REGISTER, &r) || ioctl(m->fd, UFFDIO_WRITEPROTECT, &w))
		return -EOPNOTSUPP;
	return 0;
}

/* pages: what the kernel gave; 0: it does not. */
static size_t huge_pages(const struct memory *m, const char *field)
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long from, to, kb = 0;
	char line[256];
	bool here = false;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = from <= (uintptr_t)m->addr && (uintptr_t)m->addr < to;
		else if (here && !strncmp(line, field, strlen(field)))
			kb = strtoul(line + strlen(field) + 1, NULL, 10);
	}
	if (f)
		fclose(f);
	return kb / 4;
}

/* Two MiB, aligned, with this advice. */
static int map_huge(struct memory *m, int flags, int fd, int advice)
{
	int ret = map(m, 2 * HUGE, flags, fd);

	if (ret)
		return ret;
	m->addr = (char *)(((uintptr_t)m->map + HUGE - 1) & ~(HUGE - 1));
	return madvise(m->addr, HUGE, advice) ? -EOPNOTSUPP : 0;
}

static int thp(struct memory *m)
{
	int ret = map_huge(m, MAP_PRIVATE | MAP_ANONYMOUS, -1, MADV_HUGEPAGE);

	if (ret)
		return ret;
	write_pages(m);
	return huge_pages(m, "AnonHugePages") ? 0 : -EOPNOTSUPP;
}

static int thp_tail(struct memory *m)
{
	int ret = thp(m);

	m->addr += PAGE;
	return ret;
}

/* A folio of 64 KiB in PTEs, since 6.8. No file tells; the kernel was asked. */
static int large_folio(struct memory *m)
{
	static const char enabled[] = THP "hugepages-64kB/enabled";
	int ret = say(enabled, "always");

	if (!ret)
		ret = map_huge(m, MAP_PRIVATE | MAP_ANONYMOUS, -1, MADV_NORMAL);
	if (!ret)
		write_pages(m);
	say(enabled, "never");
	return ret;
}

static int hugetlb(struct memory *m, int flags)
{
	int ret = say("/proc/sys/vm/nr_hugepages", "4");

	if (!ret)
		ret = map(m, HUGE, flags | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	if (!ret)
		write_pages(m);
	return ret;
}

static int hugetlb_private(struct memory *m)
{
	return hugetlb(m, MAP_PRIVATE);
}

static int hugetlb_shared(struct memory *m)
{
	return hugetlb(m, MAP_SHARED);
}

static int shmem(struct memory *m)
{
	int ret = map(m, FEW * PAGE, MAP_SHARED | MAP_ANONYMOUS, -1);

	if (!ret)
		write_pages(m);
	return ret;
}

static int shmem_huge(struct memory *m)
{
	int ret = say(THP "shmem_enabled", "advise");

	if (!ret)
		ret = map_huge(m, MAP_SHARED | MAP_ANONYMOUS, -1, MADV_HUGEPAGE);
	if (ret)
		return ret;
	write_pages(m);
	return huge_pages(m, "ShmemPmdMapped") ? 0 : -EOPNOTSUPP;
}

/* The page cache of a file that is not shmem's, where /var/tmp is none: ramfs in
 * the lab.
 */
static int map_file(struct memory *m, int flags)
{
	char path[] = "/var/tmp/hmmstorm-XXXXXX";

	m->fd = mkostemp(path, O_CLOEXEC);
	if (m->fd < 0)
		return -EOPNOTSUPP;
	unlink(path);
	if (ftruncate(m->fd, FEW * PAGE))
		return -errno;
	return map(m, FEW * PAGE, flags, m->fd);
}

static int file_shared(struct memory *m)
{
	int ret = map_file(m, MAP_SHARED);

	if (!ret)
		write_pages(m);
	return ret;
}

static int file_private(struct memory *m)
{
	int ret = map_file(m, MAP_PRIVATE);

	if (!ret)
		read_pages(m);
	return ret;
}

static int file_written(struct memory *m)
{
	int ret = map_file(m, MAP_PRIVATE);

	if (!ret)
		write_pages(m);
	return ret;
}

static int secret(struct memory *m)
{
	int ret;

	m->fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	if (m->fd < 0 || ftruncate(m->fd, FEW * PAGE))
		return -EOPNOTSUPP;
	ret = map(m, FEW * PAGE, MAP_SHARED, m->fd);
	if (!ret)
		write_pages(m);
	return ret;
}

static int vdso(struct memory *m)
{
	m->addr = (char *)getauxval(AT_SYSINFO_EHDR);
	m->pages = 1;
	return m->addr ? 0 : -EOPNOTSUPP;
}

const struct memory_kind memory_kinds[] = {
	{ "anon", "anonymous, written", anon, NULL },
	{ "untouched", "anonymous, never touched", untouched, NULL },
	{ "zero_page", "anonymous, only read: the zero page", zero_page, NULL },
	{ "read_only", "anonymous, PROT_READ", read_only, NULL },
	{ "no_access", "anonymous, PROT_NONE", no_access, NULL },
	{ "locked", "anonymous, mlock()", locked, NULL },
	{ "shared_by_fork", "anonymous, shared with a fork child", shared_by_fork, NULL },
	{ "referenced", "anonymous, with references of vmsplice()", referenced, NULL },
	{ "pinned", "anonymous, pinned for DMA by a second device", pinned, NULL },
	{ "exclusive_elsewhere", "anonymous, exclusive to a second device",
	  exclusive_elsewhere, NULL },
	{ "uffd_wp", "anonymous, write-protected by userfaultfd", write_protected, NULL },
	{ "thp", "first pages of a huge page (PMD)", thp, NULL },
	{ "thp_tail", "pages of a huge page but its first", thp_tail, NULL },
	{ "large_folio", "a folio of 64 KiB, mapped by PTEs (since 6.8)", large_folio, NULL },
	{ "hugetlb", "hugetlb, private", hugetlb_private, NULL },
	{ "hugetlb_shared", "hugetlb, shared", hugetlb_shared, NULL },
	{ "shmem", "shmem, shared", shmem, NULL },
	{ "shmem_thp", "shmem, shared, in a huge page", shmem_huge, NULL },
	{ "file", "a file's page cache, shared", file_shared, NULL },
	{ "file_private", "a file's page cache, private, only read", file_private, NULL },
	{ "file_private_written", "a private file mapping, written (a copy)",
	  file_written, NULL },
	/* dmirror_do_read() copies by the kernel's map, as far as 7.3 */
	{ "secret", "memfd_secret(): not in the kernel's map", secret, "test_hmm" },
	{ "vdso", "the vDSO: the kernel's own pages", vdso, NULL },
};

const size_t memory_nr_kinds = sizeof(memory_kinds) / sizeof(*memory_kinds);

int memory_make(const struct memory_kind *k, struct memory *m)
{
	*m = (struct memory){ .fd = -1, .other = -1 };
	return k->make(m);
}

void memory_free(struct memory *m)
{
	if (m->child > 0) {
		kill(m->child, SIGKILL);
		waitpid(m->child, NULL, 0);
	}
	mirror_close(m->m);
	if (m->map)
		munmap(m->map, m->len);
	if (m->fd >= 0)
		close(m->fd);
	if (m->other >= 0)
		close(m->other);
}
