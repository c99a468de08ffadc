// SPDX-License-Identifier: GPL-2.0-only
/* A storm process: one address space, one arena, one device, its workers. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/pagemap.h"
#include "run.h"

#define POLICY_TURN_US 100000

struct process {
	const struct options *o;
	struct shared *s;
	unsigned int index;
	struct arena arena;
	struct device *dev;
	struct topo *topo;
	struct counters *counters;	/* NULL: helper module not there */
	unsigned int nr_policies;
	bool over;			/* the workers are gone */
	struct worker *worker;
	pthread_t *thread;
	unsigned int nr;
};

static struct shared *the_run;

void worker_done(struct worker *w, unsigned int op, uint64_t ticks)
{
	w->stats->done[op]++;
	hist_add(&w->stats->latency[op], ticks);
}

void worker_refused(struct worker *w, unsigned int op, int err)
{
	w->stats->refused[op]++;
	w->stats->last_errno[op] = (uint64_t)-err;
}

void worker_fail(struct worker *w, const char *fmt, ...)
{
	char *text = w->stats->failure;
	va_list ap;

	the_run->stop = 1;
	if (text[0])
		return;		/* the first tells most */
	va_start(ap, fmt);
	vsnprintf(text, sizeof(w->stats->failure), fmt, ap);
	va_end(ap);
}

static void trouble(struct shared *s, int status, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void trouble(struct shared *s, int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(s->trouble, sizeof(s->trouble), fmt, ap);
	va_end(ap);
	s->trouble_status = status;
	s->stop = 1;
}

static bool all_gone(const struct worker *w, int err)
{
	return (err == ENODEV || err == ENXIO || err == EBADF) &&
	       w->stats->steps > 100;
}

/* A refusal that means that the device itself went away, not a page. */
static void check_device(struct worker *w, struct shared *s)
{
	unsigned int op;

	for (op = 0; op < MAX_OPS; op++)
		if (all_gone(w, (int)w->stats->last_errno[op]))
			trouble(s, 4, "device %s went away during the run (%s); load its module again",
				w->dev->ops->name,
				strerror((int)w->stats->last_errno[op]));
}

static void wait_for_go(struct shared *s)
{
	while (!__atomic_load_n(&s->go, __ATOMIC_ACQUIRE) && !s->stop)
		usleep(1000);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct shared *s = the_run;
	const struct stressor *st = w->stressor;
	uint64_t ops = *(uint64_t *)w->priv, start;
	int ret;

	w->priv = NULL;
	arena_thread(w);
	ret = st->setup ? st->setup(w) : 0;
	if (ret)
		trouble(s, 1, "stressor %s cannot start: %s", st->name,
			strerror(-ret));
	else
		__atomic_fetch_add(&s->ready, 1, __ATOMIC_RELEASE);
	/* all setups before the first step: a mapping that a setup makes may fall
	 * into the hole that a munmap or mremap step has just made
	 */
	wait_for_go(s);
	start = clock_ns();
	while (!ret && !s->stop && (!ops || w->stats->steps < ops)) {
		st->step(w);
		__atomic_fetch_add(&w->stats->steps, 1, __ATOMIC_RELAXED);
		if (!(w->stats->steps & 1023))
			check_device(w, s);
	}
	w->stats->active_ns = clock_ns() - start;
	if (!ret && st->teardown)
		st->teardown(w);
	__atomic_fetch_add(&s->finished, 1, __ATOMIC_RELEASE);
	return NULL;
}

static void place_worker(struct process *p, struct worker *w)
{
	if (p->o->pin && topo_pin(p->topo, w->place) < 0)
		w->place = ~0U;		/* not allowed here: left to float */
}

/* The creating thread pins itself first: a thread inherits its place. */
static int start_workers(struct process *p, uint64_t *ops)
{
	const struct options *o = p->o;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < p->nr && !ret; i++) {
		struct worker *w = &p->worker[i];

		w->stressor = o->stressor[i / o->workers];
		w->index = i % o->workers;
		w->process = p->index;
		w->place = p->index * p->nr + i;
		w->arena = &p->arena;
		w->dev = p->dev;
		w->stats = stats_of(o, p->s, p->index, i / o->workers, w->index);
		w->stop = &p->s->stop;
		w->priv = ops;
		rng_init(&w->rng, o->seed, w->stressor->name,
			 (uint64_t)p->index << 32 | w->index);
		place_worker(p, w);
		ret = -pthread_create(&p->thread[i], NULL, work, w);
		if (ret)
			p->nr = i;
	}
	return ret;
}

