/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls that may raise invalidations (experiment E1), each on memory in a
 * known state: one table for the benchmarks, which time them, and for the test of
 * the ground truth, which knows what each must be found to do.
 *
 * The memory under test stands alone in its GiB, so that no neighbour has a part
 * in it: page tables, mappings and what the kernel skips as empty are its own.
 *
 * All calls return 0 or -errno; -EOPNOTSUPP: not on this kernel or machine.
 */
#ifndef HMMSTORM_CALLS_H
#define HMMSTORM_CALLS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct backend_ops;
struct device;

enum call_kind {
	CALL_ANON, /* 16 pages */
	CALL_UNTOUCHED, /* of which none was ever used: nothing in the whole GiB */
	CALL_WIDE, /* 2 MiB, of which 16 pages are used */
	CALL_PAIR, /* 4 MiB, of which 16 pages at the beginning are used */
	CALL_THP, /* 2 MiB in one PMD */
	CALL_SMALL, /* 2 MiB in PTEs */
	CALL_HUGETLB,
	CALL_HUGETLB_FILE, /* shared, of a memfd */
	CALL_SHMEM, /* shared, of a memfd */
	CALL_SHMEM_WIDE, /* the same, 2 MiB, all of it used */
	CALL_PRIVATE_FILE, /* the page cache's pages of a memfd, not copies */
	CALL_CODE, /* the same, to be executed */
	CALL_DISK_FILE, /* in TMPDIR, otherwise /var/tmp, if that file system writes back */
};

/* What the device does with the memory before the call. */
enum call_device {
	CALL_NO_DEVICE,
	CALL_READS,
	CALL_WRITES,
	CALL_MARKS, /* makes all of it device-exclusive */
	CALL_HALVES, /* reads the first half, writes the second */
};

enum call_flag {
	CALL_MEETS_ALL = 1 << 0, /* the process's other mappings too */
	CALL_TWO_NODES = 1 << 1,
	CALL_BY_CHANCE = 1 << 2, /* a kernel thread's work: counts vary */
	CALL_SLOW = 1 << 3, /* takes seconds */
	CALL_OF_CHILD = 1 << 4, /* the invalidations are a child's */
	CALL_OF_DEVICE = 1 << 5, /* the call is the device's own */
};

#define CALL_CALLERS 4
#define CALL_SINCE(major_, minor_) ((major_) << 8 | (minor_))

/* One caller's memory. */
struct call_run {
	struct device *dev; /* the caller's; NULL: no device has a part in it */
	bool counted; /* the caller's: a child with a device is counted as well */
	const struct call *call;
	char *mem, *other; /* other: a second mapping, or NULL */
	size_t bytes, other_bytes;
	size_t pages; /* in use */
	int file, uffd;
	pid_t child;
	int wake; /* the pipe that the child waits on */
	bool probed;
	unsigned int caller; /* which, of several */
	struct call_crowd *crowd; /* of the others, with several callers */
};

struct call {
	const char *name, *state;
	enum call_kind kind;
	enum call_device device;
	/* Before the device's part; may be NULL. */
	int (*prepare)(struct call_run *c);
	int (*run)(struct call_run *c);
	unsigned int flags; /* enum call_flag */
	unsigned int since; /* CALL_SINCE(), 0: every kernel */
	unsigned int callers; /* at once, on ranges beside each other; 0: one */
};

/* In order of the table. */
size_t calls_count(void);
const struct call *call_at(size_t i);
/* NULL: no such call in this state. */
const struct call *call_find(const char *name, const char *state);
/* Why it cannot run here, on this backend; NULL: it can, as far as one can see
 * beforehand.
 */
const char *call_missing(const struct call *call, const struct backend_ops *ops);

/* The machine's settings that the table wants (huge pages for those who ask, some
 * for hugetlb, no NUMA balancing), and the former ones again.
 */
void calls_begin(void);
void calls_end(void);

/* Fresh memory in the call's state; c has .dev and .counted, the rest is filled in.
 * call_finish() is to be called also if it failed.
 */
int call_prepare(struct call_run *c, const struct call *call);
int call_run(struct call_run *c);
void call_finish(struct call_run *c);

#endif
