// SPDX-License-Identifier: GPL-2.0-only
/*
 * What counting an event costs with this module and with what a user would take
 * instead: bpftrace, a kprobe event recorded by trace-cmd, and a kprobe event
 * with a histogram trigger. In the lab's deterministic mode, where the TSC counts
 * instructions; one CPU, least of several rounds, so that a round in which the
 * tool woke up does not count. tests/lab-rivals.sh brings the tools in; a word as
 * argument takes only those rivals that have it in their name.
 *
 * Each is asked for the same: how often, in this process. Without that filter
 * they count all processes, which is cheaper and says less; these rows are printed,
 * not judged. Each must also have counted every event of the rounds, or its
 * figure would be that of a probe that was not there, and must leave the event as
 * cheap as it was, or the figures would not be comparable.
 *
 * Fails when one that is judged costs less than FACTOR times ours.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "../lib/counters.h"
#include "../lib/device_node.h"
#include "../lib/tap.h"
#include "../lib/test_hmm_abi.h"
#include "slab.h"

#define PAGE 4096UL
#define LOOPS 200U
#define ROUNDS 20U
#define CALLS ((uint64_t)LOOPS * ROUNDS)
#define FACTOR 5
#define DRIFT 2
#define HUGE_BYTES 0x200000UL
#define HUGE ((void *)HUGE_BYTES)
#define TRACING "/sys/kernel/tracing"
#define PROBES "/sys/kernel/debug/kprobes/list"
#define OUTPUT "/tmp/rival.out"

static char *mem, *huge;
static int dmirror = -1;

static void dontneed(void)
{
	madvise(mem, PAGE, MADV_DONTNEED);
}

/*
 * migrate_vma_setup() refuses huge pages of hugetlbfs at once, so that there is no
 * invalidation in it. The mapping is the lowest of all: its lookup costs the
 * same whatever else a tool's start has mapped and unmapped.
 */
static void migrate_refused(void)
{
	struct dmirror_cmd cmd = { .addr = (uintptr_t)huge, .npages = 1 };

	ioctl(dmirror, DMIRROR_MIGRATE_TO_DEV, &cmd);
}

static const struct event {
	const char *name, *function, *counter;
	void (*run)(void);
} events[] = {
	{ "invalidation", "__mmu_notifier_invalidate_range_start",
	  "inv_clear_events", dontneed },
	{ "function call", "migrate_vma_setup", "migrate_setup_calls",
	  migrate_refused },
};

#define NR_EVENTS (sizeof(events) / sizeof(*events))

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/*
 * Least of the rounds, an event. The ioctl allocates two buffers; where the CPU's
 * stock of these ends between the two, each call costs 91 instructions more (7.3).
 */
static double measure(const struct event *e)
{
	uint64_t t, best = UINT64_MAX;
	unsigned int i, round;

	slab_shrink("kmalloc-*4k");
	for (round = 0; round < ROUNDS; round++) {
		t = clock_ticks();
		for (i = 0; i < LOOPS; i++)
			e->run();
		t = clock_ticks() - t;
		if (t < best)
			best = t;
	}
	return (double)best / LOOPS;
}

static void write_file(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | flags);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		die(path);
	close(fd);
}

/* Of all lines that begin with this, the sum of the last numbers. */
static uint64_t sum_lines(const char *path, const char *begin)
{
	FILE *f = fopen(path, "r");
	char line[512], *last;
	uint64_t sum = 0;

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f)) {
		last = strrchr(line, ' ');
		if (!strncmp(line, begin, strlen(begin)) && last)
			sum += strtoull(last, NULL, 10);
	}
	fclose(f);
	return sum;
}

static bool contains(const char *path, const char *text)
{
	FILE *f = fopen(path, "r");
	bool found = false;
	char line[512];

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, text) && !strstr(line, "[DISABLED]");
	if (f)
		fclose(f);
	return found;
}

/* No fork(): it would copy the address space that is measured. */
static pid_t start(char *const argv[])
{
	posix_spawn_file_actions_t files;
	extern char **environ;
	pid_t pid;
	int ret;

	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 1, OUTPUT,
					 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_adddup2(&files, 1, 2);
	ret = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&files);
	if (ret) {
		errno = ret;
		die(argv[0]);
	}
	return pid;
}

static void show_output(void)
{
	FILE *f = fopen(OUTPUT, "r");
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		printf("# %s", line);
	if (f)
		fclose(f);
}

static void run(char *const argv[])
{
	int status;

	if (waitpid(start(argv), &status, 0) < 0 || status) {
		printf("# %s %s: status %#x\n", argv[0], argv[1], status);
		show_output();
		exit(1);
	}
}

static pid_t tool;

