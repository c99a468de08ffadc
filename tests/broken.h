/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices and stressors that break one promise each, as a kernel with a defect
 * would: the storm must notice every one. All are the null backend but for the
 * hook that is broken. A backend here may keep state: one storm runs at a time.
 */
#ifndef HMMSTORM_TEST_BROKEN_H
#define HMMSTORM_TEST_BROKEN_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../stress/arena.h"
#include "../stress/stress.h"

static const struct backend_ops *null_ops(void)
{
	return backend_find("null");
}

static int good_probe(char *why, size_t len)
{
	return null_ops()->probe(why, len);
}

static int good_open(struct device **dev)
{
	return null_ops()->open(dev);
}

static void good_close(struct device *dev)
{
	null_ops()->close(dev);
}

static int good_make_exclusive(struct device *dev, void *addr, size_t npages,
			       struct device_work *work)
{
	return null_ops()->make_exclusive(dev, addr, npages, work);
}

static int good_atomic(struct device *dev, enum device_op op, void *addr,
		       uint64_t operand, uint64_t compare, uint64_t *old,
		       struct device_work *work)
{
	return null_ops()->atomic(dev, op, addr, operand, compare, old, work);
}

static int good_read(struct device *dev, void *addr, void *buf, size_t npages,
		     struct device_work *work)
{
	return null_ops()->read(dev, addr, buf, npages, work);
}

static int good_write(struct device *dev, void *addr, const void *buf,
		      size_t npages, struct device_work *work)
{
	return null_ops()->write(dev, addr, buf, npages, work);
}

static int no_migration(struct device *dev, void *addr, size_t npages,
			struct device_work *work)
{
	(void)dev;
	(void)addr;
	(void)npages;
	(void)work;
	return 0;
}

#define TEST_BACKEND(id, text, atomic_, read_, write_, to_device_)           \
	static const struct backend_ops id = {                               \
		.name = #id,                                                 \
		.desc = text,                                                \
		.protocol = "-",                                             \
		.caps = CAP_EXCLUSIVE | CAP_ATOMIC | CAP_ATOMIC_CPU |        \
			CAP_ACCESS | CAP_MIGRATE | CAP_ACCESS_MIGRATED,      \
		.probe = good_probe,                                         \
		.open = good_open,                                           \
		.close = good_close,                                         \
		.make_exclusive = good_make_exclusive,                       \
		.atomic = atomic_,                                           \
		.read = read_,                                               \
		.write = write_,                                             \
		.migrate_to_device = to_device_,                             \
		.migrate_to_system = no_migration,                           \
	};                                                                   \
	BACKEND(id)

TEST_BACKEND(sound, "breaks nothing: the control", good_atomic, good_read,
	     good_write, no_migration);

/* --- policies --- */

#define MOST_TURNS 64
static char policy_turns[MOST_TURNS][20];
static unsigned int nr_turns;

/* Writes down what it is told, and knows neither "bad" nor "". */
static int note_policy(struct device *dev, const char *policy)
{
	unsigned int n = __atomic_fetch_add(&nr_turns, 1, __ATOMIC_RELAXED);

	(void)dev;
	if (n < MOST_TURNS)
		snprintf(policy_turns[n], sizeof(policy_turns[n]), "%s", policy);
	return *policy && strcmp(policy, "bad") ? 0 : -EINVAL;
}

static const struct backend_ops turns = {
	.name = "turns",
	.desc = "takes any policy",
	.protocol = "-",
	.probe = good_probe,
	.open = good_open,
	.close = good_close,
	.set_policy = note_policy,
};
BACKEND(turns);

/* --- atomics --- */

static int loses_atomic(struct device *dev, enum device_op op, void *addr,
			uint64_t operand, uint64_t compare, uint64_t *old,
			struct device_work *work)
{
	static unsigned int calls;

	if (__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED) % 100)
		return good_atomic(dev, op, addr, operand, compare, old, work);
	*old = __atomic_load_n((uint64_t *)addr, __ATOMIC_RELAXED);
	return 0;
}

