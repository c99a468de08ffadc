// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many exclusive pages in one context of the mirror device: what a page costs to
 * mark, to restore by command, and to take back by a CPU write, and what memory
 * the module keeps for it, for 1024, 4096, ... pages up to the first argument
 * (default 65536; 1048576 wants hmmstorm vm --memory 6G).
 *
 * Fails when pagemap or the contents say otherwise, when a page at the largest
 * size takes more than BYTES_A_PAGE in the module, or, in deterministic mode,
 * when a page there costs LINEAR away from one of 16384. A table that is searched
 * in its length, or a list that is walked, would not pass that.
 *
 * Memory is taken from the kernel's free pages, those in the per-CPU lists
 * included, so that what the allocator rounds up is in it, and what the module
 * forgot to count too. Writes scale.tsv beside the records.
 */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "../lib/counters.h"
#include "../lib/device_node.h"
#include "../lib/mirror.h"
#include "../lib/pagemap.h"
#include "../lib/record.h"
#include "../lib/tap.h"
#include "slab.h"

#define PAGE 4096UL
#define FIRST 1024UL
#define REFERENCE 16384UL
#define BYTES_A_PAGE 24
#define LINEAR 0.05
#define MAX_SIZES 12
/* A page table of the CPU and one leaf of the device begin here. */
#define WHERE ((void *)0x100000000000UL)

enum cost { MARK, RESTORE, TOUCH, NR_COSTS };

static const char *const cost_name[] = { "mark", "restore", "touch" };

struct size {
	unsigned long pages;
	double cost[NR_COSTS];	/* ticks a page */
	double bytes;		/* free memory that went, a page */
	double table;		/* what the module says, a page */
};

static struct mirror *m;
static struct counters *counters;
static uint64_t *mem;

static uint64_t *word(unsigned long page)
{
	return mem + page * (PAGE / sizeof(*mem));
}

/* Whole pages nobody uses. */
static long free_pages(void)
{
	FILE *f = fopen("/proc/zoneinfo", "r");
	long sum = 0, n;
	char line[256];

	if (!f)
		return -errno;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " nr_free_pages %ld", &n) == 1 ||
		    sscanf(line, " count: %ld", &n) == 1)
			sum += n;
	fclose(f);
	return sum;
}

static void fail(const char *what, int error)
{
	printf("# %s: %s\n", what, strerror(error));
	exit(1);
}

/* Bytes of the device's page tables. */
static double table_bytes(void)
{
	uint64_t bytes = counters_value_total(counters, "mirror_table_bytes");

	if (bytes == UINT64_MAX)
		fail("mirror_table_bytes", ENODATA);
	return (double)bytes;
}

/* One command over all pages; ticks a page. */
static double command(unsigned int op, unsigned long pages, bool *ok)
{
	struct hmmstorm_cmd cmd = {
		.op = op,
		.addr = (uintptr_t)mem,
		.count = pages,
	};
	struct hmmstorm_done done = { 0 };
	uint64_t t = clock_ticks();
	int ret = mirror_run(m, 0, &cmd, &done);

	t = clock_ticks() - t;
	*ok = !ret && done.done == pages && done.result == pages;
	if (!*ok)
		printf("# error %d, %u of %lu pages done, result %llu\n", ret,
		       done.done, pages, (unsigned long long)done.result);
	return (double)t / pages;
}

static bool all_are(enum page_state state, unsigned long pages)
{
	long n = pagemap_count(mem, pages, state);

	if (n != (long)pages)
		printf("# %ld of %lu\n", n, pages);
	return n == (long)pages;
}

static bool contents_are(unsigned long pages, uint64_t more)
{
	unsigned long i;

	for (i = 0; i < pages; i++)
		if (*word(i) != i + more)
			return false;
	return true;
}

static double touch(unsigned long pages)
{
	uint64_t t = clock_ticks();
	unsigned long i;

	for (i = 0; i < pages; i++)
		++*(volatile uint64_t *)word(i);
	return (double)(clock_ticks() - t) / pages;
}

static void mark_first(struct size *s)
{
	double table = table_bytes();
	long before;
	bool ok;

	usleep(200000); /* what the kernel frees later, it frees now */
	slab_shrink("kmalloc-*");
	slab_shrink("radix_tree_node");
	before = free_pages();
	s->cost[MARK] = command(HMMSTORM_OP_MARK, s->pages, &ok);
	s->bytes = (double)(before - free_pages()) * PAGE / s->pages;
	s->table = (table_bytes() - table) / s->pages;
	tap_ok(ok && all_are(PAGE_EXCLUSIVE, s->pages),
	       "%lu pages marked, all exclusive by pagemap", s->pages);
}

static void measure(struct size *s)
{
	bool ok;

	mark_first(s);
	s->cost[RESTORE] = command(HMMSTORM_OP_RESTORE, s->pages, &ok);
	tap_ok(ok && all_are(PAGE_PRESENT, s->pages),
	       "%lu pages restored, all present by pagemap", s->pages);
	command(HMMSTORM_OP_MARK, s->pages, &ok);
	ok = ok && all_are(PAGE_EXCLUSIVE, s->pages);
	s->cost[TOUCH] = touch(s->pages);
	tap_ok(ok && all_are(PAGE_PRESENT, s->pages) && contents_are(s->pages, 1),
	       "%lu pages marked once more and written by the CPU", s->pages);
}

