// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../alloc.h"
#include "../figure.h"
#include "timeline_plot.h"

static const struct history_entry *first_of(const struct timeline_series *s)
{
	return s->at[0].entry;
}

/* Do all series agree in a condition? */
static bool is_shared(const struct timeline *t, size_t fact)
{
	size_t i;

	for (i = 1; i < t->n; i++)
		if (strcmp(first_of(&t->series[i])->fact[fact],
			   first_of(&t->series[0])->fact[fact]))
			return false;
	return true;
}

/* " mirror lazy process 1" of a key; "" of Google Benchmark's. */
static const char *device_of(const struct timeline_series *s)
{
	const char *key = s->at[0].bench->key;

	return key + strcspn(key, " ");
}

static bool is_one_device(const struct timeline *t)
{
	size_t i;

	for (i = 1; i < t->n; i++)
		if (strcmp(device_of(&t->series[i]), device_of(&t->series[0])))
			return false;
	return true;
}

/* What tells a series from the others. */
static char *title_of(const struct timeline *t, const struct timeline_series *s,
		      unsigned int across)
{
	const char *key = s->at[0].bench->key;
	size_t len, i;
	char *text;
	FILE *f = must(open_memstream(&text, &len));

	fprintf(f, "%.*s", (int)(t->n > 1 && is_one_device(t) ? strcspn(key, " ") :
				 strlen(key)), key);
	for (i = 0; i < HISTORY_NR_FACTS; i++)
		if (history_facts[i].is_condition && !is_shared(t, i) && !(across & 1U << i))
			fprintf(f, ", %s %s", history_facts[i].key, first_of(s)->fact[i]);
	fclose(f);
	return must(text);
}

/* Where all of them were measured. */
static char *subtitle_of(const struct timeline *t, const struct timeline_query *q)
{
	static const char *const facts[] = { "mode", "accelerator", "config", "cpus", "memory" };
	size_t len, i, k;
	char *text;
	FILE *f = must(open_memstream(&text, &len));

	for (i = 0; i < sizeof(facts) / sizeof(*facts); i++) {
		for (k = 0; strcmp(history_facts[k].key, facts[i]); k++)
			;
		if (!is_shared(t, k) || (q->across & 1U << k))
			continue;
		if (strcmp(first_of(&t->series[0])->fact[k], "-"))
			fprintf(f, "%s%s, ", first_of(&t->series[0])->fact[k],
				strcmp(facts[i], "cpus") ? "" : " CPUs");
	}
	fputs("dashed: the level between change points", f);
	fclose(f);
	return must(text);
}

static bool is_in(const struct timeline *t, const struct history_entry *e)
{
	size_t i, k;

	for (i = 0; i < t->n; i++)
		for (k = 0; k < t->series[i].n; k++)
			if (t->series[i].at[k].entry == e)
				return true;
	return false;
}

/* The entries that a series has, in order. Each is a place on the axis. */
static size_t places_of(const struct timeline *t, const struct history *h,
			const struct timeline_query *q, const struct history_entry ***places)
{
	size_t i, k, n = timeline_entries(h, q, places);

	for (i = k = 0; i < n; i++)
		if (is_in(t, (*places)[i]))
			(*places)[k++] = (*places)[i];
	return k;
}

static char *label_of(const struct history_entry *e)
{
	const char *release = history_fact(e, "kernel_release");

	if (*e->commit)
		return must_print("%s %.12s", release, e->commit);
	return must_copy(strcmp(release, "-") ? release : e->added);
}

/* A label where it changes, or a release measured often would cover the axis. */
static void add_places(struct figure *f, const struct history_entry **places, size_t n)
{
	char *before = must_copy(""), *label;
	size_t i;

	for (i = 0; i < n; i++) {
		label = label_of(places[i]);
		figure_group(f, strcmp(label, before) ? label : "");
		free(before);
		before = label;
	}
	free(before);
}

/* The series' k-th place, found from the one before on. */
static size_t place_of(const struct history_entry **places, const struct history_entry *e,
		       size_t from)
{
	while (places[from] != e)
		from++;
	return from;
}

