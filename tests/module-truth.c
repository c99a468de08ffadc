// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ground truth against known system calls: each row makes a known number of
 * invalidations of each event and class, and exactly these must be found, none
 * more. What a call does to the entries of a page decides which class it is in
 * (METHODOLOGY.md); kernels before 6.15 differ where the row says so.
 *
 * The memory under test stands alone in its GiB, so that no neighbour has a part
 * in it; only fork() meets the other mappings of the process, of which the device
 * maps none: each is write-protected, and while the child has the stack a write to
 * it is a COW. So there the cells protection_page_fp0 and clear_fp0 are left out.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <numaif.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/device_node.h"
#include "../lib/mirror.h"
#include "truth.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

#define PAGE 4096UL
#define NPAGES 16UL
#define HUGE_PAGES 512UL
#define HUGE (HUGE_PAGES * PAGE)
#define AT ((char *)0x200000000000)
#define ELSEWHERE ((char *)0x200080000000)
#define REPEAT 3

static struct mirror *m;
static struct truth truth;
static char *mem;
static size_t mem_bytes, nr; /* pages that a row works on */
static int file = -1, uffd = -1;
static pid_t child;

static void device(unsigned int op, size_t first, size_t n)
{
	int ret = device_run(m, op, mem + first * PAGE, n);

	if (ret)
		printf("# device command %u: error %d\n", op, ret);
}

/* One word of each page. */
static void device_each(unsigned int op, size_t first, size_t n)
{
	for (; n; n--, first++)
		device(op, first, 8);
}

static void read_all(void)
{
	device_each(HMMSTORM_OP_READ, 0, nr);
}

static void write_all(void)
{
	device_each(HMMSTORM_OP_WRITE, 0, nr);
}

static void mark_all(void)
{
	device(HMMSTORM_OP_MARK, 0, nr);
}

static void mark_one(void)
{
	device(HMMSTORM_OP_MARK, 0, 1);
}

static void read_half_write_half(void)
{
	device_each(HMMSTORM_OP_READ, 0, nr / 2);
	device_each(HMMSTORM_OP_WRITE, nr / 2, nr / 2);
}

static void nothing(void)
{
}

static void touch_one(void)
{
	*(volatile char *)mem = 1;
}

static void look_at_one(void)
{
	(void)*(volatile char *)mem;
}

static void touch_all(void)
{
	size_t i;

	for (i = 0; i < nr; i++)
		((volatile char *)mem)[i * PAGE] = 1;
}

static void must(int ret, const char *what)
{
	if (ret)
		printf("# %s: %s\n", what, strerror(errno));
}

static void protect(size_t first, size_t n, int prot)
{
	must(mprotect(mem + first * PAGE, n * PAGE, prot), "mprotect");
}

static void same(void)
{
	protect(0, mem_bytes / PAGE, PROT_READ | PROT_WRITE);
}

static void read_only(void)
{
	protect(0, mem_bytes / PAGE, PROT_READ);
}

static void no_access(void)
{
	protect(0, mem_bytes / PAGE, PROT_NONE);
}

