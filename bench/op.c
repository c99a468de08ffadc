// SPDX-License-Identifier: GPL-2.0-only
/*
 * The loop of a benchmark: bring the pages into the state it wants, let pagemap
 * judge, time op() alone, judge again.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/clock.h"
#include "../lib/pagemap.h"
#include "../lib/rng.h"
#include "../lib/topo.h"
#include "explain.h"
#include "op.h"
#include "results.h"
#include "window.h"

/* Attempts at an operation, or at marking, that meets a contended page (the
 * folio lock of make_device_exclusive_range(), fork's try_restore_exclusive_
 * pte()): the holder is some other task, gone in microseconds.
 */
#define MAX_AGAIN 20
/* Turns of four instructions: 2^20 of them are 4 ms of deterministic mode. */
#define LONGEST_WAIT_LOG2 21

struct bench_device bench_device;

/* All of a call of bench_run(). */
struct loop {
	struct cbench_state *s;
	const struct bench_op *op;
	struct op_run run;
	struct explain explain;
	struct op_result *result;
	bool begun;
	uint64_t total, again; /* ticks; operations made again */
	char why[128]; /* the last one was */
};

static bool is_busy(int ret)
{
	return ret == -EAGAIN || ret == -EBUSY;
}

int op_mark(struct op_run *r)
{
	size_t want = r->work.pages + r->region.pages;
	int ret;

	if (!r->region.pages)
		return 0;
	ret = r->backend->make_exclusive(r->dev, r->region.addr,
					 r->region.pages, &r->work);
	return !ret && r->work.pages < want ? -EAGAIN : ret;
}

int op_restore(struct op_run *r)
{
	return r->backend->restore(r->dev, r->region.addr, r->region.pages, &r->work);
}

int64_t op_arg(const struct op_run *r, const char *name, int64_t otherwise)
{
	const struct cbench_axis *axes = cbench_self(r->s)->axes;
	size_t i;

	for (i = 0; i < CBENCH_AXES && axes[i].name; i++)
		if (!strcmp(axes[i].name, name))
			return cbench_arg(r->s, i);
	return otherwise;
}

static bool pages_are(const struct op_run *r, enum op_pages want)
{
	static const enum page_state state[] = {
		[PAGES_NONE] = PAGE_NONE,
		[PAGES_PRESENT] = PAGE_PRESENT,
		[PAGES_EXCLUSIVE] = PAGE_EXCLUSIVE,
		[PAGES_SWAP] = PAGE_SWAP,
	};

	return want == PAGES_ANY ||
	       pagemap_count(r->region.addr, r->region.pages, state[want]) ==
		       (long)r->region.pages;
}

/* Does this device do what the page tables can show? */
static bool is_judged(const struct op_run *r, enum op_pages want)
{
	return want != PAGES_EXCLUSIVE || r->backend->flags & REAL_EXCLUSIVE;
}

/* The pages are in another state than want. */
static int make_pages(struct op_run *r, enum op_pages want)
{
	int ret = 0, i;

	/* coherent device memory stays mapped: there is no fault to measure */
	if (want == PAGES_SWAP)
		return -EOPNOTSUPP;
	if (want == PAGES_PRESENT)
		region_write(&r->region);
	for (i = 0; want == PAGES_EXCLUSIVE && i < MAX_AGAIN; i++) {
		ret = op_mark(r);
		if (!is_busy(ret))
			break;
	}
	return ret;
}

/* 0, or -EAGAIN: some other task (compaction, reclaim, khugepaged) may have
 * taken the pages away in between, so this attempt does not count; an operation
 * that never leaves what it should fails in until_done().
 */
static int judge(struct loop *l, enum op_pages want, const char *when)
{
	static const char *const name[] = {
		[PAGES_ANY] = "in any state",
		[PAGES_NONE] = "unmapped",
		[PAGES_PRESENT] = "present",
		[PAGES_EXCLUSIVE] = "device-exclusive",
		[PAGES_SWAP] = "device-private",
	};

	if (!is_judged(&l->run, want) || pages_are(&l->run, want))
		return 0;
	snprintf(l->why, sizeof(l->why),
		 "pagemap: %s it not all of %zu pages were %s", when,
		 l->run.region.pages, name[want]);
	return -EAGAIN;
}

static bool good(struct loop *l, int ret, const char *what)
{
	if (ret == -EOPNOTSUPP)
		cbench_skip(l->s, "%s: this device, kernel or machine has no such thing (coherent memory: no fault; one node: no far memory; so many pages: not so much memory)",
			    what);
	else if (ret)
		cbench_fail(l->s, "%s: %s", what, strerror(-ret));
	return !ret;
}

