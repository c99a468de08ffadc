// SPDX-License-Identifier: GPL-2.0-only
/*
 * A fuzzer of the helper module: calls, mappings and rings, right ones, ones
 * with a word changed, and nonsense, from several threads and their children, on
 * memory that changes meanwhile.
 *
 *   test-module-fuzz [--seed N] [--calls N]
 *
 * A run is a row of processes, each with a seed of its own, which end in every
 * way there is. After each the module must hold nothing any more, and at the end
 * it must unload. Threads race, so that a seed repeats what is tried, not in which
 * order. The lab watches the kernel log.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "../lib/tap.h"
#include "module-fuzz.h"
#include "module-leaks.h"

#define THREADS 3U
#define CALLS_A_WORKER 10000U
#define WORKER_SECONDS 180U
#define RING_RW (PROT_READ | PROT_WRITE)
#define OP_MARK 0xf0220000ULL /* in user_data, with the opcode */

/* An open file; all threads use all of them, with no lock. */
struct slot {
	int fd;
	bool mirror;
	struct hmmstorm_mirror p;
	char *ring[MAPPED_ENGINES];
};

static struct slot slots[SLOTS];
static uint64_t stop_at; /* tally->calls at which a worker ends */
static uint32_t nr_counters, nr_hists, nr_probes;

static void scan(const char *what, const void *p, size_t n)
{
	const uint64_t *v = p;
	size_t i;

	for (i = 0; i < n / 8; i++) {
		if (!is_kernel_address(v[i]))
			continue;
		if (!__atomic_fetch_add(&tally->addresses, 1, __ATOMIC_RELAXED))
			snprintf(tally->first, sizeof(tally->first),
				 "%s, word %zu: %#llx", what, i,
				 (unsigned long long)v[i]);
	}
}

/* Whether the call succeeded. */
static bool call(enum kind k, struct slot *s, unsigned long cmd, void *arg)
{
	int ret = ioctl(s->fd, cmd, arg);

	count_call(k, ret < 0 ? errno : 0);
	return ret >= 0;
}

/* Right, or with words changed; and somewhere. */
static bool call_mutated(enum kind k, struct slot *s, unsigned long cmd, void *arg,
			 size_t n)
{
	void *p;

	while (one_in(4))
		mutate(arg, n);
	p = argument(arg, n);
	return call(k, s, cmd, p) && p == arg;
}

static struct slot *any_slot(void)
{
	return &slots[roll(SLOTS)];
}

static void open_slot(struct slot *s)
{
	int fd = device_open_misc(HMMSTORM_DEVICE);

	count_call(K_OPEN, fd < 0 ? -fd : 0);
	if (fd < 0)
		return;
	fcntl(fd, F_SETFD, 0); /* exec() shall inherit it */
	s->mirror = false;
	s->fd = fd;
}

static void close_slot(struct slot *s)
{
	int fd = s->fd;
	unsigned int i;

	for (i = 0; i < MAPPED_ENGINES && one_in(2); i++) {
		if (s->ring[i])
			munmap(s->ring[i], s->p.engine_bytes);
		s->ring[i] = NULL;
	}
	s->fd = -1;
	s->mirror = false;
	count_call(K_CLOSE, close(fd) ? errno : 0);
}

static void fuzz_open(void)
{
	struct slot *s = any_slot();

	if (s->fd >= 0 && one_in(2))
		close_slot(s);
	else if (s->fd < 0)
		open_slot(s);
}

static struct hmmstorm_policy any_policy(void)
{
	struct hmmstorm_policy p = { .kind = 1 + roll(5) };

	if (p.kind == HMMSTORM_POLICY_DEFERRED) {
		p.entries = 1 + roll(64);
		p.idle_us = 1 + roll(5000);
	}
	if (p.kind == HMMSTORM_POLICY_HOLD)
		p.hold_us = 1 + roll(500);
	return p;
}

static struct hmmstorm_mirror any_mirror(const int32_t *cpus)
{
	struct hmmstorm_mirror p = {
		.engines = one_in(50) ? 64 : 1 + roll(MAPPED_ENGINES),
		.entries = 1U << (one_in(8) ? roll(9) : 4 + roll(3)),
		.data_bytes = roll(9) * PAGE,
		.protocol = 1 + roll(3),
		.fault_batch = one_in(2) ? 1 : 2 + roll(255),
		.timeout_ms = 1 + roll(one_in(4) ? 20 : 4),
		.idle_us = one_in(2) ? 0 : roll(100),
		.flags = one_in(30) * HMMSTORM_MIRROR_NAIVE | one_in(4) * HMMSTORM_MIRROR_UNLOCKED,
		.policy = any_policy(),
		.cpus = one_in(2) ? (uintptr_t)cpus : 0,
	};

	return p;
}

