// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm compare on made sides: what is a change, what is not, and how it is told.
 * The statistics themselves are unit-regress-ranks.c's.
 */
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <jansson.h>
#include <math.h>

#include "../lib/regress/compare.h"
#include "../lib/tap.h"
#include "child.h"
#include "made_run.h"

#define KEY(name) name " mirror lazy process 1"

static void has(const char *text, const char *part, const char *what)
{
	if (!tap_ok(strstr(text, part), "%s", what))
		printf("# no %s in:\n# %.4000s\n", part, text);
}

static void has_no(const char *text, const char *part, const char *what)
{
	const char *p = strstr(text, part);

	if (!tap_ok(!p, "%s", what))
		printf("# %.200s\n", p);
}

static void near(double got, double want, const char *what)
{
	if (!tap_ok(fabs(got - want) <= 1e-9 * fabs(want) + 1e-12, "%s", what))
		printf("# got %.12g, want %.12g\n", got, want);
}

static FILE *made_vm;

/* A boot SIDE/bN; end_boot() follows. */
static void begin_boot(const char *side, unsigned int n, const char *mode)
{
	char path[600];

	mkdir(scratch_path(side), 0777);
	snprintf(path, sizeof(path), "%s/b%u", scratch_path(side), n);
	made_begin(path, "6.12", mode);
	made_env_row("bench", "config", "base");
	made_vm = made_open(path, "vm.tsv", "key\tvalue");
	fprintf(made_vm, "seed\t%u\nmemory\t2G\nnuma\t1\n", n);
}

static void end_boot(void)
{
	fclose(made_vm);
	made_end();
}

static void exact_row(const char *name, double value)
{
	made_latency(name, "mirror", 0, value + 10, value, value + 20);
}

static void live_row(const char *name, double value)
{
	made_row("bench", name, "mirror", 0, 0, "p50", value);
}

static const struct compare_options defaults = { .alpha = 0.05, .threshold = NAN };

/* Reads both, compares; done_with() frees. */
static bool compared(struct compare *c, const char *old, const char *new,
		     const struct compare_options *o)
{
	struct side *a = NULL, *b = NULL;

	if (!tap_ok(!side_read(&a, scratch_path(old)) && !side_read(&b, scratch_path(new)),
		    "%s and %s are read", old, new)) {
		side_free(a);
		side_free(b);
		return false;
	}
	compare_sides(c, a, b, o);
	return true;
}

static void done_with(struct compare *c)
{
	struct side *a = (struct side *)c->old, *b = (struct side *)c->new;

	compare_free(c);
	side_free(a);
	side_free(b);
}

/* One of no benchmark, that says so, if there is none of this name. */
static const struct compare_row *row_of(const struct compare *c, const char *name)
{
	static const struct compare_row none = { .verdict = NR_VERDICTS };
	size_t i;

	for (i = 0; i < c->nr_rows; i++)
		if (!strcmp(c->rows[i].old->name, name))
			return &c->rows[i];
	printf("# no row of %s\n", name);
	return &none;
}

