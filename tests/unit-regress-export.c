// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exports of made sides, text by text, and of a real one, by the rules of each format:
 * the reader of Go's format, KTAP's numbering, OpenMetrics' families, and where they are
 * installed compare.py and xmllint.
 */
#include <errno.h>
#include <math.h>
#include <regex.h>
#include <sys/stat.h>

#include "../lib/alloc.h"
#include "../lib/regress/export.h"
#include "../lib/tap.h"
#include "child.h"
#include "made_run.h"

#define REFERENCE "results/reference/6.12/costs"

static void row(const char *name, unsigned long pages, const char *metric, const char *unit,
		double value)
{
	fprintf(made_records, "bench\t%s\tmirror\tlazy\tprocess\t1\t%lu\t0\t%s\tvalue\t%s\t%.17g\n",
		name, pages, metric, unit, value);
}

/* A boot, whose files say what each format has trouble with. */
static void make_boot(const char *dir, const char *kernel, const char *mode, double least,
		      bool whole)
{
	const char *unit = strcmp(mode, "vm") ? "instructions" : "ns";
	const char *metric = strcmp(mode, "vm") ? "latency_min" : "p50";

	made_begin(dir, kernel, mode);
	made_env_row("bench", "config_hash", "0123456789ab");
	made_env_row("bench", "E12.secret", "SKIPPED: not in this kernel's <map> # yet");
	made_env_row("explain", "E1.other", "SKIPPED: by another program");
	row("E3.fork/batch:8", 64, metric, unit, least);
	row("E3.fork/batch:8", 64, "done", "1", 1);
	if (whole)
		row("E10.a&b", 0, metric, unit, 0.1);
	row("E4.bad", 1, "done", "1", 0);
	made_end();
}

/* SIDE/0 and SIDE/1 */
static struct side *make_side(const char *name, const char *kernel, const char *mode)
{
	char *top = must_copy(scratch_path(name)), *dir;
	struct side *s = NULL;
	int i;

	mkdir(top, 0777);
	for (i = 0; i < 2; i++) {
		dir = must_print("%s/%d", top, i);
		make_boot(dir, kernel, mode, 1000 + 7 * i, !i);
		free(dir);
	}
	if (side_read(&s, top))
		exit(1);
	free(top);
	return s;
}

/* Caller frees both. */
static char *exported(const char *format, const struct side *const *sides, size_t nr,
		      char **config)
{
	struct export e = { .sides = sides, .nr_sides = nr, .file = "it's.csv" };
	char *text = NULL;
	size_t len, config_len;

	e.to = must(open_memstream(&text, &len));
	if (config)
		e.config = must(open_memstream(config, &config_len));
	tap_eq(export_format_find(format)->write(&e), 0, format);
	fclose(e.to);
	if (config)
		fclose(e.config);
	return text;
}

static void same(const char *got, const char *want, const char *what)
{
	if (tap_ok(!strcmp(got, want), "%s", what))
		return;
	print_as_comment(got);
}

/* The first line of it that is not empty is its name. */
static void has(const char *text, const char *part)
{
	const char *line = part + strspn(part, "\n");

	if (!tap_ok(strstr(text, part), "has %.*s", (int)strcspn(line, "\n"), line))
		print_as_comment(text);
}

static void has_not(const char *text, const char *part)
{
	tap_ok(!strstr(text, part), "has not %s", part);
}

#define FORK "E3.fork/pages:64/batch:8/backend:mirror/policy:lazy/protocol:process/workers:1"
#define FORK_GO "E3.fork/pages=64/batch=8/backend=mirror/policy=lazy/protocol=process/workers=1"
#define AB "E10.a&b/backend:mirror/policy:lazy/protocol:process/workers:1"
#define AB_GO "E10.a&b/backend=mirror/policy=lazy/protocol=process/workers=1"

