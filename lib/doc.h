/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small document: headings, paragraphs, tables, figures; written as HTML for
 * report.html or as GitHub's Markdown for METHODOLOGY.md. All texts are plain
 * text and are escaped by the renderer; `code` between backquotes is set as such.
 * Out of memory ends the program (exit status 1): a report is no long-running one.
 */
#ifndef HMMSTORM_DOC_H
#define HMMSTORM_DOC_H

#include <stddef.h>
#include <stdio.h>

struct doc;
struct doc_table;
struct estimate;

#define DOC_FORMAT(a, b) __attribute__((format(printf, a, b)))

struct doc *doc_new(void);
void doc_free(struct doc *d);
/* What `from` has goes to the end of d; from is freed. */
void doc_append(struct doc *d, struct doc *from);

/* level 1 to 4. id: the anchor, NULL: none. */
void doc_heading(struct doc *d, int level, const char *id, const char *fmt, ...)
	DOC_FORMAT(4, 5);
void doc_text(struct doc *d, const char *fmt, ...) DOC_FORMAT(2, 3);
/* A paragraph that begins with a word in bold: "Question", "Error". */
void doc_labelled(struct doc *d, const char *label, const char *fmt, ...)
	DOC_FORMAT(3, 4);
/* Set apart: a limit, something not measured. */
void doc_note(struct doc *d, const char *fmt, ...) DOC_FORMAT(2, 3);
/* The experiment's answer, one sentence. The summary is made of these. */
void doc_answer(struct doc *d, const char *fmt, ...) DOC_FORMAT(2, 3);
/* Items one below the other; consecutive calls make one list. */
void doc_item(struct doc *d, const char *link, const char *fmt, ...)
	DOC_FORMAT(3, 4);
/* A command a line, to copy; consecutive calls make one block. */
void doc_command(struct doc *d, const char *fmt, ...) DOC_FORMAT(2, 3);
/* A picture: PATH without suffix, PATH.svg and PATH.png exist (lib/figure.h). alt
 * says in words what can be seen.
 */
void doc_figure(struct doc *d, const char *path, const char *alt);

enum doc_column { DOC_TEXT, DOC_NUMBER };

/* Columns first, then cells, row by row from left to right. A row that is not full
 * is a defect (abort).
 */
struct doc_table *doc_table(struct doc *d, const char *fmt, ...) DOC_FORMAT(2, 3);
void doc_column(struct doc_table *t, enum doc_column type, const char *fmt, ...)
	DOC_FORMAT(3, 4);
void doc_cell(struct doc_table *t, const char *fmt, ...) DOC_FORMAT(2, 3);
/* Thousands are set apart; NaN is written as an empty cell's dash. */
void doc_number(struct doc_table *t, double value, int digits);
/* The value and, where there is one and it is not the value itself, its interval:
 * "2,577 (2,571 to 2,590)". Sorts by the value.
 */
void doc_estimate(struct doc_table *t, const struct estimate *e, int digits);

/* A number as the tables write it ("1,048,576", "0.93"), for sentences: with as many
 * digits after the point. One of 64 buffers, in turn. NaN: "not measured".
 */
const char *doc_value(double value, int digits);

/* The answers, in order: how many, and the text of the i-th. */
size_t doc_nr_answers(const struct doc *d);
const char *doc_answer_at(const struct doc *d, size_t i);

/* A whole page; SVGs are read and put into it. 0 or -errno, and a line on stderr if
 * a picture cannot be read.
 */
int doc_html(const struct doc *d, const char *title, FILE *to);
/* Pictures are linked relative to the folder `base`. */
int doc_markdown(const struct doc *d, const char *base, FILE *to);

#endif
