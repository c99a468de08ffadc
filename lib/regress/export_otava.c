// SPDX-License-Identifier: GPL-2.0-only
/*
 * CSV for Apache Otava's CsvImporter, and the test that reads it (docs/CSV.md): a column a
 * benchmark, a row a point of the series: a side (exact: the least of its boots), or a boot.
 * Otava takes no empty cell, so a benchmark without a value in every row is left out, and
 * told.
 *
 * Points are a day apart from 2000-01-01 on: their order is that of the sides, and Otava
 * does not use the distance. Its default is the last year alone, hence --since-time.
 * Otava's direction is 1 (more is better) unless told; here it is -1.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../alloc.h"
#include "export.h"
#include "export_csv.h"

#define FIRST_DAY 946684800 /* 2000-01-01T00:00:00Z */

/* A benchmark that has a value at every point: its index in the first side. */
struct picked {
	size_t *index;
	size_t n, left_out;
};

static size_t points_of(const struct side *s)
{
	return s->exact ? 1 : s->nr_boots;
}

static double value_at(const struct side *s, const char *key, size_t point)
{
	const struct side_bench *b = side_find(s, key);
	double gap;

	if (!b)
		return NAN;
	return s->exact ? side_least(s, b, &gap) : b->value[point];
}

static bool is_whole(const struct export *e, const char *key)
{
	size_t i, k;

	for (i = 0; i < e->nr_sides; i++)
		for (k = 0; k < points_of(e->sides[i]); k++)
			if (isnan(value_at(e->sides[i], key, k)))
				return false;
	return true;
}

/* Those that only a later side has are left out too, each once. */
static size_t count_later(const struct export *e)
{
	size_t i, k, n = 0, before;

	for (i = 1; i < e->nr_sides; i++)
		for (k = 0; k < e->sides[i]->nr_bench; k++) {
			for (before = 0; before < i; before++)
				if (side_find(e->sides[before], e->sides[i]->bench[k].key))
					break;
			n += before == i;
		}
	return n;
}

static void pick(struct picked *p, const struct export *e)
{
	const struct side *first = e->sides[0];
	size_t i;

	p->index = must(calloc(first->nr_bench, sizeof(*p->index)));
	for (i = 0; i < first->nr_bench; i++) {
		if (is_whole(e, first->bench[i].key))
			p->index[p->n++] = i;
		else
			p->left_out++;
	}
	p->left_out += count_later(e);
}

static void write_header(const struct export *e, const struct picked *p)
{
	size_t i;

	fputs("time,kernel,config,point", e->to);
	for (i = 0; i < p->n; i++) {
		char *name = export_name(&e->sides[0]->bench[p->index[i]], ':');

		fputc(',', e->to);
		csv_text(e->to, name);
		free(name);
	}
	fputc('\n', e->to);
}

static void write_point(const struct export *e, const struct picked *p,
			const struct side *s, size_t point, size_t day)
{
	time_t t = FIRST_DAY + (time_t)day * 86400;
	struct tm tm;
	char text[32];
	size_t i;

	gmtime_r(&t, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(e->to, "%s,", text);
	csv_text(e->to, export_env(s, "kernel_release"));
	fputc(',', e->to);
	csv_text(e->to, export_env(s, "config_hash"));
	fputc(',', e->to);
	csv_text(e->to, s->exact ? s->path : s->boots[point].dir);
	for (i = 0; i < p->n; i++) {
		fputc(',', e->to);
		export_number(e->to, value_at(s, e->sides[0]->bench[p->index[i]].key, point));
	}
	fputc('\n', e->to);
}

/* A YAML scalar in single quotes. */
static void yaml_text(FILE *to, const char *text)
{
	fputc('\'', to);
	for (; *text; text++)
		fprintf(to, *text == '\'' ? "''" : "%c", *text);
	fputc('\'', to);
}

static void write_test(const struct export *e, const struct picked *p)
{
	size_t i;

	fputs("# otava analyze hmmstorm --since-time 2000-01-01\n"
	      "# Times are the order of the points, a day apart, not when they were measured.\n"
	      "tests:\n  hmmstorm:\n    type: csv\n    file: ", e->config);
	yaml_text(e->config, e->file);
	fputs("\n    time_column: time\n    attributes: [kernel, config, point]\n    metrics:\n",
	      e->config);
	for (i = 0; i < p->n; i++) {
		char *name = export_name(&e->sides[0]->bench[p->index[i]], ':');

		fputs("      ", e->config);
		yaml_text(e->config, name);
		fputs(":\n        column: ", e->config);
		yaml_text(e->config, name);
		fputs("\n        direction: -1\n        scale: 1\n", e->config);
		free(name);
	}
}

static int write_series(const struct export *e)
{
	struct picked p = { 0 };
	size_t i, k, day = 0;

	pick(&p, e);
	if (p.left_out)
		fprintf(stderr, "hmmstorm: %zu benchmarks are left out, they have no value at some point; %zu are written\n",
			p.left_out, p.n);
	if (!p.n) {
		fprintf(stderr, "hmmstorm: no benchmark has a value at every point\n");
		free(p.index);
		return -ENODATA;
	}
	write_header(e, &p);
	for (i = 0; i < e->nr_sides; i++)
		for (k = 0; k < points_of(e->sides[i]); k++)
			write_point(e, &p, e->sides[i], k, day++);
	if (e->config)
		write_test(e, &p);
	free(p.index);
	return 0;
}

static const struct export_format otava = {
	.name = "otava",
	.desc = "CSV for Apache Otava: a point a side (exact) or a boot",
	.many_sides = true,
	.has_config = true,
	.write = write_series,
};

EXPORT_FORMAT(otava);
