// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm-stress as a whole, on the null backend: what it prints and records,
 * and that every way in which a run can end has its status, its line, and whole
 * rows. Kernel splats come from a FIFO in the log's place.
 */
#include <dirent.h>
#include <stdarg.h>
#include <sys/stat.h>

#include "../lib/tap.h"
#include "child.h"
#include "results.h"

#define MOST_ARGS 24

static const char *const names[] = { "atomics", "mprotect", "fork", "munmap" };

#define NR_NAMES (sizeof(names) / sizeof(*names))

/* Starts the program with these arguments, divided by blanks; dir may be NULL. */
static void start(struct child *c, const char *dir, const char *args)
{
	static char copy[500], path[4200];
	char *argv[MOST_ARGS], *rest = copy, *word;
	int n = 1;

	snprintf(path, sizeof(path), "%s", program("hmmstorm-stress"));
	snprintf(copy, sizeof(copy), "%s", args);
	argv[0] = path;
	while (n < MOST_ARGS - 3 && (word = strsep(&rest, " ")))
		argv[n++] = word;
	if (dir) {
		argv[n++] = (char *)(uintptr_t)"--out";
		argv[n++] = (char *)(uintptr_t)dir;
	}
	argv[n] = NULL;
	child_start(c, argv);
}

static int run(struct child *c, const char *dir, const char *args)
{
	start(c, dir, args);
	return child_end(c, 120);
}

/* Until the storm has been sampled, which is after its first steps. */
static void wait_for_samples(const char *dir)
{
	char path[600];
	struct stat st;
	int naps;

	snprintf(path, sizeof(path), "%s/%s", dir, files[3].name);
	for (naps = 0; naps < 3000; naps++) {
		if (!stat(path, &st) && st.st_size > 200)
			break;
		usleep(10000);
	}
}

/* Checks the end of a run; shows what it said if that is wrong. */
__attribute__((format(printf, 4, 5))) static bool
ended(const struct child *c, int status, const char *says, const char *fmt, ...)
{
	bool good = c->status == status && strstr(c->err, says);
	char what[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (tap_ok(good, "%s: status %d", what, status))
		return true;
	printf("# status %d, wanted '%s' in:\n", c->status, says);
	print_as_comment(c->err);
	return false;
}

/* --- good ends --- */

/* The operations that the null backend has no cause to do. */
static bool may_be_idle(const char *op)
{
	return !strcmp(op, "cpu_restore") || !strcmp(op, "fork_refused");
}

/* Every line "  operation done refused ..." of the table. */
static int idle_operations(const char *out)
{
	char *copy = strdup(out), *rest = copy, *line, op[64];
	unsigned long long done;
	int idle = 0, n = 0;

	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "  ", 2) || sscanf(line, "%63s %llu", op, &done) != 2)
			continue;
		n++;
		if (!done && !may_be_idle(op))
			printf("# %s was never done\n", op);
		idle += !done && !may_be_idle(op);
	}
	free(copy);
	return n ? idle : -1;
}

static void check_results(const char *dir, const char *what)
{
	bool stepped = true;
	size_t i;

	for (i = 0; i < NR_NAMES; i++)
		stepped &= metric(dir, names[i], "steps") > 0 &&
			   metric(dir, names[i], "steps_rate") > 0;
	tap_ok(stepped, "%s: each stressor has its rows", what);
	tap_ok(metric(dir, "all", "invariants_hold") == 1, "%s: the verdict is recorded", what);
	tap_ok(all_whole(dir) && whole_rows(dir, 2) > 0 && whole_rows(dir, 3) > 0,
	       "%s: rows, buckets and samples are whole", what);
}

static void test_good(void)
{
	int workers, processes;

	for (workers = 1; workers <= 2; workers++)
		for (processes = 1; processes <= 2; processes++) {
			char name[32], args[100];
			const char *dir;
			struct child c;

			snprintf(name, sizeof(name), "good-%d-%d", workers, processes);
			snprintf(args, sizeof(args), "-b null -t 2 -w %d -P %d",
				 workers, processes);
			dir = scratch_path(name);
			run(&c, dir, args);
			if (!ended(&c, 0, "", "%s", args))
				continue;
			tap_ok(!c.err[0], "%s: says nothing on stderr", args);
			tap_eq(idle_operations(c.out), 0, "... and every operation is done");
			check_results(dir, name);
		}
}