static int prepare(struct loop *l)
{
	enum op_pages want = l->op->before;
	struct device_work work = l->run.work;
	int ret = l->op->prepare ? l->op->prepare(&l->run) : 0;

	if (!ret && !pages_are(&l->run, want)) {
		ret = make_pages(&l->run, want);
		if (!ret)
			ret = judge(l, want, "before");
	}
	l->run.work = work;	/* the harness's work is not the operation's */
	if (want == PAGES_EXCLUSIVE && l->run.region.pages) {
		l->result->judged = true;
		l->result->exclusive = is_judged(&l->run, want);
	}
	return ret;
}

/*
 * In a boot with a seed the operations begin at any distance from the timer's tick and from
 * what the scheduler made of the one before. Without this, whether the device's thread is
 * preempted, or still queued when it is woken, is the same for all of them and in every
 * boot of one kernel, and another in the next kernel. Log-uniform, up to a tick of 4 ms.
 */
static void wait_seeded(void)
{
	static struct rng rng;
	static int state; /* 0: not looked yet, 1: no seed, 2: seeded */
	volatile uint64_t spins;

	if (!state) {
		const char *seed = getenv("HMMSTORM_SEED");

		state = seed && *seed && clock_counts_instructions ? 2 : 1;
		if (state == 2)
			rng_init(&rng, strtoull(seed, NULL, 10), "operation", 0);
	}
	if (state == 1)
		return;
	for (spins = rng_below(&rng, 1ULL << rng_below(&rng, LONGEST_WAIT_LOG2)); spins; spins--)
		;
}

/* The operation, with the time and the counters around it alone. */
static int timed(struct loop *l, uint64_t *ticks)
{
	uint64_t faults = l->run.work.faults, begin;
	int ret = explain_begin(&l->explain), end;

	if (ret)
		return ret;
	wait_seeded();
	window_mark(WINDOW_BEGIN);
	begin = clock_ticks();
	ret = l->op->op(&l->run);
	*ticks = clock_ticks() - begin;
	window_mark(WINDOW_END);
	*ticks -= *ticks < bench_device.clock_floor ? *ticks : bench_device.clock_floor;
	if (is_busy(ret))
		snprintf(l->why, sizeof(l->why), "%s", strerror(-ret));
	if (ret)
		return ret;
	end = explain_end(&l->explain);
	if (l->op->must_fault && l->run.backend->flags &&
	    l->run.work.faults == faults) {
		snprintf(l->why, sizeof(l->why), "the device took no fault");
		return -EAGAIN;
	}
	return end;
}

static int once(struct loop *l, uint64_t *ticks)
{
	int ret = prepare(l), finish = 0;

	if (is_busy(ret) && !l->why[0])
		snprintf(l->why, sizeof(l->why), "before it: %s", strerror(-ret));
	if (!ret)
		ret = timed(l, ticks);
	if (!ret)
		ret = judge(l, l->op->after, "after");
	if (l->op->finish)
		finish = l->op->finish(&l->run);
	return ret ? ret : finish;
}

/* False: the benchmark is over, and has been told why. */
static bool until_done(struct loop *l, uint64_t *ticks)
{
	int ret = -EAGAIN, i;

	for (i = 0; is_busy(ret) && i < MAX_AGAIN; i++) {
		struct device_work work = l->run.work;

		l->why[0] = 0;
		ret = once(l, ticks);
		if (is_busy(ret)) {
			l->run.work = work;
			l->again++;
		}
	}
	if (!ret)
		explain_add(&l->explain);
	if (!is_busy(ret))
		return good(l, ret, "operation");
	cbench_fail(l->s, "%s, in each of %d attempts", l->why, MAX_AGAIN);
	return false;
}

/* By the name that its rows will have. */
static int announce(const struct loop *l)
{
	const struct cbench *b = cbench_self(l->s);
	struct cbench_value args[CBENCH_AXES];
	uint64_t pages;
	char name[160];
	size_t n;

	for (n = 0; n < CBENCH_AXES && b->axes[n].name; n++)
		args[n] = (struct cbench_value){ .name = b->axes[n].name,
						 .value = (double)cbench_arg(l->s, n) };
	pages = results_name(name, sizeof(name), b->name, args, n);
	return window_case(name, pages, (unsigned int)cbench_threads(l->s));
}

static void iterate(struct loop *l)
{
	struct disturb_reading begin;
	uint64_t ticks;

	/* cold caches, first page-table pages: not the operation's cost */
	if (!until_done(l, &ticks))
		return;
	l->run.work = (struct device_work){ 0 };
	l->run.refused = 0;
	l->again = 0;
	explain_reset(&l->explain);
	if (!good(l, announce(l), "cases.tsv"))
		return;
	window_mark(WINDOW_CASE);
	disturb_begin(&begin);
	while (cbench_keep_running(l->s)) {
		if (!until_done(l, &ticks))
			return;
		window_mark(WINDOW_KEEP);
		/* deterministic mode: an instruction is 1 ns of virtual time */
		cbench_set_time(l->s, (double)ticks * 1e-9);
		hist_add(&l->result->latency, ticks);
		l->total += ticks;
	}
	disturb_end(&begin, &l->result->disturbance);
}

