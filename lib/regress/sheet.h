/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table for a terminal, for Markdown (lib/doc.h), or for programs: a JSON array with
 * an object a row, its keys the columns' names. Numbers that are NaN are a dash, and
 * null in JSON, where all digits are kept. Out of memory ends the program.
 */
#ifndef HMMSTORM_SHEET_H
#define HMMSTORM_SHEET_H

#include <stddef.h>
#include <stdio.h>

enum sheet_format { SHEET_TEXT, SHEET_MARKDOWN, SHEET_JSON };

/* Their names, in that order; the last is NULL. */
extern const char *const sheet_formats[];

struct sheet;

struct sheet *sheet_new(const char *title);
void sheet_free(struct sheet *s);
/* Columns first, then cells, row by row from left to right. */
void sheet_column(struct sheet *s, const char *name);
void sheet_words(struct sheet *s, const char *text);
void sheet_number(struct sheet *s, double value, int digits);
size_t sheet_rows(const struct sheet *s);
/* 0, or -errno of the file. */
int sheet_print(const struct sheet *s, enum sheet_format format, FILE *to);

#endif
