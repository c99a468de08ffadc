// SPDX-License-Identifier: GPL-2.0-only
/*
 * No device: every hook does at once, with the CPU, what a device would do. It
 * measures what the harness itself costs, and lets every workload run on a
 * machine without a device. Its "exclusive" pages are ordinary pages, so it
 * does not claim REAL_EXCLUSIVE and never enters an exclusive-latency table.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "../backend.h"

static int null_probe(char *why, size_t len)
{
	(void)why;
	(void)len;
	return 0;
}

static int null_open(struct device **dev)
{
	*dev = calloc(1, sizeof(**dev));
	return *dev ? 0 : -ENOMEM;
}

static void null_close(struct device *dev)
{
	free(dev);
}

static int null_make_exclusive(struct device *dev, void *addr, size_t npages,
			       struct device_work *work)
{
	(void)dev;
	(void)addr;
	work->pages += npages;
	return 0;
}

static int null_atomic(struct device *dev, enum device_op op, void *addr,
		       uint64_t operand, uint64_t compare, uint64_t *old,
		       struct device_work *work)
{
	uint64_t *word = addr;

	(void)dev;
	*old = __atomic_load_n(word, __ATOMIC_SEQ_CST);
	while (!__atomic_compare_exchange_n(word, old,
					    device_op_apply(op, *old, operand,
							    compare),
					    0, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST))
		work->retries++;
	work->pages++;
	return 0;
}

static int null_batch(struct device *dev, const struct device_atomic *a, size_t n,
		      struct device_work *work)
{
	uint64_t old;
	size_t i;

	for (i = 0; i < n; i++)
		null_atomic(dev, a[i].op, a[i].addr, a[i].operand, 0, &old, work);
	return 0;
}

/* Done when it has begun. */
static int null_batch_begin(struct device *dev, const struct device_atomic *a, size_t n)
{
	struct device_work unused = { 0 };

	return null_batch(dev, a, n, &unused);
}

static int null_batch_end(struct device *dev, size_t n, struct device_work *work)
{
	(void)dev;
	work->pages += n;
	return 0;
}

static int null_restore(struct device *dev, void *addr, size_t npages,
			struct device_work *work)
{
	(void)dev;
	(void)addr;
	work->pages += npages;
	return 0;
}

/* By process_vm_*, which faults pages in and refuses what is not mapped or not
 * allowed with -EFAULT, as a device would, instead of raising SIGSEGV.
 */
static int null_copy(void *local, void *remote, size_t npages, int write,
		     struct device_work *work)
{
	size_t bytes = npages * BACKEND_PAGE_SIZE;
	struct iovec here = { local, bytes }, there = { remote, bytes };
	ssize_t n;

	n = write ? process_vm_writev(getpid(), &here, 1, &there, 1, 0) :
		    process_vm_readv(getpid(), &here, 1, &there, 1, 0);
	if (n < 0)
		return -errno;
	work->pages += (size_t)n / BACKEND_PAGE_SIZE;
	return n == (ssize_t)bytes ? 0 : -EFAULT;
}

static int null_read(struct device *dev, void *addr, void *buf, size_t npages,
		     struct device_work *work)
{
	(void)dev;
	return null_copy(buf, addr, npages, 0, work);
}

static int null_write(struct device *dev, void *addr, const void *buf,
		      size_t npages, struct device_work *work)
{
	(void)dev;
	return null_copy((void *)(uintptr_t)buf, addr, npages, 1, work);
}

static const struct backend_ops null = {
	.name = "null",
	.desc = "no device: what the harness itself costs",
	.protocol = "-",
	.caps = CAP_EXCLUSIVE | CAP_ATOMIC | CAP_ATOMIC_CPU | CAP_ACCESS |
		CAP_BATCH | CAP_RESTORE,
	.probe = null_probe,
	.open = null_open,
	.close = null_close,
	.make_exclusive = null_make_exclusive,
	.atomic = null_atomic,
	.batch = null_batch,
	.batch_begin = null_batch_begin,
	.batch_end = null_batch_end,
	.restore = null_restore,
	.read = null_read,
	.write = null_write,
};

BACKEND(null);