static void test_benchstat(const struct side *exact, const struct side *live)
{
	char *text = exported("benchstat", &exact, 1, NULL);

	same(text,
	     "goos: linux\npkg: hmmstorm\nkernel: 6.12\nconfig: 0123456789ab\n"
	     "mode: vm-deterministic\ncpus: 2\n"
	     "Unit instructions/op better=lower assume=exact\n\n"
	     "Benchmark" FORK_GO " 1 1000 instructions/op\n"
	     "Benchmark" FORK_GO " 1 1007 instructions/op\n"
	     "Benchmark" AB_GO " 1 0.1 instructions/op\n", "Go benchmark text");
	free(text);
	text = exported("benchstat", &live, 1, NULL);
	has(text, "\nUnit ns/op better=lower assume=nothing\n");
	has(text, " 1 1007 ns/op\n");
	has_not(text, "instructions");
	free(text);
}

static void test_ktap(const struct side *exact)
{
	char *text = exported("ktap", &exact, 1, NULL);

	same(text,
	     "KTAP version 1\n1..4\n"
	     "# kernel 6.12, config 0123456789ab, vm-deterministic, 2 boots\n"
	     "# " FORK ": latency_min least 1000 median 1003.5 most 1007 instructions, 2 of 2 boots\n"
	     "ok 1 " FORK "\n"
	     "# " AB ": latency_min least 0.1 median 0.1 most 0.1 instructions, 1 of 2 boots\n"
	     "ok 2 " AB "\n"
	     "not ok 3 E4.bad/pages:1/backend:mirror/policy:lazy/protocol:process/workers:1\n"
	     "ok 4 E12.secret # SKIP not in this kernel's <map> _ yet\n", "KTAP");
	free(text);
}

static void test_junit(const struct side *exact)
{
	char *text = exported("junit", &exact, 1, NULL);

	has(text, "tests=\"4\" failures=\"1\" errors=\"0\" skipped=\"1\">\n");
	has(text, "<testcase classname=\"hmmstorm.E3\" name=\"" FORK "\" time=\"0.000001004\">\n");
	has(text, "name=\"E10.a&amp;b/");
	has(text, "<testcase classname=\"hmmstorm.E4\" name=\"E4.bad/pages:1/backend:mirror/policy:lazy/protocol:process/workers:1\" time=\"0.000000000\">\n"
	    "      <failure message=\"not done in a boot\"/>\n");
	has(text, "<skipped message=\"not in this kernel&#39;s &lt;map&gt; # yet\"/>\n");
	has(text, "<property name=\"config_hash\" value=\"0123456789ab\"/>\n");
	free(text);
}

static void test_openmetrics(const struct side *exact, const struct side *live)
{
	const struct side *const both[] = { exact, live };
	char *text = exported("openmetrics", both, 2, NULL);

	has(text, "# TYPE hmmstorm_operation_instructions gauge\n# UNIT hmmstorm_operation_instructions instructions\n");
	has(text, "hmmstorm_operation_instructions{benchmark=\"E3.fork/pages:64/batch:8\",backend=\"mirror\",policy=\"lazy\",protocol=\"process\",workers=\"1\",kernel=\"6.12\",config=\"0123456789ab\",mode=\"vm-deterministic\",side=");
	has(text, ",stat=\"median\"} 1003.5\n");
	has(text, "kernel=\"7\\\"\\\\3\"");
	has(text, ",stat=\"most\"} 1.007e-06\n");
	has(text, "\n# EOF\n");
	free(text);
}

static void test_csv(const struct side *exact, const struct side *live)
{
	const struct side *const both[] = { exact, live };
	char *text = exported("csv", both, 2, NULL);
	char *last = must_print("%s,\"7\"\"\\3\",0123456789ab,vm,E10.a&b,mirror,lazy,process,1,p50,ns,%s/0,0,0,0.1\n",
				live->path, live->path);

	tap_eq(count_lines(text), 7, "a row a value, and the header");
	has(text, ",6.12,0123456789ab,vm-deterministic,E3.fork/pages:64/batch:8,mirror,lazy,process,1,latency_min,instructions,");
	has(text, "/1,1,0,1007\n");
	has(text, last);
	free(last);
	free(text);
}