static void make_mirror(struct slot *s)
{
	int32_t cpus[64];
	struct hmmstorm_mirror p;
	unsigned int i;

	for (i = 0; i < 64; i++)
		cpus[i] = one_in(200) ? (int32_t)odd_value() : (int32_t)roll(3) - 1;
	p = any_mirror(cpus);
	while (one_in(4))
		mutate(&p, sizeof(p));
	/* the machine is small */
	if (p.engines <= 64 && (uint64_t)p.engines * p.data_bytes > 32 * MB)
		p.data_bytes = PAGE;
	if (!call(K_MIRROR, s, HMMSTORM_IOC_MIRROR, one_in(20) ? argument(&p, sizeof(p)) : &p))
		return;
	s->p = p;
	s->mirror = p.engine_bytes;
}

static void map_ring(struct slot *s, unsigned int i)
{
	char *at = ring_place(s - slots, i);
	char *p = mmap(at, s->p.engine_bytes, RING_RW, MAP_SHARED | MAP_FIXED,
		       s->fd, HMMSTORM_MMAP_ENGINE(i));

	count_call(K_MMAP, p == MAP_FAILED ? errno : 0);
	if (p != MAP_FAILED)
		s->ring[i] = p;
}

/* The ring that a thread works on; not there any more if it faults. */
static __thread struct slot *last_slot;
static __thread unsigned int last_engine;

/* Makes a slot ready, mostly; NULL: it is not, or its engine i is not mapped. */
static struct slot *ready_slot(unsigned int *i)
{
	struct slot *s = any_slot();

	if (s->fd < 0)
		open_slot(s);
	if (!s->mirror)
		make_mirror(s);
	if (!s->mirror || !s->p.engines)
		return NULL;
	*i = roll(s->p.engines < MAPPED_ENGINES ? s->p.engines : MAPPED_ENGINES);
	if (!s->ring[*i])
		map_ring(s, *i);
	last_slot = s;
	last_engine = *i;
	return s->ring[*i] ? s : NULL;
}

static void fuzz_mirror(void)
{
	struct slot *s = any_slot();

	if (s->fd >= 0)
		make_mirror(s);
}

static void fuzz_version(void)
{
	struct hmmstorm_version v = { 0 };

	if (call_mutated(K_VERSION, any_slot(), HMMSTORM_IOC_VERSION, &v, sizeof(v)))
		scan("version", &v, sizeof(v));
}

static void fuzz_attach(void)
{
	struct hmmstorm_attach a = { .flags = one_in(2) };

	call_mutated(K_ATTACH, any_slot(), HMMSTORM_IOC_ATTACH, &a, sizeof(a));
}

static void fuzz_desc(void)
{
	const uint32_t nr[] = { nr_counters, nr_hists, nr_probes };
	unsigned int what = roll(3);
	struct hmmstorm_desc d = { .what = 1 + what, .index = roll(nr[what] + 1) };
	size_t from = offsetof(struct hmmstorm_desc, missed);

	if (call_mutated(K_DESC, any_slot(), HMMSTORM_IOC_DESC, &d, sizeof(d)))
		scan("desc", (char *)&d + from, sizeof(d) - from);
}

static void fuzz_read(enum kind k, unsigned long cmd, uint32_t room)
{
	uint64_t *values = values_of_thread();
	size_t bytes = HMMSTORM_HIST_BUCKETS * sizeof(*values);
	struct hmmstorm_read r = {
		.scope = one_in(3) ? HMMSTORM_TOTAL : 1 + roll(3),
		.nr = one_in(4) ? roll(room + 2) : room,
		.values = (uintptr_t)argument(values, bytes),
	};

	if (r.scope == HMMSTORM_PID)
		r.pid = one_in(2) ? (uint32_t)getpid() : roll(1000);
	if (k == K_HIST)
		r.index = roll(nr_hists + 1);
	memset(values, 0, bytes);
	/* at another address of the same buffer the values may be out of step */
	if (call_mutated(k, any_slot(), cmd, &r, sizeof(r)) &&
	    r.values == (uintptr_t)values)
		scan(kind_names[k], values, bytes);
}

static void fuzz_snapshot(void)
{
	fuzz_read(K_SNAPSHOT, HMMSTORM_IOC_SNAPSHOT, nr_counters);
}

static void fuzz_hist(void)
{
	fuzz_read(K_HIST, HMMSTORM_IOC_HIST, HMMSTORM_HIST_BUCKETS);
}

static void fuzz_policy(void)
{
	struct hmmstorm_policy p = any_policy();

	call_mutated(K_POLICY, any_slot(), HMMSTORM_IOC_POLICY, &p, sizeof(p));
}

static void fuzz_truth(void)
{
	struct hmmstorm_truth t = { .kind = roll(3) };
	struct hmmstorm_attach a = { 0 };
	struct slot *s = any_slot();

	if (one_in(2))
		call(K_ATTACH, s, HMMSTORM_IOC_ATTACH, &a);
	call_mutated(K_TRUTH, s, HMMSTORM_IOC_TRUTH, &t, sizeof(t));
}