TEST_BACKEND(loses, "one atomic in a hundred is not done", loses_atomic,
	     good_read, good_write, no_migration);

static int doubles_atomic(struct device *dev, enum device_op op, void *addr,
			  uint64_t operand, uint64_t compare, uint64_t *old,
			  struct device_work *work)
{
	good_atomic(dev, op, addr, operand, compare, old, work);
	return good_atomic(dev, op, addr, operand, compare, old, work);
}

TEST_BACKEND(doubles, "each atomic is done twice", doubles_atomic, good_read,
	     good_write, no_migration);

/* What a device does that goes on while the CPU has its page back. */
static int races_atomic(struct device *dev, enum device_op op, void *addr,
			uint64_t operand, uint64_t compare, uint64_t *old,
			struct device_work *work)
{
	volatile uint64_t *word = addr;

	(void)dev;
	*old = *word;
	sched_yield();
	*word = device_op_apply(op, *old, operand, compare);
	work->pages++;
	return 0;
}

TEST_BACKEND(races, "load, then store: not exclusive", races_atomic, good_read,
	     good_write, no_migration);

static int denies_atomic(struct device *dev, enum device_op op, void *addr,
			 uint64_t operand, uint64_t compare, uint64_t *old,
			 struct device_work *work)
{
	good_atomic(dev, op, addr, operand, compare, old, work);
	return -EBUSY;
}

TEST_BACKEND(denies, "says busy and does the atomic", denies_atomic, good_read,
	     good_write, no_migration);

/* --- rights: /proc/self/mem overrides them, as a stale mapping would --- */

static int forced(int write, void *addr, void *buf, size_t npages)
{
	size_t bytes = npages * BACKEND_PAGE_SIZE;
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write ? pwrite(fd, buf, bytes, (off_t)(uintptr_t)addr) :
		    pread(fd, buf, bytes, (off_t)(uintptr_t)addr);
	close(fd);
	return n == (ssize_t)bytes ? 0 : -EFAULT;
}

static int forced_write(struct device *dev, void *addr, const void *buf,
			size_t npages, struct device_work *work)
{
	char page[BACKEND_PAGE_SIZE];

	if (good_read(dev, addr, page, 1, work))
		return -EFAULT;		/* PROT_NONE is respected */
	return forced(1, addr, (void *)(uintptr_t)buf, npages);
}

static int forced_read(struct device *dev, void *addr, void *buf, size_t npages,
		       struct device_work *work)
{
	(void)dev;
	(void)work;
	return forced(0, addr, buf, npages);
}

TEST_BACKEND(writes_read_only, "writes what the CPU may only read",
	     good_atomic, good_read, forced_write, no_migration);
TEST_BACKEND(reads_prot_none, "reads whatever the CPU's rights are",
	     good_atomic, forced_read, good_write, no_migration);

/* --- old, foreign and torn memory --- */

#define KEPT 64

static char kept[KEPT][BACKEND_PAGE_SIZE];
static void *kept_of[KEPT];

/* The page as it was read before, if it was. */
static int read_kept(void *addr, void *buf)
{
	size_t i = (uintptr_t)addr / BACKEND_PAGE_SIZE % KEPT;

	if (__atomic_load_n(&kept_of[i], __ATOMIC_ACQUIRE) != addr)
		return -EFAULT;
	memcpy(buf, kept[i], BACKEND_PAGE_SIZE);
	return 0;
}

static void keep(void *addr, const void *buf)
{
	size_t i = (uintptr_t)addr / BACKEND_PAGE_SIZE % KEPT;

	memcpy(kept[i], buf, BACKEND_PAGE_SIZE);
	__atomic_store_n(&kept_of[i], addr, __ATOMIC_RELEASE);
}

/* No invalidation reached the device: it misses that the page went. */
static int unmapped_read(struct device *dev, void *addr, void *buf,
			 size_t npages, struct device_work *work)
{
	int ret = good_read(dev, addr, buf, npages, work);

	if (ret)
		return read_kept(addr, buf);
	keep(addr, buf);
	return 0;
}

