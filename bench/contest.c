// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/clock.h"
#include "../lib/delay.h"
#include "../lib/record.h"
#include "contest.h"
#include "explain.h"
#include "op.h"
#include "wake.h"
#include "wanter.h"

#define WINDOW_NS 500000000ULL
#define OFFERED_WINDOW_NS 2000000000ULL
#define DETERMINISTIC_PART 25

/* Travels to the records. */
struct result {
	struct op_result base; /* latency: of a fault; offered: from its intended start */
	struct chains chains, others; /* the other device's */
	struct hist service;
	struct pace pace;
	bool offered;
};

/* All of a call of contest_run(). */
struct run {
	struct cbench_state *s;
	struct contest c;
	struct ground ground;
	struct rival rival;
	struct wanter wanter, other;
	struct explain explain;
	struct delays delays;
	struct result *result;
	uint64_t made, added, other_added, stalled; /* within the window */
	double seconds;
};

static int64_t choose(const struct run *r, const char *name, int64_t fixed)
{
	const struct op_run as = { .s = r->s };

	return op_arg(&as, name, fixed);
}

static void read_arguments(struct run *r)
{
	const struct contest *c = cbench_self(r->s)->data;

	r->c = (struct contest){
		.against = choose(r, "against", c->against),
		.rate = choose(r, "rate", c->rate),
		.where = choose(r, "where", c->where),
		.hold = choose(r, "hold", c->hold),
		.naive = choose(r, "naive", c->naive),
		.unlocked = choose(r, "unlocked", c->unlocked),
		.offered = choose(r, "offered", c->offered),
	};
}

