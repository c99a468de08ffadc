// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mirror device in the lab: each command has a known answer, each policy
 * puts back what it should, pagemap is the judge of the CPU's side.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/backend.h"
#include "../lib/device_node.h"
#include "../lib/mirror.h"
#include "../lib/pagemap.h"
#include "counter.h"
#include "memory.h"

#define PAGE 4096UL
#define NPAGES 16UL
#define BUSY 64U /* commands of 2^24 operations: minutes */

static const char *const protocols[] = { "", "process", "range", "pin" };
static struct mirror *m;
static char *mem;
static unsigned int protocol;

static struct hmmstorm_done run(struct hmmstorm_cmd cmd)
{
	struct hmmstorm_done done = { 0 };
	int ret = mirror_run(m, 0, &cmd, &done);

	if (ret && !done.error)
		done.error = ret;
	return done;
}

static struct hmmstorm_cmd on(unsigned int op, const void *addr, unsigned int count)
{
	return (struct hmmstorm_cmd){
		.op = op,
		.addr = (uintptr_t)addr,
		.count = count,
	};
}

static struct hmmstorm_cmd add(const void *addr)
{
	struct hmmstorm_cmd c = on(HMMSTORM_OP_ADD, addr, 1);

	c.size = 8;
	c.operand = 1;
	return c;
}

static long exclusive(void)
{
	return pagemap_count(mem, NPAGES, PAGE_EXCLUSIVE);
}

static void fresh_memory(void)
{
	mem = memory_renew(mem, NPAGES * PAGE, 0);
}

static void open_flagged(unsigned int engines, const char *policy, unsigned int flags)
{
	struct hmmstorm_mirror p = mirror_defaults(engines, protocol);
	int ret;

	p.flags = flags;
	mirror_parse_policy(policy, &p.policy);
	ret = mirror_open(&m, &p);
	if (ret) {
		printf("# mirror_open: %s\n", strerror(-ret));
		exit(1);
	}
	fresh_memory();
}

static void open_mirror(unsigned int engines, const char *policy)
{
	open_flagged(engines, policy, 0);
}

static uint64_t truncate_to(uint64_t v, unsigned int size)
{
	return size == 4 ? (uint32_t)v : v;
}

static bool atomic_is_right(unsigned int op, unsigned int size)
{
	static const uint64_t olds[] = { 0, 7, 0xfffffffffffffff0 };
	static const uint64_t operands[] = { 1, 0xff00ff00ff00ff00, 7 };
	struct hmmstorm_cmd c = on(op, mem + 64, 1);
	uint64_t *word = (uint64_t *)(mem + 64), old, want;
	struct hmmstorm_done d;
	size_t i, k;

	for (i = 0; i < 3; i++) {
		for (k = 0; k < 3; k++) {
			*word = olds[i];
			old = truncate_to(olds[i], size);
			c.size = size;
			c.operand = operands[k];
			c.compare = op == HMMSTORM_OP_CAS ? 7 : 0;
			d = run(c);
			want = truncate_to(device_op_apply(op - HMMSTORM_OP_ADD, old,
							   truncate_to(c.operand, size),
							   c.compare), size);
			if (size == 4)
				want |= olds[i] & 0xffffffff00000000;
			if (d.error || d.result != old || d.done != 1 || *word != want)
				return false;
		}
	}
	return true;
}

static void test_atomics(void)
{
	unsigned int op;

	for (op = HMMSTORM_OP_ADD; op <= HMMSTORM_OP_CAS; op++)
		tap_ok(atomic_is_right(op, 4) && atomic_is_right(op, 8),
		       "%s: %s of 32 and 64 bits", protocols[protocol],
		       device_op_name(op - HMMSTORM_OP_ADD));
}

static void test_batch(void)
{
	struct hmmstorm_cmd c = add(mem);
	struct hmmstorm_done d;
	uint64_t sum = 0;
	size_t i;

	fresh_memory();
	c.count = 512 * NPAGES;
	c.stride = 8;
	d = run(c);
	for (i = 0; i < 512 * NPAGES; i++)
		sum += ((uint64_t *)mem)[i];
	tap_ok(!d.error && d.done == c.count && d.faults == NPAGES &&
	       sum == c.count, "%s: a batch over %lu pages, one fault a page",
	       protocols[protocol], NPAGES);
	c = add(mem);
	c.count = 1000;
	d = run(c);
	tap_ok(!d.error && d.result == 1000 && *(uint64_t *)mem == 1001,
	       "%s: a thousand on one word", protocols[protocol]);
}

