/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device contract: what a workload may ask of a device that mirrors this
 * process, whatever the device is. One backend a file in lib/backend/; a file
 * that ends in BACKEND(name) is found by the linker, nothing else is edited.
 *
 * Every hook returns 0 or -errno. Addresses are page aligned unless a hook
 * says otherwise; npages counts base pages. A device context (struct device)
 * belongs to the mm that opened it and may be used by all its threads.
 */
#ifndef HMMSTORM_BACKEND_H
#define HMMSTORM_BACKEND_H

#include <stddef.h>
#include <stdint.h>

#define BACKEND_PAGE_SIZE 4096UL

/* What a backend can do; workloads ask for bits, never for names. */
enum backend_cap {
	CAP_EXCLUSIVE = 1 << 0,	/* make_exclusive: device-exclusive entries */
	CAP_ATOMIC = 1 << 1,	/* atomic: read-modify-write of one word */
	CAP_ATOMIC_CPU = 1 << 2, /* ... that is atomic against the CPU as well */
	CAP_ACCESS = 1 << 3,	/* read and write through the device */
	CAP_MIGRATE = 1 << 4,	/* migrate_to_device and migrate_to_system */
	CAP_SNAPSHOT = 1 << 5,	/* snapshot: the CPU's rights, no fault */
	CAP_CHECK = 1 << 6,	/* check: does the device still hold it */
	CAP_RELEASE = 1 << 7,	/* release: give back all device memory */
	CAP_BATCH = 1 << 9,	/* batch: many atomics, one after the other */
	CAP_RESTORE = 1 << 10,	/* restore: give pages back to the CPU */
	CAP_ACCESS_MIGRATED = 1 << 8, /* read, write and mark pages that are in
				       * device memory at that moment
				       */
};

/* What the device is; every record carries these. */
enum backend_flag {
	REAL_EXCLUSIVE = 1 << 0, /* the kernel installs device-exclusive entries */
	REAL_GPU = 1 << 1,
	HAS_DEVICE_CLOCK = 1 << 2,
	HAS_TRUTH = 1 << 3, /* ground truth sees its page table */
};

enum device_op {
	DEVICE_ADD,
	DEVICE_SUB,
	DEVICE_AND,
	DEVICE_OR,
	DEVICE_XOR,
	DEVICE_MIN,
	DEVICE_MAX,
	DEVICE_XCHG,
	DEVICE_CAS,
	NR_DEVICE_OPS,
};

/* Per page, as snapshot() reports it; no bit set: not present to the CPU. */
enum page_rights {
	PAGE_READ = 1 << 0,
	PAGE_WRITE = 1 << 1,
	PAGE_HUGE = 1 << 2,
	PAGE_ZERO = 1 << 3,
	PAGE_DEVICE = 1 << 4,	/* in device memory */
	PAGE_ERROR = 1 << 7,
};

/* What one call did, added to the caller's counts (never reset by a hook). */
struct device_work {
	uint64_t pages;		/* pages really done */
	uint64_t faults;	/* device faults taken, re-walks included */
	uint64_t retries;	/* attempts thrown away and made again */
	uint64_t taken_back;	/* done, then invalidated before the call ended */
};

struct device;

/* One of a batch. Errors as of backend_ops.atomic. */
struct device_atomic {
	uint64_t *addr;
	uint64_t operand;
	enum device_op op;
};

struct backend_ops {
	const char *name;
	const char *desc;
	const char *protocol;	/* fault protocol: process, range, pin or - */
	unsigned int caps;
	unsigned int flags;

	/* 0, or -errno and why[] says in words what is missing and what to do
	 * about it. May load a module; changes nothing else. Required.
	 */
	int (*probe)(char *why, size_t len);
	/* During a run, once a second: does the device still stand? As probe, but
	 * loads and makes nothing. Optional.
	 */
	int (*present)(char *why, size_t len);
	/* One context for the calling mm. Required, paired with close. */
	int (*open)(struct device **dev);
	void (*close)(struct device *dev);
	/* The restore policy from now on, as mirror.h spells it; -EINVAL: no such
	 * policy. A backend without it has what the kernel does: lazy.
	 */
	int (*set_policy)(struct device *dev, const char *policy);

