/* SPDX-License-Identifier: GPL-2.0-only */
/* Reads the TSV files that record.c writes, and finds out when one is broken. */
#ifndef HMMSTORM_TABLE_H
#define HMMSTORM_TABLE_H

#include <stddef.h>

struct table {
	char *text;
	char **cell;	/* nr_rows x nr_columns; the header is not among them */
	char **column;
	size_t nr_rows, nr_columns;
};

/* DIR/FILE, or DIR/FILE.gz where only that is there. */
void table_path(const char *dir, const char *file, char *path, size_t len);
/* Reads it, compressed or not. -errno, and one line on stderr that names the file and
 * the row: no such file, not begun with `first` as first column's name, a row of too few
 * or too many columns, cut off in mid-row or in the middle of the compressed data.
 */
int table_read(const char *dir, const char *file, const char *first,
	       struct table *t);
void table_free(struct table *t);
/* Index of the column of this name; exits the caller's file as broken: -1. */
int table_column(const struct table *t, const char *name);
static inline const char *table_cell(const struct table *t, size_t row, int col)
{
	return t->cell[row * t->nr_columns + (size_t)col];
}

#endif
