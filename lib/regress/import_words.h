/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results folders side by side, in words: imported figures of other drivers and our own
 * of a storm (program stress) or of hmmstorm bench --explain. A word is said of a
 * driver's figures only where they count the same thing; the table in import_words.c has the
 * kernel function that each comes from.
 */
#ifndef HMMSTORM_REGRESS_IMPORT_WORDS_H
#define HMMSTORM_REGRESS_IMPORT_WORDS_H

#include <stddef.h>

struct doc;

/* -errno, and one line on stderr: a folder cannot be read, or has none of these programs. */
int words_report(struct doc *d, char *const *dirs, size_t nr);

#endif
