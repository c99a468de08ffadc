// SPDX-License-Identifier: GPL-2.0-only
/*
 * The defects of the kernel's own test device (METHODOLOGY.md, "test_hmm's own
 * defects"), each shown on the real module: what it says or does beside what
 * pagemap says, so that nobody takes the one for the other. A defect that is
 * gone is a failure here: then the note and the precaution can go too.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/backend.h"
#include "../lib/clock.h"
#include "../lib/delay.h"
#include "../lib/pagemap.h"
#include "../lib/rng.h"
#include "../lib/tap.h"
#include "memory.h"

#define PAGE BACKEND_PAGE_SIZE
#define NPAGES 8UL
#define OLD 0x6f6c64
#define TRIES 400

static struct device *dev;
static struct device_work work;
static char *mem;
static char buf[PAGE];

static void fresh_memory(void)
{
	mem = memory_renew(mem, NPAGES * PAGE, 1);
}

static enum page_state state(size_t page)
{
	enum page_state s = PAGE_NONE;

	pagemap_read(mem + page * PAGE, 1, &s);
	return s;
}

static void open_device(const char *name)
{
	char why[300] = "";

	if (!backend_open(backend_find(name), &dev, why, sizeof(why)))
		return;
	printf("# %s: %s\n", name, why);
	exit(4);
}

/* The last index of its walk is the first page behind the range. */
static void test_one_page_too_many(void)
{
	fresh_memory();
	tap_ok(!dev->ops->make_exclusive(dev, mem, 2, &work) &&
	       state(0) == PAGE_EXCLUSIVE && state(1) == PAGE_EXCLUSIVE &&
	       dev->ops->check(dev, mem + PAGE, 1) == 1,
	       "two pages are exclusive, the device says so of the second");
	*(volatile char *)mem = 2;
	tap_ok(state(0) == PAGE_PRESENT && state(1) == PAGE_EXCLUSIVE,
	       "the CPU touches the first: pagemap still has the second exclusive");
	tap_eq(dev->ops->check(dev, mem + PAGE, 1), 0,
	       "defect: the device has dropped it: CHECK_EXCLUSIVE is no judge");
}

static void test_write_restores(void)
{
	fresh_memory();
	dev->ops->make_exclusive(dev, mem, 1, &work);
	tap_ok(!dev->ops->read(dev, mem, buf, 1, &work) && state(0) == PAGE_EXCLUSIVE,
	       "a device read leaves the page exclusive");
	tap_ok(!dev->ops->write(dev, mem, buf, 1, &work) && state(0) == PAGE_PRESENT,
	       "defect: a device write gives it back to the CPU");
	tap_ok(!(dev->ops->caps & CAP_ATOMIC_CPU),
	       "so the backend does not claim atomics that the CPU respects");
}

static void test_close_evicts(void)
{
	struct device *other = NULL;
	char why[300];

	fresh_memory();
	dev->ops->migrate_to_device(dev, mem, NPAGES, &work);
	if (pagemap_count(mem, NPAGES, PAGE_SWAP) != (long)NPAGES) {
		tap_skip("defect: any close evicts all", "no page went to the device");
		return;
	}
	tap_ok(!backend_open(dev->ops, &other, why, sizeof(why)), "another opens the device");
	dev->ops->migrate_to_device(dev, mem, NPAGES, &work);
	tap_eq(pagemap_count(mem, NPAGES, PAGE_SWAP), NPAGES, "our pages are in its memory");
	other->ops->close(other);
	tap_eq(pagemap_count(mem, NPAGES, PAGE_SWAP), 0,
	       "defect: the other closes it, and our pages are evicted");
	tap_ok(*mem == 1 && mem[NPAGES * PAGE - 1] == 1, "their contents are right");
}

/* --- EXCLUSIVE without read_begin/retry --- */

static struct rng rng;
static atomic_uint turn; /* odd: the zapper is to act */
static atomic_bool over;
static unsigned int zap_after_us;

static void *zapper(void *arg)
{
	uint64_t until;

	while (!over) {
		if (!(turn & 1)) {
			sched_yield();
			continue;
		}
		until = clock_ns() + zap_after_us * 1000ULL;
		while (clock_ns() < until)
			;
		madvise(mem, PAGE, MADV_DONTNEED);
		turn++;
	}
	return arg;
}

/* Mark and zap at once; afterwards the device may read 0 or nothing, not OLD. */
static bool is_stale(void)
{
	uint64_t word;

	*(volatile uint64_t *)mem = OLD;
	zap_after_us = (unsigned int)rng_below(&rng, 6000);
	turn++;
	dev->ops->make_exclusive(dev, mem, 1, &work);
	while (turn & 1)
		sched_yield();
	if (dev->ops->read(dev, mem, buf, 1, &work))
		return false;
	memcpy(&word, buf, sizeof(word));
	return word == OLD && *(volatile uint64_t *)mem != OLD;
}

/* How many tries it took; 0: it never was. */
static int tries_until_stale(const char *delay, int most)
{
	struct delays d = { 0 };
	pthread_t thread;
	char why[300] = "";
	int i, stale = 0;

	if (delays_add(&d, delay, why, sizeof(why)) ||
	    delays_begin(&d, 3, why, sizeof(why))) {
		printf("# %s\n", why);
		return -1;
	}
	rng_init(&rng, 3, "zap", 0);
	over = false;
	fresh_memory();
	if (pthread_create(&thread, NULL, zapper, NULL))
		exit(1);
	for (i = 1; i <= most && !stale; i++)
		stale = is_stale() ? i : 0;
	over = true;
	pthread_join(thread, NULL);
	delays_end(&d);
	return stale;
}

static void test_no_retry(void)
{
	/* between make_device_exclusive() and the device's entry stands a mutex */
	int n = tries_until_stale("mutex_lock:spin:2000000:0.5", TRIES);

	tap_ok(n > 0, "defect: EXCLUSIVE against MADV_DONTNEED leaves the device a page that is freed (try %d)",
	       n);
	dev->ops->close(dev);
	open_device("mirror");
	tap_eq(tries_until_stale("exclusive:spin:2000000:0.5", TRIES / 4), 0,
	       "the mirror device, with read_begin and retry, never: it is no kernel bug");
}

int main(void)
{
	clock_init();
	if (pagemap_open())
		return 1;
	open_device("test_hmm");
	test_one_page_too_many();
	test_write_restores();
	test_close_evicts();
	test_no_retry();
	dev->ops->close(dev);
	return tap_done();
}