static void test_copies(void)
{
	struct hmmstorm_cmd c = on(HMMSTORM_OP_WRITE, mem + 100, 3 * PAGE);
	unsigned char *data = mirror_data(m, 0);
	struct hmmstorm_done d;
	size_t i;

	for (i = 0; i < 3 * PAGE; i++)
		data[i] = (unsigned char)(i * 7);
	d = run(c);
	tap_ok(!d.error && d.done == 3 * PAGE && !memcmp(mem + 100, data, 3 * PAGE),
	       "%s: write over page borders", protocols[protocol]);
	memset(data, 0, 3 * PAGE);
	c.op = HMMSTORM_OP_READ;
	d = run(c);
	tap_ok(!d.error && d.result == 3 * PAGE && !memcmp(mem + 100, data, 3 * PAGE),
	       "%s: read over page borders", protocols[protocol]);
	c = on(HMMSTORM_OP_FILL, mem + PAGE - 8, 4);
	c.size = 4;
	c.operand = 0x1122334455667788;
	d = run(c);
	tap_ok(!d.error && d.done == 4 &&
	       *(uint64_t *)(mem + PAGE - 8) == 0x5566778855667788 &&
	       *(uint64_t *)(mem + PAGE) == 0x5566778855667788,
	       "%s: fill words over a page border", protocols[protocol]);
}

static void test_mark(void)
{
	long want = protocol == HMMSTORM_PROTOCOL_PIN ? 0 : NPAGES;
	struct hmmstorm_done d = run(on(HMMSTORM_OP_MARK, mem, NPAGES));
	long found = exclusive();

	tap_ok(!d.error && d.done == NPAGES && found == want,
	       "%s: mark: %ld entries exclusive by pagemap", protocols[protocol], want);
	d = run(on(HMMSTORM_OP_CHECK, mem, NPAGES));
	tap_ok(d.result == NPAGES, "%s: check: the device has all", protocols[protocol]);
	d = run(on(HMMSTORM_OP_MARK, mem, NPAGES));
	tap_ok(!d.error && exclusive() == want, "%s: marked once more",
	       protocols[protocol]);
	d = run(on(HMMSTORM_OP_RESTORE, mem, NPAGES));
	tap_ok(d.result == NPAGES &&
	       pagemap_count(mem, NPAGES, PAGE_PRESENT) == NPAGES,
	       "%s: restore: all present again by pagemap", protocols[protocol]);
	d = run(on(HMMSTORM_OP_CHECK, mem, NPAGES));
	tap_ok(!d.result, "%s: check: the device has none", protocols[protocol]);
	run(on(HMMSTORM_OP_MARK, mem, NPAGES));
	((volatile char *)mem)[0] = 1;
	d = run(on(HMMSTORM_OP_CHECK, mem, NPAGES));
	tap_eq((long)d.result, protocol == HMMSTORM_PROTOCOL_PIN ? NPAGES : NPAGES - 1,
	       "what the CPU touches, the device loses, unless it is pinned");
}

static int error_of(struct hmmstorm_cmd c)
{
	return run(c).error;
}

static void test_errors(void)
{
	struct hmmstorm_cmd c;
	char *hole;

	fresh_memory();
	hole = mem + (NPAGES - 1) * PAGE;
	munmap(hole, PAGE);
	tap_eq(error_of(add(hole)), -EFAULT, "nothing mapped: -EFAULT");
	tap_eq(error_of(on(HMMSTORM_OP_READ, hole, 8)), -EFAULT, "read of it: -EFAULT");
	mprotect(mem, PAGE, PROT_READ);
	tap_eq(error_of(add(mem)), -EFAULT, "read-only: no atomic");
	tap_eq(error_of(on(HMMSTORM_OP_READ, mem, 8)), 0, "read-only: a read");
	mprotect(mem, PAGE, PROT_READ | PROT_WRITE);
	tap_eq(error_of(add(mem + 4)), -EINVAL, "misaligned: -EINVAL");
	tap_eq(error_of(add((void *)0xffff888000000000)), -EINVAL, "a kernel address: -EINVAL");
	tap_eq(error_of(on(15, mem, 1)), -EINVAL, "no such command: -EINVAL");
	c = add(mem);
	c.pad[21] = 1;
	tap_eq(error_of(c), -EINVAL, "padding: -EINVAL");
	c = on(HMMSTORM_OP_READ, mem, PAGE);
	c.operand = 256 << 10;
	tap_eq(error_of(c), -EINVAL, "behind the data area: -EINVAL");
	c = add(mem);
	c.count = 2;
	c.stride = (NPAGES - 1) * PAGE;
	tap_eq(error_of(c), -EFAULT, "a batch into a hole: -EFAULT");
	tap_eq(*(uint64_t *)mem, 1, "... has done its first");
	munmap(mem, (NPAGES - 1) * PAGE);
	mem = NULL;
}

