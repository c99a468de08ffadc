// SPDX-License-Identifier: GPL-2.0-only
/* The livelock question: from the rows of bench/livelock.c and bench/storm_latency.c. */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "../experiment.h"

/* bench/contest.h: more a second than any machine here makes. */
#define RATE_MAX 1000000

static const int rates[] = { 0, 100, 1000, 10000, 100000, RATE_MAX };
static const unsigned int marks[] = { 0, 1, 2, 3, 5, 10, 20, 50, 100 };

#define NR(a) (sizeof(a) / sizeof(*(a)))

static const struct side {
	const char *backend, *protocol;
	int where;
	const char *place;
} sides[] = {
	{ "mirror", "process", 0, "the page itself" },
	{ "mirror", "process", 1, "the page itself, mprotect" },
	{ "mirror", "process", 2, "the page beside" },
	{ "mirror", "process", 3, "1 GiB away" },
	{ "mirror-range", "range", 0, "the page itself" },
	{ "mirror-range", "range", 1, "the page itself, mprotect" },
	{ "mirror-range", "range", 2, "the page beside" },
	{ "mirror-range", "range", 3, "1 GiB away" },
	{ "mirror-pin", "pin", 0, "the page itself" },
	{ "mirror-pin", "pin", 1, "the page itself, mprotect" },
	{ "mirror-pin", "pin", 2, "the page beside" },
	{ "mirror-pin", "pin", 3, "1 GiB away" },
};

static struct results_key key(const char *name, const char *backend, const char *metric)
{
	return (struct results_key){ .name = name, .backend = backend, .metric = metric,
				     .pages = RESULTS_ANY };
}

static double value(const struct results *r, const char *name, const char *backend,
		    const char *metric)
{
	struct results_key k = key(name, backend, metric);

	return results_value(r, &k);
}

static double at_rate(const struct results *r, const struct side *s, int rate,
		      const char *metric)
{
	char name[64];

	snprintf(name, sizeof(name), "E2.spurious/rate:%d/where:%d", rate, s->where);
	return value(r, name, s->backend, metric);
}

static int draw(const struct findings *f)
{
	struct figure *fig = figure_new(FIGURE_LINES, "e2-progress",
		"Device faults a second against spurious invalidations",
		findings_subtitle(f, "E2.spurious", NULL));
	char title[64], name[64];
	struct results_series s;
	size_t i;

	figure_x(fig, FIGURE_LOG10, "spurious invalidations asked for (1/s; the last: as fast as it goes)");
	figure_y(fig, FIGURE_LINEAR, "device faults completed (1/s)");
	figure_zero(fig);
	for (i = 0; i < NR(sides); i++) {
		struct results_key k = key(name, sides[i].backend, "progress");

		if (sides[i].where % 2) /* as their neighbours */
			continue;
		snprintf(name, sizeof(name), "E2.spurious/where:%d", sides[i].where);
		snprintf(title, sizeof(title), "%s, %s", sides[i].protocol, sides[i].place);
		figure_series(fig, title, false);
		results_series(findings_run(f), &k, "rate", &s);
		figure_results(fig, &s, 1);
		results_series_free(&s);
	}
	return findings_figure(f, fig, "Device faults that come to an end in a second, by fault protocol and by where a CPU's calls go that change nothing for the device, against the rate of these calls.");
}

/* What a side went through at all rates. */
struct total {
	double faults, longest, timeouts, first, made, unhurt;
};

static struct total sum(const struct results *r, const struct side *s)
{
	struct total t = { 0, 0, 0, NAN, 0, NAN };
	size_t i;

	for (i = 0; i < NR(rates); i++) {
		double faults = at_rate(r, s, rates[i], "faults");
		double timeouts = at_rate(r, s, rates[i], "timeouts");

		if (isnan(faults))
			continue;
		t.faults += faults;
		t.timeouts += timeouts;
		t.longest = fmax(t.longest, at_rate(r, s, rates[i], "longest"));
		t.made = fmax(t.made, at_rate(r, s, rates[i], "spurious"));
		if (timeouts > 0 && isnan(t.first))
			t.first = at_rate(r, s, rates[i], "spurious");
		if (isnan(t.first))
			t.unhurt = at_rate(r, s, rates[i], "spurious");
	}
	return t;
}