/* bpftrace, from its start until its probe stands; it compiles first. */
static void bpftrace_start(const struct event *e, const char *format)
{
	char program[512], pid[16];
	char *argv[] = { "bpftrace", "-e", program, pid, NULL };
	int i;

	snprintf(pid, sizeof(pid), "%d", getpid());
	snprintf(program, sizeof(program), format, e->function);
	tool = start(argv);
	for (i = 0; i < 600 && !contains(PROBES, e->function); i++) {
		if (waitpid(tool, NULL, WNOHANG)) {
			show_output();
			printf("# bpftrace has ended\n");
			exit(1);
		}
		usleep(100000);
	}
	sleep(1);
}

/* It forgets a signal that comes before it waits for one. */
static uint64_t bpftrace_stop(const struct event *e)
{
	int status = 0, i;

	(void)e;
	for (i = 0; i < 30; i++) {
		kill(tool, SIGINT);
		sleep(1);
		if (waitpid(tool, &status, WNOHANG))
			break;
	}
	if (i == 30 || status) {
		printf("# bpftrace does not end, or ends with status %#x\n", status);
		show_output();
		exit(1);
	}
	return sum_lines(OUTPUT, "@n");
}

static void make_kprobe(const struct event *e)
{
	char text[128];

	snprintf(text, sizeof(text), "p:hs_rival %s\n", e->function);
	write_file(TRACING "/kprobe_events", O_TRUNC, text);
}

static void trace_cmd_start(const struct event *e, const char *filter)
{
	char text[64];
	char *argv[] = { "trace-cmd", "start", "-e", "kprobes:hs_rival",
			 *filter ? "-f" : NULL, text, NULL };

	snprintf(text, sizeof(text), filter, getpid());
	make_kprobe(e);
	run(argv);
}

/* What stands in the ring buffer, and what it has lost to newer. */
static uint64_t trace_cmd_stop(const struct event *e)
{
	static char *const stop[] = { "trace-cmd", "stop", NULL };
	static char *const reset[] = { "trace-cmd", "reset", NULL };
	static const char *const stats = TRACING "/per_cpu/cpu0/stats";
	uint64_t n;

	(void)e;
	run(stop);
	n = sum_lines(stats, "entries:") + sum_lines(stats, "overrun:");
	run(reset);
	write_file(TRACING "/kprobe_events", O_TRUNC, "\n");
	return n;
}

#define TRIGGER TRACING "/events/kprobes/hs_rival/trigger"

/* "!" and the trigger takes it away. */
static char trigger[128] = "!";

static void hist_start(const struct event *e, const char *format)
{
	snprintf(trigger + 1, sizeof(trigger) - 1, format, getpid());
	make_kprobe(e);
	write_file(TRIGGER, O_APPEND, trigger + 1);
}

static uint64_t hist_stop(const struct event *e)
{
	uint64_t n = sum_lines(TRACING "/events/kprobes/hs_rival/hist",
			       "    Hits:");

	(void)e;
	write_file(TRIGGER, O_APPEND, trigger);
	write_file(TRACING "/kprobe_events", O_TRUNC, "\n");
	return n;
}

static struct counters *attached;

/* From no module to an attached process: all that it costs is in the figure. */
static void ours_start(const struct event *e, const char *unused)
{
	(void)e;
	(void)unused;
	if (module_load("hmmstorm", NULL))
		die("hmmstorm.ko");
	if (counters_open_cheap(&attached))
		die("attach");
}

static uint64_t ours_stop(const struct event *e)
{
	uint64_t n = counters_value(attached, e->counter);

	counters_close(attached);
	if (syscall(SYS_delete_module, "hmmstorm", 0))
		die("unload hmmstorm");
	if (n == UINT64_MAX)
		die(e->counter);
	return n;
}

/* How much a rival says, beside ours: of this process alone, or not. */
enum extent { LESS, SAME };

static const struct rival {
	const char *name, *program, *option;	/* what it needs */
	void (*start)(const struct event *e, const char *how);
	uint64_t (*stop)(const struct event *e);
	const char *how;
	enum extent extent;
	unsigned int nr_events;
} rivals[] = {
	{ "hmmstorm, attached", NULL, NULL, ours_start, ours_stop, "", SAME,
	  NR_EVENTS },
	{ "bpftrace, all processes", "bpftrace", "CONFIG_BPF_EVENTS",
	  bpftrace_start, bpftrace_stop, "kprobe:%s { @n = count(); }", LESS,
	  NR_EVENTS },
	{ "bpftrace, one process", "bpftrace", "CONFIG_BPF_EVENTS",
	  bpftrace_start, bpftrace_stop,
	  "kprobe:%s /pid == $1/ { @n = count(); }", SAME, NR_EVENTS },
	{ "bpftrace, a count per process", "bpftrace", "CONFIG_BPF_EVENTS",
	  bpftrace_start, bpftrace_stop, "kprobe:%s { @n[pid] = count(); }",
	  SAME, NR_EVENTS },
	/* what the observer keeps of an invalidation, or nearly */
	{ "bpftrace, events and pages by type", "bpftrace", "CONFIG_DEBUG_INFO_BTF",
	  bpftrace_start, bpftrace_stop,
	  "kprobe:%s /pid == $1/ { $r = (struct mmu_notifier_range *)arg0; "
	  "@n[$r->event] = count(); "
	  "@pages[$r->event] = sum(($r->end - $r->start) >> 12); }", SAME, 1 },
	{ "trace-cmd, all processes", "trace-cmd", "CONFIG_KPROBE_EVENTS",
	  trace_cmd_start, trace_cmd_stop, "", LESS, NR_EVENTS },
	{ "trace-cmd, one process", "trace-cmd", "CONFIG_KPROBE_EVENTS",
	  trace_cmd_start, trace_cmd_stop, "common_pid == %d", SAME, NR_EVENTS },
	{ "histogram trigger, one process", NULL, "CONFIG_HIST_TRIGGERS",
	  hist_start, hist_stop, "hist:keys=common_pid if common_pid == %d\n",
	  SAME, NR_EVENTS },
};

