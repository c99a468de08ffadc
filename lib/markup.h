/* SPDX-License-Identifier: GPL-2.0-only */
/* Text in XML and HTML, in an element or in an attribute's quotes. */
#ifndef HMMSTORM_MARKUP_H
#define HMMSTORM_MARKUP_H

#include <stdio.h>

/* What has a meaning there is written by name; a control character, which XML 1.0 has no
 * way to write, is a question mark.
 */
void markup_char(FILE *to, char c);
void markup_text(FILE *to, const char *text);

#endif
