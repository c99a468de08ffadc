// SPDX-License-Identifier: GPL-2.0-only
/*
 * The experiments' answers from rows that are made here, so that each number in a
 * sentence is known; and hmmstorm experiments itself.
 */
#include <math.h>

#include "../lib/experiment.h"
#include "../lib/tap.h"
#include "child.h"
#include "made_run.h"

static void has(const char *text, const char *part, const char *what)
{
	if (!tap_ok(strstr(text, part), "%s", what))
		printf("# no %s in:\n# %.6000s\n", part, text);
}

static void has_no(const char *text, const char *part, const char *what)
{
	const char *p = strstr(text, part);

	if (!tap_ok(!p, "%s", what))
		printf("# %.200s\n", p);
}

/* Cost = base + slope * pages, at three sizes. */
static void made_slope(const char *name, const char *backend, double base, double slope)
{
	static const unsigned long sizes[] = { 1, 16, 64 };
	size_t i;

	for (i = 0; i < 3; i++) {
		double y = base + slope * (double)sizes[i];

		made_latency(name, backend, sizes[i], y, y, y);
	}
}

static void made_notifiers(const char *name, const char *backend, double base, double slope)
{
	static const unsigned long numbers[] = { 0, 10, 100000 };
	char with[64];
	size_t i;

	for (i = 0; i < 3; i++) {
		double y = base + slope * (double)numbers[i];

		snprintf(with, sizeof(with), "%s/notifiers:%lu", name, numbers[i]);
		made_latency(with, backend, 1, y, y, y);
		made_row("bench", with, backend, 1, 0, "iterations", 4);
	}
}

static void made_kind(const char *name, double mark, double pages)
{
	made_row("bench", name, "mirror", 0, 0, "done", 1);
	made_row("bench", name, "mirror", 0, 0, "mark_errno", mark);
	made_row("bench", name, "mirror", 0, 0, "atomic_errno", mark);
	made_row("bench", name, "mirror", 0, 0, "read_errno", 0);
	made_row("bench", name, "mirror", 0, 0, "write_errno", 0);
	made_row("bench", name, "mirror", 0, 0, "exclusive_pages", pages);
	made_row("bench", name, "mirror", 0, 0, "asked_pages", 8);
}

static void made_explained(const char *name, unsigned long pages, const char *metric, double value)
{
	made_row("explain", name, "mirror", pages, 0, metric, value);
}

static void made_batches(void)
{
	static const unsigned long sizes[] = { 64, 256, 1024 };
	char with[64];
	size_t i;

	for (i = 0; i < 3; i++) {
		double hit = 1000 + 300 * (double)sizes[i];

		snprintf(with, sizeof(with), "E7.hit/batch:%lu", sizes[i]);
		made_latency(with, "mirror", 64, hit, hit, hit);
		made_row("bench", with, "mirror", 64, 0, "device_faults", 0);
		snprintf(with, sizeof(with), "E7.refault/batch:%lu", sizes[i]);
		made_latency(with, "mirror", 64, hit + 64 * 3000, hit, hit);
	}
}

/* more: added to every slope, so that two runs differ. */
static void make_run(const char *dir, const char *kernel, double more)
{
	made_begin(dir, kernel, "vm-deterministic");
	made_env_row("bench", "command", "bench --backend mirror --benchmark_filter=^E(3|4)\\.");
	made_env_row("bench", "E12.secret", "SKIPPED: memfd_secret(): not here");
	made_slope("E3.fork", "mirror", 280000, 700 + more);
	made_slope("E3.fork_present", "mirror", 280000, 200);
	made_explained("E3.fork", 64, "done", 1);
	made_explained("E3.fork", 64, "inv_protection_page_events", 39);
	made_explained("E3.fork", 64, "truth_protection_page_fp0", 38);
	made_explained("E3.fork", 64, "truth_protection_page_tp", 1);
	made_explained("E3.fork", 64, "restore_pages", 64);
	made_slope("E4.munmap", "mirror", 3000, 800 + more);
	made_slope("E4.restore_munmap", "mirror", 3000, 4000);
	made_slope("E4.touch_munmap", "mirror", 3000, 3200);
	made_slope("E4.munmap_present", "mirror", 3000, 900);
	made_slope("E5.mprotect_flip", "mirror", 3000, 5000 + more);
	made_slope("E5.restore_flip", "mirror", 3000, 1000);
	made_slope("E5.touch_flip", "mirror", 3000, 2000);
	made_slope("E5.mprotect_flip_present", "mirror", 3000, 300);
	made_slope("E6.gup", "mirror", 1000, 3600);
	made_slope("E6.gup_present", "mirror", 1000, 1400);
	made_slope("E6.vmsplice", "mirror", 1000, 2700);
	made_slope("E6.vmsplice_present", "mirror", 1000, 200);
	made_batches();
	made_slope("E7.mark", "mirror", 6000, 2900);
	made_slope("E7.remark", "mirror", 6000, 5700);
	made_slope("E9.fault", "mirror", 6000, 3371);
	made_slope("E9.fault", "mirror-range", 6000, 4406);
	made_slope("E9.fault", "mirror-pin", 6000, 2082);
	made_slope("E9.touch", "mirror", 0, 2498);
	made_slope("E9.touch", "mirror-pin", 0, 7);
	made_slope("E9.discard", "mirror", 0, 865);
	made_slope("E9.discard", "mirror-pin", 0, 1093);
	made_notifiers("E10.fault", "mirror", 9500, 0);
	made_notifiers("E10.fault", "mirror-range", 11000, 0.01);
	made_notifiers("E10.after_fault", "mirror-range", 2800, 0);
	made_notifiers("E10.insert", "mirror", 64 * 330, 64 * 0.001);
	made_notifiers("E10.remove", "mirror", 64 * 220, 64 * 0.002);
	made_latency("E11.mark_thp/thp:1", "mirror", 512, 313000, 313000, 313000);
	made_row("bench", "E11.mark_thp/thp:1", "mirror", 512, 0, "marked_pages", 1);
	made_explained("E11.mark_thp/thp:1", 512, "done", 1);
	made_explained("E11.mark_thp/thp:1", 512, "mirror_chain_2", 1);
	made_explained("E11.mark_thp/thp:1", 512, "inv_clear_events", 1);
	made_explained("E11.mark_thp/thp:1", 512, "inv_clear_pages", 512);
	made_kind("E12.anon", 0, 8);
	made_kind("E12.thp", 16, 7);
	made_kind("E12.shmem", 95, 0);
	made_notifiers("E13.invalidate", "mirror", 2400, 0.003);
	made_notifiers("E13.invalidate_overlapping", "mirror", 2400, 65);
	made_slope("E13.invalidate_held", "mirror", 2238, 0);
	made_slope("E13.mark", "mirror", 6000, 2966);
	made_end();
}