/* The rule of exact mode, case by case; five seeds a side. */
static const struct {
	const char *name;
	double old[5], new[5];
	enum verdict verdict;
} cases[] = {
	{ "E1.equal", { 100, 100, 100, 100, 100 }, { 100, 100, 100, 100, 100 }, VERDICT_SAME },
	{ "E1.same_least", { 100, 105, 100, 130, 100 }, { 140, 100, 102, 100, 100 }, VERDICT_SAME },
	{ "E1.one_more", { 1000, 1000, 1000, 1000, 1000 }, { 1001, 1001, 1001, 1001, 1001 }, VERDICT_SLOWER },
	{ "E1.one_less", { 1001, 1001, 1001, 1001, 1001 }, { 1000, 1000, 1000, 1000, 1000 }, VERDICT_FASTER },
	{ "E1.odd_seed", { 1000, 1000, 1000, 1000, 1500 }, { 1010, 1010, 1010, 1010, 1010 }, VERDICT_UNSETTLED },
	{ "E1.two_odd", { 1000, 1000, 1000, 1500, 1500 }, { 1010, 1010, 1010, 1010, 1010 }, VERDICT_UNSETTLED },
	{ "E1.old_gap", { 1000, 1020, 1020, 1020, 1020 }, { 1015, 1015, 1015, 1015, 1015 }, VERDICT_UNSETTLED },
	{ "E1.new_gap", { 1000, 1000, 1000, 1000, 1000 }, { 1010, 1021, 1021, 1021, 1021 }, VERDICT_UNSETTLED },
	{ "E1.gap_met", { 1000, 1000, 1000, 1000, 1000 }, { 1010, 1020, 1020, 1020, 1020 }, VERDICT_UNSETTLED },
	{ "E1.gap_passed", { 1000, 1000, 1000, 1000, 1000 }, { 1010, 1019, 1019, 1019, 1019 }, VERDICT_SLOWER },
	{ "E1.apart", { 1000, 1001, 1002, 1003, 1004 }, { 1100, 1101, 1102, 1103, 1104 }, VERDICT_SLOWER },
	{ "E1.wide", { 1000, 1001, 1002, 1003, 1100 }, { 1150, 1160, 1170, 1180, 1290 }, VERDICT_SLOWER },
	{ "E1.mixed", { 1000, 1100, 1200, 1300, 1400 }, { 1050, 1150, 1250, 1350, 1450 }, VERDICT_UNSETTLED },
	{ "E1.from_nothing", { 0, 0, 0, 0, 0 }, { 5, 5, 5, 5, 5 }, VERDICT_SLOWER },
};

#define NR_CASES (sizeof(cases) / sizeof(*cases))

static void make_cases(void)
{
	unsigned int n;
	size_t i;

	for (n = 1; n <= 5; n++) {
		begin_boot("old", n, "vm-deterministic");
		for (i = 0; i < NR_CASES; i++)
			exact_row(cases[i].name, cases[i].old[n - 1]);
		exact_row("E4.gone", 7);
		made_env_row("bench", "qemu", "7.2.22");
		end_boot();
		begin_boot("new", n, "vm-deterministic");
		for (i = 0; i < NR_CASES; i++)
			exact_row(cases[i].name, cases[i].new[n - 1]);
		exact_row("E4.come", 7);
		made_env_row("bench", "E4.gone", "SKIPPED: no such call <here> & now");
		made_env_row("bench", "qemu", "7.2.22");
		end_boot();
	}
}

static void test_exact(void)
{
	const struct compare_row *r;
	struct compare c;
	size_t i;

	make_cases();
	if (!compared(&c, "old", "new", &defaults))
		return;
	tap_ok(c.is_comparable && c.exact && !c.nr_differences && !c.nr_warnings,
	       "comparable, exactly, and nothing to warn of");
	for (i = 0; i < NR_CASES; i++) {
		r = row_of(&c, cases[i].name);
		if (!tap_ok(r->verdict == cases[i].verdict, "%s: %s", cases[i].name,
			    verdict_name(cases[i].verdict)))
			printf("# got %u\n", r->verdict);
	}
	r = row_of(&c, "E1.odd_seed");
	near(r->effect, 0.01, "effect of the least values");
	near(r->chance, 10.0 / 210, "four of five below: C(5, 4) / C(10, 4), twice");
	r = row_of(&c, "E1.wide");
	near(r->q, 2.0 / 252 * 10 / 5, "five of ten that vary have all five below");
	tap_ok(!r->is_apart && r->spread == 140 && r->gap == 10, "it is a change by that alone");
	tap_ok(isnan(row_of(&c, "E1.one_more")->q), "where no seed varies is no chance");
	tap_ok(isinf(row_of(&c, "E1.from_nothing")->effect), "from nothing: no share");
	tap_ok(!strcmp(c.rows[0].old->name, "E1.from_nothing"), "the largest effect first");
	tap_ok(!strcmp(c.rows[3].old->name, "E1.gap_passed") &&
	       !strcmp(c.rows[5].old->name, "E1.one_less"), "then smaller ones, by key if equal");
	tap_ok(c.rows[6].verdict == VERDICT_UNSETTLED && c.rows[11].verdict == VERDICT_UNSETTLED &&
	       c.rows[12].verdict == VERDICT_SAME,
	       "then unsettled ones, what is the same at the end");
	tap_ok(c.nr_only_old == 1 && c.nr_only_new == 1, "one of either side alone");
	has(c.only_old[0].why ? c.only_old[0].why : "", "SKIPPED: no such call", "and why");
	tap_ok(!c.only_new[0].why, "where it is known");
	tap_eq(compare_status(&c), 1, "a regression");
	done_with(&c);
}

