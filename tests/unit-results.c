// SPDX-License-Identifier: GPL-2.0-only
/* lib/results.c and lib/stats.c on folders whose every value is known. */
#include <errno.h>
#include <math.h>

#include "../lib/results.h"
#include "../lib/stats.h"
#include "../lib/tap.h"
#include "child.h"
#include "made_run.h"

static void near(double got, double want, const char *what)
{
	bool same = isnan(want) ? isnan(got) : fabs(got - want) <= 1e-9 * fabs(want) + 1e-12;

	if (!tap_ok(same, "%s", what))
		printf("# got %.12g, want %.12g\n", got, want);
}

static void says(const char *got, const char *want, const char *what)
{
	if (!tap_ok(got && !strcmp(got, want), "%s", what))
		printf("# got %s, want %s\n", got ? got : "(null)", want);
}

/* exact: E3 over pages, E10 over notifiers, two backends. live: E3 again, and E2. */
static void make_run(const char *dir)
{
	char part[600];

	mkdir(dir, 0777);
	snprintf(part, sizeof(part), "%s/exact", dir);
	made_begin(part, "6.12", "vm-deterministic");
	made_env_row("bench", "command", "bench --backend mirror");
	made_env_row("bench", "command", "bench --backend test_hmm");
	made_env_row("bench", "command", "bench --backend mirror");
	made_env_row("bench", "E12.secret", "SKIPPED: not here");
	made_latency("E3.fork", "mirror", 16, 1600, 1500, 1700);
	made_latency("E3.fork", "mirror", 1, 100, 100, 100);
	made_latency("E3.fork", "mirror", 4, 400, 390, 410);
	made_latency("E3.fork", "test_hmm", 4, 999, 999, 999);
	made_latency("E3.fork_present", "mirror", 4, 40, 40, 40);
	made_latency("E10.fault/notifiers:100", "mirror", 1, 77, 77, 77);
	made_latency("E10.fault/notifiers:10", "mirror", 1, 66, 66, 66);
	made_latency("E10.fault/notifiers:10/batch:2", "mirror", 1, 55, 55, 55);
	made_row("bench", "E3.fork", "mirror", 4, 1, "p50", 420);
	made_row("bench", "E3.fork", "mirror", 4, 2, "p50", 500);
	made_row("bench", "E3.fork", "mirror", 4, 1, "latency_max", 520);
	made_row("explain", "E3.fork", "mirror", 4, 0, "inv_unmap_events", 3);
	made_end();
	snprintf(part, sizeof(part), "%s/live", dir);
	made_begin(part, "6.12", "vm");
	made_latency("E3.fork", "mirror", 4, 12345, 1, 99999);
	made_latency("E2.progress", "mirror", 0, 50, 10, 90);
	made_bucket("E2.progress", 0, 0, 40, 49, 5);
	made_bucket("E2.progress", 0, 1, 40, 49, 5);
	made_bucket("E2.progress", 0, 0, 10, 19, 1);
	made_bucket("E2.progress", 0, 0, 90, 99, 1);
	made_latency("E2.few", "mirror", 0, 50, 10, 90);
	made_bucket("E2.few", 0, 0, 40, 49, 5);
	made_end();
}

static void test_parts(const struct results *r)
{
	const struct results_part *p;

	tap_eq((long long)results_nr_parts(r), 2, "two parts");
	says(results_line(r), "6.12", "its kernel line");
	says(part_name(results_part(r, 0)), "exact", "in order of name");
	tap_ok(part_exact(results_part(r, 0)) && !part_exact(results_part(r, 1)), "one is exact, the other is not");
	tap_ok(!results_part(r, 2), "and no third");
	p = results_part_of(r, "E2.");
	says(p ? part_name(p) : NULL, "live", "the part that holds E2");
	tap_ok(!results_part_of(r, "E7."), "none holds E7");
	tap_ok(results_have(r, "E3.") && !results_have(r, "E4."), "E3 was measured, E4 was not");
	p = results_part(r, 0);
	says(part_env(p, "bench", "command", 1), "bench --backend test_hmm", "the second command");
	tap_ok(!part_env(p, "bench", "command", 2), "equal ones are told once");
	tap_ok(!part_env(p, "stress", "kernel", 0), "of this program alone");
	tap_ok(!part_vm(p, "kernel"), "no vm.tsv: no key of it");
	says(part_skipped(p, "E12.", 0), "E12.secret", "what was skipped");
	tap_ok(!part_skipped(p, "E12.", 1) && !part_skipped(p, "E11.", 0), "and no more");
}

