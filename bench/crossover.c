// SPDX-License-Identifier: GPL-2.0-only
/*
 * A cell of the crossover study, on one thread. Timed are the batch, from its
 * submission until its last completion is seen, each of the CPU's accesses, and the
 * fork; with overlap:1 all from the submission on, accesses and waiting. Which words
 * come next is decided before, outside. What the harness does between (deciding,
 * reading its own counts) is the same for every policy; it is in "elapsed" but not in
 * "total", so that a policy's work in the background shows as their
 * difference.
 *
 * Who moves pages is counted without any instrument: device faults by the
 * completions; the CPU's by getrusage(), which counts each of its page faults;
 * pages held by pagemap. What the device has got and neither the CPU nor a fork has
 * taken back, and is no longer held, the device has restored.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/clock.h"
#include "../lib/pagemap.h"
#include "../lib/topo.h"
#include "crossover.h"
#include "explain.h"
#include "op.h"

/*
 * Accesses of a turn that are decided and timed one by one. In a longer turn, once
 * the CPU has been at so many words, and four times as many as there are pages, the
 * rest repeats them: the device is idle, so they are hits, and are not timed.
 */
#define CHUNK 4096

#define FORK_ATTEMPTS 20

/* Ticks; and how often a disturbed cell is measured again. */
#define DISTURBANCE 500000
#define MEASURE_AGAIN 3

/* Sums over the measured periods. */
struct sums {
	uint64_t periods, atomics, accesses, forks, forks_again;
	uint64_t batch, cpu, fork, elapsed; /* ticks */
	uint64_t cpu_faults, fork_restored;
	struct device_work work;
};

/* Ticks of the two longest periods. */
struct longest {
	uint64_t worst, second;
};

struct cell {
	struct cbench_state *s;
	const struct crossover *w;
	int64_t arg[CBENCH_AXES];
	struct crossover_plan plan;
	struct crossover_at at;
	struct region region;
	struct device_atomic *atomics;
	uint64_t *words[CHUNK];
	uint64_t credit, added; /* thousandths of an access; by both sides */
	struct sums sums;
	struct op_result *result;
	struct explain explain;
	long held; /* when the measured periods began */
	struct longest timed, whole;
	unsigned int disturbed; /* times that they were measured again */
};

/* Kept out of fork(): a page that is shared with the child faults when it is written,
 * which would count as one of the CPU's.
 */
static void *unshared(size_t len)
{
	void *p = mmap(NULL, len, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	madvise(p, len, MADV_DONTFORK);
	return p;
}

static void result_free(void *r)
{
	munmap(r, sizeof(struct op_result));
}

static uint64_t *word(const struct cell *c, size_t i)
{
	return (uint64_t *)(c->region.addr + i / CROSSOVER_WORDS * BACKEND_PAGE_SIZE) +
	       i % CROSSOVER_WORDS * 8;
}

static uint64_t net(uint64_t ticks)
{
	return ticks < bench_device.clock_floor ? 0 : ticks - bench_device.clock_floor;
}

static uint64_t cpu_faults(void)
{
	struct rusage u;

	getrusage(RUSAGE_THREAD, &u);
	return (uint64_t)u.ru_minflt;
}

static void decide_batch(struct cell *c)
{
	size_t i;

	for (i = 0; i < c->at.batch; i++, c->at.nr_device++)
		c->atomics[i].addr = word(c, c->w->device(&c->at));
}

static void decide_chunk(struct cell *c, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++, c->at.nr_cpu++)
		c->words[i] = word(c, c->w->cpu(&c->at));
}

