// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "table.h"

static int read_text(const char *path, char **text, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		close(fd);
		return -errno;
	}
	*len = (size_t)st.st_size;
	*text = malloc(*len + 1);
	if (*text)
		n = read(fd, *text, *len);
	close(fd);
	if (!*text)
		return -ENOMEM;
	if (n != (ssize_t)*len) {
		free(*text);
		return n < 0 ? -errno : -EIO;
	}
	(*text)[*len] = 0;
	return 0;
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
	snprintf(path, sizeof(path), "%s/%s", dir, file);
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
