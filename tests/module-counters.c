// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helper module, in the lab as root: known system calls make a known number
 * of each event, and the counters must show exactly these and no other. The
 * numbers are those of mm's own code, kernel by kernel; where they differ the
 * table says so. Then lifetimes, permissions and bad arguments.
 *
 * The process is kept quiet between two readings: one thread, no output, no
 * allocation. The memory lies far from everything else, since a VMA that splits
 * or merges raises notifications of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/device_node.h"
#include "../lib/tap.h"
#include "../lib/test_hmm_abi.h"

#define PAGE 4096UL
#define NPAGES 64UL
#define BASE ((char *)0x100000000000UL)
#define MAX_COUNTERS 256
#define ANY (-1)

static struct counters *ctrs;
static uint64_t before[MAX_COUNTERS], after[MAX_COUNTERS];
static unsigned int release; /* of the kernel: 6012, 7003 */
static int dmirror = -1;
static char *mem;

static unsigned int kernel_release(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	uname(&u);
	if (sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return 0;
	return major * 1000 + minor;
}

/* make_device_exclusive() takes one page at a time since 6.15, and a CPU fault
 * then raises CLEAR instead of EXCLUSIVE.
 */
static bool exclusive_by_page(void)
{
	return release >= 6015;
}

static char *map_at(char *at, size_t pages, bool touch)
{
	char *p = mmap(at, pages * PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	size_t i;

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	madvise(p, pages * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; touch && i < pages; i++)
		p[i * PAGE] = 1;
	return p;
}

static int dmirror_call(unsigned long call, size_t pages, size_t *faults)
{
	static char buffer[NPAGES * PAGE];
	struct dmirror_cmd cmd = {
		.addr = (uintptr_t)mem,
		.ptr = (uintptr_t)buffer,
		.npages = pages,
	};

	if (ioctl(dmirror, call, &cmd))
		return -errno;
	if (faults)
		*faults = cmd.faults;
	return cmd.cpages == pages ? 0 : -EAGAIN;
}

/* The operations: each returns 0 if the system calls did as they should. */

static int nothing(void)
{
	return 0;
}

static int dontneed_100(void)
{
	int i, ret = 0;

	for (i = 0; i < 100; i++)
		ret |= madvise(mem, 4 * PAGE, MADV_DONTNEED);
	return ret;
}

static int same_protection_100(void)
{
	int i, ret = 0;

	for (i = 0; i < 100; i++)
		ret |= mprotect(mem, NPAGES * PAGE, PROT_READ | PROT_WRITE);
	return ret;
}

static int flip_protection_50(void)
{
	int i, ret = 0;

	for (i = 0; i < 50; i++) {
		ret |= mprotect(mem, NPAGES * PAGE, PROT_READ);
		ret |= mprotect(mem, NPAGES * PAGE, PROT_READ | PROT_WRITE);
	}
	return ret;
}

static int munmap_10(void)
{
	int i, ret = 0;

	for (i = 0; i < 10; i++) {
		map_at(BASE + (1UL << 32), 8, true);
		ret |= munmap(BASE + (1UL << 32), 8 * PAGE);
	}
	return ret;
}

static int mremap_10(void)
{
	char *a = BASE + (1UL << 32), *b = BASE + (2UL << 32), *t;
	int i;

	map_at(a, 8, false);
	for (i = 0; i < 10; i++) {
		if (mremap(a, 8 * PAGE, 8 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED,
			   b) != b)
			return -1;
		t = a;
		a = b;
		b = t;
	}
	return munmap(a, 8 * PAGE);
}

static int clear_refs_5(void)
{
	int i, ret = 0, fd = open("/proc/self/clear_refs", O_WRONLY);

	for (i = 0; i < 5; i++)
		ret |= write(fd, "4", 1) != 1;
	close(fd);
	return ret;
}

static int touch_all(void)
{
	size_t i;

	for (i = 0; i < NPAGES; i++)
		((volatile char *)mem)[i * PAGE] += 1;
	return 0;
}

static int mark_exclusive(void)
{
	return dmirror_call(DMIRROR_EXCLUSIVE, NPAGES, NULL);
}

static int dmirror_read_32(void)
{
	return dmirror_call(DMIRROR_READ, 32, NULL);
}

static int migrate_32(void)
{
	return dmirror_call(DMIRROR_MIGRATE_TO_DEV, 32, NULL);
}

static int migrate_back_32(void)
{
	return dmirror_call(DMIRROR_MIGRATE_TO_SYS, 32, NULL);
}

/* The child does nothing: it has its own mm, which is not counted. */
static int fork_1(void)
{
	pid_t pid = fork();
	int status = 1;

	if (!pid)
		_exit(0);
	if (pid < 0)
		return -1;
	return waitpid(pid, &status, 0) == pid ? status : -1;
}

/* What an operation must count; what is not named must not change. */
struct want {
	const char *name;
	long n, n_by_page; /* n_by_page, if not 0: where exclusive_by_page() */
};

struct known {
	const char *what;
	int (*op)(void);
	struct want want[16];
};

static const struct known plain_cases[] = {
	{ "nothing", nothing, {} },
	{ "100 MADV_DONTNEED of 4 pages",
	  dontneed_100,
	  { { "inv_clear_events", 100, 0 }, { "inv_clear_pages", 400, 0 } } },
	/* a read maps the zero page, the write then replaces it: wp_page_copy() */
	{ "read and write of the 4 dropped pages",
	  touch_all,
	  { { "inv_clear_events", 4, 0 },
	    { "inv_clear_pages", 4, 0 },
	    { "inv_clear_one_page", 4, 0 } } },
	{ "touch again: no notification", touch_all, {} },
	{ "100 mprotect to the same protection", same_protection_100, {} },
	{ "50 mprotect to read-only and back",
	  flip_protection_50,
	  { { "inv_protection_vma_events", 100, 0 },
	    { "inv_protection_vma_pages", 100 * NPAGES, 0 } } },
	{ "10 munmap of 8 pages",
	  munmap_10,
	  { { "inv_unmap_events", 10, 0 }, { "inv_unmap_pages", 80, 0 } } },
	{ "10 mremap moves of 8 pages and one munmap",
	  mremap_10,
	  { { "inv_unmap_events", 21, 0 }, { "inv_unmap_pages", 168, 0 } } },
};

static const struct known soft_dirty_cases[] = {
	{ "5 writes of 4 to clear_refs",
	  clear_refs_5,
	  { { "inv_soft_dirty_events", 5, 0 },
	    { "inv_unbounded_events", 5, 0 } } },
};

static const struct known dmirror_cases[] = {
	{ "device read of 32 pages",
	  dmirror_read_32,
	  { { "read_begin_calls", 1, 0 },
	    { "range_fault_calls", 1, 0 },
	    { "range_fault_ok", 1, 0 },
	    { "range_fault_chain_1", 1, 0 },
	    { "range_fault_chain_peak", ANY, 0 },
	    { "test_hmm_attempts", 1, 0 },
	    { "test_hmm_faults", 1, 0 },
	    { "test_hmm_mapped", 0, 1 } } },
	{ "device read again: no fault", dmirror_read_32, {} },
	{ "mark 64 pages exclusive",
	  mark_exclusive,
	  { { "exclusive_calls", 1, NPAGES },
	    { "exclusive_pages_asked", NPAGES, 0 },
	    { "exclusive_pages", NPAGES, 0 },
	    { "inv_exclusive_events", NPAGES, 0 },
	    { "inv_exclusive_pages", NPAGES, 0 } } },
	{ "CPU write to 64 exclusive pages",
	  touch_all,
	  { { "restore_pages", NPAGES, 0 },
	    { "inv_exclusive_events", NPAGES, ANY },
	    { "inv_exclusive_pages", NPAGES, ANY },
	    { "inv_clear_events", 0, NPAGES },
	    { "inv_clear_pages", 0, NPAGES },
	    { "inv_clear_one_page", 0, NPAGES } } },
};

static const struct known migrate_cases[] = {
	{ "migrate 32 pages to the device",
	  migrate_32,
	  { { "migrate_setup_calls", 1, 0 },
	    { "inv_migrate_events", 1, 0 },
	    { "inv_migrate_pages", 32, 0 },
	    { "inv_migrate_owned", 1, 0 } } },
};

/* Wherever an exclusive entry was restored by fault, once each. */
static long restored_by_fault;

static bool timing(const char *name)
{
	return !strcmp(name, "inv_ns");
}

static long wanted(const struct want *w, const char *name)
{
	for (; w->name; w++) {
		if (strcmp(w->name, name))
			continue;
		return exclusive_by_page() && w->n_by_page ? w->n_by_page : w->n;
	}
	return 0;
}

static bool compare(const struct want *want)
{
	bool ok = true;
	size_t i;

	for (i = 0; i < counters_nr(ctrs); i++) {
		const struct counter_desc *d = counters_desc(ctrs, i);
		long w = wanted(want, d->name), got = after[i] - before[i];

		if (w == ANY || w == got || timing(d->name) ||
		    d->kind != HMMSTORM_CUMULATIVE)
			continue;
		printf("# %s: got %ld, want %ld\n", d->name, got, w);
		ok = false;
	}
	return ok;
}

static void check_known(const struct known *k, size_t n)
{
	int ret;

	for (; n--; k++) {
		counters_read(ctrs, before, NULL);
		ret = k->op();
		counters_read(ctrs, after, NULL);
		if (ret)
			printf("# the operation itself failed: %d\n", ret);
		tap_ok(compare(k->want) && !ret, "%s", k->what);
	}
}

#define CHECK_KNOWN(cases) check_known(cases, sizeof(cases) / sizeof(*(cases)))

static long delta(const char *name)
{
	int i = counters_find(ctrs, name);

	return i < 0 ? -1 : (long)(after[i] - before[i]);
}

static uint64_t value_of(const uint64_t *v, const char *name)
{
	int i = counters_find(ctrs, name);

	return i < 0 ? UINT64_MAX : v[i];
}

/* What fork() write-protects: private mappings, read-only ones included
 * (is_cow_mapping() asks for VM_MAYWRITE), that ever had an anonymous page.
 */
static long count_cow_vmas(void)
{
	char line[512], perms[8];
	unsigned long a, b, kb;
	bool cow = false;
	long n = 0;
	FILE *f = fopen("/proc/self/smaps", "r");

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx %7s", &a, &b, perms) == 3)
			cow = perms[3] == 'p';
		else if (sscanf(line, "Anonymous: %lu kB", &kb) == 1 && kb)
			n += cow;
	}
	if (f)
		fclose(f);
	return n;
}

static void check_fork(void)
{
	long vmas = count_cow_vmas();
	int i, ret = 0;

	counters_read(ctrs, before, NULL);
	for (i = 0; i < 20; i++)
		ret |= fork_1();
	counters_read(ctrs, after, NULL);
	tap_eq(ret, 0, "20 forks");
	tap_eq(delta("inv_protection_page_events"), 20 * vmas,
	       "one PROTECTION_PAGE a fork and private mapping");
	tap_ok(delta("fork_vmas") >= 20 * vmas, "fork_vmas counts these");
	tap_eq(delta("inv_unmap_events"), 0, "and the children's exits not");
}

static void check_exclusive_fork(void)
{
	int ret = mark_exclusive();

	counters_read(ctrs, before, NULL);
	ret |= fork_1();
	counters_read(ctrs, after, NULL);
	tap_eq(ret, 0, "fork with 64 exclusive pages");
	tap_eq(delta("restore_pages"), NPAGES, "fork restores all 64");
	tap_eq(delta("inv_exclusive_events"), 0, "without an event of its own");
	touch_all();
}

static void check_exclusive_errors(void)
{
	char *here = mem;
	int ret;

	mem = BASE + (3UL << 32);
	map_at(mem, 4, true);
	mprotect(mem, 4 * PAGE, PROT_READ);
	counters_read(ctrs, before, NULL);
	ret = dmirror_call(DMIRROR_EXCLUSIVE, 4, NULL);
	counters_read(ctrs, after, NULL);
	tap_ok(ret, "marking read-only memory fails (%d)", ret);
	tap_eq(delta("exclusive_efault"), 1, "and is counted as EFAULT");
	tap_eq(delta("exclusive_pages"), 0, "with no page");
	munmap(mem, 4 * PAGE);
	mem = here;
}

/* Storms from a second thread, for what only a race can count. */

static volatile bool stop;

static void *storm(void *arg)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(1, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	while (!stop)
		madvise(arg, NPAGES * PAGE, MADV_DONTNEED);
	return NULL;
}

static long chains(void)
{
	static const char *const names[] = { "1", "2", "3", "4", "5to8",
					     "9to16", "17to32", "33up" };
	char name[64];
	size_t i;
	long n = 0;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		snprintf(name, sizeof(name), "range_fault_chain_%s", names[i]);
		n += delta(name);
	}
	return n;
}

