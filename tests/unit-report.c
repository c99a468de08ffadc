// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm report: what it prints of known rows. They are written by
 * lib/record.c, as the programs write theirs, so that each figure is known.
 */
#include "../lib/record.h"
#include "../lib/tap.h"
#include "child.h"
#include "results.h"

struct row {
	const char *metric, *unit;
	uint64_t value;
};

#define NR(rows) (sizeof(rows) / sizeof(*(rows)))

static struct record_id id;

/* From here on rows are of this program and device. */
static struct record *begin(const char *dir, const char *program_name,
			    const char *backend, const char *policy)
{
	static char arg0[] = "program";
	static char *const args[] = { arg0, NULL };
	struct record *r;

	id = (struct record_id){
		.program = program_name,
		.name = "all",
		.backend = backend,
		.policy = policy,
		.protocol = "process",
		.workers = 2,
		.pages = 256,
	};
	if (!record_open(&r, dir, program_name, 1, args, 7))
		return r;
	tap_ok(false, "cannot open %s", dir);
	exit(tap_done());
}

static void put(struct record *r, const struct row *rows, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		record_u64(r, &id, rows[i].metric, "count", rows[i].unit,
			   rows[i].value);
}

/* What the program prints, each line with single blanks, none at its ends. */
static const char *report(const char *dir)
{
	static char path[4200], arg[512];
	static struct child c;
	char *argv[] = { path, arg, NULL };
	char *to = c.out, *from;

	snprintf(path, sizeof(path), "%s", program("hmmstorm-report"));
	snprintf(arg, sizeof(arg), "%s", dir);
	child_run(&c, argv, 60);
	if (c.status || c.err[0]) {
		tap_ok(false, "report %s: status %d", dir, c.status);
		print_as_comment(c.err);
	}
	for (from = c.out; *from; from++)
		if (*from != ' ' ||
		    (from[1] != ' ' && from[1] != '\n' && to > c.out && to[-1] != '\n'))
			*to++ = *from;
	*to = 0;
	return c.out;
}

/* How many lines are this one. */
static int lines(const char *out, const char *line)
{
	size_t len = strlen(line);
	int n = 0;

	for (; *out; out += strcspn(out, "\n"), out += *out == '\n')
		n += strcspn(out, "\n") == len && !strncmp(out, line, len);
	return n;
}

static void has(const char *out, const char *line, const char *what)
{
	if (!tap_ok(lines(out, line) == 1, "%s: %s", what, line))
		print_as_comment(out);
}

static void has_no(const char *out, const char *text, const char *what)
{
	if (!tap_ok(!strstr(out, text), "%s: no %s", what, text))
		print_as_comment(out);
}

static void test_device(void)
{
	static const struct row done[] = { { "done", "1", 1 } };
	const char *dir = scratch_path("device"), *out;
	struct record *r = begin(dir, "bench", "mirror", NULL);

	record_env(r, "truth", "off");
	record_env(r, "delay", "retry:pause:200:0.3");
	id.name = "fork";
	put(r, done, NR(done));
	id.name = "munmap";
	put(r, done, NR(done));
	record_close(r);
	r = begin(dir, "stress", "mirror", "lazy,eager");
	record_env(r, "truth", "mirror");
	record_env(r, "delay", NULL);
	put(r, done, NR(done));
	record_close(r);
	r = begin(dir, "stress", "mirror-pin", "lazy");
	record_env(r, "truth", "cpu");
	put(r, done, NR(done));
	record_close(r);
	r = begin(dir, "scale", "null", "lazy");
	put(r, done, NR(done));
	record_close(r);

	out = report(dir);
	has(out, "bench: backend mirror, protocol process, policy -, truth off, delay retry:pause:200:0.3",
	    "a program's device, once");
	has(out, "stress: backend mirror, protocol process, policy lazy,eager, truth mirror+cpu",
	    "each program's own instruments, of all its runs");
	has(out, "stress: backend mirror-pin, protocol process, policy lazy, truth mirror+cpu",
	    "each device that a program drove");
	has(out, "scale: backend null, protocol process, policy lazy",
	    "instruments that a program does not name");
}