static void write_sides(const struct findings *f)
{
	const struct results *r = findings_run(f);
	struct doc_table *t = doc_table(f->doc, "%s: faults of all rates together, the longest chain of attempts that came to an end, faults that did not within %s ms, and the lowest rate really made at which there was one.",
		results_line(r), doc_value(value(r, "E2.spurious", NULL, "timeout_ms"), 0));
	size_t i;

	doc_column(t, DOC_TEXT, "protocol");
	doc_column(t, DOC_TEXT, "calls on");
	doc_column(t, DOC_NUMBER, "faults");
	doc_column(t, DOC_NUMBER, "longest chain");
	doc_column(t, DOC_NUMBER, "timed out");
	doc_column(t, DOC_NUMBER, "from (calls/s)");
	doc_column(t, DOC_NUMBER, "most calls/s made");
	for (i = 0; i < NR(sides); i++) {
		struct total s = sum(r, &sides[i]);

		if (!s.faults)
			continue;
		doc_cell(t, "%s", sides[i].protocol);
		doc_cell(t, "%s", sides[i].place);
		doc_number(t, s.faults, 0);
		doc_number(t, s.longest, 0);
		doc_number(t, s.timeouts, 0);
		doc_number(t, s.first, 0);
		doc_number(t, s.made, 0);
	}
}

/* A share with the bounds that the benchmark wrote beside it. */
static struct estimate share(const struct results *r, const char *name, const char *backend,
			     unsigned int mark, const char *what)
{
	struct estimate e;
	char metric[48];

	snprintf(metric, sizeof(metric), "after_%u_n", mark);
	e.n = (uint64_t)fmax(value(r, name, backend, metric), 0);
	snprintf(metric, sizeof(metric), "after_%u_%s", mark, what);
	e.value = value(r, name, backend, metric);
	snprintf(metric, sizeof(metric), "after_%u_%s_low", mark, what);
	e.low = value(r, name, backend, metric);
	snprintf(metric, sizeof(metric), "after_%u_%s_high", mark, what);
	e.high = value(r, name, backend, metric);
	return e;
}

static bool any_reached(const struct results *r, const struct side *s, unsigned int mark)
{
	char metric[32];
	size_t i;

	snprintf(metric, sizeof(metric), "after_%u_n", mark);
	for (i = 0; i < NR(rates); i++)
		if (at_rate(r, s, rates[i], metric) > 0)
			return true;
	return false;
}

static void write_chances(const struct findings *f, const struct side *s)
{
	const struct results *r = findings_run(f);
	struct doc_table *t;
	struct estimate e;
	char name[64];
	size_t i, j;

	if (!any_reached(r, s, 0))
		return;
	t = doc_table(f->doc, "%s, protocol %s, calls on %s: of the faults whose first k attempts were in vain, the share that came to an end within the time, with 95%% bounds (Clopper and Pearson), and how many such faults there were.",
		      results_line(r), s->protocol, s->place);

	doc_column(t, DOC_NUMBER, "k");
	for (j = 1; j < NR(rates); j++) {
		doc_column(t, DOC_NUMBER, rates[j] == RATE_MAX ? "as fast as it goes" : "%d/s", rates[j]);
		doc_column(t, DOC_NUMBER, "faults");
	}
	for (i = 0; i < NR(marks); i++) {
		if (!any_reached(r, s, marks[i]))
			break;
		doc_number(t, marks[i], 0);
		for (j = 1; j < NR(rates); j++) {
			snprintf(name, sizeof(name), "E2.spurious/rate:%d/where:%d", rates[j], s->where);
			e = share(r, name, s->backend, marks[i], "ok");
			doc_estimate(t, &e, 4);
			doc_number(t, isnan(e.value) ? NAN : (double)e.n, 0);
		}
	}
}

static const struct {
	const char *name, *text;
} others[] = {
	{ "E2.two_devices", "two devices add to one word" },
	{ "E2.thrash", "a device and a CPU add to one word" },
	{ "E2.hold/hold:50", "... and the device keeps it for 50 us" },
	{ "E2.hold/hold:500", "... for 500 us" },
	{ "E2.hold/hold:5000", "... for 5,000 us" },
	{ "E2.unlocked/unlocked:0/against:0", "calls as fast as they go, the page held while it is marked" },
	{ "E2.unlocked/unlocked:1/against:0", "... not held" },
	{ "E2.unlocked/unlocked:0/against:1", "against a CPU, held" },
	{ "E2.unlocked/unlocked:1/against:1", "... not held" },
	{ "E2.unlocked/unlocked:0/against:2", "against another device, held" },
	{ "E2.unlocked/unlocked:1/against:2", "... not held" },
	{ "E2.naive/rate:0", "retries as nouveau makes them, no calls" },
	{ "E2.naive/rate:100", "... 100 calls a second on the page" },
	{ "E2.naive/rate:1000", "... 1,000" },
	{ "E2.naive/rate:10000", "... 10,000" },
	{ "E2.naive/rate:1000000", "... as fast as they go" },
};