static void test_values(const struct results *r)
{
	struct results_key k = { .name = "E3.fork", .pages = 4, .backend = "mirror" };
	struct estimate e = results_estimate(r, &k);

	near(e.value, 420, "median of three repetitions");
	near(e.low, 390, "least sample of all");
	near(e.high, 520, "largest sample of all");
	tap_eq((long long)e.n, 10, "samples");
	k.part = "live";
	near(results_value(r, &k), 12345, "of the part that was asked for");
	k.part = NULL;
	k.backend = "test_hmm";
	near(results_value(r, &k), 999, "of that backend");
	k.backend = NULL;
	near(results_value(r, &k), 420, "of the first backend, not of all");
	k.program = "explain";
	k.metric = "inv_unmap_events";
	near(results_value(r, &k), 3, "of that program and metric");
	k.metric = "inv_clear_events";
	near(results_value(r, &k), NAN, "no such row: NaN");
	says(results_unit(r, &(struct results_key){ .name = "E3.fork", .pages = 1 }), "instructions", "unit");
	says(results_unit(r, &(struct results_key){ .name = "E3.none", .pages = 1 }), "-", "no row, no unit");
	near(results_value(r, &(struct results_key){ .name = "E3.for", .pages = 4 }), NAN, "a name is not a prefix");
	near(results_value(r, &(struct results_key){ .name = "E3.fork", .pages = 0 }), NAN, "pages 0 is not any");
	near(results_value(r, &(struct results_key){ .name = "E3.fork_present", .pages = RESULTS_ANY }), 40, "any pages");
	near(results_value(r, &(struct results_key){ .name = "E10.fault/notifiers:10/batch:2", .pages = 1 }), 55, "two arguments");
	near(results_value(r, &(struct results_key){ .name = "E10.fault/batch:2", .pages = 1 }), 55, "one of them");
	near(results_value(r, &(struct results_key){ .name = "E10.fault/notifiers:1", .pages = 1 }), NAN, "an argument is not a prefix");
}

static void test_interval(const struct results *r)
{
	struct estimate e = results_estimate(r, &(struct results_key){ .name = "E2.progress" });
	struct results_bucket *b;
	size_t n;

	tap_eq((long long)e.n, 12, "samples of both repetitions");
	near(e.low, 40, "lower end: the 3rd of 12");
	near(e.high, 49, "upper end: the 10th of 12");
	e = results_estimate(r, &(struct results_key){ .name = "E2.few" });
	tap_ok(e.value == 50 && isnan(e.low) && isnan(e.high), "five samples bear no interval");
	n = results_hist(r, &(struct results_key){ .name = "E2.progress" }, &b);
	tap_ok(n == 3 && b[0].low == 10 && b[1].count == 10 && b[2].high == 99, "buckets in order, added up");
	free(b);
}

static void test_series(const struct results *r)
{
	struct results_series s;
	const char **names;
	size_t n;

	results_series(r, &(struct results_key){ .name = "E3.fork", .backend = "mirror" }, "pages", &s);
	tap_ok(s.n == 3 && s.at[0].x == 1 && s.at[1].x == 4 && s.at[2].x == 16, "over pages, in order, each once");
	tap_ok(s.n == 3 && s.at[1].y.value == 420 && s.at[2].y.low == 1500, "with their estimates, of one part");
	results_series_free(&s);
	results_series(r, &(struct results_key){ .name = "E10.fault", .pages = 1 }, "notifiers", &s);
	tap_ok(s.n == 2 && s.at[0].y.value == 66 && s.at[1].y.value == 77, "over an argument, the others kept");
	results_series_free(&s);
	tap_ok(!results_series(r, &(struct results_key){ .name = "E9.x" }, "pages", &s), "of nothing: empty");
	results_series_free(&s);
	n = results_cases(r, "bench", "E3.", &names);
	tap_ok(n == 2 && !strcmp(names[0], "E3.fork") && !strcmp(names[1], "E3.fork_present"), "cases of a family");
	free(names);
	n = results_cases(r, "bench", "E10.", &names);
	tap_ok(n == 1 && !strcmp(names[0], "E10.fault"), "without their arguments");
	free(names);
}

