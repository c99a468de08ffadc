// SPDX-License-Identifier: GPL-2.0-only
/* The document as it is built; doc_html.c and doc_markdown.c write it. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "doc.h"
#include "doc_blocks.h"
#include "results.h"

struct doc *doc_new(void)
{
	return must(calloc(1, sizeof(struct doc)));
}

static void free_table(struct doc_table *t)
{
	size_t i;

	if (!t)
		return;
	for (i = 0; i < t->nr_columns; i++)
		free(t->columns[i].title);
	for (i = 0; i < t->nr_cells; i++)
		free(t->cells[i].text);
	free(t->columns);
	free(t->cells);
	free(t->caption);
	free(t);
}

void doc_free(struct doc *d)
{
	size_t i;

	if (!d)
		return;
	for (i = 0; i < d->nr_blocks; i++) {
		free(d->blocks[i].label);
		free(d->blocks[i].text);
		free_table(d->blocks[i].table);
	}
	free(d->blocks);
	free(d);
}

static struct doc_block *add(struct doc *d, enum doc_block_type type,
			     const char *label, char *text)
{
	struct doc_block *b;

	d->blocks = must_grow(d->blocks, d->nr_blocks, sizeof(*d->blocks));
	b = &d->blocks[d->nr_blocks++];
	*b = (struct doc_block){
		.type = type,
		.label = label ? must_copy(label) : NULL,
		.text = text,
	};
	return b;
}

void doc_append(struct doc *d, struct doc *from)
{
	size_t i;

	for (i = 0; i < from->nr_blocks; i++) {
		d->blocks = must_grow(d->blocks, d->nr_blocks, sizeof(*d->blocks));
		d->blocks[d->nr_blocks++] = from->blocks[i];
	}
	free(from->blocks);
	free(from);
}

/* A function of the interface that only adds a block of text. */
#define ADD(d_, type_, label_, fmt_) do { \
	va_list args_; \
	va_start(args_, fmt_); \
	add(d_, type_, label_, must_vprint(fmt_, args_)); \
	va_end(args_); \
} while (0)

void doc_heading(struct doc *d, int level, const char *id, const char *fmt, ...)
{
	ADD(d, DOC_HEADING, id, fmt);
	d->blocks[d->nr_blocks - 1].level = level;
}

void doc_text(struct doc *d, const char *fmt, ...)
{
	ADD(d, DOC_PARAGRAPH, NULL, fmt);
}

void doc_labelled(struct doc *d, const char *label, const char *fmt, ...)
{
	ADD(d, DOC_PARAGRAPH, label, fmt);
}

void doc_note(struct doc *d, const char *fmt, ...)
{
	ADD(d, DOC_NOTE, NULL, fmt);
}

void doc_answer(struct doc *d, const char *fmt, ...)
{
	ADD(d, DOC_ANSWER, "Answer", fmt);
}

void doc_item(struct doc *d, const char *link, const char *fmt, ...)
{
	ADD(d, DOC_ITEM, link, fmt);
}

void doc_command(struct doc *d, const char *fmt, ...)
{
	ADD(d, DOC_COMMAND, NULL, fmt);
}

void doc_figure(struct doc *d, const char *path, const char *alt)
{
	add(d, DOC_FIGURE, path, must_copy(alt));
}

struct doc_table *doc_table(struct doc *d, const char *fmt, ...)
{
	struct doc_table *t = must(calloc(1, sizeof(*t)));
	va_list args;

	va_start(args, fmt);
	t->caption = must_vprint(fmt, args);
	va_end(args);
	add(d, DOC_TABLE, NULL, NULL)->table = t;
	return t;
}

void doc_column(struct doc_table *t, enum doc_column type, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	t->columns = must_grow(t->columns, t->nr_columns, sizeof(*t->columns));
	t->columns[t->nr_columns++] = (struct doc_column_head){ type, must_vprint(fmt, args) };
	va_end(args);
}

static void add_cell(struct doc_table *t, char *text, double value)
{
	t->cells = must_grow(t->cells, t->nr_cells, sizeof(*t->cells));
	t->cells[t->nr_cells++] = (struct doc_table_cell){ text, value };
}

void doc_cell(struct doc_table *t, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_cell(t, must_vprint(fmt, args), NAN);
	va_end(args);
}

void doc_number(struct doc_table *t, double value, int digits)
{
	add_cell(t, must_copy(isnan(value) ? "–" : doc_value(value, digits)), value);
}

void doc_estimate(struct doc_table *t, const struct estimate *e, int digits)
{
	const char *value = doc_value(e->value, digits);
	const char *low = doc_value(e->low, digits), *high = doc_value(e->high, digits);

	if (isnan(e->value) || isnan(e->low) || isnan(e->high) ||
	    (!strcmp(low, value) && !strcmp(high, value)))
		doc_number(t, e->value, digits);
	else
		add_cell(t, must_print("%s (%s to %s)", value, low, high), e->value);
}

/* Digits before the point in groups of three. */
static void group(const char *plain, char *to, size_t len)
{
	size_t whole = strcspn(plain, "."), sign = *plain == '-', n = 0, i;

	for (i = 0; plain[i] && n + 2 < len; i++) {
		if (i > sign && i < whole && (whole - i) % 3 == 0)
			to[n++] = ',';
		to[n++] = plain[i];
	}
	to[n] = 0;
}

const char *doc_value(double value, int digits)
{
	static char buffers[64][64];
	static unsigned int next;
	char *to = buffers[next++ % 64], plain[48];

	if (isnan(value))
		return "not measured";
	if (fabs(value) >= 1e15)
		snprintf(plain, sizeof(plain), "%.3g", value);
	else
		snprintf(plain, sizeof(plain), "%.*f", digits, value);
	if (plain[0] == '-' && !strpbrk(plain, "123456789"))
		memmove(plain, plain + 1, strlen(plain)); /* no "-0" */
	group(plain, to, sizeof(buffers[0]));
	return to;
}

size_t doc_nr_answers(const struct doc *d)
{
	size_t i, n = 0;

	for (i = 0; i < d->nr_blocks; i++)
		n += d->blocks[i].type == DOC_ANSWER;
	return n;
}

const char *doc_answer_at(const struct doc *d, size_t i)
{
	size_t k;

	for (k = 0; k < d->nr_blocks; k++)
		if (d->blocks[k].type == DOC_ANSWER && !i--)
			return d->blocks[k].text;
	return NULL;
}
