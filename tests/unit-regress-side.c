// SPDX-License-Identifier: GPL-2.0-only
/* lib/regress/side.c on folders and files whose every value is known. */
#include <errno.h>
#include <math.h>

#include "../lib/regress/side.h"
#include "../lib/tap.h"
#include "child.h"
#include "made_run.h"

static void near(double got, double want, const char *what)
{
	bool same = isnan(want) ? isnan(got) : fabs(got - want) <= 1e-9 * fabs(want);

	if (!tap_ok(same, "%s", what))
		printf("# got %.12g, want %.12g\n", got, want);
}

static void says(const char *got, const char *want, const char *what)
{
	bool same = got && want ? !strcmp(got, want) : got == want;

	if (!tap_ok(same, "%s", what))
		printf("# got %s, want %s\n", got ? got : "(null)", want ? want : "(null)");
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (!f) {
		perror(path);
		exit(2);
	}
	fputs(text, f);
	fclose(f);
}

/* A boot of a side, with this seed, in a folder of that name below dir. */
static void begin_boot(const char *dir, const char *name, const char *mode, unsigned int seed)
{
	char path[1024], text[200];

	mkdir(dir, 0777);
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	made_begin(path, "6.12", mode);
	made_env_row("bench", "memory", "2G");
	snprintf(text, sizeof(text), "key\tvalue\nseed\t%u\ninitramfs\tboot%u\nqemu\t7.2.22\ncpus\t8\n",
		 seed, seed % 2);
	strcat(path, "/vm.tsv");
	write_file(path, text);
}

static void make_exact(const char *dir)
{
	begin_boot(dir, "b10", "vm-deterministic", 3);
	made_latency("E3.fork", "mirror", 64, 1000, 880, 1100);
	made_latency("E10.fault/notifiers:10", "mirror", 1, 70, 65, 80);
	made_row("bench", "E3.fork", "mirror", 64, 1, "latency_min", 870);
	made_row("stress", "E3.fork", "mirror", 64, 0, "latency_min", 1);
	made_row("explain", "E3.fork", "mirror", 64, 0, "latency_min", 2);
	made_end();
	begin_boot(dir, "b2", "vm-deterministic", 1);
	made_latency("E3.fork", "mirror", 64, 900, 850, 1100);
	made_latency("E3.fork", "test_hmm", 64, 950, 945, 1100);
	made_latency("E10.fault/notifiers:10", "mirror", 1, 70, 60, 80);
	made_row("bench", "E12.anon", "mirror", 0, 0, "real_time", 5000);
	made_row("bench", "E12.anon", "mirror", 0, 1, "real_time", 4000);
	made_env_row("bench", "E12.secret", "SKIPPED: not here");
	made_end();
	begin_boot(dir, "b9", "vm-deterministic", 2);
	made_latency("E3.fork", "mirror", 64, 900, 860, 1100);
	made_latency("E10.fault/notifiers:10", "mirror", 1, 70, 50, 80);
	made_row("bench", "E10.fault/notifiers:10", "mirror", 1, 1, "done", 0);
	made_latency("E4.broken", "mirror", 1, 70, 50, 80);
	made_row("bench", "E4.broken", "mirror", 1, 0, "done", 0);
	made_end();
}