static void access_word(const struct cell *c, uint64_t *p)
{
	if (c->w->cpu_reads)
		(void)__atomic_load_n(p, __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(p, 1, __ATOMIC_RELAXED);
}

static void access_timed(struct cell *c, size_t i)
{
	uint64_t begin = clock_ticks(), ticks;

	access_word(c, c->words[i]);
	ticks = net(clock_ticks() - begin);
	c->sums.cpu += ticks;
	hist_add(&c->result->latency, ticks);
}

/* The rest of a long turn. */
static void repeat(struct cell *c, uint64_t n)
{
	uint64_t i;

	for (i = 0; i < n; i++)
		access_word(c, c->words[i % CHUNK]);
	c->at.nr_cpu += n;
}

static uint64_t credit(struct cell *c)
{
	uint64_t n;

	c->credit += c->at.batch * (uint64_t)c->arg[CROSSOVER_RATIO];
	n = c->credit / 1000;
	if (c->w->cpu_in_passes)
		n -= n % c->at.pages;
	c->credit -= n * 1000;
	c->sums.accesses += n;
	if (!c->w->cpu_reads)
		c->added += n;
	return n;
}

/* The CPU's turn while the device is idle. */
static void take_turn(struct cell *c, uint64_t n)
{
	uint64_t faults = cpu_faults(), done, now, i;

	for (done = 0; done < n; done += now) {
		if (done >= CHUNK && done >= 4 * c->at.pages) {
			repeat(c, n - done);
			break;
		}
		now = n - done < CHUNK ? n - done : CHUNK;
		decide_chunk(c, now);
		for (i = 0; i < now; i++)
			access_timed(c, i);
	}
	c->sums.cpu_faults += cpu_faults() - faults;
}

static int alternate(struct cell *c, uint64_t n)
{
	uint64_t begin = clock_ticks();
	const struct backend_ops *b = bench_device.backend;
	int ret = b->batch_begin(bench_device.dev, c->atomics, c->at.batch);

	if (!ret)
		ret = b->batch_end(bench_device.dev, c->at.batch, &c->sums.work);

	c->sums.batch += net(clock_ticks() - begin);
	if (!ret)
		take_turn(c, n);
	return ret;
}

/*
 * The CPU comes while the device works. After each access it pauses, as a program
 * does that spins: with one thread for all CPUs (deterministic mode) that is when the
 * device's CPU gets its turn.
 */
static int overlap(struct cell *c, uint64_t n)
{
	const struct backend_ops *b = bench_device.backend;
	uint64_t faults = cpu_faults(), begin, done = 0, now, i;
	int ret;

	now = n < CHUNK ? n : CHUNK;
	decide_chunk(c, now);
	begin = clock_ticks();
	ret = b->batch_begin(bench_device.dev, c->atomics, c->at.batch);
	while (!ret && done < n) {
		for (i = 0; i < now; i++) {
			access_timed(c, i);
			__builtin_ia32_pause();
		}
		done += now;
		now = n - done < CHUNK ? n - done : CHUNK;
		decide_chunk(c, now);
	}
	if (!ret)
		ret = b->batch_end(bench_device.dev, c->at.batch, &c->sums.work);
	c->sums.batch += net(clock_ticks() - begin);
	c->sums.cpu_faults += cpu_faults() - faults;
	return ret;
}

/* As in E3: the child must not run before fork() returns. */
static void set_scheduler(int policy, int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	sched_setscheduler(0, policy, &param);
}

static int fork_once(struct cell *c)
{
	uint64_t begin;
	pid_t child;
	int status;

	set_scheduler(SCHED_FIFO | SCHED_RESET_ON_FORK, 1);
	begin = clock_ticks();
	child = fork();
	if (!child)
		_exit(0);
	c->sums.fork += net(clock_ticks() - begin);
	set_scheduler(SCHED_OTHER, 0);
	if (child < 0)
		return -errno;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return status ? -ECHILD : 0;
}

/* And what no policy changes, the pages' way out of sharing with the child, is not
 * part of it.
 */
static int do_fork(struct cell *c)
{
	long held = pagemap_count(c->region.addr, c->region.pages, PAGE_EXCLUSIVE);
	int ret = -ENOMEM, i;

	if (held < 0)
		return (int)held;
	/* -ENOMEM: an entry's folio was locked by somebody else */
	for (i = 0; ret == -ENOMEM && i < FORK_ATTEMPTS; i++)
		ret = fork_once(c);
	if (ret)
		return ret;
	c->sums.forks++;
	c->sums.forks_again += (uint64_t)i - 1;
	held -= pagemap_count(c->region.addr, c->region.pages, PAGE_EXCLUSIVE);
	c->sums.fork_restored += (uint64_t)held;
	for (i = 0; i < (int)c->region.pages; i++)
		__atomic_fetch_add(word(c, (size_t)i * CROSSOVER_WORDS), 0,
				   __ATOMIC_RELAXED);
	return 0;
}

static void note(struct longest *l, uint64_t ticks)
{
	if (ticks > l->worst) {
		l->second = l->worst;
		l->worst = ticks;
	} else if (ticks > l->second) {
		l->second = ticks;
	}
}

static int do_period(struct cell *c)
{
	uint64_t begin = clock_ticks(), n = credit(c);
	uint64_t timed = c->sums.batch + c->sums.cpu;
	int ret;

	decide_batch(c);
	ret = c->arg[CROSSOVER_OVERLAP] ? overlap(c, n) : alternate(c, n);
	c->added += c->at.batch;
	c->sums.atomics += c->at.batch;
	c->sums.periods++;
	begin = net(clock_ticks() - begin);
	c->sums.elapsed += begin;
	note(&c->whole, begin);
	note(&c->timed, c->sums.batch + c->sums.cpu - timed);
	c->at.period++;
	if (!ret && c->w->fork_every && !(c->at.period % c->w->fork_every))
		ret = do_fork(c);
	return ret;
}

static int do_periods(struct cell *c, uint64_t n)
{
	int ret = 0;

	while (n-- && !ret)
		ret = do_period(c);
	return ret;
}

/*
 * Once in a while something else runs: the lab copies results to the host each
 * second. No period of a workload takes twice as long as any other and DISTURBANCE
 * more.
 */
static bool sticks_out(const struct longest *l)
{
	return l->worst > 2 * l->second && l->worst - l->second > DISTURBANCE;
}

static bool is_disturbed(const struct cell *c)
{
	return sticks_out(&c->timed) || sticks_out(&c->whole);
}

static int measure_once(struct cell *c)
{
	int ret;

	explain_reset(&c->explain);
	c->timed = (struct longest){ 0 };
	c->whole = (struct longest){ 0 };
	c->sums = (struct sums){ 0 };
	hist_init(&c->result->latency);
	c->held = pagemap_count(c->region.addr, c->region.pages, PAGE_EXCLUSIVE);
	ret = explain_begin(&c->explain);
	if (!ret)
		ret = do_periods(c, c->plan.measured);
	if (!ret)
		ret = explain_end(&c->explain);
	explain_add(&c->explain);
	return ret;
}

static int measure(struct cell *c)
{
	int ret = do_periods(c, c->plan.warm_up);

	if (!ret)
		ret = measure_once(c);
	while (!ret && is_disturbed(c) && c->disturbed < MEASURE_AGAIN) {
		c->disturbed++;
		ret = measure_once(c);
	}
	return ret;
}

static bool sum_holds(struct cell *c)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < c->at.pages * CROSSOVER_WORDS; i++)
		sum += *word(c, i);
	if (sum == c->added)
		return true;
	cbench_fail(c->s, "additions lost: %llu made, %llu there",
		    (unsigned long long)c->added, (unsigned long long)sum);
	return false;
}

