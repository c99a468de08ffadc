// SPDX-License-Identifier: GPL-2.0-only
/*
 * OpenMetrics 1.0 text: gauges of all sides, the statistic over a side's boots as label.
 * Times in seconds, OpenMetrics' base unit; instructions as they are. All samples of a
 * family stand together, its name ends in its unit, the last line is # EOF. No time stamps:
 * a file has none to give that a collector could not give better.
 */
#include <string.h>

#include "export.h"

static void label_text(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", to);
		else if (*text == '"' || *text == '\\')
			fprintf(to, "\\%c", *text);
		else
			fputc(*text, to);
	}
}

static void label(FILE *to, const char *name, const char *value, char before)
{
	fprintf(to, "%c%s=\"", before, name);
	label_text(to, value);
	fputc('"', to);
}

static void write_labels(FILE *to, const struct side *s, const struct side_bench *b)
{
	label(to, "benchmark", b->name, '{');
	label(to, "backend", b->backend, ',');
	label(to, "policy", b->policy, ',');
	label(to, "protocol", b->protocol, ',');
	fprintf(to, ",workers=\"%u\"", b->workers);
	label(to, "kernel", export_env(s, "kernel_release"), ',');
	label(to, "config", export_env(s, "config_hash"), ',');
	label(to, "mode", export_env(s, "mode"), ',');
	label(to, "side", s->path, ',');
}

static void write_gauges(const struct export *e, const char *family, const struct side *s,
			 const struct side_bench *b, double scale)
{
	struct export_sum sum = export_sum(s, b);
	const struct {
		const char *stat;
		double value;
	} stats[] = {
		{ "least", sum.least },
		{ "median", sum.median },
		{ "most", sum.most },
	};
	size_t i;

	for (i = 0; i < sizeof(stats) / sizeof(*stats); i++) {
		fputs(family, e->to);
		write_labels(e->to, s, b);
		fprintf(e->to, ",stat=\"%s\"} ", stats[i].stat);
		export_number(e->to, stats[i].value / scale);
		fputc('\n', e->to);
	}
}

static void write_boots(const struct export *e, const char *family, const struct side *s,
			const struct side_bench *b, double scale)
{
	(void)scale;
	fputs(family, e->to);
	write_labels(e->to, s, b);
	fprintf(e->to, "} %zu\n", b->n);
}

/* unit of the side; NULL: any */
static const struct family {
	const char *name, *unit, *help, *of;
	double divided_by;
	void (*write)(const struct export *e, const char *family, const struct side *s,
		      const struct side_bench *b, double scale);
} families[] = {
	{ "hmmstorm_operation_instructions", "instructions",
	  "Instructions of one operation, of each boot the least.", "instructions", 1,
	  write_gauges },
	{ "hmmstorm_operation_seconds", "seconds",
	  "Duration of one operation, of each boot the median.", "ns", 1e9, write_gauges },
	{ "hmmstorm_operation_boots", NULL, "Boots that have a value of the benchmark.", NULL, 1,
	  write_boots },
};

static bool is_of(const struct family *f, const struct side_bench *b)
{
	return !f->of || !strcmp(f->of, b->unit);
}

static bool has_any(const struct export *e, const struct family *f)
{
	size_t i, k;

	for (i = 0; i < e->nr_sides; i++)
		for (k = 0; k < e->sides[i]->nr_bench; k++)
			if (is_of(f, &e->sides[i]->bench[k]))
				return true;
	return false;
}

static void write_family(const struct export *e, const struct family *f)
{
	size_t i, k;

	if (!has_any(e, f))
		return;
	fprintf(e->to, "# TYPE %s gauge\n", f->name);
	if (f->unit)
		fprintf(e->to, "# UNIT %s %s\n", f->name, f->unit);
	fprintf(e->to, "# HELP %s %s\n", f->name, f->help);
	for (i = 0; i < e->nr_sides; i++)
		for (k = 0; k < e->sides[i]->nr_bench; k++)
			if (is_of(f, &e->sides[i]->bench[k]))
				f->write(e, f->name, e->sides[i], &e->sides[i]->bench[k],
					 f->divided_by);
}

static int write_metrics(const struct export *e)
{
	size_t i;

	for (i = 0; i < sizeof(families) / sizeof(*families); i++)
		write_family(e, &families[i]);
	fputs("# EOF\n", e->to);
	return 0;
}

static const struct export_format openmetrics = {
	.name = "openmetrics",
	.desc = "OpenMetrics 1.0 text: gauges by kernel, benchmark, statistic",
	.many_sides = true,
	.write = write_metrics,
};

EXPORT_FORMAT(openmetrics);