static void check_hist_sum(const char *hist, long want)
{
	static uint64_t bucket[HMMSTORM_HIST_BUCKETS];
	long n = 0;
	size_t i;
	int ret = -ENOENT;

	for (i = 0; i < counters_nr_hists(ctrs); i++)
		if (!strcmp(counters_hist_desc(ctrs, i)->name, hist))
			ret = counters_hist(ctrs, i, bucket);
	for (i = 0; !ret && i < HMMSTORM_HIST_BUCKETS; i++)
		n += bucket[i];
	tap_eq(ret ? ret : n, want, hist);
}

static long all_events(const uint64_t *v)
{
	static const char *const types[] = {
		"unmap",      "clear",	 "protection_vma", "protection_page",
		"soft_dirty", "migrate", "exclusive",	   "unknown"
	};
	char name[64];
	size_t i;
	long n = 0;

	for (i = 0; i < sizeof(types) / sizeof(*types); i++) {
		snprintf(name, sizeof(name), "inv_%s_events", types[i]);
		n += value_of(v, name);
	}
	return n;
}

static void check_race(void)
{
	pthread_t thread;
	int i;

	counters_read(ctrs, before, NULL);
	stop = false;
	pthread_create(&thread, NULL, storm, mem);
	for (i = 0; i < 3000; i++)
		dmirror_call(DMIRROR_READ, 32, NULL);
	stop = true;
	pthread_join(thread, NULL);
	counters_read(ctrs, after, NULL);

	printf("# faults %ld busy %ld read_begin %ld waits %ld peak chain %lu\n",
	       delta("range_fault_calls"), delta("range_fault_busy"),
	       delta("read_begin_calls"), delta("read_begin_waits"),
	       value_of(after, "range_fault_chain_peak"));
	tap_eq(delta("range_fault_ok") + delta("range_fault_busy") +
		       delta("range_fault_error"),
	       delta("range_fault_calls"), "each hmm_range_fault has a result");
	tap_eq(chains(), delta("range_fault_ok"),
	       "each success ends a retry chain");
	tap_ok(delta("read_begin_waits") <= delta("read_begin_calls"),
	       "no more waits than calls");
	tap_eq(delta("range_fault_chain_untracked"), 0, "none untracked");
	check_hist_sum("inv_ns",
		       all_events(after) -
			       value_of(after, "inv_untimed_events"));
	check_hist_sum("read_begin_wait_ns",
		       value_of(after, "read_begin_waits"));
}

