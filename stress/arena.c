// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena.h"
#include "stress.h"

#define HUGE_BYTES (2UL << 20)
/* A CPU access that waits this long for its page has lost it. */
#define STUCK_NS (120ULL * 1000000000ULL)

static struct arena *the_arena;	/* for the handler: one arena a process */
static __thread struct worker *the_worker;
static __thread uint64_t waiting_since;

uint64_t slot_stamp(size_t i, uint64_t generation)
{
	uint64_t x = i + 1;

	x ^= generation << 32;
	return rng_mix(&x) | 1;	/* never zero, as a fresh page is */
}

static void advise(const struct arena *a, char *p, size_t bytes)
{
	size_t block = (size_t)(p - a->base) / HUGE_BYTES;
	bool huge = a->thp == THP_ALWAYS || (a->thp == THP_MIXED && block & 1);

	/* fails on a kernel without THP, where there is nothing to advise */
	madvise(p, bytes, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
}

static void advise_all(const struct arena *a)
{
	size_t bytes = a->nr * BACKEND_PAGE_SIZE, at;

	for (at = 0; at < bytes; at += HUGE_BYTES)
		advise(a, a->base + at,
		       bytes - at < HUGE_BYTES ? bytes - at : HUGE_BYTES);
}

static void stamp(struct arena *a, size_t i, uint64_t generation)
{
	uint64_t *page = slot_page(a, i);

	page[STAMP_WORD] = slot_stamp(i, generation);
	page[STAMP_WORD_END] = page[STAMP_WORD];
}

static char *map_aligned(size_t bytes)
{
	char *p = mmap(NULL, bytes + HUGE_BYTES, PROT_NONE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uintptr_t up;

	if (p == MAP_FAILED)
		return NULL;
	up = ((uintptr_t)p + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
	if (mprotect((void *)up, bytes, PROT_READ | PROT_WRITE))
		return NULL;
	return (char *)up;
}

int arena_init(struct arena *a, size_t nr, enum arena_thp thp,
	       enum topo_place place, const struct topo *topo)
{
	size_t bytes = nr * BACKEND_PAGE_SIZE, i;
	pthread_rwlockattr_t prefer_writers;

	memset(a, 0, sizeof(*a));
	a->nr = nr;
	a->thp = thp;
	a->place = place;
	a->topo = topo;
	a->slot = calloc(nr, sizeof(*a->slot));
	a->base = map_aligned(bytes);
	if (!a->slot || !a->base)
		return -ENOMEM;
	advise_all(a);
	i = (size_t)-topo_place(topo, a->base, bytes, place);
	if (i)
		return -(int)i;
	pthread_rwlockattr_init(&prefer_writers);
	pthread_rwlockattr_setkind_np(&prefer_writers,
				      PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	for (i = 0; i < nr; i++) {
		pthread_rwlock_init(&a->slot[i].content, &prefer_writers);
		pthread_mutex_init(&a->slot[i].rights, NULL);
		stamp(a, i, 0);
	}
	return 0;
}

void arena_exit(struct arena *a)
{
	munmap(a->base, a->nr * BACKEND_PAGE_SIZE);
	free(a->slot);
}

/* Ours: wait for the page to come back. Not ours, or never back: die of it. */
static void on_segv(int sig, siginfo_t *info, void *context)
{
	char *addr = info->si_addr;
	struct arena *a = the_arena;
	int saved = errno;
	uint64_t now;

	(void)context;
	if (!a || !the_worker || addr < a->base ||
	    addr >= a->base + a->nr * BACKEND_PAGE_SIZE) {
		signal(sig, SIG_DFL);
		return;
	}
	now = clock_ns();
	if (!waiting_since)
		waiting_since = now;
	if (now - waiting_since > STUCK_NS) {
		worker_fail(the_worker, "CPU access to slot %zu cannot go on: its page never came back",
			    (size_t)(addr - a->base) / BACKEND_PAGE_SIZE);
		signal(sig, SIG_DFL);
	}
	the_worker->stats->segv_retries++;
	sched_yield();
	errno = saved;
}

int arena_catch_segv(struct arena *a)
{
	struct sigaction sa = {
		.sa_sigaction = on_segv,
		.sa_flags = SA_SIGINFO | SA_NODEFER,
	};

	the_arena = a;
	return sigaction(SIGSEGV, &sa, NULL) ? -errno : 0;
}

void arena_thread(struct worker *w)
{
	the_worker = w;
}

struct run arena_pick(struct worker *w, size_t most)
{
	struct arena *a = w->arena;
	struct run r;

	if (most > a->nr)
		most = a->nr;
	r.nr = 1 + rng_below(&w->rng, most);
	r.first = rng_below(&w->rng, a->nr - r.nr + 1);
	return r;
}

bool run_lock_rights(struct arena *a, struct run r)
{
	size_t i;

	for (i = 0; i < r.nr; i++) {
		if (!pthread_mutex_trylock(&a->slot[r.first + i].rights))
			continue;
		run_unlock_rights(a, (struct run){ r.first, i });
		return false;
	}
	return true;
}

void run_unlock_rights(struct arena *a, struct run r)
{
	size_t i;

	for (i = r.nr; i-- > 0;)
		pthread_mutex_unlock(&a->slot[r.first + i].rights);
}

bool run_lock_content(struct arena *a, struct run r)
{
	size_t i;

	for (i = 0; i < r.nr; i++) {
		if (!pthread_rwlock_trywrlock(&a->slot[r.first + i].content))
			continue;
		run_unlock_content(a, (struct run){ r.first, i });
		return false;
	}
	return true;
}

void run_unlock_content(struct arena *a, struct run r)
{
	size_t i;

	for (i = r.nr; i-- > 0;)
		pthread_rwlock_unlock(&a->slot[r.first + i].content);
}

uint64_t slot_cpu_add(struct worker *w, size_t i)
{
	struct slot *s = &w->arena->slot[i];
	uint64_t *page = slot_page(w->arena, i), start;

	pthread_rwlock_rdlock(&s->content);
	__atomic_fetch_add(&s->begun, 1, __ATOMIC_SEQ_CST);
	start = clock_ticks();
	__atomic_fetch_add(page, 1, __ATOMIC_SEQ_CST);
	start = clock_ticks() - start;
	waiting_since = 0;
	__atomic_fetch_add(&s->done, 1, __ATOMIC_SEQ_CST);
	pthread_rwlock_unlock(&s->content);
	return start;
}

int slot_device_add(struct worker *w, size_t i)
{
	struct slot *s = &w->arena->slot[i];
	struct run one = { i, 1 };
	uint64_t old = 0;
	int ret;

	if (!worker_can(w, CAP_ATOMIC_CPU)) {
		if (!run_lock_content(w->arena, one))
			return -EAGAIN;
	} else {
		pthread_rwlock_rdlock(&s->content);
	}
	__atomic_fetch_add(&s->begun, 1, __ATOMIC_SEQ_CST);
	ret = w->dev->ops->atomic(w->dev, DEVICE_ADD, slot_page(w->arena, i), 1,
				  0, &old, &w->stats->work);
	if (!ret && (old < s->done || old >= s->begun) &&
	    !worker_can(w, CAP_ATOMIC_CPU))
		worker_fail(w, "device atomic on slot %zu met %llu, %llu were added",
			    i, (unsigned long long)old,
			    (unsigned long long)s->done);
	if (ret)
		__atomic_fetch_sub(&s->begun, 1, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_add(&s->done, 1, __ATOMIC_SEQ_CST);
	pthread_rwlock_unlock(&s->content);
	return ret;
}

bool slot_check(struct worker *w, size_t i, const uint64_t *page, uint64_t done,
		const char *who)
{
	struct slot *s = &w->arena->slot[i];
	/* the counter before its bound: page may be the slot itself, to which
	 * others add meanwhile
	 */
	uint64_t value = __atomic_load_n(page, __ATOMIC_SEQ_CST);
	uint64_t begun = __atomic_load_n(&s->begun, __ATOMIC_SEQ_CST);
	uint64_t want = slot_stamp(i, s->generation);

	if (page[STAMP_WORD] != want || page[STAMP_WORD_END] != want) {
		worker_fail(w, "%s read slot %zu generation %llu: stamps %llx %llx, must be %llx (old or foreign memory)",
			    who, i, (unsigned long long)s->generation,
			    (unsigned long long)page[STAMP_WORD],
			    (unsigned long long)page[STAMP_WORD_END],
			    (unsigned long long)want);
		return false;
	}
	if (value < done || value > begun) {
		worker_fail(w, "%s read %llu from slot %zu, must be %llu to %llu (lost or foreign update)",
			    who, (unsigned long long)value, i,
			    (unsigned long long)done,
			    (unsigned long long)begun);
		return false;
	}
	return true;
}

bool slot_check_sum(struct worker *w, size_t i)
{
	struct slot *s = &w->arena->slot[i];
	uint64_t value = __atomic_load_n(slot_page(w->arena, i),
					 __ATOMIC_SEQ_CST);

	waiting_since = 0;
	if (value == s->done && s->done == s->begun)
		return true;
	worker_fail(w, "lost atomic: slot %zu holds %llu, CPU and device added %llu",
		    i, (unsigned long long)value, (unsigned long long)s->done);
	return false;
}

void run_begin_replace(struct arena *a, struct run r)
{
	size_t i;

	for (i = 0; i < r.nr; i++)
		__atomic_fetch_add(&a->slot[r.first + i].generation, 1,
				   __ATOMIC_SEQ_CST);
}

bool run_renew(struct worker *w, struct run r)
{
	struct arena *a = w->arena;
	char *at = (char *)slot_page(a, r.first);
	size_t bytes = r.nr * BACKEND_PAGE_SIZE, i;
	char *p = mmap(at, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1,
		       0);

	if (p != at) {
		worker_fail(w, "mmap of %zu pages at the place just unmapped: %s",
			    r.nr, p == MAP_FAILED ? strerror(errno) :
						    "came out elsewhere");
		return false;
	}
	advise(a, at, bytes);
	topo_place(a->topo, at, bytes, a->place);
	for (i = r.first; i < r.first + r.nr; i++) {
		struct slot *s = &a->slot[i];

		s->begun = 0;
		s->done = 0;
		/* the generation is told when its page is whole: a fork may
		 * come in between
		 */
		stamp(a, i, s->generation + 1);
		__atomic_fetch_add(&s->generation, 1, __ATOMIC_SEQ_CST);
	}
	return true;
}

static bool device_reads(struct worker *w, size_t i, uint64_t *page)
{
	return worker_can(w, CAP_ACCESS) &&
	       !w->dev->ops->read(w->dev, slot_page(w->arena, i), page, 1,
				  &w->stats->work);
}

void run_hole_is_refused(struct worker *w, struct run r)
{
	uint64_t page[BACKEND_PAGE_SIZE / 8];
	size_t i = r.first + rng_below(&w->rng, r.nr);

	if (device_reads(w, i, page))
		worker_fail(w, "device read slot %zu while nothing was mapped there",
			    i);
}

void run_new_page_is_seen(struct worker *w, struct run r)
{
	uint64_t page[BACKEND_PAGE_SIZE / 8];
	size_t i = r.first + rng_below(&w->rng, r.nr);

	if (device_reads(w, i, page))
		slot_check(w, i, page, 0, "device, after a new mapping,");
}