#define NR_RIVALS (sizeof(rivals) / sizeof(*rivals))

static double none[NR_EVENTS], extra[NR_RIVALS][NR_EVENTS];
static bool measured[NR_RIVALS];

static bool is_there(const struct rival *r)
{
	char path[64];

	snprintf(path, sizeof(path), "/bin/%s", r->program ? r->program : "");
	if (access(path, X_OK)) {
		tap_skip(r->name, "not in this guest: hmmstorm vm --add-program");
		return false;
	}
	if (r->option && kernel_config(r->option) != 'y') {
		snprintf(path, sizeof(path), "a kernel without %s", r->option);
		tap_skip(r->name, path);
		return false;
	}
	return true;
}

static void compete(const struct rival *r, size_t k)
{
	uint64_t counted;
	double after;
	size_t i;

	measured[k] = true;
	for (i = 0; i < r->nr_events; i++) {
		r->start(&events[i], r->how);
		extra[k][i] = measure(&events[i]) - none[i];
		counted = r->stop(&events[i]);
		if (!tap_ok(counted >= CALLS, "%s: counts each %s", r->name,
			    events[i].name)) {
			printf("# %llu of %llu\n", (unsigned long long)counted,
			       (unsigned long long)CALLS);
			show_output();
		}
		after = measure(&events[i]);
		if (!clock_counts_instructions)
			continue;
		if (!tap_ok(fabs(after - none[i]) <= DRIFT,
			    "... without it the %s costs what it did",
			    events[i].name))
			printf("# %.1f, now %.1f\n", none[i], after);
	}
}

static void report(void)
{
	size_t i, k;

	printf("# %s an event, more than without (without:", clock_unit());
	for (i = 0; i < NR_EVENTS; i++)
		printf(" %s %.1f%s", events[i].name, none[i],
		       i + 1 < NR_EVENTS ? "," : ")\n");
	for (k = 0; k < NR_RIVALS; k++) {
		if (!measured[k])
			continue;
		printf("# %-36s", rivals[k].name);
		for (i = 0; i < rivals[k].nr_events; i++)
			printf(" %8.1f (%5.1f x)", extra[k][i],
			       extra[k][i] / extra[0][i]);
		putchar('\n');
	}
}

static void judge(const struct rival *r, const double *cost)
{
	size_t i;

	for (i = 0; i < r->nr_events; i++) {
		if (!clock_counts_instructions)
			tap_skip(r->name, "not in deterministic mode");
		else
			tap_ok(cost[i] >= FACTOR * extra[0][i],
			       "%s: at least %d times ours (%s)", r->name,
			       FACTOR, events[i].name);
	}
}

static void set_up(void)
{
	if (module_loaded("hmmstorm"))
		syscall(SYS_delete_module, "hmmstorm", O_NONBLOCK);
	if (module_load("test_hmm", NULL))
		die("test_hmm");
	dmirror = open("/dev/hmm_dmirror0", O_RDWR | O_CLOEXEC);
	if (dmirror < 0)
		die("/dev/hmm_dmirror0");
	if (mount("nodev", TRACING, "tracefs", 0, NULL) && errno != EBUSY)
		die(TRACING);
	mem = mmap((void *)0x100000000000UL, PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (mem == MAP_FAILED)
		die("mmap");
	mem[0] = 1;
	huge = mmap(HUGE, HUGE_BYTES, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_HUGETLB |
		    MAP_FIXED_NOREPLACE, -1, 0);
	if (huge == MAP_FAILED)
		die("mmap of huge pages");
	sleep(5); /* the kernel's own self-tests end */
}

int main(int argc, char **argv)
{
	size_t i, k;

	clock_init();
	set_up();
	for (i = 0; i < NR_EVENTS; i++)
		none[i] = measure(&events[i]);
	for (k = 0; k < NR_RIVALS; k++)
		if ((!k || argc < 2 || strstr(rivals[k].name, argv[1])) &&
		    is_there(&rivals[k]))
			compete(&rivals[k], k);
	report();
	for (k = 1; k < NR_RIVALS; k++)
		if (measured[k] && rivals[k].extent == SAME)
			judge(&rivals[k], extra[k]);
	return tap_done();
}
