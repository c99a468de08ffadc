// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's own test device (lib/test_hmm.c), unmodified, by its ioctls.
 * Two devices: private memory (nodes 0, 1) and, when the module got
 * special-purpose addresses, coherent memory (nodes 2, 3).
 *
 * What the device cannot do, and what is made of it here:
 * - It has no read-modify-write. atomic() marks the page exclusive, reads it
 *   through the device, changes the word and writes the page back; between
 *   read and write the CPU may come in, so CAP_ATOMIC_CPU is not claimed.
 * - dmirror_write() does not use an exclusive mapping: it faults through HMM
 *   and so restores the CPU's entry.
 * - dmirror_exclusive() reports -EBUSY for every shortfall before 6.15; a
 *   -ENOENT means that the pages were marked and taken back by an
 *   invalidation before the ioctl read them (dmirror_do_read): counted in
 *   taken_back, not an error.
 * - A device access to a page that is in device memory oopses the kernel once
 *   any invalidation has dropped the page from the device's table: on the next
 *   fault dmirror_do_fault() stores the device-private page where it should
 *   store its backing page (BACKING_PAGE), and dmirror_do_read() copies from
 *   memory that is not there. Seen on 7.3.4 within seconds of migrating while
 *   other threads read; so CAP_ACCESS_MIGRATED is not claimed.
 * - CHECK_EXCLUSIVE answers with inverted sense, and an invalidation drops one
 *   page past its end: it tells the device's view, pagemap the CPU's.
 * - Closing any descriptor evicts every page of that device from its memory
 *   since the 2026 use-after-free fix, other processes' too.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../backend.h"
#include "../device_node.h"
#include "../test_hmm_abi.h"

struct test_hmm {
	struct device dev;
	int fd;
};

/* EXCLUSIVE copies the pages out; nobody wants the copy, so each thread gives
 * a piece of its own to copy to.
 */
#define CHUNK_PAGES 64
static __thread char copy[CHUNK_PAGES * BACKEND_PAGE_SIZE]
	__attribute__((aligned(4096)));

static int command(const struct device *dev, unsigned long request, void *addr,
		   const void *buf, size_t npages, struct device_work *work)
{
	const struct test_hmm *t = (const struct test_hmm *)dev;
	struct dmirror_cmd cmd = {
		.addr = (uintptr_t)addr,
		.ptr = (uintptr_t)buf,
		.npages = npages,
	};
	int ret;

	do {
		ret = ioctl(t->fd, request, &cmd) ? -errno : 0;
	} while (ret == -EINTR);
	if (work) {
		work->pages += cmd.cpages;
		work->faults += cmd.faults;
		if (cmd.faults > 1)
			work->retries += cmd.faults - 1;
	}
	return ret;
}

static int probe_nodes(unsigned int first, char *why, size_t len)
{
	const char *spm = getenv("HMMSTORM_SPM");
	char options[128] = "", path[256], node[32];
	unsigned long long a, b;
	int ret;

	if (geteuid()) {
		snprintf(why, len, "needs root: the nodes are mode 0600; run as root");
		return -EACCES;
	}
	if (spm && sscanf(spm, "%lli,%lli", (long long *)&a, (long long *)&b) == 2)
		snprintf(options, sizeof(options),
			 "spm_addr_dev0=%lld spm_addr_dev1=%lld", (long long)a,
			 (long long)b);
	ret = module_load("test_hmm", options[0] ? options : NULL);
	if (ret == -ENOENT && kernel_config("CONFIG_DEVICE_PRIVATE") == 'n') {
		snprintf(why, len, "this kernel is built without CONFIG_DEVICE_PRIVATE, so it has no device-exclusive API; boot one with CONFIG_DEVICE_PRIVATE=y and CONFIG_TEST_HMM=m (hmmstorm vm does)");
		return -EOPNOTSUPP;
	}
	if (ret == -ENOENT) {
		snprintf(why, len, "no module test_hmm for this kernel; build it with CONFIG_TEST_HMM=m, or use hmmstorm vm");
		return ret;
	}
	if (ret) {
		snprintf(why, len, "module test_hmm does not load: %s; see the kernel log",
			 strerror(-ret));
		return ret;
	}
	snprintf(node, sizeof(node), "hmm_dmirror%u", first);
	ret = device_node(node, "HMM_DMIRROR", first, path, sizeof(path));
	if (!ret) {
		int fd = open(path, O_RDWR | O_CLOEXEC);

		ret = fd < 0 ? -errno : 0;
		if (!ret)
			close(fd);
	}
	if (ret)
		snprintf(why, len, first ? "no coherent device (%s): load test_hmm with spm_addr_dev0 and spm_addr_dev1, or set HMMSTORM_SPM=ADDR,ADDR" :
					   "device node %s: %s",
			 first ? strerror(-ret) : node, strerror(-ret));
	return ret;
}