static char *write_one(const char *id, const struct results *const *runs, size_t n)
{
	const struct experiment *e = experiment_find(id);
	struct doc *d = doc_new();
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	if (!e || experiment_write(e, d, runs, n, scratch))
		tap_ok(false, "%s cannot be written", id);
	doc_markdown(d, scratch, to);
	fclose(to);
	doc_free(d);
	return text;
}

static const struct {
	const char *id, *answer;
} answers[] = {
	{ "E3", "On 6.12 fork() restores every exclusive entry in the parent: each costs it 700 instructions, where a present page costs 200, so 500 more for each (7.3: 600)." },
	{ "E4", "Carrying the entries is cheaper: on 6.12 each page costs munmap() 800 instructions where its exclusive entry is carried and 2,400 more where it is restored first (4,000 by the device, 3,200 by CPU faults, both with the restore), 4.0 times as much at the cheaper; a present page costs 900; on 7.3 900 against 3,200." },
	{ "E5", "Restoring first is cheaper: on 6.12 each page costs mprotect() there and back 5,000 instructions where its exclusive entry is carried and 4,000 less where it is restored first" },
	{ "E6", "each exclusive page costs GUP 2,200 instructions more than a present one (3,600 against 1,400)" },
	{ "E6", "2,500 more (2,700 against 200)" },
	{ "E7", "takes 0 faults and costs 300 instructions, and a page that the CPU has taken back in between costs 3,000 more; marking a page twice is harmless but costs 5,700 where marking it once costs 2,900" },
	{ "E9", "a device fault costs 2,082 instructions a page by pinning, 3,371 with a notifier for the process and 4,406 with one a fault; a pinned page is not taken from the CPU, so that the CPU's next write costs 7 instead of 2,498" },
	{ "E10", "a device fault cost 11,000 instructions instead of 9,500 (inserting one costs 330 and removing it 220; beside 100,000 others 430 and 420)" },
	{ "E10", "and the device lost the page in each CPU write after the fault's own had gone" },
	{ "E11", "One retry suffices: on 6.12 no device fault on a fresh huge page took more than 2 attempts, because the split raises CLEAR over 512 pages" },
	{ "E12", "can have 1 of 3 kinds of memory in full and 1 in part (thp); 1 are refused (shmem EOPNOTSUPP)" },
	{ "E12", "| thp | EBUSY, 7 of 8 pages | EBUSY, 7 of 8 pages | EBUSY |" },
	{ "E12", "| secret | not here |" },
	{ "E13", "100,000 notifiers elsewhere make an invalidation cost 2,700 instructions instead of 2,400, one that overlaps adds 65; exclusive pages elsewhere do not count: 2,238 with 1 of them, 2,238 with 64, and marking costs 2,966 a page" },
	{ "E3", "| exclusive | 64 | protection_page 39 (FP0 38, TP 1); 64 restored |" },
	{ "E3", "    ./hmmstorm bench --backend mirror '--benchmark_filter=^E(3|4)\\.' --out DIR\n" },
};