static void test_exact(void)
{
	const char *dir = scratch_path("exact");
	const struct side_bench *b;
	struct side *s;
	double gap, *v;

	make_exact(dir);
	if (!tap_ok(!side_read(&s, dir), "a folder of three boots"))
		return;
	tap_ok(s->exact && !s->is_repetitions, "exact, and no repetitions");
	tap_eq((long long)s->nr_boots, 3, "three boots");
	tap_ok(strstr(s->boots[0].dir, "/b2") && strstr(s->boots[1].dir, "/b9"), "b2, b9, b10");
	tap_eq((long long)s->boots[2].seed, 3, "the seed of vm.tsv");
	tap_eq((long long)s->nr_bench, 4, "four benchmarks, none of a failure or a stressor");
	says(s->bench[0].key, "E3.fork/pages:64 mirror lazy process 1", "key");
	says(s->bench[2].key, "E10.fault/pages:1/notifiers:10 mirror lazy process 1", "E10 after E3");
	says(s->bench[0].name, "E3.fork/pages:64", "name");
	says(s->bench[1].backend, "test_hmm", "backend");
	says(s->bench[0].policy, "lazy", "policy");
	says(s->bench[0].protocol, "process", "protocol");
	says(s->bench[0].unit, "instructions", "unit");
	says(s->bench[0].metric, "latency_min", "metric");
	tap_eq(s->bench[0].workers, 1, "workers");
	near(s->bench[0].value[2], 870, "the least of two repetitions");
	near(side_least(s, &s->bench[0], &gap), 850, "least of the boots");
	near(gap, 10, "the second least is 10 above");
	near(side_least(s, &s->bench[1], &gap), 945, "one boot has it");
	near(gap, NAN, "so there is no gap");
	near(s->bench[1].value[1], NAN, "and no value of the others");
	b = side_find(s, "E10.fault/pages:1/notifiers:10 mirror lazy process 1");
	tap_ok(b == &s->bench[2], "found by its key");
	near(b->value[1], NAN, "a failed repetition, no value of this boot");
	tap_eq((long long)side_values(s, b, &v), 2, "two values");
	tap_ok(v[0] == 60 && v[1] == 65, "in order of boots");
	free(v);
	tap_ok(!side_find(s, "E3.fork/pages:6"), "no such key");
	b = side_find(s, "E12.anon mirror lazy process 1");
	says(b ? b->metric : NULL, "real_time", "no latency: real_time");
	near(b ? b->value[0] : NAN, 4000, "the least repetition");
	side_free(s);
}

static void test_env(void)
{
	struct side *s;

	if (!tap_ok(!side_read(&s, scratch_path("exact")), "the same again"))
		return;
	says(side_env(s, "memory"), "2G", "a key of env.tsv");
	says(side_env(s, "qemu"), "7.2.22", "a key of vm.tsv");
	says(side_env(s, "cpus"), "2", "a key of both: what the guest says");
	says(side_env(s, "initramfs"), "(differs)", "boots that do not agree");
	says(side_env_all(s, "initramfs"), "boot0, boot1", "what they say");
	says(side_env(s, "E12.secret"), "SKIPPED: not here", "a key of one boot");
	says(side_env(s, "compiler"), NULL, "a key of none");
	says(side_env_all(s, "compiler"), NULL, "nor all of it");
	side_free(s);
}

static void test_live(void)
{
	const char *dir = scratch_path("live");
	struct side *s;

	begin_boot(dir, "deeper", "vm", 0);
	made_latency("E3.fork", "mirror", 64, 900, 850, 1100);
	made_row("bench", "E3.fork", "mirror", 64, 1, "p50", 1000);
	made_row("bench", "E3.fork", "mirror", 64, 2, "p50", 1500);
	made_end();
	if (tap_ok(!side_read(&s, dir), "a boot in parallel mode")) {
		tap_ok(!s->exact, "is not exact");
		says(s->bench[0].metric, "p50", "its medians count");
		near(s->bench[0].value[0], 1000, "the median repetition");
		side_free(s);
	}
	begin_boot(dir, "other", "vm-deterministic", 0);
	made_latency("E3.fork", "mirror", 64, 900, 850, 1100);
	made_end();
	catch_stderr();
	tap_eq(side_read(&s, dir), -EINVAL, "not together with a deterministic one");
	tap_ok(strstr(caught(), "other is vm-deterministic, those before it vm"), "and says so");
	if (tap_ok(!side_read(&s, scratch_path("live/other")), "a run folder alone")) {
		tap_eq((long long)s->nr_boots, 1, "is one boot");
		side_free(s);
	}
}

