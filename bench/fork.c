// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question: what does fork() pay for exclusive entries in the parent?
 * Mechanism: copy_page_range() -> try_restore_exclusive_pte() restores each
 * entry in the parent under the page-table lock, with folio_trylock(); a
 * contended folio makes fork() fail with ENOMEM (the operation is then made
 * again and counted). No notifier of its own: one PROTECTION_PAGE a VMA.
 * Timed: fork() in the parent until it returns. The child exits at once and is
 * reaped outside. Parent and child share one CPU, so the child cannot tear down
 * its copy while the parent still copies, but the scheduler may run it first.
 * Control: fork_present, the same number of present pages; pages:0, none.
 */
#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "op.h"

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

	if (r->child <= 0)
		return 0;
	while (waitpid(r->child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	r->child = 0;
	/* the entries of the next operation must not be shared with a child */
	region_write(&r->region);
	return status ? -ECHILD : 0;
}

BENCH_OP(fork_exclusive, "fork",
	 "fork of a parent with exclusive entries, until it returns",
	 CAP_EXCLUSIVE, PAGES_FROM_0, .before = PAGES_EXCLUSIVE, .op = do_fork,
	 .after = PAGES_PRESENT, .finish = reap);

BENCH_OP(fork_present, "fork_present", "control: fork with present pages", 0,
	 PAGES_FROM_0, .before = PAGES_PRESENT, .op = do_fork,
	 .after = PAGES_PRESENT, .finish = reap);