static void executable(void)
{
	protect(0, mem_bytes / PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void read_only_some(void)
{
	protect(4, 4, PROT_READ);
}

static void read_only_half(void)
{
	protect(0, HUGE_PAGES / 2, PROT_READ);
}

static void read_only_and_read(void)
{
	read_only();
	read_all();
}

static void advise(int advice)
{
	must(madvise(mem, mem_bytes, advice), "madvise");
}

static void dontneed(void)
{
	advise(MADV_DONTNEED);
}

static void dontneed_one(void)
{
	must(madvise(mem, PAGE, MADV_DONTNEED), "madvise");
}

static void free_lazily(void)
{
	advise(MADV_FREE);
}

static void free_and_read(void)
{
	free_lazily();
	read_all();
}

static void cold(void)
{
	advise(MADV_COLD);
}

static void pageout(void)
{
	advise(MADV_PAGEOUT);
}

static void willneed(void)
{
	advise(MADV_WILLNEED);
}

static void populate_read(void)
{
	advise(MADV_POPULATE_READ);
}

static void populate_write(void)
{
	advise(MADV_POPULATE_WRITE);
}

static void guard(void)
{
	advise(MADV_GUARD_INSTALL);
}

static void collapse(void)
{
	advise(MADV_COLLAPSE);
}

static void unmap(void)
{
	must(munmap(mem, mem_bytes), "munmap");
	mem = NULL;
}

static void move(void)
{
	if (mremap(mem, mem_bytes, mem_bytes, MREMAP_MAYMOVE | MREMAP_FIXED,
		   ELSEWHERE) == MAP_FAILED)
		must(-1, "mremap");
	mem = ELSEWHERE;
}

static void grow(void)
{
	if (mremap(mem, mem_bytes, mem_bytes + 8 * PAGE, 0) == MAP_FAILED)
		must(-1, "mremap");
	mem_bytes += 8 * PAGE;
}

static void make_child(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void fork_and_read(void)
{
	make_child();
	read_all();
}

/* A child that shares the pages until the row is over. */
static void share_and_read(void)
{
	child = fork();
	if (!child) {
		pause();
		_exit(0);
	}
	read_all();
}

static void clear_soft_dirty(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "4", 1) != 1)
		must(-1, "clear_refs");
	close(fd);
}

static void clear_and_read(void)
{
	clear_soft_dirty();
	read_all();
}

static void wp(bool on)
{
	struct uffdio_writeprotect w = {
		.range = { (uintptr_t)mem, mem_bytes },
		.mode = on ? UFFDIO_WRITEPROTECT_MODE_WP : 0,
	};

	must(ioctl(uffd, UFFDIO_WRITEPROTECT, &w), "UFFDIO_WRITEPROTECT");
}

static void watch(void)
{
	struct uffdio_api a = { .api = UFFD_API };
	struct uffdio_register r = {
		.range = { (uintptr_t)mem, mem_bytes },
		.mode = UFFDIO_REGISTER_MODE_WP,
	};

	uffd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (uffd < 0 || ioctl(uffd, UFFDIO_API, &a) ||
	    ioctl(uffd, UFFDIO_REGISTER, &r))
		must(-1, "userfaultfd");
}

static void watch_and_read(void)
{
	watch();
	read_all();
}

static void watch_and_write(void)
{
	watch();
	write_all();
}

static void watch_and_mark(void)
{
	watch();
	mark_all();
}

static void wp_on(void)
{
	wp(true);
}

static void wp_off(void)
{
	wp(false);
}

static void wp_and_read(void)
{
	watch();
	wp(true);
	read_all();
}

static void truncate_file(void)
{
	must(ftruncate(file, 0), "ftruncate");
}

static void punch(void)
{
	must(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		       mem_bytes), "fallocate");
}

/* To the other node. */
static void migrate(void)
{
	void *pages[NPAGES];
	int nodes[NPAGES], status[NPAGES];
	size_t i;

	/* of an exclusive page the status is no node but -ENOENT */
	must(move_pages(0, 1, (void *[]){ mem }, NULL, status, 0), "move_pages");
	for (i = 0; i < NPAGES; i++) {
		pages[i] = mem + i * PAGE;
		nodes[i] = !status[0];
	}
	must(move_pages(0, NPAGES, pages, nodes, status, MPOL_MF_MOVE),
	     "move_pages");
}

enum kind { ANON, UNTOUCHED, WIDE, THP, SMALL, HUGETLB, SHMEM, PRIVATE_FILE };

/* A row's memory: ANON 16 pages; WIDE 2 MiB of which 16 pages are used; THP 2 MiB
 * in one PMD; SMALL 2 MiB in PTEs.
 */