static void test_threshold(void)
{
	struct compare_options o = defaults;
	struct compare c;
	regex_t only;

	if (regcomp(&only, "^E1\\.(gap_passed|one_|equal)", REG_EXTENDED | REG_NOSUB))
		return;
	o.only = &only;
	o.threshold = 0.01;
	if (compared(&c, "old", "new", &o)) {
		tap_eq((long long)c.nr_rows, 4, "four by --only");
		tap_eq((long long)c.nr_small, 2, "two of them below 1%");
		tap_eq(compare_status(&c), 1, "1% is not below 1%");
		tap_eq((long long)(c.nr_only_old + c.nr_only_new), 0, "nothing else is told");
		done_with(&c);
	}
	o.threshold = 0.0101;
	if (compared(&c, "old", "new", &o)) {
		tap_eq((long long)c.nr[VERDICT_SLOWER], 2, "slower ones are told");
		tap_eq(compare_status(&c), 0, "but are no regression");
		done_with(&c);
	}
	regfree(&only);
}

static void test_alpha(void)
{
	struct compare_options o = defaults;
	struct compare c;

	o.alpha = 0.001;
	if (!compared(&c, "old", "new", &o))
		return;
	tap_eq(row_of(&c, "E1.wide")->verdict, VERDICT_UNSETTLED, "a harder level: chance may do this");
	tap_eq(row_of(&c, "E1.apart")->verdict, VERDICT_SLOWER, "but not what is further apart than the seeds");
	tap_eq(row_of(&c, "E1.one_more")->verdict, VERDICT_SLOWER, "nor what does not vary");
	done_with(&c);
}

/* Seeds that vary alike on both sides: how many are told as a change? */
static void test_exact_null(void)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_ranlxs0);
	struct compare c;
	unsigned int n, k;
	char name[40];

	if (!rng)
		exit(2);
	for (n = 1; n <= 5; n++)
		for (k = 0; k < 1000; k++) {
			if (k % 500 == 0)
				begin_boot(k ? "null_new" : "null_old", n, "vm-deterministic");
			snprintf(name, sizeof(name), "E1.n%u", k % 500);
			exact_row(name, 1000 + floor(gsl_ran_exponential(rng, 1000)));
			if (k % 500 == 499)
				end_boot();
		}
	gsl_rng_free(rng);
	if (!compared(&c, "null_old", "null_new", &defaults))
		return;
	k = (unsigned int)(c.nr[VERDICT_SLOWER] + c.nr[VERDICT_FASTER]);
	tap_ok(k <= 5, "at most 1%% of 500 that vary are told: %u", k);
	for (n = 0, k = 0; n < c.nr_rows; n++)
		k += fabs(c.rows[n].new_value - c.rows[n].old_value) > c.rows[n].gap;
	tap_ok(k > 75, "where the gaps alone would tell %u", k);
	done_with(&c);
}

