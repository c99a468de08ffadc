// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ground truth where invalidations nest, overlap, do not block, or have no end:
 * storms of several threads and devices, exit and exec with device pages, a
 * device that is closed, truth switched off and on, the OOM reaper. Here the sum
 * is judged: every event that the observer counts is in one class. And the check
 * for missed invalidations, against a device that is made to miss one.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/device_node.h"
#include "../lib/mirror.h"
#include "counter.h"
#include "truth.h"

#ifndef SYS_process_mrelease
#define SYS_process_mrelease 448
#endif

#define PAGE 4096UL
#define THREADS 4
#define HUGE (512 * PAGE)
#define AT ((char *)0x200000000000)
#define BLIND "/sys/module/hmmstorm/parameters/blind"

static struct mirror *m;
static struct counters *k;
static struct truth truth;
static char *mem;

static void device(struct mirror *dev, unsigned int op, char *at, size_t n)
{
	device_run(dev, op, at, n); /* may fail: the page may be gone */
}

static void map_memory(int advice)
{
	mem = mmap(AT, HUGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	if (mem == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(mem, HUGE, advice);
	memset(mem, 1, HUGE);
}

static uint64_t value(const uint64_t *v, const char *name)
{
	int i = counters_find(k, name);

	if (i < 0) {
		fprintf(stderr, "no counter %s\n", name);
		exit(1);
	}
	return v[i];
}

static uint64_t more(const uint64_t *before, const uint64_t *after,
		     const char *name)
{
	return value(after, name) - value(before, name);
}

static void read_counters(uint64_t *v, bool total)
{
	if (counters_nr(k) > TRUTH_COUNTERS ||
	    (total ? counters_read_total(k, v, NULL) : counters_read(k, v, NULL)))
		exit(1);
}

static const char *const types[] = {
	"unmap", "clear", "protection_vma", "protection_page", "soft_dirty",
	"release", "migrate", "exclusive", "unknown",
};

/* Per event: what was counted is what has a class. */
static void judge_sums(const uint64_t *before, const uint64_t *after,
		       const char *what)
{
	static const char *const classes[] = { "fp0", "fp1", "fp2", "fp3", "tp" };
	uint64_t events, sum, all = 0;
	char name[64];
	size_t i, j;
	bool ok = true;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		snprintf(name, sizeof(name), "inv_%s_events", types[i]);
		events = value(after, name) - value(before, name);
		for (j = 0, sum = 0; j < 5; j++) {
			snprintf(name, sizeof(name), "truth_%s_%s", types[i], classes[j]);
			sum += value(after, name) - value(before, name);
		}
		if (events != sum)
			printf("# %s: %llu events, %llu in classes\n", types[i],
			       (unsigned long long)events, (unsigned long long)sum);
		ok &= events == sum;
		all += events;
	}
	tap_ok(ok && all, "%s: %llu events, each in one class", what,
	       (unsigned long long)all);
	tap_eq(value(after, "truth_unclassified") - value(before, "truth_unclassified"),
	       0, "unclassified");
	tap_eq(value(after, "missed_invalidations") -
	       value(before, "missed_invalidations"), 0, "missed");
}

static void *storm(void *arg)
{
	char *p = arg;
	int i;

	for (i = 0; i < 200; i++) {
		p[i % 16 * PAGE] = i;
		mprotect(p, 16 * PAGE, PROT_READ);
		mprotect(p, 16 * PAGE, PROT_READ | PROT_WRITE);
		p[0] = i;
		madvise(p, (i % 16 + 1) * PAGE, MADV_DONTNEED);
		if (i % 40 == 39 && !fork())
			_exit(0);
	}
	return NULL;
}

static void *clear_refs(void *arg)
{
	int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC), i;

	for (i = 0; i < 100; i++)
		if (write(fd, "4", 1) != 1)
			perror("# clear_refs");
	close(fd);
	return arg;
}

/*
 * Threads that share 2 MiB, a THP at first: splits within DONTNEED and mprotect
 * nest, clear_refs overlaps with all of it.
 */
static void test_storm(struct mirror *dev, const char *what)
{
	uint64_t before[TRUTH_COUNTERS], after[TRUTH_COUNTERS];
	pthread_t t[THREADS + 1];
	size_t i;

	map_memory(MADV_HUGEPAGE);
	read_counters(before, false);
	for (i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, storm, mem + i * 64 * PAGE);
	pthread_create(&t[THREADS], NULL, clear_refs, NULL);
	for (i = 0; i < 300; i++) {
		device(dev, HMMSTORM_OP_READ, mem + i % 256 * PAGE, 8);
		device(dev, HMMSTORM_OP_MARK, mem + (i * 7) % 256 * PAGE, 1);
	}
	for (i = 0; i <= THREADS; i++)
		pthread_join(t[i], NULL);
	while (wait(NULL) > 0)
		;
	read_counters(after, false);
	judge_sums(before, after, what);
}