/* The node may be ours under /run or devtmpfs's; either must still be there. */
static int nodes_present(unsigned int minor, char *why, size_t len)
{
	static const char *const dirs[] = { "/dev", "/run/hmmstorm" };
	char path[64];
	size_t i;

	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/hmm_dmirror%u", dirs[i], minor);
		if (!access(path, F_OK))
			return 0;
	}
	snprintf(why, len, "device node hmm_dmirror%u was removed during the run; load module test_hmm again", minor);
	return -ENODEV;
}

static int private_present(char *why, size_t len)
{
	return nodes_present(0, why, len);
}

static int coherent_present(char *why, size_t len)
{
	return nodes_present(2, why, len);
}

static int private_probe(char *why, size_t len)
{
	return probe_nodes(0, why, len);
}

static int coherent_probe(char *why, size_t len)
{
	return probe_nodes(2, why, len);
}

static int open_node(struct device **dev, unsigned int minor)
{
	struct test_hmm *t = calloc(1, sizeof(*t));
	char path[256], node[32];
	int ret;

	if (!t)
		return -ENOMEM;
	snprintf(node, sizeof(node), "hmm_dmirror%u", minor);
	ret = device_node(node, "HMM_DMIRROR", minor, path, sizeof(path));
	if (!ret) {
		t->fd = open(path, O_RDWR | O_CLOEXEC);
		ret = t->fd < 0 ? -errno : 0;
	}
	if (ret) {
		free(t);
		return ret;
	}
	*dev = &t->dev;
	return 0;
}

static int private_open(struct device **dev)
{
	return open_node(dev, 0);
}

static int coherent_open(struct device **dev)
{
	return open_node(dev, 2);
}

static void test_hmm_close(struct device *dev)
{
	struct test_hmm *t = (struct test_hmm *)dev;

	close(t->fd);
	free(t);
}

static int mark_chunk(struct device *dev, char *addr, size_t npages,
		      struct device_work *work)
{
	struct device_work done = { 0 };
	int ret = command(dev, DMIRROR_EXCLUSIVE, addr, copy, npages, &done);

	work->faults += npages;
	if (ret == -ENOENT) {
		work->taken_back += npages;
		work->pages += npages;
		return 0;
	}
	if (!ret)
		work->pages += npages;
	return ret;
}

static int test_hmm_make_exclusive(struct device *dev, void *addr,
				   size_t npages, struct device_work *work)
{
	char *p = addr;
	int ret = 0;

	while (npages && !ret) {
		size_t n = npages < CHUNK_PAGES ? npages : CHUNK_PAGES;

		ret = mark_chunk(dev, p, n, work);
		p += n * BACKEND_PAGE_SIZE;
		npages -= n;
	}
	return ret;
}

static int test_hmm_atomic(struct device *dev, enum device_op op, void *addr,
			   uint64_t operand, uint64_t compare, uint64_t *old,
			   struct device_work *work)
{
	uintptr_t offset = (uintptr_t)addr % BACKEND_PAGE_SIZE;
	char *page = (char *)addr - offset;
	struct device_work part = { 0 };
	uint64_t *word = (uint64_t *)(copy + offset);
	int ret;

	ret = mark_chunk(dev, page, 1, &part);
	if (!ret)
		ret = command(dev, DMIRROR_READ, page, copy, 1, &part);
	if (!ret) {
		*old = *word;
		*word = device_op_apply(op, *old, operand, compare);
		ret = command(dev, DMIRROR_WRITE, page, copy, 1, &part);
	}
	work->faults += part.faults;
	work->retries += part.retries;
	work->taken_back += part.taken_back;
	if (!ret)
		work->pages++;
	return ret;
}

