// SPDX-License-Identifier: GPL-2.0-only
/* What experiments share when they write; lib/experiment.h is the interface. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "experiment.h"

const struct results *findings_run(const struct findings *f)
{
	return f->runs[f->main];
}

const char *findings_subtitle(const struct findings *f, const char *case_prefix,
			      const char *backend)
{
	const struct results_part *p = results_part_of(findings_run(f), case_prefix);
	static char text[256];

	text[0] = 0;
	if (p)
		part_subtitle(p, backend, text, sizeof(text));
	return text;
}

int findings_figure(const struct findings *f, struct figure *fig, const char *alt)
{
	char path[4096];
	int ret = figure_draw(fig, f->dir, path, sizeof(path));

	if (!ret)
		doc_figure(f->doc, path, alt);
	figure_free(fig);
	return ret == -ENODATA ? 0 : ret;
}

struct doc_table *findings_table(const struct findings *f, const char *head,
				 const char *unit, const char *caption)
{
	struct doc_table *t = doc_table(f->doc, "%s", caption);
	size_t i;

	doc_column(t, DOC_TEXT, "%s", head);
	for (i = 0; i < f->nr_runs; i++)
		doc_column(t, DOC_NUMBER, "%s (%s)", results_line(f->runs[i]), unit);
	return t;
}

void findings_error(const struct findings *f, const char *case_prefix)
{
	const struct results_part *p = results_part_of(findings_run(f), case_prefix);
	const char *floor = p ? part_env(p, "bench", "clock_floor", 0) : NULL;
	const char *unit = p ? part_env(p, "bench", "clock_unit", 0) : NULL;
	const char *accelerator = p ? part_env(p, "bench", "accelerator", 0) : NULL;

	if (p && part_exact(p))
		doc_labelled(f->doc, "Error",
			     "instructions of one operation, the clock's own %s taken off; a repeated run gives the same digits. "
			     "In brackets: the least and the largest operation; a median is known to within 0.8%%, its bucket in the histogram. Caches, the cost of IPIs and real lock contention are not in an instruction count.",
			     floor ? floor : "cost");
	else
		doc_labelled(f->doc, "Error",
			     "medians in %s, the clock's own %s taken off. In brackets: the distribution-free 95%% interval of the median; none below 6 samples.%s",
			     unit ? unit : "ns", floor ? floor : "cost",
			     accelerator && !strncmp(accelerator, "tcg", 3) ?
			     " Times under TCG are an emulator's: they order operations roughly and say nothing of hardware." : "");
}

bool findings_enough(const struct findings *f, const char *what, const double *values,
		     size_t n)
{
	size_t i;

	for (i = 0; i < n && !isnan(values[i]); i++)
		;
	if (i < n)
		doc_note(f->doc, "not measured in this run: %s on %s, so there is no answer.",
			 what, results_line(findings_run(f)));
	return i == n;
}

struct line findings_slope(const struct results *r, const struct results_key *k)
{
	struct results_series s;
	struct line l;
	double *x, *y;
	size_t i, n = 0;

	results_series(r, k, "pages", &s);
	x = must(calloc(s.n + 1, sizeof(*x)));
	y = must(calloc(s.n + 1, sizeof(*y)));
	for (i = 0; i < s.n; i++)
		if (s.at[i].x >= 1) {
			x[n] = s.at[i].x;
			y[n++] = s.at[i].y.value;
		}
	l = stats_line(x, y, n);
	free(x);
	free(y);
	results_series_free(&s);
	return l;
}

static struct results_key explained(const struct results_key *k, const char *metric)
{
	struct results_key own = *k;

	own.program = "explain";
	own.metric = metric;
	return own;
}

double findings_count(const struct results *r, const struct results_key *k,
		      const char *metric)
{
	struct results_key own = explained(k, metric), done = explained(k, "done");
	double value = results_value(r, &own);

	if (!isnan(value))
		return value;
	return results_value(r, &done) == 1 ? 0 : NAN;
}

/* True and what is between them, if text begins and ends so. */
static bool between(const char *text, const char *begin, const char *end,
		    char *middle, size_t len)
{
	size_t n = strlen(text), b = strlen(begin), e = strlen(end);

	if (n <= b + e || strncmp(text, begin, b) || strcmp(text + n - e, end))
		return false;
	snprintf(middle, len, "%.*s", (int)(n - b - e), text + b);
	return true;
}

static const char *quantity(double value)
{
	return doc_value(value, value == floor(value) ? 0 : 1);
}

/* " (FP0 64)": the classes of an event's invalidations. */
static void put_classes(const struct results *r, const struct results_key *k,
			const char *event, FILE *to)
{
	static const char *const classes[] = { "fp0", "fp1", "fp2", "fp3", "tp" };
	static const char *const names[] = { "FP0", "FP1", "FP2", "FP3", "TP" };
	size_t i, n = 0;

	for (i = 0; i < sizeof(classes) / sizeof(*classes); i++) {
		char *metric = must_print("truth_%s_%s", event, classes[i]);
		struct results_key own = explained(k, metric);
		double value = results_value(r, &own);

		if (value > 0)
			fprintf(to, "%s%s %s", n++ ? ", " : " (", names[i], quantity(value));
		free(metric);
	}
	if (n)
		fputc(')', to);
}

static size_t put_events(const struct results *r, const struct results_key *k, FILE *to)
{
	struct results_key own = explained(k, NULL);
	const struct results_row *row = NULL;
	char event[64];
	size_t n = 0;

	while ((row = results_next(r, &own, row))) {
		if (!between(row->metric, "inv_", "_events", event, sizeof(event)) ||
		    row->value <= 0)
			continue;
		fprintf(to, "%s%s %s", n++ ? "; " : "", event, quantity(row->value));
		put_classes(r, k, event, to);
	}
	return n;
}

char *findings_why(const struct results *r, const struct results_key *k)
{
	static const struct {
		const char *metric, *text;
	} counts[] = {
		{ "restore_pages", "restored" },
		{ "mirror_restored_asked", "of them by the device" },
		{ "device_faults", "device faults" },
		{ "device_retries", "retries" },
		{ "exclusive_short", "short markings" },
	};
	struct results_key done = explained(k, "done"), one = *k;
	char *text = NULL;
	size_t len = 0, i, n;
	FILE *to;

	if (isnan(results_value(r, &done)))
		return must_copy("–");
	one.backend = results_backend(r, &done);
	to = must(open_memstream(&text, &len));
	n = put_events(r, &one, to);
	for (i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		double value = findings_count(r, &one, counts[i].metric);

		if (value > 0)
			fprintf(to, "%s%s %s", n++ ? "; " : "", counts[i].text, quantity(value));
	}
	if (!n)
		fputs("nothing", to);
	fclose(to);
	return text;
}
