// SPDX-License-Identifier: GPL-2.0-only
/* lib/regress/history.c: entries come back as they went in, and neither writers that are
 * killed at any byte nor many at once hurt a line that is there.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../lib/regress/history.h"
#include "../lib/regress/side.h"
#include "../lib/tap.h"
#include "child.h"
#include "made_run.h"

/* A folder of its own for each test. */
static const char *new_dir(void)
{
	static char dir[600];
	static int n;

	snprintf(dir, sizeof(dir), "%s/%d", scratch, n++);
	return dir;
}

static char *file_in(const char *dir)
{
	static char path[700];

	snprintf(path, sizeof(path), "%s/vm-deterministic-base-2.jsonl", dir);
	return path;
}

static void make_entry(struct history_entry *e, const char *release, double value)
{
	size_t i;

	memset(e, 0, sizeof(*e));
	e->added = strdup("2026-11-28T09:00:00Z");
	e->note = strdup("a note with \"quotes\",\"env\":{ a\nline \xc3\xa9");
	e->commit = strdup("0123abc");
	for (i = 0; i < HISTORY_NR_FACTS; i++)
		e->fact[i] = strdup(!strcmp(history_facts[i].key, "kernel_release") ? release :
				    !strcmp(history_facts[i].key, "mode") ? "vm-deterministic" :
				    !strcmp(history_facts[i].key, "config") ? "base" :
				    !strcmp(history_facts[i].key, "cpus") ? "2" : "-");
	e->exact = true;
	e->nr_boots = 2;
	e->seeds = calloc(3, sizeof(*e->seeds));
	e->seeds[0] = strdup("1");
	e->seeds[1] = strdup("18446744073709551615");
	e->nr_bench = 2;
	e->bench = calloc(2, sizeof(*e->bench));
	e->bench[0] = (struct history_bench){
		strdup("E3.fork/pages:4 mirror lazy process 1"), strdup("latency_min"),
		strdup("instructions"), value, 0, NAN, NAN, 2,
	};
	e->bench[1] = (struct history_bench){
		strdup("E10.fault/notifiers:10 mirror lazy process 1"), strdup("latency_min"),
		strdup("instructions"), value / 3, NAN, NAN, NAN, 1,
	};
}

/* Adds such an entry. */
static int add(const char *dir, const char *release, double value, bool force)
{
	struct history_entry e;
	char *path;
	int ret;

	make_entry(&e, release, value);
	ret = history_append(dir, &e, force, &path);
	history_entry_free(&e);
	free(path);
	return ret;
}

static char *slurp(const char *path, size_t *len)
{
	FILE *f = fopen(path, "re");
	char *text = malloc(1 << 20);

	*len = f ? fread(text, 1, (1 << 20) - 1, f) : 0;
	text[*len] = 0;
	if (f)
		fclose(f);
	return text;
}

static void spill(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "we");

	if (!f || fwrite(text, 1, len, f) != len || fclose(f))
		exit(2);
}

static void test_comes_back(void)
{
	const char *dir = new_dir();
	const struct history_entry *e;
	struct history h;

	tap_eq(add(dir, "6.12.117", 1000.1, false), 0, "an entry is added, and its folder made");
	tap_eq(add(dir, "7.3", 1100, false), 0, "and another");
	tap_eq(history_read(&h, dir), 0, "they are read");
	tap_eq((long long)h.n, 2, "both");
	e = h.entries;
	tap_ok(h.n == 2 && e->line == 1 && e[1].line == 2 && !h.broken && !h.torn, "in order, and nothing is broken");
	tap_ok(!strcmp(history_fact(e, "kernel_release"), "6.12.117") &&
	       !strcmp(history_fact(e, "qemu"), "-") && !strcmp(history_fact(e, "colour"), "-"),
	       "its facts, and what is unknown");
	tap_ok(!strcmp(e->note, "a note with \"quotes\",\"env\":{ a\nline \xc3\xa9") &&
	       !strcmp(e->commit, "0123abc"), "its note");
	tap_ok(e->exact && !e->is_repetitions && e->nr_boots == 2 &&
	       !strcmp(e->seeds[1], "18446744073709551615"), "its boots and seeds");
	tap_ok(e->nr_bench == 2 && e->bench[0].value == 1000.1 && e->bench[0].gap == 0 &&
	       isnan(e->bench[0].low) && e->bench[0].n == 2, "its values, to the last digit");
	tap_ok(e->nr_bench == 2 && e->bench[1].value == 1000.1 / 3 && isnan(e->bench[1].gap) &&
	       !strcmp(e->bench[1].key, "E10.fault/notifiers:10 mirror lazy process 1"),
	       "a third too, and no gap of one boot");
	history_free(&h);
}

