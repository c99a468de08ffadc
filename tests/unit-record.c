// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/record.c: the form of a results folder, and that whatever befalls the
 * writer (full disk, no right to write, SIGKILL, a second program), the rows
 * that stand are whole and an error is told.
 */
#include <limits.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "../lib/hist.h"
#include "../lib/record.h"
#include "../lib/tap.h"
#include "child.h"
#include "results.h"

static char arg0[] = "program", arg1[] = "--seed", arg2[] = "7";
static char *const args[] = { arg0, arg1, arg2, NULL };

static const struct record_id id = {
	.program = "stress",
	.name = "atomics",
	.backend = "null",
	.policy = "lazy",
	.workers = 2,
	.pages = 256,
	.repetition = 3,
};

#define ID_TEXT "stress\tatomics\tnull\tlazy\t-\t2\t256\t3"

static struct record *must_open(const char *dir, const char *program_name)
{
	struct record *r = NULL;

	if (record_open(&r, dir, program_name, 3, args, 7)) {
		tap_ok(false, "cannot open %s", dir);
		exit(tap_done());
	}
	return r;
}

static void test_new_folder(void)
{
	static const char *const keys[] = {
		"mode", "accelerator", "kernel_release", "kernel_cmdline", "thp",
		"cpu", "cpus", "command", "seed", "hmmstorm_version", "compiler",
		"clock_unit", "clock_floor", "config_hash", "helper_srcversion",
	};
	const char *dir = scratch_path("new/a/b");
	struct record *r = must_open(dir, "stress");
	char row[64];
	size_t i;

	tap_eq(record_close(r), 0, "an untouched run closes without error");
	tap_ok(all_whole(dir), "a missing folder is made, with its parents");
	for (i = 1; i < NR_FILES; i++)
		tap_eq(whole_rows(dir, i), 0, "the file has its header only");
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		snprintf(row, sizeof(row), "\nstress\t%s\t", keys[i]);
		tap_ok(holds(dir, "env.tsv", row), "env.tsv has %s", keys[i]);
	}
	tap_ok(holds(dir, "env.tsv", "\tcommand\tprogram --seed 7\n"),
	       "the command line is in it");
	tap_ok(holds(dir, "env.tsv", "\tseed\t7\n"), "the seed is in it");
}

static void test_rows(void)
{
	const char *dir = scratch_path("rows");
	struct record *r = must_open(dir, "stress");
	struct record_id nobody = { 0 };

	record_u64(r, &id, "steps", "count", "1", UINT64_MAX);
	record_double(r, &id, "rate", "rate", "1/s", 0.1);
	record_double(r, &id, "third", "value", NULL, 1.0 / 3);
	record_sample(r, &id, 1500, "steps", "1", 9);
	record_u64(r, &nobody, "m", "value", "ns", 0);
	tap_eq(record_close(r), 0, "rows are written without error");
	tap_ok(holds(dir, "records.tsv", "\n" ID_TEXT "\tsteps\tcount\t1\t18446744073709551615\n"),
	       "an integer to its last digit");
	tap_ok(holds(dir, "records.tsv", "\n" ID_TEXT "\trate\trate\t1/s\t0.1\n"), "a number");
	tap_ok(holds(dir, "records.tsv", "\n" ID_TEXT "\tthird\tvalue\t-\t0.3333333333\n"),
	       "a missing unit is -");
	tap_ok(holds(dir, "series.tsv", "\n" ID_TEXT "\t1500\tsteps\t1\t9\n"), "a sample");
	tap_ok(holds(dir, "records.tsv", "\n-\t-\t-\t-\t-\t0\t0\t0\tm\tvalue\tns\t0\n"),
	       "a missing name is -");
	tap_ok(all_whole(dir), "each row has its file's columns");
}

