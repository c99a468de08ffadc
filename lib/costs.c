// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "costs.h"

static struct results_key key(const char *name, const char *backend)
{
	return (struct results_key){ .name = name, .backend = backend, .pages = RESULTS_ANY };
}

double costs_slope(const struct results *r, const char *name, const char *backend)
{
	struct results_key k = key(name, backend);

	return findings_slope(r, &k).slope;
}

const char *costs_unit(const struct results *r, const char *name, const char *backend)
{
	struct results_key k = key(name, backend);

	return results_unit(r, &k);
}

const char *costs_others(const struct findings *f, const char *name, const char *less)
{
	static char buffers[4][256];
	static unsigned int next;
	char *text = buffers[next++ % 4];
	size_t i, n = 0;

	text[0] = 0;
	for (i = 0; i < f->nr_runs && n < sizeof(buffers[0]); i++) {
		double value = rint(costs_slope(f->runs[i], name, NULL)) -
			       (less ? rint(costs_slope(f->runs[i], less, NULL)) : 0);

		if (i != f->main && !isnan(value))
			n += (size_t)snprintf(text + n, sizeof(buffers[0]) - n, "%s%s: %s",
					      n ? "; " : " (", results_line(f->runs[i]),
					      doc_value(value, 0));
	}
	if (n && n + 1 < sizeof(buffers[0]))
		strcat(text, ")");
	return text;
}

static void divide(struct results_series *s, double by)
{
	size_t i;

	for (i = 0; by && i < s->n; i++) {
		s->at[i].y.value /= by;
		s->at[i].y.low /= by;
		s->at[i].y.high /= by;
	}
}

/* All of a run, a series a case. Caller frees. */
static struct results_series *read_series(const struct results *r, const struct costs *c)
{
	struct results_series *all = must(calloc(c->nr, sizeof(*all)));
	size_t i;

	for (i = 0; i < c->nr; i++) {
		struct results_key k = key(c->cases[i].name, c->cases[i].backend);

		results_series(r, &k, c->arg ? c->arg : "pages", &all[i]);
		divide(&all[i], c->cases[i].by);
	}
	return all;
}

static void free_series(struct results_series *all, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		results_series_free(&all[i]);
	free(all);
}

static const char *unit_of(const struct findings *f, const struct costs *c)
{
	const char *unit = "-";
	size_t i;

	for (i = 0; i < c->nr && !strcmp(unit, "-"); i++)
		unit = costs_unit(findings_run(f), c->cases[i].name, c->cases[i].backend);
	return unit;
}

/* The device whose figures all cases are; NULL: not of one. */
static const char *backend_of(const struct findings *f, const struct costs *c)
{
	const char *device = NULL, *other;
	size_t i;

	for (i = 0; i < c->nr; i++) {
		struct results_key k = key(c->cases[i].name, c->cases[i].backend);

		other = results_backend(findings_run(f), &k);
		if (other && device && strcmp(other, device))
			return NULL;
		device = other ? other : device;
	}
	return device;
}

static int draw(const struct findings *f, const struct costs *c,
		const struct results_series *all)
{
	char *label = must_print("one operation (%s), median", unit_of(f, c));
	struct figure *fig;
	size_t i;

	fig = figure_new(FIGURE_LINES, c->figure, c->title,
			 findings_subtitle(f, c->cases[0].name, backend_of(f, c)));
	if (c->arg)
		figure_x(fig, FIGURE_LOG10, c->axis);
	else
		figure_x(fig, FIGURE_LOG2, "pages in one operation");
	figure_y(fig, FIGURE_LOG10, label);
	figure_zero(fig);
	free(label);
	for (i = 0; i < c->nr; i++) {
		figure_series(fig, c->cases[i].text, c->cases[i].control);
		figure_results(fig, &all[i], 1);
	}
	return findings_figure(f, fig, c->alt);
}

static const struct estimate *at(const struct results_series *s, double x)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->at[i].x == x)
			return &s->at[i].y;
	return NULL;
}

/* The next size that some case has, after x; NaN: none. */
static double next_size(const struct results_series *all, size_t n, double x)
{
	double next = NAN;
	size_t i, k;

	for (i = 0; i < n; i++)
		for (k = 0; k < all[i].n; k++)
			if (all[i].at[k].x > x)
				next = fmin(next, all[i].at[k].x);
	return next;
}

static void tabulate(const struct findings *f, const struct costs *c,
		     const struct results_series *all)
{
	static const struct estimate none = { NAN, NAN, NAN, 0 };
	struct doc_table *t;
	const char *device = backend_of(f, c);
	double pages;
	size_t i;

	t = doc_table(f->doc, "One operation on %s%s%s (%s): median, and the error in brackets.",
		      results_line(findings_run(f)), device ? ", backend " : "",
		      device ? device : "", unit_of(f, c));
	doc_column(t, DOC_NUMBER, "%s", c->arg ? c->arg : "pages");
	for (i = 0; i < c->nr; i++)
		doc_column(t, DOC_NUMBER, "%s", c->cases[i].text);
	for (pages = next_size(all, c->nr, -1); !isnan(pages);
	     pages = next_size(all, c->nr, pages)) {
		doc_number(t, pages, 0);
		for (i = 0; i < c->nr; i++)
			doc_estimate(t, at(&all[i], pages) ? at(&all[i], pages) : &none, 0);
	}
}

