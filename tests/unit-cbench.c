// SPDX-License-Identifier: GPL-2.0-only
/*
 * The shim over Google Benchmark, on the host, without a device. Each run of
 * the library is a child with its stdout in a file, as a user would see it;
 * what only C can see comes back in shared memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../bench/cbench.h"
#include "../lib/tap.h"

/* What a child found out. */
struct seen {
	int ret;
	char why[256];
	struct cbench_totals totals;
	int nr_results, attached, released, matched_data;
	char units[64], args[64];
	char order[64]; /* of setup, run, teardown */
};

static struct seen *seen;
static const char *gate_why;
static int64_t host_iterations;
static char out_file[64];

static void note(char what)
{
	size_t n = strlen(seen->order);

	if (n < sizeof(seen->order) - 1)
		seen->order[n] = what;
}

static void spin(struct cbench_state *s)
{
	while (cbench_keep_running(s))
		;
}

static void nap(long us)
{
	struct timespec t = { 0, us * 1000 };

	nanosleep(&t, NULL);
}

/* ---- the benchmarks under test ---- */

static const struct cbench product = {
	.name = "t_product",
	.axes = { CBENCH_LIST("a", 3, 1), CBENCH_RANGE("b", 0, 16, 4) },
	.iterations = 2,
	.run = spin,
};
CBENCH(product);

static const int64_t rows_of[][CBENCH_AXES] = { { 7, 8 }, { 9, 10 } };
static const struct cbench rows = {
	.name = "t_rows",
	.axes = { { .name = "x" }, { .name = "y" } },
	.rows = rows_of,
	.nr_rows = 2,
	.iterations = 1,
	.run = spin,
};
CBENCH(rows);

static const struct cbench dense = {
	.name = "t_dense",
	.axes = { CBENCH_DENSE("d", 2, 6, 2) },
	.iterations = 1,
	.run = spin,
};
CBENCH(dense);

static void run_counters(struct cbench_state *s)
{
	while (cbench_keep_running(s))
		cbench_set_time(s, 0.001);
	cbench_counter(s, "plain", "pages", 5, 0);
	cbench_counter(s, "rate", "pages", 8, CBENCH_RATE);
	cbench_counter(s, "average", "events", 8, CBENCH_AVERAGE);
	cbench_counter(s, "invariant", "events", 3, CBENCH_ITERATION_INVARIANT);
	cbench_counter(s, "inverted", "events", 4, CBENCH_INVERT);
	cbench_counter(s, "by_threads", "events", 6, CBENCH_AVERAGE_THREADS);
	cbench_set_items(s, 80);
	cbench_set_bytes(s, 160);
	cbench_set_label(s, "a label");
}

static const struct cbench counters = {
	.name = "t_counters",
	.axes = { CBENCH_LIST("pages", 64) },
	.iterations = 4,
	.time = CBENCH_MANUAL_TIME,
	.run = run_counters,
};
CBENCH(counters);

static const int thread_counts[] = { 1, 3, 0 };
static const struct cbench threads = {
	.name = "t_threads",
	.threads = thread_counts,
	.iterations = 4,
	.time = CBENCH_MANUAL_TIME,
	.run = run_counters,
};
CBENCH(threads);

/* 1 us of manual time, 1 ms of wall time each. */
static void run_slow_reset(struct cbench_state *s)
{
	while (cbench_keep_running(s)) {
		nap(1000);
		cbench_set_time(s, 1e-6);
	}
	cbench_counter(s, "rate", "operations", (double)cbench_iterations(s),
		       CBENCH_RATE);
	cbench_counter(s, "time_per", "operations",
		       (double)cbench_iterations(s), CBENCH_RATE | CBENCH_INVERT);
}

static const struct cbench slow_reset = {
	.name = "t_slow_reset",
	.time = CBENCH_MANUAL_TIME,
	.run = run_slow_reset,
};
CBENCH(slow_reset);

/* One operation is longer than the whole time asked for. */
static void run_long(struct cbench_state *s)
{
	while (cbench_keep_running(s))
		cbench_set_time(s, 0.3);
}

static const struct cbench long_op = {
	.name = "t_long_op",
	.time = CBENCH_MANUAL_TIME,
	.run = run_long,
};
CBENCH(long_op);