static void test_odd_text(void)
{
	const char *dir = scratch_path("odd");
	struct record *r = must_open(dir, "stress");
	char *big = malloc(10001);
	char newline[] = "a\nb\tc";
	char *const odd_args[] = { newline, big, NULL };

	memset(big, 'x', 10000);
	big[10000] = 0;
	record_env(r, "tabs", "a\tb\nc\n");
	record_env(r, "empty", "");
	record_env(r, "none", NULL);
	record_env(r, "big", big);
	record_u64(r, &id, big, "value", "1", 1);
	record_u64(r, &id, "next", "value", "1", 2);
	tap_eq(record_close(r), 0, "odd values are written without error");
	tap_ok(holds(dir, "env.tsv", "\nstress\ttabs\ta b c \n"), "tab and newline become blanks");
	tap_ok(holds(dir, "env.tsv", "\nstress\tempty\t-\n"), "an empty value is -");
	tap_ok(holds(dir, "env.tsv", "\nstress\tnone\t-\n"), "a missing value is -");
	tap_ok(holds(dir, "records.tsv", "xxx\n" ID_TEXT "\tnext\tvalue\t1\t2\n"),
	       "a name of 10,000 letters is cut, the next row is one");
	tap_ok(!whole_rows(dir, 2) && whole_rows(dir, 0) > 0,
	       "a value of 10,000 letters is cut, its row is whole");
	if (!record_open(&r, dir, "bench", 2, odd_args, 1))
		record_close(r);
	tap_ok(whole_rows(dir, 0) > 0 &&
		       holds(dir, "env.tsv", "\nbench\tcommand\ta b c xxx"),
	       "so is a command line of 10,000 letters and a newline");
	free(big);
}

/* Rows of records.tsv about metric_<suffix>: 1 or 0. */
static bool has_metric(const char *dir, const char *suffix, const char *kind)
{
	char row[128];

	snprintf(row, sizeof(row), "\n" ID_TEXT "\tlat_%s\t%s\t", suffix, kind);
	return holds(dir, "records.tsv", row);
}

/* The first nr, each with both ends of its interval, and no more. */
static bool has_percentiles(const char *dir, unsigned int nr)
{
	static const char *const names[] = { "p50", "p90", "p99", "p99.9", "p99.99" };
	bool good = true;
	char end[32];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		good &= has_metric(dir, names[i], "value") == (i < nr);
		snprintf(end, sizeof(end), "%s_low", names[i]);
		good &= has_metric(dir, end, "value") == (i < nr);
		snprintf(end, sizeof(end), "%s_high", names[i]);
		good &= has_metric(dir, end, "value") == (i < nr);
	}
	return good;
}

static void test_percentiles(void)
{
	static const struct {
		uint64_t n;
		unsigned int nr; /* of the percentiles below */
	} cases[] = {
		{ 0, 0 },   { 1, 0 },	 { 5, 0 },    { 6, 1 },	    { 35, 1 },
		{ 36, 2 },  { 367, 2 },	 { 368, 3 },  { 3687, 3 },  { 3688, 4 },
		{ 36886, 4 }, { 36887, 5 },
	};
	static struct hist h;
	size_t i, n;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char name[32];
		struct record *r;
		const char *dir;

		snprintf(name, sizeof(name), "hist%zu", i);
		dir = scratch_path(name);
		hist_init(&h);
		for (n = 0; n < cases[i].n; n++)
			hist_add(&h, 1000 + n * 7);
		r = must_open(dir, "stress");
		record_hist(r, &id, "lat", "ns", &h);
		record_close(r);
		tap_ok(has_metric(dir, "n", "count") &&
		       has_metric(dir, "min", "value") == !!cases[i].n &&
		       has_metric(dir, "max", "value") == !!cases[i].n &&
		       has_metric(dir, "mean", "value") == !!cases[i].n &&
		       has_percentiles(dir, cases[i].nr),
		       "%llu samples: the percentiles that they can bear",
		       (unsigned long long)cases[i].n);
	}
}

/* hist.tsv gives the histogram back. */
static void test_buckets(void)
{
	const char *dir = scratch_path("buckets");
	struct record *r = must_open(dir, "stress");
	static struct hist h;
	unsigned long long low, high, count, n = 0;
	char *text, *line, *rest;
	bool good = true;
	uint64_t v;

	hist_init(&h);
	for (v = 1; v < 1ULL << 40; v = v * 3 / 2 + 1)
		hist_add(&h, v);
	record_hist(r, &id, "lat", "ns", &h);
	record_close(r);
	text = slurp(dir, "hist.tsv");
	rest = text;
	strsep(&rest, "\n");
	while ((line = strsep(&rest, "\n")) && *line) {
		uint32_t b;

		good &= sscanf(line, ID_TEXT "\tlat\tns\t%llu\t%llu\t%llu", &low,
			       &high, &count) == 3;
		b = hmmstorm_hist_bucket(low);
		good &= hmmstorm_hist_low(b) == low &&
			hmmstorm_hist_high(b) == high && h.bucket[b] == count;
		n += count;
	}
	tap_ok(good && n == h.n, "hist.tsv holds the buckets, and all samples");
	free(text);
}