static void any_symbol(char *symbol)
{
	static const char *const names[] = {
		"mmu_interval_read_begin", "do_madvise", "vm_mmap_pgoff",
		"hmm_range_fault", "no_such_function", "hs_fault", "hs_ioctl",
		"hmmstorm:hs_delay_slow", "memcpy", "asm_exc_page_fault", "%s%s%n",
	};

	strcpy(symbol, names[roll(sizeof(names) / sizeof(*names))]);
}

static void fuzz_delay(void)
{
	static const uint64_t most[] = { 1, 2000, 100, 2, 20000 };
	struct hmmstorm_delay d = {
		.window = one_in(6) ? HMMSTORM_WINDOW_SYMBOL : roll(6),
		.kind = roll(5),
	};

	if (d.kind) {
		d.amount = 1 + roll(most[d.kind]);
		d.probability = rng_next(&rng) >> 32 >> 2;
		d.seed = rng_next(&rng);
	}
	if (d.window == HMMSTORM_WINDOW_SYMBOL)
		any_symbol(d.symbol);
	call_mutated(K_DELAY, any_slot(), HMMSTORM_IOC_DELAY, &d, sizeof(d));
}

static void fuzz_intervals(void)
{
	struct hmmstorm_intervals p = { 0 };

	if (!one_in(3)) {
		p.addr = one_in(4) ? rng_next(&rng) : (uintptr_t)anon_page();
		p.bytes = one_in(4) ? rng_next(&rng) : PAGE;
		p.stride = roll(3) * PAGE;
		p.count = one_in(50) ? roll(20000) : 1 + roll(64);
	}
	call_mutated(K_INTERVALS, any_slot(), HMMSTORM_IOC_INTERVALS, &p, sizeof(p));
}

