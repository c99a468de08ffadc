/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer of the helper module: its dice, its bookkeeping, and the memory that
 * it plays on. One window of the address space belongs to it alone, so that what
 * one thread unmaps another does not find full of somebody else's data.
 */
#ifndef HMMSTORM_TEST_MODULE_FUZZ_H
#define HMMSTORM_TEST_MODULE_FUZZ_H

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/rng.h"
#include "../kernel-helpers/uapi/hmmstorm.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

#define PAGE 4096UL
#define MB (1UL << 20)
#define WINDOW 0x200000000000UL
#define WINDOW_LEN (3072 * MB)
#define ANON WINDOW /* its first half wants huge pages */
#define ANON_LEN (8 * MB)
#define ANON_PAGES (ANON_LEN / PAGE)
#define SHARED (WINDOW + 16 * MB)
#define PRIVATE_FILE (WINDOW + 24 * MB)
#define READ_ONLY (WINDOW + 40 * MB)
#define HOLE (WINDOW + 48 * MB)
#define SECRET (WINDOW + 56 * MB)
#define VALUES (WINDOW + 64 * MB) /* a thread each 64 KiB, with holes between */
#define PART_LEN (64 * PAGE)
#define RINGS (WINDOW + 1024 * MB)
#define RING_ROOM (8 * MB)
#define SLOTS 4U
#define MAPPED_ENGINES 4U /* of a context; the others stay unmapped */

enum kind {
	K_VERSION, K_ATTACH, K_DESC, K_SNAPSHOT, K_HIST, K_MIRROR, K_ENTER,
	K_POLICY, K_TRUTH, K_DELAY, K_INTERVALS, K_IOCTLS, K_UNKNOWN = K_IOCTLS, K_OPEN,
	K_CLOSE, K_MMAP, K_MMAP_BAD, K_MUNMAP, K_MPROTECT, K_MREMAP, K_MADVISE,
	K_SUBMIT, K_DEBUGFS, K_FORK, K_RMMOD, K_MEMORY, K_NR,
};

static const char *const kind_names[] = {
	"version", "attach", "desc", "snapshot", "hist", "mirror", "enter",
	"policy", "truth", "delay", "intervals", "unknown ioctl", "open",
	"close", "mmap ring", "mmap bad", "munmap ring", "mprotect ring",
	"mremap ring", "madvise ring", "submit", "debugfs", "fork", "rmmod",
	"memory",
};

#define ERRNOS 134U
#define OPS 32U

/* Shared by all processes of a run. */
struct tally {
	uint64_t calls;
	uint64_t call[K_NR][ERRNOS]; /* by errno; 0: succeeded */
	uint64_t op[OPS][ERRNOS]; /* completions */
	uint64_t addresses; /* of the kernel that reached us */
	uint64_t stray; /* faults of the fuzzer's own accesses */
	char first[128];
};

static struct tally *tally;
static __thread struct rng rng;
static __thread sigjmp_buf jump;
static __thread volatile sig_atomic_t guarded;
static __thread unsigned int thread_number;
static unsigned int threads_so_far;

static inline uint64_t roll(uint64_t n)
{
	return rng_below(&rng, n);
}

static inline bool one_in(uint64_t n)
{
	return !roll(n);
}

static inline void count_one(uint64_t *n)
{
	__atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
}

/* One call, with its errno or 0. */
static inline void count_call(enum kind k, int error)
{
	count_one(&tally->calls);
	count_one(&tally->call[k][error < (int)ERRNOS ? error : (int)ERRNOS - 1]);
}

static inline uint64_t kernel_address(void)
{
	static const uint64_t base[] = {
		0xffff800000000000, 0xffff888000000000, 0xffffc90000000000,
		0xffffea0000000000, 0xffffffff81000000, 0xffffffffa0000000,
		0xfffffffffffff000, 0xffffffffffffffff, 0x0000800000000000,
		0xff11000000000000, 0xffa0000000000000, 0x0100000000000000,
	};

	return base[roll(sizeof(base) / sizeof(*base))] + (one_in(2) ? 0 : roll(MB));
}

