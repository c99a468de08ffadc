// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <gsl/gsl_sort_double.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "timeline.h"

/* As is usual for permutation tests of one series; more where there are many series. */
#define LEAST_PERMUTATIONS 1999

static bool is_before_release(const char *rest)
{
	return !strncmp(rest, "-rc", 3) || *rest == '~';
}

int timeline_compare_releases(const char *a, const char *b)
{
	unsigned long long x, y;

	for (;;) {
		if (is_before_release(a) != is_before_release(b))
			return is_before_release(a) ? -1 : 1;
		if (isdigit((unsigned char)*a) && isdigit((unsigned char)*b)) {
			x = strtoull(a, (char **)&a, 10);
			y = strtoull(b, (char **)&b, 10);
			if (x != y)
				return x < y ? -1 : 1;
		} else if (*a && *a == *b) {
			a++;
			b++;
		} else {
			return (*a > *b) - (*a < *b);
		}
	}
}

bool timeline_wants(const struct timeline_query *q, const struct history_entry *e)
{
	size_t i, n;

	for (i = 0; i < q->nr_where; i++) {
		char *key = must_copy(q->where[i]);
		bool same;

		n = strcspn(key, "=");
		key[n] = 0;
		same = !strcmp(history_fact(e, key), q->where[i] + n + 1);
		free(key);
		if (!same)
			return false;
	}
	return true;
}

static int compare_numbers(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int compare_entries(const struct history_entry *a, const struct history_entry *b,
			   bool by_time)
{
	int d = 0;

	if (!by_time)
		d = timeline_compare_releases(history_fact(a, "kernel_release"),
					      history_fact(b, "kernel_release"));
	if (!d)
		d = strcmp(a->added, b->added);
	if (!d)
		d = strcmp(a->file, b->file);
	return d ? d : compare_numbers(a->line, b->line);
}

static int compare_conditions(const struct history_entry *a, const struct history_entry *b,
			      unsigned int across)
{
	size_t i;
	int d = 0;

	for (i = 0; i < HISTORY_NR_FACTS && !d; i++)
		if (history_facts[i].is_condition && !(across & 1U << i))
			d = strcmp(a->fact[i], b->fact[i]);
	return d ? d : a->is_repetitions - b->is_repetitions;
}

/* Of one series: 0. */
static int compare_series(const struct timeline_point *a, const struct timeline_point *b,
			  unsigned int across)
{
	int d = compare_conditions(a->entry, b->entry, across);

	if (!d)
		d = strverscmp(a->bench->key, b->bench->key);
	if (!d)
		d = strcmp(a->bench->metric, b->bench->metric);
	return d ? d : strcmp(a->bench->unit, b->bench->unit);
}

static int by_entry(const void *a, const void *b, void *query)
{
	return compare_entries(*(const struct history_entry *const *)a,
			       *(const struct history_entry *const *)b,
			       ((const struct timeline_query *)query)->by_time);
}

static int by_series(const void *a, const void *b, void *query)
{
	const struct timeline_query *with = query;
	const struct timeline_point *p = a, *q = b;
	int d = compare_series(p, q, with->across);

	return d ? d : compare_entries(p->entry, q->entry, with->by_time);
}

size_t timeline_entries(const struct history *h, const struct timeline_query *q,
			const struct history_entry ***entries)
{
	size_t i, n = 0;

	*entries = must(calloc(h->n + 1, sizeof(**entries)));
	for (i = 0; i < h->n; i++)
		if (timeline_wants(q, &h->entries[i]))
			(*entries)[n++] = &h->entries[i];
	qsort_r(*entries, n, sizeof(**entries), by_entry, (void *)q);
	return n;
}

static size_t collect(const struct history *h, const struct timeline_query *q,
		      struct timeline_point **points)
{
	size_t i, k, n = 0;

	*points = NULL;
	for (i = 0; i < h->n; i++) {
		const struct history_entry *e = &h->entries[i];

		for (k = 0; k < e->nr_bench && timeline_wants(q, e); k++) {
			if (q->bench && regexec(q->bench, e->bench[k].key, 0, NULL, 0))
				continue;
			*points = must_grow(*points, n, sizeof(**points));
			(*points)[n++] = (struct timeline_point){ e, &e->bench[k] };
		}
	}
	return n;
}

void timeline_make(struct timeline *t, const struct history *h,
		   const struct timeline_query *q)
{
	struct timeline_point *points;
	size_t n, i, end;

	memset(t, 0, sizeof(*t));
	n = collect(h, q, &points);
	if (n)
		qsort_r(points, n, sizeof(*points), by_series, (void *)q);
	for (i = 0; i < n; i = end) {
		struct timeline_series s = { 0 };

		for (end = i + 1; end < n; end++)
			if (compare_series(&points[i], &points[end], q->across))
				break;
		s.n = end - i;
		s.at = must(calloc(s.n, sizeof(*s.at)));
		memcpy(s.at, points + i, s.n * sizeof(*s.at));
		t->series = must_grow(t->series, t->n, sizeof(*t->series));
		t->series[t->n++] = s;
	}
	free(points);
}

void timeline_free(struct timeline *t)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		free(t->series[i].at);
		free(t->series[i].changes);
	}
	free(t->series);
	memset(t, 0, sizeof(*t));
}

