// SPDX-License-Identifier: GPL-2.0-only
/* A side keeps values; what failed and what was skipped stands in its boots' files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../alloc.h"
#include "../table.h"
#include "export.h"

#define PROGRAM "bench"

enum { NAME, BACKEND, POLICY, PROTOCOL, WORKERS, PAGES, METRIC, VALUE, NR_COLUMNS };

static const char *const columns[NR_COLUMNS] = {
	"case", "backend", "policy", "protocol", "workers", "pages", "metric", "value",
};

/* Takes name and reason over. */
static struct export_verdict *add(struct export_verdicts *v, char *name, char *reason)
{
	v->at = must_grow(v->at, v->n, sizeof(*v->at));
	v->at[v->n] = (struct export_verdict){ .name = name, .reason = reason };
	return &v->at[v->n++];
}

static struct export_verdict *find(const struct export_verdicts *v, const char *name)
{
	size_t i;

	for (i = 0; i < v->n; i++)
		if (!strcmp(v->at[i].name, name))
			return &v->at[i];
	return NULL;
}

/* As side.h names it: the pages after the base, before other arguments. */
static char *full_name(const char *name, const char *pages)
{
	int base = (int)strcspn(name, "/");

	if (!strtoull(pages, NULL, 10))
		return must_copy(name);
	return must_print("%.*s/pages:%s%s", base, name, pages, name + base);
}

static void add_failed(struct export_verdicts *v, const char *const *cell)
{
	char *full = full_name(cell[NAME], cell[PAGES]), *name;
	const struct side_bench b = {
		.name = full,
		.backend = cell[BACKEND],
		.policy = cell[POLICY],
		.protocol = cell[PROTOCOL],
		.workers = (unsigned int)strtoul(cell[WORKERS], NULL, 10),
	};
	struct export_verdict *known;

	name = export_name(&b, ':');
	known = find(v, name);
	if (known)
		free(name);
	else
		known = add(v, name, NULL);
	v->failed += !known->failed;
	known->failed = true;
	free(full);
}

static int read_failed(struct export_verdicts *v, const char *dir)
{
	const char *cell[NR_COLUMNS];
	int column[NR_COLUMNS], ret;
	struct table t;
	size_t i, k;

	ret = table_read(dir, "records.tsv", "program", &t);
	for (k = 0; !ret && k < NR_COLUMNS; k++) {
		column[k] = table_column(&t, columns[k]);
		if (column[k] < 0)
			ret = -EINVAL;
	}
	for (i = 0; !ret && i < t.nr_rows; i++) {
		for (k = 0; k < NR_COLUMNS; k++)
			cell[k] = table_cell(&t, i, column[k]);
		if (!strcmp(table_cell(&t, i, 0), PROGRAM) && !strcmp(cell[METRIC], "done") &&
		    strtod(cell[VALUE], NULL) == 0)
			add_failed(v, cell);
	}
	table_free(&t);
	return ret;
}

/* env.tsv names the case alone, of whichever backend. */
static int read_skipped(struct export_verdicts *v, const char *dir)
{
	static const char skipped[] = "SKIPPED: ";
	struct table t;
	size_t i;
	int ret;

	ret = table_read(dir, "env.tsv", "program", &t);
	for (i = 0; !ret && i < t.nr_rows; i++) {
		const char *name = table_cell(&t, i, 1), *value = table_cell(&t, i, 2);

		if (strcmp(table_cell(&t, i, 0), PROGRAM) ||
		    strncmp(value, skipped, strlen(skipped)) || find(v, name))
			continue;
		add(v, must_copy(name), must_copy(value + strlen(skipped)));
		v->skipped++;
	}
	table_free(&t);
	return ret;
}

static int read_boots(struct export_verdicts *v, const struct side *s,
		      int (*read)(struct export_verdicts *v, const char *dir))
{
	struct stat st;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < s->nr_boots; i++)
		if (!stat(s->boots[i].dir, &st) && S_ISDIR(st.st_mode))
			ret = read(v, s->boots[i].dir);
	return ret;
}

int export_verdicts(struct export_verdicts *v, const struct side *s)
{
	size_t i;
	int ret;

	*v = (struct export_verdicts){ 0 };
	for (i = 0; i < s->nr_bench; i++)
		add(v, export_name(&s->bench[i], ':'), NULL)->bench = &s->bench[i];
	ret = read_boots(v, s, read_failed);
	if (!ret)
		ret = read_boots(v, s, read_skipped);
	if (ret)
		export_verdicts_free(v);
	return ret;
}

void export_verdicts_free(struct export_verdicts *v)
{
	while (v->n) {
		free(v->at[--v->n].name);
		free(v->at[v->n].reason);
	}
	free(v->at);
	v->at = NULL;
}
