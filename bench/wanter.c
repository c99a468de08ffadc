// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <string.h>

#include "../lib/clock.h"
#include "op.h"
#include "wanter.h"

#define ENTRIES 64U
#define SLOW_NS 20000000ULL /* a batch that took longer */

unsigned int wanter_timeout(void)
{
	return clock_counts_instructions ? 20 : 1000;
}

static int protocol(void)
{
	static const char *const names[] = {
		[HMMSTORM_PROTOCOL_PROCESS] = "process",
		[HMMSTORM_PROTOCOL_RANGE] = "range",
		[HMMSTORM_PROTOCOL_PIN] = "pin",
	};
	int i;

	for (i = HMMSTORM_PROTOCOL_PROCESS; i <= HMMSTORM_PROTOCOL_PIN; i++)
		if (bench_device.backend->flags & HAS_TRUTH &&
		    !strcmp(bench_device.backend->protocol, names[i]))
			return i;
	return -EOPNOTSUPP;
}

int wanter_open(struct wanter *w, unsigned int flags, const struct hmmstorm_policy *p)
{
	int32_t cpu = -1;
	struct hmmstorm_mirror m;
	int how = protocol();

	if (how < 0)
		return how;
	m = mirror_defaults(1, (enum hmmstorm_protocol)how);
	m.entries = ENTRIES;
	m.timeout_ms = wanter_timeout();
	m.flags = flags;
	m.policy = *p;
	if (bench_device.topo)
		cpu = topo_pin(bench_device.topo, w->worker);
	m.cpus = (uintptr_t)&cpu;
	w->at_once = 1;
	w->most = w->gives_back ? 8 : ENTRIES;
	return mirror_open(&w->m, &m);
}

void wanter_close(struct wanter *w)
{
	mirror_close(w->m);
	w->m = NULL;
}

static int submit(struct wanter *w, unsigned int op)
{
	struct hmmstorm_cmd cmd = { .op = op, .addr = (uintptr_t)w->page, .count = 1,
				    .user_data = op };

	if (op == HMMSTORM_OP_ADD) {
		cmd.size = 8;
		cmd.operand = 1;
	}
	return mirror_submit(w->m, 0, &cmd);
}

/* Takes n completions. */
static int finish(struct wanter *w, unsigned int n)
{
	struct hmmstorm_done done;
	int ret = mirror_wait(w->m, 0, n, 0);

	while (mirror_reap(w->m, 0, &done)) {
		if (done.user_data == HMMSTORM_OP_ADD) {
			chains_add(w->chains, &done);
			__atomic_store_n(&w->added, w->added + done.done, __ATOMIC_RELAXED);
		}
		if (done.error && done.error != -EBUSY && !ret)
			ret = done.error;
	}
	return ret;
}

/* Large batches, so that the device does not wait for its program; but small where
 * faults take long, and never so many that to wait for all to time out would take
 * longer than some seconds.
 */
static void adapt(struct wanter *w, uint64_t ns)
{
	if (ns > SLOW_NS)
		w->at_once = w->at_once > 4 ? w->at_once / 4 : 1;
	else if (w->at_once < w->most)
		w->at_once *= 2;
}

int wanter_turn(struct wanter *w)
{
	uint64_t begin = clock_ns();
	unsigned int i, n = 0;
	int ret = 0;

	pace_yield();
	if (w->touched)
		((volatile uint64_t *)w->page)[1] = 1;
	for (i = 0; !ret && i < w->at_once; i++) {
		if (w->gives_back) {
			ret = submit(w, HMMSTORM_OP_RESTORE);
			n++;
		}
		if (!ret)
			ret = submit(w, HMMSTORM_OP_ADD);
		n++;
	}
	if (!ret)
		ret = finish(w, n);
	adapt(w, clock_ns() - begin);
	return ret;
}

int wanter_paced(struct wanter *w, struct pace *p, struct hist *latency,
		 struct hist *service)
{
	uint64_t intended, begin, end, faults = w->chains->faults;
	int ret = submit(w, HMMSTORM_OP_RESTORE);

	if (!ret)
		ret = finish(w, 1);
	if (ret)
		return ret;
	intended = pace_wait(p);
	begin = clock_ns();
	ret = submit(w, HMMSTORM_OP_ADD);
	if (!ret)
		ret = finish(w, 1);
	end = clock_ns();
	if (w->chains->faults == faults)
		return ret;
	hist_add(latency, end - intended);
	hist_add(service, end - begin);
	return ret;
}

static void *run(void *arg)
{
	struct wanter *w = arg;

	if (bench_device.topo)
		topo_pin(bench_device.topo, w->worker);
	while (!w->error && !__atomic_load_n(&w->end, __ATOMIC_RELAXED))
		w->error = wanter_turn(w);
	return NULL;
}

int wanter_begin(struct wanter *w)
{
	return -pthread_create(&w->thread, NULL, run, w);
}

uint64_t wanter_added(const struct wanter *w)
{
	return __atomic_load_n(&w->added, __ATOMIC_RELAXED);
}

int wanter_end(struct wanter *w)
{
	__atomic_store_n(&w->end, true, __ATOMIC_RELAXED);
	pthread_join(w->thread, NULL);
	return w->error;
}
