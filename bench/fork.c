// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question: what does fork() pay for exclusive entries in the parent?
 * Mechanism: copy_page_range() -> try_restore_exclusive_pte() restores each
 * entry in the parent under the page-table lock, with folio_trylock(); a
 * contended folio makes fork() fail with ENOMEM (the operation is then made
 * again and counted). No notifier of its own: one PROTECTION_PAGE a VMA.
 * Timed: fork() in the parent until it returns. The child exits at once and is
 * reaped outside. Parent and child share one CPU and the parent is SCHED_FIFO
 * (the child is not), because the scheduler else runs the child, with its exit,
 * before fork() returns: 14 of 16 times on 6.12, 3 of 16 on 7.3, at double cost.
 * Control: E3.fork_present, the same number of present pages; pages:0, none;
 * E3.fork_thp, huge pages, which cannot be exclusive as such.
 */
#include <errno.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "op.h"

/* Without the right to (not root) the child may come first: so be it. */
static int keep_cpu(struct op_run *r)
{
	const struct sched_param param = { .sched_priority = 1 };

	(void)r;
	sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param);
	return 0;
}

static void share_cpu(void)
{
	const struct sched_param param = { .sched_priority = 0 };

	sched_setscheduler(0, SCHED_OTHER, &param);
}

static int do_fork(struct op_run *r)
{
	r->child = fork();
	if (!r->child)
		_exit(0);
	if (r->child > 0)
		return 0;
	return errno == ENOMEM ? -EAGAIN : -errno;
}

static int reap(struct op_run *r)
{
	int status;

	share_cpu();
	if (r->child <= 0)
		return 0;
	while (waitpid(r->child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	r->child = 0;
	/* not shared with a child at the next operation */
	region_write(&r->region);
	return status ? -ECHILD : 0;
}

BENCH_OP(fork_exclusive, "E3.fork",
	 "fork of a parent with exclusive entries, until it returns",
	 CAP_EXCLUSIVE, PAGES_FROM_0, .prepare = keep_cpu,
	 .before = PAGES_EXCLUSIVE, .op = do_fork, .after = PAGES_PRESENT, .finish = reap);

BENCH_OP(fork_present, "E3.fork_present", "control: fork with present pages", 0,
	 PAGES_FROM_0, .prepare = keep_cpu, .before = PAGES_PRESENT,
	 .op = do_fork, .after = PAGES_PRESENT, .finish = reap);

BENCH_AXES(fork_thp, "E3.fork_thp", "control: fork with present huge pages", 0,
	   AXES(PAGES, CBENCH_LIST("thp", 1)), .prepare = keep_cpu,
	   .before = PAGES_PRESENT, .op = do_fork, .after = PAGES_PRESENT, .finish = reap);
