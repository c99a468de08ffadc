/* SPDX-License-Identifier: GPL-2.0-only */
/* What a document is made of, for its renderers; lib/doc.h is the interface. */
#ifndef HMMSTORM_DOC_BLOCKS_H
#define HMMSTORM_DOC_BLOCKS_H

#include "doc.h"

enum doc_block_type {
	DOC_HEADING, DOC_PARAGRAPH, DOC_NOTE, DOC_ANSWER, DOC_ITEM, DOC_COMMAND,
	DOC_FIGURE, DOC_TABLE,
};

struct doc_column_head {
	enum doc_column type;
	char *title;
};

struct doc_table_cell {
	char *text;
	double value;	/* what it sorts by; NaN: by its text */
};

struct doc_table {
	char *caption;
	struct doc_column_head *columns;
	size_t nr_columns;
	struct doc_table_cell *cells;
	size_t nr_cells;
};

struct doc_block {
	enum doc_block_type type;
	int level;
	char *label;	/* a heading's anchor, an item's link, a figure's path */
	char *text;
	struct doc_table *table;
};

struct doc {
	struct doc_block *blocks;
	size_t nr_blocks;
};

/* Rows that are full; aborts if one is not. */
static inline size_t doc_table_rows(const struct doc_table *t)
{
	if (!t->nr_columns || t->nr_cells % t->nr_columns)
		__builtin_trap();
	return t->nr_cells / t->nr_columns;
}

/* Length of a `code` at p, backquotes included; 0: none begins here. */
size_t doc_code(const char *p);

#endif