/* A context that closes is not the end of the address space. */
static void test_close(enum hmmstorm_protocol protocol, const char *what)
{
	struct hmmstorm_mirror p = mirror_defaults(1, protocol);
	struct truth_found before, after;
	struct mirror *dev;
	char text[256];

	map_memory(MADV_NOHUGEPAGE);
	truth_read(&truth, &before, false);
	if (mirror_open(&dev, &p)) {
		tap_ok(false, "%s opens", what);
		return;
	}
	device(dev, HMMSTORM_OP_READ, mem, 8);
	madvise(mem, 2 * PAGE, MADV_DONTNEED);
	device(dev, HMMSTORM_OP_READ, mem, 8);
	mirror_close(dev);
	madvise(mem, PAGE, MADV_DONTNEED);
	truth_read(&truth, &after, false);
	truth_subtract(&after, &before);
	/* its own rings are mapped, and unmapped */
	truth_ignore(&truth, &after, "unmap_fp0");
	truth_text(&truth, &after, text, sizeof(text));
	tap_ok(!strcmp(text, "clear_fp0=1 clear_tp=1"), "%s opened, closed: %s", what,
	       text);
}

/* In a child: attach, let the device have pages or not, and end. */
static void child_ends(bool pages, bool exec)
{
	struct hmmstorm_mirror p = mirror_defaults(1, HMMSTORM_PROTOCOL_PROCESS);
	struct counters *c;
	struct mirror *dev;

	if (counters_open(&c) || mirror_open(&dev, &p) ||
	    counters_truth(c, HMMSTORM_TRUTH_MIRROR))
		_exit(1);
	if (pages) {
		device(dev, HMMSTORM_OP_READ, mem, 8);
		device(dev, HMMSTORM_OP_MARK, mem + PAGE, 1);
	}
	if (exec)
		execl("/proc/self/exe", "test-module-truth-storm", "--ended", NULL);
	_exit(exec);
}

static void test_end(bool pages, bool exec)
{
	uint64_t before[TRUTH_COUNTERS], after[TRUTH_COUNTERS];
	int status;
	pid_t pid;

	map_memory(MADV_NOHUGEPAGE);
	read_counters(before, true);
	pid = fork();
	if (!pid)
		child_ends(pages, exec);
	waitpid(pid, &status, 0);
	read_counters(after, true);
	tap_ok(!status && value(after, "truth_release_tp") ==
	       value(before, "truth_release_tp") + pages &&
	       value(after, "truth_release_fp0") ==
	       value(before, "truth_release_fp0") + !pages,
	       "%s, device maps %s: RELEASE is %s", exec ? "exec" : "exit",
	       pages ? "pages" : "none", pages ? "TP" : "FP0");
	tap_eq(value(after, "truth_unclassified"), value(before, "truth_unclassified"),
	       "unclassified");
}

/* The device keeps what mprotect(PROT_NONE) takes, and uses it. */
static void test_missed(void)
{
	uint64_t missed = counter(k, "missed_invalidations");

	map_memory(MADV_NOHUGEPAGE);
	device(m, HMMSTORM_OP_READ, mem, 8);
	tap_eq(counter(k, "missed_invalidations"), missed, "a sound device misses nothing");
	if (!put_text(BLIND, "Y")) {
		tap_ok(false, "no %s", BLIND);
		return;
	}
	mprotect(mem, PAGE, PROT_NONE);
	device(m, HMMSTORM_OP_READ, mem, 8);
	put_text(BLIND, "N");
	mprotect(mem, PAGE, PROT_READ | PROT_WRITE);
	tap_eq(counter(k, "missed_invalidations"), missed + 1,
	       "an invalidation that the device ignores is counted when it uses the page");
}