static bool is_known(unsigned int cmd)
{
	static const unsigned int known[] = {
		HMMSTORM_IOC_VERSION, HMMSTORM_IOC_ATTACH, HMMSTORM_IOC_DESC,
		HMMSTORM_IOC_SNAPSHOT, HMMSTORM_IOC_HIST, HMMSTORM_IOC_MIRROR,
		HMMSTORM_IOC_ENTER, HMMSTORM_IOC_POLICY, HMMSTORM_IOC_TRUTH,
		HMMSTORM_IOC_DELAY, HMMSTORM_IOC_INTERVALS,
	};
	unsigned int i;

	for (i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (cmd == known[i])
			return true;
	return false;
}

static void fuzz_unknown(void)
{
	uint64_t room[64] = { 0 };
	unsigned long cmd = _IOC(roll(4), HMMSTORM_IOC_MAGIC, roll(40), roll(512));

	if (one_in(3))
		cmd = rng_next(&rng);
	/* the file layer has commands of its own, which are not meant */
	if (is_known(cmd) || _IOC_TYPE(cmd) == 'T' || _IOC_TYPE(cmd) == 'f' ||
	    _IOC_TYPE(cmd) == 'X')
		return;
	call(K_UNKNOWN, any_slot(), cmd, argument(room, sizeof(room)));
}

static void fuzz_enter(void)
{
	struct slot *s = any_slot();
	struct hmmstorm_enter e = {
		.engine = roll(s->p.engines + 1),
		.min_complete = one_in(4) ? roll(4) : 0,
		.timeout_ns = 1 + roll(1000000),
	};

	while (one_in(4))
		mutate(&e, sizeof(e));
	/* for ever is what the other test does */
	if (!e.timeout_ns || e.timeout_ns > 100000000)
		e.timeout_ns = 1;
	call(K_ENTER, s, HMMSTORM_IOC_ENTER, one_in(20) ? argument(&e, sizeof(e)) : &e);
}

static uint8_t any_op(void)
{
	static const uint8_t rest[] = {
		HMMSTORM_OP_READ, HMMSTORM_OP_WRITE, HMMSTORM_OP_FILL,
		HMMSTORM_OP_MARK, HMMSTORM_OP_RESTORE, HMMSTORM_OP_CHECK,
		HMMSTORM_OP_FENCE, HMMSTORM_OP_NOP,
	};

	if (one_in(50))
		return roll(256);
	return one_in(2) ? 1 + roll(9) : rest[roll(8)];
}

/* A command that is right, unless its address is not. */
static struct hmmstorm_cmd any_command(const struct slot *s)
{
	struct hmmstorm_cmd c = {
		.op = any_op(),
		.addr = target_address(),
		.operand = roll(1000),
	};

	c.user_data = OP_MARK | c.op;
	switch (c.op) {
	case HMMSTORM_OP_NOP:
	case HMMSTORM_OP_FENCE:
		return c;
	case HMMSTORM_OP_READ:
	case HMMSTORM_OP_WRITE:
	case HMMSTORM_OP_CHECK:
		c.addr += c.op == HMMSTORM_OP_CHECK ? 0 : roll(PAGE);
		c.count = 1 + roll(one_in(20) ? 32 * PAGE : PAGE / 8);
		if (c.count > s->p.data_bytes)
			c.count = s->p.data_bytes;
		c.operand = roll(s->p.data_bytes - c.count + 1);
		return c;
	case HMMSTORM_OP_MARK:
	case HMMSTORM_OP_RESTORE:
		c.count = 1 + roll(one_in(40) ? 600 : 4);
		return c;
	}
	c.size = one_in(2) ? 4 : 8;
	c.addr += c.size * roll(PAGE / 8);
	c.count = 1 + roll(one_in(40) ? 2000 : 8);
	if (c.count > 1 && c.op != HMMSTORM_OP_FILL)
		c.stride = c.size << roll(one_in(8) ? 11 : 5);
	return c;
}

static void wake(struct slot *s, unsigned int engine)
{
	struct hmmstorm_enter e = {
		.engine = engine,
		.min_complete = roll(3),
		.timeout_ns = 1 + roll(500000),
	};

	call(K_ENTER, s, HMMSTORM_IOC_ENTER, &e);
}

static void fuzz_submit(void)
{
	unsigned int n = 1 + roll(24), i;
	struct slot *s = ready_slot(&i);
	struct hmmstorm_cmd c, *sq;
	struct hmmstorm_ring *r;
	uint32_t tail, entries;

	if (!s)
		return;
	r = (void *)s->ring[i];
	sq = (void *)(s->ring[i] + HMMSTORM_SQ_OFFSET);
	entries = s->p.entries;
	while (n--) {
		c = any_command(s);
		if (one_in(5))
			mutate(&c, sizeof(c));
		tail = r->sq_tail;
		if (tail - r->sq_head >= entries && !one_in(10))
			break;
		sq[tail & (entries - 1)] = c;
		__atomic_store_n(&r->sq_tail, tail + 1, __ATOMIC_RELEASE);
		count_call(K_SUBMIT, 0);
	}
	wake(s, i);
}

static void fuzz_reap(void)
{
	const struct hmmstorm_done *d;
	struct hmmstorm_ring *r;
	unsigned int i, n = 64;
	struct slot *s = ready_slot(&i);
	uint32_t head;

	if (!s)
		return;
	r = (void *)s->ring[i];
	while (n-- && (head = r->cq_head) != __atomic_load_n(&r->cq_tail, __ATOMIC_ACQUIRE)) {
		d = (void *)(s->ring[i] + s->p.cq_offset);
		d += head & (s->p.entries - 1);
		if ((d->user_data & ~0xffULL) == OP_MARK)
			count_one(&tally->op[d->user_data % OPS][-d->error & 127]);
		__atomic_store_n(&r->cq_head, head + 1, __ATOMIC_RELEASE);
	}
}

/* Nonsense in the ring's head, for a while or for good. */
static void fuzz_poke(void)
{
	unsigned int i;
	struct slot *s = ready_slot(&i);
	volatile uint32_t *word;
	uint32_t old;

	if (!s)
		return;
	word = (volatile uint32_t *)s->ring[i] + (one_in(4) ? roll(32) : roll(2));
	old = *word;
	*word = one_in(2) ? old + (uint32_t)odd_value() : (uint32_t)odd_value();
	wake(s, i);
	if (!one_in(8))
		*word = old;
}

static void fuzz_mmap(void)
{
	struct slot *s = any_slot();
	unsigned int i = roll(MAPPED_ENGINES);

	if (s->mirror && i < s->p.engines)
		map_ring(s, i);
}

static void fuzz_mmap_bad(void)
{
	static const int prots[] = { PROT_NONE, PROT_READ, RING_RW, PROT_READ | PROT_EXEC };
	static const int flags[] = {
		MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, MAP_SHARED | MAP_POPULATE,
	};
	struct slot *s = any_slot();
	uint64_t offset = HMMSTORM_MMAP_ENGINE(roll(s->p.engines + 1)) + one_in(2) * PAGE * roll(4);
	size_t len = one_in(2) ? s->p.engine_bytes : roll(16) * PAGE;
	void *p;

	if (one_in(3))
		offset = odd_value() & ~(PAGE - 1);
	if (one_in(8))
		len = odd_value() % (RING_ROOM * 2);
	p = mmap(ring_place(0, 0) + 512 * MB, len, prots[roll(4)],
		 flags[roll(4)] | MAP_FIXED, s->fd, offset);
	count_call(K_MMAP_BAD, p == MAP_FAILED ? errno : 0);
	if (p != MAP_FAILED)
		munmap(p, len);
}

static char *any_ring(size_t *len)
{
	unsigned int i;
	struct slot *s = ready_slot(&i);

	if (!s)
		return NULL;
	*len = one_in(2) ? s->p.engine_bytes : PAGE * (1 + roll(8));
	return s->ring[i] + (one_in(2) ? 0 : PAGE * roll(4));
}

static void fuzz_ring_munmap(void)
{
	unsigned int i;
	struct slot *s = ready_slot(&i);
	char *p;

	if (!s)
		return;
	p = s->ring[i];
	if (one_in(2))
		s->ring[i] = NULL;
	count_call(K_MUNMAP, munmap(p, one_in(2) ? s->p.engine_bytes : PAGE) ? errno : 0);
}

static void fuzz_ring_mprotect(void)
{
	size_t len;
	char *p = any_ring(&len);

	if (!p)
		return;
	count_call(K_MPROTECT, mprotect(p, len, roll(8)) ? errno : 0);
	if (!one_in(4))
		mprotect(p, len, RING_RW);
}

static void fuzz_ring_mremap(void)
{
	size_t len, new = one_in(2) ? roll(64) * PAGE : odd_value() % RING_ROOM;
	char *p = any_ring(&len), *to = ring_place(SLOTS + roll(SLOTS), roll(4)), *q;

	if (!p)
		return;
	if (one_in(4))
		q = mremap(p, one_in(4) ? 0 : len, new, MREMAP_MAYMOVE | MREMAP_FIXED, to);
	else
		q = mremap(p, len, new, 0);
	count_call(K_MREMAP, q == MAP_FAILED ? errno : 0);
}

static void fuzz_ring_madvise(void)
{
	/* from MADV_NORMAL to _COLLAPSE; 100 and 101 break memory */
	int advice = roll(26);
	size_t len;
	char *p = any_ring(&len);

	if (p)
		count_call(K_MADVISE, madvise(p, len, advice) ? errno : 0);
}

static void fuzz_touch(void)
{
	char *p = one_in(16) ? (char *)target_address() : anon_page();

	if (one_in(2))
		*(volatile char *)p = 1;
	else
		(void)*(volatile char *)p;
}

static void fuzz_memory(void)
{
	static const int advices[] = {
		MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE,
		MADV_MERGEABLE, MADV_COLD, MADV_PAGEOUT, MADV_COLLAPSE,
	};
	char *p = anon_page(), bytes[64];
	size_t len = PAGE * (1 + roll(one_in(8) ? 512 : 8));
	struct iovec to = { bytes, sizeof(bytes) }, from = { p, sizeof(bytes) };
	int ret = 0;

	if (p + len > (char *)ANON + ANON_LEN)
		len = PAGE;
	switch (roll(8)) {
	case 0:
		ret = mprotect(p, len, one_in(2) ? PROT_READ : PROT_NONE);
		if (!ret && !one_in(8))
			ret = mprotect(p, len, RING_RW);
		break;
	case 1:
		put_anon((uintptr_t)p, len);
		break;
	case 2:
		ret = munmap(p, PAGE);
		if (!one_in(4))
			put_anon((uintptr_t)p, PAGE);
		break;
	case 3:
		ret = mremap(p, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			     anon_page()) == MAP_FAILED ? -1 : 0;
		put_anon((uintptr_t)p, PAGE);
		break;
	case 4:
		ret = process_vm_readv(getpid(), &to, 1, &from, 1, 0) < 0 ? -1 : 0;
		break;
	case 5:
		ret = mlock(p, PAGE) ?: munlock(p, PAGE);
		break;
	default:
		ret = madvise(p, len, advices[roll(8)]);
	}
	count_call(K_MEMORY, ret ? errno : 0);
}

static void fuzz_debugfs(void)
{
	static const char *const names[] = { "total", "probes", "mm", "nothing" };
	char path[80], text[512];
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/debug/hmmstorm/%s", names[roll(4)]);
	if (one_in(2))
		snprintf(path, sizeof(path), "/sys/kernel/debug/hmmstorm/mm/%d", getpid());
	fd = open(path, O_RDONLY | O_CLOEXEC);
	count_call(K_DEBUGFS, fd < 0 ? errno : 0);
	if (fd < 0)
		return;
	while (read(fd, text, sizeof(text)) > 0 && !one_in(8))
		;
	close(fd);
}

static void fuzz_rmmod(void)
{
	/* the run keeps a file open: it must say that it is busy */
	count_call(K_RMMOD, -module_unload("hmmstorm"));
}

static void fuzz_one(void);

/* A child has the files, but not the memory that they are bound to. */
static void fuzz_fork(void)
{
	unsigned int n = roll(30), seed = rng_next(&rng);
	pid_t pid = fork();

	count_call(K_FORK, pid < 0 ? errno : 0);
	if (pid < 0)
		return;
	if (!pid) {
		alarm(WORKER_SECONDS / 2);
		rng_init(&rng, seed, "child", 0);
		while (n--)
			fuzz_one();
		if (one_in(2))
			raise(SIGKILL);
		_exit(0);
	}
	if (!one_in(8))
		waitpid(pid, NULL, 0);
}

static const struct action {
	void (*fuzz)(void);
	unsigned int weight;
	unsigned int burst; /* times at once, for those that cost little; 0: 1 */
} actions[] = {
	{ fuzz_submit, 250, 0 }, { fuzz_reap, 200, 0 }, { fuzz_touch, 60, 0 },
	{ fuzz_memory, 30, 0 }, { fuzz_enter, 100, 4 }, { fuzz_policy, 100, 8 },
	{ fuzz_version, 100, 8 }, { fuzz_desc, 120, 16 }, { fuzz_snapshot, 40, 4 },
	{ fuzz_hist, 20, 2 }, { fuzz_unknown, 150, 16 }, { fuzz_mmap, 10, 0 },
	{ fuzz_mmap_bad, 25, 0 }, { fuzz_ring_mprotect, 8, 0 }, { fuzz_poke, 30, 0 },
	{ fuzz_ring_madvise, 12, 0 }, { fuzz_ring_mremap, 6, 0 }, { fuzz_mirror, 6, 0 },
	{ fuzz_ring_munmap, 4, 0 }, { fuzz_truth, 8, 0 }, { fuzz_attach, 12, 0 },
	{ fuzz_open, 4, 0 }, { fuzz_delay, 16, 0 }, { fuzz_debugfs, 3, 0 },
	{ fuzz_intervals, 12, 0 }, { fuzz_fork, 2, 0 }, { fuzz_rmmod, 3, 0 },
};

static unsigned int total_weight;

static const struct action *any_action(void)
{
	unsigned int i, n = roll(total_weight);

	for (i = 0; n >= actions[i].weight; i++)
		n -= actions[i].weight;
	return &actions[i];
}

static void act(const struct action *a)
{
	unsigned int n = a->burst ? 1 + roll(2 * a->burst - 1) : 1;

	while (n--)
		a->fuzz();
}

static void fuzz_one(void)
{
	/* what a thread reads or writes may be gone already */
	if (sigsetjmp(jump, 0)) {
		if (last_slot)
			last_slot->ring[last_engine] = NULL;
		last_slot = NULL;
		return;
	}
	guarded = 1;
	act(any_action());
	guarded = 0;
	last_slot = NULL;
}

static void *fuzz_thread(void *name)
{
	thread_number = __atomic_fetch_add(&threads_so_far, 1, __ATOMIC_RELAXED);
	rng_init(&rng, *(uint64_t *)name, "thread", thread_number);
	while (__atomic_load_n(&tally->calls, __ATOMIC_RELAXED) < stop_at)
		fuzz_one();
	return NULL;
}

/* Another program finds the files open. */
static void inherited(void)
{
	unsigned int i, n = 200;

	rng_init(&rng, getpid(), "exec", 0);
	catch_faults();
	memory_init();
	for (i = 0; i < SLOTS; i++)
		slots[i] = (struct slot){ .fd = 3 + (int)i, .p = { .engines = 2 } };
	while (n--)
		fuzz_one();
	_exit(0);
}

static void end_worker(void)
{
	unsigned int i;

	switch (roll(6)) {
	case 0:
		raise(SIGKILL);
		break;
	case 1:
		execl("/proc/self/exe", "test-module-fuzz", "--inherited", NULL);
		break;
	case 2:
		for (i = 0; i < SLOTS; i++)
			if (slots[i].fd >= 0)
				close_slot(&slots[i]);
		break;
	case 3:
		munmap((void *)RINGS, SLOTS * MAPPED_ENGINES * RING_ROOM);
		break;
	case 4: /* all of a batch waiting for a device that nobody can reach */
		munmap((void *)WINDOW, WINDOW_LEN);
		break;
	}
	_exit(0);
}

static void worker(uint64_t seed)
{
	uint64_t name[THREADS];
	pthread_t threads[THREADS];
	unsigned int i;

	setpgid(0, 0);
	catch_faults();
	memory_init();
	for (i = 0; i < SLOTS; i++)
		slots[i].fd = -1;
	rng_init(&rng, seed, "end", 0);
	for (i = 0; i < THREADS; i++) {
		name[i] = rng_next(&rng);
		pthread_create(&threads[i], NULL, fuzz_thread, &name[i]);
	}
	/* some end while the threads work */
	for (i = 0; i < THREADS && !one_in(8); i++)
		pthread_join(threads[i], NULL);
	fuzz_fork(); /* once at least, whatever the dice said */
	end_worker();
}

static void show_file(const char *path)
{
	char text[2048];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	if (*text)
		printf("# %s\n%s", path, text);
	if (fd >= 0)
		close(fd);
}

/* Where everybody stands, into the kernel log and here. */
static void show_hang(pid_t pid)
{
	char path[300];
	struct dirent *e;
	DIR *d;
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "w", 1) == 1)
		close(fd);
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/%d/task/%s/stack", pid, e->d_name);
		show_file(path);
	}
}

