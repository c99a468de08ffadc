/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the unit tests: reads a results folder back (lib/record.h has its form).
 */
#ifndef HMMSTORM_TEST_RESULTS_H
#define HMMSTORM_TEST_RESULTS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/record.h"
#include "child.h"

static const struct {
	const char *name, *header;
	int columns;
} files[] = {
	{ "env.tsv", "program\tkey\tvalue\n", 3 },
	{ "records.tsv", RECORD_COLUMNS "\tmetric\tkind\tunit\tvalue\n", 12 },
	{ "hist.tsv", RECORD_COLUMNS "\tmetric\tunit\tlow\thigh\tcount\n", 13 },
	{ "series.tsv", RECORD_COLUMNS "\tt_ns\tmetric\tunit\tvalue\n", 12 },
};

#define NR_FILES (sizeof(files) / sizeof(*files))

/* Caller frees. "" if there is no such file. */
static inline char *slurp(const char *dir, const char *name)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return slurp_file(path);
}

/* Rows after the header, or -1 if a row is not whole. */
static inline int whole_rows(const char *dir, size_t file)
{
	char *text = slurp(dir, files[file].name), *p = text;
	int rows = -1, tabs = 0;

	if (strncmp(text, files[file].header, strlen(files[file].header)))
		goto torn;
	for (; *p; p++) {
		if (*p == '\t')
			tabs++;
		if (*p != '\n')
			continue;
		if (tabs != files[file].columns - 1)
			goto torn;
		tabs = 0;
		rows++;
	}
	if (p[-1] != '\n')
		goto torn;
	free(text);
	return rows;
torn:
	printf("# %s/%s: a row is not whole\n", dir, files[file].name);
	free(text);
	return -1;
}

static inline bool all_whole(const char *dir)
{
	bool good = true;
	size_t i;

	for (i = 0; i < NR_FILES; i++)
		good &= whole_rows(dir, i) >= 0;
	return good;
}

static inline bool holds(const char *dir, const char *name, const char *text)
{
	char *all = slurp(dir, name);
	bool found = strstr(all, text);

	free(all);
	return found;
}

/* Value in records.tsv of this case and metric; -1: no such row. */
static inline double metric(const char *dir, const char *name,
			    const char *metric_name)
{
	char *text = slurp(dir, "records.tsv"), *rest = text, *line;
	double value = -1;

	while ((line = strsep(&rest, "\n"))) {
		char *column[12], *cell;
		int n = 0;

		while (n < 12 && (cell = strsep(&line, "\t")))
			column[n++] = cell;
		if (n == 12 && !strcmp(column[1], name) &&
		    !strcmp(column[8], metric_name))
			value = atof(column[11]);
	}
	free(text);
	return value;
}

#endif
