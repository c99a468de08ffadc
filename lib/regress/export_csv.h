/* SPDX-License-Identifier: GPL-2.0-only */
/* A field of CSV as RFC 4180 quotes it. */
#ifndef HMMSTORM_REGRESS_EXPORT_CSV_H
#define HMMSTORM_REGRESS_EXPORT_CSV_H

#include <stdio.h>
#include <string.h>

static inline void csv_text(FILE *to, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		fputs(text, to);
		return;
	}
	fputc('"', to);
	for (; *text; text++)
		fprintf(to, *text == '"' ? "\"\"" : "%c", *text);
	fputc('"', to);
}

#endif