/* Lifetimes. */

static uint64_t attached(void)
{
	static uint64_t v[MAX_COUNTERS];

	return counters_read_total(ctrs, v, NULL) ? UINT64_MAX :
						    value_of(v, "attached_mms");
}

/* Without the copy-on-write faults that a child of fork() has everywhere. */
static long wide_clears(const uint64_t *v)
{
	return value_of(v, "inv_clear_events") -
	       value_of(v, "inv_clear_one_page");
}

static int raw_open(void)
{
	return open("/dev/" HMMSTORM_DEVICE, O_RDWR);
}

static int raw_attach(int fd, unsigned int flags)
{
	struct hmmstorm_attach a = { .flags = flags };

	return ioctl(fd, HMMSTORM_IOC_ATTACH, &a) ? -errno : 0;
}

static int raw_read(int fd, unsigned long call, unsigned int scope,
		    unsigned int pid, unsigned int index, void *v,
		    unsigned int nr)
{
	struct hmmstorm_read r = {
		.scope = scope,
		.pid = pid,
		.index = index,
		.nr = nr,
		.values = (uintptr_t)v,
	};

	return ioctl(fd, call, &r) ? -errno : (int)r.nr;
}

static int raw_snapshot(int fd, uint64_t *v)
{
	return raw_read(fd, HMMSTORM_IOC_SNAPSHOT, HMMSTORM_MINE, 0, 0, v,
			MAX_COUNTERS);
}