/* Kept out of fork(), as op.c's results are. */
static struct result *result_new(void)
{
	struct result *r = mmap(NULL, sizeof(*r), PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (r == MAP_FAILED)
		return NULL;
	madvise(r, sizeof(*r), MADV_DONTFORK);
	chains_init(&r->chains);
	chains_init(&r->others);
	hist_init(&r->base.latency);
	hist_init(&r->service);
	return r;
}

static void result_free(void *r)
{
	munmap(r, sizeof(struct result));
}

static void put(const struct op_result *o, struct record *r, const struct record_id *id)
{
	const struct result *own = (const struct result *)o;

	chains_put(&own->chains, r, id);
	if (!own->offered)
		return;
	record_hist(r, id, "service", "ns", &own->service);
	record_hist(r, id, "fault", "ns", &own->chains.service);
	record_u64(r, id, "starts_late", "count", "1", own->pace.late);
	record_u64(r, id, "late_max", "value", "ns", own->pace.late_max);
	record_double(r, id, "late_mean", "value", "ns",
		      (double)own->pace.late_ns / (double)own->pace.turns);
}

static int set_policy(const struct run *r, struct hmmstorm_policy *p)
{
	*p = (struct hmmstorm_policy){ .kind = HMMSTORM_POLICY_HOLD,
				       .hold_us = (uint32_t)r->c.hold };
	return r->c.hold ? 0 : mirror_parse_policy(bench_device.policy, p);
}

static int open_devices(struct run *r)
{
	unsigned int flags = (r->c.naive ? HMMSTORM_MIRROR_NAIVE : 0) |
			     (r->c.unlocked ? HMMSTORM_MIRROR_UNLOCKED : 0);
	struct hmmstorm_policy policy;
	int ret = set_policy(r, &policy);

	r->wanter.page = r->ground.page;
	r->other.page = r->ground.page;
	r->wanter.chains = &r->result->chains;
	r->other.chains = &r->result->others;
	r->wanter.gives_back = r->c.against == AGAINST_CALLS;
	r->wanter.touched = r->c.naive;
	r->other.worker = 1;
	/* the first one last: it leaves this thread on worker 0's CPU */
	if (!ret && r->c.against == AGAINST_DEVICE)
		ret = wanter_open(&r->other, flags, &policy);
	return ret ? ret : wanter_open(&r->wanter, flags, &policy);
}

/*
 * In deterministic mode CPUs take turns, by the millisecond, and nobody would ever come
 * between. A PAUSE at each named place lets the others run there: two places within an
 * attempt, two between attempts, one within an invalidation. Against another device
 * or a CPU at half of the passages, by a seed: two that take turns exactly may meet
 * for ever. With --delay the program's own places stand (-EBUSY).
 */
static int interleave(struct run *r)
{
	static const char *const places[] = { "read_begin", "exclusive", "mapped", "restore",
					      "invalidate" };
	const char *often = r->c.against == AGAINST_CALLS ? "1" : "0.5";
	char why[200], text[64];
	size_t i;
	int ret = 0;

	if (!clock_counts_instructions)
		return 0;
	for (i = 0; !ret && i < sizeof(places) / sizeof(*places); i++) {
		snprintf(text, sizeof(text), "%s:pause:1:%s", places[i], often);
		ret = delays_add(&r->delays, text, why, sizeof(why));
	}
	if (!ret)
		ret = delays_begin(&r->delays, 0, why, sizeof(why));
	return ret == -EBUSY ? 0 : ret;
}

static bool has_rival(const struct run *r)
{
	return r->c.against == AGAINST_CPU || (r->c.against == AGAINST_CALLS && r->c.rate);
}

static enum rival_call rival_call(const struct run *r)
{
	return r->c.against == AGAINST_CALLS ? (enum rival_call)r->c.where : RIVAL_ADD;
}

static int init(struct run *r)
{
	int ret;

	if (bench_device.topo && topo_cpus(bench_device.topo) < 2)
		return -EOPNOTSUPP;
	r->result = result_new();
	ret = r->result ? explain_init(&r->explain, bench_device.counters) : -ENOMEM;
	if (!ret)
		ret = ground_map(&r->ground, rival_call(r));
	if (!ret)
		ret = open_devices(r);
	if (!ret)
		ret = interleave(r);
	/* cold: the device's page table, the engine's first wake-up */
	if (!ret)
		ret = wanter_turn(&r->wanter);
	if (ret)
		return ret;
	chains_init(&r->result->chains);
	r->result->base.put = put;
	r->result->offered = r->c.offered > 0;
	return 0;
}

static int begin_rivals(struct run *r)
{
	r->rival = (struct rival){
		.ground = &r->ground,
		.call = rival_call(r),
		.rate = r->c.against == AGAINST_CPU ? 0 : (double)r->c.rate,
		.worker = 1,
	};
	if (r->c.against == AGAINST_DEVICE)
		return wanter_begin(&r->other);
	return has_rival(r) ? rival_begin(&r->rival) : 0;
}

static int end_rivals(struct run *r)
{
	if (r->c.against == AGAINST_DEVICE)
		return wanter_end(&r->other);
	return has_rival(r) ? rival_end(&r->rival) : 0;
}

static int turns(struct run *r, uint64_t begin)
{
	uint64_t ns = r->c.offered ? OFFERED_WINDOW_NS : WINDOW_NS;
	struct result *to = r->result;
	int ret = 0;

	if (clock_counts_instructions)
		ns /= DETERMINISTIC_PART;
	pace_begin(&to->pace, (double)r->c.offered);
	while (!ret && clock_ns() - begin < ns)
		ret = r->c.offered ? wanter_paced(&r->wanter, &to->pace, &to->base.latency,
						  &to->service) :
				     wanter_turn(&r->wanter);
	return ret;
}

static int window(struct run *r)
{
	uint64_t made, added, other, begin, stalled = rival_stalled(&r->rival);
	int ret = explain_begin(&r->explain), end;

	made = rival_made(&r->rival);
	added = wanter_added(&r->wanter);
	other = wanter_added(&r->other);
	begin = clock_ns();
	if (!ret)
		ret = turns(r, begin);
	r->seconds = (double)(clock_ns() - begin) * 1e-9;
	r->made = rival_made(&r->rival) - made;
	r->added = wanter_added(&r->wanter) - added;
	r->other_added = wanter_added(&r->other) - other;
	r->stalled = rival_stalled(&r->rival) - stalled;
	end = explain_end(&r->explain);
	explain_add(&r->explain);
	return ret ? ret : end;
}

static int measure(struct run *r)
{
	struct disturb_reading begin;
	int ret = begin_rivals(r), end;

	if (ret)
		return ret;
	disturb_begin(&begin);
	ret = window(r);
	disturb_end(&begin, &r->result->base.disturbance);
	/* an emulator's host takes CPUs away and reports no steal */
	r->result->base.disturbance.steal_ns += r->stalled;
	end = end_rivals(r);
	return ret ? ret : end;
}

/* Of everyone, over all their time. The CPU's read takes the page back. */
static bool sum_holds(const struct run *r)
{
	uint64_t want = r->wanter.added + r->other.added;

	if (r->c.against == AGAINST_CPU)
		want += r->rival.made;
	return *(volatile uint64_t *)r->ground.page == want;
}

static void report_rivals(struct run *r)
{
	double a = (double)r->added, b = (double)r->other_added;

	if (r->c.against == AGAINST_CALLS)
		cbench_counter(r->s, "spurious", "calls", (double)r->made, CBENCH_RATE);
	else
		cbench_counter(r->s, "atomics", "atomics", a, CBENCH_RATE);
	if (r->c.against == AGAINST_CPU)
		cbench_counter(r->s, "cpu_atomics", "atomics", (double)r->made, CBENCH_RATE);
	if (r->c.against != AGAINST_DEVICE)
		return;
	cbench_counter(r->s, "other_atomics", "atomics", b, CBENCH_RATE);
	cbench_counter(r->s, "fairness", "1", a + b > 0 ? (a < b ? a / b : b / a) : 0, 0);
}

static void report(struct run *r)
{
	struct result *to = r->result;

	cbench_set_time(r->s, r->seconds);
	cbench_counter(r->s, "progress", "faults", (double)to->chains.length.n, CBENCH_RATE);
	if (r->c.against == AGAINST_DEVICE)
		cbench_counter(r->s, "other_progress", "faults", (double)to->others.length.n,
			       CBENCH_RATE);
	report_rivals(r);
	chains_merge(&to->chains, &to->others);
	chains_report(&to->chains, r->s);
	cbench_counter(r->s, "wake", "ns", (double)wake_ns(), 0);
	cbench_counter(r->s, "timeout_ms", "ms", wanter_timeout(), 0);
	if (!r->c.offered)
		to->base.latency = to->chains.service;
	explain_report(&r->explain, r->s);
}

static void finish(struct run *r)
{
	wanter_close(&r->wanter);
	wanter_close(&r->other);
	delays_end(&r->delays);
	ground_unmap(&r->ground);
	explain_exit(&r->explain);
	if (r->result && cbench_stopped(r->s))
		result_free(r->result);
	else if (r->result)
		cbench_attach(r->s, r->result, result_free);
}

void contest_run(struct cbench_state *s)
{
	struct run r = { .s = s, .ground = { .reserve = MAP_FAILED, .uffd = -1 } };
	int ret;

	read_arguments(&r);
	ret = init(&r);
	while (!ret && cbench_keep_running(s))
		ret = measure(&r);
	if (ret == -EOPNOTSUPP)
		cbench_skip(s, "needs a mirror backend, two CPUs, and for where:0 a userfaultfd that write-protects");
	else if (ret)
		cbench_fail(s, "%s", strerror(-ret));
	else if (!sum_holds(&r))
		cbench_fail(s, "an addition of device or CPU was lost");
	else
		report(&r);
	finish(&r);
}