/* Workers are gone: every sum must be exact, nothing may stay exclusive. */
static void check_end(struct process *p)
{
	struct worker *w = &p->worker[0];
	long left;
	size_t i;

	arena_thread(w);
	for (i = 0; i < p->arena.nr && !w->stats->failure[0]; i++)
		slot_check_sum(w, i);
	left = pagemap_count(p->arena.base, p->arena.nr, PAGE_EXCLUSIVE);
	if (left)
		worker_fail(w, "%ld pages still exclusive after the CPU read them all",
			    left);
}

/* The n-th of the policies, which are divided by ','. */
static int set_policy(struct process *p, unsigned int n)
{
	const char *from = p->o->policy;
	char policy[100], why[200] = "";
	int ret;

	while (from && n--)
		from = strchrnul(from, ',') + 1;
	if (from)
		snprintf(policy, sizeof(policy), "%.*s",
			 (int)(strchrnul(from, ',') - from), from);
	ret = backend_set_policy(p->dev, from ? policy : NULL, why, sizeof(why));
	if (ret)
		trouble(p->s, ret == -EOPNOTSUPP ? 4 : 2, "%s", why);
	return ret;
}

/* Each of them once, so that a bad one is found; the first comes last. */
static int set_policies(struct process *p)
{
	const char *c;
	unsigned int n;
	int ret = 0;

	p->nr_policies = 1;
	for (c = p->o->policy; c && *c; c++)
		p->nr_policies += *c == ',';
	for (n = p->nr_policies; n-- && !ret;)
		ret = set_policy(p, n);
	return ret;
}

static void *switch_policies(void *arg)
{
	struct process *p = arg;
	unsigned int turn = 0;

	while (!__atomic_load_n(&p->over, __ATOMIC_ACQUIRE)) {
		usleep(POLICY_TURN_US);
		set_policy(p, ++turn % p->nr_policies);
	}
	return NULL;
}

static int attach_counters(struct process *p)
{
	int ret = counters_open(&p->counters);

	if (ret)
		p->counters = NULL;
	if (p->o->truth == HMMSTORM_TRUTH_OFF)
		return 0;	/* then not needed */
	if (!ret)
		ret = counters_truth(p->counters, p->o->truth);
	if (ret)
		trouble(p->s, 4, "--truth %s: %s",
			counters_truth_name(p->o->truth),
			counters_strerror(ret));
	return ret;
}

static int open_device(struct process *p)
{
	char why[200] = "";
	int ret = backend_open(p->o->backend, &p->dev, why, sizeof(why));

	if (ret) {
		trouble(p->s, 4, "backend %s: %s", p->o->backend->name, why);
		return ret;
	}
	return set_policies(p);
}

static int process_init(struct process *p)
{
	const struct options *o = p->o;
	int ret;

	the_run = p->s;
	p->nr = o->nr_stressors * o->workers;
	p->worker = calloc(p->nr, sizeof(*p->worker));
	p->thread = calloc(p->nr, sizeof(*p->thread));
	if (!p->worker || !p->thread)
		return -ENOMEM;
	ret = topo_open(&p->topo);
	if (!ret)
		ret = pagemap_open();
	if (!ret)
		ret = arena_init(&p->arena, o->pages, o->thp, o->place, p->topo);
	if (ret == -EOPNOTSUPP)
		trouble(p->s, 4, "--node remote needs two NUMA nodes, this machine has %u",
			topo_nodes(p->topo));
	else if (ret)
		trouble(p->s, 1, "no arena of %zu pages: %s", o->pages,
			strerror(-ret));
	if (ret)
		return ret;
	ret = open_device(p);
	if (!ret)
		ret = arena_catch_segv(&p->arena);
	return ret ? ret : attach_counters(p);
}

int storm(const struct options *o, struct shared *s, unsigned int process)
{
	struct process p = { .o = o, .s = s, .index = process };
	uint64_t ops = o->ops;
	pthread_t switcher;
	unsigned int i;

	if (process_init(&p) || start_workers(&p, &ops) ||
	    (p.nr_policies > 1 &&
	     pthread_create(&switcher, NULL, switch_policies, &p))) {
		if (!s->trouble[0])
			trouble(s, 1, "storm process %u cannot start its workers",
				process);
		_exit(1);	/* threads that did start end with us */
	}
	for (i = 0; i < p.nr; i++)
		pthread_join(p.thread[i], NULL);
	__atomic_store_n(&p.over, true, __ATOMIC_RELEASE);
	if (p.nr_policies > 1)
		pthread_join(switcher, NULL);
	check_end(&p);
	if (p.dev->ops->release)
		p.dev->ops->release(p.dev);
	p.dev->ops->close(p.dev);
	arena_exit(&p.arena);
	counters_close(p.counters);
	topo_close(p.topo);
	free(p.worker);
	free(p.thread);
	return 0;
}
