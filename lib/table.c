// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "table.h"

/* All of a file of zlib; gzopen() reads a plain one as it is. */
static int read_all(void *f, char **text, size_t *len)
{
	size_t room = 1 << 16;
	char *more;
	int n;

	*len = 0;
	*text = NULL;
	do {
		room *= 2;
		more = realloc(*text, room);
		if (!more)
			return -ENOMEM;
		*text = more;
		n = gzread(f, *text + *len, (unsigned int)(room - *len - 1));
		if (n > 0)
			*len += (size_t)n;
	} while (*len == room - 1);
	(*text)[*len] = 0;
	return n < 0 ? -EIO : 0;
}

static int read_text(const char *path, char **text, size_t *len)
{
	void *f = gzopen(path, "re");
	int ret;

	if (!f)
		return errno ? -errno : -ENOMEM;
	ret = read_all(f, text, len);
	/* a compressed file that ends too early is known only here */
	if (gzclose_r(f) != Z_OK && !ret)
		ret = -EIO;
	if (ret) {
		free(*text);
		*text = NULL;
	}
	return ret;
}

void table_path(const char *dir, const char *file, char *path, size_t len)
{
	size_t n = (size_t)snprintf(path, len, "%s/%s", dir, file);

	if (!access(path, F_OK) || n + sizeof(".gz") > len)
		return;
	strcpy(path + n, ".gz");
	if (access(path, F_OK))
		path[n] = 0;
}

static size_t count(const char *s, char c)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == c;
	return n;
}

/* Cuts one line (without its newline) into n cells; false: not n of them. */
static int split(char *line, char **cell, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		cell[i] = strsep(&line, "\t");
		if (!cell[i])
			return 0;
	}
	return !line;
}

static int broken(const char *path, size_t row, const char *what)
{
	fprintf(stderr, "hmmstorm: %s, line %zu: %s; the run was interrupted or the file was changed\n",
		path, row, what);
	return -EINVAL;
}

static int parse(struct table *t, const char *path, size_t len,
		 const char *first)
{
	size_t lines = count(t->text, '\n'), i;
	char *rest = t->text, *line;

	if (strlen(t->text) != len)
		return broken(path, lines + 1, "holds a zero byte");
	if (!lines)
		return broken(path, 1, "no header");
	if (t->text[len - 1] != '\n')
		return broken(path, lines + 1, "cut off in mid-row");
	line = strsep(&rest, "\n");
	t->nr_columns = count(line, '\t') + 1;
	t->nr_rows = lines - 1;
	t->column = calloc(t->nr_columns, sizeof(char *));
	t->cell = calloc(t->nr_rows * t->nr_columns + 1, sizeof(char *));
	if (!t->column || !t->cell)
		return -ENOMEM;
	split(line, t->column, t->nr_columns);
	if (strcmp(t->column[0], first))
		return broken(path, 1, "not the header of this file");
	for (i = 0; i < t->nr_rows; i++)
		if (!split(strsep(&rest, "\n"), t->cell + i * t->nr_columns,
			   t->nr_columns))
			return broken(path, i + 2, "wrong number of columns");
	return 0;
}

int table_read(const char *dir, const char *file, const char *first,
	       struct table *t)
{
	char path[4096];
	size_t len = 0;
	int ret;

	memset(t, 0, sizeof(*t));
	table_path(dir, file, path, sizeof(path));
	ret = read_text(path, &t->text, &len);
	if (ret) {
		fprintf(stderr, "hmmstorm: cannot read %s: %s; a results folder comes from --out\n",
			path, strerror(-ret));
		t->text = NULL;
		return ret;
	}
	ret = parse(t, path, len, first);
	if (ret)
		table_free(t);
	return ret;
}

void table_free(struct table *t)
{
	free(t->text);
	free(t->cell);
	free(t->column);
	memset(t, 0, sizeof(*t));
}

int table_column(const struct table *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->nr_columns; i++)
		if (!strcmp(t->column[i], name))
			return (int)i;
	return -1;
}
