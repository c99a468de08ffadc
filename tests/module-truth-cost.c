// SPDX-License-Identifier: GPL-2.0-only
/*
 * What ground truth costs: instructions of one call with it and without it, the
 * helper module attached both times, on ranges of 1 to 4096 pages that the CPU
 * maps, all of which the device maps too, or none. In the lab's deterministic
 * mode, where the TSC counts instructions; elsewhere the table is printed and
 * nothing is judged.
 *
 * The figure is (with - without) / pages of the range. What an invalidation costs
 * once is in it, and what else the CPU did meanwhile (stock kernels are never quite
 * still), so it is judged at 4096 pages; the slope is from 512 to 4096.
 */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "../lib/device_node.h"
#include "../lib/mirror.h"
#include "truth.h"

#define PAGE 4096UL
#define ROUNDS 3
#define BOUND 60.0

static const size_t sizes[] = { 1, 64, 512, 4096 };

#define NR_SIZES (sizeof(sizes) / sizeof(*sizes))

static struct mirror *m;
static struct counters *k;
static char *mem;

static void device(unsigned int op, size_t first, size_t count)
{
	int ret = device_run(m, op, mem + first * PAGE, count);

	if (ret) {
		printf("# device command %u: error %d\n", op, ret);
		exit(1);
	}
}

static void nothing(size_t n)
{
	(void)n;
}

static void read_all(size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		device(HMMSTORM_OP_READ, i, 8);
}

static void mark_all(size_t n)
{
	device(HMMSTORM_OP_MARK, 0, n);
}

static void free_and_read(size_t n)
{
	madvise(mem, n * PAGE, MADV_FREE);
	read_all(n);
}

static void dontneed(size_t n)
{
	madvise(mem, n * PAGE, MADV_DONTNEED);
}

static void read_only(size_t n)
{
	mprotect(mem, n * PAGE, PROT_READ);
}

static void executable(size_t n)
{
	mprotect(mem, n * PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
}

static void free_lazily(size_t n)
{
	madvise(mem, n * PAGE, MADV_FREE);
}

static const struct op {
	const char *name;
	enum hmmstorm_truth_kind kind;
	void (*prepare)(size_t n);
	void (*call)(size_t n);
} ops[] = {
	{ "MADV_DONTNEED, device maps none", HMMSTORM_TRUTH_MIRROR, nothing, dontneed },
	{ "MADV_DONTNEED, device reads all", HMMSTORM_TRUTH_MIRROR, read_all, dontneed },
	{ "MADV_DONTNEED, all exclusive", HMMSTORM_TRUTH_MIRROR, mark_all, dontneed },
	{ "MADV_FREE again, device reads all", HMMSTORM_TRUTH_MIRROR, free_and_read, free_lazily },
	{ "mprotect to R, device reads all", HMMSTORM_TRUTH_MIRROR, read_all, read_only },
	{ "mprotect +X, all exclusive", HMMSTORM_TRUTH_MIRROR, mark_all, executable },
	{ "MADV_DONTNEED, CPU's pages", HMMSTORM_TRUTH_CPU, nothing, dontneed },
	{ "mprotect to R, CPU's pages", HMMSTORM_TRUTH_CPU, nothing, read_only },
};

static void fresh_memory(size_t n)
{
	size_t i;

	mem = mmap((void *)0x200000000000, n * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (mem == MAP_FAILED) {
		perror("module-truth-cost: mmap");
		exit(1);
	}
	madvise(mem, n * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < n; i++)
		mem[i * PAGE] = 1;
}

/* Of a device that maps none there is still the leaf in its table. */
static uint64_t measure(const struct op *op, size_t n, enum hmmstorm_truth_kind kind)
{
	uint64_t t, best = UINT64_MAX;
	int i;

	if (counters_truth(k, kind))
		exit(1);
	for (i = 0; i < ROUNDS; i++) {
		fresh_memory(n);
		op->prepare(n);
		t = clock_ticks();
		op->call(n);
		t = clock_ticks() - t;
		if (t < best)
			best = t;
		munmap(mem, n * PAGE);
	}
	return best;
}

static void test_op(const struct op *op)
{
	double more[NR_SIZES], page, slope;
	size_t i, n = sizes[NR_SIZES - 1];

	printf("# %-36s", op->name);
	for (i = 0; i < NR_SIZES; i++) {
		more[i] = (double)measure(op, sizes[i], op->kind);
		more[i] -= (double)measure(op, sizes[i], HMMSTORM_TRUTH_OFF);
		printf(" %10.1f", more[i] / (double)sizes[i]);
	}
	slope = (more[3] - more[2]) / (double)(sizes[3] - sizes[2]);
	printf(" %10.2f\n", slope);
	if (!clock_counts_instructions)
		return;
	page = more[NR_SIZES - 1] / (double)n;
	tap_ok(page <= BOUND, "%s, %zu pages: %.1f more a page, at most %.0f",
	       op->name, n, page, BOUND);
}

int main(void)
{
	struct hmmstorm_mirror p = mirror_defaults(1, HMMSTORM_PROTOCOL_PROCESS);
	size_t i;

	clock_init();
	if (module_load("hmmstorm", NULL) || counters_open(&k)) {
		fprintf(stderr, "module-truth-cost: no module hmmstorm for this kernel\n");
		return 4;
	}
	p.timeout_ms = 60000;
	if (mirror_open(&m, &p)) {
		fprintf(stderr, "module-truth-cost: no mirror device\n");
		return 4;
	}
	sleep(clock_counts_instructions ? 5 : 0); /* the kernel's own self-tests end */
	printf("# %s more a page of the range, of %zu, %zu, %zu, %zu pages; slope\n",
	       clock_unit(), sizes[0], sizes[1], sizes[2], sizes[3]);
	for (i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		test_op(&ops[i]);
	if (!clock_counts_instructions)
		tap_skip("cost bounds", "not in deterministic mode");
	mirror_close(m);
	counters_close(k);
	return tap_done();
}
