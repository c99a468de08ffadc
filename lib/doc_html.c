// SPDX-License-Identifier: GPL-2.0-only
/*
 * One HTML file that needs nothing beside it: style, script and pictures are in it,
 * and nothing in it names another place.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "doc_blocks.h"
#include "markup.h"

static const char style[] =
	":root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--page:#fff;--card:#f6f8fa;"
	"--line:#d0d7de;--link:#0550ae;--mark:#ddf4ff;--edge:#0969da}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9da7b1;--page:#0d1117;"
	"--card:#161b22;--line:#3d444d;--link:#79c0ff;--mark:#0c2d4b;--edge:#4493f8}"
	"figure svg{filter:invert(1) hue-rotate(180deg)}}\n"
	"*{box-sizing:border-box}\n"
	"html{scroll-padding-top:1rem}\n"
	"body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"
	"\"Segoe UI\",\"DejaVu Sans\",sans-serif;overflow-wrap:break-word}\n"
	".page{display:grid;grid-template-columns:15rem minmax(0,60rem);gap:2.5rem;"
	"justify-content:center;padding:1.5rem}\n"
	"nav{position:sticky;top:1.5rem;align-self:start;max-height:calc(100vh - 3rem);overflow:auto;"
	"font-size:.875rem}\n"
	"nav ol{list-style:none;margin:0;padding:0}\n"
	"nav li{margin:.15rem 0}\n"
	"nav li.sub{padding-left:.9rem}\n"
	"nav a{text-decoration:none;display:block;padding:.1rem 0}\n"
	"a{color:var(--link)}\n"
	"a:focus-visible,button:focus-visible,.scroll:focus-visible,pre:focus-visible{"
	"outline:2px solid var(--edge);outline-offset:2px}\n"
	"h1{font-size:1.75rem;line-height:1.25;margin:0 0 1rem}\n"
	"h2{font-size:1.4rem;margin:2.5rem 0 .75rem;padding-bottom:.3rem;"
	"border-bottom:1px solid var(--line)}\n"
	"h3{font-size:1.2rem;margin:2.5rem 0 .5rem}\n"
	"h4{font-size:1rem;margin:1.5rem 0 .4rem}\n"
	"p{margin:.6rem 0;max-width:48rem}\n"
	".answer{background:var(--mark);border-left:4px solid var(--edge);padding:.6rem .9rem;"
	"border-radius:0 6px 6px 0;max-width:none}\n"
	".note{border-left:4px solid var(--line);padding:.2rem .9rem;color:var(--soft)}\n"
	"ul.list{padding-left:1.1rem}\n"
	"ul.list li{margin:.45rem 0}\n"
	"code,pre{font-family:ui-monospace,\"DejaVu Sans Mono\",Consolas,monospace;font-size:.86em}\n"
	"code{background:var(--card);border-radius:4px;padding:.1em .3em}\n"
	"pre{background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.7rem .9rem;"
	"white-space:pre-wrap;overflow-wrap:anywhere}\n"
	"pre code{background:none;padding:0;font-size:1em;display:block;text-indent:-2ch;"
	"padding-left:2ch}\n"
	"figure{margin:1rem 0;border:1px solid var(--line);border-radius:6px;padding:.5rem;"
	"overflow-x:auto}\n"
	"figure svg{display:block;width:100%;min-width:30rem;max-width:52rem;height:auto;margin:auto}\n"
	"figcaption{color:var(--soft);font-size:.875rem;padding:.3rem .5rem 0}\n"
	".scroll{overflow-x:auto;margin:1rem 0}\n"
	"table{border-collapse:collapse;width:max-content;font-size:.875rem;font-variant-numeric:tabular-nums}\n"
	"caption{text-align:left;color:var(--soft);padding:.2rem 0 .4rem;caption-side:top}\n"
	"th,td{border-bottom:1px solid var(--line);padding:.3rem .7rem;text-align:left;"
	"vertical-align:top}\n"
	"thead th{background:var(--card);border-bottom:2px solid var(--line);vertical-align:bottom}\n"
	"caption{max-width:min(56rem,90vw)}\n"
	"th{max-width:14rem}\n"
	"td{max-width:min(42rem,55vw)}\n"
	"td:not(:only-of-type){max-width:13rem;overflow-wrap:anywhere}\n"
	"tbody th{font-weight:500}\n"
	"td.n,th.n{text-align:right}\n"
	"td.n{white-space:nowrap}\n"
	"th button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;"
	"text-align:inherit}\n"
	"th button::after{content:\" \\2195\";color:var(--soft)}\n"
	"th[aria-sort=ascending] button::after{content:\" \\2191\"}\n"
	"th[aria-sort=descending] button::after{content:\" \\2193\"}\n"
	"@media(max-width:60rem){.page{grid-template-columns:minmax(0,1fr);gap:1rem;padding:1rem}"
	"nav{position:static;max-height:none;border:1px solid var(--line);border-radius:6px;"
	"padding:.6rem .9rem}nav ol{columns:2 12rem}}\n"
	"@media print{nav,th button::after{display:none}.page{display:block}}\n";

/* A click sorts by that column, numbers first and as numbers; another one turns it. */
static const char script[] =
	"for (const button of document.querySelectorAll('th button'))\n"
	"  button.addEventListener('click', () => {\n"
	"    const head = button.closest('th'), body = head.closest('table').tBodies[0];\n"
	"    const turn = head.getAttribute('aria-sort') === 'ascending' ? -1 : 1;\n"
	"    const key = row => {\n"
	"      const cell = row.cells[head.cellIndex];\n"
	"      return 'v' in cell.dataset ? [0, Number(cell.dataset.v), ''] : [1, 0, cell.textContent];\n"
	"    };\n"
	"    const rows = [...body.rows].map(row => [key(row), row]);\n"
	"    rows.sort(([a], [b]) => a[0] - b[0] ||\n"
	"      turn * (a[1] - b[1] || a[2].localeCompare(b[2], undefined, { numeric: true })));\n"
	"    for (const other of head.parentNode.cells)\n"
	"      other.removeAttribute('aria-sort');\n"
	"    head.setAttribute('aria-sort', turn > 0 ? 'ascending' : 'descending');\n"
	"    body.append(...rows.map(([, row]) => row));\n"
	"  });\n";

