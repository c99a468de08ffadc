// SPDX-License-Identifier: GPL-2.0-only
/* lib/regress/functions.c: made boots with known counts, and what it says of them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/regress/compare.h"
#include "../lib/regress/functions.h"
#include "../lib/tap.h"
#include "made_run.h"

#define KEY "E4.munmap/pages:64 mirror lazy process 1"

static char root[200];

static void put(const char *dir, const char *name, const char *text)
{
	char path[600];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f || fputs(text, f) < 0 || fclose(f)) {
		perror(path);
		exit(2);
	}
}

static const char symbols[] = "address\tname\tmodule\n"
	"ffffffff81000000\t_stext\t-\n"
	"ffffffff81000000\tstartup_64\t-\n"
	"ffffffff81000100\tzap_pte_range\t-\n"
	"ffffffff81000200\tzap_pte_range.cold\t-\n"
	"ffffffff81000300\t__free_pages.part.0\t-\n"
	"ffffffffa0000000\ths_invalidate\thmmstorm\n";
static const char cases[] = "program\tcase\tbackend\tpolicy\tprotocol\tworkers\tpages\n"
	"bench\tE4.munmap\tmirror\tlazy\tprocess\t1\t64\n"
	"bench\tE3.fork\tmirror\tlazy\tprocess\t1\t1\n"
	"bench\tE7.mark\tmirror\tlazy\tprocess\t1\t1\n";

/* A boot whose first case has so many instructions in zap_pte_range, entered twice, and in
 * hs_invalidate; the two others have `other` in zap_pte_range.
 */
static const char *boot_with(const char *side, int nr, int zap, int hs, int other)
{
	static char dir[400];
	char text[1000];

	snprintf(dir, sizeof(dir), "%s/%s", root, side);
	mkdir(dir, 0777);
	snprintf(dir, sizeof(dir), "%s/%s/b%d", root, side, nr);
	made_begin(dir, "6.12", "vm-deterministic");
	made_latency("E4.munmap", "mirror", 64, 100, 90, 110);
	made_end();
	put(dir, "symbols.tsv", symbols);
	put(dir, "cases.tsv", cases);
	snprintf(text, sizeof(text),
		 "case\tfirst\tlast\tcount\tinstructions\n"
		 "0\t0\t0\t20\t20\n"
		 "0\tffffffff81000004\tffffffff81000008\t1\t3\n"
		 "0\tffffffff81000100\tffffffff81000103\t2\t2\n"
		 "0\tffffffff81000110\tffffffff81000120\t%d\t%d\n"
		 "0\tffffffff81000210\tffffffff81000214\t1\t7\n"
		 "0\tffffffffa0000020\tffffffffa0000030\t1\t%d\n"
		 "0\tffffffffc0000000\tffffffffc0000000\t1\t5\n"
		 "1\tffffffff81000310\tffffffff81000314\t1\t11\n"
		 "1\tffffffff81000110\tffffffff81000114\t%d\t%d\n"
		 "2\tffffffff81000110\tffffffff81000114\t%d\t%d\n"
		 "end\t0\t0\t0\t0\n", zap - 2, zap - 2, hs, other, other, other, other);
	put(dir, "windows.tsv", text);
	return dir;
}

static const char *boot(const char *side, int nr, int zap, int hs)
{
	return boot_with(side, nr, zap, hs, 9);
}

static double value_of(const struct function_case *c, const char *name, size_t i)
{
	size_t k;

	for (k = 0; c && k < c->nr_functions; k++)
		if (!strcmp(c->functions[k].name, name))
			return c->functions[k].value[i];
	return NAN;
}

static double calls_of(const struct function_case *c, const char *name, size_t i)
{
	size_t k;

	for (k = 0; c && k < c->nr_functions; k++)
		if (!strcmp(c->functions[k].name, name))
			return c->functions[k].calls[i];
	return NAN;
}

static struct functions *must_read(const char *side)
{
	struct functions *f;
	char path[400];

