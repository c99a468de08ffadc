// SPDX-License-Identifier: GPL-2.0-only
/* One run folder (lib/record.h) as a boot of a side. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../table.h"
#include "side_build.h"

#define PROGRAM "bench"

enum { NAME, BACKEND, POLICY, PROTOCOL, WORKERS, PAGES, METRIC, UNIT, VALUE, NR_COLUMNS };

static const char *const columns[NR_COLUMNS] = {
	"case", "backend", "policy", "protocol", "workers", "pages", "metric", "unit", "value",
};

static const struct {
	const char *name;
	enum side_metric metric;
} metrics[] = {
	{ "latency_min", SIDE_LATENCY_MIN },
	{ "p50", SIDE_P50 },
	{ "real_time", SIDE_REAL_TIME },
	{ "done", SIDE_FAILED },
};

#define NR_METRICS (sizeof(metrics) / sizeof(*metrics))

static int read_row(struct side_builder *b, size_t boot, const char *dir,
		    const struct table *t, size_t row, const int *column)
{
	const char *cell[NR_COLUMNS];
	struct side_id id;
	double value;
	char *end;
	size_t i;

	for (i = 0; i < NR_METRICS; i++)
		if (!strcmp(metrics[i].name, table_cell(t, row, column[METRIC])))
			break;
	if (i == NR_METRICS || strcmp(table_cell(t, row, 0), PROGRAM))
		return 0;
	for (int c = 0; c < NR_COLUMNS; c++)
		cell[c] = table_cell(t, row, column[c]);
	value = strtod(cell[VALUE], &end);
	if (end == cell[VALUE] || *end) {
		fprintf(stderr, "hmmstorm: %s/records.tsv, line %zu: the value is no number: %s\n",
			dir, row + 2, cell[VALUE]);
		return -EINVAL;
	}
	id = (struct side_id){
		.name = cell[NAME],
		.backend = cell[BACKEND],
		.policy = cell[POLICY],
		.protocol = cell[PROTOCOL],
		.pages = strtoull(cell[PAGES], NULL, 10),
		.workers = (unsigned int)strtoul(cell[WORKERS], NULL, 10),
	};
	/* of the verdict only the bad news counts */
	if (metrics[i].metric != SIDE_FAILED || value == 0)
		side_add_value(b, boot, &id, metrics[i].metric, cell[UNIT], value);
	return 0;
}

static int read_records(struct side_builder *b, size_t boot, const char *dir)
{
	int column[NR_COLUMNS], ret;
	struct table t;
	size_t i;

	ret = table_read(dir, "records.tsv", "program", &t);
	for (i = 0; i < NR_COLUMNS && !ret; i++) {
		column[i] = table_column(&t, columns[i]);
		if (column[i] >= 0)
			continue;
		fprintf(stderr, "hmmstorm: %s/records.tsv was written by another version of hmmstorm: no column %s\n",
			dir, columns[i]);
		ret = -EINVAL;
	}
	for (i = 0; !ret && i < t.nr_rows; i++)
		ret = read_row(b, boot, dir, &t, i, column);
	table_free(&t);
	return ret;
}

static int check_width(const struct table *t, const char *dir, const char *file, size_t width)
{
	if (t->nr_columns == width)
		return 0;
	fprintf(stderr, "hmmstorm: %s/%s was written by another version of hmmstorm: %zu columns, not %zu\n",
		dir, file, t->nr_columns, width);
	return -EINVAL;
}

static int read_env(struct side_builder *b, const char *dir, struct table *t)
{
	const char *mode = "(none)";
	size_t i;
	int ret;

	ret = table_read(dir, "env.tsv", "program", t);
	if (!ret)
		ret = check_width(t, dir, "env.tsv", 3);
	for (i = 0; !ret && i < t->nr_rows; i++) {
		/* a part of a storm alone says it as well */
		if (!strcmp(table_cell(t, i, 1), "mode"))
			mode = table_cell(t, i, 2);
		if (!strcmp(table_cell(t, i, 0), PROGRAM))
			side_add_env(b, table_cell(t, i, 1), table_cell(t, i, 2));
	}
	return ret ? ret : side_set_mode(b, dir, mode);
}

static bool is_said(const struct table *env, const char *key)
{
	size_t i;

	for (i = 0; i < env->nr_rows; i++)
		if (!strcmp(table_cell(env, i, 0), PROGRAM) && !strcmp(table_cell(env, i, 1), key))
			return true;
	return false;
}

/* What the guest says itself counts more: of two CPUs it may have been given one. */
static int read_vm(struct side_builder *b, const char *dir, const struct table *env,
		   uint64_t *seed)
{
	struct table t;
	char path[4096];
	size_t i;
	int ret;

	table_path(dir, "vm.tsv", path, sizeof(path));
	if (access(path, F_OK))
		return 0;
	ret = table_read(dir, "vm.tsv", "key", &t);
	if (!ret)
		ret = check_width(&t, dir, "vm.tsv", 2);
	for (i = 0; !ret && i < t.nr_rows; i++) {
		const char *key = table_cell(&t, i, 0), *value = table_cell(&t, i, 1);

		if (!strcmp(key, "seed"))
			*seed = strtoull(value, NULL, 0);
		else if (!is_said(env, key))
			side_add_env(b, key, value);
	}
	table_free(&t);
	return ret;
}

int side_read_tsv(struct side_builder *b, const char *dir)
{
	struct table env;
	uint64_t seed = 0;
	int ret;

	ret = read_env(b, dir, &env);
	if (!ret)
		ret = read_vm(b, dir, &env, &seed);
	if (!ret)
		ret = read_records(b, side_add_boot(b, dir, seed), dir);
	table_free(&env);
	return ret;
}