static int wait_for(pid_t pid)
{
	int status = -1;

	waitpid(pid, &status, 0);
	return status;
}

static void check_two_files(void)
{
	int fd = raw_open();

	tap_eq(raw_snapshot(fd, after), -ENODEV, "not attached: ENODEV");
	tap_eq(raw_attach(fd, 0), 0, "a second file attaches the same mm");
	tap_eq(raw_attach(fd, 0), -EBUSY, "but not twice");
	tap_eq(attached(), 1, "it is still one attached mm");
	dontneed_100();
	counters_read(ctrs, before, NULL);
	raw_snapshot(fd, after);
	tap_ok(!memcmp(before, after, counters_nr(ctrs) * sizeof(*before)),
	       "both read the same values");
	close(fd);
	tap_eq(attached(), 1, "closing one leaves the other attached");
	touch_all();
}

/* A child that attaches, works, and then ends as told. */
static pid_t start_child(void (*end)(int fd), int to_parent)
{
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	fd = raw_open();
	if (raw_attach(fd, HMMSTORM_ATTACH_TIMES))
		_exit(9);
	dontneed_100();
	if (write(to_parent, "x", 1) != 1)
		_exit(9);
	end(fd);
	_exit(0);
}

static void end_exit(int fd)
{
	(void)fd;
}

static void end_never(int fd)
{
	(void)fd;
	for (;;)
		pause();
}

static void end_storm(int fd)
{
	(void)fd;
	for (;;)
		dontneed_100();
}

/* A grandchild keeps the file; it reads when its parent is gone. */
static void end_orphan(int fd)
{
	static uint64_t v[MAX_COUNTERS];
	int ok, up[2];
	char c;
	pid_t pid;

	if (pipe(up))
		_exit(9);
	pid = fork();
	if (pid) {
		close(fd);
		_exit(0);
	}
	close(up[1]);
	while (getppid() != 1 && getppid() != 0)
		usleep(1000);
	(void)!read(up[0], &c, 1);
	usleep(100000);
	ok = raw_snapshot(fd, v) > 0 &&
	     value_of(v, "inv_release_events") == 1 && wide_clears(v) == 100;
	dontneed_100();
	raw_snapshot(fd, v);
	ok = ok && wide_clears(v) == 100;
	_exit(ok ? 0 : 1);
}

/* After exec the same file reads what was counted before, and no more. */
static void end_exec(int fd)
{
	char arg[16];

	snprintf(arg, sizeof(arg), "%d", fd);
	execl("/proc/self/exe", "module-counters", "after-exec", arg, NULL);
	_exit(9);
}

static int after_exec(int fd)
{
	static uint64_t v[MAX_COUNTERS];

	if (counters_open_reader(&ctrs))
		return 1;
	mem = map_at(BASE, NPAGES, true);
	dontneed_100();
	if (raw_snapshot(fd, v) < 1 || wide_clears(v) != 100 ||
	    value_of(v, "inv_release_events") != 1)
		return 2;
	if (raw_attach(fd, 0) != -EBUSY)
		return 3;
	/* the same pid once more: the old one is still there */
	if (raw_attach(raw_open(), 0))
		return 4;
	return 0;
}

