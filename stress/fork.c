// SPDX-License-Identifier: GPL-2.0-only
/*
 * fork with exclusive entries in the range: copy_page_range() must restore
 * each in the parent and share the page for copy-on-write. The child reads
 * pages, waits while the parent and its device go on writing, reads again,
 * writes, and leaves by one of: _exit, unmapping all first, exec.
 *
 * Failure: the child sees a value that was never there at the fork, or one that
 * changes afterwards; the parent sees a write of the child (the sums tell). Not
 * a failure: fork returns -ENOMEM because a folio was locked at that moment
 * (copy_nonpresent_pte() only tries the lock).
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "family.h"
#include "stress.h"

enum { FORK };
enum leave { LEAVE_EXIT, LEAVE_UNMAP, LEAVE_EXEC, NR_LEAVES };

static void child(struct worker *w, struct family *f, enum leave leave)
{
	char *const argv[] = { (char *)"/proc/self/exe", (char *)"--nothing",
			       NULL };

	family_check(w, f, rng_next(&w->rng) & 1);
	if (leave == LEAVE_UNMAP)
		munmap(w->arena->base, w->arena->nr * BACKEND_PAGE_SIZE);
	if (leave == LEAVE_EXEC)
		execv(argv[0], argv);
	_exit(0);
}

static void step(struct worker *w)
{
	enum leave leave = rng_below(&w->rng, NR_LEAVES);
	struct family *f = w->priv;
	uint64_t start;
	int status = 0;
	pid_t pid;

	family_choose(w, f);
	start = clock_ticks();
	pid = fork();
	if (!pid)
		child(w, f, leave);
	if (pid < 0) {
		worker_refused(w, FORK, -errno);
		return;
	}
	worker_done(w, FORK, clock_ticks() - start);
	family_tell(w, f);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (f->failure[0])
		worker_fail(w, "%s", f->failure);
	else if (status)
		worker_fail(w, "fork child ended with wait status 0x%x", status);
}

static int setup(struct worker *w)
{
	w->priv = mmap(NULL, sizeof(struct family), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return w->priv == MAP_FAILED ? -errno : 0;
}

static const struct stressor fork_stressor = {
	.name = "fork",
	.desc = "fork; children read, write, and leave by exit, unmap or exec",
	.ops = { "fork" },
	.step = step,
	.setup = setup,
};

STRESSOR(fork_stressor);