static void run_pause(struct cbench_state *s)
{
	while (cbench_keep_running(s)) {
		cbench_pause(s);
		nap(20000);
		cbench_resume(s);
	}
}

static const struct cbench pauses = {
	.name = "t_pause",
	.iterations = 5,
	.time = CBENCH_REAL_TIME,
	.unit = CBENCH_US,
	.run = run_pause,
};
CBENCH(pauses);

static void run_fail(struct cbench_state *s)
{
	while (cbench_keep_running(s))
		cbench_fail(s, "broke at %d", 42);
}

static const struct cbench fail = { .name = "t_fail", .run = run_fail };
CBENCH(fail);

/* Only the last of three repetitions fails. */
static void run_fail_last(struct cbench_state *s)
{
	static int calls;

	if (++calls == 3)
		cbench_fail(s, "the third");
	spin(s);
}

static const struct cbench fail_last = {
	.name = "t_fail_last",
	.iterations = 1,
	.repetitions = 3,
	.run = run_fail_last,
};
CBENCH(fail_last);

static void run_returns_early(struct cbench_state *s)
{
	cbench_keep_running(s);
}

static const struct cbench returns_early = {
	.name = "t_returns_early",
	.iterations = 9,
	.run = run_returns_early,
};
CBENCH(returns_early);

static void run_skip(struct cbench_state *s)
{
	cbench_skip(s, "no %s here", "feature");
	spin(s);
}

static const struct cbench skip = { .name = "t_skip", .run = run_skip };
CBENCH(skip);

static const struct cbench gated = {
	.name = "t_gated",
	.needs = 1,
	.iterations = 1,
	.run = spin,
};
CBENCH(gated);

static void setup_order(struct cbench_state *s)
{
	note(cbench_arg(s, 0) == 5 && cbench_threads(s) == 2 ? 'S' : '?');
}

static void teardown_order(struct cbench_state *s)
{
	(void)s;
	note('T');
}

static void run_order(struct cbench_state *s)
{
	spin(s);
	if (!cbench_thread(s))
		note('R');
}

static const int two[] = { 2, 0 };
static const struct cbench order = {
	.name = "t_order",
	.axes = { CBENCH_LIST("n", 5) },
	.threads = two,
	.iterations = 3,
	.setup = setup_order,
	.teardown = teardown_order,
	.run = run_order,
};
CBENCH(order);

static void setup_fails(struct cbench_state *s)
{
	cbench_fail(s, "setup broke");
}

static const struct cbench bad_setup = {
	.name = "t_bad_setup",
	.setup = setup_fails,
	.run = run_order,
};
CBENCH(bad_setup);

static void release(void *data)
{
	seen->released++;
	free(data);
}

static void run_attach(struct cbench_state *s)
{
	double *sum = calloc(1, sizeof(*sum));

	while (cbench_keep_running(s))
		*sum += 1;
	cbench_counter(s, "sum", "1", *sum, 0);
	seen->attached++;
	cbench_attach(s, sum, release);
}

static const struct cbench attach = {
	.name = "t_attach",
	.axes = { CBENCH_LIST("n", 1, 2) },
	.min_time = 0.001,
	.repetitions = 3,
	.run = run_attach,
};
CBENCH(attach);

/* ---- running them ---- */

static const char *gate(const struct cbench *b)
{
	return b->needs ? gate_why : NULL;
}

static double value(const struct cbench_result *r, const char *name)
{
	size_t i;

	for (i = 0; i < r->nr_values; i++)
		if (!strcmp(r->values[i].name, name))
			return r->values[i].value;
	return NAN;
}

static void result(const struct cbench_result *r)
{
	size_t i, n = 0;

	seen->nr_results++;
	if (r->data && *(const double *)r->data == value(r, "sum"))
		seen->matched_data++;
	if (r->nr_args)
		snprintf(seen->args, sizeof(seen->args), "%s=%.0f",
			 r->args[0].name, r->args[0].value);
	for (i = 0; i < r->nr_values && n < sizeof(seen->units); i++)
		if (!strcmp(r->values[i].name, "plain") ||
		    !strcmp(r->values[i].name, "rate"))
			n += (size_t)snprintf(seen->units + n,
					      sizeof(seen->units) - n,
					      "%s %s %d;", r->values[i].name,
					      r->values[i].unit,
					      r->values[i].is_rate);
}