static int run_child(void (*end)(int fd), bool kill_it)
{
	int up[2];
	char c;
	pid_t pid;

	if (pipe(up))
		return -1;
	pid = start_child(end, up[1]);
	close(up[1]);
	if (read(up[0], &c, 1) == 1 && kill_it)
		kill(pid, SIGKILL);
	close(up[0]);
	return wait_for(pid);
}

static void check_lifetimes(void)
{
	uint64_t total = 0;
	int i, bad = 0;

	counters_read_total(ctrs, before, NULL);
	tap_eq(run_child(end_exit, false), 0, "attach, work, exit");
	counters_read_total(ctrs, after, NULL);
	total = delta("inv_clear_events");
	tap_ok(total >= 100, "the total keeps what an exited process counted");
	tap_eq(run_child(end_storm, true), SIGKILL, "killed while invalidating");
	tap_eq(run_child(end_exec, false), 0, "exec: counted before, not after");
	tap_eq(run_child(end_orphan, false), 0, "the file outlives its process");
	usleep(300000);
	tap_eq(attached(), 1, "all of them are gone");
	for (i = 0; i < 30; i++)
		bad += run_child(end_storm, true) != SIGKILL;
	tap_eq(bad, 0, "30 kills");
	tap_eq(attached(), 1, "all of them are gone again");
}

static void check_two_processes(void)
{
	static uint64_t v[MAX_COUNTERS];
	int up[2], n;
	char c;
	pid_t pid;

	if (pipe(up))
		return;
	counters_read(ctrs, before, NULL);
	counters_read_total(ctrs, v, NULL);
	pid = start_child(end_never, up[1]);
	n = read(up[0], &c, 1);
	tap_eq(n, 1, "a second process attaches");
	tap_eq(attached(), 2, "two attached");
	counters_read(ctrs, after, NULL);
	tap_ok(delta("inv_clear_events") < 100, "its events are not ours");
	tap_eq(counters_read_pid(ctrs, pid, after, NULL), 0, "read by pid");
	tap_eq(wide_clears(after), 100, "exactly its own 100 events");
	kill(pid, SIGKILL);
	wait_for(pid);
	tap_eq(counters_read_pid(ctrs, pid, after, NULL), -ESRCH,
	       "no such process any more");
	close(up[0]);
	close(up[1]);
}

static bool not_below(const uint64_t *old, const uint64_t *new)
{
	size_t i;

	for (i = 0; i < counters_nr(ctrs); i++)
		if (counters_desc(ctrs, i)->kind != HMMSTORM_INSTANT &&
		    new[i] < old[i])
			return false;
	return true;
}

/* Reads while another thread and other processes count, come and go. */
static void check_monotonic(void)
{
	pthread_t thread;
	bool mine = true, total = true;
	int i;

	stop = false;
	pthread_create(&thread, NULL, storm, mem);
	for (i = 0; i < 40; i++) {
		uint64_t old[2][MAX_COUNTERS] = {}, new[2][MAX_COUNTERS];
		int n;

		if (i % 4 == 0)
			run_child(end_storm, true);
		for (n = 0; n < 50; n++) {
			counters_read(ctrs, new[0], NULL);
			counters_read_total(ctrs, new[1], NULL);
			mine = mine && not_below(old[0], new[0]);
			total = total && not_below(old[1], new[1]);
			memcpy(old, new, sizeof(old));
		}
	}
	stop = true;
	pthread_join(thread, NULL);
	tap_ok(mine, "no value of ours ever decreased");
	tap_ok(total, "no total ever decreased while processes came and went");
}

static long meminfo(const char *key)
{
	char line[128];
	long kb = 0, n;
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, key, strlen(key)) &&
		    sscanf(strchr(line, ':') + 1, "%ld", &n) == 1)
			kb = n;
	if (f)
		fclose(f);
	return kb;
}

static int cycles(int n)
{
	int bad = 0;

	while (n--) {
		int fd = raw_open();

		bad += raw_attach(fd, HMMSTORM_ATTACH_TIMES) != 0;
		dontneed_100();
		close(fd);
	}
	return bad;
}

static int remove_module(void)
{
	return syscall(SYS_delete_module, "hmmstorm", O_NONBLOCK) ? -errno : 0;
}

