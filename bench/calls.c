// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E1): which system calls raise which invalidations, how many of them change
 * nothing, and what does each cost?
 * Mechanism: a call notifies before it knows what it will find; each kind has its own
 * condition (lib/calls has the calls and the state of their memory).
 * Timed: the call alone; memory is made before and unmapped after. Of several callers
 * at once, from the moment they are let go until all are done.
 * Control: backend null is the same call on the same memory in a process without a
 * notifier.
 */
#include <stdlib.h>

#include "call.h"

static void add_calls(void)
{
	struct bench_call *b = calloc(calls_count(), sizeof(*b));
	size_t i;

	for (i = 0; b && i < calls_count(); i++) {
		bench_call_init(&b[i], call_at(i));
		cbench_add(&b[i].bench);
	}
}

CBENCH_ADD(add_calls)