/* Borders of every type and limit, and anything. */
static inline uint64_t odd_value(void)
{
	static const uint64_t border[] = {
		0, 1, 2, 3, 4, 7, 8, 63, 64, 65, 255, 256, 257, 4095, 4096, 4097,
		60000, 60001, 100000, 1000000, 1000001, 10000000, 10000001,
		1 << 22, (1 << 22) + 4096, 1 << 24, (1 << 24) + 1, 0x7fffffff,
		0x80000000, 0xffffffff, 0x100000000, 0x7ffffffff000,
		0x7fffffffffff, 0xfffffffffff000, 0x7fffffffffffffff,
		0x8000000000000000,
	};

	switch (roll(8)) {
	case 0:
		return rng_next(&rng) >> roll(64);
	case 1:
		return kernel_address();
	case 2:
		return -roll(5000);
	default:
		return border[roll(sizeof(border) / sizeof(*border))];
	}
}

/* One word of a structure becomes something else. */
static inline void mutate(void *p, size_t n)
{
	size_t size = 1UL << (one_in(4) ? roll(3) : 2 + roll(2));
	uint64_t v = odd_value();

	if (size > n)
		size = n;
	memcpy((char *)p + roll(n / size) * size, &v, size);
}

/* Mostly of a few small pages; some of large ones, whose tails 6.12 refuses. */
static inline char *anon_page(void)
{
	if (one_in(8))
		return (char *)ANON + roll(ANON_PAGES) * PAGE;
	return (char *)ANON + (one_in(6) ? 0 : ANON_LEN / 2) + roll(64) * PAGE;
}

static inline char *ring_place(unsigned int slot, unsigned int engine)
{
	return (char *)RINGS + (slot * MAPPED_ENGINES + engine) * RING_ROOM;
}

/* An address that a device may be asked to work on. */
static inline uint64_t target_address(void)
{
	static const uint64_t part[] = {
		SHARED, PRIVATE_FILE, READ_ONLY, HOLE, SECRET,
		ANON + ANON_LEN - PAGE, ANON + ANON_LEN / 2 - PAGE,
	};

	switch (roll(32)) {
	case 0:
		return kernel_address();
	case 1:
		return rng_next(&rng) >> 17;
	case 2:
		return (uint64_t)ring_place(roll(SLOTS), 0) + PAGE * roll(4);
	case 3:
	case 4:
	case 5:
		return part[roll(sizeof(part) / sizeof(*part))] + roll(16) * PAGE;
	default:
		return (uint64_t)anon_page();
	}
}

/* Where a call's structure stands: mostly where it is. */
static inline void *argument(void *good, size_t n)
{
	char *p = good;

	switch (roll(40)) {
	case 0:
		return NULL;
	case 1:
		return (void *)kernel_address();
	case 2:
		return (void *)HOLE;
	case 3:
		return (void *)READ_ONLY;
	case 4: /* its end is not mapped */
		return (char *)ANON + ANON_LEN - n / 2;
	case 5: /* perhaps in a page that a device has */
	case 6:
		p = anon_page() + 8 * roll(64);
		memcpy(p, good, n);
		return p;
	case 7:
		p = ring_place(roll(SLOTS), 0) + 8 * roll(512);
		memcpy(p, good, n);
		return p;
	}
	return good;
}

/* Where counters are read to: a pointer that went astray from here meets nothing
 * of the fuzzer's own.
 */
static inline uint64_t *values_of_thread(void)
{
	return (uint64_t *)(VALUES + thread_number % 16 * 16 * PAGE);
}

static inline void on_fault(int signal)
{
	if (!guarded)
		_exit(128 + signal);
	count_one(&tally->stray);
	siglongjmp(jump, 1);
}

static inline void catch_faults(void)
{
	struct sigaction sa = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &sa, NULL);
	sigaction(SIGBUS, &sa, NULL);
}

static inline void put(uint64_t at, size_t len, int prot, int flags, int fd)
{
	mmap((void *)at, len, prot, flags | MAP_FIXED, fd, 0);
}

static inline void put_anon(uint64_t at, size_t len)
{
	put(at, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static inline void memory_init(void)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	/* memory that the kernel's own map does not have, where there is such */
	int secret = syscall(SYS_memfd_secret, 0);
	unsigned int i;

	put(WINDOW, WINDOW_LEN, PROT_NONE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
	put_anon(ANON, ANON_LEN);
	madvise((void *)ANON, ANON_LEN / 2, MADV_HUGEPAGE);
	put(SHARED, PART_LEN, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1);
	if (!ftruncate(fd, PART_LEN))
		put(PRIVATE_FILE, PART_LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd);
	put(READ_ONLY, PART_LEN, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	munmap((void *)HOLE, PART_LEN);
	for (i = 0; i < 16; i++)
		put_anon(VALUES + i * 16 * PAGE, 4 * PAGE);
	if (secret >= 0 && !ftruncate(secret, PART_LEN))
		put(SECRET, PART_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, secret);
}

#endif