	snprintf(path, sizeof(path), "%s/%s", root, side);
	if (functions_read(&f, path))
		exit(2);
	return f;
}

static void test_read(void)
{
	const struct function_case *c;
	struct functions *f;

	boot("read", 1, 100, 50);
	boot("read", 2, 90, 50);
	f = must_read("read");
	tap_eq((long long)f->nr_boots, 2, "two boots");
	tap_eq((long long)f->nr_cases, 3, "three cases");
	c = functions_find(f, KEY);
	tap_ok(c && c->n == 2, "found by the key of side.h");
	tap_ok(c && c->total[0] == 185 && c->total[1] == 175, "a boot's total is the sum of all rows");
	tap_ok(c && c->least == 1, "the boot with the least total is known");
	tap_ok(value_of(c, "zap_pte_range", 0) == 107, "a clone counts as its source: zap_pte_range.cold");
	tap_ok(calls_of(c, "zap_pte_range", 0) == 2, "its first instruction tells its calls");
	tap_ok(value_of(c, "hs_invalidate [hmmstorm]", 0) == 50, "a module's function names its module");
	tap_ok(value_of(c, "(user space)", 0) == 20, "address 0 is user space");
	tap_ok(value_of(c, "startup_64", 0) == 3, "of two symbols at an address, the one without underscore");
	tap_ok(value_of(c, "(no symbol)", 0) == 5, "far from any symbol: no symbol");
	tap_ok(!functions_find(f, "E9.none"), "an unknown key is not found");
	functions_free(f);
}

/* The change of one function, zap values old and new by boot. */
static struct function_change change(const char *side, const int *old, const int *new, size_t n,
				     char *first, size_t len)
{
	struct functions *f, *g;
	struct function_change *changes, zap = { 0 };
	char name[2][64];
	size_t i, nr;

	snprintf(name[0], sizeof(name[0]), "%s-old", side);
	snprintf(name[1], sizeof(name[1]), "%s-new", side);
	for (i = 0; i < n; i++) {
		boot(name[0], (int)i, old[i], 50);
		boot(name[1], (int)i, new[i], 50);
	}
	f = must_read(name[0]);
	g = must_read(name[1]);
	nr = functions_compare(f, functions_find(f, KEY), g, functions_find(g, KEY), NULL,
			       &changes);
	snprintf(first, len, "%s", nr ? changes[0].name : "");
	for (i = 0; i < nr; i++)
		if (!strcmp(changes[i].name, "zap_pte_range"))
			zap = changes[i];
	zap.name = NULL;
	free(changes);
	functions_free(f);
	functions_free(g);
	return zap;
}

static void test_compare(void)
{
	static const struct {
		const char *what;
		int old[3], new[3];
		size_t n;
		bool settled;
	} rows[] = {
		{ "constant on both sides", { 100, 100, 100 }, { 101, 101, 101 }, 3, true },
		{ "equal", { 100, 100, 100 }, { 100, 100, 100 }, 3, false },
		{ "ranges overlap", { 100, 110, 120 }, { 115, 130, 140 }, 3, false },
		{ "ranges apart, but less than they are wide", { 100, 110, 120 }, { 135, 140, 145 }, 3, false },
		{ "ranges farther apart than they are wide", { 100, 110, 120 }, { 141, 145, 150 }, 3, true },
		{ "the same, downwards", { 141, 145, 150 }, { 100, 110, 120 }, 3, true },
		{ "one boot a side", { 100 }, { 200 }, 1, false },
	};
	char first[100], side[20];
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct function_change c;

		snprintf(side, sizeof(side), "cmp%zu", i);
		c = change(side, rows[i].old, rows[i].new, rows[i].n, first, sizeof(first));
		tap_ok(c.settled == rows[i].settled, "%s: %ssettled", rows[i].what,
		       rows[i].settled ? "" : "not ");
		if (rows[i].settled)
			tap_ok(!strcmp(first, "zap_pte_range"), "%s: the function is first", rows[i].what);
	}
}