/* NULL, or what is wrong with it. */
static const char *run_worker(struct counters *c, uint64_t seed)
{
	unsigned int naps = WORKER_SECONDS * 100;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid)
		worker(seed);
	while (!waitpid(pid, NULL, WNOHANG) && --naps)
		usleep(10000);
	if (!naps) {
		show_hang(pid);
		return "a process hangs";
	}
	kill(-pid, SIGKILL);
	return counters_settle(c, 60);
}

static uint64_t fuzz(struct counters *c, uint64_t seed, uint64_t calls)
{
	const char *wrong = NULL;
	uint64_t n = 0;

	while (!wrong && tally->calls < calls) {
		stop_at = tally->calls + (calls < 8 * CALLS_A_WORKER ?
					  calls / 8 : CALLS_A_WORKER) + 1;
		if (stop_at > calls)
			stop_at = calls;
		wrong = run_worker(c, seed + n++);
		if (!(n % 10))
			printf("# %llu calls by %llu processes\n",
			       (unsigned long long)tally->calls, (unsigned long long)n);
		fflush(stdout);
	}
	tap_ok(!wrong, "%llu calls: each process ends and leaves nothing",
	       (unsigned long long)tally->calls);
	if (wrong)
		printf("# process %llu (seed %llu): %s\n", (unsigned long long)n,
		       (unsigned long long)(seed + n - 1), wrong);
	return n;
}