static void test_few_seeds(void)
{
	struct compare c;
	unsigned int n;

	for (n = 1; n <= 2; n++) {
		begin_boot("few", n, "vm-deterministic");
		exact_row("E1.one_more", 1002);
		made_env_row("bench", "qemu", "7.2.22");
		if (n == 2)
			fprintf(made_vm, "seed\t1\n");
		end_boot();
	}
	if (!compared(&c, "old", "few", &defaults))
		return;
	tap_eq(row_of(&c, "E1.one_more")->verdict, VERDICT_SLOWER, "two seeds are compared");
	tap_eq((long long)c.nr_warnings, 2, "and warned of");
	has(c.warnings[0], "NEW has 2 seeds", "that they are few");
	has(c.warnings[1], "NEW: 1 of 2 boots have the seed of another", "and that they are one");
	done_with(&c);
}

/* Sides of so many boots of nr benchmarks; share is added to those from nr - changed on. */
static void make_live(const char *side, unsigned int boots, unsigned int nr,
		      unsigned int changed, double share, gsl_rng *rng)
{
	unsigned int n, k;
	char name[40];

	for (n = 1; n <= boots; n++) {
		begin_boot(side, n, "vm");
		made_env_row("bench", "qemu", boots == 9 ? "7.2" : "8.0");
		for (k = 0; k < nr; k++) {
			snprintf(name, sizeof(name), "E1.n%u", k);
			live_row(name, 1e5 * (1 + gsl_ran_gaussian(rng, 0.01)) *
				 (k + changed >= nr ? 1 + share : 1));
		}
		end_boot();
	}
}

static void test_statistics(gsl_rng *rng)
{
	const struct compare_row *r;
	struct compare c;

	make_live("live_old", 9, 20, 0, 0, rng);
	make_live("live_new", 9, 20, 2, 0.05, rng);
	if (!compared(&c, "live_old", "live_new", &defaults))
		return;
	tap_ok(!c.exact && !c.nr_warnings, "times of nine boots");
	tap_eq((long long)c.nr[VERDICT_SLOWER], 2, "two slower");
	tap_eq((long long)c.nr[VERDICT_FASTER], 0, "none faster");
	r = &c.rows[0];
	tap_ok(r->verdict == VERDICT_SLOWER && r->p <= 1e-4 && r->q <= 1e-2 && r->p_exact, "surely");
	tap_ok(r->effect > 0.03 && r->effect < 0.07 && r->ratio.low < 1.05 &&
	       r->ratio.high > 1.05 && r->shift.low < 5000 && r->shift.high > 5000,
	       "by 5%% each way");
	tap_ok(c.typical.at_80 > 0.01 && c.typical.at_80 < c.typical.at_95 &&
	       c.typical.at_95 < 0.06 && c.worst.at_95 >= c.typical.at_95,
	       "what would have been found: %.3f", c.typical.at_95);
	tap_eq(compare_status(&c), 1, "a regression");
	done_with(&c);
	if (compared(&c, "live_new", "live_old", &defaults)) {
		tap_eq((long long)c.nr[VERDICT_FASTER], 2, "the other way round: faster");
		tap_eq(compare_status(&c), 0, "which is none");
		done_with(&c);
	}
}

/* Families of 20 benchmarks with no change: at most one in twenty has a false alarm. */
static void test_live_null(gsl_rng *rng)
{
	int i, alarms = 0, families = 20;
	struct compare c;

	for (i = 0; i < families; i++) {
		make_live("null_a", 9, 20, 0, 0, rng);
		make_live("null_b", 9, 20, 0, 0, rng);
		if (!compared(&c, "null_a", "null_b", &defaults))
			return;
		alarms += c.nr[VERDICT_SLOWER] + c.nr[VERDICT_FASTER] > 0;
		done_with(&c);
	}
	tap_ok(alarms <= 3, "false alarms: %d of %d comparisons of 20 benchmarks", alarms, families);
}