static void child(char **argv)
{
	const struct cbench_host host = {
		.gate = gate,
		.result = result,
		.iterations = host_iterations,
	};
	int argc = 0, fd = open(out_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	while (argv[argc])
		argc++;
	dup2(fd, STDOUT_FILENO);
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	cbench_context("kernel", "a \"kernel\"");
	seen->ret = cbench_init(&argc, argv, seen->why, sizeof(seen->why));
	if (!seen->ret)
		seen->ret = cbench_run(&host, &seen->totals, seen->why,
				       sizeof(seen->why));
	exit(0);
}

/* Runs the library with these flags; seen and out_file tell the rest. */
static void run(const char *filter, const char *flag1, const char *flag2)
{
	char name[] = "unit", f[128], a[256], b[256];
	char quick[] = "--benchmark_min_time=0.02";
	char *argv[6] = { name, quick, f, NULL, NULL, NULL };
	int status, n = 3;
	pid_t pid;

	memset(seen, 0, sizeof(*seen));
	snprintf(f, sizeof(f), "--benchmark_filter=%s", filter);
	if (flag1) {
		snprintf(a, sizeof(a), "%s", flag1);
		argv[n++] = a;
	}
	if (flag2) {
		snprintf(b, sizeof(b), "%s", flag2);
		argv[n++] = b;
	}
	fflush(stdout);
	pid = fork();
	if (!pid)
		child(argv);
	waitpid(pid, &status, 0);
	if (status)
		tap_ok(false, "the library's process ended with status %d (%s)",
		       status, filter);
}

static char *output(void)
{
	static char text[1 << 16];
	FILE *f = fopen(out_file, "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = 0;
	if (f)
		fclose(f);
	return text;
}

static json_t *run_json(const char *filter, const char *flag)
{
	json_error_t error;
	json_t *j;

	run(filter, "--benchmark_format=json", flag);
	j = json_load_file(out_file, 0, &error);
	if (!j)
		tap_ok(false, "JSON of %s: %s", filter, error.text);
	return j;
}

static json_t *row(json_t *j, const char *name)
{
	size_t i;
	json_t *r;

	json_array_foreach(json_object_get(j, "benchmarks"), i, r)
		if (!strcmp(json_string_value(json_object_get(r, "name")), name))
			return r;
	return NULL;
}

static double number(json_t *r, const char *key)
{
	json_t *v = json_object_get(r, key);

	return v ? json_number_value(v) : NAN;
}

static bool text_is(json_t *r, const char *key, const char *want)
{
	const char *got = json_string_value(json_object_get(r, key));

	return got && !strcmp(got, want);
}

static bool near(double got, double want)
{
	bool ok = fabs(got - want) <= 1e-6 * fabs(want);

	if (!ok)
		printf("# got %.9g, want %.9g\n", got, want);
	return ok;
}

/* ---- the tests ---- */

static void test_arguments(void)
{
	run("t_(product|rows|dense)", "--benchmark_list_tests", NULL);
	tap_ok(!strcmp(output(),
		       "t_dense/d:2/iterations:1\nt_dense/d:4/iterations:1\n"
		       "t_dense/d:6/iterations:1\n"
		       "t_product/a:3/b:0/iterations:2\nt_product/a:1/b:0/iterations:2\n"
		       "t_product/a:3/b:1/iterations:2\nt_product/a:1/b:1/iterations:2\n"
		       "t_product/a:3/b:4/iterations:2\nt_product/a:1/b:4/iterations:2\n"
		       "t_product/a:3/b:16/iterations:2\nt_product/a:1/b:16/iterations:2\n"
		       "t_rows/x:7/y:8/iterations:1\nt_rows/x:9/y:10/iterations:1\n"),
	       "products, ranges, dense ranges and rows of named arguments");
	tap_eq((long long)seen->totals.matched, 13, "all of them are counted");
	tap_ok(cbench_count() > 10 && !strcmp(cbench_at(0)->name, "t_attach") &&
		       !cbench_at(cbench_count()),
	       "benchmarks are found in order of name");
}

static void test_counters(void)
{
	json_t *j = run_json("t_counters", NULL);
	json_t *r = row(j, "t_counters/pages:64/iterations:4/manual_time");

	tap_ok(near(number(r, "real_time"), 1e6), "manual time is what was set");
	tap_ok(near(number(r, "plain"), 5), "plain counter");
	tap_ok(near(number(r, "rate"), 8 / 0.004), "rate: by the time");
	tap_ok(near(number(r, "average"), 2), "average: by the iterations");
	tap_ok(near(number(r, "invariant"), 12), "invariant: times the iterations");
	tap_ok(near(number(r, "inverted"), 0.25), "inverted");
	tap_ok(near(number(r, "items_per_second"), 80 / 0.004), "items");
	tap_ok(near(number(r, "bytes_per_second"), 160 / 0.004), "bytes");
	tap_ok(text_is(r, "label", "a label"), "label");
	tap_ok(text_is(json_object_get(j, "context"), "kernel", "a \"kernel\""),
	       "context of our own");
	tap_ok(!strcmp(seen->units, "plain pages 0;rate pages 1;"),
	       "results carry the counters' units");
	tap_ok(!strcmp(seen->args, "pages=64"), "results carry the arguments");
	json_decref(j);
}

static void test_threads(void)
{
	json_t *j = run_json("t_threads", NULL);
	json_t *r = row(j, "t_threads/iterations:4/manual_time/threads:3");

	tap_ok(near(number(r, "iterations"), 12), "threads' iterations are added");
	tap_ok(near(number(r, "plain"), 15), "threads' counters are added");
	tap_ok(near(number(r, "by_threads"), 6), "or averaged");
	tap_ok(row(j, "t_threads/iterations:4/manual_time/threads:1"),
	       "every number of threads is run");
	json_decref(j);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void test_time(void)
{
	double start = seconds();
	json_t *j = run_json("t_slow_reset", NULL);
	json_t *r = row(j, "t_slow_reset/manual_time");

	/* 20,000 operations at 1 ms each, if nothing bounded the wall time */
	tap_ok(seconds() - start < 10, "long preparations end by wall time");
	tap_ok(near(number(r, "real_time"), 1000), "and the time stays true");
	tap_ok(near(number(r, "rate"), 1e6) && near(number(r, "time_per"), 1e-6),
	       "rates too");
	json_decref(j);
	j = run_json("t_slow_reset", "--benchmark_repetitions=3");
	r = row(j, "t_slow_reset/manual_time_mean");
	tap_ok(near(number(r, "real_time"), 1000) &&
		       near(number(r, "rate"), 1e6),
	       "and the aggregates");
	r = row(j, "t_slow_reset/manual_time_stddev");
	/* the library takes the root of a difference of squares, each 1e6 give or take 1e-10:
	 * a mean that is off in its last digit deviates by 1e-5
	 */
	tap_ok(number(r, "real_time") < 1000 * 1e-7, "the deviation as well");
	tap_ok(!strstr(output(), "cbench."), "what the shim adds is not shown");
	json_decref(j);
	j = run_json("t_long_op", NULL);
	r = row(j, "t_long_op/manual_time");
	tap_ok(number(r, "iterations") >= 3 && near(number(r, "real_time"), 3e8),
	       "a long operation is made a few times");
	json_decref(j);
	j = run_json("t_pause", NULL);
	r = row(j, "t_pause/iterations:5/real_time");
	tap_ok(number(r, "real_time") < 10000 && text_is(r, "time_unit", "us"),
	       "paused time is not counted; the unit is kept");
	json_decref(j);
}

static void test_failures(void)
{
	json_t *j = run_json("t_fail$", NULL);
	json_t *r = row(j, "t_fail");

	tap_ok(seen->totals.failed == 1 && !seen->totals.done,
	       "a failure is counted");
	tap_ok(json_is_true(json_object_get(r, "error_occurred")) &&
		       text_is(r, "error_message", "broke at 42"),
	       "and told in JSON");
	json_decref(j);
	run("t_fail_last", "--benchmark_report_aggregates_only", NULL);
	tap_ok(seen->totals.failed == 1 && seen->totals.done == 2 &&
		       strstr(output(), "the third") &&
		       strstr(output(), "_mean"),
	       "a failed repetition shows among aggregates only");
	tap_eq(seen->nr_results, 3, "and every repetition is a result");
	run("t_returns_early", NULL, NULL);
	tap_ok(seen->totals.failed == 1 && strstr(output(), "returned before"),
	       "a benchmark that leaves its loop fails, nothing aborts");
	run("t_bad_setup", NULL, NULL);
	tap_ok(seen->totals.failed == 1 && strstr(output(), "setup broke") &&
		       !strchr(seen->order, 'R'),
	       "after a failed setup nothing runs");
}

static void test_skips(void)
{
	json_t *j = run_json("t_skip", NULL);

	tap_ok(text_is(row(j, "t_skip"), "error_message",
		       "SKIPPED: no feature here"), "a skip is told in JSON");
	tap_ok(seen->totals.skipped == 1 && !seen->totals.failed,
	       "a skip is no failure");
	json_decref(j);
	gate_why = "backend x cannot do: y";
	run("t_gated", NULL, NULL);
	tap_ok(seen->totals.skipped == 1 &&
		       strstr(output(), "SKIPPED: backend x cannot do: y") &&
		       !strstr(output(), "ERROR"),
	       "the gate's reason shows, and not as an error");
	gate_why = NULL;
	run("t_gated", NULL, NULL);
	tap_eq((long long)seen->totals.done, 1, "an open gate lets it run");
}

static void test_hooks(void)
{
	run("t_order", "--benchmark_repetitions=2", NULL);
	tap_ok(!strcmp(seen->order, "SRTSRT"),
	       "setup, run, teardown, for each repetition (%s)", seen->order);
	run("t_attach", "--benchmark_enable_random_interleaving", NULL);
	tap_eq(seen->matched_data, 6, "attached data meets its repetition");
	tap_ok(seen->attached >= 6 && seen->released == seen->attached,
	       "and all of it is released");
	host_iterations = 11;
	run("t_slow_reset", NULL, NULL);
	tap_ok(strstr(output(), "t_slow_reset/iterations:11/manual_time"),
	       "the host may fix the iterations");
	host_iterations = 0;
}

static void test_flags(void)
{
	static const char *const bad[] = {
		"--benchmark_format=xml", "--benchmark_format", "--benchmark_fast",
		"--benchmark_min_time=soon", "--benchmark_min_time=",
		"--benchmark_repetitions=-1", "--benchmark_out_format=tsv",
		"--benchmark_context=x", "--benchmark_time_unit=h",
	};
	size_t i, refused = 0;

	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		run("t_dense", bad[i], NULL);
		refused += seen->ret == -EINVAL && strstr(seen->why, bad[i]);
	}
	tap_eq((long long)refused, (long long)i, "bad flags are refused by name");
	run("nothing_of_this_name", NULL, NULL);
	tap_ok(!seen->ret && !seen->totals.matched, "a filter may match nothing");
	run("t_dense", "--benchmark_format=csv", NULL);
	tap_ok(!strncmp(output(), "name,iterations,", 16), "CSV");
	run("t_dense", "--benchmark_out=/proc/nowhere/x", NULL);
	tap_ok(seen->ret == -ENOENT && strstr(seen->why, "/proc/nowhere/x"),
	       "an output file that cannot be opened is named");
	run("t_dense", "--benchmark_out=/dev/full", NULL);
	tap_ok(seen->ret == -ENOSPC, "a full disk is an error");
}

static void test_out_file(void)
{
	char path[80], flag[128];
	json_error_t error;
	json_t *j;

	snprintf(path, sizeof(path), "%s.json", out_file);
	snprintf(flag, sizeof(flag), "--benchmark_out=%s", path);
	run("t_attach", flag, "--benchmark_display_aggregates_only=true");
	j = json_load_file(path, 0, &error);
	tap_ok(row(j, "t_attach/n:1/min_time:0.001/repeats:3") &&
		       row(j, "t_attach/n:2/min_time:0.001/repeats:3_cv"),
	       "the file has repetitions and aggregates");
	tap_ok(!strstr(output(), "repeats:3 ") &&
		       strstr(output(), "repeats:3_mean"),
	       "the display has aggregates alone, as asked");
	json_decref(j);
	unlink(path);
}

int main(void)
{
	int fd;

	snprintf(out_file, sizeof(out_file), "/tmp/unit-cbench.XXXXXX");
	fd = mkstemp(out_file);
	seen = mmap(NULL, sizeof(*seen), PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fd < 0 || seen == MAP_FAILED) {
		perror("unit-cbench");
		return 1;
	}
	close(fd);
	test_arguments();
	test_counters();
	test_threads();
	test_time();
	test_failures();
	test_skips();
	test_hooks();
	test_flags();
	test_out_file();
	unlink(out_file);
	return tap_done();
}