static void print_row(const char *name, const uint64_t *by_errno)
{
	uint64_t calls = 0;
	unsigned int i;

	for (i = 0; i < ERRNOS; i++)
		calls += by_errno[i];
	if (!calls)
		return;
	printf("# %-14s %9llu, %llu succeeded", name, (unsigned long long)calls,
	       (unsigned long long)by_errno[0]);
	for (i = 1; i < ERRNOS; i++)
		if (by_errno[i])
			printf(", %s %llu", strerrorname_np(i) ?: "?",
			       (unsigned long long)by_errno[i]);
	putchar('\n');
}

static void print_tally(void)
{
	char name[16];
	unsigned int i;

	for (i = 0; i < K_NR; i++)
		print_row(kind_names[i], tally->call[i]);
	for (i = 0; i < OPS; i++) {
		snprintf(name, sizeof(name), "command %u", i);
		print_row(name, tally->op[i]);
	}
	printf("# %llu accesses of the fuzzer's own met nothing\n",
	       (unsigned long long)tally->stray);
}

static bool has_failed(const uint64_t *by_errno)
{
	unsigned int i;

	for (i = 1; i < ERRNOS; i++)
		if (by_errno[i])
			return true;
	return false;
}

/* A fuzzer whose calls all fail has tested nothing. */
static void check_depth(void)
{
	static const unsigned int ops[] = {
		1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17, 18, 19, 20, 21, 22,
	};
	bool deep = true;
	unsigned int i;

	for (i = 0; i < K_IOCTLS; i++)
		tap_ok(tally->call[i][0] && has_failed(tally->call[i]),
		       "%s: some calls succeeded and some failed", kind_names[i]);
	for (i = 0; i < sizeof(ops) / sizeof(*ops); i++)
		deep &= tally->op[ops[i]][0] > 0;
	tap_ok(deep && tally->op[1][EFAULT] && tally->op[1][EINVAL],
	       "each command succeeded, and some met bad addresses and arguments");
	tap_ok((tally->call[K_ENTER][EPERM] || tally->call[K_POLICY][EPERM]) &&
	       tally->call[K_MMAP][0] &&
	       tally->call[K_MMAP_BAD][EINVAL],
	       "strangers were refused, rings were mapped, wrong mappings refused");
	tap_ok(!tally->call[K_RMMOD][0] && tally->call[K_RMMOD][EWOULDBLOCK],
	       "the busy module did not unload");
	tap_ok(!tally->call[K_UNKNOWN][0], "no unknown call succeeded");
}