static void report_latency(struct loop *l, double pages)
{
	const struct hist *h = &l->result->latency;
	const char *unit = clock_unit();
	char per_page[32];

	snprintf(per_page, sizeof(per_page), "%s/page", unit);
	if (clock_counts_instructions)
		cbench_counter(l->s, "instructions", unit, (double)l->total,
			       CBENCH_AVERAGE);
	if (pages > 0)
		cbench_counter(l->s, "per_page", per_page,
			       (double)l->total / pages, CBENCH_AVERAGE);
	cbench_counter(l->s, "p50", unit, (double)hist_quantile(h, 0.5),
		       CBENCH_AVERAGE_THREADS);
	if (h->n >= hist_needed(0.99))
		cbench_counter(l->s, "p99", unit,
			       (double)hist_quantile(h, 0.99),
			       CBENCH_AVERAGE_THREADS);
}

static void report(struct loop *l)
{
	const struct device_work *w = &l->run.work;
	const struct {
		const char *name, *unit;
		uint64_t value;
	} counts[] = {
		{ "device_faults", "faults", w->faults },
		{ "device_retries", "retries", w->retries },
		{ "marked_pages", "pages", w->pages },
		{ "taken_back", "pages", w->taken_back },
		{ "refused", "calls", l->run.refused },
		{ "again", "operations", l->again },
	};
	size_t i;

	report_latency(l, (double)l->run.region.pages);
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++)
		if (counts[i].value)
			cbench_counter(l->s, counts[i].name, counts[i].unit,
				       (double)counts[i].value, CBENCH_AVERAGE);
	explain_report(&l->explain, l->s);
	if (l->result->judged)
		cbench_set_label(l->s, l->result->exclusive ?
					       "exclusive" : "not exclusive");
}

/* Kept out of fork(): results pile up over a run, and the cost of copying their
 * page tables would grow into the later benchmarks' fork().
 */
static struct op_result *result_new(void)
{
	struct op_result *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (r == MAP_FAILED)
		return NULL;
	madvise(r, sizeof(*r), MADV_DONTFORK);
	hist_init(&r->latency);
	return r;
}

static void result_free(void *r)
{
	munmap(r, sizeof(struct op_result));
}

static int map_region(struct op_run *r)
{
	struct region_how how = {
		.huge = op_arg(r, "thp", 0),
		.place = op_arg(r, "node", 0) ? PLACE_REMOTE : PLACE_ANY,
		.topo = bench_device.topo,
	};
	int64_t pages = op_arg(r, "pages", -1);

	return pages < 0 ? 0 : region_map(&r->region, (size_t)pages, &how);
}

static int map_buffer(struct op_run *r)
{
	r->buf = mmap(NULL, r->region.len, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	return r->buf == MAP_FAILED ? -errno : 0;
}

static int loop_init(struct loop *l)
{
	const struct cbench *b = cbench_self(l->s);
	struct counters *counters;
	int ret;

	l->run.s = l->s;
	l->run.dev = bench_device.dev;
	l->run.backend = bench_device.backend;
	l->run.buf = MAP_FAILED;
	if (bench_device.topo)
		topo_pin(bench_device.topo, (unsigned int)cbench_thread(l->s));
	l->result = result_new();
	/* other threads' doings would be counted with it */
	counters = cbench_threads(l->s) > 1 ? NULL : bench_device.counters;
	ret = l->result ? explain_init(&l->explain, counters) : -ENOMEM;
	if (!ret)
		ret = map_region(&l->run);
	if (!ret && b->needs & CAP_ACCESS)
		ret = map_buffer(&l->run);
	if (!ret && l->op->begin) {
		l->begun = true;
		ret = l->op->begin(&l->run);
	}
	return ret;
}

static void loop_exit(struct loop *l)
{
	if (l->begun && l->op->end)
		l->op->end(&l->run);
	if (l->run.buf != MAP_FAILED)
		munmap(l->run.buf, l->run.region.len);
	region_unmap(&l->run.region);
	explain_exit(&l->explain);
	if (l->result && (cbench_stopped(l->s) || cbench_thread(l->s)))
		result_free(l->result);
	else if (l->result)
		cbench_attach(l->s, l->result, result_free);
}

void bench_run(struct cbench_state *s)
{
	struct loop l = { .s = s, .op = cbench_self(s)->data };

	if (l.op->taken_back && !(bench_device.backend->flags & REAL_EXCLUSIVE)) {
		cbench_skip(s, "backend %s has no entry that a CPU takes back",
			    bench_device.backend->name);
		return;
	}
	if (good(&l, loop_init(&l), "setup")) {
		iterate(&l);
		if (!cbench_stopped(s))
			report(&l);
	}
	loop_exit(&l);
}
