// SPDX-License-Identifier: GPL-2.0-only
/* GitHub's Markdown. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "doc_blocks.h"

size_t doc_code(const char *p)
{
	const char *end = *p == '`' ? strchr(p + 1, '`') : NULL;

	return end && end > p + 1 ? (size_t)(end - p) + 1 : 0;
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Would Markdown take this character for more than itself? An underscore between
 * letters it does not.
 */
static bool is_special(const char *text, const char *p)
{
	if (*p == '_')
		return p == text || !is_word(p[-1]) || !is_word(p[1]);
	if (*p == '#' || *p == '-' || *p == '+')
		return p == text && (p[1] == ' ' || p[1] == '#');
	return *p && strchr("\\`*<>[]|~&", *p);
}

static void put(const char *text, FILE *to)
{
	const char *p;
	size_t n;

	for (p = text; *p; p++) {
		n = doc_code(p);
		for (; n > 1; n--, p++) {
			if (*p == '|')
				fputc('\\', to);
			fputc(*p, to);
		}
		if (n)
			fputc(*p, to);
		else if (*p == '\n')
			fputc(' ', to);
		else
			fprintf(to, is_special(text, p) ? "\\%c" : "%c", *p);
	}
}

static void put_table(const struct doc_table *t, FILE *to)
{
	size_t rows = doc_table_rows(t), r, c;

	put(t->caption, to);
	fputs("\n\n|", to);
	for (c = 0; c < t->nr_columns; c++) {
		fputc(' ', to);
		put(t->columns[c].title, to);
		fputs(" |", to);
	}
	fputs("\n|", to);
	for (c = 0; c < t->nr_columns; c++)
		fputs(t->columns[c].type == DOC_NUMBER ? " ---: |" : " --- |", to);
	fputc('\n', to);
	for (r = 0; r < rows; r++) {
		fputc('|', to);
		for (c = 0; c < t->nr_columns; c++) {
			fputc(' ', to);
			put(t->cells[r * t->nr_columns + c].text, to);
			fputs(" |", to);
		}
		fputc('\n', to);
	}
}

/* path as seen from the folder base: what both begin with is left out. */
static char *relative(const char *path, const char *base)
{
	char *a = realpath(base, NULL), *b = NULL, *dir = must_copy(path), *up, *all;
	char *slash = strrchr(dir, '/');
	size_t same = 0, i;

	if (slash) {
		*slash = 0;
		b = realpath(*dir ? dir : "/", NULL);
	}
	if (!a || !b) {
		free(a);
		free(b);
		free(dir);
		return must_copy(path);
	}
	for (i = 0; a[i] && a[i] == b[i]; i++)
		if (a[i] == '/')
			same = i + 1;
	if ((!a[i] || a[i] == '/') && (!b[i] || b[i] == '/'))
		same = i + !!b[i];
	up = must_copy("");
	for (i = same; i <= strlen(a) && same < strlen(a); i++)
		if (a[i] == '/' || !a[i]) {
			all = must_print("../%s", up);
			free(up);
			up = all;
		}
	if (strlen(b) > same)
		all = must_print("%s%s/%s", up, b + same, slash + 1);
	else
		all = must_print("%s%s", up, slash + 1);
	free(up);
	free(a);
	free(b);
	free(dir);
	return all;
}

static void put_figure(const struct doc_block *b, const char *base, FILE *to)
{
	char *path = relative(b->label, base);

	fputs("![", to);
	put(b->text, to);
	fprintf(to, "](%s.svg)\n", path);
	free(path);
}

static void put_labelled(const struct doc_block *b, FILE *to)
{
	if (b->label)
		fprintf(to, "**%s.** ", b->label);
	put(b->text, to);
	fputc('\n', to);
}

static void put_item(const struct doc_block *b, FILE *to)
{
	fputs("- ", to);
	if (b->label)
		fprintf(to, "[%s](#%s) ", b->label, b->label);
	put(b->text, to);
	fputc('\n', to);
}

static void put_block(const struct doc_block *b, const char *base, FILE *to)
{
	switch (b->type) {
	case DOC_HEADING:
		fprintf(to, "%.*s ", b->level, "######");
		put(b->text, to);
		fputc('\n', to);
		break;
	case DOC_NOTE:
		fputs("> ", to);
		put_labelled(b, to);
		break;
	case DOC_PARAGRAPH:
	case DOC_ANSWER:
		put_labelled(b, to);
		break;
	case DOC_ITEM:
		put_item(b, to);
		break;
	case DOC_COMMAND:
		fprintf(to, "    %s\n", b->text);
		break;
	case DOC_FIGURE:
		put_figure(b, base, to);
		break;
	case DOC_TABLE:
		put_table(b->table, to);
		break;
	}
}

int doc_markdown(const struct doc *d, const char *base, FILE *to)
{
	size_t i;

	for (i = 0; i < d->nr_blocks; i++) {
		const struct doc_block *b = &d->blocks[i];
		bool joins = i && b->type == b[-1].type &&
			     (b->type == DOC_ITEM || b->type == DOC_COMMAND);

		if (i && !joins)
			fputc('\n', to);
		put_block(b, base, to);
	}
	return ferror(to) ? -EIO : 0;
}