	/* Replace the CPU's entries by device-exclusive ones. -EBUSY: some page
	 * was contended or refused; work->pages says how many were asked for and
	 * done in full. Needs CAP_EXCLUSIVE.
	 */
	int (*make_exclusive)(struct device *dev, void *addr, size_t npages,
			      struct device_work *work);
	/* One read-modify-write of the aligned 64-bit word at addr; *old gets
	 * the value before. Without CAP_ATOMIC_CPU the caller keeps every other
	 * writer away from the page meanwhile. Needs CAP_ATOMIC.
	 */
	int (*atomic)(struct device *dev, enum device_op op, void *addr,
		      uint64_t operand, uint64_t compare, uint64_t *old,
		      struct device_work *work);
	/* n read-modify-writes of 64-bit words in this order, given to the device
	 * at once; returns when all are done. work->pages counts words. The first
	 * error, after all have been tried. Needs CAP_BATCH.
	 */
	int (*batch)(struct device *dev, const struct device_atomic *a, size_t n,
		     struct device_work *work);
	/* The same in two: begin gives at most 1,024 to the device and returns, end
	 * waits for all that was begun, polling first as a user-mode queue's owner
	 * does. One thread, nothing else in between. Needs CAP_BATCH.
	 */
	int (*batch_begin)(struct device *dev, const struct device_atomic *a, size_t n);
	int (*batch_end)(struct device *dev, size_t n, struct device_work *work);
	/* Put the CPU's entries of npages back, as an eager policy does; pages that
	 * the device does not hold are left alone. work->pages: how many it was.
	 * Needs CAP_RESTORE.
	 */
	int (*restore)(struct device *dev, void *addr, size_t npages,
		       struct device_work *work);
	/* Copy npages between the mirrored memory and buf through the device.
	 * -EFAULT: nothing mapped; -EPERM or -EFAULT: no right to. CAP_ACCESS.
	 */
	int (*read)(struct device *dev, void *addr, void *buf, size_t npages,
		    struct device_work *work);
	int (*write)(struct device *dev, void *addr, const void *buf,
		     size_t npages, struct device_work *work);
	/* Best effort; work->pages says how many moved. CAP_MIGRATE. */
	int (*migrate_to_device)(struct device *dev, void *addr, size_t npages,
				 struct device_work *work);
	int (*migrate_to_system)(struct device *dev, void *addr, size_t npages,
				 struct device_work *work);
	/* rights[npages] as enum page_rights. CAP_SNAPSHOT. */
	int (*snapshot)(struct device *dev, void *addr, uint8_t *rights,
			size_t npages);
	/* 1: the device holds at least one of the pages exclusively, 0: none,
	 * as the *device* sees it; the judge of the CPU's side is pagemap.h.
	 * CAP_CHECK.
	 */
	int (*check)(struct device *dev, void *addr, size_t npages);
	/* Give back all device memory of the whole device. CAP_RELEASE. */
	int (*release)(struct device *dev);
};

/* First member of every backend's private context. */
struct device {
	const struct backend_ops *ops;
};

#define BACKEND(ops_) \
	static const struct backend_ops *const backend_entry_##ops_ \
	__attribute__((used, section("hmmstorm_backends"))) = &(ops_)

/* set_policy, for any backend; on failure why[] is filled. NULL: lazy. */
int backend_set_policy(struct device *dev, const char *policy, char *why,
		       size_t len);

/* In order of name. */
size_t backend_count(void);
const struct backend_ops *backend_at(size_t i);
/* NULL: no such backend. */
const struct backend_ops *backend_find(const char *name);
/* probe + open; on failure why[] is filled. */
int backend_open(const struct backend_ops *ops, struct device **dev, char *why,
		 size_t len);

const char *device_op_name(enum device_op op);
/* The value after op, as every backend and every model must compute it. */
uint64_t device_op_apply(enum device_op op, uint64_t old, uint64_t operand,
			 uint64_t compare);

#endif