static void test_ops(void)
{
	const char *dir = scratch_path("ops");
	bool good = true;
	struct child c;
	size_t i;

	run(&c, dir, "-b null -n 20 -w 2 -P 2");
	ended(&c, 0, "", "a run by steps");
	for (i = 0; i < NR_NAMES; i++)
		good &= metric(dir, names[i], "steps") == 20 * 2 * 2;
	tap_ok(good, "each worker made exactly its steps");
}

static void test_settings(void)
{
	static const char *const settings[] = {
		"--thp always", "--thp mixed --pages 1100", "--node local",
		"--node interleave", "--no-pin", "--pages 1", "--seed 0",
	};
	char args[100];
	struct child c;
	size_t i;

	for (i = 0; i < sizeof(settings) / sizeof(*settings); i++) {
		snprintf(args, sizeof(args), "-b null -n 12 -w 2 %s", settings[i]);
		run(&c, NULL, args);
		ended(&c, 0, "", "%s", args);
	}
}

/* What one worker does depends on the seed, and on nothing else. */
static void test_seed(void)
{
	static const char *const ops[] = { "mprotect_same", "mprotect_flip",
					   "mprotect_none" };
	double done[3][3];
	bool same = true, other = false;
	int i, op;

	for (i = 0; i < 3; i++) {
		char name[32], args[100];
		struct child c;

		snprintf(name, sizeof(name), "seed%d", i);
		snprintf(args, sizeof(args), "-b null -s mprotect -n 400 -S %d", i < 2 ? 7 : 8);
		run(&c, scratch_path(name), args);
		for (op = 0; op < 3; op++) {
			snprintf(args, sizeof(args), "%s_n", ops[op]);
			done[i][op] = metric(scratch_path(name), "mprotect", args);
		}
	}
	for (op = 0; op < 3; op++) {
		same &= done[0][op] == done[1][op] && done[0][op] > 0;
		other |= done[0][op] != done[2][op];
	}
	tap_ok(same, "the same seed does the same operations");
	tap_ok(other, "another seed does others");
}

/* --- interrupted --- */

/* Processes of a group that run or wait; zombies are their parent's matter. */
static int group_size(pid_t group)
{
	int pid, pgrp, n = 0;
	struct dirent *d;
	char name[300], state;
	DIR *proc = opendir("/proc");

	while ((d = readdir(proc))) {
		FILE *f;

		snprintf(name, sizeof(name), "/proc/%s/stat", d->d_name);
		f = d->d_name[0] > '9' ? NULL : fopen(name, "re");
		if (!f)
			continue;
		if (fscanf(f, "%d (%*[^)]) %c %*d %d", &pid, &state, &pgrp) == 3)
			n += pgrp == group && state != 'Z' && state != 'X';
		fclose(f);
	}
	closedir(proc);
	return n;
}

static bool group_is_gone(pid_t group)
{
	int naps;

	for (naps = 0; naps < 200; naps++) {
		if (!group_size(group))
			return true;
		usleep(50000);
	}
	kill(-group, SIGKILL);
	return false;
}

static void test_interrupted(void)
{
	static const struct {
		int sig, group, status;
		const char *what;
	} cases[] = {
		{ SIGINT, 1, 130, "Ctrl-C" },
		{ SIGINT, 0, 130, "SIGINT to the program alone" },
		{ SIGTERM, 0, 143, "SIGTERM" },
		{ SIGKILL, 0, 137, "SIGKILL" },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char name[32];
		const char *dir;
		struct child c;

		snprintf(name, sizeof(name), "interrupted%zu", i);
		dir = scratch_path(name);
		start(&c, dir, "-b null -t 100 -w 2 -P 2");
		wait_for_samples(dir);
		usleep(1000000);
		if (cases[i].group)
			kill(-c.pid, cases[i].sig);
		else
			kill(c.pid, cases[i].sig);
		child_end(&c, 60);
		ended(&c, cases[i].status, "", "%s", cases[i].what);
		tap_ok(group_is_gone(c.pid), "... leaves no process behind");
		tap_ok(all_whole(dir), "... and whole rows");
		if (cases[i].sig == SIGKILL)
			tap_ok(whole_rows(dir, 3) > 0, "... among them the samples so far");
		else
			check_results(dir, cases[i].what);
	}
}