static void put(struct cell *c, const char *name, const char *unit, double value)
{
	cbench_counter(c->s, name, unit, value, 0);
}

static void report_counts(struct cell *c, long held)
{
	const struct sums *m = &c->sums;
	double restored = (double)m->work.faults + (double)c->held - (double)held -
			  (double)m->cpu_faults - (double)m->fork_restored;

	put(c, "periods", "1", (double)m->periods);
	put(c, "warm_up", "periods", (double)c->plan.warm_up);
	put(c, "atomics", "1", (double)m->atomics);
	put(c, "accesses", "1", (double)m->accesses);
	put(c, "device_faults", "faults", (double)m->work.faults);
	put(c, "device_retries", "retries", (double)m->work.retries);
	put(c, "taken_back", "pages", (double)m->work.taken_back);
	put(c, "cpu_faults", "faults", (double)m->cpu_faults);
	/* a CPU fault that meets the device's is made, and counted, again */
	if (!c->arg[CROSSOVER_OVERLAP])
		put(c, "device_restores", "pages", restored);
	put(c, "disturbed", "1", (double)c->disturbed);
	put(c, "forks", "1", (double)m->forks);
	put(c, "forks_again", "1", (double)m->forks_again);
	put(c, "fork_restores", "pages", (double)m->fork_restored);
}

