// SPDX-License-Identifier: GPL-2.0-only
/* A call of lib/calls as a benchmark. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "call.h"

static const struct call *call_of(const struct cbench_state *s)
{
	return ((const struct bench_call *)cbench_self(s)->data)->call;
}

static int prepare(struct op_run *r)
{
	struct call_run *c = calloc(1, sizeof(*c));

	r->own = c;
	if (!c)
		return -ENOMEM;
	c->dev = r->dev;
	return call_prepare(c, call_of(r->s));
}

static int run_call(struct op_run *r)
{
	return call_run(r->own);
}

static int finish(struct op_run *r)
{
	if (r->own)
		call_finish(r->own);
	free(r->own);
	r->own = NULL;
	return 0;
}

static void run(struct cbench_state *s)
{
	const char *missing = call_missing(call_of(s), bench_device.backend);

	if (missing) {
		cbench_skip(s, "%s", missing);
		return;
	}
	calls_begin();
	bench_run(s);
	calls_end();
}

/* "E1.mprotect_R.device_reads" */
static void name_it(struct bench_call *b)
{
	char *to = b->name + sprintf(b->name, "E1.");
	const char *part[] = { b->call->name, b->call->state }, *from;
	int i;

	for (i = 0; i < 2; i++) {
		for (from = part[i]; *from; from++)
			if (isalnum((unsigned char)*from))
				*to++ = *from;
			else if (to[-1] != '_')
				*to++ = '_';
		*to++ = i ? 0 : '.';
	}
	snprintf(b->desc, sizeof(b->desc),
		 "which invalidations %s raises and what it costs (%s)",
		 b->call->name, b->call->state);
}

void bench_call_init(struct bench_call *b, const struct call *call)
{
	b->call = call;
	b->op = (struct bench_op){
		.prepare = prepare,
		.op = run_call,
		.finish = finish,
	};
	name_it(b);
	b->bench = (struct cbench){
		.name = b->name,
		.desc = b->desc,
		.time = CBENCH_MANUAL_TIME,
		.iterations = call->flags & CALL_SLOW ? 1 : 0,
		.run = run,
		.data = &b->op,
	};
}