static void test_twice(void)
{
	const char *dir = new_dir();
	struct history h;

	add(dir, "6.12", 1000, false);
	add(dir, "6.12", 1001, false);
	catch_stderr();
	tap_eq(add(dir, "6.12", 1000, false), -EEXIST, "the same results again are refused");
	tap_ok(strstr(caught(), "--force"), "and it is said how they are added all the same");
	tap_eq(add(dir, "6.12", 1000, true), 0, "with force they are added");
	history_read(&h, dir);
	tap_eq((long long)h.n, 3, "that makes three");
	history_free(&h);
}

/* In a child: an add that may write no more than this many bytes; the kernel kills it
 * with SIGXFSZ when it goes on after the short write, at exactly that byte. ignored: its
 * write fails instead, as on a full disk.
 */
static int add_limited(const char *dir, rlim_t bytes, bool ignored)
{
	struct rlimit limit = { bytes, bytes };
	pid_t pid = fork();
	int status;

	if (!pid) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGXFSZ, ignored ? SIG_IGN : SIG_DFL);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(add(dir, "7.3", 1100, false) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	return status;
}

/* Is the file what was there before, and the entry behind it? */
static bool is_mended(const char *path, const char *before, size_t len)
{
	size_t n;
	char *text = slurp(path, &n);
	bool good = n > len && !memcmp(text, before, len) && text[n - 1] == '\n' &&
		    memchr(text + len, '\n', n - len) == text + n - 1;

	free(text);
	return good;
}

static bool reads(const char *dir, size_t n, size_t torn, size_t broken)
{
	struct history h;
	bool good = !history_read(&h, dir) && h.n == n && h.torn == torn && h.broken == broken;

	if (!good)
		printf("# %zu entries, %zu torn, %zu broken\n", h.n, h.torn, h.broken);
	history_free(&h);
	return good;
}

/* Every offset of the third line, its newline among them. */
static void test_killed(void)
{
	const char *dir = new_dir(), *path = file_in(dir);
	size_t len, full, k, killed = 0, whole = 0, mended = 0;
	char *before, *after;

	add(dir, "6.1", 900, false);
	add(dir, "6.12", 1000, false);
	before = slurp(path, &len);
	add(dir, "7.3", 1100, false);
	after = slurp(path, &full);
	catch_stderr();
	for (k = len; k < full; k++) {
		size_t now;
		char *text;

		spill(path, before, len);
		killed += WTERMSIG(add_limited(dir, k, false)) == SIGXFSZ;
		text = slurp(path, &now);
		/* without its newline alone it is whole */
		whole += now == k && !memcmp(text, after, k) &&
			 reads(dir, k == full - 1 ? 3 : 2, k > len && k < full - 1, 0);
		free(text);
		mended += !add(dir, "7.4", 1200, false) &&
			  (k == full - 1 ? reads(dir, 4, 0, 0) :
			   is_mended(path, before, len) && reads(dir, 3, 0, 0));
	}
	tap_ok(strstr(caught(), "interrupted add"), "a torn end is told");
	tap_ok(full - len > 400, "a line of more than 400 bytes");
	tap_eq((long long)killed, (long long)(full - len), "writers were killed at every byte of it");
	tap_eq((long long)whole, (long long)(full - len), "each time what was there is read, and the torn end known");
	tap_eq((long long)mended, (long long)(full - len), "and the next add takes that end away, and nothing else");
	free(before);
	free(after);
}

static void test_full_disk(void)
{
	const char *dir = new_dir(), *path = file_in(dir);
	char *before, *after;
	size_t len, now;

	add(dir, "6.12", 1000, false);
	before = slurp(path, &len);
	catch_stderr();
	tap_eq(WEXITSTATUS(add_limited(dir, len + 100, true)), 1, "a write that fails half-way is an error");
	tap_ok(strstr(caught(), strerror(EFBIG)), "which is told");
	after = slurp(path, &now);
	tap_ok(now == len && !memcmp(before, after, len), "and the file is as it was");
	free(before);
	free(after);
}

static void test_broken_lines(void)
{
	const char *dir = new_dir(), *path = file_in(dir);
	char *text, *digit, *said;
	size_t len;

	add(dir, "6.1", 900, false);
	add(dir, "6.12", 1000, false);
	add(dir, "7.3", 1100, false);
	text = slurp(path, &len);
	digit = strstr(text, "1000.0");
	digit[1] = '1';
	spill(path, text, len);
	catch_stderr();
	tap_ok(reads(dir, 2, 0, 1), "a line with a changed digit is left out, the others are read");
	said = strdup(caught());
	tap_ok(strstr(said, "line 2 ") && strstr(said, "checksum"), "it is told with its number");
	digit[1] = '0';
	digit = strstr(text, "\n") + 1;
	memcpy(digit, "#####", 5);
	spill(path, text, len);
	catch_stderr();
	tap_ok(reads(dir, 2, 0, 1) && strstr(caught(), "no JSON"), "one that is no JSON likewise");
	memcpy(digit, "{\"format\":1", 11);
	memcpy(strstr(text, "\"format\":1"), "\"format\":2", 10);
	spill(path, text, len);
	catch_stderr();
	tap_ok(reads(dir, 2, 0, 1) && strstr(caught(), "another version"), "one of another format likewise");
	tap_eq(add(dir, "7.4", 1200, false), 0, "all of it may be added to");
	free(said);
	free(text);
}