/* Memory and context of its own for each size: nothing is there from the last. */
static void run_size(struct size *s)
{
	struct hmmstorm_mirror p = mirror_defaults(1, HMMSTORM_PROTOCOL_PROCESS);
	unsigned long i;
	int ret;

	mem = mmap(WHERE, s->pages * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (mem == MAP_FAILED)
		fail("mmap", errno);
	madvise(mem, s->pages * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < s->pages; i++)
		*word(i) = i;
	ret = mirror_open(&m, &p);
	if (ret)
		fail("mirror_open", -ret);
	measure(s);
	mirror_close(m);
	munmap(mem, s->pages * PAGE);
}

static const struct size *find_reference(const struct size *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (s[i].pages == REFERENCE)
			return &s[i];
	return NULL;
}

static void judge(const struct size *s, size_t n)
{
	const struct size *ref = find_reference(s, n), *last = &s[n - 1];
	int i;

	tap_ok(last->bytes <= BYTES_A_PAGE && last->table <= BYTES_A_PAGE,
	       "%lu pages: at most %d bytes a page in the module", last->pages,
	       BYTES_A_PAGE);
	tap_ok(fabs(last->bytes - last->table) <= 2,
	       "... and mirror_table_bytes says the same within 2 bytes");
	for (i = 0; i < NR_COSTS; i++) {
		if (!clock_counts_instructions)
			tap_skip("linear in pages", "not in deterministic mode");
		else if (!ref || ref == last)
			tap_skip("linear in pages", "no size above 16384 pages");
		else
			tap_ok(fabs(last->cost[i] / ref->cost[i] - 1) <= LINEAR,
			       "%s: a page of %lu costs what one of %lu does, within %.0f%%",
			       cost_name[i], last->pages, ref->pages, 100 * LINEAR);
	}
}

static void print_table(FILE *f, const char *lead, const struct size *s, size_t n)
{
	const char *unit = clock_counts_instructions ? "instr" : "ns";
	size_t i, k;

	fprintf(f, "%spages", lead);
	for (k = 0; k < NR_COSTS; k++)
		fprintf(f, "\t%s_%s_per_page", cost_name[k], unit);
	fputs("\tbytes_per_page\ttable_bytes_per_page\n", f);
	for (i = 0; i < n; i++) {
		fprintf(f, "%s%lu", lead, s[i].pages);
		for (k = 0; k < NR_COSTS; k++)
			fprintf(f, "\t%.1f", s[i].cost[k]);
		fprintf(f, "\t%.2f\t%.2f\n", s[i].bytes, s[i].table);
	}
}

static void record_size(struct record *r, const struct size *s)
{
	struct record_id id = {
		.program = "scale",
		.name = "exclusive_pages",
		.backend = "mirror",
		.policy = "lazy",
		.protocol = "process",
		.workers = 1,
		.pages = s->pages,
	};
	char name[32];
	int i;

	for (i = 0; i < NR_COSTS; i++) {
		snprintf(name, sizeof(name), "%s_per_page", cost_name[i]);
		record_double(r, &id, name, "value", clock_unit(), s->cost[i]);
	}
	record_double(r, &id, "memory_per_page", "value", "bytes", s->bytes);
	record_double(r, &id, "table_per_page", "value", "bytes", s->table);
}

/* Where the run's results go, if somewhere. */
static int write_results(const struct size *s, size_t n, int argc, char **argv)
{
	const char *dir = getenv("HMMSTORM_RESULTS"), *seed = getenv("HMMSTORM_SEED");
	struct record *r;
	char path[4096];
	FILE *f;
	size_t i;
	int ret;

	if (!dir)
		return 0;
	ret = record_open(&r, dir, "scale", argc, argv,
			  seed ? strtoull(seed, NULL, 10) : 0);
	if (ret)
		return ret;
	for (i = 0; i < n; i++)
		record_size(r, &s[i]);
	ret = record_close(r);
	snprintf(path, sizeof(path), "%s/scale.tsv", dir);
	f = fopen(path, "w");
	if (!f)
		return -errno;
	print_table(f, "", s, n);
	if (fclose(f))
		return -errno;
	return ret;
}

int main(int argc, char **argv)
{
	unsigned long max = argc > 1 ? strtoul(argv[1], NULL, 10) : 65536, pages;
	struct size sizes[MAX_SIZES];
	size_t n = 0;

	if (max < FIRST || max > FIRST << (2 * (MAX_SIZES - 1))) {
		fprintf(stderr, "usage: test-module-scale [PAGES]: at least %lu\n",
			FIRST);
		return 2;
	}
	clock_init();
	if (module_load("hmmstorm", NULL) || counters_open_reader(&counters)) {
		fprintf(stderr, "module-scale: no module hmmstorm for this kernel\n");
		return 4;
	}
	if (pagemap_open())
		return 1;
	for (pages = FIRST; pages <= max; pages *= 4) {
		sizes[n] = (struct size){ .pages = pages };
		run_size(&sizes[n++]);
	}
	print_table(stdout, "# ", sizes, n);
	judge(sizes, n);
	tap_ok(!write_results(sizes, n, argc, argv), "results are written");
	counters_close(counters);
	return tap_done();
}