static void check_unload(void)
{
	long percpu, slab;
	int i, bad = 0;

	tap_eq(remove_module(), -EAGAIN, "no unloading while attached");
	counters_close(ctrs);
	cycles(20);
	percpu = meminfo("Percpu");
	slab = meminfo("SUnreclaim");
	tap_eq(cycles(200), 0, "200 cycles of attach and close");
	percpu = meminfo("Percpu") - percpu;
	slab = meminfo("SUnreclaim") - slab;
	/* a leak would be 12,800 kB and 1,000 kB on two CPUs */
	tap_ok(percpu < 500 && slab < 500,
	       "no leak: Percpu %+ld kB, SUnreclaim %+ld kB", percpu, slab);
	for (i = 0; i < 10; i++) {
		bad += remove_module() != 0;
		bad += module_load("hmmstorm", NULL) != 0;
		bad += cycles(1);
	}
	tap_eq(bad, 0, "10 cycles of unload, load and use");
	tap_eq(counters_open(&ctrs), 0, "attach after all this");
}

/* Permissions, arguments, descriptions. */

static int open_as_nobody(void)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		if (setgid(65534) || setuid(65534))
			_exit(255);
		_exit(raw_open() < 0 ? errno : 0);
	}
	status = wait_for(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void check_permissions(void)
{
	struct stat st;

	stat("/dev/" HMMSTORM_DEVICE, &st);
	tap_eq(st.st_mode & 07777, 0600, "the node is 0600");
	tap_eq(open_as_nobody(), EACCES, "not for others");
	chmod("/dev/" HMMSTORM_DEVICE, 0666);
	tap_eq(open_as_nobody(), EPERM, "not even through a node of mode 0666");
	chmod("/dev/" HMMSTORM_DEVICE, 0600);
}

static void check_arguments(void)
{
	static const struct {
		const char *what;
		unsigned long call;
		unsigned int scope, pid, index;
		int error;
	} reads[] = {
		{ "scope 0", HMMSTORM_IOC_SNAPSHOT, 0, 0, 0, -EINVAL },
		{ "scope 4", HMMSTORM_IOC_SNAPSHOT, 4, 0, 0, -EINVAL },
		{ "a pid with MINE", HMMSTORM_IOC_SNAPSHOT, 1, 1, 0, -EINVAL },
		{ "a pid with TOTAL", HMMSTORM_IOC_SNAPSHOT, 2, 1, 0, -EINVAL },
		{ "PID 0", HMMSTORM_IOC_SNAPSHOT, 3, 0, 0, -EINVAL },
		{ "PID -1", HMMSTORM_IOC_SNAPSHOT, 3, -1, 0, -EINVAL },
		{ "PID 1", HMMSTORM_IOC_SNAPSHOT, 3, 1, 0, -ESRCH },
		{ "an index in a snapshot", HMMSTORM_IOC_SNAPSHOT, 2, 0, 1,
		  -EINVAL },
		{ "histogram 99", HMMSTORM_IOC_HIST, 2, 0, 99, -EINVAL },
		{ "histogram -1", HMMSTORM_IOC_HIST, 2, 0, -1, -EINVAL },
	};
	struct hmmstorm_attach flags = { .flags = 1U << 31 };
	struct hmmstorm_attach pad = { .pad = 1 };
	int fd = raw_open();
	size_t i;

	for (i = 0; i < sizeof(reads) / sizeof(*reads); i++)
		tap_eq(raw_read(fd, reads[i].call, reads[i].scope, reads[i].pid,
				reads[i].index, after, MAX_COUNTERS),
		       reads[i].error, reads[i].what);
	tap_ok(ioctl(fd, HMMSTORM_IOC_ATTACH, &flags) && errno == EINVAL,
	       "an unknown attach flag: EINVAL");
	tap_ok(ioctl(fd, HMMSTORM_IOC_ATTACH, &pad) && errno == EINVAL,
	       "attach padding not zero: EINVAL");
	tap_ok(ioctl(fd, _IO(HMMSTORM_IOC_MAGIC, 200), 0) && errno == ENOTTY,
	       "an unknown call: ENOTTY");
	tap_ok(ioctl(fd, HMMSTORM_IOC_VERSION, 1) && errno == EFAULT &&
		       ioctl(fd, HMMSTORM_IOC_ATTACH, 1) && errno == EFAULT &&
		       ioctl(fd, HMMSTORM_IOC_DESC, 1) && errno == EFAULT &&
		       ioctl(fd, HMMSTORM_IOC_SNAPSHOT, 1) && errno == EFAULT,
	       "bad pointers: EFAULT");
	tap_eq(raw_read(fd, HMMSTORM_IOC_SNAPSHOT, HMMSTORM_TOTAL, 0, 0,
			(void *)1, 4),
	       -EFAULT, "a bad pointer to values: EFAULT");
	close(fd);
}

static void check_room(void)
{
	uint64_t v[4] = { 1, 2, 3, 77 };
	int n, fd = raw_open();

	n = raw_read(fd, HMMSTORM_IOC_SNAPSHOT, HMMSTORM_TOTAL, 0, 0, v, 3);
	tap_eq(n, counters_nr(ctrs), "a short buffer: says how many there are");
	tap_ok(v[3] == 77, "and writes no more than fit");
	n = raw_read(fd, HMMSTORM_IOC_SNAPSHOT, HMMSTORM_TOTAL, 0, 0, NULL, 0);
	tap_eq(n, counters_nr(ctrs), "no room at all: only says how many");
	close(fd);
}

static void check_no_times(void)
{
	uint64_t *bucket = calloc(HMMSTORM_HIST_BUCKETS, sizeof(*bucket));
	int up[2], status;
	pid_t pid;

	if (pipe(up))
		return;
	pid = fork();
	if (!pid) {
		int fd = raw_open(), other = raw_open();
		bool ok;

		ok = !raw_attach(fd, 0) &&
		     raw_read(fd, HMMSTORM_IOC_HIST, HMMSTORM_MINE, 0, 0,
			      bucket, HMMSTORM_HIST_BUCKETS) == -ENODATA;
		ok = ok && !raw_attach(other, HMMSTORM_ATTACH_TIMES) &&
		     raw_read(fd, HMMSTORM_IOC_HIST, HMMSTORM_MINE, 0, 0,
			      bucket, HMMSTORM_HIST_BUCKETS) ==
			     (int)HMMSTORM_HIST_BUCKETS;
		_exit(!ok);
	}
	status = wait_for(pid);
	tap_eq(status, 0, "histograms only once someone asked for times");
	free(bucket);
	close(up[0]);
	close(up[1]);
}

static void check_descriptions(void)
{
	struct counter_desc p;
	size_t i, j;
	int bad = 0;

	for (i = 0; i < counters_nr(ctrs); i++) {
		const struct counter_desc *d = counters_desc(ctrs, i);

		bad += !d->name[0] || !d->unit[0] || !d->text[0] || !d->kind ||
		       strlen(d->text) >= HMMSTORM_TEXT_LEN - 1;
		for (j = 0; j < i; j++)
			bad += !strcmp(d->name, counters_desc(ctrs, j)->name);
	}
	tap_eq(bad, 0, "every counter has a name of its own, a unit, a text");
	for (i = 0; !counters_probe(ctrs, i, &p); i++)
		printf("# probe %s: %s %d\n", p.name, p.unit, p.error);
	tap_eq(i, counters_nr_probes(ctrs), "every probe is described");
	for (i = 0; i < counters_nr_hists(ctrs); i++)
		bad += !counters_hist_desc(ctrs, i)->name[0];
	tap_eq(bad, 0, "every histogram too");
}

/* By name: what the array says of one that stands still, and of no other. */
static void check_values(void)
{
	const char *name = "inv_unmap_events";
	struct counters *reader;
	int i = counters_find(ctrs, name);

	munmap(map_at(BASE + (1UL << 30), 1, true), PAGE);
	counters_read(ctrs, after, NULL);
	tap_ok(i >= 0 && after[i] && counters_value(ctrs, name) == after[i],
	       "a counter by its name: %s", name);
	counters_read_total(ctrs, after, NULL);
	tap_ok(counters_value_total(ctrs, name) >= after[i], "... and its total");
	tap_ok(counters_value(ctrs, "no_such_counter") == UINT64_MAX &&
	       counters_value_total(ctrs, "no_such_counter") == UINT64_MAX,
	       "one that is not there is no value");
	if (!tap_ok(!counters_open_reader(&reader), "a reader opens"))
		return;
	tap_ok(counters_value(reader, name) == UINT64_MAX &&
	       counters_value_total(reader, name) != UINT64_MAX,
	       "who is not attached has a total only");
	counters_close(reader);
}

static void check_debugfs(void)
{
	char path[96], line[256], name[64], unit[32];
	unsigned long long v;
	size_t n = 0;
	int bad = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/debug/hmmstorm/mm/%d",
		 getpid());
	f = fopen(path, "r");
	if (!f) {
		tap_skip("text in debugfs", "no debugfs here");
		return;
	}
	counters_read(ctrs, after, NULL);
	while (fgets(line, sizeof(line), f) && n < counters_nr(ctrs)) {
		const struct counter_desc *d = counters_desc(ctrs, n);

		bad += sscanf(line, "%63s %llu %31s", name, &v, unit) != 3 ||
		       strcmp(name, d->name) || strcmp(unit, d->unit) ||
		       v != after[n];
		n++;
	}
	fclose(f);
	tap_ok(!bad && n == counters_nr(ctrs),
	       "debugfs mm/<pid> says the same (%zu lines, %d differ)", n, bad);
}