static void test_two_programs(void)
{
	const char *dir = scratch_path("two");
	struct record *r = must_open(dir, "bench");
	int env;

	record_u64(r, &id, "m", "value", "ns", 1);
	record_close(r);
	env = whole_rows(dir, 0);
	r = must_open(dir, "stress");
	record_u64(r, &id, "m", "value", "ns", 2);
	record_close(r);
	tap_ok(all_whole(dir), "a second program writes no second header");
	tap_eq(whole_rows(dir, 1), 2, "the rows of both stand");
	tap_ok(whole_rows(dir, 0) >= 2 * env - 1 &&
	       holds(dir, "env.tsv", "\nbench\tseed\t") &&
	       holds(dir, "env.tsv", "\nstress\tseed\t"),
	       "env.tsv tells of both");
}

static void write_rows(const char *dir, int n)
{
	struct record *r;
	int i;

	if (record_open(&r, dir, "stress", 3, args, 7))
		_exit(1);
	for (i = 0; n < 0 || i < n; i++)
		record_u64(r, &id, "row", "value", "1", (uint64_t)i);
	_exit(record_close(r) ? 1 : 0);
}

static void test_at_once(void)
{
	const char *dir = scratch_path("at_once");
	int i, status, bad = 0;

	record_close(must_open(dir, "stress"));
	for (i = 0; i < 4; i++)
		if (!fork())
			write_rows(dir, 1000);
	while (wait(&status) > 0)
		bad += !!status;
	tap_eq(bad, 0, "four writers at once all succeed");
	tap_eq(whole_rows(dir, 1), 4000, "and no row of theirs is mixed or lost");
}

/* A busy machine may take long to start a writer. */
static void wait_for_row(const char *dir)
{
	char path[512];
	struct stat st;
	int i;

	snprintf(path, sizeof(path), "%s/%s", dir, files[1].name);
	for (i = 0; i < 10000; i++) {
		if (!stat(path, &st) && st.st_size > (off_t)strlen(files[1].header))
			return;
		usleep(1000);
	}
}

static void test_killed(void)
{
	int i, kept = 0, torn = 0;

	for (i = 0; i < 10; i++) {
		char name[32];
		const char *dir;
		int status, rows;
		pid_t pid;

		snprintf(name, sizeof(name), "killed%d", i);
		dir = scratch_path(name);
		pid = fork();
		if (!pid)
			write_rows(dir, -1);
		wait_for_row(dir);
		usleep(7000 * i);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		rows = whole_rows(dir, 1);
		torn += rows < 0 || whole_rows(dir, 0) < 0;
		kept += rows > 0;
	}
	tap_eq(torn, 0, "10 writers killed with SIGKILL leave whole rows only");
	tap_ok(kept > 0, "the rows written before stand (%d of 10 had some)", kept);
}

/* Each row is numbered: those before the full disk stand in order, and after a
 * lost row nothing is claimed to be complete.
 */
static bool numbered(const char *dir, int rows)
{
	char *text = slurp(dir, "records.tsv"), *rest = text, *line;
	bool good = true;
	int i;

	strsep(&rest, "\n");
	for (i = 0; i < rows && (line = strsep(&rest, "\n")); i++)
		good &= atoi(strrchr(line, '\t') + 1) == i;
	free(text);
	return good && i == rows;
}

/* Rows of a length that does not divide a page: the last one must be torn by
 * the file system at a page's end.
 */
static void fill(const char *dir)
{
	struct record *r = must_open(dir, "stress");
	int rows, i, ret = 0;
	const char *said;

	catch_stderr();
	for (i = 0; i < 5000 && !ret; i++)
		ret = record_u64(r, &id, "row", "value", "1", (uint64_t)i);
	said = caught();
	tap_eq(ret, -ENOSPC, "a full disk is told by the row that meets it");
	tap_ok(count_lines(said) == 1 && strstr(said, "records.tsv") &&
	       strstr(said, "No space left"), "in one line that names the file");
	if (count_lines(said) != 1)
		print_as_comment(said);
	rows = whole_rows(dir, 1);
	tap_ok(rows > 50 && numbered(dir, rows), "the torn row is cut off, the %d before stand", rows);
	catch_stderr();
	record_u64(r, &id, "later", "value", "1", 1);
	record_double(r, &id, "later", "value", "1", 1);
	said = caught();
	tap_eq(strlen(said), 0, "it is said once");
	tap_ok(all_whole(dir), "later tries tear nothing");
	tap_eq(record_error(r), -ENOSPC, "record_error() remembers");
	tap_eq(record_close(r), -ENOSPC, "so does record_close()");
}