static void test_otava(const struct side *exact, const struct side *live)
{
	const struct side *const both[] = { exact, exact }, *const mixed[] = { live, exact };
	char *config = NULL, *text, *want;

	text = exported("otava", both, 2, &config);
	want = must_print("time,kernel,config,point," FORK "," AB "\n"
			  "2000-01-01T00:00:00Z,6.12,0123456789ab,%s,1000,0.1\n"
			  "2000-01-02T00:00:00Z,6.12,0123456789ab,%s,1000,0.1\n",
			  exact->path, exact->path);
	same(text, want, "exact sides: a point each, the least");
	same(config,
	     "# otava analyze hmmstorm --since-time 2000-01-01\n"
	     "# Times are the order of the points, a day apart, not when they were measured.\n"
	     "tests:\n  hmmstorm:\n    type: csv\n    file: 'it''s.csv'\n    time_column: time\n"
	     "    attributes: [kernel, config, point]\n    metrics:\n"
	     "      '" FORK "':\n        column: '" FORK "'\n        direction: -1\n        scale: 1\n"
	     "      '" AB "':\n        column: '" AB "'\n        direction: -1\n        scale: 1\n",
	     "the test that reads it");
	free(want);
	free(text);
	free(config);
	catch_stderr();
	text = exported("otava", mixed, 2, NULL);
	has(caught(), "1 benchmarks are left out, they have no value at some point; 1 are written");
	tap_eq(count_lines(text), 4, "other sides: a point a boot");
	has(text, "\n2000-01-02T00:00:00Z,\"7\"\"\\3\",");
	has(text, ",1007\n2000-01-03T00:00:00Z,6.12,");
	free(text);
}

/* What is written as Google Benchmark's JSON is read back the same. */
static void test_gbench(const struct side *exact, const struct side *live)
{
	const struct side *const sides[] = { exact, live };
	const char *path = scratch_path("side.json");
	size_t i, k;

	for (i = 0; i < 2; i++) {
		char *text = exported("gbench", &sides[i], 1, NULL);
		struct side *back = NULL;
		FILE *f = fopen(path, "we");

		fputs(text, f);
		fclose(f);
		tap_eq(side_read(&back, path), 0, "is read back");
		tap_eq(back->exact, sides[i]->exact, "in its mode");
		tap_ok(!strcmp(side_env(back, "kernel_release"), side_env(sides[i], "kernel_release")),
		       "with its kernel");
		for (k = 0; k < sides[i]->nr_bench; k++) {
			const struct side_bench *b = &sides[i]->bench[k], *found;
			char *name = export_name(b, ':');

			found = side_find(back, name);
			tap_ok(found && found->value[0] == b->value[0] && found->n == b->n &&
			       !strcmp(found->unit, b->unit), "%s", name);
			free(name);
		}
		side_free(back);
		free(text);
	}
}

static bool matches(const char *pattern, const char *text)
{
	regex_t r;
	bool found;

	if (regcomp(&r, pattern, REG_EXTENDED | REG_NOSUB))
		return false;
	found = !regexec(&r, text, 0, NULL, 0);
	regfree(&r);
	return found;
}

/* Every line is one of the patterns; how many were of the first. */
static size_t check_lines(char *text, const char *const *patterns, const char *what)
{
	size_t i, first = 0, strange = 0;
	char *line;

	while ((line = strsep(&text, "\n"))) {
		for (i = 0; patterns[i] && !matches(patterns[i], line); i++)
			;
		first += !i;
		if (!patterns[i] && strange++ < 3)
			printf("# %s\n", line);
	}
	tap_eq((long long)strange, 0, what);
	return first;
}

static char *export_reference(const char *format, const struct side *s)
{
	char *config = NULL, *text = exported(format, &s, 1, strcmp(format, "otava") ? NULL : &config);

	free(config);
	return text;
}

