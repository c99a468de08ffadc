// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/backend.c: finding backends, the model of the atomics; and
 * lib/backend/null.c, hook by hook, as every backend is expected to behave.
 */
#include <pthread.h>

#include "../lib/backend.h"
#include "../lib/tap.h"
#include "child.h"

#define PAGE BACKEND_PAGE_SIZE

/* Two backends that cannot be opened. */

static int opened, closed;

static int absent_probe(char *why, size_t len)
{
	snprintf(why, len, "no such device here; buy one");
	return -ENODEV;
}

static int must_not_open(struct device **dev)
{
	(void)dev;
	opened++;
	return 0;
}

static void count_close(struct device *dev)
{
	(void)dev;
	closed++;
}

static const struct backend_ops absent = {
	.name = "zz-absent",
	.probe = absent_probe,
	.open = must_not_open,
	.close = count_close,
};

BACKEND(absent);

static int good_probe(char *why, size_t len)
{
	(void)why;
	(void)len;
	return 0;
}

static int busy_open(struct device **dev)
{
	(void)dev;
	return -EBUSY;
}

static const struct backend_ops busy = {
	.name = "a-busy",
	.probe = good_probe,
	.open = busy_open,
	.close = count_close,
};

BACKEND(busy);

static void test_find(void)
{
	bool sorted = true, complete = true;
	size_t i;

	for (i = 0; i < backend_count(); i++) {
		const struct backend_ops *b = backend_at(i);

		sorted &= !i || strcmp(backend_at(i - 1)->name, b->name) < 0;
		complete &= b->probe && b->open && b->close && b->name[0] &&
			    backend_find(b->name) == b;
	}
	tap_ok(sorted, "backends come in order of name, each once");
	tap_ok(complete, "each has the required hooks and is found by its name");
	tap_ok(backend_find("null") && backend_find("test_hmm") &&
	       backend_find("test_hmm-coherent"), "the known ones are there");
	tap_ok(backend_find("zz-absent") == &absent && backend_find("a-busy") == &busy,
	       "a file that ends in BACKEND() is found, nothing else is edited");
	tap_ok(!backend_find("nul") && !backend_find("") && !backend_find("nulll"),
	       "no other name is");
	tap_ok(!backend_at(backend_count()), "none stands behind the last");
}

/* A capability without its hook would be a call of NULL in a stressor. */
static void test_caps(void)
{
	size_t i;

	for (i = 0; i < backend_count(); i++) {
		const struct backend_ops *b = backend_at(i);
		unsigned int c = b->caps;

		tap_ok((!(c & CAP_EXCLUSIVE) || b->make_exclusive) &&
		       (!(c & CAP_ATOMIC) || b->atomic) &&
		       (!(c & CAP_ATOMIC_CPU) || c & CAP_ATOMIC) &&
		       (!(c & CAP_ACCESS) || (b->read && b->write)) &&
		       (!(c & CAP_MIGRATE) || (b->migrate_to_device && b->migrate_to_system)) &&
		       (!(c & CAP_SNAPSHOT) || b->snapshot) &&
		       (!(c & CAP_CHECK) || b->check) &&
		       (!(c & CAP_RELEASE) || b->release),
		       "%s has the hooks of its capabilities", b->name);
	}
}

static void test_open(void)
{
	struct device *dev = NULL;
	char why[30] = "";

	tap_eq(backend_open(&absent, &dev, why, sizeof(why)), -ENODEV, "an absent device's error is passed on");
	tap_ok(!opened && !strcmp(why, "no such device here; buy one"),
	       "with its reason, and it is not opened");
	tap_eq(backend_open(&busy, &dev, why, sizeof(why)), -EBUSY, "one that cannot be opened too");
	tap_ok(!strcmp(why, strerror(EBUSY)) && !closed, "with a reason, and it is not closed");
	tap_eq(backend_open(&busy, &dev, why, 5), -EBUSY, "a short reason ...");
	tap_ok(strlen(why) == 4, "... is cut to its room");
}

