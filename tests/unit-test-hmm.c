// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/backend/test_hmm.c without its module: a kernel of our own making answers
 * the ioctls by a script. What is told of them must be true: pages, faults,
 * retries, pages taken back, and every error.
 *
 * In a mount namespace of our own /proc/devices names the driver, with a number
 * that is nobody's; opening its node gives a file.
 */
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "../lib/backend.h"
#include "../lib/tap.h"
#include "../lib/test_hmm_abi.h"
#include "child.h"

#define PAGE BACKEND_PAGE_SIZE
#define MOST_CALLS 16

/* What the kernel is to answer, call by call; the last answer stays. */
struct answer {
	int error;
	uint64_t cpages, faults;
};

static const struct answer *script;
static struct call {
	unsigned long request;
	struct dmirror_cmd cmd;
} calls[MOST_CALLS];
static int nr_calls;
static uint8_t fake_rights;

static void move_memory(unsigned long request, const struct dmirror_cmd *cmd)
{
	void *addr = (void *)(uintptr_t)cmd->addr, *ptr = (void *)(uintptr_t)cmd->ptr;

	if (request == DMIRROR_READ || request == DMIRROR_EXCLUSIVE ||
	    request == DMIRROR_MIGRATE_TO_DEV)
		memcpy(ptr, addr, cmd->npages * PAGE);
	if (request == DMIRROR_WRITE)
		memcpy(addr, ptr, cmd->npages * PAGE);
	if (request == DMIRROR_SNAPSHOT)
		memset(ptr, fake_rights, cmd->npages);
}

/* Stands before the C library's. As the module: a failed call moves nothing and
 * writes nothing back.
 */
int ioctl(int fd, unsigned long request, ...)
{
	struct dmirror_cmd *cmd;
	va_list ap;

	va_start(ap, request);
	cmd = va_arg(ap, struct dmirror_cmd *);
	va_end(ap);
	if (request >> 8 != DMIRROR_READ >> 8)
		return (int)syscall(SYS_ioctl, fd, request, cmd);
	if (nr_calls < MOST_CALLS)
		calls[nr_calls++] = (struct call){ request, *cmd };
	if (script->error) {
		errno = script->error;
		script++;
		return -1;
	}
	move_memory(request, cmd);
	cmd->cpages = script->cpages;
	cmd->faults = script->faults;
	if (script[1].error || script[1].cpages)
		script++;
	return 0;
}