static void compare_slopes(const struct findings *f, const struct costs *c)
{
	char *unit = must_print("%s a page", unit_of(f, c));
	struct doc_table *t = findings_table(f, "pages that are", unit,
					     "One page more: the slope of the medians over all sizes from 1, by least squares, and its 95% interval.");
	size_t i, k;

	free(unit);
	for (i = 0; i < c->nr; i++) {
		doc_cell(t, "%s", c->cases[i].text);
		for (k = 0; k < f->nr_runs; k++) {
			struct results_key name = key(c->cases[i].name, c->cases[i].backend);
			struct line l = findings_slope(f->runs[k], &name);
			struct estimate e = { l.slope, l.slope_low, l.slope_high, l.n };

			doc_estimate(t, &e, fabs(l.slope) < 10 ? 1 : 0);
		}
	}
}

/* 64 pages, or what comes next to it among the explained. */
static int64_t explained_size(const struct results *r, const struct cost_case *c)
{
	struct results_key k = key(c->name, c->backend);
	struct results_series s;
	int64_t size = -1;
	size_t i;

	k.program = "explain";
	k.metric = "done";
	results_series(r, &k, "pages", &s);
	for (i = 0; i < s.n; i++)
		if (size < 64)
			size = (int64_t)s.at[i].x;
	results_series_free(&s);
	return size;
}

static void explain(const struct findings *f, const struct costs *c)
{
	const struct results *r = findings_run(f);
	struct doc_table *t = NULL;
	size_t i;

	for (i = 0; i < c->nr; i++) {
		struct results_key k = key(c->cases[i].name, c->cases[i].backend);
		char *why;

		k.pages = explained_size(r, &c->cases[i]);
		if (k.pages < 0)
			continue;
		if (!t) {
			t = doc_table(f->doc, "Why, on %s: invalidations by event and their classes, and restores, of one operation, counted in a run of its own (`--explain`).",
				      results_line(r));
			doc_column(t, DOC_TEXT, "pages that are");
			doc_column(t, DOC_NUMBER, "pages");
			doc_column(t, DOC_TEXT, "counted");
		}
		why = findings_why(r, &k);
		doc_cell(t, "%s", c->cases[i].text);
		doc_number(t, (double)k.pages, 0);
		doc_cell(t, "%s", why);
		free(why);
	}
}

int costs_write(const struct findings *f, const struct costs *c)
{
	struct results_series *all = read_series(findings_run(f), c);
	int ret;

	if (isnan(next_size(all, c->nr, -1))) {
		doc_note(f->doc, "not measured in this run: %s, on %s.", c->title,
			 results_line(findings_run(f)));
		free_series(all, c->nr);
		return 0;
	}
	ret = draw(f, c, all);
	tabulate(f, c, all);
	if (!c->arg) {
		compare_slopes(f, c);
		explain(f, c);
	}
	free_series(all, c->nr);
	return ret;
}

/* "; stock-7.3: 1,450 against 5,290": carried against the cheaper restore. */
static char *other_runs(const struct findings *f, const char *carried,
			const char *restored, const char *touched)
{
	char *text = NULL;
	size_t len = 0, i;
	FILE *to = must(open_memstream(&text, &len));

	for (i = 0; i < f->nr_runs; i++) {
		double carry = costs_slope(f->runs[i], carried, NULL);
		double restore = fmin(costs_slope(f->runs[i], restored, NULL),
				      costs_slope(f->runs[i], touched, NULL));

		if (i != f->main && !isnan(carry) && !isnan(restore))
			fprintf(to, "; on %s %s against %s", results_line(f->runs[i]),
				doc_value(carry, 0), doc_value(restore, 0));
	}
	fclose(to);
	return text;
}

void costs_answer_restore(const struct findings *f, const char *what,
			  const char *carried, const char *restored,
			  const char *touched, const char *present)
{
	const struct results *r = findings_run(f);
	double carry = rint(costs_slope(r, carried, NULL));
	double device = rint(costs_slope(r, restored, NULL));
	double cpu = rint(costs_slope(r, touched, NULL));
	double restore = fmin(device, cpu);
	double control = costs_slope(r, present, NULL);
	char *others = other_runs(f, carried, restored, touched);

	if (findings_enough(f, what, (double[]){ carry, device, cpu, control }, 4))
		doc_answer(f->doc, "%s is cheaper: on %s each page costs %s %s %s where its exclusive entry is carried and %s %s where it is restored first (%s by the device, %s by CPU faults, both with the restore), %s times as much at the cheaper; a present page costs %s%s.",
			   carry < restore ? "Carrying the entries" : "Restoring first",
			   results_line(r), what, doc_value(carry, 0),
			   costs_unit(r, carried, NULL), doc_value(fabs(restore - carry), 0),
			   carry < restore ? "more" : "less",
			   doc_value(device, 0), doc_value(cpu, 0),
			   doc_value(restore / carry, 1),
			   doc_value(control, 0), others);
	free(others);
}
