// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helper module, loaded, used and unloaded again and again, while the process
 * that uses it is killed in the middle of things, or ends in another way that
 * leaves work to the kernel. After each cycle nothing may be left, and the module
 * must unload; over all cycles memory must not grow.
 *
 *   test-module-cycles [--cycles N] [--only NAME]
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "../lib/tap.h"
#include "module-leaks.h"
#include "slab.h"

#define PAGE 4096UL
#define NPAGES 4096UL
#define CYCLE_SECONDS 120U

struct device {
	int fd;
	struct hmmstorm_mirror p;
	char *ring[HMMSTORM_ENGINES_MAX];
};

static struct device dev;
static char *mem;
static int to_parent = -1;
static unsigned int protocol, fault_batch = 1;

/* The victim is where it shall be killed. */
static void ready(void)
{
	if (write(to_parent, "r", 1) != 1)
		_exit(1);
}

static void wait_for_death(void)
{
	ready();
	for (;;)
		pause();
}

static void map_rings(struct device *d)
{
	unsigned int i;

	for (i = 0; i < d->p.engines; i++)
		d->ring[i] = mmap(NULL, d->p.engine_bytes, PROT_READ | PROT_WRITE,
				  MAP_SHARED, d->fd, HMMSTORM_MMAP_ENGINE(i));
}