static void test_full_disk(void)
{
	const char *dir = scratch_path("full"), *said;
	struct record *r = NULL;

	mkdir(dir, 0700);
	if (mount("tmpfs", dir, "tmpfs", 0, "size=64k")) {
		tap_skip("full disk", "needs root, to mount a small tmpfs");
		return;
	}
	fill(dir);
	umount(dir);
	if (mount("tmpfs", dir, "tmpfs", 0, "size=4k,nr_inodes=3"))
		return;
	catch_stderr();
	tap_ok(record_open(&r, dir, "stress", 3, args, 7) < 0, "a disk too small for the files is an error");
	said = caught();
	tap_eq(count_lines(said), 1, "... told in one line");
	umount(dir);
}

static void refused(const char *dir, int want, const char *what)
{
	struct record *r = NULL;
	const char *said;
	int ret;

	catch_stderr();
	ret = record_open(&r, dir, "stress", 3, args, 7);
	said = caught();
	tap_eq(ret, want, what);
	tap_ok(count_lines(said) == 1 && strstr(said, dir) && strstr(said, "--out"),
	       "... in one line that says what to do");
	if (!ret)
		record_close(r);
}

static int nr_open_files(void)
{
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void test_unwritable(void)
{
	const char *dir = scratch_path("file"), *sub = scratch_path("file/sub");
	char too_long[PATH_MAX + 10];
	struct record *r = NULL;
	int before;

	close(open(dir, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	before = nr_open_files();
	refused(sub, -ENOTDIR, "a folder below a file");
	refused(dir, -ENOTDIR, "a file for a folder");
	memset(too_long, 'a', sizeof(too_long));
	too_long[sizeof(too_long) - 1] = 0;
	catch_stderr();
	tap_eq(record_open(&r, too_long, "stress", 3, args, 7), -ENAMETOOLONG, "a name too long");
	caught();
	dir = scratch_path("read_only");
	mkdir(dir, 0700);
	if (mount("tmpfs", dir, "tmpfs", MS_RDONLY, "size=64k")) {
		tap_skip("read-only folder", "needs root, to mount one");
	} else {
		refused(dir, -EROFS, "a read-only file system");
		umount(dir);
	}
	tap_eq(nr_open_files(), before, "no file stays open after a refusal");
}

/* As an ordinary user, for whom rights count. */
static void test_no_right(void)
{
	const char *dir = scratch_path("root_only");
	struct record *r;
	int status = 0;
	pid_t pid;

	if (geteuid()) {
		tap_skip("a folder of another user", "needs root, to become another");
		return;
	}
	mkdir(dir, 0700);
	pid = fork();
	if (!pid) {
		close(STDERR_FILENO);
		_exit(setuid(65534) ||
		      record_open(&r, dir, "stress", 3, args, 7) != -EACCES);
	}
	waitpid(pid, &status, 0);
	tap_eq(status, 0, "a folder of another user is -EACCES");
}

static void test_no_record(void)
{
	static struct hist h;

	hist_init(&h);
	hist_add(&h, 1);
	tap_ok(!record_u64(NULL, &id, "m", "value", "1", 1) &&
	       !record_double(NULL, &id, "m", "value", "1", 1) &&
	       !record_hist(NULL, &id, "m", "1", &h) &&
	       !record_sample(NULL, &id, 1, "m", "1", 1) &&
	       !record_env(NULL, "m", "1") && !record_error(NULL) &&
	       !record_close(NULL), "without a results folder all writers do nothing");
}

int main(void)
{
	scratch_init();
	private_mounts();	/* tests that mount find out if they may */
	test_new_folder();
	test_rows();
	test_odd_text();
	test_percentiles();
	test_buckets();
	test_two_programs();
	test_at_once();
	test_killed();
	test_full_disk();
	test_unwritable();
	test_no_right();
	test_no_record();
	return tap_done();
}