/* ... or that a new one came: what was read first is read for ever. */
static int stale_read(struct device *dev, void *addr, void *buf, size_t npages,
		      struct device_work *work)
{
	int ret = good_read(dev, addr, buf, npages, work);

	if (!ret && read_kept(addr, buf))
		keep(addr, buf);
	return ret;
}

TEST_BACKEND(keeps_unmapped, "reads a page that is unmapped", good_atomic,
	     unmapped_read, good_write, no_migration);
TEST_BACKEND(keeps_old, "reads the old page where a new one is", good_atomic,
	     stale_read, good_write, no_migration);

static int neighbour_read(struct device *dev, void *addr, void *buf,
			  size_t npages, struct device_work *work)
{
	uintptr_t other = (uintptr_t)addr ^ BACKEND_PAGE_SIZE;

	return good_read(dev, (void *)other, buf, npages, work);
}

TEST_BACKEND(reads_neighbour, "reads the page beside", good_atomic,
	     neighbour_read, good_write, no_migration);

static int torn_read(struct device *dev, void *addr, void *buf, size_t npages,
		     struct device_work *work)
{
	int ret = good_read(dev, addr, buf, npages, work);

	memset((char *)buf + BACKEND_PAGE_SIZE / 2, 0, BACKEND_PAGE_SIZE / 2);
	return ret;
}

TEST_BACKEND(tears, "reads half a page", good_atomic, torn_read, good_write,
	     no_migration);

/* --- migration --- */

static int wiping_migration(struct device *dev, void *addr, size_t npages,
			    struct device_work *work)
{
	(void)dev;
	(void)npages;
	memset(addr, 0, BACKEND_PAGE_SIZE);
	work->pages++;
	return 0;
}

static int stale_migration(struct device *dev, void *addr, size_t npages,
			   struct device_work *work)
{
	static unsigned int calls;

	(void)dev;
	(void)npages;
	/* the copy that comes back lacks the latest update */
	if (!(++calls % 50) && *(uint64_t *)addr)
		--*(uint64_t *)addr;
	work->pages++;
	return 0;
}

TEST_BACKEND(migrates_to_zero, "a migrated page comes back empty", good_atomic,
	     good_read, good_write, wiping_migration);
TEST_BACKEND(migrates_stale, "a migrated page lacks an update", good_atomic,
	     good_read, good_write, stale_migration);

/* --- fork: the CPU adds all the time, to pages that fork shares or copies --- */

static void adder_step(struct worker *w)
{
	worker_done(w, 0, slot_cpu_add(w, arena_pick(w, 1).first));
}

static const struct stressor adder = {
	.name = "adder",
	.desc = "for tests: CPU additions only",
	.ops = { "add" },
	.step = adder_step,
};

STRESSOR(adder);

/* As if copy_page_range() had given the child the parent's page. */
static int share_arena(struct worker *w)
{
	struct arena *a = w->arena;
	size_t bytes = a->nr * BACKEND_PAGE_SIZE;
	void *copy;

	if (w->index)
		return 0;
	copy = malloc(bytes);
	memcpy(copy, a->base, bytes);
	if (mmap(a->base, bytes, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != a->base)
		return -errno;
	memcpy(a->base, copy, bytes);
	free(copy);
	return 0;
}

static const struct stressor adder_shared = {
	.name = "adder-shared",
	.desc = "for tests: CPU additions to pages that fork does not copy",
	.ops = { "add" },
	.step = adder_step,
	.setup = share_arena,
};

STRESSOR(adder_shared);

static int cannot_start(struct worker *w)
{
	(void)w;
	return -ENOSPC;
}

static const struct stressor unable = {
	.name = "unable",
	.desc = "for tests: cannot start",
	.ops = { "nothing" },
	.step = adder_step,
	.setup = cannot_start,
};

STRESSOR(unable);

#endif