int open(const char *path, int flags, ...)
{
	mode_t mode;
	va_list ap;

	va_start(ap, flags);
	mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0;
	va_end(ap);
	if (strstr(path, "/hmm_dmirror"))
		return memfd_create("hmm_dmirror", MFD_CLOEXEC);
	return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static void answers(const struct answer *next)
{
	script = next;
	nr_calls = 0;
}

static bool called(int i, unsigned long request, const void *addr, size_t npages)
{
	const struct call *c = &calls[i];

	return i < nr_calls && c->request == request &&
	       c->cmd.addr == (uintptr_t)addr && c->cmd.npages == npages;
}

static struct device *dev;
static char *memory;		/* 200 pages */

static void test_make_exclusive(void)
{
	static const struct answer good[] = { { 0, 64, 0 }, { 0 } };
	static const struct answer taken[] = { { 0, 64, 0 }, { ENOENT, 0, 0 }, { 0, 2, 0 }, { 0 } };
	static const struct answer busy[] = { { 0, 64, 0 }, { EBUSY, 0, 0 }, { 0, 2, 0 }, { 0 } };
	struct device_work work = { 0 };

	answers(good);
	tap_eq(dev->ops->make_exclusive(dev, memory, 130, &work), 0, "130 pages are marked");
	tap_ok(nr_calls == 3 && called(0, DMIRROR_EXCLUSIVE, memory, 64) &&
	       called(1, DMIRROR_EXCLUSIVE, memory + 64 * PAGE, 64) &&
	       called(2, DMIRROR_EXCLUSIVE, memory + 128 * PAGE, 2),
	       "in calls of 64 pages, as the copy has room for");
	tap_ok(work.pages == 130 && work.faults == 130 && !work.taken_back, "and counted");
	work = (struct device_work){ 0 };
	answers(taken);
	tap_eq(dev->ops->make_exclusive(dev, memory, 130, &work), 0, "pages marked and taken back at once");
	tap_ok(work.pages == 130 && work.taken_back == 64, "... are counted as such");
	work = (struct device_work){ 0 };
	answers(busy);
	tap_eq(dev->ops->make_exclusive(dev, memory, 130, &work), -EBUSY, "a refusal ends it");
	tap_ok(work.pages == 64 && nr_calls == 2, "... after what was done in full");
}

static void test_interrupted(void)
{
	static const struct answer twice[] = {
		{ EINTR, 0, 0 }, { EINTR, 0, 0 }, { 0, 1, 1 }, { 0 },
	};
	struct device_work work = { 0 };
	char buf[PAGE];

	answers(twice);
	tap_eq(dev->ops->read(dev, memory, buf, 1, &work), 0, "a call that a signal broke off is made again");
	tap_ok(nr_calls == 3 && work.pages == 1, "... and counted once");
}

static void test_atomic(void)
{
	static const struct answer good[] = { { 0, 1, 1 }, { 0 } };
	static const struct answer no_read[] = { { 0, 1, 1 }, { EFAULT, 0, 0 }, { 0 } };
	static const struct answer no_write[] = {
		{ 0, 1, 1 }, { 0, 1, 1 }, { EPERM, 0, 0 }, { 0 },
	};
	struct device_work work = { 0 };
	uint64_t *page = (uint64_t *)memory, old = 0;

	memset(memory, 0, PAGE);
	page[510] = 7;
	page[511] = 40;
	answers(good);
	tap_eq(dev->ops->atomic(dev, DEVICE_ADD, &page[511], 2, 0, &old, &work), 0,
	       "an atomic on the last word of a page");
	tap_ok(page[511] == 42 && old == 40 && page[510] == 7 && !page[0],
	       "... changes it alone, and tells the value before");
	tap_ok(nr_calls == 3 && called(0, DMIRROR_EXCLUSIVE, page, 1) &&
	       called(1, DMIRROR_READ, page, 1) && called(2, DMIRROR_WRITE, page, 1),
	       "... by marking, reading and writing the page");
	tap_eq(work.pages, 1, "... and is one page");
	answers(good);
	dev->ops->atomic(dev, DEVICE_CAS, &page[511], 9, 41, &old, &work);
	tap_ok(page[511] == 42 && old == 42, "a compare that fails changes nothing");
	answers(no_read);
	tap_eq(dev->ops->atomic(dev, DEVICE_ADD, &page[511], 2, 0, &old, &work), -EFAULT,
	       "an atomic that cannot read is refused");
	tap_ok(nr_calls == 2 && page[511] == 42, "... and writes nothing");
	answers(no_write);
	tap_eq(dev->ops->atomic(dev, DEVICE_ADD, &page[511], 2, 0, &old, &work), -EPERM,
	       "an atomic that cannot write is refused");
	tap_ok(page[511] == 42 && work.pages == 2, "... and not counted");
}

static void test_access(void)
{
	static const struct answer retried[] = { { 0, 3, 4 }, { 0 } };
	static const struct answer at_once[] = { { 0, 3, 1 }, { 0 } };
	static const struct answer none[] = { { 0, 3, 0 }, { 0 } };
	static const struct answer fault[] = { { EFAULT, 0, 0 }, { 0 } };
	struct device_work work = { 0 };
	char buf[3 * PAGE];

	memset(memory, 'm', 3 * PAGE);
	answers(retried);
	tap_eq(dev->ops->read(dev, memory, buf, 3, &work), 0, "three pages are read");
	tap_ok(!memcmp(buf, memory, sizeof(buf)) && called(0, DMIRROR_READ, memory, 3), "into the caller's memory");
	tap_ok(work.pages == 3 && work.faults == 4 && work.retries == 3, "walks after the first are retries");
	answers(at_once);
	dev->ops->read(dev, memory, buf, 3, &work);
	tap_ok(work.faults == 5 && work.retries == 3, "the first is none");
	memset(buf, 'w', sizeof(buf));
	answers(none);
	tap_eq(dev->ops->write(dev, memory, buf, 3, &work), 0, "three pages are written");
	tap_ok(!memcmp(buf, memory, sizeof(buf)) && work.retries == 3, "... without a fault, without a retry");
	answers(fault);
	tap_eq(dev->ops->read(dev, memory, buf, 3, &work), -EFAULT, "a hole is refused");
	tap_eq(work.pages, 9, "... and not counted");
}

static void test_migrate(void)
{
	static const struct answer good[] = { { 0, 60, 0 }, { 0 } };
	static const struct answer later[] = { { 0, 60, 0 }, { ENOMEM, 0, 0 }, { 0 } };
	struct device_work work = { 0 };

	answers(good);
	tap_eq(dev->ops->migrate_to_device(dev, memory, 100, &work), 0, "100 pages go to the device");
	tap_ok(nr_calls == 2 && called(1, DMIRROR_MIGRATE_TO_DEV, memory + 64 * PAGE, 36), "in calls of 64");
	tap_eq(work.pages, 120, "what the kernel says moved is counted");
	answers(later);
	tap_eq(dev->ops->migrate_to_device(dev, memory, 100, &work), -ENOMEM, "an error ends it");
	answers(good);
	tap_eq(dev->ops->migrate_to_system(dev, memory, 100, &work), 0, "100 come back");
	tap_ok(nr_calls == 1 && called(0, DMIRROR_MIGRATE_TO_SYS, memory, 100), "in one call, which copies nothing");
}

/* lib/test_hmm_uapi.h, every value that dmirror_mkentry() can make. */
static const struct {
	uint8_t raw, want;
	const char *what;
} rights[] = {
	{ 0x00, 0, "nothing" },
	{ 0x01, PAGE_READ, "read-only" },
	{ 0x02, PAGE_READ | PAGE_WRITE, "writable" },
	{ 0x03, PAGE_READ | PAGE_WRITE, "readable and writable" },
	{ 0x06, PAGE_READ | PAGE_WRITE | PAGE_HUGE, "PMD mapped" },
	{ 0x0a, PAGE_READ | PAGE_WRITE | PAGE_HUGE, "PUD mapped" },
	{ 0x11, PAGE_READ | PAGE_ZERO, "the zero page" },
	{ 0x15, PAGE_READ | PAGE_ZERO | PAGE_HUGE, "the huge zero page" },
	{ 0x22, PAGE_READ | PAGE_WRITE | PAGE_DEVICE, "device private, ours" },
	{ 0x31, PAGE_READ | PAGE_DEVICE, "device private, another's" },
	{ 0x42, PAGE_READ | PAGE_WRITE | PAGE_DEVICE, "device coherent, ours" },
	{ 0x51, PAGE_READ | PAGE_DEVICE, "device coherent, another's" },
	{ 0xff, PAGE_ERROR, "an error" },
};

static void test_snapshot(void)
{
	static const struct answer good[] = { { 0, 2, 0 }, { 0 } };
	static const struct answer bad[] = { { EFAULT, 0, 0 }, { 0 } };
	uint8_t got[2];
	size_t i;

	for (i = 0; i < sizeof(rights) / sizeof(*rights); i++) {
		fake_rights = rights[i].raw;
		answers(good);
		tap_ok(!dev->ops->snapshot(dev, memory, got, 2) &&
		       got[0] == rights[i].want && got[1] == rights[i].want,
		       "a snapshot of %s", rights[i].what);
	}
	answers(bad);
	tap_eq(dev->ops->snapshot(dev, memory, got, 2), -EFAULT, "a snapshot of a hole");
}

static void test_check(void)
{
	static const struct answer yes[] = { { EPERM, 0, 0 }, { 0 } };
	static const struct answer no[] = { { 0, 0, 0 }, { 0 } };
	static const struct answer bad[] = { { EINVAL, 0, 0 }, { 0 } };

	/* dmirror_check_atomic() answers -EPERM when it finds the tag */
	answers(yes);
	tap_eq(dev->ops->check(dev, memory, 1), 1, "a page still exclusive");
	answers(no);
	tap_eq(dev->ops->check(dev, memory, 1), 0, "a page taken back");
	answers(bad);
	tap_eq(dev->ops->check(dev, memory, 1), -EINVAL, "an error is neither");
	answers(no);
	tap_eq(dev->ops->release(dev), 0, "device memory is given back");
	tap_ok(called(0, DMIRROR_RELEASE, NULL, 0), "... of the whole device");
}

/* Makes the machine look as if the module were loaded. */
static bool pretend_module(void)
{
	const char *devices = scratch_path("devices");
	FILE *f;

	if (!private_mounts() ||
	    mount("tmpfs", "/sys/module", "tmpfs", 0, "size=64k") ||
	    mount("tmpfs", "/run", "tmpfs", 0, "size=64k") ||
	    mkdir("/sys/module/test_hmm", 0755))
		return false;
	f = fopen(devices, "we");
	fputs("Character devices:\n  1 mem\n239 HMM_DMIRROR\n\nBlock devices:\n  9 HMM_DMIRROR\n", f);
	fclose(f);
	return !mount(devices, "/proc/devices", NULL, MS_BIND, NULL);
}

static void test_gone(const struct backend_ops *ops)
{
	char why[200] = "";

	tap_eq(ops->present(why, sizeof(why)), 0, "a device that stands is present");
	unlink("/run/hmmstorm/hmm_dmirror2");
	tap_ok(ops->present(why, sizeof(why)) == -ENODEV && strstr(why, "hmm_dmirror2"),
	       "one whose node is gone is not: %s", why);
}

int main(void)
{
	const struct backend_ops *ops = backend_find("test_hmm-coherent");
	char why[200] = "";

	scratch_init();
	if (!pretend_module()) {
		tap_skip("the test_hmm backend", "needs root, to pretend that its module is here");
		return tap_done();
	}
	memory = mmap(NULL, 200 * PAGE, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!tap_ok(ops && !backend_open(ops, &dev, why, sizeof(why)), "the device opens %s", why))
		return tap_done();
	test_make_exclusive();
	test_interrupted();
	test_atomic();
	test_access();
	test_migrate();
	test_snapshot();
	test_check();
	dev->ops->close(dev);
	test_gone(ops);
	munmap(memory, 200 * PAGE);
	return tap_done();
}
