/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What comes between a device and its page: a CPU thread that makes one call again and
 * again, and the memory that it does so on.
 *
 * The page is the first of a VMA of two; the second is never touched; a third, in a VMA
 * of its own, lies 1 GiB above. PROT_NONE around each keeps VMAs from merging, so no
 * call splits one (a split raises an invalidation of its own, of 2 MiB).
 *
 * The calls raise one invalidation each that changes nothing for a device
 * (E1 measures which calls do): all but mprotect take mmap_lock for reading,
 * as a device fault does, so they can come at any moment of it.
 */
#ifndef HMMSTORM_BENCH_RIVAL_H
#define HMMSTORM_BENCH_RIVAL_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "../lib/backend.h"
#include "pace.h"

struct ground {
	char *reserve;
	char *page, *beside, *far;
	int uffd; /* -1: not asked for */
};

enum rival_call {
	/* UFFDIO_WRITEPROTECT, off, on the page, which is not protected:
	 * PROTECTION_VMA each time, mwriteprotect_range() does not look first
	 */
	RIVAL_SELF,
	/* mprotect(), execute permission on and off again: PROTECTION_VMA */
	RIVAL_EXEC,
	/* madvise(MADV_DONTNEED) of the page beside: CLEAR, though nothing is there
	 * (zap_page_range_single() does not look first)
	 */
	RIVAL_BESIDE,
	RIVAL_FAR, /* the same, 1 GiB away */
	/* no spurious one: an atomic addition to the page's first word */
	RIVAL_ADD,
};

/* -EOPNOTSUPP: call RIVAL_SELF, and no userfaultfd that write-protects. */
int ground_map(struct ground *g, enum rival_call call);
void ground_unmap(struct ground *g);

/* No call takes so long: its CPU was not there, and whoever waits for the end of the
 * invalidation waits for the CPU.
 */
#define STALL_NS 1000000ULL

struct rival {
	const struct ground *ground;
	enum rival_call call;
	double rate; /* a second asked for; 0: as fast as it goes */
	unsigned int worker; /* whose CPU (lib/topo.h) */
	/* below: of rival_begin() */
	pthread_t thread;
	struct pace pace;
	uint64_t made; /* atomic: calls so far */
	uint64_t stalled; /* atomic: ns in calls that took over STALL_NS, but RIVAL_ADD */
	bool end;
	int error;
};

int rival_begin(struct rival *r);
uint64_t rival_made(const struct rival *r);
uint64_t rival_stalled(const struct rival *r);
/* 0 or the first call's -errno. */
int rival_end(struct rival *r);

#endif