static void write_others(const struct findings *f, const char *backend)
{
	static const struct {
		const char *metric, *head;
	} columns[] = {
		{ "progress", "faults/s" },	     { "other_progress", "the other's" },
		{ "atomics", "device atomics/s" }, { "other_atomics", "the other's" },
		{ "cpu_atomics", "CPU atomics/s" }, { "retries", "retries a fault" },
		{ "longest", "longest chain" },    { "faults", "faults" },
		{ "timeouts", "timed out" },
	};
	const struct results *r = findings_run(f);
	struct doc_table *t = doc_table(f->doc, "%s, backend %s: who gets on, and after how many attempts.",
					results_line(r), backend);
	size_t i, j;

	doc_column(t, DOC_TEXT, "between");
	for (j = 0; j < NR(columns); j++)
		doc_column(t, DOC_NUMBER, "%s", columns[j].head);
	for (i = 0; i < NR(others); i++) {
		doc_cell(t, "%s", others[i].text);
		for (j = 0; j < NR(columns); j++)
			doc_number(t, value(r, others[i].name, backend, columns[j].metric),
				   j == 5 ? 2 : 0);
	}
}

/* E9.storm: what one fault costs by each protocol. */
static void write_protocols(const struct findings *f)
{
	static const char *const backends[] = { "mirror", "mirror-range", "mirror-pin" };
	static const int some[] = { 0, 10000, RATE_MAX };
	const struct results *r = findings_run(f);
	struct results_key k = key("E9.storm", NULL, "latency_p50");
	struct doc_table *t;
	size_t i, j;
	int where;

	if (!results_next(r, &k, NULL))
		return;
	t = doc_table(f->doc, "%s: a device fault by each protocol, one after the other, under calls: median time of one that came to an end (%s), attempts thrown away of each, faults that did not end.",
		      results_line(r), results_unit(r, &k));
	doc_column(t, DOC_TEXT, "protocol");
	doc_column(t, DOC_TEXT, "calls on");
	for (i = 0; i < NR(some); i++) {
		doc_column(t, DOC_NUMBER, some[i] == RATE_MAX ? "as fast as it goes" : "%d/s", some[i]);
		doc_column(t, DOC_NUMBER, "retries");
		doc_column(t, DOC_NUMBER, "timed out");
	}
	for (i = 0; i < NR(backends); i++) {
		for (where = 0; where <= 2; where += 2) {
			doc_cell(t, "%s", backends[i]);
			doc_cell(t, "%s", where ? "the page beside" : "the page itself");
			for (j = 0; j < NR(some); j++) {
				char name[64];

				snprintf(name, sizeof(name), "E9.storm/rate:%d/where:%d", some[j], where);
				doc_number(t, value(r, name, backends[i], "latency_p50"), 0);
				doc_number(t, value(r, name, backends[i], "retries"), 3);
				doc_number(t, value(r, name, backends[i], "timeouts"), 0);
			}
		}
	}
}

/* E2.latency: from the intended start, beside the service alone. */
static void write_latency(const struct findings *f)
{
	static const int offered[] = { 500, 2000, 8000 }, some[] = { 0, 10000, RATE_MAX };
	static const struct {
		const char *metric, *head;
	} columns[] = {
		{ "progress", "completed/s" },	  { "service_p50", "service p50" },
		{ "service_p99", "service p99" }, { "latency_p50", "from the intended start, p50" },
		{ "latency_p99", "p99" },	  { "latency_p99.9", "p99.9" },
		{ "late_max", "latest start" },	  { "timeouts", "timed out" },
	};
	const struct results *r = findings_run(f);
	struct results_key k = key("E2.latency", "mirror", "latency_n");
	struct doc_table *t;
	char name[64];
	size_t i, j, c;

	if (!results_next(r, &k, NULL))
		return;
	t = doc_table(f->doc, "%s, backend mirror: faults offered at a rate, under calls on the page; times in ns (in deterministic mode instructions); a percentile is left out where there are too few samples for it.",
		      results_line(r));
	doc_column(t, DOC_NUMBER, "offered/s");
	doc_column(t, DOC_NUMBER, "calls/s asked");
	for (c = 0; c < NR(columns); c++)
		doc_column(t, DOC_NUMBER, "%s", columns[c].head);
	for (i = 0; i < NR(offered); i++) {
		for (j = 0; j < NR(some); j++) {
			snprintf(name, sizeof(name), "E2.latency/offered:%d/rate:%d", offered[i], some[j]);
			doc_number(t, offered[i], 0);
			doc_number(t, some[j], 0);
			for (c = 0; c < NR(columns); c++)
				doc_number(t, value(r, name, "mirror", columns[c].metric), 0);
		}
	}
}