static void open_device(unsigned int engines, struct hmmstorm_policy policy)
{
	dev.p = (struct hmmstorm_mirror){
		.engines = engines,
		.entries = 64,
		.data_bytes = 4 * PAGE,
		.protocol = protocol,
		.fault_batch = fault_batch,
		.timeout_ms = 1000,
		.policy = policy,
	};
	if (!policy.kind)
		dev.p.policy.kind = HMMSTORM_POLICY_LAZY;
	dev.fd = device_open_misc(HMMSTORM_DEVICE);
	if (dev.fd < 0 || ioctl(dev.fd, HMMSTORM_IOC_MIRROR, &dev.p))
		_exit(1);
	mem = mmap(NULL, NPAGES * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(mem, NPAGES * PAGE, MADV_NOHUGEPAGE);
}

static void open_mapped(unsigned int engines, struct hmmstorm_policy policy)
{
	open_device(engines, policy);
	map_rings(&dev);
}

static int enter(unsigned int engine, unsigned int min, uint64_t timeout_ns)
{
	struct hmmstorm_enter e = {
		.engine = engine, .min_complete = min, .timeout_ns = timeout_ns,
	};

	return ioctl(dev.fd, HMMSTORM_IOC_ENTER, &e);
}

static void submit(unsigned int engine, struct hmmstorm_cmd c)
{
	struct hmmstorm_ring *r = (void *)dev.ring[engine];
	struct hmmstorm_cmd *sq = (void *)(dev.ring[engine] + HMMSTORM_SQ_OFFSET);

	sq[r->sq_tail & (dev.p.entries - 1)] = c;
	__atomic_store_n(&r->sq_tail, r->sq_tail + 1, __ATOMIC_RELEASE);
}

static struct hmmstorm_cmd mark(unsigned int pages)
{
	return (struct hmmstorm_cmd){
		.op = HMMSTORM_OP_MARK, .addr = (uintptr_t)mem, .count = pages,
	};
}

/* An addition to each of so many pages. */
static struct hmmstorm_cmd add(unsigned int pages)
{
	return (struct hmmstorm_cmd){
		.op = HMMSTORM_OP_ADD, .addr = (uintptr_t)mem, .count = pages,
		.stride = PAGE, .size = 8, .operand = 1,
	};
}

static void reap_all(unsigned int engine)
{
	struct hmmstorm_ring *r = (void *)dev.ring[engine];

	__atomic_store_n(&r->cq_head, r->cq_tail, __ATOMIC_RELEASE);
}

/* Batches for ever. */
static void keep_busy(unsigned int pages)
{
	ready();
	for (;;) {
		submit(0, add(pages));
		enter(0, 1, 100000000);
		reap_all(0);
	}
}

static const struct hmmstorm_policy lazy = { .kind = HMMSTORM_POLICY_LAZY };

static void in_marking(void)
{
	unsigned int i;

	open_mapped(1, lazy);
	for (i = 0; i < 32; i++)
		submit(0, mark(NPAGES));
	enter(0, 0, 0);
	wait_for_death();
}

/*
 * Operations that all hit: close() must not wait for the last of 2^24. Then the
 * sum is not a multiple of it.
 */
static void in_a_long_command(void)
{
	struct hmmstorm_cmd c;
	volatile uint64_t *sum;
	unsigned int i;

	open_mapped(1, lazy);
	sum = (volatile uint64_t *)mem;
	c = add(1 << 24);
	c.stride = 0;
	for (i = 0; i < 64; i++)
		submit(0, c);
	enter(0, 0, 0);
	munmap(dev.ring[0], dev.p.engine_bytes);
	while (!*sum)
		usleep(1000);
	usleep(20000); /* the device takes back what was just read */
	close(dev.fd);
	if (!(*sum % (1 << 24)))
		_exit(1);
	ready();
	for (;;)
		pause();
}

static void in_enter(void)
{
	open_mapped(1, lazy);
	ready();
	enter(0, 1, 0);
}

static void with_pages_deferred(void)
{
	open_mapped(1, (struct hmmstorm_policy){
		.kind = HMMSTORM_POLICY_DEFERRED, .entries = 64, .idle_us = 500 });
	keep_busy(256);
}

static void in_a_hold(void)
{
	open_mapped(1, (struct hmmstorm_policy){
		.kind = HMMSTORM_POLICY_HOLD, .hold_us = 100000 });
	ready();
	for (;;) {
		submit(0, mark(1));
		enter(0, 1, 100000000);
		reap_all(0);
		*(volatile char *)mem = 1;
	}
}

static void in_eager_restores(void)
{
	open_mapped(1, (struct hmmstorm_policy){ .kind = HMMSTORM_POLICY_EAGER });
	keep_busy(512);
}

static void in_adaptive_restores(void)
{
	open_mapped(1, (struct hmmstorm_policy){ .kind = HMMSTORM_POLICY_ADAPTIVE });
	keep_busy(512);
}

static void with_ground_truth(void)
{
	struct hmmstorm_attach a = { .flags = HMMSTORM_ATTACH_TIMES };
	struct hmmstorm_truth t = { .kind = HMMSTORM_TRUTH_MIRROR };

	open_mapped(1, lazy);
	if (ioctl(dev.fd, HMMSTORM_IOC_ATTACH, &a) || ioctl(dev.fd, HMMSTORM_IOC_TRUTH, &t))
		_exit(1);
	ready();
	for (;;) {
		submit(0, mark(128));
		enter(0, 0, 0);
		mprotect(mem, 64 * PAGE, PROT_READ);
		mprotect(mem, 64 * PAGE, PROT_READ | PROT_WRITE);
		madvise(mem, 128 * PAGE, MADV_DONTNEED);
		reap_all(0);
	}
}

static void in_a_delay(void)
{
	struct hmmstorm_delay d = {
		.kind = HMMSTORM_DELAY_PREEMPT, .amount = 10000000,
		.probability = UINT32_MAX,
	};

	open_mapped(1, lazy);
	for (d.window = 0; d.window < HMMSTORM_WINDOWS; d.window++)
		ioctl(dev.fd, HMMSTORM_IOC_DELAY, &d);
	submit(0, mark(NPAGES));
	enter(0, 0, 0);
	ready();
	for (;;)
		*(volatile char *)mem = 1;
}

static void after_mirror(void)
{
	open_device(HMMSTORM_ENGINES_MAX, lazy);
	ready();
	map_rings(&dev);
	for (;;)
		pause();
}

static void in_mmap(void)
{
	unsigned int i;

	open_device(4, lazy);
	ready();
	for (;;) {
		map_rings(&dev);
		for (i = 0; i < 4; i++) {
			submit(i, mark(8));
			enter(i, 0, 0);
			munmap(dev.ring[i], dev.p.engine_bytes);
		}
	}
}

static void by_exit(void)
{
	open_mapped(2, lazy);
	submit(0, mark(NPAGES));
	enter(0, 0, 0);
	ready();
	_exit(0);
}

static void by_exec(void)
{
	open_mapped(2, lazy);
	submit(0, mark(NPAGES));
	enter(0, 0, 0);
	fcntl(dev.fd, F_SETFD, 0);
	fcntl(to_parent, F_SETFD, 0);
	dup2(to_parent, 9);
	execl("/proc/self/exe", "test-module-cycles", "--heir", NULL);
}

static void *enter_thread(void *unused)
{
	(void)unused;
	enter(1, 1, 0);
	return NULL;
}

static void in_enter_of_a_closed_file(void)
{
	pthread_t t;

	open_mapped(2, lazy);
	submit(0, mark(NPAGES));
	enter(0, 0, 0);
	pthread_create(&t, NULL, enter_thread, NULL);
	usleep(2000);
	close(dev.fd);
	munmap(dev.ring[1], dev.p.engine_bytes);
	wait_for_death();
}

/* The parent of the one who inherits the file is killed first. */
static void with_an_heir(void)
{
	open_mapped(2, lazy);
	submit(0, mark(NPAGES));
	enter(0, 0, 0);
	if (fork())
		wait_for_death();
	alarm(CYCLE_SECONDS);
	while (getppid() != 1)
		usleep(1000);
	_exit(ioctl(dev.fd, HMMSTORM_IOC_POLICY, &lazy) && errno == EPERM ? 0 : 1);
}

/* Engine 1 stands because nobody takes its completions, engine 0 waits for it. */
static void at_a_fence(void)
{
	struct hmmstorm_cmd fence = { .op = HMMSTORM_OP_FENCE }, nop = { 0 };
	unsigned int i;

	open_mapped(2, lazy);
	for (i = 0; i < 64; i++)
		submit(1, nop);
	enter(1, 64, 1000000000);
	submit(1, nop);
	submit(0, fence);
	enter(0, 0, 0);
	wait_for_death();
}

static void in_a_replay(void)
{
	fault_batch = 256;
	open_mapped(1, lazy);
	keep_busy(NPAGES);
}

static int register_memory(size_t len)
{
	struct uffdio_register r = {
		.range = { (uintptr_t)mem, len },
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	struct uffdio_api api = { .api = UFFD_API };
	int fd = syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0 || ioctl(fd, UFFDIO_API, &api) || ioctl(fd, UFFDIO_REGISTER, &r))
		return -1;
	return fd;
}

/* Time for the page to go between the device's giving it up and the CPU's fault. */
static void delay_the_fault(void)
{
	struct hmmstorm_delay d = {
		.window = HMMSTORM_WINDOW_SYMBOL, .kind = HMMSTORM_DELAY_SPIN,
		.amount = 500000, .probability = UINT32_MAX,
		.symbol = "fixup_user_fault",
	};

	ioctl(dev.fd, HMMSTORM_IOC_DELAY, &d);
}

static void mark_and_restore(unsigned int pages)
{
	struct hmmstorm_cmd c = mark(pages);
	unsigned int i;

	for (i = 0; i < 64; i++) {
		c.op = i % 2 ? HMMSTORM_OP_RESTORE : HMMSTORM_OP_MARK;
		submit(0, c);
	}
}

/*
 * An engine that restores what is just unmapped must not wait for the userfaultfd
 * of its own process: it dies with the process, but after the device's file.
 * (Kernels with DEBUG_VM print the stack of each fault that userfaultfd would have
 * wanted to wait for, "FAULT_FLAG_ALLOW_RETRY missing". That is no splat.)
 */
static void with_a_userfaultfd(void)
{
	size_t len = 16 * PAGE;
	struct uffdio_copy copy;
	unsigned int i;
	int fd;

	open_mapped(1, lazy);
	fd = register_memory(len);
	/* the last to be closed is the first to be released */
	dup2(dev.fd, 20);
	close(dev.fd);
	dev.fd = 20;
	delay_the_fault();
	mark_and_restore(16);
	munmap(dev.ring[0], dev.p.engine_bytes);
	for (i = 0; fd >= 0; i++) {
		copy = (struct uffdio_copy){
			.dst = (uintptr_t)mem, .len = len,
			.src = (uintptr_t)mem + 64 * PAGE,
		};
		ioctl(fd, UFFDIO_COPY, &copy);
		enter(0, 0, 0);
		usleep(1000);
		madvise(mem, len, MADV_DONTNEED);
		if (i == 2)
			ready();
		usleep(2000);
	}
	wait_for_death();
}

static void with_rings_unmapped(void)
{
	open_mapped(2, lazy);
	submit(0, mark(NPAGES));
	submit(1, add(NPAGES));
	enter(0, 0, 0);
	enter(1, 0, 0);
	munmap(dev.ring[0], dev.p.engine_bytes);
	munmap(dev.ring[1], dev.p.engine_bytes);
	ready();
	close(dev.fd);
	for (;;)
		pause();
}

static const struct {
	const char *name;
	void (*victim)(void);
	bool ends; /* by itself, or its file does */
} deaths[] = {
	{ "in marking", in_marking, false },
	{ "in a long command", in_a_long_command, true },
	{ "in enter", in_enter, false },
	{ "with pages deferred", with_pages_deferred, false },
	{ "in a hold", in_a_hold, false },
	{ "in eager restores", in_eager_restores, false },
	{ "in adaptive restores", in_adaptive_restores, false },
	{ "with ground truth", with_ground_truth, false },
	{ "in a delay", in_a_delay, false },
	{ "after mirror", after_mirror, false },
	{ "in mmap", in_mmap, false },
	{ "by exit", by_exit, true },
	{ "by exec", by_exec, false },
	{ "in enter of a closed file", in_enter_of_a_closed_file, false },
	{ "with an heir", with_an_heir, false },
	{ "at a fence", at_a_fence, false },
	{ "in a replay", in_a_replay, false },
	{ "with a userfaultfd", with_a_userfaultfd, false },
	{ "with rings unmapped", with_rings_unmapped, true },
};

#define NR_DEATHS (sizeof(deaths) / sizeof(*deaths))

static const char *now; /* what a hang would be of */

static void on_alarm(int signal)
{
	int fd = open("/proc/sysrq-trigger", O_WRONLY | O_CLOEXEC);

	(void)signal;
	if (fd >= 0 && write(fd, "w", 1) < 0)
		close(fd);
	dprintf(STDOUT_FILENO, "not ok - hangs: %s\n", now);
	_exit(1);
}

static pid_t start_victim(void (*victim)(void), int *from)
{
	int pipe_fds[2];
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC))
		return -1;
	fflush(NULL);
	pid = fork();
	if (!pid) {
		to_parent = pipe_fds[1];
		victim();
		_exit(1);
	}
	close(pipe_fds[1]);
	*from = pipe_fds[0];
	return pid;
}