static void test_fold(void)
{
	const char *dir = boot("fold", 1, 100, 50);
	const struct function_case *c;
	struct functions *f;
	char path[500];

	snprintf(path, sizeof(path), "%s/fold", root);
	tap_ok(!functions_fold(path), "all boots of a folder are folded");
	tap_ok(!functions_fold(dir), "folded again: nothing to do");
	snprintf(path, sizeof(path), "%s/fold/functions.tsv", root);
	tap_ok(access(path, F_OK), "each in its own folder");
	snprintf(path, sizeof(path), "%s/windows.tsv", dir);
	tap_ok(access(path, F_OK), "windows.tsv is gone");
	f = must_read("fold");
	c = functions_find(f, KEY);
	tap_ok(c && c->total[0] == 185, "the total is as before");
	tap_ok(value_of(c, "zap_pte_range", 0) == 107, "and the function's count");
	tap_ok(calls_of(c, "zap_pte_range", 0) == 2, "and its calls");
	functions_free(f);
	put(dir, "functions.tsv", "case\tfunction\tinstructions\tcalls\n0\tzap_pte_range\t107\t1\n");
	snprintf(path, sizeof(path), "%s/fold", root);
	tap_ok(functions_read(&f, path) && !f, "a cut functions.tsv is refused");
}

static const struct compare_row *row_of(const struct compare *c)
{
	size_t i;

	for (i = 0; i < c->nr_rows; i++)
		if (!strcmp(c->rows[i].old->key, KEY))
			return &c->rows[i];
	return NULL;
}

/* The totals that the clock saw are equal in all made boots: only functions can tell. */
static void test_decide(void)
{
	static const int old[] = { 100, 100, 100, 100, 100 }, new[] = { 103, 103, 103, 103, 103 };
	static const int wide[] = { 100, 150, 90, 120, 100 }, other[] = { 110, 95, 140, 100, 90 };
	struct compare_options o = { .alpha = 0.05, .threshold = NAN };
	const struct compare_row *r;
	struct side *a, *b;
	struct functions *f, *g;
	struct compare c;
	char path[2][400];
	size_t i, k;

	for (k = 0; k < 2; k++) {
		for (i = 0; i < 5; i++) {
			boot(k ? "dec1-old" : "dec0-old", (int)i, k ? wide[i] : old[i], 50);
			boot(k ? "dec1-new" : "dec0-new", (int)i, k ? other[i] : new[i], 50);
		}
		snprintf(path[0], sizeof(path[0]), "%s/dec%zu-old", root, k);
		snprintf(path[1], sizeof(path[1]), "%s/dec%zu-new", root, k);
		if (side_read(&a, path[0]) || side_read(&b, path[1]) ||
		    functions_read(&f, path[0]) || functions_read(&g, path[1]))
			exit(2);
		o.old_functions = f;
		o.new_functions = g;
		compare_sides(&c, a, b, &o);
		r = row_of(&c);
		if (!k) {
			tap_ok(r && r->verdict == VERDICT_SLOWER, "three more in each boot: slower");
			tap_ok(r && r->settled == 3 && r->nr_settled == 1, "by three, in one function");
			tap_ok(r && r->where && !strcmp(r->where, "zap_pte_range"), "which is named");
		} else {
			tap_ok(r && !r->nr_settled && r->verdict == VERDICT_SAME,
			       "a function that varies in both sides decides nothing");
		}
		compare_free(&c);
		functions_free(f);
		functions_free(g);
		side_free(a);
		side_free(b);
	}
}

/* zap_pte_range is another constant in the first case of each side; does it vary in the
 * others, from boot to boot?
 */