static const struct row {
	const char *call, *state;
	enum kind kind;
	void (*prepare)(void);
	void (*run)(void);
	const char *want;
	const char *before_6_15; /* NULL: the same */
} rows[] = {
	{ "mprotect RW", "same, exclusive", ANON, mark_all, same, "", NULL },
	{ "mprotect R", "device maps none", ANON, nothing, read_only,
	  "protection_vma_fp0=1", NULL },
	{ "mprotect R", "untouched", UNTOUCHED, nothing, read_only, "", NULL },
	{ "mprotect R", "device reads", ANON, read_all, read_only,
	  "protection_vma_fp2=1", NULL },
	{ "mprotect R", "device writes", ANON, write_all, read_only,
	  "protection_vma_tp=1", NULL },
	{ "mprotect R", "exclusive", ANON, mark_all, read_only,
	  "protection_vma_tp=1", NULL },
	{ "mprotect R", "half read, half written", ANON, read_half_write_half,
	  read_only, "protection_vma_fp3=1", NULL },
	{ "mprotect RW", "was R, device reads", ANON, read_only_and_read, same,
	  "protection_vma_fp2=1", NULL },
	{ "mprotect NONE", "device reads", ANON, read_all, no_access,
	  "protection_vma_tp=1", NULL },
	{ "mprotect NONE", "exclusive", ANON, mark_all, no_access,
	  "protection_vma_tp=1", NULL },
	{ "mprotect RWX", "device reads", ANON, read_all, executable,
	  "protection_vma_fp2=1", NULL },
	/* before 6.15 an entry loses its type for writing and never gets it back */
	{ "mprotect RWX", "exclusive", ANON, mark_all, executable,
	  "protection_vma_fp1=1", "protection_vma_fp2=1" },
	{ "mprotect R", "4 pages, device reads", ANON, read_all, read_only_some,
	  "protection_vma_fp2=1", NULL },
	/* the split of the mapping clears 2 MiB, and the device has nothing after */
	{ "mprotect R", "4 pages of 2 MiB, device reads", WIDE, read_all,
	  read_only_some, "clear_fp1=1 protection_vma_fp0=1", NULL },
	{ "mprotect R", "4 pages of 2 MiB, exclusive", WIDE, mark_all,
	  read_only_some, "clear_fp1=1 protection_vma_fp0=1", NULL },

	{ "MADV_DONTNEED", "device maps none", ANON, nothing, dontneed,
	  "clear_fp0=1", NULL },
	{ "MADV_DONTNEED", "again", ANON, dontneed, dontneed, "clear_fp0=1", NULL },
	{ "MADV_DONTNEED", "device reads", ANON, read_all, dontneed,
	  "clear_tp=1", NULL },
	{ "MADV_DONTNEED", "exclusive", ANON, mark_all, dontneed,
	  "clear_tp=1", NULL },
	{ "MADV_FREE", "device reads", ANON, read_all, free_lazily,
	  "clear_fp2=1", NULL },
	{ "MADV_FREE", "again, device reads", ANON, free_and_read, free_lazily,
	  "clear_fp1=1", NULL },
	{ "MADV_FREE", "exclusive", ANON, mark_all, free_lazily,
	  "clear_fp1=1", NULL },
	{ "MADV_COLD", "device reads", ANON, read_all, cold, "", NULL },
	{ "MADV_PAGEOUT", "no swap, device reads", ANON, read_all, pageout, "", NULL },
	{ "MADV_WILLNEED", "device reads", ANON, read_all, willneed, "", NULL },
	{ "MADV_POPULATE_READ", "device reads", ANON, read_all, populate_read,
	  "", NULL },
	{ "MADV_POPULATE_READ", "exclusive", ANON, mark_all, populate_read,
	  "clear_tp=16", "exclusive_tp=16" },
	{ "MADV_POPULATE_WRITE", "exclusive", ANON, mark_all, populate_write,
	  "clear_tp=16", "exclusive_tp=16" },
	{ "MADV_GUARD_INSTALL", "device reads", ANON, read_all, guard,
	  "clear_tp=1", "-" },

	{ "munmap", "untouched", UNTOUCHED, nothing, unmap, "unmap_fp0=1", NULL },
	{ "munmap", "device maps none", ANON, nothing, unmap, "unmap_fp0=1", NULL },
	{ "munmap", "device reads", ANON, read_all, unmap, "unmap_tp=1", NULL },
	{ "munmap", "exclusive", ANON, mark_all, unmap, "unmap_tp=1", NULL },
	{ "mremap move", "device reads", ANON, read_all, move,
	  "unmap_fp0=1 unmap_tp=1", NULL },
	{ "mremap move", "exclusive", ANON, mark_all, move,
	  "unmap_fp0=1 unmap_tp=1", NULL },
	{ "mremap grow", "device reads", ANON, read_all, grow, "", NULL },

	{ "fork", "device reads", ANON, read_all, make_child,
	  "protection_page_fp2=1", NULL },
	{ "fork", "again, device reads", ANON, fork_and_read, make_child,
	  "protection_page_fp1=1", NULL },
	{ "fork", "device writes", ANON, write_all, make_child,
	  "protection_page_tp=1", NULL },
	{ "fork", "exclusive", ANON, mark_all, make_child,
	  "protection_page_tp=1", NULL },
	{ "CPU write", "shared after fork, device reads", ANON, share_and_read,
	  touch_one, "clear_tp=1", NULL },

	{ "device marks", "device maps none", ANON, nothing, mark_one,
	  "exclusive_fp0=1", NULL },
	{ "device marks", "it reads the page", ANON, read_all, mark_one,
	  "exclusive_fp0=1", NULL },
	{ "CPU read", "exclusive", ANON, mark_all, look_at_one,
	  "clear_tp=1", "exclusive_tp=1" },
	{ "CPU write", "exclusive", ANON, mark_all, touch_one,
	  "clear_tp=1", "exclusive_tp=1" },
	{ "CPU writes each page", "exclusive", ANON, mark_all, touch_all,
	  "clear_tp=16", "exclusive_tp=16" },
	{ "CPU write", "device reads", ANON, read_all, touch_one, "", NULL },

	{ "clear_refs 4", "device maps none", ANON, nothing, clear_soft_dirty,
	  "soft_dirty_fp0=1", NULL },
	{ "clear_refs 4", "device reads", ANON, read_all, clear_soft_dirty,
	  "soft_dirty_fp2=1", NULL },
	{ "clear_refs 4", "again, device reads", ANON, clear_and_read,
	  clear_soft_dirty, "soft_dirty_fp1=1", NULL },
	{ "clear_refs 4", "device writes", ANON, write_all, clear_soft_dirty,
	  "soft_dirty_tp=1", NULL },
	{ "clear_refs 4", "exclusive", ANON, mark_all, clear_soft_dirty,
	  "soft_dirty_tp=1", NULL },

	{ "UFFDIO_WRITEPROTECT", "device reads", ANON, watch_and_read, wp_on,
	  "protection_vma_fp2=1", NULL },
	{ "UFFDIO_WRITEPROTECT", "again, device reads", ANON, wp_and_read, wp_on,
	  "protection_vma_fp1=1", NULL },
	{ "UFFDIO_WRITEPROTECT", "device writes", ANON, watch_and_write, wp_on,
	  "protection_vma_tp=1", NULL },
	{ "UFFDIO_WRITEPROTECT", "exclusive", ANON, watch_and_mark, wp_on,
	  "protection_vma_tp=1", NULL },
	{ "UFFDIO_WRITEPROTECT off", "device reads", ANON, wp_and_read, wp_off,
	  "protection_vma_fp2=1", NULL },

	{ "mprotect R, half", "THP, device reads", THP, read_all, read_only_half,
	  "clear_fp2=1 protection_vma_fp0=1 splits=1", NULL },
	{ "mprotect R", "THP, device reads", THP, read_all, read_only,
	  "protection_vma_fp2=1", NULL },
	{ "MADV_DONTNEED, one page", "THP, device reads", THP, read_all,
	  dontneed_one, "clear_fp2=1 clear_tp=1 splits=1", NULL },
	{ "MADV_DONTNEED", "THP, device reads", THP, read_all, dontneed,
	  "clear_tp=1", NULL },
	{ "mremap move", "THP, device reads", THP, read_all, move,
	  "unmap_fp0=1 unmap_tp=1", NULL },
	{ "fork", "THP, device reads", THP, read_all, make_child,
	  "protection_page_fp2=1", NULL },
	{ "MADV_COLLAPSE", "device reads", SMALL, read_all, collapse,
	  "clear_tp=1 collapses=1", NULL },
	/* the split throws the attempt away, so the page is restored and marked
	 * once more
	 */
	{ "device marks", "THP, device reads", THP, read_all, mark_one,
	  "clear_fp0=1 clear_fp2=1 exclusive_fp0=2 splits=1",
	  "clear_fp2=1 exclusive_fp0=3 splits=1" },

	{ "MADV_DONTNEED", "hugetlb, device reads", HUGETLB, read_all, dontneed,
	  "clear_tp=1", NULL },
	{ "mprotect R", "hugetlb, device reads", HUGETLB, read_all, read_only,
	  "protection_vma_fp2=1", NULL },
	{ "munmap", "hugetlb, device reads", HUGETLB, read_all, unmap,
	  "unmap_tp=1", NULL },

	/* before and after the pages go from the cache */
	{ "ftruncate", "shmem, device reads", SHMEM, read_all, truncate_file,
	  "clear_fp0=1 clear_tp=1", NULL },
	{ "hole punch", "shmem, device reads", SHMEM, read_all, punch,
	  "clear_tp=1", NULL },
	{ "MADV_DONTNEED", "shmem, device reads", SHMEM, read_all, dontneed,
	  "clear_tp=1", NULL },
	{ "ftruncate", "private file, device reads", PRIVATE_FILE, read_all,
	  truncate_file, "clear_fp0=1 clear_tp=1", NULL },
	{ "hole punch", "private file, device reads", PRIVATE_FILE, read_all,
	  punch, "clear_tp=1", NULL },

	{ "move_pages", "device reads", ANON, read_all, migrate,
	  "clear_tp=16", NULL },
	/* it looks for present pages, and finds none */
	{ "move_pages", "exclusive", ANON, mark_all, migrate, "", NULL },
};