static void test_truth(void)
{
	static const struct row rows[] = {
		{ "inv_unmap_events", "events", 6 },
		{ "inv_unmap_pages", "pages", 60 },
		{ "truth_unmap_fp0", "events", 0 },
		{ "truth_unmap_fp1", "events", 1 },
		{ "truth_unmap_fp2", "events", 0 },
		{ "truth_unmap_fp3", "events", 0 },
		{ "truth_unmap_tp", "events", 5 },
		{ "truth_clear_fp0", "events", 0 },
		{ "truth_clear_fp1", "events", 0 },
		{ "truth_clear_fp2", "events", 0 },
		{ "truth_clear_fp3", "events", 0 },
		{ "truth_clear_tp", "events", 0 },
		{ "truth_protection_vma_fp0", "events", 10 },
		{ "truth_protection_vma_fp1", "events", 20 },
		{ "truth_protection_vma_fp2", "events", 30 },
		{ "truth_protection_vma_fp3", "events", 40 },
		{ "truth_protection_vma_tp", "events", 50 },
		{ "truth_pages", "pages", 900 },
		{ "truth_given_up_pages", "pages", 800 },
		{ "truth_thp_splits", "events", 7 },
		{ "truth_thp_collapses", "events", 3 },
		{ "truth_unclassified", "events", 2 },
		{ "truth_aborted", "events", 4 },
		{ "missed_invalidations", "events", 0 },
	};
	const char *dir = scratch_path("truth"), *out;
	struct record *r = begin(dir, "stress", "mirror", "lazy");

	put(r, rows, NR(rows));
	record_close(r);
	out = report(dir);
	has(out, "event fp0 fp1 fp2 fp3 tp", "ground truth");
	has(out, "unmap 0 1 0 0 5", "an event's classes");
	has(out, "protection_vma 10 20 30 40 50", "an event's classes");
	has(out, "all 10 21 30 40 55", "all events'");
	has_no(out, "clear", "an event that never was");
	has(out, "truth_pages 900 pages", "beside it");
	has(out, "truth_given_up_pages 800 pages", "beside it");
	has(out, "truth_thp_splits 7 events", "beside it");
	has(out, "truth_thp_collapses 3 events", "beside it");
	has(out, "truth_unclassified 2 events", "beside it");
	has(out, "truth_aborted 4 events", "beside it");
	has(out, "missed_invalidations 0 events", "beside it, though 0");
}

/* The module's counters are all in a folder, of what was off too. */
static void test_truth_off(void)
{
	static const struct row rows[] = {
		{ "truth_unmap_fp0", "events", 0 },
		{ "truth_unmap_tp", "events", 0 },
		{ "truth_thp_splits", "events", 0 },
	};
	const char *dir = scratch_path("off"), *out;
	struct record *r = begin(dir, "stress", "mirror", "lazy");

	put(r, rows, NR(rows));
	record_close(r);
	out = report(dir);
	has_no(out, "Ground truth", "truth off");
	has_no(out, "truth_thp_splits", "truth off");
}

/* Every call of make_device_exclusive() is explained. */
static void test_causes(void)
{
	static const struct row rows[] = {
		{ "exclusive_calls", "calls", 115 },
		{ "exclusive_pages", "pages", 100 },
		{ "exclusive_ebusy", "calls", 1 },
		{ "exclusive_eopnotsupp", "calls", 2 },
		{ "exclusive_efault", "calls", 3 },
		{ "exclusive_enoent", "calls", 4 },
		{ "exclusive_eother", "calls", 5 },
		{ "restore_pages", "pages", 90 },
		{ "mirror_restored_asked", "pages", 11 },
		{ "mirror_restored_eager", "pages", 12 },
		{ "mirror_restored_idle", "pages", 13 },
		{ "mirror_restored_full", "pages", 0 },
		{ "mirror_restored_adaptive", "pages", 14 },
	};
	const char *dir = scratch_path("causes"), *out;
	struct record *r = begin(dir, "stress", "mirror", "lazy");

	put(r, rows, NR(rows));
	record_close(r);
	out = report(dir);
	has(out, "exclusive_calls 115 calls", "marking");
	has(out, "exclusive_ebusy 1 calls", "why not marked");
	has(out, "exclusive_eopnotsupp 2 calls", "why not marked");
	has(out, "exclusive_efault 3 calls", "why not marked");
	has(out, "exclusive_enoent 4 calls", "why not marked");
	has(out, "exclusive_eother 5 calls", "why not marked");
	has(out, "restore_pages 90 pages", "restored");
	has(out, "mirror_restored_asked 11 pages", "why restored");
	has(out, "mirror_restored_eager 12 pages", "why restored");
	has(out, "mirror_restored_idle 13 pages", "why restored");
	has(out, "mirror_restored_adaptive 14 pages", "why restored");
	has_no(out, "mirror_restored_full", "a policy that was not set");
	has_no(out, "exclusive_short", "a counter that this module has not");
}

/* A folder may hold two runs of one command. */
static void test_two_runs(void)
{
	static const struct row first[] = {
		{ "fork_n", "1", 400 },
		{ "fork_p50", "ns", 50 },
		{ "fork_p99", "ns", 99 },
		{ "fork_max", "ns", 100 },
		{ "exclusive_calls", "calls", 5 },
		{ "range_fault_chain_peak", "calls", 9 },
	};
	static const struct row second[] = {
		{ "fork_n", "1", 8 },
		{ "fork_p50", "ns", 60 },
		{ "fork_max", "ns", 80 },
		{ "exclusive_calls", "calls", 6 },
		{ "range_fault_chain_peak", "calls", 3 },
	};
	const char *dir = scratch_path("two"), *out;
	struct record *r = begin(dir, "stress", "null", "lazy");

	id.name = "fork";
	put(r, first, NR(first));
	put(r, second, NR(second));
	record_close(r);
	out = report(dir);
	has(out, "fork fork 400 50 - 99 - 100", "the first run's latencies");
	has(out, "fork fork 8 60 - - - 80", "the second's, with none of the first's");
	has(out, "exclusive_calls 11 calls", "two runs' calls are added");
	has(out, "range_fault_chain_peak 9 calls", "but not their peaks");
}

int main(void)
{
	scratch_init();
	test_device();
	test_truth();
	test_truth_off();
	test_causes();
	test_two_runs();
	return tap_done();
}