/* Kills it where it is; NULL, or what is wrong. */
static const char *kill_victim(unsigned int death, unsigned int delay_us)
{
	const char *wrong = NULL;
	int from = -1, ret;
	char c;
	pid_t pid = start_victim(deaths[death].victim, &from);

	if (pid < 0 || read(from, &c, 1) != 1)
		wrong = "the victim did not get there";
	usleep(delay_us);
	ret = module_unload("hmmstorm");
	if (!wrong && !deaths[death].ends && ret != -EWOULDBLOCK)
		wrong = "the module in use did not say so";
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(from);
	/* by itself it may have ended so early that the module was free to go */
	return ret ? wrong : module_load("hmmstorm", NULL) ? "no module" : wrong;
}

static const char *load_use_unload(unsigned int death, unsigned int delay_us, bool scan)
{
	const char *wrong, *left;
	struct counters *c;

	if (module_load("hmmstorm", NULL))
		return "the module does not load";
	wrong = kill_victim(death, delay_us);
	if (wrong)
		return wrong;
	if (counters_open_reader(&c))
		return "the counters cannot be opened";
	left = counters_settle(c, 60);
	counters_close(c);
	if (!left)
		left = delays_left();
	if (!left && scan)
		left = kmemleak_left();
	if (left)
		return left;
	if (module_unload("hmmstorm"))
		return "the unused module does not unload";
	return threads_left();
}