static bool is_exact(const struct timeline_series *s)
{
	return s->at[0].entry->exact;
}

static double *values_of(const struct timeline_series *s)
{
	double *v = must(calloc(s->n, sizeof(*v)));
	size_t i;

	for (i = 0; i < s->n; i++)
		v[i] = s->at[i].bench->value;
	return v;
}

/* The largest p that Benjamini and Hochberg pass; 0: none. */
static double level_of(double *p, size_t m, double alpha)
{
	double level = 0;
	size_t i;

	gsl_sort(p, 1, m);
	for (i = 0; i < m; i++)
		if (p[i] <= alpha * (double)(i + 1) / (double)m)
			level = alpha * (double)(i + 1) / (double)m;
	return level;
}

static void find_exact(struct timeline_series *s, double threshold)
{
	double *v = values_of(s);

	s->nr_changes = changepoint_exact(v, s->n, threshold, &s->changes);
	free(v);
}

static void find_statistical(struct timeline *t, struct changepoint_options o, size_t m)
{
	double *p = must(calloc(m + 1, sizeof(*p))), *sorted = must(calloc(m + 1, sizeof(*p)));
	size_t i, k, pass;

	for (pass = 0; pass < 2; pass++) {
		for (i = 0, k = 0; i < t->n; i++) {
			struct timeline_series *s = &t->series[i];
			double *v;

			if (!s->is_tested || is_exact(s))
				continue;
			v = values_of(s);
			if (!pass)
				p[k] = changepoint_best(v, s->n, &o).p;
			else if (p[k] <= o.alpha)
				s->nr_changes = changepoint_find(v, s->n, &o, &s->changes);
			k++;
			free(v);
		}
		if (!pass) {
			memcpy(sorted, p, m * sizeof(*p));
			t->level = level_of(sorted, m, o.alpha);
			o.alpha = t->level;
		}
	}
	free(p);
	free(sorted);
}

void timeline_changes(struct timeline *t, const struct changepoint_options *options)
{
	size_t i, m = 0, least = changepoint_minimum(options->alpha);
	struct changepoint_options o = *options;

	t->nr_tested = 0;
	for (i = 0; i < t->n; i++) {
		struct timeline_series *s = &t->series[i];

		free(s->changes);
		s->changes = NULL;
		s->nr_changes = 0;
		s->is_tested = s->n >= (is_exact(s) ? 2 : least);
		t->nr_tested += s->is_tested;
		m += s->is_tested && !is_exact(s);
		if (is_exact(s))
			find_exact(s, o.threshold);
	}
	if (!o.permutations) /* twice what a lone change needs: 1 / (N + 1) <= alpha / m */
		o.permutations = (size_t)fmax(LEAST_PERMUTATIONS, ceil(2 * (double)m / o.alpha));
	t->permutations = m ? o.permutations : 0;
	t->level = 0;
	if (m)
		find_statistical(t, o, m);
}

const char *timeline_gap(const struct timeline_series *s, const struct changepoint *c)
{
	double before = s->at[c->at - 1].bench->gap, after = s->at[c->at].bench->gap;

	if (!is_exact(s))
		return "";
	if (fabs(c->after - c->before) <= fmax(before, after))
		return "within gap";
	return isnan(before) || isnan(after) ? "gap unknown" : "";
}

/* kernel, kernel_release, kernel_version: what the change is laid to first */
static bool is_of_kernel(const char *fact)
{
	return !strncmp(fact, "kernel", 6);
}

char *timeline_differs(const struct timeline_series *s, const struct changepoint *c)
{
	const struct history_entry *a = s->at[c->at - 1].entry, *b = s->at[c->at].entry;
	char *text = NULL;
	size_t len, i, n = 0;
	FILE *f = must(open_memstream(&text, &len));

	for (i = 0; i < HISTORY_NR_FACTS; i++)
		if (strcmp(a->fact[i], b->fact[i]) && !is_of_kernel(history_facts[i].key))
			fprintf(f, "%s%s", n++ ? ", " : "", history_facts[i].key);
	fclose(f);
	return must(text);
}
