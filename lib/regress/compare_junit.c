// SPDX-License-Identifier: GPL-2.0-only
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../markup.h"
#include "compare_words.h"
#include "compare_write.h"

static void begin_case(FILE *to, const struct side_bench *b)
{
	fputs("  <testcase classname=\"hmmstorm.", to);
	fwrite(b->name, 1, strcspn(b->name, "./&<>\""), to);
	fputs("\" name=\"", to);
	markup_text(to, b->key);
	fputs("\">", to);
}

static void put_message(FILE *to, const char *element, const char *text, const char *end)
{
	fprintf(to, "<%s message=\"", element);
	markup_text(to, text);
	fprintf(to, "\"%s", end);
}

static void put_row(FILE *to, const struct compare *c, const struct compare_row *r)
{
	char *change = words_change(r->effect), *remark = words_remark(c, r);
	char *old = words_value(r->old_value), *new = words_value(r->new_value);
	char *text = must_print("%s: %s to %s %s: %s", change, old, new, r->old->unit, remark);

	begin_case(to, r->old);
	if (is_regression(r)) {
		put_message(to, "failure", text, " type=\"regression\"/>");
	} else if (r->verdict == VERDICT_INCONCLUSIVE) {
		put_message(to, "skipped", text, "/>");
	} else {
		fputs("<system-out>", to);
		markup_text(to, text);
		fputs("</system-out>", to);
	}
	fputs("</testcase>\n", to);
	free(change);
	free(remark);
	free(old);
	free(new);
	free(text);
}

static void put_only(FILE *to, const char *where, const struct compare_only *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		char *text = must_print("%s%s%s", where, list[i].why ? ": " : "",
					list[i].why ? list[i].why : "");

		begin_case(to, list[i].bench);
		put_message(to, "skipped", text, "/></testcase>\n");
		free(text);
	}
}

void compare_junit(FILE *to, const struct compare *c)
{
	size_t failures = 0, only = c->nr_only_old + c->nr_only_new, i;
	char *summary = words_summary(c);

	for (i = 0; i < c->nr_rows; i++)
		failures += is_regression(&c->rows[i]);
	fprintf(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		" <testsuite name=\"hmmstorm compare\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
		c->nr_rows + only, failures, c->nr[VERDICT_INCONCLUSIVE] + only);
	for (i = 0; i < c->nr_rows; i++)
		put_row(to, c, &c->rows[i]);
	put_only(to, "only in OLD", c->only_old, c->nr_only_old);
	put_only(to, "only in NEW", c->only_new, c->nr_only_new);
	fputs("  <system-out>", to);
	markup_text(to, summary);
	for (i = 0; i < c->nr_warnings; i++) {
		fputs("; ", to);
		markup_text(to, c->warnings[i]);
	}
	fputs("</system-out>\n </testsuite>\n</testsuites>\n", to);
	free(summary);
}
