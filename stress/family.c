// SPDX-License-Identifier: GPL-2.0-only
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "arena.h"
#include "family.h"
#include "stress.h"

static void fails(struct family *f, const struct sample *s, const char *what,
		  uint64_t got)
{
	if (!f->failure[0])
		snprintf(f->failure, sizeof(f->failure),
			 "fork child %s: slot %zu holds %llu, was %llu to %llu around the fork",
			 what, s->slot, (unsigned long long)got,
			 (unsigned long long)s->least,
			 (unsigned long long)s->most);
}

/* Nobody gives rights back in a child, so it takes them itself; what is a hole
 * in it is left out.
 */
static void read_first(struct worker *w, struct family *f, uint64_t *value)
{
	int i;

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
			fails(f, s, "read what never was", value[i]);
	}
}

void family_check(struct worker *w, struct family *f, bool writes)
{
	uint64_t value[SAMPLES];
	int i, naps;

	while (!__atomic_load_n(&f->told, __ATOMIC_ACQUIRE)) {
		if (getppid() != f->parent)
			_exit(0);	/* it was killed before it could tell */
		sched_yield();
	}
	read_first(w, f, value);
	for (naps = 0; naps < 4; naps++)
		sched_yield();	/* the parent's device writes meanwhile */
	for (i = 0; i < SAMPLES; i++) {
		struct sample *s = &f->sample[i];
		const uint64_t *page = slot_page(w->arena, s->slot);

		if (s->check && page[0] != value[i])
			fails(f, s, "saw a later write", page[0]);
	}
	for (i = 0; i < SAMPLES && writes; i++)
		if (f->sample[i].check)
			*slot_page(w->arena, f->sample[i].slot) = ~0ULL;
}

void family_choose(struct worker *w, struct family *f)
{
	int i;

	memset(f, 0, sizeof(*f));
	f->parent = getpid();
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

void family_tell(struct worker *w, struct family *f)
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
