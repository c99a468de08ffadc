// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm bench: the benchmarks of this folder on one backend. Exit status: 0
 * all done, 1 a benchmark failed or results could not be written, 2 bad usage,
 * 4 nothing could run here.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "../lib/backend.h"
#include "../lib/clock.h"
#include "../lib/counters.h"
#include "../lib/pagemap.h"
#include "../lib/record.h"
#include "../lib/topo.h"
#include "cbench.h"
#include "explain.h"
#include "op.h"
#include "options.h"
#include "results.h"
#include "window.h"

static const char *const cap_names[] = {
	"exclusive", "atomic", "atomic-cpu", "access",
	"migrate", "snapshot", "check", "release", "access-migrated",
	"batch", "restore",
};

static void name_caps(unsigned int caps, char *buf, size_t len)
{
	size_t i, n = 0;

	snprintf(buf, len, "-");
	for (i = 0; i < sizeof(cap_names) / sizeof(*cap_names); i++)
		if (caps & 1U << i && n < len)
			n += (size_t)snprintf(buf + n, len - n, "%s%s",
					      n ? "," : "", cap_names[i]);
}

static void list(void)
{
	char needs[128];
	size_t i;

	for (i = 0; i < cbench_count(); i++) {
		const struct cbench *b = cbench_at(i);

		name_caps(b->needs, needs, sizeof(needs));
		printf("%-22s %-10s %s\n", b->name, needs, b->desc);
	}
}

static const char *gate(const struct cbench *b)
{
	static char why[256];
	unsigned int missing;
	char names[128];

	if (!bench_device.backend)
		return NULL;
	missing = b->needs & ~bench_device.backend->caps;
	if (!missing)
		return NULL;
	name_caps(missing, names, sizeof(names));
	snprintf(why, sizeof(why), "backend %s cannot do: %s",
		 bench_device.backend->name, names);
	return why;
}

static int open_backend(const struct options *o)
{
	const char *name = o->backend ? o->backend : "test_hmm";
	const struct backend_ops *ops = backend_find(name);
	char why[512];
	int ret;

	if (!ops)
		return complain(EXIT_USAGE, "no backend \"%s\"; see hmmstorm list", name);
	ret = backend_open(ops, &bench_device.dev, why, sizeof(why));
	if (ret) {
		fprintf(stderr,
			"hmmstorm bench: skipped: backend %s: %s (--backend null measures the harness alone)\n",
			name, why);
		return EXIT_SKIP;
	}
	bench_device.backend = ops;
	bench_device.policy = o->policy ? o->policy : "lazy";
	ret = backend_set_policy(bench_device.dev, o->policy, why, sizeof(why));
	if (ret)
		return complain(ret == -EINVAL ? EXIT_USAGE : EXIT_SKIP, "%s", why);
	ret = pagemap_open();
	if (ret)
		return complain(EXIT_SKIP,
				"skipped: /proc/self/pagemap: %s; build the kernel with CONFIG_PROC_PAGE_MONITOR=y",
				strerror(-ret));
	return 0;
}

/* With --truth the helper module is part of what is measured. */
static int start_truth(const struct options *o)
{
	int ret = -ENOENT;

	if (o->truth == HMMSTORM_TRUTH_OFF)
		return 0;
	if (bench_device.counters)
		ret = counters_truth(bench_device.counters, o->truth);
	return ret ? complain(EXIT_SKIP, "skipped: no ground truth: %s",
			      counters_strerror(ret)) : 0;
}

static int start_delays(struct options *o)
{
	char why[300];
	int ret = delays_begin(&o->delays, 0, why, sizeof(why));

	if (ret)
		return complain(ret == -EINVAL ? EXIT_USAGE : EXIT_SKIP, "--delay: %s", why);
	return 0;
}

static int start_marks(const struct options *o)
{
	int ret = o->trace_marks ? explain_mark_trace() : 0;

	return ret ? complain(EXIT_SKIP, "skipped: /sys/kernel/tracing/trace_marker: %s; mount tracefs there, as root",
			      strerror(-ret)) : 0;
}

/* Without the helper module the figures stand, unexplained. */
static const char *open_counters(const struct options *o)
{
	int ret;

	if (o->no_counters)
		return "off (--no-counters)";
	ret = counters_open(&bench_device.counters);
	return ret ? counters_strerror(ret) : "attached";
}

static void context_env(const char *key, const char *variable,
			const char *otherwise)
{
	const char *value = getenv(variable);

	cbench_context(key, value && *value ? value : otherwise);
}