/* What a leak would make grow, in KiB, and by how much it may. */
static struct {
	const char *name;
	long tolerance, first, last;
} memory[] = {
	{ "Slab", 2048, 0, 0 },
	{ "vmalloc", 256, 0, 0 },
	{ "Percpu", 256, 0, 0 },
	{ "KernelStack", 256, 0, 0 },
	{ "PageTables", 256, 0, 0 },
	{ "MemAvailable", -16384, 0, 0 },
};

#define NR_MEMORY (sizeof(memory) / sizeof(*memory))

/* Caches, and KASAN's quarantine, which hold what has been freed. */
static void shrink(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "3", 1) < 0)
		perror("# drop_caches");
	if (fd >= 0)
		close(fd);
	slab_shrink("*");
	usleep(200000);
}

static void note_memory(const char *name, long kib, bool first)
{
	size_t i;

	for (i = 0; i < NR_MEMORY; i++)
		if (!strcmp(name, memory[i].name))
			*(first ? &memory[i].first : &memory[i].last) = kib;
}

/* But for per-CPU chunks, of which the kernel makes one more now and then. */
static long vmalloc_kib(void)
{
	FILE *f = fopen("/proc/vmallocinfo", "re");
	long bytes, sum = 0;
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%*s %ld", &bytes) == 1 && strstr(line, " vmalloc") &&
		    !strstr(line, " pcpu_"))
			sum += bytes;
	if (f)
		fclose(f);
	return sum / 1024;
}