static void test_child(void)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		struct hmmstorm_policy p = { .kind = HMMSTORM_POLICY_LAZY };

		_exit(mirror_set_policy(m, &p) == -EPERM ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	tap_eq(status, 0, "a child may not use the parent's device");
}

static void test_fences(void)
{
	struct hmmstorm_cmd c = add(mem), fence = { .op = HMMSTORM_OP_FENCE };
	struct hmmstorm_done d;
	unsigned int i;

	open_mirror(4, "lazy");
	c = add(mem);
	c.count = 20000;
	for (i = 1; i < 4; i++)
		mirror_submit(m, i, &c);
	for (i = 1; i < 4; i++)
		mirror_submit(m, i, &fence);
	for (i = 1; i < 4; i++)
		mirror_wait(m, i, 0, 0);
	d = run(fence);
	tap_ok(!d.error && *(uint64_t *)mem == 60000,
	       "%s: a fence waits for other engines, and for theirs",
	       protocols[protocol]);
	mirror_close(m);
}

/* Pages exclusive when the last completion is there, of NPAGES used. */
static void test_policy(const char *policy, long at_once, long later)
{
	struct hmmstorm_cmd c;
	struct hmmstorm_done d;
	bool pin = protocol == HMMSTORM_PROTOCOL_PIN;

	open_mirror(1, policy);
	c = add(mem);
	c.count = NPAGES;
	c.stride = PAGE;
	run(c);
	tap_ok(exclusive() == (pin ? 0 : at_once), "%s, %s: %ld pages stay exclusive",
	       protocols[protocol], policy, pin ? 0 : at_once);
	d = run(on(HMMSTORM_OP_CHECK, mem, NPAGES));
	tap_ok((long)d.result == at_once || at_once > later,
	       "%s, %s: and the device has as many", protocols[protocol], policy);
	usleep(at_once > later ? 500000 : 0);
	tap_ok(exclusive() == (pin ? 0 : later), "%s, %s: %ld after a while",
	       protocols[protocol], policy, pin ? 0 : later);
	tap_eq(*(uint64_t *)mem, 1, "the value is right");
	mirror_close(m);
}

/* The CPU comes back after each batch: adaptive learns to restore before it. */
static void test_adaptive(struct counters *k)
{
	uint64_t before;
	unsigned int i;

	open_mirror(1, "adaptive");
	before = counter(k, "mirror_restored_adaptive");
	for (i = 0; i < 20; i++) {
		run(add(mem));
		((volatile char *)mem)[8] = 1;
	}
	tap_ok(counter(k, "mirror_restored_adaptive") - before >= 10,
	       "adaptive: restores a page that the CPU keeps coming for");
	before = counter(k, "mirror_restored_adaptive");
	for (i = 0; i < 40; i++)
		run(add(mem));
	tap_ok(counter(k, "mirror_restored_adaptive") - before <= 10,
	       "adaptive: and stops when the CPU does not");
	mirror_close(m);
}

/* At a function's entry: somebody else's, found by its name. */
static void test_symbols(struct counters *k)
{
	struct hmmstorm_delay d = {
		.window = HMMSTORM_WINDOW_SYMBOL,
		.kind = HMMSTORM_DELAY_PAUSE,
		.amount = 1,
		.probability = UINT32_MAX,
		.symbol = "hs_fault",
	};
	int fd = open("/dev/" HMMSTORM_DEVICE, O_RDWR | O_CLOEXEC);
	uint64_t before;

	tap_ok(ioctl(fd, HMMSTORM_IOC_DELAY, &d) && errno == EINVAL,
	       "no delay in a function of the module itself");
	strcpy(d.symbol, "mmu_interval_read_begin");
	tap_eq(ioctl(fd, HMMSTORM_IOC_DELAY, &d), 0, "but in one of the kernel's");
	before = counter(k, "delays");
	open_mirror(1, "lazy");
	run(add(mem));
	tap_ok(counter(k, "delays") > before, "... a fault passes there");
	mirror_close(m);
	close(fd);
}

/* Additions of the CPU until told to end; then how many. */
static void *add_by_cpu(void *end)
{
	uintptr_t n = 0;

	while (!__atomic_load_n((bool *)end, __ATOMIC_RELAXED)) {
		__atomic_fetch_add((uint64_t *)mem, 1, __ATOMIC_RELAXED);
		n++;
	}
	return (void *)n;
}

/*
 * Without the folio lock the CPU can take the page between the mark and the device's
 * entry: the sequence must tell. An addition that is lost, or an invalidation that the
 * device misses (test_leaks()), is the proof that it did not.
 */