static void map_file(enum kind kind)
{
	file = memfd_create("truth", MFD_CLOEXEC);
	must(ftruncate(file, mem_bytes), "ftruncate");
	mem = mmap(AT, mem_bytes, PROT_READ | PROT_WRITE,
		   (kind == SHMEM ? MAP_SHARED : MAP_PRIVATE) |
		   MAP_FIXED_NOREPLACE, file, 0);
}

/* False: this machine has none of the kind. */
static bool fresh_memory(enum kind kind)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	bool huge = kind == THP || kind == SMALL || kind == HUGETLB;
	size_t i;

	nr = kind == THP || kind == SMALL ? HUGE_PAGES : NPAGES;
	mem_bytes = huge || kind == WIDE ? HUGE : NPAGES * PAGE;
	if (kind == SHMEM || kind == PRIVATE_FILE)
		map_file(kind);
	else
		mem = mmap(AT, mem_bytes, PROT_READ | PROT_WRITE,
			   flags | (kind == HUGETLB ? MAP_HUGETLB : 0), -1, 0);
	if (mem == MAP_FAILED) {
		mem = NULL;
		return false;
	}
	/* SMALL as it is: huge pages are for those who ask, but MADV_COLLAPSE may */
	if (kind != HUGETLB && kind != SMALL)
		madvise(mem, mem_bytes, kind == THP ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	if (kind == UNTOUCHED)
		return true;
	/* of a file the page cache's pages, not copies */
	for (i = 0; i < nr; i++)
		if (kind == PRIVATE_FILE)
			(void)*(volatile char *)(mem + i * PAGE);
		else
			*(volatile char *)(mem + i * PAGE) = 1;
	return true;
}