/* Windows in which the machine was elsewhere: their times are not the kernel's. */
static void write_error(const struct findings *f)
{
	const struct results *r = findings_run(f);
	struct results_key k = key(NULL, NULL, "disturbed");
	const struct results_row *row = NULL;
	unsigned int disturbed = 0, all = 0;

	while ((row = results_next(r, &k, row))) {
		if (row->name[0] != 'E' || row->name[1] != '2' || row->name[2] != '.')
			continue;
		all++;
		disturbed += row->value > 0;
	}
	doc_labelled(f->doc, "Error", "shares have the bounds of Clopper and Pearson; where no fault of n failed, the share that does is at most 3 / n (95%%). A window was measured once. In deterministic mode one thread emulates all CPUs and others run at named places of an attempt only (two within it, two between two), so an invalidation that is due comes at the next place. Where CPUs run in parallel on a host that takes them away, the times are the host's: %u of %u windows were marked disturbed.",
		     disturbed, all);
}

static const struct side *side_of(const char *protocol, int where)
{
	size_t i;

	for (i = 0; i < NR(sides); i++)
		if (sides[i].where == where && sides[i].protocol[0] == protocol[0] &&
		    sides[i].protocol[1] == protocol[1])
			return &sides[i];
	return NULL;
}

/* What became of the other protocol, which does not see the page beside. */
static const char *beside_by_range(const struct results *r)
{
	static char text[200];
	struct total t = sum(r, side_of("range", 2));

	if (!t.faults)
		return "what a notifier of the faulting page alone does was not measured";
	snprintf(text, sizeof(text), "with a notifier of the faulting page alone %s of %s faults timed out, at up to %s calls a second, and no chain was longer than %s",
		 doc_value(t.timeouts, 0), doc_value(t.faults, 0), doc_value(t.made, 0),
		 doc_value(t.longest, 0));
	return text;
}

static void write_answer(const struct findings *f)
{
	const struct results *r = findings_run(f);
	struct total t = sum(r, side_of("process", 2));

	if (!t.faults)
		doc_note(f->doc, "not measured in this run: E2.spurious on backend mirror, so there is no answer.");
	else if (isnan(t.first))
		doc_answer(f->doc, "On %s a retry succeeds: with a process-wide notifier and a CPU hammering the page beside, each of %s faults came to an end, after %s attempts in vain at most, up to the %s invalidations a second that this machine makes; %s.",
			   results_line(r), doc_value(t.faults, 0), doc_value(t.longest, 0),
			   doc_value(t.made, 0), beside_by_range(r));
	else
		doc_answer(f->doc, "On %s it is both: with a process-wide notifier every fault came to an end while a CPU hammered the page beside up to %s times a second, but from %s times a second on, where the next invalidation comes before an attempt is over, faults failed after %s ms; %s.",
			   results_line(r), doc_value(isnan(t.unhurt) ? 0 : t.unhurt, 0),
			   doc_value(t.first, 0),
			   doc_value(value(r, "E2.spurious", "mirror", "timeout_ms"), 0),
			   beside_by_range(r));
}

static int write(const struct findings *f)
{
	int ret = draw(f);

	if (ret)
		return ret;
	write_sides(f);
	write_chances(f, side_of("process", 2));
	write_chances(f, side_of("range", 0));
	write_others(f, "mirror");
	write_latency(f);
	write_protocols(f);
	write_error(f);
	write_answer(f);
	return 0;
}

static const char *const families[] = { "E9.storm", NULL };

static const struct experiment e2 = {
	.id = "E2",
	.title = "is a retry a livelock, or will it succeed",
	.question = "A device fault is thrown away when an invalidation comes in between, and tried again. Is that a livelock, or will the retry succeed, when \"userspace is hammering an adjacent page\", when two devices want one page, and with the page held or not while it is marked?",
	.measured = "`mmu_interval_read_retry()` after `make_device_exclusive()`: one notifier of the whole process sees invalidations of every page, one a fault those of its page. "
		    "A device wants one page without end (each fault after a restore) while a CPU makes calls that raise an invalidation and change nothing: UFFDIO_WRITEPROTECT off or mprotect +EXEC of the page, MADV_DONTNEED of an untouched page beside it or 1 GiB away. Every fault's attempts are counted to its end, or to -EBUSY after the timeout. The control is rate 0.",
	.families = families,
	.write = write,
};

EXPERIMENT(e2);