static const char gbench[] =
"{\"context\": {\"num_cpus\": 4, \"host_name\": \"h\", \"caches\": [], \"load_avg\": [1.5]},"
" \"benchmarks\": ["
"{\"name\": \"BM_a/8\", \"run_type\": \"iteration\", \"repetition_index\": 0, \"threads\": 2,"
"  \"real_time\": 1.5, \"time_unit\": \"us\"},"
"{\"name\": \"BM_a/8\", \"run_type\": \"iteration\", \"repetition_index\": 1, \"threads\": 2,"
"  \"real_time\": 1.25, \"time_unit\": \"us\"},"
"{\"name\": \"BM_a/8\", \"run_type\": \"iteration\", \"repetition_index\": 2, \"threads\": 2,"
"  \"real_time\": 2, \"time_unit\": \"us\"},"
"{\"name\": \"BM_a/8_mean\", \"run_type\": \"aggregate\", \"repetition_index\": 0,"
"  \"real_time\": 9, \"time_unit\": \"us\"},"
"{\"name\": \"BM_bad\", \"run_type\": \"iteration\", \"error_occurred\": true,"
"  \"real_time\": 0, \"time_unit\": \"ns\"},"
"{\"name\": \"BM_skipped\", \"run_type\": \"iteration\", \"skipped\": true,"
"  \"real_time\": 0, \"time_unit\": \"ns\"}]}\n";

static void test_json(void)
{
	const char *file = scratch_path("json/a.json");
	struct side *s;

	mkdir(scratch_path("json"), 0777);
	write_file(file, gbench);
	if (tap_ok(!side_read(&s, file), "a file of Google Benchmark")) {
		tap_eq((long long)s->nr_bench, 1, "no aggregate, no error, no skip");
		says(s->bench[0].key, "BM_a/8", "key");
		says(s->bench[0].backend, "-", "no backend");
		says(s->bench[0].metric, "real_time", "metric");
		says(s->bench[0].unit, "ns", "unit");
		tap_eq(s->bench[0].workers, 2, "threads");
		tap_ok(s->is_repetitions && s->nr_boots == 3, "a boot a repetition");
		near(s->bench[0].value[1], 1250, "microseconds are made nanoseconds");
		says(side_env(s, "cpus"), "4", "num_cpus");
		says(side_env(s, "host_name"), "h", "host_name");
		says(side_env(s, "caches"), NULL, "no lists");
		side_free(s);
	}
	write_file(scratch_path("json/b.json"), gbench);
	if (tap_ok(!side_read(&s, scratch_path("json")), "a folder of them")) {
		tap_ok(!s->is_repetitions && s->nr_boots == 2, "a boot a file");
		near(s->bench[0].value[0], 1500, "median of its repetitions");
		side_free(s);
	}
}

/* text, read as a side, is refused with these words. */
static void refused(const char *name, const char *text, int error, const char *words)
{
	const char *path = scratch_path(name);
	struct side *s;

	if (text)
		write_file(path, text);
	catch_stderr();
	tap_eq(side_read(&s, path), error, name);
	text = caught();
	if (!tap_ok(strstr(text, words) && count_lines(text) == 1, "and says in one line why: %s", words))
		print_as_comment(text);
}

static void test_broken(void)
{
	begin_boot(scratch_path("broken"), "b", "vm", 0);
	made_latency("E3.fork", "mirror", 64, 900, 850, 1100);
	fprintf(made_records, "bench\tE3.fork\tmirror\tlazy\tprocess\t1\t64\t0\tp50\tvalue\tns\tmany\n");
	made_end();
	refused("broken", NULL, -EINVAL, "the value is no number: many");
	begin_boot(scratch_path("stress"), "b", "vm", 0);
	made_row("stress", "forker", "mirror", 1, 0, "ops", 1);
	made_end();
	refused("stress", NULL, -ENOENT, "no benchmark has a value");
	mkdir(scratch_path("empty"), 0777);
	refused("empty", NULL, -ENOENT, "no results in");
	refused("nowhere", NULL, -ENOENT, "No such file");
	refused("cut.json", "{\"benchmarks\": [", -EINVAL, "not JSON");
	refused("other.json", "{\"tests\": []}", -EINVAL, "no Google Benchmark results");
	refused("none.json", "{\"benchmarks\": []}", -ENOENT, "no benchmark has a value");
	refused("unit.json", "{\"benchmarks\": [{\"name\": \"a\", \"real_time\": 1, \"time_unit\": \"h\"}]}",
		-EINVAL, "without name, real_time or time_unit");
	refused("index.json", "{\"benchmarks\": [{\"name\": \"a\", \"real_time\": 1, \"time_unit\": \"ns\", \"repetition_index\": 7}]}",
		-EINVAL, "a repetition_index that cannot be");
}

int main(void)
{
	scratch_init();
	test_exact();
	test_env();
	test_live();
	test_json();
	test_broken();
	return tap_done();
}