static bool settled_where(const char *name, const int *other_old, const int *other_new)
{
	struct function_change *changes;
	struct function_noise *noise;
	struct functions *f, *g;
	char side[2][64];
	bool settled = false;
	size_t i, n;

	snprintf(side[0], sizeof(side[0]), "%s-old", name);
	snprintf(side[1], sizeof(side[1]), "%s-new", name);
	for (i = 0; i < 3; i++) {
		boot_with(side[0], (int)i, 100, 50, other_old[i]);
		boot_with(side[1], (int)i, 103, 50, other_new[i]);
	}
	f = must_read(side[0]);
	g = must_read(side[1]);
	noise = functions_noise(f, g);
	n = functions_compare(f, functions_find(f, KEY), g, functions_find(g, KEY), noise,
			      &changes);
	for (i = 0; i < n; i++)
		settled |= !strcmp(changes[i].name, "zap_pte_range") && changes[i].settled;
	tap_ok(settled == !!functions_cause(changes, n), "%s: the cause is what is settled", name);
	free(changes);
	functions_noise_free(noise);
	functions_free(f);
	functions_free(g);
	return settled;
}

static void test_noise(void)
{
	static const int same[] = { 9, 9, 9 }, vary[] = { 9, 30, 12 }, vary_too[] = { 12, 9, 31 };
	static const int more[] = { 80, 95, 85 };

	tap_ok(settled_where("quiet", same, same), "it varies nowhere: one benchmark is enough");
	tap_ok(!settled_where("noisy", vary, vary_too),
	       "it varies elsewhere: one benchmark of three is chance");
	tap_ok(settled_where("moved", vary, more), "it varies, and changed in all: that is a fact");
}

static void test_cause(void)
{
	static const struct function_change changes[] = {
		{ "inlined", 300, 100, 1, 1, true, true },
		{ "callee", 100, 500, 1, 2, true, false },
		{ "own", 50, 60, 1, 1, true, true },
		{ "own_less", 50, 55, 1, 1, true, true },
		{ "doubtful", 50, 5000, 1, 1, false, false },
	};

	static const struct function_change versions[] = {
		{ "callee", 100, 500, 1, 2, true, false },
		{ "one", 50, 60, 1, 1, true, true },
		{ "two", 50, 59, 1, 1, true, true },
		{ "three", 50, 58, 1, 1, true, true },
		{ "four", 50, 57, 1, 1, true, true },
	};

	static const struct function_change renamed[] = {
		{ "memset_erms", 8000, 0, 9, 0, true, false },
		{ "memset_orig", 0, 7800, 0, 9, true, false },
		{ "gone", 300, 0, 1, 0, true, false },
		{ "less", 500, 400, 3, 2, true, false },
	};

	tap_ok(functions_cause(renamed, 4) == &renamed[2],
	       "what has another name on the other side is no cause; what is gone is");
	tap_ok(functions_cause(changes, 5) == &changes[2],
	       "the cause is called as often as before and goes where the sum goes");
	tap_ok(functions_cause(changes, 2) == &changes[1], "for want of one, the largest");
	tap_ok(!functions_cause(changes + 4, 1), "nothing settled: no cause");
	tap_ok(functions_cause(versions, 5) == &versions[0],
	       "four that changed of themselves are two versions: the largest");
}

static void test_broken(void)
{
	struct functions *f;
	char path[400];
	const char *dir = boot("cut", 1, 1, 1);

	snprintf(path, sizeof(path), "%s/cut", root);
	put(dir, "windows.tsv", "case\tfirst\tlast\tcount\tinstructions\n0\t0\t0\t20\t20\n");
	tap_ok(functions_read(&f, path) && !f, "a cut windows.tsv is refused");
	put(dir, "windows.tsv", "case\tfirst\tlast\tcount\tinstructions\n7\t0\t0\t20\t20\nend\t0\t0\t0\t0\n");
	tap_ok(functions_read(&f, path) && !f, "more cases than names are refused");
	snprintf(path, sizeof(path), "%s/windows.tsv", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/cut", root);
	tap_ok(functions_read(&f, path) && !f, "a boot without windows is refused");
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(root, sizeof(root), "%s/functions.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(root))
		return 2;
	test_read();
	test_compare();
	test_fold();
	test_decide();
	test_noise();
	test_cause();
	test_broken();
	return tap_done();
}
