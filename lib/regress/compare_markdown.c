// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "compare_words.h"
#include "compare_write.h"

/* A text, so that none of its characters is Markdown's. */
static void put(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (strchr("\\`*_[]<>|#~", *text))
			putc('\\', to);
		putc(*text == '\n' ? ' ' : *text, to);
	}
}

/* Prints and frees. */
static void put_line(FILE *to, const char *before, char *text, const char *after)
{
	if (text) {
		fputs(before, to);
		put(to, text);
		fputs(after, to);
	}
	free(text);
}

static void put_row(FILE *to, const struct compare *c, const struct compare_row *r)
{
	put_line(to, "| ", words_change(r->effect), "");
	put_line(to, " | ", words_value(r->old_value), "");
	put_line(to, " | ", words_value(r->new_value), "");
	put_line(to, " | ", words_difference(c, r), " | ");
	fputs(r->old->unit, to);
	fputs(" | ", to);
	put(to, r->old->key);
	put_line(to, " | ", words_remark(c, r), " |\n");
}

static void put_only(FILE *to, const char *where, const struct compare_only *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		fprintf(to, "- only in %s: ", where);
		put(to, list[i].bench->key);
		if (list[i].why) {
			fputs(": ", to);
			put(to, list[i].why);
		}
		putc('\n', to);
	}
}

void compare_markdown(FILE *to, const struct compare *c, bool all)
{
	size_t i, rows = 0;

	put_line(to, "**", words_summary(c), "**\n\n");
	put_line(to, "- OLD ", words_side(c->old), "\n");
	put_line(to, "- NEW ", words_side(c->new), "\n");
	put_line(to, "- ", words_mode(c), "\n");
	put_line(to, "- ", words_detectable(c), "\n");
	for (i = 0; i < c->nr_differences; i++) {
		if (c->differences[i].is_decisive)
			continue;
		fprintf(to, "- differs: %s: ", c->differences[i].field);
		put(to, c->differences[i].old);
		fputs(" in OLD, ", to);
		put(to, c->differences[i].new);
		fputs(" in NEW\n", to);
	}
	for (i = 0; i < c->nr_warnings; i++) {
		fputs("- warning: ", to);
		put(to, c->warnings[i]);
		putc('\n', to);
	}
	put_only(to, "OLD", c->only_old, c->nr_only_old);
	put_only(to, "NEW", c->only_new, c->nr_only_new);
	for (i = 0; i < c->nr_rows; i++) {
		if (!all && c->rows[i].verdict == VERDICT_SAME)
			continue;
		if (!rows++)
			fputs("\n| change | OLD | NEW | difference | unit | benchmark | verdict |\n"
			      "| ---: | ---: | ---: | ---: | --- | --- | --- |\n", to);
		put_row(to, c, &c->rows[i]);
	}
}