static void test_inconclusive(gsl_rng *rng)
{
	struct compare c;

	make_live("three_a", 3, 2, 0, 0, rng);
	make_live("three_b", 3, 2, 2, 0.5, rng);
	if (compared(&c, "three_a", "three_b", &defaults)) {
		tap_eq((long long)c.nr[VERDICT_INCONCLUSIVE], 2, "three boots can tell nothing");
		tap_eq(compare_status(&c), 3, "inconclusive");
		has(c.warnings[0], "OLD has 3 boots; 9 or more", "and are few");
		tap_ok(isnan(c.typical.at_95), "nothing would be found");
		done_with(&c);
	}
	make_live("five_a", 5, 20, 0, 0, rng);
	make_live("five_b", 5, 20, 1, 0.5, rng);
	if (compared(&c, "five_a", "five_b", &defaults)) {
		tap_eq(c.rows[0].verdict, VERDICT_UNSETTLED, "five boots: a lone change of 20 is not told");
		has(c.warnings[2], "that changes alone among 20 cannot be told", "which is said");
		tap_ok(isnan(c.typical.at_95), "nor would any lone change be");
		has(c.warnings[2], "; 6 boots a side would do", "and what would do");
		tap_eq(compare_status(&c), 0, "no regression");
		done_with(&c);
	}
	if (compared(&c, "live_old", "five_a", &defaults)) {
		tap_ok(c.nr_differences == 1 && !c.differences[0].is_decisive &&
		       !strcmp(c.differences[0].field, "qemu"), "of times, another QEMU is but told");
		done_with(&c);
	}
}

static void test_bimodal(gsl_rng *rng)
{
	struct compare c;
	unsigned int n;

	for (n = 1; n <= 9; n++) {
		begin_boot("heaps", n, "vm");
		made_env_row("bench", "qemu", "7.2");
		live_row("E1.n0", (n < 5 ? 1e5 : 2e5) + gsl_ran_gaussian(rng, 100));
		live_row("E1.n1", (n < 5 ? 1e5 : 1.002e5) + gsl_ran_gaussian(rng, 1));
		live_row("E1.n2", 0);
		end_boot();
	}
	if (!compared(&c, "live_old", "heaps", &defaults))
		return;
	tap_ok(row_of(&c, "E1.n0")->new_bimodal && !row_of(&c, "E1.n0")->old_bimodal,
	       "two heaps in NEW");
	tap_ok(!row_of(&c, "E1.n1")->new_bimodal, "0.2%% apart are none");
	has(c.nr_warnings ? c.warnings[0] : "", "0 benchmarks of OLD, 1 of NEW", "and warned of");
	tap_ok(c.rows[0].effect <= c.rows[1].effect || c.rows[0].verdict != VERDICT_SAME,
	       "a median of 0 is no trouble");
	done_with(&c);
	if (compared(&c, "heaps", "heaps", &defaults)) {
		near(row_of(&c, "E1.n2")->ratio.value, 1, "nothing stayed nothing");
		near(row_of(&c, "E1.n2")->effect, 0, "which is no change");
		done_with(&c);
	}
}

static void write_order(const char *dir, const char *lines)
{
	FILE *f;
	char path[600];

	snprintf(path, sizeof(path), "%s/order.tsv", scratch_path(dir));
	f = fopen(path, "we");
	if (!f)
		exit(2);
	fputs(lines, f);
	fclose(f);
}

static bool warns(const struct compare *c, const char *words)
{
	size_t i;

	for (i = 0; i < c->nr_warnings; i++)
		if (strstr(c->warnings[i], words))
			return true;
	return false;
}