/* A fork child whose parent dies before it tells must not wait for ever. */
static void test_orphans(void)
{
	int i, orphans = 0;

	for (i = 0; i < 6; i++) {
		const char *dir;
		char name[32];
		struct child c;

		snprintf(name, sizeof(name), "orphans%d", i);
		dir = scratch_path(name);
		start(&c, dir, "-b null -s fork -w 4 -t 100 --pages 4096");
		wait_for_samples(dir);
		kill(c.pid, SIGKILL);
		child_end(&c, 60);
		orphans += !group_is_gone(c.pid);
	}
	tap_eq(orphans, 0, "six runs killed amid forks leave no child behind");
}

/* --- failures --- */

static void test_canary(void)
{
	const char *dir = scratch_path("canary");
	struct child c;

	run(&c, dir, "-b null -s canary,munmap --seconds 60 --seed 9");
	/* whoever comes upon it first */
	ended(&c, 1, ", worker 0 of process 0, step ", "a broken invariant");
	tap_ok(strstr(c.err, "lost atomic") || strstr(c.err, "lost or foreign"), "... is told in words");
	tap_ok(strstr(c.err, "seed 9; run it again:\n  ./hmmstorm stress -b null -s canary,munmap --seconds 60 --seed 9 --out "),
	       "... with the seed and the command that runs it again");
	tap_ok(metric(dir, "all", "invariants_hold") == 0, "... and recorded");
	setenv("HMMSTORM_VM", "./hmmstorm vm --cpus 2", 1);
	run(&c, NULL, "-b null -s canary -t 1");
	unsetenv("HMMSTORM_VM");
	ended(&c, 1, "\n  ./hmmstorm vm --cpus 2 -- hmmstorm stress -b null -s canary -t 1\n",
	      "in the lab the command is the lab's");
}

/* Sends the signal to some child of the program, when it has one. */
static void kill_storm_process(pid_t parent, int sig)
{
	int pid, ppid, naps;
	char name[64];
	FILE *f;

	for (naps = 0; naps < 500; naps++) {
		for (pid = parent + 1; pid < parent + 500; pid++) {
			snprintf(name, sizeof(name), "/proc/%d/stat", pid);
			f = fopen(name, "re");
			if (!f)
				continue;
			if (fscanf(f, "%*d (%*[^)]) %*c %d", &ppid) != 1)
				ppid = 0;
			fclose(f);
			if (ppid == parent) {
				kill(pid, sig);
				return;
			}
		}
		usleep(10000);
	}
}

static void test_storm_process(void)
{
	const char *dir = scratch_path("died");
	struct child c;

	start(&c, dir, "-b null -t 60 -s atomics,munmap -P 2");
	wait_for_samples(dir);
	kill_storm_process(c.pid, SIGKILL);
	child_end(&c, 60);
	ended(&c, 1, "FAILED: a storm process died: Killed", "a storm process killed");
	tap_ok(metric(dir, "all", "invariants_hold") == 0 && all_whole(dir), "... is recorded");
	dir = scratch_path("stuck");
	start(&c, dir, "-b null -t 60 -s atomics --stuck 1");
	wait_for_samples(dir);
	kill_storm_process(c.pid, SIGSTOP);
	child_end(&c, 60);
	ended(&c, 1, "stuck or starved", "a storm process that stands still");
	tap_ok(group_is_gone(c.pid), "... is killed at the end");
}

/* --- where the results go --- */

