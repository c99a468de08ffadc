// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interval notifiers that only count (HMMSTORM_IOC_INTERVALS): as many hits as
 * notifiers overlap, none elsewhere, none left when they were taken away, their file
 * closed or their process killed.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/device_node.h"
#include "../lib/helper.h"
#include "../lib/intervals.h"
#include "../lib/tap.h"

#define PAGE 4096UL
#define NOWHERE 0x100000000000ULL

static char *mem;

static void discard(size_t first, size_t n)
{
	if (madvise(mem + first * PAGE, n * PAGE, MADV_DONTNEED))
		perror("# madvise");
}

static uint64_t hits_of(struct intervals *s)
{
	uint64_t hits = 0;

	if (intervals_clear(s, &hits))
		perror("# intervals_clear");
	return hits;
}

static void test_hits(void)
{
	struct intervals s;
	uint64_t at = (uintptr_t)mem;

	tap_eq(intervals_open(&s), 0, "a set of notifiers");
	tap_eq(intervals_add(&s, at, PAGE, PAGE, 8), 0, "one on each of eight pages");
	discard(0, 8);
	discard(3, 1);
	tap_eq((long long)hits_of(&s), 9, "an invalidation of all hits eight, one of a page one");
	discard(0, 8);
	tap_eq((long long)hits_of(&s), 9, "none when they have been taken away");
	intervals_add(&s, at, PAGE, 0, 100);
	intervals_add(&s, NOWHERE, PAGE, 2 * PAGE, 1000);
	discard(0, 1);
	discard(1, 1);
	tap_eq((long long)hits_of(&s), 109, "a hundred on one page, a thousand elsewhere");
	intervals_close(&s);
}

static int try(int fd, struct hmmstorm_intervals p)
{
	return ioctl(fd, HMMSTORM_IOC_INTERVALS, &p) ? -errno : 0;
}

static void test_arguments(void)
{
	const struct {
		const char *what;
		struct hmmstorm_intervals p;
		int want;
	} cases[] = {
		{ "no length", { .addr = PAGE, .count = 1 }, -EINVAL },
		{ "pad", { .addr = PAGE, .bytes = 1, .count = 1, .pad = 1 }, -EINVAL },
		{ "nr is not the caller's", { .addr = PAGE, .bytes = 1, .count = 1, .nr = 1 },
		  -EINVAL },
		{ "hits neither", { .addr = PAGE, .bytes = 1, .count = 1, .hits = 1 }, -EINVAL },
		{ "an address without a count", { .addr = PAGE }, -EINVAL },
		{ "beyond the end", { .addr = -PAGE, .bytes = 2 * PAGE, .count = 1 }, -EINVAL },
		{ "the last one beyond the end",
		  { .addr = PAGE, .bytes = 1, .stride = 1ULL << 63, .count = 3 }, -EINVAL },
		{ "up to the end", { .addr = -PAGE, .bytes = PAGE, .count = 1 }, 0 },
		{ "more than there may be",
		  { .addr = PAGE, .bytes = 1, .count = HMMSTORM_INTERVALS_MAX + 1 }, -ENOSPC },
		{ "one too many together",
		  { .addr = PAGE, .bytes = 1, .count = HMMSTORM_INTERVALS_MAX }, -ENOSPC },
	};
	int fd = helper_open(NULL);
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		tap_eq(try(fd, cases[i].p), cases[i].want, cases[i].what);
	tap_ok(ioctl(fd, HMMSTORM_IOC_INTERVALS, NULL) && errno == EFAULT, "no structure");
	close(fd);
}

/* A file's notifiers go with it; another's stay. */
static void test_close(void)
{
	struct intervals a, b;

	if (intervals_open(&a) || intervals_open(&b) ||
	    intervals_add(&a, (uintptr_t)mem, PAGE, 0, 3) ||
	    intervals_add(&b, (uintptr_t)mem, PAGE, 0, 5))
		exit(1);
	intervals_close(&a);
	discard(0, 1);
	tap_eq((long long)hits_of(&b), 5, "a closed file's are gone, another's are not");
	intervals_close(&b);
}

static void test_kill(void)
{
	int status, ends[2], fd;
	char c;
	pid_t pid;

	if (pipe(ends))
		exit(1);
	pid = fork();
	if (!pid) {
		struct intervals s;

		if (intervals_open(&s) || intervals_add(&s, NOWHERE, PAGE, PAGE, 20000) ||
		    write(ends[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	close(ends[1]);
	tap_ok(read(ends[0], &c, 1) == 1, "a process has 20,000");
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	close(ends[0]);
	fd = helper_open(NULL);
	tap_ok(WIFSIGNALED(status) && fd >= 0, "it is killed, the module works on");
	close(fd);
	tap_eq(syscall(SYS_delete_module, HMMSTORM_DEVICE, O_NONBLOCK), 0,
	       "and can be unloaded");
}

int main(void)
{
	if (module_load(HMMSTORM_DEVICE, NULL)) {
		fprintf(stderr, "module-intervals: no module hmmstorm for this kernel\n");
		return 4;
	}
	mem = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	test_hits();
	test_arguments();
	test_close();
	test_kill();
	return tap_done();
}