static void test_order(gsl_rng *rng)
{
	static const struct {
		const char *lines;
		bool warned;
		const char *what;
	} orders[] = {
		{ "position\tfolder\n1\ta/b1\n2\tb/b1\n3\ta/b2\n4\tb/b2\n5\ta/b3\n6\tb/b3\n", false, "A B A B" },
		{ "1\ta/b1\n2\tb/b1\n3\tb/b2\n4\ta/b2\n5\ta/b3\n6\tb/b3\n", false, "A B B A" },
		{ "1\ta/b1\n2\ta/b2\n3\ta/b3\n4\tb/b1\n5\tb/b2\n6\tb/b3\n", true, "A A A B B B" },
		{ "10\tb/b3\n9\ta/b1\n2\ta/b2\n3\ta/b3\n4\tb/b1\n5\tb/b2\n", false, "by position, not by line" },
		{ "1\ta/b1\n2\ta/b2\n3\ta/b3\n", false, "half of the boots: not known" },
	};
	struct compare c;
	size_t i;

	mkdir(scratch_path("campaign"), 0777);
	make_live("campaign/a", 3, 1, 0, 0, rng);
	make_live("campaign/b", 3, 1, 0, 0, rng);
	for (i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		write_order("campaign", orders[i].lines);
		if (!compared(&c, "campaign/a", "campaign/b", &defaults))
			return;
		tap_ok(warns(&c, "not interleaved: 3 boots") == orders[i].warned, "%s", orders[i].what);
		done_with(&c);
	}
}

static int run(struct child *c, const char *const *args)
{
	static char path[4200];
	char *argv[16] = { path };
	int i;

	snprintf(path, sizeof(path), "%s", program("hmmstorm-compare"));
	for (i = 0; args[i]; i++)
		argv[i + 1] = (char *)args[i];
	return child_run(c, argv, 120);
}

#define RUN(c_, ...) run(c_, (const char *const[]){ __VA_ARGS__, NULL })

static void test_text(void)
{
	static struct child c;
	const char *old = scratch_path("old"), *new = scratch_path("new");

	tap_eq(RUN(&c, old, new), 1, "a regression: exit 1");
	has(c.out, "14 compared, 5 slower, 1 faster, 6 unsettled, 2 same; 1 only in OLD, 1 only in NEW\n",
	    "the sum");
	has(c.out, "   from 0            0            5          +5 instructions  " KEY("E1.from_nothing")
	    "  (slower)\n", "a row");
	has(c.out, "+1.00%         1000         1010         +10 instructions  " KEY("E1.gap_passed")
	    "  (slower, 5 of 5 seeds below all others, q 0.016, spread 9, gap 9)", "and another, with its reason");
	has(c.out, "(unsettled, 5 of 5 seeds below all others, q 0.016, spread 11, gap 11)",
	    "what is unsettled, and why");
	has_no(c.out, "E1.equal", "what is the same is left out");
	has(c.out, "only in OLD: " KEY("E4.gone") ": SKIPPED: no such call <here> & now", "what is gone");
	has_no(c.out, "\033", "no colour in a file");
	tap_eq((long long)strlen(c.err), 0, "not a word on stderr");
	RUN(&c, "--all", old, new);
	has(c.out, KEY("E1.equal") "  (same)", "--all");
	RUN(&c, "--color=always", old, new);
	has(c.out, "\033[31m   +1.00%\033[0m", "red by --color always");
	has(c.out, "\033[32m   -0.10%\033[0m", "green");
	tap_eq(RUN(&c, "--only=equal", old, new), 0, "no regression: exit 0");
	tap_eq(RUN(&c, "--threshold=200", "--only=E1.o", old, new), 0, "none above 200%: exit 0");
	has(c.out, "(2 of the changes below 200%)", "and says so");
	tap_eq(RUN(&c, new, old), 1, "the other way round");
	has(c.out, "5 faster", "with the numbers exchanged");
}

static void test_usage(void)
{
	static struct child c;
	const char *old = scratch_path("old"), *new = scratch_path("new");

	tap_eq(RUN(&c, old), 2, "one side: exit 2");
	has(c.err, "which OLD and NEW?", "and says so");
	tap_eq(RUN(&c, old, new, old), 2, "three: exit 2");
	tap_eq(RUN(&c, old, scratch_path("nowhere")), 2, "no results: exit 2");
	has(c.err, "nowhere: No such file", "and says where");
	tap_eq(count_lines(c.err), 1, "in one line");
	tap_eq(RUN(&c, "--format=html", old, new), 2, "no such format: exit 2");
	tap_eq(RUN(&c, "--threshold=much", old, new), 2, "no number: exit 2");
	tap_eq(RUN(&c, "--alpha=0.9", old, new), 2, "an alpha that is none: exit 2");
	tap_eq(RUN(&c, "--only=(", old, new), 2, "no regular expression: exit 2");
	tap_eq(RUN(&c, "--only=E99", old, new), 3, "none by that name: exit 3");
	has(c.err, "no benchmark of", "and says so");
}