static void add_series(struct figure *f, const struct timeline *t,
		       const struct timeline_series *s, const struct history_entry **places,
		       unsigned int across)
{
	double *x = must(calloc(s->n, sizeof(*x))), edge, from;
	char *title = title_of(t, s, across);
	size_t i, at = 0;

	figure_series(f, title, false);
	for (i = 0; i < s->n; i++) {
		const struct history_bench *b = s->at[i].bench;

		at = place_of(places, s->at[i].entry, at);
		x[i] = (double)at;
		figure_error(f, x[i], b->value, b->low, b->high);
	}
	figure_series(f, "level", true);
	from = x[0];
	for (i = 0; i < s->nr_changes; i++) {
		const struct changepoint *c = &s->changes[i];

		edge = (x[c->at - 1] + x[c->at]) / 2;
		figure_point(f, from, c->before);
		figure_point(f, edge, c->before);
		figure_point(f, edge, c->after);
		if (i + 1 == s->nr_changes)
			figure_point(f, x[s->n - 1], c->after);
		from = edge;
	}
	free(title);
	free(x);
}

static int copy_file(const char *from, const char *to)
{
	FILE *in = fopen(from, "re"), *out = in ? fopen(to, "we") : NULL;
	char buffer[65536];
	int ret = 0;
	size_t n;

	if (!in || !out)
		ret = -errno;
	while (!ret && (n = fread(buffer, 1, sizeof(buffer), in)))
		if (fwrite(buffer, 1, n, out) != n)
			ret = -errno;
	if (in)
		fclose(in);
	if (out && fclose(out) && !ret)
		ret = -errno;
	if (ret)
		fprintf(stderr, "hmmstorm: cannot write %s: %s\n", to, strerror(-ret));
	return ret ? -EIO : 0;
}

/* Drawn in a folder that goes away; only the picture asked for stays. */
static int draw_to(const struct figure *f, const char *out)
{
	static const char *const suffixes[] = { "dat", "gp", "svg", "png" };
	const char *tmp = getenv("TMPDIR"), *suffix = strrchr(out, '.');
	char *dir = must_print("%s/hmmstorm-track.XXXXXX", tmp ? tmp : "/tmp");
	char path[4096] = "", *file;
	size_t i;
	int ret;

	if (!mkdtemp(dir)) {
		fprintf(stderr, "hmmstorm: cannot make %s: %s\n", dir, strerror(errno));
		free(dir);
		return -EIO;
	}
	ret = figure_draw(f, dir, path, sizeof(path));
	for (i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		file = must_print("%s.%s", path, suffixes[i]);
		if (!ret && !strcmp(suffix + 1, suffixes[i]))
			ret = copy_file(file, out);
		unlink(file);
		free(file);
	}
	file = must_print("%s/plots", dir);
	rmdir(file);
	rmdir(dir);
	free(file);
	free(dir);
	return ret;
}

static int draw(const struct figure *f, const char *dir, const char *out)
{
	char path[4096];
	int ret;

	if (out)
		return draw_to(f, out);
	ret = figure_draw(f, dir, path, sizeof(path));
	if (!ret)
		printf("%s.svg\n", path);
	return ret;
}

/* A file's name of what was asked for. */
static char *stem_of(const char *title)
{
	char *name = must_print("track-%s", title), *c;

	for (c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			*c = '-';
	return name;
}

int timeline_plot(const struct timeline *t, const struct history *h,
		  const struct timeline_query *q, const char *title, const char *dir,
		  const char *out)
{
	const struct history_bench *b = t->series[0].at[0].bench;
	char *stem = stem_of(title), *subtitle = subtitle_of(t, q);
	const struct history_entry **places;
	struct figure *f;
	size_t i, n;
	int ret;

	f = figure_new(FIGURE_HISTORY, stem, t->n == 1 ? b->key : title, subtitle);
	free(stem);
	free(subtitle);
	figure_x(f, FIGURE_LINEAR, q->by_time ? "kernel, in order of time added" : "kernel");
	stem = must_print("%s (%s)", b->metric, b->unit);
	figure_y(f, FIGURE_LINEAR, stem);
	free(stem);
	n = places_of(t, h, q, &places);
	add_places(f, places, n);
	for (i = 0; i < t->n; i++)
		add_series(f, t, &t->series[i], places, q->across);
	ret = draw(f, dir, out);
	free(places);
	figure_free(f);
	return ret;
}
