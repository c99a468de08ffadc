// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/pagemap.c: on the running kernel for pages that are there or not; and,
 * with a page table and a kernel release of our own making, for the swap types
 * that mean device-exclusive in each kernel line.
 */
#include <stdarg.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "../lib/backend.h"
#include "../lib/pagemap.h"
#include "../lib/tap.h"
#include "child.h"

#define SWAPPED (1ULL << 62)
#define PRESENT (1ULL << 63)
#define SOFT_DIRTY (1ULL << 55)
#define FILE_OR_SHARED (1ULL << 61)

static const char *fake_release;
static uint64_t fake_entry;

/* Stand before the C library's, for lib/pagemap.c alone. */
int uname(struct utsname *u)
{
	int ret = (int)syscall(SYS_uname, u);

	if (fake_release)
		strcpy(u->release, fake_release);
	return ret;
}

ssize_t pread(int fd, void *buf, size_t len, off_t at)
{
	if (!fake_release || len != sizeof(fake_entry))
		return syscall(SYS_pread64, fd, buf, len, at);
	memcpy(buf, &fake_entry, len);
	return (ssize_t)len;
}

/* include/linux/swap.h, swapops.h of each line: which types are exclusive.
 * Measured in the lab: 7.3 and 6.12; by reading: the rest.
 */
static const struct {
	const char *release;
	uint32_t exclusive;
} releases[] = {
	{ "5.19.0", 1U << 28 | 1U << 29 },
	{ "6.1.0-49-cloud-amd64", 1U << 28 | 1U << 29 },
	{ "6.2.16", 1U << 28 | 1U << 29 },
	{ "6.3.0", 1U << 29 | 1U << 30 },
	{ "6.12.117", 1U << 29 | 1U << 30 },
	{ "6.14.11", 1U << 29 | 1U << 30 },
	{ "6.15.0-rc1", 1U << 30 },
	{ "7.0", 1U << 30 },
	{ "7.3.4+deb13-cloud-amd64", 1U << 30 },
};

static int wrong_types(const char *release, uint32_t exclusive)
{
	enum page_state state = PAGE_NONE;
	uint32_t type;
	int wrong = 0;

	fake_release = release;
	if (pagemap_open())
		return -1;
	for (type = 0; type < 32; type++) {
		fake_entry = SWAPPED | SOFT_DIRTY | 77 << 5 | type;
		wrong += pagemap_read(NULL, 1, &state) ||
			 state != (exclusive >> type & 1 ? PAGE_EXCLUSIVE : PAGE_SWAP);
		/* a page's number: no type */
		fake_entry = PRESENT | FILE_OR_SHARED | type;
		wrong += pagemap_read(NULL, 1, &state) || state != PAGE_PRESENT;
		fake_entry = SOFT_DIRTY | type;
		wrong += pagemap_read(NULL, 1, &state) || state != PAGE_NONE;
	}
	return wrong;
}

/* pagemap_open() learns the release once: a process for each. */
static void test_releases(void)
{
	size_t i;

	for (i = 0; i < sizeof(releases) / sizeof(*releases); i++) {
		int status = -1;
		pid_t pid = fork();

		if (!pid)
			_exit(wrong_types(releases[i].release, releases[i].exclusive));
		waitpid(pid, &status, 0);
		tap_ok(!status, "swap types of %s", releases[i].release);
	}
}

static char *map(size_t pages)
{
	char *p = mmap(NULL, pages * BACKEND_PAGE_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(2);
	madvise(p, pages * BACKEND_PAGE_SIZE, MADV_NOHUGEPAGE);
	return p;
}

static void test_present(void)
{
	enum page_state state[8];
	char *p = map(8);
	bool good = true;
	int i;

	for (i = 0; i < 8; i += 3)
		p[i * BACKEND_PAGE_SIZE] = 1;
	tap_eq(pagemap_read(p, 8, state), 0, "eight pages are read");
	for (i = 0; i < 8; i++)
		good &= state[i] == (i % 3 ? PAGE_NONE : PAGE_PRESENT);
	tap_ok(good, "touched pages are present, the others are none");
	tap_eq(pagemap_count(p, 8, PAGE_PRESENT), 3, "three are present");
	tap_eq(pagemap_count(p, 8, PAGE_NONE), 5, "five are none");
	tap_eq(pagemap_count(p, 8, PAGE_EXCLUSIVE), 0, "none is exclusive");
	mprotect(p, 8 * BACKEND_PAGE_SIZE, PROT_NONE);
	tap_eq(pagemap_count(p, 8, PAGE_PRESENT), 3, "PROT_NONE takes no page away");
	madvise(p, 8 * BACKEND_PAGE_SIZE, MADV_DONTNEED);
	tap_eq(pagemap_count(p, 8, PAGE_PRESENT), 0, "MADV_DONTNEED does");
	munmap(p, 8 * BACKEND_PAGE_SIZE);
	tap_eq(pagemap_count(p, 8, PAGE_NONE), 8, "a hole is none");
}

/* The judge changes nothing: what it judges stays as it is. */
static void test_no_fault(void)
{
	enum page_state state[64];
	char *p = map(64);
	int i;

	for (i = 0; i < 10; i++)
		pagemap_read(p, 64, state);
	tap_eq(pagemap_count(p, 64, PAGE_NONE), 64, "reading brings no page in");
	munmap(p, 64 * BACKEND_PAGE_SIZE);
}

/* More than one read() of it, and not a multiple. */
static void test_many(void)
{
	static enum page_state state[3000];
	size_t n = 3000, i;
	char *p = map(n);
	bool good = true;

	for (i = 0; i < n; i += 7)
		p[i * BACKEND_PAGE_SIZE] = 1;
	tap_eq(pagemap_read(p, n, state), 0, "3,000 pages are read");
	for (i = 0; i < n; i++)
		good &= state[i] == (i % 7 ? PAGE_NONE : PAGE_PRESENT);
	tap_ok(good, "each of them right");
	tap_eq(pagemap_count(p, n, PAGE_PRESENT), (n + 6) / 7, "and counted right");
	tap_eq(pagemap_count(p, 0, PAGE_PRESENT), 0, "no pages are none");
	munmap(p, n * BACKEND_PAGE_SIZE);
}

static void test_beyond(void)
{
	enum page_state state[4];
	void *beyond = (void *)0xffff880000000000UL;

	tap_ok(pagemap_read(beyond, 4, state) < 0, "kernel addresses are refused");
	tap_ok(pagemap_count(beyond, 4, PAGE_NONE) < 0, "and not counted");
}

int main(void)
{
	enum page_state state = PAGE_NONE;

	tap_ok(pagemap_read(&state, 1, &state) < 0, "before pagemap_open() nothing is told");
	test_releases();
	if (!tap_ok(!pagemap_open(), "the pagemap opens") ||
	    !tap_ok(!pagemap_open(), "twice is as once"))
		return tap_done();
	test_present();
	test_no_fault();
	test_many();
	test_beyond();
	return tap_done();
}