static int exclusive_and_back(void)
{
	int ret = mark_exclusive();

	restored_by_fault += NPAGES;
	return ret ? ret : touch_all();
}

static int probe_error(const char *counts)
{
	struct counter_desc p;
	size_t i;

	for (i = 0; !counters_probe(ctrs, i, &p); i++)
		if (!strncmp(p.text, counts, strlen(counts)))
			return p.error;
	return 1;
}

/* test_hmm's functions are watched when it comes and not when it has gone. */
static void check_module_probes(void)
{
	tap_eq(probe_error("test_hmm_faults"), 0, "test_hmm's functions are watched");
	close(dmirror);
	tap_eq(syscall(SYS_delete_module, "test_hmm", O_NONBLOCK), 0, "test_hmm goes");
	tap_eq(probe_error("test_hmm_faults"), -ENOENT, "and so do its probes");
	tap_eq(module_load("test_hmm", NULL), 0, "it comes again");
	dmirror = open("/dev/hmm_dmirror0", O_RDWR | O_CLOEXEC);
	tap_eq(probe_error("test_hmm_faults"), 0, "its probes too");
	counters_read(ctrs, before, NULL);
	dmirror_read_32();
	counters_read(ctrs, after, NULL);
	tap_eq(delta("test_hmm_faults"), 1, "and count");
	tap_eq(probe_error("nouveau_faults"), -ENOENT, "nouveau is not loaded: its are not watched");
}