static void clean_up(void)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	child = 0;
	if (mem)
		munmap(mem, mem_bytes);
	mem = NULL;
	if (file >= 0)
		close(file);
	if (uffd >= 0)
		close(uffd);
	file = -1;
	uffd = -1;
}

static int count_nodes(void)
{
	return access("/sys/devices/system/node/node1", F_OK) ? 1 : 2;
}

/* Once; what was found goes to text. False: not here. */
static bool run_row(const struct row *r, char *text, size_t len)
{
	struct truth_found before, after;

	if (r->run == migrate && count_nodes() < 2)
		return false;
	if (!fresh_memory(r->kind))
		return false;
	r->prepare();
	truth_read(&truth, &before, false);
	r->run();
	truth_read(&truth, &after, false);
	truth_subtract(&after, &before);
	if (r->run == make_child) {
		truth_ignore(&truth, &after, "protection_page_fp0");
		truth_ignore(&truth, &after, "clear_fp0");
	}
	truth_text(&truth, &after, text, len);
	clean_up();
	return true;
}

/* 6.1 unmaps hugetlb within a second invalidation, nested, of type UNMAP. */
static const char *want_of_6_1(const struct row *r)
{
	if (r->kind != HUGETLB || kernel_is(6, 2))
		return NULL;
	if (r->run == dontneed)
		return "unmap_tp=1 clear_tp=1";
	return r->run == unmap ? "unmap_tp=2" : NULL;
}