static void make_one(const char *side, const char *mode, const char *key, const char *value)
{
	begin_boot(side, 1, mode);
	exact_row("E1.x", 5);
	made_env_row("bench", key, value);
	end_boot();
}

static void test_incomparable(void)
{
	static const struct {
		const char *key, *value, *words;
	} fields[] = {
		{ "cpus", "4", "cpus is 2 in OLD, 2, 4 in NEW" },
		{ "config", "kasan", "config is base in OLD, base, kasan in NEW" },
		{ "memory", "8G", "memory is 2G in OLD, 8G in NEW" },
		{ "qemu", "8.2", "qemu is - in OLD, 8.2 in NEW" },
		{ "compiler", "13", "compiler is - in OLD, 13 in NEW" },
		{ "helper", "attached", "helper is - in OLD, attached in NEW" },
	};
	static struct child c;
	size_t i;

	make_one("one", "vm-deterministic", "thp", "never");
	for (i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		make_one("other", "vm-deterministic", fields[i].key, fields[i].value);
		tap_eq(RUN(&c, scratch_path("one"), scratch_path("other")), 3, fields[i].key);
		has(c.err, fields[i].words, "is named");
		tap_eq(count_lines(c.err), 1, "alone");
		tap_eq((long long)strlen(c.out), 0, "and nothing is compared");
	}
	tap_eq(RUN(&c, "--force", scratch_path("one"), scratch_path("other")), 0, "--force");
	has(c.out, "not comparable, compared by --force: helper is -", "says so");
	make_one("other", "vm-deterministic", "config_hash", "abc");
	tap_eq(RUN(&c, scratch_path("one"), scratch_path("other")), 0, "another hash");
	has(c.out, "differs: config_hash: - in OLD, abc in NEW", "is told");
	make_one("other", "vm", "thp", "never");
	tap_eq(RUN(&c, scratch_path("one"), scratch_path("other")), 3, "another mode");
	has(c.err, "mode is vm-deterministic in OLD, vm in NEW", "is named");
}

static void test_json(void)
{
	static struct child c;
	json_t *root, *row;
	json_error_t error;

	tap_eq(RUN(&c, "--format=json", "--only=E1.(gap_passed|from|equal)|E4", scratch_path("old"),
		   scratch_path("new")), 1, "JSON, exit 1");
	root = json_loads(c.out, 0, &error);
	if (!tap_ok(root, "it can be read")) {
		printf("# line %d: %s\n", error.line, error.text);
		return;
	}
	tap_eq(json_integer_value(json_object_get(root, "status")), 1, "the status");
	tap_eq((long long)json_array_size(json_object_get(root, "benchmarks")), 3, "all benchmarks");
	row = json_array_get(json_object_get(root, "benchmarks"), 0);
	tap_ok(json_is_null(json_object_get(row, "effect")), "infinite is null");
	row = json_array_get(json_object_get(root, "benchmarks"), 1);
	near(json_number_value(json_object_get(row, "effect")), 0.01, "an effect");
	has(json_string_value(json_object_get(row, "verdict")), "slower", "a verdict");
	near(json_number_value(json_object_get(row, "new")), 1010, "a value");
	row = json_array_get(json_object_get(root, "only_old"), 0);
	has(json_string_value(json_object_get(row, "why")), "SKIPPED", "why one is gone");
	json_decref(root);
	RUN(&c, "--format=json", "--only=n1[89]", scratch_path("live_old"), scratch_path("live_new"));
	root = json_loads(c.out, 0, &error);
	row = json_array_get(json_object_get(root, "benchmarks"), 0);
	tap_ok(json_number_value(json_object_get(json_object_get(row, "ratio"), "low")) > 1.02,
	       "the ratio's interval");
	tap_ok(json_is_true(json_object_get(row, "p_exact")), "p is exact");
	json_decref(root);
}