/*
 * With known values only: whatever in the mapping of an engine looks like an
 * address of the kernel is one.
 */
static unsigned int addresses_of_engine(unsigned int protocol)
{
	struct hmmstorm_mirror p = {
		.engines = 2, .entries = 64, .data_bytes = 2 * PAGE,
		.protocol = protocol, .fault_batch = 8, .timeout_ms = 20,
		.policy.kind = HMMSTORM_POLICY_LAZY,
	};
	struct slot s = { .fd = device_open_misc(HMMSTORM_DEVICE) };
	struct hmmstorm_enter e = { .min_complete = 64, .timeout_ns = 2000000000 };
	unsigned int i, found = 0;
	struct hmmstorm_cmd *sq;
	struct hmmstorm_ring *r;
	char *m;

	if (s.fd < 0 || ioctl(s.fd, HMMSTORM_IOC_MIRROR, &p))
		return 1;
	m = mmap(NULL, p.engine_bytes, RING_RW, MAP_SHARED, s.fd, HMMSTORM_MMAP_ENGINE(1));
	if (m == MAP_FAILED)
		return 1;
	put_anon(ANON, ANON_LEN);
	r = (void *)m;
	sq = (void *)(m + HMMSTORM_SQ_OFFSET);
	for (i = 0; i < 64; i++) {
		/* every opcode, with a size and without */
		sq[i].op = i % 32;
		sq[i].size = i < 32 && sq[i].op < 16 ? 8 : 0;
		sq[i].addr = i % 8 == 7 ? HOLE : ANON + i * PAGE;
		sq[i].count = sq[i].op == HMMSTORM_OP_FENCE ? 0 : 1;
	}
	r->sq_tail = 64;
	e.engine = 1;
	if (ioctl(s.fd, HMMSTORM_IOC_ENTER, &e) || r->cq_tail != 64)
		found++;
	for (i = 0; i < p.engine_bytes / 8; i++)
		found += is_kernel_address(((uint64_t *)m)[i]) &&
			 i * 8 % 64 < 24; /* not error and faults, which are one word */
	munmap(m, p.engine_bytes);
	close(s.fd);
	return found;
}