/* The value after each operation, by hand. */
static const struct {
	enum device_op op;
	const char *name;
	uint64_t old, operand, compare, want;
} ops[] = {
	{ DEVICE_ADD, "add", 5, 3, 0, 8 },
	{ DEVICE_ADD, "add", UINT64_MAX, 2, 0, 1 },
	{ DEVICE_SUB, "sub", 5, 3, 0, 2 },
	{ DEVICE_SUB, "sub", 1, 2, 0, UINT64_MAX },
	{ DEVICE_AND, "and", 0xf0f0, 0xff00, 0, 0xf000 },
	{ DEVICE_OR, "or", 0xf0f0, 0xff00, 0, 0xfff0 },
	{ DEVICE_XOR, "xor", 0xf0f0, 0xff00, 0, 0x0ff0 },
	{ DEVICE_MIN, "min", 7, 9, 0, 7 },
	{ DEVICE_MIN, "min", 9, 7, 0, 7 },
	{ DEVICE_MIN, "min", 1ULL << 63, 1, 0, 1 },	/* unsigned */
	{ DEVICE_MAX, "max", 7, 9, 0, 9 },
	{ DEVICE_MAX, "max", 9, 7, 0, 9 },
	{ DEVICE_MAX, "max", 1ULL << 63, 1, 0, 1ULL << 63 },
	{ DEVICE_XCHG, "xchg", 7, 9, 7, 9 },
	{ DEVICE_CAS, "cas", 7, 9, 7, 9 },
	{ DEVICE_CAS, "cas", 7, 9, 8, 7 },
};

#define NR_CASES (sizeof(ops) / sizeof(*ops))

static void test_ops(void)
{
	unsigned int seen = 0;
	size_t i;

	for (i = 0; i < NR_CASES; i++) {
		tap_ok(device_op_apply(ops[i].op, ops[i].old, ops[i].operand,
				       ops[i].compare) == ops[i].want,
		       "%s of %#llx and %#llx", ops[i].name,
		       (unsigned long long)ops[i].old,
		       (unsigned long long)ops[i].operand);
		tap_ok(!strcmp(device_op_name(ops[i].op), ops[i].name), "... has its name");
		seen |= 1U << ops[i].op;
	}
	tap_eq(seen, (1 << NR_DEVICE_OPS) - 1, "no operation is left out");
	tap_ok(!strcmp(device_op_name(NR_DEVICE_OPS), "?"), "an unknown one has no name");
	tap_eq(device_op_apply(NR_DEVICE_OPS, 4, 5, 4), 4, "and changes nothing");
}

static char *map(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(2);
	return p;
}

static void test_null_atomic(struct device *dev)
{
	struct device_work work = { 0 };
	uint64_t *word = (uint64_t *)map(1), old;
	bool good = true;
	size_t i;

	for (i = 0; i < NR_CASES; i++) {
		word[3] = ops[i].old;
		old = ~ops[i].old;
		good &= !dev->ops->atomic(dev, ops[i].op, &word[3], ops[i].operand,
					  ops[i].compare, &old, &work) &&
			old == ops[i].old && word[3] == ops[i].want;
	}
	tap_ok(good, "each operation does as the model says and tells the value before");
	tap_ok(!word[2] && !word[4], "and touches one word only");
	tap_eq(work.pages, NR_CASES, "each counts as one page");
	munmap(word, PAGE);
}

#define EACH 100000

static struct device *the_device;
static uint64_t the_word;

static void *add_by_device(void *arg)
{
	struct device_work *work = arg;
	uint64_t old;
	int i;

	for (i = 0; i < EACH; i++)
		the_device->ops->atomic(the_device, DEVICE_ADD, &the_word, 1, 0,
					&old, work);
	return NULL;
}

/* CAP_ATOMIC_CPU: against the CPU and against itself, in rounds, until they have
 * met often enough.
 */
static void test_null_races(struct device *dev)
{
	struct device_work work[2] = { 0 };
	int round, i;

	the_device = dev;
	for (round = 0; round < 200 && work[0].retries + work[1].retries < 1000; round++) {
		pthread_t t[2];

		for (i = 0; i < 2; i++)
			if (pthread_create(&t[i], NULL, add_by_device, &work[i]))
				exit(2);
		for (i = 0; i < EACH; i++)
			__atomic_fetch_add(&the_word, 1, __ATOMIC_RELAXED);
		for (i = 0; i < 2; i++)
			pthread_join(t[i], NULL);
	}
	tap_ok(the_word == 3ULL * EACH * (unsigned int)round,
	       "no addition of two device threads and the CPU is lost (they met %llu times)",
	       (unsigned long long)(work[0].retries + work[1].retries));
}

