/* SPDX-License-Identifier: GPL-2.0-only */
/* A call of lib/calls as a benchmark. */
#ifndef HMMSTORM_BENCH_CALL_H
#define HMMSTORM_BENCH_CALL_H

#include "../lib/calls.h"
#include "op.h"

struct bench_call {
	struct bench_op op; /* first: all that bench_run() sees */
	const struct call *call;
	struct cbench bench;
	char name[80], desc[160];
};

/* Ready for cbench_add(&b->bench); b stays the caller's. */
void bench_call_init(struct bench_call *b, const struct call *call);

#endif