static void test_grammars(const struct side *s)
{
	static const char *const go[] = {
		"^Benchmark[^a-z[:space:]][^[:space:]]*/workers=[0-9]+ [1-9][0-9]* [0-9.e+-]+ (instructions|ns)/op$",
		"^[a-z][^[:upper:][:space:]:]*: .+$",
		"^Unit [^[:space:]]+( [a-z]+=[a-z]+)+$",
		"^$",
		NULL,
	};
	static const char *const metrics[] = {
		"^hmmstorm_[a-z_]+\\{([a-z_]+=\"([^\"\\\\]|\\\\[\\\\\"n])*\",?)+\\} [0-9.e+-]+$",
		"^# (TYPE hmmstorm_[a-z_]+ gauge|HELP hmmstorm_[a-z_]+ .*\\.|EOF)$",
		"^# UNIT hmmstorm_operation_(instructions instructions|seconds seconds)$",
		"^$", /* after the last newline */
		NULL,
	};
	char *text = export_reference("benchstat", s);

	tap_eq((long long)check_lines(text, go, "every line is of Go's format"),
	       (long long)s->nr_bench, "a line a value");
	free(text);
	text = export_reference("openmetrics", s);
	tap_eq(strcmp(text + strlen(text) - 6, "# EOF\n"), 0, "# EOF ends it");
	tap_eq((long long)check_lines(text, metrics, "every line is of OpenMetrics"),
	       (long long)s->nr_bench * 4, "four samples a benchmark");
	free(text);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Samples of a family stand together below its TYPE, and no two are the same. */
static void test_families(const struct side *s)
{
	char *text = export_reference("openmetrics", s), *rest = text, *line, family[128] = "";
	size_t astray = 0, twice = 0, n = 0, i;
	char **seen = NULL;

	while ((line = strsep(&rest, "\n"))) {
		size_t len = strcspn(line, "{");

		if (!strncmp(line, "# TYPE ", 7))
			snprintf(family, sizeof(family), "%.*s", (int)strcspn(line + 7, " "), line + 7);
		if (!*line || *line == '#')
			continue;
		astray += strlen(family) != len || strncmp(line, family, len);
		line[strcspn(line, "}")] = 0;
		seen = must_grow(seen, n, sizeof(*seen));
		seen[n++] = line;
	}
	qsort(seen, n, sizeof(*seen), by_text);
	for (i = 1; i < n; i++)
		twice += !strcmp(seen[i], seen[i - 1]);
	tap_eq((long long)astray, 0, "families stand together");
	tap_eq((long long)twice, 0, "no sample twice");
	free(seen);
	free(text);
}

static void test_numbering(const struct side *s)
{
	char *text = export_reference("ktap", s), *rest = text, *line;
	size_t planned = 0, n = 0, wrong = 0;

	while ((line = strsep(&rest, "\n"))) {
		size_t number;

		if (sscanf(line, "1..%zu", &number) == 1)
			planned = number;
		if (sscanf(line, "ok %zu ", &number) == 1 || sscanf(line, "not ok %zu ", &number) == 1)
			wrong += number != ++n;
	}
	tap_eq((long long)wrong, 0, "results are numbered from 1 on");
	tap_eq((long long)n, (long long)planned, "as many as planned");
	tap_ok(n > s->nr_bench, "the skipped are among them");
	free(text);
}

static void run(struct child *c, const char *program_, const char *line)
{
	char copy[2048], *rest = copy, *argv[20], *word;
	int n = 0;

	snprintf(copy, sizeof(copy), "%s %s", program_, line);
	while (n < 19 && (word = strsep(&rest, " ")))
		if (*word)
			argv[n++] = word;
	argv[n] = NULL;
	child_run(c, argv, 120);
}

static void try(const char *line, int status, const char *says)
{
	struct child c;

	run(&c, program("hmmstorm-export"), line);
	if (!tap_ok(c.status == status && (strstr(c.out, says) || strstr(c.err, says)),
		    "status %d: %s", status, says)) {
		printf("# status %d\n", c.status);
		print_as_comment(c.out);
		print_as_comment(c.err);
	}
}

static void test_command(const struct side *exact)
{
	char *line;
	struct stat st;

	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	try("x", 2, "--format which? There are benchstat csv gbench junit ktap openmetrics otava");
	try("--format nosuch x", 2, "no format 'nosuch'");
	try("--format csv", 2, "which SIDE");
	try("--format ktap x y", 2, "takes one SIDE, not 2");
	try("--format otava --otava-config y x", 2, "--otava-config goes with");
	try("--format csv --out z --otava-config y x", 2, "--otava-config goes with");
	try("--format csv /nonexistent", 2, "/nonexistent");
	try("--help", 0, "Exit status: 0 done");
	setenv("ASAN_OPTIONS", "detect_leaks=1", 1);
	line = must_print("--format csv %s", exact->path);
	try(line, 0, "side,kernel,config");
	free(line);
	line = must_print("--format csv --out /dev/full %s", exact->path);
	try(line, 1, "cannot write /dev/full: No space left");
	free(line);
	line = must_print("--format csv --out %s/no/where %s", scratch, exact->path);
	try(line, 1, "cannot write");
	free(line);
	line = must_print("--format otava --out %s/o.csv --otava-config %s/o.yaml %s", scratch,
			  scratch, exact->path);
	try(line, 0, "");
	tap_ok(!stat(scratch_path("o.yaml"), &st) && !stat(scratch_path("o.csv"), &st) &&
	       stat(scratch_path("o.csv.unfinished"), &st), "both files, and nothing beside");
	free(line);
}

/* Without libbenchmark-tools and python3-scipy (scripts/setup test): skipped. */
static void test_compare_py(const struct side *exact)
{
	static const char what[] = "compare.py reads two exports";
	static const char script[] = "/usr/share/benchmark/compare.py";
	char *text = exported("gbench", &exact, 1, NULL), *line;
	FILE *f = fopen(scratch_path("a.json"), "we");
	struct child c;

	fputs(text, f);
	fclose(f);
	free(text);
	/* run() divides at blanks */
	run(&c, "/usr/bin/python3", "-c import\tscipy");
	if (c.status || access(script, R_OK)) {
		tap_skip(what, "apt-get install libbenchmark-tools python3-scipy");
		return;
	}
	line = must_print("%s --no-color benchmarks %s/a.json %s/a.json", script, scratch, scratch);
	run(&c, "/usr/bin/python3", line);
	if (!tap_ok(!c.status && strstr(c.out, FORK), what)) {
		print_as_comment(c.out);
		print_as_comment(c.err);
	}
	has(c.out, FORK "_pvalue");
	has(c.out, "U Test, Repetitions: 2 vs 2");
	free(line);
}

static void test_xmllint(const struct side *exact)
{
	char *text = exported("junit", &exact, 1, NULL);
	FILE *f = fopen(scratch_path("j.xml"), "we");
	struct child c;

	fputs(text, f);
	fclose(f);
	free(text);
	if (access("/usr/bin/xmllint", X_OK)) {
		tap_skip("xmllint reads JUnit", "apt-get install libxml2-utils");
		return;
	}
	text = must_print("--noout %s/j.xml", scratch);
	run(&c, "/usr/bin/xmllint", text);
	tap_eq(c.status, 0, "xmllint reads JUnit");
	print_as_comment(c.err);
	free(text);
}

static void test_numbers(void)
{
	static const struct {
		double value;
		const char *text;
	} cases[] = {
		{ 0, "0" }, { 1e15, "1000000000000000" }, { 0.1, "0.1" }, { 1.0 / 3, "0.3333333333333333" },
		{ 2.5e-9, "2.5e-09" }, { 123456789.5, "123456789.5" },
	};
	size_t i, len;

	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *text = NULL;
		FILE *to = must(open_memstream(&text, &len));

		export_number(to, cases[i].value);
		fclose(to);
		same(text, cases[i].text, cases[i].text);
		free(text);
	}
}

static void test_reference(void)
{
	struct side *s = NULL;

	if (access(REFERENCE, R_OK) || side_read(&s, REFERENCE)) {
		tap_ok(false, "cannot read " REFERENCE);
		return;
	}
	test_grammars(s);
	test_families(s);
	test_numbering(s);
	side_free(s);
}

int main(void)
{
	struct side *exact, *live;

	scratch_init();
	exact = make_side("exact", "6.12", "vm-deterministic");
	live = make_side("live", "7\"\\3", "vm");
	test_numbers();
	test_benchstat(exact, live);
	test_ktap(exact);
	test_junit(exact);
	test_openmetrics(exact, live);
	test_csv(exact, live);
	test_otava(exact, live);
	test_gbench(exact, live);
	test_reference();
	test_command(exact);
	test_compare_py(exact);
	test_xmllint(exact);
	side_free(exact);
	side_free(live);
	return tap_done();
}