/* Numbers and hexadecimal words in a file. */
static unsigned int addresses_of_text(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned int found = 0;
	uint64_t v;
	size_t n = 0;
	ssize_t got;
	char *p, *word;

	while (fd >= 0 && n < sizeof(text) - 1 &&
	       (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += got;
	if (fd >= 0)
		close(fd);
	text[n] = 0;
	for (p = text; (word = strsep(&p, " :+\n\t"));) {
		v = strtoull(word, NULL, strlen(word) >= 16 && word[0] == 'f' ? 16 : 0);
		if (*word != '-' && is_kernel_address(v))
			found++;
	}
	return found;
}

static void check_addresses(void)
{
	struct counters *mine = NULL;
	unsigned int i;
	char path[64];

	counters_open(&mine);
	for (i = 1; i <= 3; i++)
		tap_eq(addresses_of_engine(i), 0, "no kernel address in an engine's mapping");
	snprintf(path, sizeof(path), "/sys/kernel/debug/hmmstorm/mm/%d", getpid());
	tap_eq(addresses_of_text("/sys/kernel/debug/hmmstorm/total") +
	       addresses_of_text("/sys/kernel/debug/hmmstorm/probes") +
	       addresses_of_text(path), 0, "none in debugfs");
	counters_close(mine);
	tap_ok(!tally->addresses, "none in what %llu calls gave",
	       (unsigned long long)tally->calls);
	if (tally->addresses)
		printf("# %llu, first: %s\n", (unsigned long long)tally->addresses,
		       tally->first);
}

static void check_left(struct counters *c)
{
	const char *left = counters_settle(c, 10);
	int ret;

	tap_ok(!left, "no context, engine, page, pin or attached mm is left");
	if (left)
		printf("# %s\n", left);
	left = delays_left();
	tap_ok(!left, "no delay is left");
	if (left)
		printf("# %s\n", left);
	counters_close(c);
	ret = kmemleak_say("scan");
	if (ret) {
		tap_skip("no leak that kmemleak finds", "kmemleak is not on: --append kmemleak=on");
	} else {
		left = kmemleak_left();
		tap_ok(!left, "no leak that kmemleak finds");
		if (left)
			printf("# %s\n", left);
	}
	tap_eq(module_refcount("hmmstorm"), 0, "nobody uses the module");
	ret = module_unload("hmmstorm");
	tap_eq(ret, 0, "it unloads");
	left = threads_left();
	tap_ok(!left, "no thread of it is left");
	if (left)
		printf("# %s\n", left);
}

static int options(int argc, char **argv, uint64_t *seed, uint64_t *calls)
{
	int i;

	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--seed"))
			*seed = strtoull(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--calls"))
			*calls = strtoull(argv[i + 1], NULL, 0);
		else
			return -1;
	}
	return i == argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	uint64_t seed = 1, calls = 40000;
	struct counters *c;
	unsigned int i;

	tally = mmap(NULL, sizeof(*tally), RING_RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tally == MAP_FAILED)
		return 1;
	for (i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		total_weight += actions[i].weight;
	if (argc == 2 && !strcmp(argv[1], "--inherited"))
		inherited();
	if (options(argc, argv, &seed, &calls)) {
		fprintf(stderr, "usage: test-module-fuzz [--seed N] [--calls N]\n");
		return 2;
	}
	if (module_load("hmmstorm", NULL) || counters_open_reader(&c)) {
		fprintf(stderr, "module-fuzz: no module hmmstorm for this kernel\n");
		return 4;
	}
	nr_counters = counters_nr(c);
	nr_hists = counters_nr_hists(c);
	nr_probes = counters_nr_probes(c);
	kmemleak_say("clear");
	printf("# seed %llu\n", (unsigned long long)seed);
	fuzz(c, seed, calls);
	print_tally();
	check_depth();
	check_addresses();
	check_left(c);
	return tap_done();
}