static struct hmmstorm_page *map_page(int fd, size_t length, int prot)
{
	void *p = mmap(NULL, length, prot, MAP_SHARED, fd, HMMSTORM_MMAP_COUNTERS);

	return p == MAP_FAILED ? NULL : p;
}

static void check_page(void)
{
	int fd = raw_open();
	struct hmmstorm_page *page;
	uint64_t sequence;

	tap_ok(!map_page(fd, PAGE, PROT_READ) && errno == ENODEV,
	       "the page of counters: not before attaching");
	raw_attach(fd, 0);
	tap_ok(!map_page(fd, PAGE, PROT_READ | PROT_WRITE) && errno == EPERM,
	       "not for writing");
	tap_ok(!map_page(fd, 5 * PAGE, PROT_READ) && errno == EINVAL, "not longer than it is");
	page = map_page(fd, PAGE, PROT_READ);
	tap_ok(page, "for reading");
	if (!page)
		return;
	tap_ok(mprotect(page, PAGE, PROT_READ | PROT_WRITE), "nor made writable later");
	dontneed_100();
	usleep(100 * 1000);
	raw_snapshot(fd, after);
	sequence = page->sequence;
	tap_ok(page->abi == HMMSTORM_ABI && page->nr_counters == counters_nr(ctrs) &&
	       !(sequence & 1), "it says what it holds");
	tap_eq(page->value[counters_find(ctrs, "inv_clear_events")],
	       value_of(after, "inv_clear_events"), "and what the snapshot says");
	usleep(100 * 1000);
	tap_ok(page->sequence > sequence, "it is kept up to date");
	close(fd);
	tap_ok(page->value[counters_find(ctrs, "inv_clear_events")] > 0,
	       "it can be read after the file was closed");
	munmap(page, PAGE);
	touch_all();
}

static void check_dmirror(void)
{
	struct counter_desc p;
	bool placed = false;
	size_t i;

	dmirror = module_load("test_hmm", NULL) ?
			  -1 :
			  open("/dev/hmm_dmirror0", O_RDWR | O_CLOEXEC);
	for (i = 0; !counters_probe(ctrs, i, &p); i++)
		if (!strncmp(p.name, "make_device_exclusive", 21))
			placed = placed || !p.error;
	if (dmirror < 0 || !placed) {
		tap_skip("device-exclusive and HMM counters",
			 "no test_hmm, or its functions cannot be watched here");
		return;
	}
	CHECK_KNOWN(dmirror_cases);
	restored_by_fault += NPAGES;
	tap_eq(exclusive_and_back(), 0, "64 pages marked and restored");
	check_hist_sum("cpu_restore_ns", restored_by_fault);
	check_exclusive_fork();
	check_exclusive_errors();
	check_race();
	touch_all();
	CHECK_KNOWN(migrate_cases);
	counters_read(ctrs, before, NULL);
	tap_eq(migrate_back_32(), 0, "migrate back");
	counters_read(ctrs, after, NULL);
	tap_eq(delta("migrate_setup_calls"), 1, "one migrate_vma_setup");
	check_module_probes();
	close(dmirror);
}

int main(int argc, char **argv)
{
	int ret;

	release = kernel_release();
	if (argc == 3 && !strcmp(argv[1], "after-exec"))
		return after_exec(atoi(argv[2]));
	ret = module_load("hmmstorm", NULL);
	if (!ret)
		ret = counters_open(&ctrs);
	if (ret) {
		fprintf(stderr, "module-counters: %s\n",
			counters_strerror(ret));
		return ret == -ENOENT ? 4 : 1;
	}
	mem = map_at(BASE, NPAGES, true);
	check_descriptions();
	CHECK_KNOWN(plain_cases);
	touch_all();
	if (clear_refs_5())
		tap_skip("soft-dirty", "no CONFIG_MEM_SOFT_DIRTY");
	else
		CHECK_KNOWN(soft_dirty_cases);
	check_fork();
	check_dmirror();
	check_values();
	check_debugfs();
	check_page();
	check_two_files();
	check_two_processes();
	check_no_times();
	check_monotonic();
	check_lifetimes();
	check_permissions();
	check_arguments();
	check_room();
	check_unload();
	counters_close(ctrs);
	return tap_done();
}
