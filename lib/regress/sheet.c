// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../doc.h"
#include "sheet.h"

struct cell {
	char *text;		/* as it is shown */
	bool is_number;
	double value;
	int digits;
};

struct sheet {
	char *title, **column;
	struct cell *cell;
	size_t nr_columns, nr_cells;
};

const char *const sheet_formats[] = {
	[SHEET_TEXT] = "text", [SHEET_MARKDOWN] = "markdown", [SHEET_JSON] = "json", NULL
};

struct sheet *sheet_new(const char *title)
{
	struct sheet *s = must(calloc(1, sizeof(*s)));

	s->title = must_copy(title);
	return s;
}

void sheet_free(struct sheet *s)
{
	size_t i;

	for (i = 0; i < s->nr_columns; i++)
		free(s->column[i]);
	for (i = 0; i < s->nr_cells; i++)
		free(s->cell[i].text);
	free(s->column);
	free(s->cell);
	free(s->title);
	free(s);
}

void sheet_column(struct sheet *s, const char *name)
{
	s->column = must_grow(s->column, s->nr_columns, sizeof(*s->column));
	s->column[s->nr_columns++] = must_copy(name);
}

static void add_cell(struct sheet *s, struct cell c)
{
	s->cell = must_grow(s->cell, s->nr_cells, sizeof(*s->cell));
	s->cell[s->nr_cells++] = c;
}

void sheet_words(struct sheet *s, const char *text)
{
	add_cell(s, (struct cell){ must_copy(*text ? text : "-"), false, NAN, 0 });
}

void sheet_number(struct sheet *s, double value, int digits)
{
	char *text = isnan(value) ? must_copy("-") : must_print("%.*f", digits, value);

	add_cell(s, (struct cell){ text, true, value, digits });
}

size_t sheet_rows(const struct sheet *s)
{
	return s->nr_cells / s->nr_columns;
}

/* Characters, not bytes. */
static int width_of(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += (*text & 0xc0) != 0x80;
	return n;
}

static bool is_number(const struct sheet *s, size_t column)
{
	return column < s->nr_cells && s->cell[column].is_number;
}

/* A line break would break the table. */
static void print_cell(const char *text, int width, bool right, bool last, FILE *to)
{
	int blanks = width - width_of(text);

	fprintf(to, "%*s", right ? blanks : 0, "");
	for (; *text; text++)
		fputc((unsigned char)*text < ' ' ? ' ' : *text, to);
	fprintf(to, "%*s", right || last ? 0 : blanks, "");
	fputs(last ? "\n" : "  ", to);
}

static void print_text(const struct sheet *s, FILE *to)
{
	int *width = must(calloc(s->nr_columns, sizeof(*width)));
	size_t i, c;

	for (c = 0; c < s->nr_columns; c++) {
		width[c] = width_of(s->column[c]);
		for (i = c; i < s->nr_cells; i += s->nr_columns)
			if (width_of(s->cell[i].text) > width[c])
				width[c] = width_of(s->cell[i].text);
	}
	for (c = 0; c < s->nr_columns; c++)
		print_cell(s->column[c], width[c], is_number(s, c), c + 1 == s->nr_columns, to);
	for (i = 0; i < s->nr_cells; i++) {
		c = i % s->nr_columns;
		print_cell(s->cell[i].text, width[c], is_number(s, c),
			   c + 1 == s->nr_columns, to);
	}
	free(width);
}

static int print_markdown(const struct sheet *s, FILE *to)
{
	struct doc *d = doc_new();
	struct doc_table *t = doc_table(d, "%s", s->title);
	size_t i;
	int ret;

	for (i = 0; i < s->nr_columns; i++)
		doc_column(t, is_number(s, i) ? DOC_NUMBER : DOC_TEXT, "%s", s->column[i]);
	for (i = 0; i < s->nr_cells; i++)
		if (s->cell[i].is_number)
			doc_number(t, s->cell[i].value, s->cell[i].digits);
		else
			doc_cell(t, "%s", s->cell[i].text);
	ret = doc_markdown(d, ".", to);
	doc_free(d);
	return ret;
}

static json_t *json_of(const struct cell *c)
{
	if (!c->is_number)
		return must(json_string(c->text));
	if (!isfinite(c->value))
		return json_null();
	if (!c->digits)
		return must(json_integer((json_int_t)llround(c->value)));
	return must(json_real(c->value));
}

static void print_json(const struct sheet *s, FILE *to)
{
	json_t *all = must(json_array()), *row = NULL;
	size_t i;

	for (i = 0; i < s->nr_cells; i++) {
		if (i % s->nr_columns == 0)
			json_array_append_new(all, row = must(json_object()));
		json_object_set_new(row, s->column[i % s->nr_columns], json_of(&s->cell[i]));
	}
	json_dumpf(all, to, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
	fputc('\n', to);
	json_decref(all);
}

int sheet_print(const struct sheet *s, enum sheet_format format, FILE *to)
{
	int ret = 0;

	if (format == SHEET_MARKDOWN)
		ret = print_markdown(s, to);
	else if (format == SHEET_JSON)
		print_json(s, to);
	else
		print_text(s, to);
	if (!ret && (fflush(to) || ferror(to)))
		ret = errno ? -errno : -EIO;
	return ret;
}
