// SPDX-License-Identifier: GPL-2.0-only
/*
 * Go's benchmark format (go.dev/design/14313-benchmark-format), for benchstat
 * (golang.org/x/perf): a line a boot, configuration as "key: value" before it, the unit's
 * properties as golang.org/x/perf/benchfmt reads them. Exact: benchstat tells no interval
 * and no test, and warns where boots of one side differ.
 *
 * benchstat puts results of different configuration in different tables: compare kernels
 * with "benchstat -col kernel,config OLD NEW". So nothing that differs from boot to boot of
 * a side is written as configuration.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "export.h"

static void write_config(const struct export *e, const struct side *s)
{
	static const struct {
		const char *name, *key;
	} keys[] = {
		{ "kernel", "kernel_release" },
		{ "config", "config_hash" },
		{ "mode", "mode" },
		{ "cpus", "cpus" },
		{ "memory", "memory" },
		{ "numa", "numa" },
	};
	size_t i;

	fputs("goos: linux\npkg: hmmstorm\n", e->to);
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strcmp(export_env(s, keys[i].key), "-"))
			fprintf(e->to, "%s: %s\n", keys[i].name, export_env(s, keys[i].key));
}

static void write_units(const struct export *e, const struct side *s)
{
	bool counts = false, times = false;
	size_t i;

	for (i = 0; i < s->nr_bench; i++) {
		counts |= strcmp(s->bench[i].unit, "ns") != 0;
		times |= !strcmp(s->bench[i].unit, "ns");
	}
	if (counts)
		fputs("Unit instructions/op better=lower assume=exact\n", e->to);
	if (times)
		fputs("Unit ns/op better=lower assume=nothing\n", e->to);
}

/* The letter after "Benchmark" must not be a lower-case one. Caller frees. */
static char *go_name(const struct side_bench *b)
{
	char *name = export_name(b, '='), *whole;

	name[0] = (char)toupper((unsigned char)name[0]);
	whole = must_print("Benchmark%s", name);
	free(name);
	return whole;
}

static void write_bench(const struct export *e, const struct side *s,
			const struct side_bench *b)
{
	char *name = go_name(b);
	double *v;
	size_t n = side_values(s, b, &v), i;

	for (i = 0; i < n; i++) {
		fprintf(e->to, "%s 1 ", name);
		export_number(e->to, v[i]);
		fprintf(e->to, " %s/op\n", b->unit);
	}
	free(v);
	free(name);
}

static int write_text(const struct export *e)
{
	const struct side *s = e->sides[0];
	size_t i;

	write_config(e, s);
	write_units(e, s);
	fputc('\n', e->to);
	for (i = 0; i < s->nr_bench; i++)
		write_bench(e, s, &s->bench[i]);
	return 0;
}

static const struct export_format benchstat = {
	.name = "benchstat",
	.desc = "Go benchmark text: benchstat -col kernel,config OLD NEW",
	.write = write_text,
};

EXPORT_FORMAT(benchstat);