static void report(struct cell *c, long held)
{
	const struct sums *m = &c->sums;
	uint64_t total = m->batch + m->fork + (c->arg[CROSSOVER_OVERLAP] ? 0 : m->cpu);
	const struct hist *h = &c->result->latency;
	const char *unit = clock_unit();

	put(c, "total", unit, (double)total);
	put(c, "elapsed", unit, (double)(m->elapsed + m->fork));
	put(c, "per_atomic", unit, (double)total / (double)m->atomics);
	put(c, "per_period", unit, (double)total / (double)m->periods);
	put(c, "batch_time", unit, (double)m->batch / (double)m->periods);
	put(c, "fork_time", unit, (double)m->fork);
	put(c, "cpu_stall", unit, (double)m->cpu);
	if (h->n)
		put(c, "stall_p50", unit, (double)hist_quantile(h, 0.5));
	if (h->n >= hist_needed(0.99))
		put(c, "stall_p99", unit, (double)hist_quantile(h, 0.99));
	report_counts(c, held);
	explain_report(&c->explain, c->s);
	cbench_set_time(c->s, (double)total * 1e-9);
}

/* The addresses stay taken: the device remembers a page's history by them. */
static void leave_region(struct region *r)
{
	void *addr = r->reserve;

	region_unmap(r);
	if (addr)
		mmap(addr, r->reserve_len, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
}

static int init(struct cell *c)
{
	const struct region_how how = { .place = PLACE_ANY };
	struct device_work work = { 0 };
	size_t i;
	int ret;

	c->at.pages = (size_t)c->arg[CROSSOVER_PAGES];
	c->at.batch = (size_t)c->arg[CROSSOVER_BATCH];
	rng_init(&c->at.device, 0, c->w->name, 0);
	rng_init(&c->at.cpu, 0, c->w->name, 1);
	if (bench_device.topo)
		topo_pin(bench_device.topo, 0);
	c->atomics = calloc(c->at.batch, sizeof(*c->atomics));
	c->result = unshared(sizeof(*c->result));
	if (!c->atomics || !c->result)
		return -ENOMEM;
	for (i = 0; i < c->at.batch; i++)
		c->atomics[i] = (struct device_atomic){ .operand = 1, .op = DEVICE_ADD };
	ret = explain_init(&c->explain, bench_device.counters);
	if (!ret)
		ret = region_map(&c->region, c->at.pages, &how);
	if (ret)
		return ret;
	/* region_map() leaves a 1 in each page */
	for (i = 0; i < c->at.pages; i++)
		*word(c, i * CROSSOVER_WORDS) = 0;
	return c->plan.device_first ?
		bench_device.backend->make_exclusive(bench_device.dev, c->region.addr,
						     c->at.pages, &work) : 0;
}

static void finish(struct cell *c, int ret)
{
	long held = pagemap_count(c->region.addr, c->region.pages, PAGE_EXCLUSIVE);

	if (!ret && held < 0)
		ret = (int)held;
	if (ret == -EOPNOTSUPP)
		cbench_skip(c->s, "not so much memory is free");
	else if (ret)
		cbench_fail(c->s, "%s", strerror(-ret));
	else if (sum_holds(c))
		report(c, held);
}

void crossover_run(struct cbench_state *s)
{
	struct cell *c = unshared(sizeof(*c));
	char why[160];
	size_t i;
	int ret;

	if (!c) {
		cbench_fail(s, "%s", strerror(ENOMEM));
		return;
	}
	c->s = s;
	c->w = cbench_self(s)->data;
	for (i = 0; i < CBENCH_AXES; i++)
		c->arg[i] = cbench_arg(s, i);
	if (bench_device.topo && topo_cpus(bench_device.topo) < 2) {
		cbench_skip(s, "host and device want a CPU each, and there is one");
	} else if (!crossover_make_plan(c->w, c->arg, &c->plan, why, sizeof(why))) {
		cbench_skip(s, "%s", why);
	} else {
		ret = init(c);
		while (!ret && cbench_keep_running(s))
			ret = measure(c);
		finish(c, ret);
	}
	if (c->result && !cbench_stopped(s))
		cbench_attach(s, c->result, result_free);
	else if (c->result)
		result_free(c->result);
	leave_region(&c->region);
	explain_exit(&c->explain);
	free(c->atomics);
	munmap(c, sizeof(*c));
}
