// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ground truth against known system calls: each row makes a known number of
 * invalidations of each class, and exactly these must be found. Which class a
 * call is in follows from what it does to the entries (METHODOLOGY.md), not from
 * what the module said the first time.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/device_node.h"
#include "../lib/mirror.h"
#include "../lib/tap.h"

#define PAGE 4096UL
#define NPAGES 16UL
#define REPEAT 5

enum { FP0, FP1, FP2, FP3, TP, NR };

static struct mirror *m;
static struct counters *k;
static char *mem;

static void device(unsigned int op, size_t first, size_t n)
{
	struct hmmstorm_cmd c = {
		.op = op,
		.addr = (uintptr_t)mem + first * PAGE,
		.count = op == HMMSTORM_OP_MARK ? n : n * PAGE,
	};
	struct hmmstorm_done d;

	if (mirror_run(m, 0, &c, &d))
		printf("# device command %u: error %d\n", op, d.error);
}

static void read_all(void)
{
	device(HMMSTORM_OP_READ, 0, NPAGES);
}

static void mark_all(void)
{
	device(HMMSTORM_OP_MARK, 0, NPAGES);
}

static void protect(int prot)
{
	if (mprotect(mem, NPAGES * PAGE, prot))
		perror("# mprotect");
}

static void make_child(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	waitpid(pid, NULL, 0);
}

static void clear_soft_dirty(void)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "4", 1) != 1)
		perror("# clear_refs");
	close(fd);
}

static void touch_all(void)
{
	size_t i;

	for (i = 0; i < NPAGES; i++)
		((volatile char *)mem)[i * PAGE] = 1;
}

static void empty_dontneed(void)
{
	madvise(mem, NPAGES * PAGE, MADV_DONTNEED);
}

static void dontneed_again(void)
{
	empty_dontneed();
}

static void touch_one(void)
{
	((volatile char *)mem)[0] = 1;
}

static void mark_one(void)
{
	device(HMMSTORM_OP_MARK, 0, 1);
}

static void read_only(void)
{
	protect(PROT_READ);
}

static void same(void)
{
	protect(PROT_READ | PROT_WRITE);
}

