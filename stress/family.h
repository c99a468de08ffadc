/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a parent tells its fork child about the arena, so that the child can
 * check its copy without a lock: a few slots, and for each the least and the
 * most its counter may hold. The parent reads its accounts, not the pages, so
 * it disturbs nothing. Lies in memory shared by both.
 */
#ifndef HMMSTORM_FAMILY_H
#define HMMSTORM_FAMILY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SAMPLES 8

struct worker;

struct family {
	uint32_t told;		/* the parent has filled in the rest */
	pid_t parent;
	struct sample {
		size_t slot;
		uint64_t generation, least, most;
		bool check;	/* the page was the same one all the time */
	} sample[SAMPLES];
	char failure[200];	/* by the child; "" none */
};

/* In the parent, before the fork: which slots, and the least they hold. */
void family_choose(struct worker *w, struct family *f);
/* In the parent, after it: the most, and whether the page stayed. */
void family_tell(struct worker *w, struct family *f);
/* In the child: waits to be told, reads, lets the parent write on, reads again;
 * then writes, if it is to.
 */
void family_check(struct worker *w, struct family *f, bool writes);

#endif