static void test_no_newline(void)
{
	const char *dir = new_dir(), *path = file_in(dir);
	size_t len;
	char *text;

	add(dir, "6.12", 1000, false);
	text = slurp(path, &len);
	text[len / 2] = '#';
	spill(path, text, len - 1);
	catch_stderr();
	tap_ok(reads(dir, 0, 0, 1), "an editor's last line without newline is no torn one");
	add(dir, "7.3", 1000, false);
	tap_ok(reads(dir, 1, 0, 1), "and stays there");
	caught();
	free(text);
}

#define WRITERS 8
#define EACH 15

/* Eight at once; half of them add what another adds too, and only one of both may. */
static void test_concurrent(void)
{
	const char *dir = new_dir();
	size_t added = 0, i;
	pid_t pid[WRITERS];
	int status, k;

	catch_stderr();
	for (i = 0; i < WRITERS; i++) {
		pid[i] = fork();
		if (pid[i])
			continue;
		for (k = 0, status = 0; k < EACH; k++)
			status += !add(dir, "6.12", (double)(1000 * (i / 2) + (size_t)k), false);
		_exit(status);
	}
	for (i = 0; i < WRITERS; i++) {
		waitpid(pid[i], &status, 0);
		added += WIFEXITED(status) ? (size_t)WEXITSTATUS(status) : 0;
	}
	caught();
	tap_eq((long long)added, WRITERS * EACH / 2, "of two concurrent adds of the same one succeeds");
	tap_ok(reads(dir, WRITERS * EACH / 2, 0, 0), "and every line is whole");
}

static void test_nothing(void)
{
	struct history_entry e;
	struct history h;
	char *path;

	catch_stderr();
	tap_eq(history_read(&h, new_dir()), -ENOENT, "no folder");
	tap_ok(strstr(caught(), "track add"), "it is said how one is made");
	make_entry(&e, "\xff", 1);
	catch_stderr();
	tap_eq(history_append(new_dir(), &e, false, &path), -EILSEQ, "a text that is no UTF-8 is refused");
	caught();
	history_entry_free(&e);
	free(path);
}

static void make_boots(const char *dir, int nr, const char *mode, const char *second_release)
{
	char path[700];
	int i;

	mkdir(dir, 0777);
	for (i = 0; i < nr; i++) {
		snprintf(path, sizeof(path), "%s/boot%d", dir, i);
		made_begin(path, i == 1 ? second_release : "6.12.117", mode);
		made_latency("E3.fork", "mirror", 4, 500 - 10 * i, 400 + 7 * i, 700);
		made_end();
	}
}

static void test_of_side(void)
{
	char dir[600];
	struct history_entry e;
	struct side *s;

	snprintf(dir, sizeof(dir), "%s", new_dir());
	make_boots(dir, 5, "vm-deterministic", "6.12.117");
	tap_eq(side_read(&s, dir), 0, "a side of five deterministic boots");
	tap_eq(history_of_side(&e, s, "note", NULL), 0, "is an entry");
	tap_ok(e.exact && e.nr_boots == 5 && e.nr_bench == 1 && e.bench[0].value == 400 &&
	       e.bench[0].gap == 7 && e.bench[0].n == 5, "of the least, and how far the second is");
	tap_ok(!strcmp(e.note, "note") && !*e.commit && strlen(e.added) == 20, "with its note and time");
	history_entry_free(&e);
	side_free(s);
	make_boots(dir, 9, "vm", "6.12.117");
	side_read(&s, dir);
	history_of_side(&e, s, NULL, NULL);
	/* values 420 to 500; 9 boots: the second and the eighth */
	tap_ok(!e.exact && e.nr_boots == 9 && e.bench[0].value == 460 && isnan(e.bench[0].gap) &&
	       e.bench[0].low == 430 && e.bench[0].high == 490, "else of the median and its interval");
	history_entry_free(&e);
	side_free(s);
	make_boots(dir, 9, "vm", "6.13");
	side_read(&s, dir);
	catch_stderr();
	tap_eq(history_of_side(&e, s, NULL, NULL), -EINVAL, "boots of two kernels are refused");
	tap_ok(strstr(caught(), "6.12.117, 6.13"), "and told");
	side_free(s);
}

int main(void)
{
	scratch_init();
	test_comes_back();
	test_twice();
	test_killed();
	test_full_disk();
	test_broken_lines();
	test_no_newline();
	test_concurrent();
	test_nothing();
	test_of_side();
	return tap_done();
}