static void test_null_access(struct device *dev)
{
	struct device_work work = { 0 };
	char *p = map(4), *buf = malloc(4 * PAGE);
	size_t i;

	for (i = 0; i < 4 * PAGE; i++)
		p[i] = (char)(i * 7 + i / PAGE);
	tap_eq(dev->ops->read(dev, p, buf, 4, &work), 0, "four pages are read");
	tap_ok(!memcmp(p, buf, 4 * PAGE), "as they are");
	memset(buf, 'w', 4 * PAGE);
	tap_eq(dev->ops->write(dev, p + PAGE, buf, 2, &work), 0, "two are written");
	for (i = PAGE; i < 3 * PAGE && p[i] == 'w'; i++)
		;
	tap_ok(i == 3 * PAGE && p[0] == 0 && p[3 * PAGE] == 3, "and no other");
	tap_eq(work.pages, 6, "six pages were done");
	tap_eq(dev->ops->make_exclusive(dev, p, 4, &work), 0, "four are marked");
	tap_eq(work.pages, 10, "... and counted");
	munmap(p, 4 * PAGE);
	p = map(2);
	tap_eq(dev->ops->read(dev, p, buf, 2, &work), 0, "untouched pages are read");
	tap_ok(!buf[0] && !memcmp(buf, buf + 1, 2 * PAGE - 1), "as zeros");
	munmap(p, 2 * PAGE);
	free(buf);
}

enum { READ = 1, WRITE = 2 };

/* The rights of a device are the CPU's. */
static const struct {
	const char *what;
	int prot;		/* -1: unmapped */
	int may;
} rights[] = {
	{ "a writable page", PROT_READ | PROT_WRITE, READ | WRITE },
	{ "a read-only page", PROT_READ, READ },
	{ "a PROT_NONE page", PROT_NONE, 0 },
	{ "a hole", -1, 0 },
};

/* The second of three pages has the rights; touched before or not. */
static void test_null_rights(struct device *dev)
{
	static const char *const how[] = { "", ", touched" };
	char *buf = calloc(3, PAGE);
	size_t i, touched;

	for (i = 0; i < 2 * sizeof(rights) / sizeof(*rights); i++) {
		const typeof(rights[0]) *r = &rights[i / 2];
		struct device_work one = { 0 }, run = { 0 };
		char *p = map(3);

		touched = i & 1;
		if (touched)
			memset(p, 't', 3 * PAGE);
		if (r->prot < 0)
			munmap(p + PAGE, PAGE);
		else
			mprotect(p + PAGE, PAGE, r->prot);
		tap_ok(dev->ops->read(dev, p + PAGE, buf, 1, &one) ==
			       (r->may & READ ? 0 : -EFAULT),
		       "device read of %s%s", r->what, how[touched]);
		tap_ok(dev->ops->write(dev, p + PAGE, buf, 1, &one) ==
			       (r->may & WRITE ? 0 : -EFAULT),
		       "device write of %s%s", r->what, how[touched]);
		tap_eq(one.pages, __builtin_popcount(r->may), "... counted when done");
		tap_ok(dev->ops->read(dev, p, buf, 3, &run) ==
			       (r->may & READ ? 0 : -EFAULT) &&
		       run.pages == (r->may & READ ? 3 : 1),
		       "a run with %s in it ends there", r->what);
		munmap(p, 3 * PAGE);
	}
	free(buf);
}

int main(void)
{
	const struct backend_ops *null = backend_find("null");
	struct device *dev = NULL;
	char why[100] = "";

	test_find();
	test_caps();
	test_open();
	test_ops();
	if (!tap_ok(null && !backend_open(null, &dev, why, sizeof(why)), "null opens"))
		return tap_done();
	tap_ok(dev->ops == null && !why[0], "and is bound to its hooks");
	test_null_atomic(dev);
	test_null_races(dev);
	test_null_access(dev);
	test_null_rights(dev);
	dev->ops->close(dev);
	return tap_done();
}