/* Every element is closed, in order, and no bare & or < stands in a text. */
static bool is_well_formed(const char *p)
{
	char open[16][32];
	int depth = 0;
	size_t n;

	for (; *p; p++) {
		if (*p == '&' && strncmp(p, "&amp;", 5) && strncmp(p, "&lt;", 4) &&
		    strncmp(p, "&gt;", 4) && strncmp(p, "&quot;", 6))
			return false;
		if (*p == '>')
			return false;
		if (*p != '<')
			continue;
		if (p[1] == '/') {
			n = strcspn(p + 2, ">");
			if (!depth-- || strlen(open[depth]) != n || strncmp(open[depth], p + 2, n))
				return false;
			p += n + 2;
			continue;
		}
		n = strcspn(p + 1, " />");
		if (depth == 16 || n >= sizeof(open[0]))
			return false;
		snprintf(open[depth++], sizeof(open[0]), "%.*s", (int)n, p + 1);
		n = strcspn(p + 1, "<>");
		if (p[n + 1] != '>')
			return false;
		if (p[n] == '/' || p[1] == '?')
			depth--;
		p += n + 1;
	}
	return !depth;
}

static void test_junit(void)
{
	static struct child c;

	tap_eq(RUN(&c, "--format=junit", scratch_path("old"), scratch_path("new")), 1, "JUnit, exit 1");
	if (!tap_ok(is_well_formed(c.out), "is well-formed"))
		print_as_comment(c.out);
	has(c.out, "tests=\"16\" failures=\"5\" errors=\"0\" skipped=\"2\"", "counts");
	has(c.out, "<testcase classname=\"hmmstorm.E1\" name=\"" KEY("E1.gap_passed") "\"><failure message=\"+1.00%: 1000 to 1010 instructions: slower",
	    "a failure");
	has(c.out, KEY("E1.one_less") "\"><system-out>-0.10%", "faster is none");
	has(c.out, KEY("E4.gone") "\"><skipped message=\"only in OLD: SKIPPED: no such call &lt;here&gt; &amp; now\"/>",
	    "one is skipped, and why");
	RUN(&c, "--format=junit", scratch_path("three_a"), scratch_path("three_b"));
	has(c.out, "<skipped message=\"", "inconclusive is skipped");
	has(c.out, "inconclusive", "and says why");
	tap_ok(is_well_formed(c.out), "is well-formed too");
}

static void test_markdown(void)
{
	static struct child c;

	RUN(&c, "--format=markdown", scratch_path("old"), scratch_path("new"));
	has(c.out, "**14 compared, 5 slower", "Markdown: the sum");
	has(c.out, "| +1.00% | 1000 | 1010 | +10 | instructions | E1.gap\\_passed mirror lazy process 1 | slower",
	    "a row");
	has(c.out, "no such call \\<here\\> & now", "nothing in it is Markdown");
	RUN(&c, "--format=markdown", scratch_path("live_old"), scratch_path("live_new"));
	has(c.out, "smallest change that is found with 80% probability", "the smallest change");
}

int main(void)
{
	gsl_rng *rng = gsl_rng_alloc(gsl_rng_ranlxs0);

	if (!rng)
		return 2;
	gsl_rng_set(rng, 9);
	scratch_init();
	test_exact();
	test_threshold();
	test_alpha();
	test_exact_null();
	test_few_seeds();
	test_statistics(rng);
	test_live_null(rng);
	test_inconclusive(rng);
	test_bimodal(rng);
	test_order(rng);
	test_text();
	test_usage();
	test_incomparable();
	test_json();
	test_junit();
	test_markdown();
	gsl_rng_free(rng);
	return tap_done();
}