static void read_memory(bool first)
{
	char line[128], name[64];
	FILE *f;
	long kib;

	shrink();
	f = fopen("/proc/meminfo", "re");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %ld", name, &kib) == 2)
			note_memory(name, kib, first);
	if (f)
		fclose(f);
	note_memory("vmalloc", vmalloc_kib(), first);
}

static void check_memory(unsigned int cycles)
{
	long grown;
	size_t i;

	for (i = 0; i < NR_MEMORY; i++) {
		grown = memory[i].last - memory[i].first;
		printf("# %s: %ld KiB, %+ld over %u cycles\n", memory[i].name,
		       memory[i].first, grown, cycles);
		tap_ok(memory[i].tolerance > 0 ? grown <= memory[i].tolerance :
						 grown >= memory[i].tolerance,
		       "%s changes by at most %ld KiB", memory[i].name,
		       memory[i].tolerance);
	}
}

static unsigned int warm_up(unsigned int cycles)
{
	return cycles / 4 > 2 ? cycles / 4 : 2;
}

/* Cycles that went well. */
static unsigned int run_cycles(unsigned int cycles, long only)
{
	static const char *const protocols[] = { "process", "range", "pin" };
	unsigned int i, death;
	const char *wrong;
	bool scan;

	for (i = 0; i < cycles; i++) {
		death = only < 0 ? i % NR_DEATHS : (unsigned long)only;
		/* all pairs in time: their numbers have no common divisor */
		protocol = 1 + i % 3;
		now = deaths[death].name;
		alarm(CYCLE_SECONDS);
		scan = i == cycles - 1 && !kmemleak_say("scan");
		wrong = load_use_unload(death, i * 7919 % 20000, scan);
		alarm(0);
		if (wrong) {
			printf("# cycle %u, killed %s, protocol %s: %s\n", i, now,
			       protocols[protocol - 1], wrong);
			return i;
		}
		if (i + 1 == warm_up(cycles))
			read_memory(true);
		if (!((i + 1) % 20))
			printf("# %u cycles\n", i + 1);
	}
	read_memory(false);
	return cycles;
}

/* What by_exec() becomes: another program, with the file open. */
static int heir(void)
{
	to_parent = 9;
	wait_for_death();
	return 0;
}

static long find_death(const char *name)
{
	unsigned int i;

	for (i = 0; i < NR_DEATHS; i++)
		if (!strcmp(deaths[i].name, name))
			return i;
	return -1;
}

int main(int argc, char **argv)
{
	unsigned int cycles = 20, done;
	long only = -1;
	int i;

	if (argc == 2 && !strcmp(argv[1], "--heir"))
		return heir();
	for (i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--cycles"))
			cycles = strtoul(argv[i + 1], NULL, 0);
		else if (!strcmp(argv[i], "--only"))
			only = find_death(argv[i + 1]);
	}
	if (i != argc) {
		fprintf(stderr, "usage: test-module-cycles [--cycles N] [--only NAME]\n");
		return 2;
	}
	if (module_loaded("hmmstorm"))
		module_unload("hmmstorm");
	if (module_load("hmmstorm", NULL) || module_unload("hmmstorm")) {
		fprintf(stderr, "module-cycles: no module hmmstorm for this kernel\n");
		return 4;
	}
	signal(SIGALRM, on_alarm);
	kmemleak_say("clear");
	done = run_cycles(cycles, only);
	tap_ok(done == cycles, "%u of %u cycles leave nothing, and the module unloads",
	       done, cycles);
	if (done == cycles)
		check_memory(cycles - warm_up(cycles));
	return tap_done();
}
