// SPDX-License-Identifier: GPL-2.0-only
#include "markup.h"

void markup_char(FILE *to, char c)
{
	switch (c) {
	case '&':
		fputs("&amp;", to);
		break;
	case '<':
		fputs("&lt;", to);
		break;
	case '>':
		fputs("&gt;", to);
		break;
	case '"':
		fputs("&quot;", to);
		break;
	case '\'':
		fputs("&#39;", to);
		break;
	default:
		fputc((unsigned char)c < ' ' && c != '\n' && c != '\t' ? '?' : c, to);
	}
}

void markup_text(FILE *to, const char *text)
{
	for (; *text; text++)
		markup_char(to, *text);
}