static int test_hmm_read(struct device *dev, void *addr, void *buf,
			 size_t npages, struct device_work *work)
{
	return command(dev, DMIRROR_READ, addr, buf, npages, work);
}

static int test_hmm_write(struct device *dev, void *addr, const void *buf,
			  size_t npages, struct device_work *work)
{
	return command(dev, DMIRROR_WRITE, addr, buf, npages, work);
}

/* MIGRATE_TO_DEV copies the migrated pages back out to ptr. */
static int test_hmm_migrate_to_device(struct device *dev, void *addr,
				      size_t npages, struct device_work *work)
{
	char *p = addr;
	int ret = 0;

	while (npages && !ret) {
		size_t n = npages < CHUNK_PAGES ? npages : CHUNK_PAGES;

		ret = command(dev, DMIRROR_MIGRATE_TO_DEV, p, copy, n, work);
		p += n * BACKEND_PAGE_SIZE;
		npages -= n;
	}
	return ret;
}

static int test_hmm_migrate_to_system(struct device *dev, void *addr,
				      size_t npages, struct device_work *work)
{
	return command(dev, DMIRROR_MIGRATE_TO_SYS, addr, copy, npages, work);
}

static int test_hmm_snapshot(struct device *dev, void *addr, uint8_t *rights,
			     size_t npages)
{
	int ret = command(dev, DMIRROR_SNAPSHOT, addr, rights, npages, NULL);
	size_t i;

	for (i = 0; !ret && i < npages; i++) {
		uint8_t s = rights[i], r = 0;

		if (s == DMIRROR_PROT_ERROR) {
			rights[i] = PAGE_ERROR;
			continue;
		}
		if (s & (DMIRROR_PROT_READ | DMIRROR_PROT_WRITE))
			r |= PAGE_READ;
		if (s & DMIRROR_PROT_WRITE)
			r |= PAGE_WRITE;
		if (s & (DMIRROR_PROT_PMD | DMIRROR_PROT_PUD))
			r |= PAGE_HUGE;
		if ((s & 0xf0) == DMIRROR_PROT_ZERO)
			r |= PAGE_ZERO;
		if ((s & 0xf0) >= DMIRROR_PROT_DEVICE)
			r |= PAGE_DEVICE;
		rights[i] = r;
	}
	return ret;
}

/* -EPERM: some page still carries the device's atomic tag; 0: none does. */
static int test_hmm_check(struct device *dev, void *addr, size_t npages)
{
	int ret = command(dev, DMIRROR_CHECK_EXCLUSIVE, addr, NULL, npages,
			  NULL);

	return ret == -EPERM ? 1 : ret;
}

static int test_hmm_release(struct device *dev)
{
	return command(dev, DMIRROR_RELEASE, NULL, NULL, 0, NULL);
}

#define TEST_HMM_CAPS \
	(CAP_EXCLUSIVE | CAP_ATOMIC | CAP_ACCESS | CAP_MIGRATE | \
	 CAP_SNAPSHOT | CAP_CHECK | CAP_RELEASE)

#define TEST_HMM(ops_, name_, desc_, kind_)                          \
	static const struct backend_ops ops_ = {                     \
		.name = name_,                                       \
		.desc = desc_,                                       \
		.protocol = "process",                               \
		.caps = TEST_HMM_CAPS,                               \
		.flags = REAL_EXCLUSIVE,                             \
		.probe = kind_##_probe,                              \
		.present = kind_##_present,                          \
		.open = kind_##_open,                                \
		.close = test_hmm_close,                             \
		.make_exclusive = test_hmm_make_exclusive,           \
		.atomic = test_hmm_atomic,                           \
		.read = test_hmm_read,                               \
		.write = test_hmm_write,                             \
		.migrate_to_device = test_hmm_migrate_to_device,     \
		.migrate_to_system = test_hmm_migrate_to_system,     \
		.snapshot = test_hmm_snapshot,                       \
		.check = test_hmm_check,                             \
		.release = test_hmm_release,                         \
	};                                                           \
	BACKEND(ops_)

TEST_HMM(test_hmm, "test_hmm", "the kernel's test module, device-private memory",
	 private);
TEST_HMM(test_hmm_coherent, "test_hmm-coherent",
	 "the kernel's test module, device-coherent memory", coherent);