static void executable(void)
{
	protect(PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void free_lazily(void)
{
	madvise(mem, NPAGES * PAGE, MADV_FREE);
}

static void prepare_fork_again(void)
{
	make_child();
	read_all();
}

static void prepare_soft_dirty_again(void)
{
	clear_soft_dirty();
	read_all();
}

static void prepare_free_again(void)
{
	free_lazily();
	read_all();
}

static void some_write_some_read(void)
{
	device(HMMSTORM_OP_READ, 0, 8);
	device(HMMSTORM_OP_WRITE, 8, 8);
}

static void nothing(void)
{
}

/* call: what is counted. Before it: fresh pages, written by the CPU, then
 * prepare. untouched: not even written.
 */
static const struct row {
	const char *what;
	void (*prepare)(void);
	void (*call)(void);
	unsigned int want[NR];
} rows[] = {
	{ "MADV_DONTNEED, device maps nothing", nothing, empty_dontneed, { [FP0] = 1 } },
	{ "MADV_DONTNEED again", empty_dontneed, dontneed_again, { [FP0] = 1 } },
	{ "MADV_DONTNEED, device reads all", read_all, empty_dontneed, { [TP] = 1 } },
	{ "MADV_DONTNEED, device has all exclusive", mark_all, empty_dontneed, { [TP] = 1 } },
	{ "marking a page", nothing, mark_one, { [FP0] = 1 } },
	{ "CPU touches an exclusive page", mark_all, touch_one, { [TP] = 1 } },
	{ "CPU touches all, one by one", mark_all, touch_all, { [TP] = NPAGES } },
	{ "mprotect, the same protection", mark_all, same, { 0 } },
	{ "mprotect to read-only, device reads", read_all, read_only, { [FP2] = 1 } },
	{ "mprotect to read-only, exclusive", mark_all, read_only, { [TP] = 1 } },
	{ "mprotect to read-only, half read, half written", some_write_some_read,
	  read_only, { [FP3] = 1 } },
	{ "mprotect, +PROT_EXEC, device reads", read_all, executable, { [FP2] = 1 } },
	{ "mprotect, +PROT_EXEC, exclusive", mark_all, executable, { [FP1] = 1 } },
	{ "fork, device reads", read_all, make_child, { [FP2] = 1 } },
	{ "fork again, device reads", prepare_fork_again, make_child, { [FP1] = 1 } },
	{ "fork, exclusive", mark_all, make_child, { [TP] = 1 } },
	{ "MADV_FREE, device reads", read_all, free_lazily, { [FP2] = 1 } },
	{ "MADV_FREE again, device reads", prepare_free_again, free_lazily, { [FP1] = 1 } },
	{ "MADV_FREE, exclusive", mark_all, free_lazily, { [FP1] = 1 } },
	{ "soft-dirty clear, device reads", read_all, clear_soft_dirty, { [FP2] = 1 } },
	{ "soft-dirty clear again", prepare_soft_dirty_again, clear_soft_dirty, { [FP1] = 1 } },
};

static const char *const classes[NR] = { "fp0", "fp1", "fp2", "fp3", "tp" };

static void read_classes(uint64_t *sum)
{
	uint64_t v[1024];
	size_t i, n = counters_nr(k);
	const char *name, *last;
	int c;

	memset(sum, 0, NR * sizeof(*sum));
	if (n > 1024 || counters_read(k, v, NULL))
		exit(1);
	for (i = 0; i < n; i++) {
		name = counters_desc(k, i)->name;
		last = strrchr(name, '_');
		for (c = 0; !strncmp(name, "truth_", 6) && c < NR; c++)
			if (!strcmp(last + 1, classes[c]))
				sum[c] += v[i];
	}
}

static uint64_t counter(const char *name)
{
	uint64_t v[1024];
	int i = counters_find(k, name);

	return i < 0 || counters_read(k, v, NULL) ? UINT64_MAX : v[i];
}

static void fresh_memory(void)
{
	if (mem)
		munmap(mem, NPAGES * PAGE);
	/* a mapping that does not merge with its neighbours, so that no other
	 * is split: that raises a CLEAR over the 2 MiB around
	 */
	mem = mmap((void *)0x200000000000, NPAGES * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (mem == MAP_FAILED)
		exit(1);
	madvise(mem, NPAGES * PAGE, MADV_NOHUGEPAGE);
	touch_all();
}

/*
 * Other mappings of the process are invalidated too, by fork for one: there no
 * device has a page, so those are FP0, and FP0 is judged only where nothing of
 * the kind can be.
 */
static bool matches(const struct row *r, const uint64_t *found)
{
	int c;

	for (c = 0; c < NR; c++)
		if (found[c] != (uint64_t)r->want[c] * REPEAT &&
		    !(c == FP0 && r->call == make_child))
			return false;
	return true;
}

static void test_row(const struct row *r)
{
	uint64_t before[NR], after[NR], found[NR] = { 0 };
	int i, c;

	for (i = 0; i < REPEAT; i++) {
		fresh_memory();
		r->prepare();
		read_classes(before);
		r->call();
		read_classes(after);
		for (c = 0; c < NR; c++)
			found[c] += after[c] - before[c];
	}
	tap_ok(matches(r, found), "%s", r->what);
	printf("# expected, found:");
	for (c = 0; c < NR; c++)
		printf("  %s %u %llu", classes[c], r->want[c] * REPEAT,
		       (unsigned long long)found[c]);
	putchar('\n');
}

static void *storm(void *arg)
{
	char *p = arg;
	int i;

	for (i = 0; i < 300; i++) {
		memset(p, i, 4 * PAGE);
		mprotect(p, 4 * PAGE, PROT_READ);
		mprotect(p, 4 * PAGE, PROT_READ | PROT_WRITE);
		madvise(p, 4 * PAGE, MADV_DONTNEED);
	}
	return NULL;
}

/* Every event that the observer counts is in one class, overlapping ones too. */
static void test_sums(void)
{
	static const char *const types[] = {
		"unmap", "clear", "protection_vma", "protection_page",
		"soft_dirty", "release", "migrate", "exclusive", "unknown",
	};
	uint64_t sum[NR], events = 0, classified = 0;
	char name[64];
	pthread_t t[4];
	size_t i;

	fresh_memory();
	for (i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, storm, mem + i * 4 * PAGE);
	for (i = 0; i < 50; i++)
		mark_all();
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	read_classes(sum);
	for (i = 0; i < NR; i++)
		classified += sum[i];
	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		snprintf(name, sizeof(name), "inv_%s_events", types[i]);
		events += counter(name);
	}
	/* those from the opening to HMMSTORM_IOC_TRUTH were not compared */
	tap_ok(classified <= events && classified + 8 >= events,
	       "each invalidation has one class, in a storm too");
	printf("# %llu events, %llu classified\n", (unsigned long long)events,
	       (unsigned long long)classified);
	tap_eq((long long)counter("truth_unclassified"), 0, "unclassified");
	tap_eq((long long)counter("truth_aborted"), 0, "aborted");
	tap_eq((long long)counter("missed_invalidations"), 0, "missed");
}

int main(void)
{
	struct hmmstorm_mirror p = mirror_defaults(1, HMMSTORM_PROTOCOL_PROCESS);
	size_t i;

	if (module_load("hmmstorm", NULL) || counters_open(&k)) {
		fprintf(stderr, "module-truth: no module hmmstorm for this kernel\n");
		return 4;
	}
	if (mirror_open(&m, &p) || counters_truth(k, HMMSTORM_TRUTH_MIRROR)) {
		fprintf(stderr, "module-truth: no mirror device\n");
		return 4;
	}
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		test_row(&rows[i]);
	test_sums();
	mirror_close(m);
	counters_close(k);
	return tap_done();
}