/* Off and on while others invalidate: what is counted then has classes again. */
static void test_switch(void)
{
	uint64_t before[TRUTH_COUNTERS], after[TRUTH_COUNTERS];
	pthread_t t[THREADS];
	size_t i;

	map_memory(MADV_NOHUGEPAGE);
	for (i = 0; i < THREADS; i++)
		pthread_create(&t[i], NULL, storm, mem + i * 64 * PAGE);
	for (i = 0; i < 50; i++) {
		counters_truth(k, i % 3);
		device(m, HMMSTORM_OP_READ, mem + i * PAGE, 8);
		sched_yield();
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(t[i], NULL);
	while (wait(NULL) > 0)
		;
	counters_truth(k, HMMSTORM_TRUTH_MIRROR);
	read_counters(before, false);
	madvise(mem, PAGE, MADV_DONTNEED);
	mprotect(mem, HUGE, PROT_READ);
	read_counters(after, false);
	judge_sums(before, after, "after being switched in a storm");
}

/* Attached, with 64 pages at the device; then it waits for its end. */
static void wait_for_kill(int fd)
{
	struct hmmstorm_mirror p = mirror_defaults(1, HMMSTORM_PROTOCOL_PROCESS);
	struct counters *c;
	struct mirror *dev;
	size_t i;

	if (counters_open(&c) || mirror_open(&dev, &p) ||
	    counters_truth(c, HMMSTORM_TRUTH_MIRROR))
		_exit(1);
	for (i = 0; i < 64; i++)
		device(dev, HMMSTORM_OP_READ, mem + i * PAGE, 8);
	if (write(fd, "r", 1) == 1)
		pause();
	_exit(1);
}

/*
 * process_mrelease() does what the OOM reaper does, and as it does: without
 * blocking. The victim must not die by itself before: it is killed on a CPU that
 * we keep, by a priority that it has not.
 */
static void reap(pid_t pid)
{
	struct sched_param first = { .sched_priority = 50 }, normal = { 0 };
	cpu_set_t cpu, all;
	int fd;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	sched_getaffinity(0, sizeof(all), &all);
	fd = syscall(SYS_pidfd_open, pid, 0);
	if (sched_setaffinity(0, sizeof(cpu), &cpu) ||
	    sched_setaffinity(pid, sizeof(cpu), &cpu) ||
	    sched_setscheduler(0, SCHED_FIFO, &first))
		perror("# sched");
	kill(pid, SIGKILL);
	if (syscall(SYS_process_mrelease, fd, 0))
		perror("# process_mrelease");
	sched_setscheduler(0, SCHED_OTHER, &normal);
	sched_setaffinity(0, sizeof(all), &all);
	close(fd);
}

/* Its event is UNMAP on 6.12 and CLEAR on 7.3. */
static void test_reaper(void)
{
	uint64_t before[TRUTH_COUNTERS], after[TRUTH_COUNTERS], reaped;
	int status, fd[2];
	char c;
	pid_t pid;

	map_memory(MADV_NOHUGEPAGE);
	if (pipe(fd))
		exit(1);
	pid = fork();
	if (!pid)
		wait_for_kill(fd[1]);
	if (read(fd[0], &c, 1) != 1)
		exit(1);
	read_counters(before, true);
	reap(pid);
	read_counters(after, true);
	waitpid(pid, &status, 0);
	reaped = more(before, after, "inv_clear_nonblock_events") +
		 more(before, after, "inv_unmap_nonblock_events");
	tap_ok(reaped && more(before, after, "truth_clear_tp") +
	       more(before, after, "truth_unmap_tp") == 1,
	       "the reaper's, which do not block: %llu, one of them TP",
	       (unsigned long long)reaped);
	judge_sums(before, after, "reaped");
	tap_eq(value(after, "truth_aborted"), value(before, "truth_aborted"), "aborted");
}

int main(int argc, char **argv)
{
	struct hmmstorm_mirror p = mirror_defaults(1, HMMSTORM_PROTOCOL_PROCESS);
	struct hmmstorm_mirror r = mirror_defaults(1, HMMSTORM_PROTOCOL_RANGE);
	struct mirror *second;

	if (argc > 1 && !strcmp(argv[1], "--ended"))
		return 0;
	if (module_load("hmmstorm", NULL) || counters_open(&k)) {
		fprintf(stderr, "module-truth-storm: no module hmmstorm for this kernel\n");
		return 4;
	}
	if (mirror_open(&m, &p) || counters_truth(k, HMMSTORM_TRUTH_MIRROR)) {
		fprintf(stderr, "module-truth-storm: no mirror device\n");
		return 4;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	truth_init(&truth, k);
	test_storm(m, "storm, protocol process");
	test_close(HMMSTORM_PROTOCOL_RANGE, "a device of protocol range");
	test_close(HMMSTORM_PROTOCOL_PROCESS, "a device of protocol process");
	if (!mirror_open(&second, &r)) {
		test_storm(second, "storm, protocol range");
		mirror_close(second);
	}
	counters_truth(k, HMMSTORM_TRUTH_CPU);
	test_storm(m, "storm, the CPU's pages");
	counters_truth(k, HMMSTORM_TRUTH_MIRROR);
	test_end(true, false);
	test_end(false, false);
	test_end(true, true);
	test_end(false, true);
	test_missed();
	test_switch();
	test_reaper();
	mirror_close(m);
	counters_close(k);
	return tap_done();
}