static void test_results_folder(void)
{
	const char *dir = scratch_path("full");
	struct child c;

	close(open(scratch_path("file"), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	run(&c, scratch_path("file/sub"), "-b null -t 1");
	ended(&c, 2, "--out", "a results folder that cannot be made");
	tap_eq(count_lines(c.err), 1, "... in one line");
	mkdir(dir, 0700);
	if (mount("tmpfs", dir, "tmpfs", 0, "size=16k")) {
		tap_skip("a full disk", "needs root, to mount a small tmpfs");
		return;
	}
	run(&c, dir, "-b null -t 60");
	ended(&c, 2, "cannot write", "a full disk");
	tap_eq(count_lines(c.err), 1, "... in one line");
	tap_ok(whole_rows(dir, 0) > 0 && whole_rows(dir, 1) >= 0 &&
	       whole_rows(dir, 3) > 0, "... and whole rows");
	umount(dir);
}

/* --- the kernel log --- */

static void test_kernel_log(void)
{
	const char *fifo = scratch_path("kmsg"), *dir = scratch_path("splat");
	struct child c;
	int fd;

	mkfifo(fifo, 0600);
	if (mount(fifo, "/dev/kmsg", NULL, MS_BIND, NULL)) {
		tap_skip("kernel splats", "needs root, to put a FIFO over /dev/kmsg");
		return;
	}
	fd = open(fifo, O_RDWR | O_CLOEXEC);
	start(&c, dir, "-b null -t 60 -s atomics,munmap");
	wait_for_samples(dir);
	dprintf(fd, "6,1,100,-;harmless\n");
	usleep(500000);
	dprintf(fd, "4,2,200,-;WARNING: mm/memory.c:744 at restore_exclusive_pte+0x1a3/0x1c0, CPU#1: stress/312\n");
	child_end(&c, 60);
	ended(&c, 1, "FAILED: the kernel says: WARNING: mm/memory.c:744 at", "a kernel WARNING during the run");
	tap_ok(strstr(c.err, "seed 1; run it again:") && strstr(c.err, "  kernel: harmless\n"),
	       "... with the seed and the tail of the log");
	tap_ok(group_is_gone(c.pid), "... and no process left");
	close(fd);
	umount("/dev/kmsg");
	unlink(fifo);
	/* a device that is not there: as without the right to read the log */
	mknod(scratch_path("gone"), S_IFCHR, 0);
	if (!mount(scratch_path("gone"), "/dev/kmsg", NULL, MS_BIND, NULL)) {
		run(&c, NULL, "-b null -n 20");
		ended(&c, 0, "cannot be watched", "a log that cannot be read is said, and no failure");
		umount("/dev/kmsg");
	}
}

/* --- what is not there --- */

static void test_skipped(void)
{
	struct child c;

	run(&c, NULL, "-b null --node remote -n 5");
	if (c.status)
		ended(&c, 4, "two NUMA nodes", "--node remote on one node");
	tap_ok(c.status == 0 || count_lines(c.err) == 1, "... runs or is one line");
	run(&c, NULL, "-b null -s migrate -n 5");
	ended(&c, 4, "stressor migrate needs what backend null cannot do", "a stressor the device cannot bear");
	tap_eq(count_lines(c.err), 1, "... in one line");
	run(&c, NULL, "-b test_hmm -n 5 -s atomics");
	if (!c.status) {
		tap_skip("an absent device", "test_hmm is here");
		return;
	}
	ended(&c, 4, "backend test_hmm: ", "an absent device");
	tap_eq(count_lines(c.err), 1, "... in one line that says what to do");
}

/* By descriptor: the folder may be closed to others. */
static void test_no_root(void)
{
	int fd = open(program("hmmstorm-stress"), O_RDONLY);
	char name[] = "hmmstorm-stress", b[] = "-b", backend[] = "test_hmm";
	char *const argv[] = { name, b, backend, NULL };
	struct child c;

	if (geteuid()) {
		tap_skip("no root", "this is not root");
		return;
	}
	c.out_fd = memfd_create("out", MFD_CLOEXEC);
	c.err_fd = memfd_create("err", MFD_CLOEXEC);
	c.pid = fork();
	if (!c.pid) {
		dup2(c.out_fd, STDOUT_FILENO);
		dup2(c.err_fd, STDERR_FILENO);
		if (setgid(65534) || setuid(65534))
			_exit(1);
		fexecve(fd, argv, environ);
		_exit(127);
	}
	close(fd);
	child_end(&c, 60);
	ended(&c, 4, "run as root", "without root");
	tap_eq(count_lines(c.err), 1, "... in one line");
}

int main(void)
{
	scratch_init();
	private_mounts();	/* tests that mount find out if they may */
	test_good();
	test_ops();
	test_settings();
	test_seed();
	test_interrupted();
	test_orphans();
	test_canary();
	test_storm_process();
	test_results_folder();
	test_kernel_log();
	test_skipped();
	test_no_root();
	return tap_done();
}
