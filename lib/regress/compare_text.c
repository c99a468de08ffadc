// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>

#include "compare_words.h"
#include "compare_write.h"

static const char *const colours[NR_VERDICTS] = {
	[VERDICT_SAME] = "",
	[VERDICT_SLOWER] = "\033[31m",
	[VERDICT_FASTER] = "\033[32m",
	[VERDICT_UNSETTLED] = "\033[33m",
	[VERDICT_INCONCLUSIVE] = "\033[33m",
};

/* Prints and frees. */
static void print_line(FILE *to, const char *before, char *text)
{
	if (text)
		fprintf(to, "%s%s\n", before, text);
	free(text);
}

static void print_row(FILE *to, const struct compare *c, const struct compare_row *r,
		      bool colour)
{
	char *change = words_change(r->effect), *old = words_value(r->old_value);
	char *new = words_value(r->new_value), *difference = words_difference(c, r);
	char *remark = words_remark(c, r);
	bool coloured = colour && *colours[r->verdict];

	fprintf(to, "%s%9s%s %12s %12s %11s %-12s  %s  (%s)\n",
		coloured ? colours[r->verdict] : "", change, coloured ? "\033[0m" : "", old, new,
		difference, r->old->unit, r->old->key, remark);
	free(change);
	free(old);
	free(new);
	free(difference);
	free(remark);
}

static void print_only(FILE *to, const char *where, const struct compare_only *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		fprintf(to, "only in %s: %s%s%s\n", where, list[i].bench->key,
			list[i].why ? ": " : "", list[i].why ? list[i].why : "");
}

void compare_text(FILE *to, const struct compare *c, bool all, bool colour)
{
	size_t i, rows = 0;

	print_line(to, "OLD ", words_side(c->old));
	print_line(to, "NEW ", words_side(c->new));
	print_line(to, "", words_mode(c));
	for (i = 0; i < c->nr_differences; i++)
		if (!c->differences[i].is_decisive)
			fprintf(to, "differs: %s: %s in OLD, %s in NEW\n", c->differences[i].field,
				c->differences[i].old, c->differences[i].new);
	for (i = 0; i < c->nr_warnings; i++)
		fprintf(to, "warning: %s\n", c->warnings[i]);
	for (i = 0; i < c->nr_rows; i++) {
		if (!all && c->rows[i].verdict == VERDICT_SAME)
			continue;
		if (!rows++)
			fprintf(to, "\n%9s %12s %12s %11s %-12s  benchmark\n", "change", "OLD",
				"NEW", "difference", "unit");
		print_row(to, c, &c->rows[i], colour);
	}
	putc('\n', to);
	print_only(to, "OLD", c->only_old, c->nr_only_old);
	print_only(to, "NEW", c->only_new, c->nr_only_new);
	print_line(to, "", words_detectable(c));
	print_line(to, "", words_summary(c));
}
