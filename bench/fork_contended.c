// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E3): fork() only tries the lock of an exclusive page's folio. How often
 * is it refused while a device marks the same pages, and what does it cost to try
 * until it succeeds?
 * Mechanism: copy_nonpresent_pte() -> try_restore_exclusive_pte(): folio_trylock()
 * fails, and fork() with ENOMEM.
 * Timed: fork() until it succeeds. Meanwhile an engine marks all pages over and over,
 * and pauses for so many PAUSEs each time that it has a folio locked (the helper
 * module's window "exclusive"). refused counts the calls in vain.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/delay.h"
#include "op.h"

struct own {
	pthread_t marker;
	bool stop;
	struct delays delays;
};

static void *mark_on(void *run)
{
	struct op_run r = *(struct op_run *)run; /* work of its own */
	struct own *o = r.own;

	if (bench_device.topo)
		topo_pin(bench_device.topo, 1);
	while (!__atomic_load_n(&o->stop, __ATOMIC_RELAXED))
		op_mark(&r);
	return NULL;
}

static int begin(struct op_run *r)
{
	struct own *o = calloc(1, sizeof(*o));
	char delay[64], why[200];

	if (!o)
		return -ENOMEM;
	r->own = o;
	snprintf(delay, sizeof(delay), "exclusive:pause:%d", (int)op_arg(r, "pauses", 1));
	if (delays_add(&o->delays, delay, why, sizeof(why)) ||
	    delays_begin(&o->delays, 0, why, sizeof(why)))
		return -EOPNOTSUPP;
	return -pthread_create(&o->marker, NULL, mark_on, r);
}

static void end(struct op_run *r)
{
	struct own *o = r->own;

	if (!o)
		return;
	__atomic_store_n(&o->stop, true, __ATOMIC_RELAXED);
	if (o->marker)
		pthread_join(o->marker, NULL);
	delays_end(&o->delays);
	free(o);
}

static int fork_at_last(struct op_run *r)
{
	while ((r->child = fork()) < 0 && errno == ENOMEM)
		r->refused++;
	if (!r->child)
		_exit(0);
	return r->child < 0 ? -errno : waitpid(r->child, NULL, 0) < 0 ? -errno : 0;
}

BENCH_AXES(fork_contended, "E3.contended_fork",
	   "fork, until it succeeds, while a device marks the same pages", CAP_EXCLUSIVE |
	   CAP_RESTORE, AXES(CBENCH_LIST("pages", 1, 16, 64), CBENCH_LIST("pauses", 1, 100, 1000)),
	   .begin = begin, .end = end, .op = fork_at_last);
