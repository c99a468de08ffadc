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
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arena.h"
#include "stress.h"

#define SAMPLES 8

enum { FORK, FORK_ENOMEM };
enum leave { LEAVE_EXIT, LEAVE_UNMAP, LEAVE_EXEC, NR_LEAVES };

/* Shared with the child. `told` is set when the parent has filled the rest. */
struct family {
	uint32_t told;
	struct sample {
		size_t slot;
		uint64_t generation, least, most;
		bool check;
	} sample[SAMPLES];
	char failure[200];
};

static void child_fails(struct family *f, const struct sample *s,
			const char *what, uint64_t got)
{
	if (!f->failure[0])
		snprintf(f->failure, sizeof(f->failure),
			 "fork child %s: slot %zu holds %llu, was %llu to %llu around the fork",
			 what, s->slot, (unsigned long long)got,
			 (unsigned long long)s->least,
			 (unsigned long long)s->most);
}

/* In the child: nobody gives rights back here, so it takes them itself; what
 * is a hole in it is left out.
 */
static void child_checks(struct worker *w, struct family *f, bool writes)
{
	uint64_t value[SAMPLES];
	int i, naps;

	while (!__atomic_load_n(&f->told, __ATOMIC_ACQUIRE))
		sched_yield();
	for (i = 0; i < SAMPLES; i++) {
		struct sample *s = &f->sample[i];
		uint64_t *page = slot_page(w->arena, s->slot);

		if (s->check && mprotect(page, BACKEND_PAGE_SIZE,
					 PROT_READ | PROT_WRITE))
			s->check = false;
		if (!s->check)
			continue;
		value[i] = page[0];
		if (value[i] < s->least || value[i] > s->most ||
		    page[STAMP_WORD] != slot_stamp(s->slot, s->generation))
			child_fails(f, s, "read what never was", value[i]);
	}
	for (naps = 0; naps < 4; naps++)
		sched_yield();	/* the parent's device writes meanwhile */
	for (i = 0; i < SAMPLES; i++) {
		uint64_t *page = slot_page(w->arena, f->sample[i].slot);

		if (!f->sample[i].check)
			continue;
		if (page[0] != value[i])
			child_fails(f, &f->sample[i], "saw a later write",
				    page[0]);
	}
	for (i = 0; i < SAMPLES && writes; i++)
		if (f->sample[i].check)
			*slot_page(w->arena, f->sample[i].slot) = ~0ULL;
}

static void child(struct worker *w, struct family *f, enum leave leave)
{
	char *const argv[] = { (char *)"/proc/self/exe", (char *)"--nothing",
			       NULL };

	child_checks(w, f, rng_next(&w->rng) & 1);
	if (leave == LEAVE_UNMAP)
		munmap(w->arena->base, w->arena->nr * BACKEND_PAGE_SIZE);
	if (leave == LEAVE_EXEC)
		execv(argv[0], argv);
	_exit(0);
}

/* Before the fork: which slots, and the least they hold. */
static void choose(struct worker *w, struct family *f)
{
	int i;

	memset(f, 0, sizeof(*f));
	for (i = 0; i < SAMPLES; i++) {
		struct sample *s = &f->sample[i];
		const struct slot *slot;

		s->slot = arena_pick(w, 1).first;
		slot = &w->arena->slot[s->slot];
		s->generation = __atomic_load_n(&slot->generation,
						__ATOMIC_SEQ_CST);
		s->least = __atomic_load_n(&slot->done, __ATOMIC_SEQ_CST);
	}
}

/* After it: the most, and whether the page stayed the same page throughout. */
static void tell(struct worker *w, struct family *f)
{
	int i;

	for (i = 0; i < SAMPLES; i++) {
		struct sample *s = &f->sample[i];
		const struct slot *slot = &w->arena->slot[s->slot];

		s->most = __atomic_load_n(&slot->begun, __ATOMIC_SEQ_CST);
		s->check = !(s->generation & 1) &&
			   __atomic_load_n(&slot->generation,
					   __ATOMIC_SEQ_CST) == s->generation;
	}
	__atomic_store_n(&f->told, 1, __ATOMIC_RELEASE);
}

static void step(struct worker *w)
{
	enum leave leave = rng_below(&w->rng, NR_LEAVES);
	struct family *f = w->priv;
	uint64_t start;
	int status = 0;
	pid_t pid;

	choose(w, f);
	start = clock_ticks();
	pid = fork();
	if (!pid)
		child(w, f, leave);
	if (pid < 0) {
		worker_refused(w, FORK_ENOMEM, -errno);
		return;
	}
	worker_done(w, FORK, clock_ticks() - start);
	tell(w, f);
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
	.ops = { "fork", "fork_refused" },
	.step = step,
	.setup = setup,
};

STRESSOR(fork_stressor);
