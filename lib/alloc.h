/* SPDX-License-Identifier: GPL-2.0-only */
/* Memory for the programs that read results and write reports: there is nothing to
 * be saved when none is left, so they end with one line and status 1. Not for what
 * runs while a kernel is measured.
 */
#ifndef HMMSTORM_ALLOC_H
#define HMMSTORM_ALLOC_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void *must(void *p)
{
	if (p)
		return p;
	fputs("hmmstorm: out of memory\n", stderr);
	exit(1);
}

static inline char *must_copy(const char *text)
{
	return must(strdup(text));
}

/* Room for one more element at the end of an array of n; all old ones move. Doubles at
 * powers of two, so that no capacity needs to be kept.
 */
static inline void *must_grow(void *array, size_t n, size_t size)
{
	if (n & (n - 1))
		return array;
	return must(realloc(array, (n ? 2 * n : 1) * size));
}

static inline char *must_vprint(const char *fmt, va_list args)
{
	char *text;

	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	return must(text);
}

__attribute__((format(printf, 1, 2)))
static inline char *must_print(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = must_vprint(fmt, args);
	va_end(args);
	return text;
}

#endif