/* The same run, kept compressed, reads as it did. */
static void test_compressed(const char *dir)
{
	char command[2000], gz[1000];
	struct results *r;

	snprintf(command, sizeof(command), "gzip -n %s/*/records.tsv %s/*/hist.tsv", dir, dir);
	tap_eq(system(command), 0, "records are compressed");
	if (!results_read(&r, dir)) {
		test_parts(r);
		test_values(r);
		test_interval(r);
		test_series(r);
		results_free(r);
	} else {
		tap_ok(false, "and read");
	}
	snprintf(gz, sizeof(gz), "%s/exact/records.tsv.gz", dir);
	tap_eq(truncate(gz, 300), 0, "a compressed file loses its end");
	tap_eq(results_read(&r, dir), -EIO, "which is found");
}

static void test_broken(void)
{
	const char *dir = scratch_path("broken");
	struct results *r;
	FILE *f;

	tap_eq(results_read(&r, scratch_path("nowhere")), -ENOENT, "no folder");
	made_begin(dir, "6.12", "vm");
	made_row("bench", "E3.fork", "mirror", 1, 0, "p50", 1);
	fprintf(made_records, "bench\tE3.fork\tmirror\tlazy\tprocess\t1\t1\t0\tp50\tvalue\tns\tmany\n");
	made_end();
	tap_eq(results_read(&r, dir), -EINVAL, "a value that is no number");
	made_begin(dir, "6.12", "vm");
	fputs("bench\tE3.fork\n", made_records);
	made_end();
	tap_eq(results_read(&r, dir), -EINVAL, "a torn row");
	made_begin(dir, "6.12", "vm");
	made_end();
	f = made_open(dir, "records.tsv", "program\tcase\tvalue");
	fclose(f);
	tap_eq(results_read(&r, dir), -EINVAL, "another version's columns");
	made_begin(dir, "6.12", "vm");
	made_end();
	tap_eq(results_read(&r, dir), 0, "a run of one folder, without rows");
	tap_eq((long long)results_nr_parts(r), 1, "is one part");
	says(part_name(results_part(r, 0)), "", "without a name");
	results_free(r);
}

static void test_stats(void)
{
	static const double x[] = { 1, 2, 3, 4 }, y[] = { 12, 14, 16, 18 };
	static const double bent[] = { 12, 14, 16, 22 };
	struct line l = stats_line(x, y, 4);
	double v[] = { 3, 1, 2, 10 };
	uint64_t low = 0, high = 0;

	near(l.slope, 2, "slope");
	near(l.intercept, 10, "intercept");
	near(l.slope_low, 2, "a perfect line has no error");
	l = stats_line(x, bent, 4);
	near(l.slope, 3.2, "slope of a bent one");
	/* t(0.975, 2) = 4.30265, residuals 0.8 -0.4 -1.6 1.2: se = sqrt(4.8 / 2 / 5) */
	near(round((l.slope_high - l.slope) * 1e4) / 1e4, 2.981, "half its interval");
	near(stats_line(x, y, 1).slope, NAN, "one point is no line");
	tap_ok(isnan(stats_line(x, y, 2).slope_low) && stats_line(x, y, 2).slope == 2, "two are one without an interval");
	near(stats_median(v, 4), 2.5, "median of an even number");
	near(stats_median(v, 0), NAN, "of none");
	tap_ok(!stats_median_ranks(5, &low, &high), "5 samples bear no interval");
	tap_ok(stats_median_ranks(6, &low, &high) && low == 1 && high == 6, "6 do, of all of them");
	tap_ok(stats_median_ranks(100, &low, &high) && low == 40 && high == 61, "100: ranks 40 and 61");
}

int main(void)
{
	const char *dir;
	struct results *r;

	scratch_init();
	dir = scratch_path("run");
	make_run(dir);
	if (results_read(&r, dir)) {
		tap_ok(false, "cannot read the run");
		return tap_done();
	}
	test_parts(r);
	test_values(r);
	test_interval(r);
	test_series(r);
	results_free(r);
	test_compressed(dir);
	test_broken();
	test_stats();
	return tap_done();
}