static void test_answers(const struct results *const *runs)
{
	char what[64], *text;
	size_t i;

	for (i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		text = write_one(answers[i].id, runs, 2);
		snprintf(what, sizeof(what), "%s: %.40s", answers[i].id, answers[i].answer);
		has(text, answers[i].answer, what);
		free(text);
	}
	text = write_one("E13", runs, 1);
	has_no(text, "--benchmark_filter", "a command whose filter does not take it is not named");
	free(text);
}

/* One row of each family, and nothing else: no NaN, no answer made of nothing. */
static void test_scarce(void)
{
	const char *dir = scratch_path("scarce");
	const struct results *one;
	struct results *r;
	char name[16], *text;
	size_t i;

	made_begin(dir, "6.12", "vm");
	for (i = 1; i <= 13; i++) {
		snprintf(name, sizeof(name), "E%zu.other", i);
		made_row("bench", name, "mirror", 1, 0, "p50", 1);
	}
	made_end();
	if (results_read(&r, dir)) {
		tap_ok(false, "cannot read %s", dir);
		return;
	}
	one = r;
	for (i = 0; i < experiment_count(); i++) {
		text = write_one(experiment_at(i)->id, &one, 1);
		has_no(text, "nan", experiment_at(i)->id);
		has_no(text, "**Answer.**", "without its rows there is no answer");
		has(text, "not measured in this run", "but a line that says so");
		free(text);
	}
	results_free(r);
}

static void test_missing(void)
{
	const char *dir = scratch_path("empty");
	const struct results *one;
	struct results *r;
	char *text;

	made_begin(dir, "6.1", "vm");
	made_end();
	if (results_read(&r, dir)) {
		tap_ok(false, "cannot read %s", dir);
		return;
	}
	one = r;
	text = write_one("E3", &one, 1);
	has(text, "> not measured in this run: 6.1 has no rows of E3.\n", "a run without the family is named");
	has_no(text, "**Reproduce", "and nothing more is said");
	free(text);
	results_free(r);
}

static int run(struct child *c, const char *a, const char *b, const char *d)
{
	static char path[4200];
	char *argv[] = { path, (char *)a, (char *)b, (char *)d, NULL };

	snprintf(path, sizeof(path), "%s", program("hmmstorm-experiments"));
	child_run(c, argv, 120);
	return c->status;
}

static void test_command(const char *dir)
{
	static struct child c;
	char html[600], option[700];

	tap_eq(run(&c, "--only=E3", dir, NULL), 0, "--only E3");
	has(c.out, "### E3. fork()", "is on stdout");
	has_no(c.out, "### E4", "alone");
	tap_eq(run(&c, "--only=E99", dir, NULL), 2, "an unknown experiment: exit 2");
	has(c.err, "no experiment 'E99'", "and says so");
	tap_eq(run(&c, scratch_path("nowhere"), NULL, NULL), 2, "no results: exit 2");
	tap_eq(run(&c, NULL, NULL, NULL), 2, "no folder: exit 2");
	has(c.err, "which RUN?", "and says so");
	tap_eq(run(&c, "--html=/nowhere/at/all", dir, NULL), 1, "a file that cannot be made: exit 1");
	snprintf(html, sizeof(html), "%s", scratch_path("report.html"));
	snprintf(option, sizeof(option), "--html=%s", html);
	tap_eq(run(&c, option, dir, NULL), 0, "the report");
	tap_eq((long long)strlen(c.out) + (long long)strlen(c.err), 0, "not a word beside");
}

static void test_report(void)
{
	static const char *const foreign[] = { "http:", "https:", "src=", "@import", "url(h", "<link", "//cdn" };
	char *html = NULL;
	size_t len = 0, i;
	FILE *f = fopen(scratch_path("report.html"), "re");

	if (!f || getdelim(&html, &len, 0, f) < 0)
		html = strdup("");
	if (f)
		fclose(f);
	for (i = 0; i < sizeof(foreign) / sizeof(*foreign); i++)
		has_no(html, foreign[i], foreign[i]);
	has(html, "<h2 id=\"answers\">", "it has the answers");
	has(html, "<a href=\"#E13\">E13</a> On 6.12", "of E13 too");
	has(html, "<h2 id=\"environment\">", "the environment");
	has(html, "<h3 id=\"E3\">", "the experiments");
	has(html, "<svg viewBox=", "pictures");
	has(html, "</html>\n", "and its end");
	has_no(html, "nan<", "no NaN");
	free(html);
}

int main(void)
{
	const struct results *runs[2];
	struct results *r[2];
	char dir[512];

	scratch_init();
	snprintf(dir, sizeof(dir), "%s", scratch_path("6.12"));
	make_run(dir, "6.12", 0);
	make_run(scratch_path("7.3"), "7.3", 100);
	if (results_read(&r[0], scratch_path("7.3")) || results_read(&r[1], dir)) {
		tap_ok(false, "cannot read the runs");
		return tap_done();
	}
	runs[0] = r[0];
	runs[1] = r[1];
	test_answers(runs);
	results_free(r[0]);
	results_free(r[1]);
	test_scarce();
	test_missing();
	test_command(dir);
	test_report();
	return tap_done();
}
