// SPDX-License-Identifier: GPL-2.0-only
/* lib/doc.c and its renderers, and the pictures of lib/figure.c. */
#include <errno.h>
#include <math.h>

#include "../lib/doc.h"
#include "../lib/figure.h"
#include "../lib/results.h"
#include "../lib/tap.h"
#include "child.h"

#define NASTY "<script>alert(\"x\")</script> & | * `a<b|c` _x_ it's"

static char *render(const struct doc *d, bool html)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = open_memstream(&text, &len);

	if (html)
		doc_html(d, "A <title>", to);
	else
		doc_markdown(d, scratch, to);
	fclose(to);
	return text;
}

static void has(const char *text, const char *part, const char *what)
{
	if (!tap_ok(strstr(text, part), "%s", what))
		printf("# no %s in:\n# %.3000s\n", part, text);
}

static void has_no(const char *text, const char *part, const char *what)
{
	const char *p = strstr(text, part);

	if (!tap_ok(!p, "%s", what))
		printf("# %.200s\n", p);
}

static void test_values(void)
{
	static const struct {
		double value;
		int digits;
		const char *want;
	} rows[] = {
		{ 0, 0, "0" }, { 999, 0, "999" }, { 1000, 0, "1,000" }, { 1048576, 0, "1,048,576" },
		{ -1234.5, 1, "-1,234.5" }, { -0.01, 0, "0" }, { 0.934, 2, "0.93" },
		{ 123456.789, 3, "123,456.789" }, { NAN, 0, "not measured" },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (!tap_ok(!strcmp(doc_value(rows[i].value, rows[i].digits), rows[i].want), "a number: %s", rows[i].want))
			printf("# got %s\n", doc_value(rows[i].value, rows[i].digits));
}

static struct doc *make_doc(void)
{
	struct estimate wide = { 2577, 2571, 2590, 10 }, sharp = { 5, 5, 5, 10 };
	struct doc *d = doc_new();
	struct doc_table *t;

	doc_heading(d, 2, "E3", "Heading %s", NASTY);
	doc_text(d, "%s", NASTY);
	doc_labelled(d, "Question", "why");
	doc_note(d, "a note");
	doc_item(d, "E3", "first");
	doc_item(d, NULL, "second");
	doc_command(d, "./hmmstorm run '<x>'");
	doc_command(d, "another");
	t = doc_table(d, "caption %s", NASTY);
	doc_column(t, DOC_TEXT, "what %s", NASTY);
	doc_column(t, DOC_NUMBER, "cost");
	doc_cell(t, "%s", NASTY);
	doc_number(t, 1048576, 0);
	doc_cell(t, "wide");
	doc_estimate(t, &wide, 0);
	doc_cell(t, "sharp");
	doc_estimate(t, &sharp, 0);
	doc_cell(t, "none");
	doc_number(t, NAN, 0);
	doc_answer(d, "it costs %s", doc_value(1234, 0));
	return d;
}

static void test_html(const struct doc *d)
{
	char *html = render(d, true), *body = strstr(html, "</style>");

	has(html, "<title>A &lt;title&gt;</title>", "HTML: title, escaped");
	has(html, "<h2 id=\"E3\">Heading &lt;script&gt;", "heading with its anchor, escaped");
	has(html, "<a href=\"#E3\">Heading", "and in the contents");
	has(body, "&amp; | * <code>a&lt;b|c</code> _x_ it&#39;s", "code between backquotes, all else as it is");
	has_no(body, "<script>alert", "no markup comes out of a text");
	has(html, "<th scope=\"row\">", "a row's head says so");
	has(html, "<th scope=\"col\" class=\"n\"><button type=\"button\">cost</button></th>", "a column's too, and sorts");
	has(html, "data-v=\"1048576\">1,048,576</td>", "a number sorts as one");
	has(html, "data-v=\"2577\">2,577 (2,571 to 2,590)</td>", "an estimate sorts by its value");
	has(html, "data-v=\"5\">5</td>", "an interval of no width is not told");
	has(html, "<td class=\"n\">–</td>", "what was not measured is a dash");
	has_no(body, "nan", "and no NaN");
	has(html, "<pre tabindex=\"0\"><code>./hmmstorm run &#39;&lt;x&gt;&#39;</code><code>another</code></pre>", "commands in one block");
	has(html, "<ul class=\"list\">\n<li><a href=\"#E3\">E3</a> first</li>\n<li>second</li>\n</ul>", "items in one list");
	has(html, "<p class=\"answer\"><strong>Answer.</strong> it costs 1,234</p>", "the answer");
	has(html, "prefers-color-scheme:dark", "a dark page");
	free(html);
}

static void test_markdown(const struct doc *d)
{
	char *text = render(d, false);

	has(text, "## Heading \\<script\\>alert", "Markdown: heading, escaped");
	has(text, "\\| \\* `a<b\\|c` \\_x\\_ it's", "what Markdown would take for more");
	has(text, "| wide | 2,577 (2,571 to 2,590) |\n", "a row");
	has(text, "| --- | ---: |\n", "numbers to the right");
	has(text, "\n    ./hmmstorm run '<x>'\n    another\n", "commands as they are");
	has(text, "- [E3](#E3) first\n- second\n", "one list");
	has(text, "> a note\n", "a note");
	has(text, "**Answer.** it costs 1,234\n", "the answer");
	free(text);
}

static void test_answers(struct doc *d)
{
	struct doc *other = doc_new();

	doc_answer(other, "another");
	doc_append(d, other);
	tap_eq((long long)doc_nr_answers(d), 2, "answers of both documents");
	tap_ok(!strcmp(doc_answer_at(d, 0), "it costs 1,234"), "the first");
	tap_ok(!strcmp(doc_answer_at(d, 1), "another"), "the second");
	tap_ok(!doc_answer_at(d, 2), "no third");
}

static int draw(enum figure_kind kind, const char *name, char *path, size_t len)
{
	struct figure *f = figure_new(kind, name, "It's `a` \"title\" <b>", "9.9.9-test, mirror");
	int ret;

	figure_x(f, kind == FIGURE_BARS ? FIGURE_LINEAR : FIGURE_LOG2, "pages");
	figure_y(f, kind == FIGURE_MAP ? FIGURE_LOG2 : FIGURE_LINEAR, "cost (instructions)");
	figure_z(f, FIGURE_LOG10, "ratio", 0, 0);
	figure_zero(f);
	figure_group(f, "one");
	figure_group(f, "two");
	figure_series(f, "never measured", false);
	figure_point(f, 1, NAN);
	figure_series(f, "first one", false);
	if (kind == FIGURE_MAP) {
		figure_free(f);
		f = figure_new(kind, name, "It's `a` \"title\" <b>", "9.9.9-test, mirror");
		figure_x(f, FIGURE_LOG10, "ratio");
		figure_y(f, FIGURE_LOG2, "batch");
		figure_z(f, FIGURE_LOG10, "lazy / eager", 0, 0);
		figure_series(f, "cells", false);
		figure_cell(f, 1, 1, 0.5);
		figure_cell(f, 10, 1, 2);
		figure_cell(f, 1, 4, 1);
		figure_series(f, "first one", false);
	}
	figure_error(f, kind == FIGURE_MAP, 1, 0.5, 2);
	figure_point(f, 1, 2);
	ret = figure_draw(f, scratch, path, len);
	figure_free(f);
	return ret;
}

static char *read_all(const char *path, const char *suffix)
{
	char name[600];

	snprintf(name, sizeof(name), "%s.%s", path, suffix);
	return slurp_file(name);
}

static void test_picture(enum figure_kind kind, const char *name)
{
	char path[512] = "", *svg, *png;

	tap_eq(draw(kind, name, path, sizeof(path)), 0, name);
	svg = read_all(path, "svg");
	png = read_all(path, "png");
	has(svg, "9.9.9-test, mirror", "its subtitle");
	has(svg, "It's `a` \"title\" &lt;b>", "its title, as it is");
	has(svg, "first one", "its series");
	has_no(svg, "never measured", "none that has no points");
	tap_ok(!strncmp(png, "\x89PNG", 4), "and as PNG");
	free(svg);
	free(png);
}

static void test_figures(void)
{
	struct figure *empty = figure_new(FIGURE_LINES, "empty", "t", "s");
	struct doc *d = doc_new();
	char path[512] = "", *text;

	test_picture(FIGURE_LINES, "lines");
	test_picture(FIGURE_BARS, "bars");
	test_picture(FIGURE_STEPS, "steps");
	test_picture(FIGURE_MAP, "map");
	figure_series(empty, "nothing", false);
	tap_eq(figure_draw(empty, scratch, path, sizeof(path)), -ENODATA, "a figure of nothing is not drawn");
	figure_free(empty);
	snprintf(path, sizeof(path), "%s/plots/lines", scratch);
	doc_figure(d, path, "what it " NASTY);
	doc_figure(d, path, "again");
	text = render(d, true);
	has(text, "role=\"img\" aria-labelledby=\"f0\"><title id=\"f0\">what it &lt;script&gt;", "in the page, with its text");
	has(text, "id='f1-gpPt0'", "each drawing has its own ids");
	has(text, "href='#f1-gp", "and uses them");
	has_no(text, "http:", "nothing from elsewhere");
	has_no(text, "xmlns", "no name space");
	has_no(text, "fill=\"#ffffff\"", "no white ground");
	free(text);
	text = render(d, false);
	has(text, "](plots/lines.svg)", "in Markdown by its path from the file");
	free(text);
	doc_free(d);
}

static void test_no_picture(void)
{
	struct doc *d = doc_new();
	FILE *to = fopen("/dev/null", "we");

	doc_figure(d, scratch_path("missing"), "x");
	tap_eq(doc_html(d, "t", to), -EINVAL, "a page without its picture is an error");
	fclose(to);
	doc_free(d);
}

int main(void)
{
	struct doc *d;

	scratch_init();
	test_values();
	d = make_doc();
	test_html(d);
	test_markdown(d);
	test_answers(d);
	doc_free(d);
	test_figures();
	test_no_picture();
	return tap_done();
}