static void test_row(const struct row *r)
{
	const char *want = r->want;
	char found[512] = "", what[128];
	int i;

	if (r->before_6_15 && !kernel_is(6, 15))
		want = r->before_6_15;
	if (want_of_6_1(r))
		want = want_of_6_1(r);
	snprintf(what, sizeof(what), "%s, %s", r->call, r->state);
	if (!strcmp(want, "-")) {
		tap_skip(what, "not in this kernel");
		return;
	}
	for (i = 0; i < REPEAT; i++) {
		if (!run_row(r, found, sizeof(found))) {
			tap_skip(what, "no such memory here");
			return;
		}
		if (strcmp(found, want))
			break;
	}
	tap_ok(i == REPEAT, "%-24s %-33s | %-34s | %s", r->call, r->state,
	       *want ? want : "none", *found ? found : "none");
}

int main(void)
{
	struct hmmstorm_mirror p = mirror_defaults(1, HMMSTORM_PROTOCOL_PROCESS);
	struct counters *k;
	size_t i;

	if (module_load("hmmstorm", NULL) || counters_open(&k)) {
		fprintf(stderr, "module-truth: no module hmmstorm for this kernel\n");
		return 4;
	}
	if (mirror_open(&m, &p) || counters_truth(k, HMMSTORM_TRUTH_MIRROR)) {
		fprintf(stderr, "module-truth: no mirror device\n");
		return 4;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	truth_init(&truth, k);
	put_text("/proc/sys/vm/nr_hugepages", "4");
	put_text("/proc/sys/kernel/numa_balancing", "0"); /* it migrates as well */
	put_text("/sys/kernel/mm/transparent_hugepage/enabled", "madvise");
	printf("# call, state of the memory | expected | found, each of %d times\n",
	       REPEAT);
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		test_row(&rows[i]);
	mirror_close(m);
	counters_close(k);
	return tap_done();
}
