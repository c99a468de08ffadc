/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory that is stormed: an array of slots, one page each, and for every
 * slot what its page must hold. It lies between the stressors: each may do
 * what it likes to a slot as long as it keeps these rules, and then the
 * invariants hold whatever the others do.
 *
 * A page holds:  word 0: a counter, to which CPU and device add
 *                word 1 and 511: the stamp of (slot, generation)
 *
 * begun and done bracket every addition: begun grows before the counter does,
 * done after. So at any time, seen by anyone who really reads the page of the
 * current generation:   done(before the read) <= counter <= begun(after it).
 *
 * content lock   shared: adds to the counter, or relies on the generation;
 *                exclusive: throws the page away, or writes it as a whole.
 * rights lock    held by who takes CPU rights or the mapping away for a while.
 *                Order: rights before content, lower slots before higher.
 *
 * A CPU access takes no rights lock. If it meets a hole or a protection it gets
 * SIGSEGV; the handler yields and lets the access happen again, so CPU accesses
 * race freely with mprotect, munmap and mremap. The device races with all of
 * them and takes no lock but what lost updates demand.
 */
#ifndef HMMSTORM_ARENA_H
#define HMMSTORM_ARENA_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../lib/backend.h"
#include "../lib/topo.h"

struct worker;

enum arena_thp { THP_NEVER, THP_ALWAYS, THP_MIXED };

#define STAMP_WORD 1
#define STAMP_WORD_END 511

struct slot {
	pthread_rwlock_t content;
	pthread_mutex_t rights;
	uint64_t begun, done;
	uint64_t generation;	/* odd while the page is being replaced */
};

struct arena {
	char *base;		/* 2 MiB aligned */
	size_t nr;		/* slots */
	struct slot *slot;
	char *scratch;		/* nr_scratch pieces to mremap to, never touched */
	enum arena_thp thp;
	enum topo_place place;
	const struct topo *topo;
};

struct run {
	size_t first, nr;	/* consecutive slots */
};

int arena_init(struct arena *a, size_t nr, enum arena_thp thp,
	       enum topo_place place, const struct topo *topo);
void arena_exit(struct arena *a);
/* SIGSEGV of CPU accesses to the arena; call once a process. A thread says who
 * it is with arena_thread().
 */
int arena_catch_segv(struct arena *a);
void arena_thread(struct worker *w);

static inline uint64_t *slot_page(const struct arena *a, size_t i)
{
	return (uint64_t *)(a->base + i * BACKEND_PAGE_SIZE);
}

uint64_t slot_stamp(size_t i, uint64_t generation);

/* A random run of 1..most slots. */
struct run arena_pick(struct worker *w, size_t most);

/* Rights locks of a run, in order; false: one was busy, none is held. */
bool run_lock_rights(struct arena *a, struct run r);
void run_unlock_rights(struct arena *a, struct run r);
bool run_lock_content(struct arena *a, struct run r);
void run_unlock_content(struct arena *a, struct run r);

/* One addition by the CPU, content lock shared. Returns its ticks. */
uint64_t slot_cpu_add(struct worker *w, size_t i);
/* One addition by the device; 0 or the device's -errno. */
int slot_device_add(struct worker *w, size_t i);

/* What a page read by anyone may hold; fails the worker if it does not. who says
 * who read it. done is slot->done from before the read. Content lock held.
 */
bool slot_check(struct worker *w, size_t i, const uint64_t *page, uint64_t done,
		const char *who);
/* Exact: counter == done, content lock held exclusively. */
bool slot_check_sum(struct worker *w, size_t i);

/* The run's pages are unmapped: map fresh ones and stamp them with the next
 * generation. Both locks held, exclusively. False: failed, reported.
 */
bool run_renew(struct worker *w, struct run r);
/* The run's pages are unmapped: the device must be refused one of them. */
void run_hole_is_refused(struct worker *w, struct run r);
/* Fresh pages are mapped: the device must see one of them, or nothing. Content
 * lock held.
 */
void run_new_page_is_seen(struct worker *w, struct run r);
/* Around the time in which the pages of the run are other pages. */
void run_begin_replace(struct arena *a, struct run r);

#endif