static void test_unlocked(void)
{
	struct hmmstorm_done d = { 0 };
	uint64_t by_device = 0;
	bool end = false;
	pthread_t cpu;
	void *by_cpu;

	open_flagged(1, "lazy", HMMSTORM_MIRROR_UNLOCKED);
	*(uint64_t *)mem = 0;
	if (pthread_create(&cpu, NULL, add_by_cpu, &end))
		exit(1);
	while (by_device < 500 && !d.error) {
		d = run(add(mem));
		by_device += d.done;
	}
	__atomic_store_n(&end, true, __ATOMIC_RELAXED);
	pthread_join(cpu, &by_cpu);
	tap_ok(!d.error && *(uint64_t *)mem == by_device + (uintptr_t)by_cpu,
	       "%s: not held while marked, no addition of CPU and device is lost",
	       protocols[protocol]);
	mirror_close(m);
}

static void test_leaks(struct counters *k)
{
	static const char *const names[] = {
		"mirror_contexts", "mirror_engines", "mirror_pages",
		"mirror_pinned_pages", "missed_invalidations", "truth_unclassified",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		tap_eq((long long)counter(k, names[i]), 0, names[i]);
}

/* Does the module watch that function's return? As long as somebody wants times. */
static bool is_watched(struct counters *k, const char *function)
{
	struct counter_desc desc;
	size_t i;

	for (i = 0; i < counters_nr_probes(k); i++)
		if (!counters_probe(k, i, &desc) && !strcmp(desc.name, function))
			return !desc.error;
	return false;
}

/* More than the engine can do in a minute. */
static bool make_busy(void)
{
	struct hmmstorm_cmd c = add(mem);
	unsigned int i;

	c.count = 1 << 24;
	for (i = 0; i < BUSY; i++)
		if (mirror_submit(m, 0, &c))
			return false;
	return mirror_wait(m, 0, 1, 1) == -ETIME; /* wakes it */
}

/*
 * An engine may compute for minutes without sleeping. Whoever takes a probe away
 * waits until each task has passed a point where it stands in no trampoline
 * (synchronize_rcu_tasks()); on a preemptible kernel a busy thread has to say so.
 * The module takes its own away two seconds after the last that wanted times has
 * detached; whoever asks for probes meanwhile waits. A child stays attached with truth,
 * without times, so that no code is patched that the engine is running: the emulator
 * can lose a guest by that.
 */
static void test_busy_engine(struct counters *k)
{
	static const char function[] = "do_swap_page";
	bool watched = is_watched(k, function);
	unsigned int tries = 0, done = 0;
	struct hmmstorm_done d;
	struct counters *reader, *mine;
	pid_t child = fork();

	if (!child) {
		counters_close(k); /* its copy, which keeps the file open */
		if (!counters_open_cheap(&mine) && !counters_truth(mine, HMMSTORM_TRUTH_MIRROR))
			pause();
		_exit(1);
	}
	while (counters_value_total(k, "attached_mms") != 2 && tries++ < 600)
		usleep(100000);
	counters_close(k);
	open_mirror(1, "lazy");
	tap_ok(make_busy() && watched, "an engine is busy, %s() is watched", function);
	if (tries >= 600 || counters_open_reader(&reader))
		exit(1);
	for (tries = 0; is_watched(reader, function) && tries < 600; tries++)
		usleep(100000);
	tap_ok(!is_watched(reader, function), "a probe is taken away beside a busy engine");
	while (mirror_reap(m, 0, &d))
		done++;
	tap_ok(*(volatile uint64_t *)mem && done < BUSY, "... which is busy still");
	counters_close(reader);
	mirror_close(m);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

int main(void)
{
	struct counters *k;

	if (module_load("hmmstorm", NULL) || counters_open(&k)) {
		fprintf(stderr, "module-mirror: no module hmmstorm for this kernel\n");
		return 4;
	}
	if (pagemap_open() || counters_truth(k, HMMSTORM_TRUTH_MIRROR))
		return 1;
	for (protocol = 1; protocol <= 3; protocol++) {
		open_mirror(1, "lazy");
		test_atomics();
		test_batch();
		test_copies();
		test_mark();
		test_errors();
		test_child();
		mirror_close(m);
		test_fences();
		test_policy("lazy", NPAGES, NPAGES);
		test_policy("eager", 0, 0);
		test_policy("deferred:100000:4", 4, 0);
		test_policy("hold:1000", NPAGES, NPAGES);
		test_unlocked();
	}
	protocol = HMMSTORM_PROTOCOL_PROCESS;
	test_adaptive(k);
	test_symbols(k);
	test_leaks(k);
	test_busy_engine(k);
	return tap_done();
}