static void put(const char *text, FILE *to)
{
	size_t n;

	while (*text) {
		n = doc_code(text);
		if (!n) {
			markup_char(to, *text++);
			continue;
		}
		fputs("<code>", to);
		for (text++, n -= 2; n; n--)
			markup_char(to, *text++);
		fputs("</code>", to);
		text++;
	}
}

static void put_cell(const struct doc_table *t, size_t row, size_t column, FILE *to)
{
	const struct doc_table_cell *cell = &t->cells[row * t->nr_columns + column];
	const char *tag = column ? "td" : "th";

	fprintf(to, "<%s", tag);
	if (!column)
		fputs(" scope=\"row\"", to);
	if (t->columns[column].type == DOC_NUMBER)
		fputs(" class=\"n\"", to);
	if (isfinite(cell->value))
		fprintf(to, " data-v=\"%.17g\"", cell->value);
	fputc('>', to);
	put(cell->text, to);
	fprintf(to, "</%s>", tag);
}

static void put_table(const struct doc_table *t, FILE *to)
{
	size_t rows = doc_table_rows(t), r, c;

	fputs("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"", to);
	markup_text(to, t->caption);
	fputs("\"><table><caption>", to);
	put(t->caption, to);
	fputs("</caption>\n<thead><tr>", to);
	for (c = 0; c < t->nr_columns; c++) {
		fprintf(to, "<th scope=\"col\"%s><button type=\"button\">",
			t->columns[c].type == DOC_NUMBER ? " class=\"n\"" : "");
		put(t->columns[c].title, to);
		fputs("</button></th>", to);
	}
	fputs("</tr></thead>\n<tbody>\n", to);
	for (r = 0; r < rows; r++) {
		fputs("<tr>", to);
		for (c = 0; c < t->nr_columns; c++)
			put_cell(t, r, c, to);
		fputs("</tr>\n", to);
	}
	fputs("</tbody></table></div>\n", to);
}

static char *read_picture(const char *path)
{
	char *name = must_print("%s.svg", path), *text = NULL;
	size_t room = 0;
	FILE *f = fopen(name, "re");
	ssize_t n = f ? getdelim(&text, &room, 0, f) : -1;

	if (f)
		fclose(f);
	if (n <= 0) {
		fprintf(stderr, "hmmstorm: cannot read the picture %s\n", name);
		free(text);
		text = NULL;
	}
	free(name);
	return text;
}

/* Copies gnuplot's drawing; each id and each use of one gets the figure's number in
 * front, because many drawings stand in one page.
 */
static void put_drawing(const char *p, const char *end, size_t number, FILE *to)
{
	static const struct {
		const char *from, *to;
	} marks[] = {
		{ "xlink:href='#", "href='#" }, { "xlink:href=\"#", "href=\"#" },
		{ "id='", "id='" }, { "id=\"", "id=\"" }, { "url(#", "url(#" },
	};
	size_t i;

	while (p < end) {
		for (i = 0; i < sizeof(marks) / sizeof(*marks); i++)
			if (!strncmp(p, marks[i].from, strlen(marks[i].from)))
				break;
		if (i < sizeof(marks) / sizeof(*marks)) {
			fprintf(to, "%sf%zu-", marks[i].to, number);
			p += strlen(marks[i].from);
		} else {
			fputc(*p++, to);
		}
	}
}

/* The first element that is drawn is a white rectangle; the page has its own ground. */
static void put_without_ground(const char *p, const char *end, size_t number, FILE *to)
{
	const char *ground = strstr(p, "<rect x=\"0\" y=\"0\"");

	if (ground && ground < end && ground < strstr(p, "<defs")) {
		put_drawing(p, ground, number, to);
		p = strchr(ground, '>') + 1;
	}
	put_drawing(p, end, number, to);
}

/* Without its head, whose name spaces HTML needs not, and its white ground. */
static int put_figure(const struct doc_block *b, size_t number, FILE *to)
{
	char *text = read_picture(b->label);
	const char *view = text ? strstr(text, "viewBox=\"") : NULL;
	const char *body = text ? strstr(text, "</desc>") : NULL;
	const char *end = text ? strstr(text, "</svg>") : NULL;

	if (!view || !body || !end) {
		if (text)
			fprintf(stderr, "hmmstorm: %s.svg is no drawing of gnuplot's\n", b->label);
		free(text);
		return -EINVAL;
	}
	view += strlen("viewBox=\"");
	fprintf(to, "<figure><svg viewBox=\"%.*s\" role=\"img\" aria-labelledby=\"f%zu\"><title id=\"f%zu\">",
		(int)strcspn(view, "\""), view, number, number);
	markup_text(to, b->text);
	fputs("</title>", to);
	put_without_ground(body + strlen("</desc>"), end, number, to);
	fputs("</svg><figcaption>", to);
	put(b->text, to);
	fputs("</figcaption></figure>\n", to);
	free(text);
	return 0;
}

static void put_item(const struct doc_block *b, FILE *to)
{
	fputs("<li>", to);
	if (b->label) {
		fputs("<a href=\"#", to);
		markup_text(to, b->label);
		fputs("\">", to);
		markup_text(to, b->label);
		fputs("</a> ", to);
	}
	put(b->text, to);
	fputs("</li>\n", to);
}

static void put_paragraph(const struct doc_block *b, FILE *to)
{
	static const char *const classes[] = {
		[DOC_NOTE] = " class=\"note\"",
		[DOC_ANSWER] = " class=\"answer\"",
	};

	fprintf(to, "<p%s>", b->type == DOC_PARAGRAPH ? "" : classes[b->type]);
	if (b->label) {
		fputs("<strong>", to);
		markup_text(to, b->label);
		fputs(".</strong> ", to);
	}
	put(b->text, to);
	fputs("</p>\n", to);
}

static void put_heading(const struct doc_block *b, FILE *to)
{
	fprintf(to, "<h%d", b->level);
	if (b->label) {
		fputs(" id=\"", to);
		markup_text(to, b->label);
		fputc('"', to);
	}
	fputc('>', to);
	put(b->text, to);
	fprintf(to, "</h%d>\n", b->level);
}

/* Consecutive items and commands stand in one list or block. */
static void put_frame(const struct doc *d, size_t i, bool begin, FILE *to)
{
	enum doc_block_type type = d->blocks[i].type;
	size_t next = begin ? i - 1 : i + 1;

	if (type != DOC_ITEM && type != DOC_COMMAND)
		return;
	if (next < d->nr_blocks && d->blocks[next].type == type)
		return;
	if (type == DOC_ITEM)
		fputs(begin ? "<ul class=\"list\">\n" : "</ul>\n", to);
	else
		fputs(begin ? "<pre tabindex=\"0\">" : "</pre>\n", to);
}

static int put_block(const struct doc *d, size_t i, FILE *to)
{
	const struct doc_block *b = &d->blocks[i];
	int ret = 0;

	put_frame(d, i, true, to);
	switch (b->type) {
	case DOC_HEADING:
		put_heading(b, to);
		break;
	case DOC_PARAGRAPH:
	case DOC_NOTE:
	case DOC_ANSWER:
		put_paragraph(b, to);
		break;
	case DOC_ITEM:
		put_item(b, to);
		break;
	case DOC_COMMAND:
		fputs("<code>", to);
		markup_text(to, b->text);
		fputs("</code>", to);
		break;
	case DOC_FIGURE:
		ret = put_figure(b, i, to);
		break;
	case DOC_TABLE:
		put_table(b->table, to);
		break;
	}
	put_frame(d, i, false, to);
	return ret;
}

static void put_contents(const struct doc *d, FILE *to)
{
	size_t i;

	fputs("<nav aria-label=\"Contents\"><ol>\n", to);
	for (i = 0; i < d->nr_blocks; i++) {
		const struct doc_block *b = &d->blocks[i];

		if (b->type != DOC_HEADING || !b->label || b->level > 3)
			continue;
		fprintf(to, "<li%s><a href=\"#", b->level > 2 ? " class=\"sub\"" : "");
		markup_text(to, b->label);
		fputs("\">", to);
		put(b->text, to);
		fputs("</a></li>\n", to);
	}
	fputs("</ol></nav>\n", to);
}

int doc_html(const struct doc *d, const char *title, FILE *to)
{
	int ret = 0;
	size_t i;

	fputs("<!DOCTYPE html>\n<!-- SPDX-License-Identifier: GPL-2.0-only -->\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>", to);
	markup_text(to, title);
	fprintf(to, "</title>\n<style>\n%s</style></head>\n<body><div class=\"page\">\n", style);
	put_contents(d, to);
	fputs("<main><h1>", to);
	markup_text(to, title);
	fputs("</h1>\n", to);
	for (i = 0; i < d->nr_blocks && !ret; i++)
		ret = put_block(d, i, to);
	fprintf(to, "</main></div>\n<script>\n%s</script>\n</body></html>\n", script);
	return ret ? ret : ferror(to) ? -EIO : 0;
}
