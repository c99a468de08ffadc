// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device faults of the mirror device in the lab: one at a time and in batches,
 * on small pages and on the sub-pages of huge ones. Which sub-pages a kernel
 * marks is printed ("# marks: ..."), tests/lab-mirror.sh knows which kernel does
 * what. Never may a fault wait for a folio that another holds: then this hangs.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/device_node.h"
#include "../lib/mirror.h"
#include "../lib/pagemap.h"
#include "counter.h"

#define PAGE 4096UL
#define HUGE_PAGES 512UL
#define HUGE_BYTES (HUGE_PAGES * PAGE)

static struct counters *counters;
static struct mirror *m;
static char *mem; /* two huge pages, if there are any */

static void fresh_memory(int advice)
{
	static char *all;

	if (all)
		munmap(all, 3 * HUGE_BYTES);
	all = mmap(NULL, 3 * HUGE_BYTES, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (all == MAP_FAILED)
		exit(1);
	mem = (char *)(((uintptr_t)all + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
	madvise(mem, 2 * HUGE_BYTES, advice);
	memset(mem, 0, 2 * HUGE_BYTES);
}

/* In kB, of this process. */
static unsigned long huge_memory(void)
{
	FILE *f = fopen("/proc/self/smaps_rollup", "re");
	unsigned long n = 0;
	char line[200];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "AnonHugePages: %lu", &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

static void open_mirror(enum hmmstorm_protocol protocol, unsigned int batch,
			const char *policy)
{
	struct hmmstorm_mirror p = mirror_defaults(2, protocol);
	int ret;

	p.fault_batch = batch;
	mirror_parse_policy(policy, &p.policy);
	ret = mirror_open(&m, &p);
	if (ret) {
		printf("# mirror_open: %s\n", strerror(-ret));
		exit(1);
	}
}

static struct hmmstorm_cmd command(unsigned int op, size_t page, unsigned int n)
{
	return (struct hmmstorm_cmd){
		.op = op,
		.addr = (uintptr_t)(mem + page * PAGE),
		.count = n,
	};
}

static struct hmmstorm_cmd adds(size_t page, unsigned int n)
{
	struct hmmstorm_cmd c = command(HMMSTORM_OP_ADD, page, n);

	c.size = 8;
	c.operand = 1;
	c.stride = n > 1 ? PAGE : 0;
	return c;
}

static struct hmmstorm_done run(unsigned int engine, struct hmmstorm_cmd cmd)
{
	struct hmmstorm_done done = { 0 };
	int ret = mirror_run(m, engine, &cmd, &done);

	if (ret && !done.error)
		done.error = ret;
	return done;
}

static long exclusive(void)
{
	return pagemap_count(mem, 2 * HUGE_PAGES, PAGE_EXCLUSIVE);
}

/* Sum of the first words of n pages; reading them gives them back to the CPU. */
static uint64_t sum(size_t n)
{
	uint64_t s = 0;
	size_t i;

	for (i = 0; i < n; i++)
		s += *(volatile uint64_t *)(mem + i * PAGE);
	return s;
}

/* --- in batches --- */

#define COMMANDS 16U

/* One page a command, the last page first, all there before the engine looks. */
static void submit_backwards(struct hmmstorm_done *done)
{
	struct hmmstorm_cmd c;
	unsigned int i;

	for (i = 0; i < COMMANDS; i++) {
		c = adds(COMMANDS - 1 - i, 1);
		mirror_submit(m, 0, &c);
	}
	mirror_wait(m, 0, COMMANDS, 0);
	for (i = 0; i < COMMANDS; i++)
		mirror_reap(m, 0, &done[i]);
}

static void test_batch(enum hmmstorm_protocol protocol, unsigned int batch)
{
	struct hmmstorm_done done[COMMANDS] = { 0 };
	uint64_t replays = counter(counters, "mirror_replays"), faults = counter(counters, "mirror_faults");
	unsigned int i, wrong = 0, want;

	open_mirror(protocol, batch, "lazy");
	run(0, (struct hmmstorm_cmd){ .op = HMMSTORM_OP_NOP }); /* it sleeps now, or soon */
	fresh_memory(MADV_NOHUGEPAGE);
	submit_backwards(done);
	for (i = 0; i < COMMANDS; i++) {
		/* the first of each batch has the faults of all */
		want = i % batch ? 0 : batch;
		wrong += done[i].error || done[i].faults != want;
	}
	tap_ok(!wrong, "protocol %d, batches of %u: a command in %u faults, for all of them",
	       protocol, batch, batch);
	tap_ok(counter(counters, "mirror_faults") - faults == COMMANDS &&
	       counter(counters, "mirror_replays") - replays == (batch > 1 ? COMMANDS / batch : 0),
	       "... %u faults, %llu replays", COMMANDS,
	       (unsigned long long)(counter(counters, "mirror_replays") - replays));
	tap_eq((long long)sum(COMMANDS), COMMANDS, "... and each was done once");
	mirror_close(m);
}

/* --- policies --- */

static void set_policy(const char *text)
{
	struct hmmstorm_policy p;

	mirror_parse_policy(text, &p);
	mirror_set_policy(m, &p);
}

/* Up to a minute; what an asynchronous restore needs is milliseconds. */
static long exclusive_at_last(void)
{
	int i;

	for (i = 0; i < 60000 && exclusive(); i++)
		usleep(1000);
	return exclusive();
}

static void test_switch(void)
{
	open_mirror(HMMSTORM_PROTOCOL_PROCESS, 1, "lazy");
	fresh_memory(MADV_NOHUGEPAGE);
	run(0, adds(0, 16));
	run(1, adds(16, 16));
	tap_eq(exclusive(), 32, "lazy: two engines hold their pages");
	set_policy("eager");
	tap_eq(exclusive_at_last(), 0, "switched to eager: engines without work give them back");
	set_policy("lazy");
	run(0, adds(0, 16));
	set_policy("deferred:1000:4");
	tap_eq(exclusive_at_last(), 0, "switched to deferred: idle pages go back");
	set_policy("lazy");
	run(0, adds(0, 16));
	tap_eq(exclusive(), 16, "switched to lazy: they stay");
	tap_eq((long long)sum(32), 64, "no addition is lost");
	mirror_close(m);
}

/* The device marks its own page again: no CPU has come for it. */
static void test_own_marks(void)
{
	uint64_t restored = counter(counters, "mirror_restored_adaptive"), holds = counter(counters, "mirror_holds");
	unsigned int i;

	open_mirror(HMMSTORM_PROTOCOL_PROCESS, 1, "adaptive");
	fresh_memory(MADV_NOHUGEPAGE);
	for (i = 0; i < 10; i++)
		run(0, command(HMMSTORM_OP_MARK, 0, 1));
	tap_ok(exclusive() == 1 && counter(counters, "mirror_restored_adaptive") == restored,
	       "adaptive: ten marks of a page are no reason to give it back");
	set_policy("hold:100000");
	run(0, command(HMMSTORM_OP_MARK, 0, 1));
	run(0, command(HMMSTORM_OP_MARK, 0, 1));
	tap_ok(counter(counters, "mirror_holds") == holds, "hold: the device does not make itself wait");
	*(volatile char *)mem = 0;
	tap_ok(counter(counters, "mirror_holds") == holds + 1, "... but a CPU");
	mirror_close(m);
}

/* --- sub-pages of a huge page --- */

static bool each; /* this kernel marks any sub-page, by itself */

static void test_sub_pages(void)
{
	struct hmmstorm_done tail, head;

	fresh_memory(MADV_HUGEPAGE);
	tail = run(0, command(HMMSTORM_OP_MARK, 3, 1));
	each = !tail.error;
	printf("# marks: %s\n", each ? "each sub-page by itself" : "all 512 by their head");
	if (each)
		tap_eq(exclusive(), 1, "a tail page is marked, and no other");
	else
		tap_ok(tail.error == -EBUSY && !exclusive() && !tail.retries,
		       "a tail page is refused, at once");
	head = run(0, command(HMMSTORM_OP_MARK, HUGE_PAGES, 1));
	tap_ok(!head.error && exclusive() == (each ? 2 : (long)HUGE_PAGES),
	       "the head of the other: %ld entries are exclusive", exclusive());
	tap_eq((long long)run(0, command(HMMSTORM_OP_CHECK, HUGE_PAGES, 512)).result, 1,
	       "the device has the one that it asked for");
	tail = run(0, command(HMMSTORM_OP_MARK, HUGE_PAGES + 1, 1));
	tap_eq(tail.error, each ? 0 : -EBUSY, "the page behind it");
	tap_eq((long long)sum(2 * HUGE_PAGES), 0, "the CPU gets all back");
	tap_eq(exclusive(), 0, "... none is exclusive");
}

static void test_all_sub_pages(unsigned int batch)
{
	struct hmmstorm_done d;
	long want = each ? (long)HUGE_PAGES : 1;

	open_mirror(HMMSTORM_PROTOCOL_PROCESS, batch, "lazy");
	fresh_memory(MADV_HUGEPAGE);
	d = run(0, adds(0, HUGE_PAGES));
	tap_ok(d.done == want && d.error == (each ? 0 : -EBUSY),
	       "all sub-pages, batches of %u: %u done, error %d", batch, d.done, d.error);
	tap_eq((long long)sum(HUGE_PAGES), want, "... as the sum says");
	mirror_close(m);
}

/* What policy eager gives back is all that the mark has taken. */
static void test_eager(void)
{
	open_mirror(HMMSTORM_PROTOCOL_PROCESS, 1, "eager");
	fresh_memory(MADV_HUGEPAGE);
	run(0, adds(0, 1));
	tap_eq(exclusive(), 0, "eager: nothing of the huge page stays exclusive");
	run(0, command(HMMSTORM_OP_MARK, HUGE_PAGES, 1));
	tap_eq(exclusive(), 0, "... also after a mark alone");
	mirror_close(m);
}

static void *add_backwards(void *errors)
{
	size_t i;

	for (i = HUGE_PAGES; i--;)
		*(unsigned int *)errors += run(1, adds(i, 1)).error != 0;
	return NULL;
}

/* Two engines meet on the same folio from both ends. */
static void test_two_engines(enum hmmstorm_protocol protocol)
{
	unsigned int back = 0, forth = 0;
	pthread_t thread;
	size_t i;

	open_mirror(protocol, 1, "lazy");
	fresh_memory(MADV_HUGEPAGE);
	if (pthread_create(&thread, NULL, add_backwards, &back))
		exit(1);
	for (i = 0; i < HUGE_PAGES; i++)
		forth += run(0, adds(i, 1)).error != 0;
	pthread_join(thread, NULL);
	printf("# protocol %d: %u and %u of %lu refused\n", protocol, forth, back, HUGE_PAGES);
	tap_eq((long long)sum(HUGE_PAGES), (long long)(2 * HUGE_PAGES - forth - back),
	       "two engines on one huge page: no addition is lost");
	if (each || protocol == HMMSTORM_PROTOCOL_PIN)
		tap_eq(forth + back, 0, "... none is refused");
	mirror_close(m);
}

static void test_huge(void)
{
	fresh_memory(MADV_HUGEPAGE);
	if (huge_memory() < 2 * HUGE_BYTES / 1024) {
		tap_skip("huge pages", "none to be had");
		return;
	}
	open_mirror(HMMSTORM_PROTOCOL_PROCESS, 1, "lazy");
	test_sub_pages();
	mirror_close(m);
	test_all_sub_pages(1);
	test_all_sub_pages(64);
	test_eager();
	test_two_engines(HMMSTORM_PROTOCOL_PROCESS);
	test_two_engines(HMMSTORM_PROTOCOL_RANGE);
	test_two_engines(HMMSTORM_PROTOCOL_PIN);
}

int main(void)
{
	if (module_load("hmmstorm", NULL) || counters_open(&counters)) {
		fprintf(stderr, "module-faults: no module hmmstorm for this kernel\n");
		return 4;
	}
	if (pagemap_open() || counters_truth(counters, HMMSTORM_TRUTH_MIRROR))
		return 1;
	test_batch(HMMSTORM_PROTOCOL_PROCESS, 1);
	test_batch(HMMSTORM_PROTOCOL_PROCESS, 4);
	test_batch(HMMSTORM_PROTOCOL_RANGE, COMMANDS);
	test_batch(HMMSTORM_PROTOCOL_PIN, COMMANDS);
	test_switch();
	test_own_marks();
	test_huge();
	tap_eq((long long)counter(counters, "missed_invalidations"), 0, "missed_invalidations");
	tap_eq((long long)counter(counters, "truth_unclassified"), 0, "truth_unclassified");
	counters_close(counters);
	return tap_done();
}