static void add_context(const struct options *o, const char *helper)
{
	struct utsname u;
	char text[64];

	if (!uname(&u))
		cbench_context("kernel", u.release);
	context_env("config", "HMMSTORM_CONFIG", "-");
	context_env("config_hash", "HMMSTORM_CONFIG_HASH", "-");
	context_env("mode", "HMMSTORM_MODE", "host");
	context_env("accelerator", "HMMSTORM_ACCEL", "bare");
	cbench_context("backend", bench_device.backend->name);
	cbench_context("policy", bench_device.policy);
	cbench_context("protocol", bench_device.backend->protocol);
	cbench_context("delay", delays_text(&o->delays));
	cbench_context("truth", counters_truth_name(o->truth));
	cbench_context("helper", helper);
	cbench_context("clock_unit", clock_unit());
	snprintf(text, sizeof(text), "%llu",
		 (unsigned long long)bench_device.clock_floor);
	cbench_context("clock_floor", text);
}

static void write_env(const struct options *o, struct record *record,
		      const char *helper)
{
	record_env(record, "policy", bench_device.policy);
	record_env(record, "protocol", bench_device.backend->protocol);
	record_env(record, "delay", delays_text(&o->delays));
	record_env(record, "truth", counters_truth_name(o->truth));
	record_env(record, "helper", helper);
}

static int status_of(const struct cbench_totals *t)
{
	const char *filter = cbench_flag("benchmark_filter");

	if (t->failed)
		return EXIT_FAILURE;
	if (!t->matched)
		return complain(EXIT_USAGE,
				"no benchmark matches --benchmark_filter=%s; see --list",
				filter ? filter : "");
	if (t->skipped && !t->done)
		return EXIT_SKIP;
	return EXIT_SUCCESS;
}

static int run(const struct options *o, struct record *record)
{
	struct cbench_host host = {
		.gate = gate,
		.result = results_put,
		.iterations = o->iterations,
	};
	struct cbench_totals totals;
	char why[512];
	int ret;

	results_to(record, o->explain);
	window_open(o->out);
	if (cbench_run(&host, &totals, why, sizeof(why)))
		return complain(EXIT_FAILURE, "%s", why);
	if (totals.failed || totals.skipped)
		fprintf(stderr, "hmmstorm bench: %zu done, %zu failed, %zu skipped\n",
			totals.done, totals.failed, totals.skipped);
	ret = window_symbols();
	if (ret)
		return complain(EXIT_FAILURE, "symbols.tsv: %s", strerror(-ret));
	return status_of(&totals);
}

static int list_tests(void)
{
	struct cbench_host host = { 0 };
	struct cbench_totals totals;
	char why[512];

	if (cbench_run(&host, &totals, why, sizeof(why)))
		return complain(EXIT_FAILURE, "%s", why);
	return status_of(&totals);
}

static int measure(struct options *o, int argc, char **argv)
{
	struct record *record = NULL;
	int ret = open_backend(o);
	const char *helper;

	if (ret)
		return ret;
	if (o->explain && o->truth == HMMSTORM_TRUTH_OFF)
		o->truth = bench_device.backend->flags & HAS_TRUTH ?
				   HMMSTORM_TRUTH_MIRROR : HMMSTORM_TRUTH_CPU;
	if (o->out && record_open(&record, o->out, o->explain ? "explain" : "bench", argc,
				  argv, 0))
		return EXIT_FAILURE;
	if (topo_open(&bench_device.topo))
		bench_device.topo = NULL;
	helper = open_counters(o);
	bench_device.hazards = o->hazards;
	bench_device.clock_floor = clock_floor();
	add_context(o, helper);
	write_env(o, record, helper);
	ret = start_truth(o);
	if (!ret)
		ret = start_delays(o);
	if (!ret)
		ret = start_marks(o);
	if (!ret)
		ret = run(o, record);
	delays_end(&o->delays);
	counters_close(bench_device.counters);
	topo_close(bench_device.topo);
	bench_device.backend->close(bench_device.dev);
	if (record_close(record) && !ret)
		ret = EXIT_FAILURE;
	return ret;
}

static int help(void)
{
	fputs(options_usage, stdout);
	fflush(stdout);
	cbench_print_flags();
	return 0;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	const char *only_names;
	char why[512];
	int ret;

	clock_init();
	ret = options_parse(&o, argc, argv);
	if (ret)
		return ret;
	if (o.help)
		return help();
	if (o.list) {
		list();
		return 0;
	}
	if (cbench_init(&o.nr_flags, o.flags, why, sizeof(why)))
		return complain(EXIT_USAGE, "%s; see --help", why);
	only_names = cbench_flag("benchmark_list_tests");
	ret = only_names && !strchr("0fFnN", *only_names) ?
		      list_tests() : measure(&o, argc, argv);
	free(o.flags);
	return ret;
}
