// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../hist.h"
#include "import.h"

extern const struct import_source *const __start_hmmstorm_imports[];
extern const struct import_source *const __stop_hmmstorm_imports[];

const struct import_source *import_source_find(const char *name)
{
	const struct import_source *const *p = __start_hmmstorm_imports;

	for (; p < __stop_hmmstorm_imports; p++)
		if (!strcmp((*p)->name, name))
			return *p;
	return NULL;
}

/* The i-th is the one that i others come before. */
const struct import_source *import_source_at(size_t i)
{
	const struct import_source *const *p = __start_hmmstorm_imports;
	const struct import_source *const *q;

	for (; p < __stop_hmmstorm_imports; p++) {
		size_t before = 0;

		for (q = __start_hmmstorm_imports; q < __stop_hmmstorm_imports; q++)
			before += strcmp((*q)->name, (*p)->name) < 0;
		if (before == i)
			return *p;
	}
	return NULL;
}

void import_break(struct import *in, const char *fmt, ...)
{
	va_list args;

	if (in->broken)
		return;
	va_start(args, fmt);
	in->broken = must_vprint(fmt, args);
	va_end(args);
}

static struct import_figure *find_figure(struct import *in, const char *metric)
{
	size_t i;

	for (i = 0; i < in->nr_figures; i++)
		if (!strcmp(in->figures[i].metric, metric))
			return &in->figures[i];
	return NULL;
}

void import_add(struct import *in, const char *metric, const char *unit, uint64_t value)
{
	struct import_figure *f = find_figure(in, metric);

	if (!f) {
		in->figures = must_grow(in->figures, in->nr_figures, sizeof(*f));
		f = &in->figures[in->nr_figures++];
		*f = (struct import_figure){ must_copy(metric), unit, 0 };
	}
	f->value += value;
}

void import_once(struct import *in, const char *metric, const char *unit, uint64_t value)
{
	if (find_figure(in, metric))
		import_break(in, "has %s twice, at line %zu: one file a device",
			     metric, in->lines);
	else
		import_add(in, metric, unit, value);
}

void import_time(struct import *in, const char *metric, uint64_t ns)
{
	char *sum = must_print("%s_ns", metric);
	size_t i;

	/* so that the mean of several devices can be told */
	import_add(in, sum, "ns", ns);
	free(sum);
	for (i = 0; i < in->nr_times; i++)
		if (!strcmp(in->times[i].metric, metric))
			break;
	if (i == in->nr_times) {
		in->times = must_grow(in->times, i, sizeof(*in->times));
		in->times[i].metric = must_copy(metric);
		in->times[i].ns = must(malloc(sizeof(struct hist)));
		hist_init(in->times[i].ns);
		in->nr_times++;
	}
	hist_add(in->times[i].ns, ns);
}

/* The last part of the path that the source knows as a device; NULL: none. */
static const char *known_device(const struct import_source *s, char *path)
{
	const char *part, *device = NULL;

	while (s->is_device && (part = strsep(&path, "/")))
		if (s->is_device(part))
			device = part;
	return device;
}

/* The file's name up to its dot, where the path says nothing. */
static char *device_of(const struct import_source *s, const char *path)
{
	char *copy = must_copy(path), *device, *p;
	const char *known = known_device(s, copy), *slash = strrchr(path, '/');

	device = must_copy(known ? known : slash ? slash + 1 : path);
	if (!known)
		device[strcspn(device, ".")] = 0;
	for (p = device; *p; p++)
		if (isspace((unsigned char)*p) || iscntrl((unsigned char)*p))
			*p = '_';
	free(copy);
	return device;
}

static void take_line(struct import *in, char *line, size_t len)
{
	in->lines++;
	if (!len || line[len - 1] != '\n') {
		import_break(in, "ends in the middle of line %zu: it was cut off",
			     in->lines);
		return;
	}
	line[--len] = 0;
	if (strlen(line) == len && in->source->line(in, line))
		return;
	in->unknown++;
	if (in->first_unknown)
		return;
	in->first_unknown = in->lines;
	in->unknown_text = must_copy(line);
}

static int read_lines(struct import *in, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int ret = 0;

	if (!f)
		return -errno;
	errno = 0;
	while (!in->broken && (n = getline(&line, &room, f)) >= 0)
		take_line(in, line, (size_t)n);
	if (ferror(f))
		ret = errno ? -errno : -EIO;
	free(line);
	fclose(f);
	return ret;
}

int import_read(struct import **to, const struct import_source *s, const char *path)
{
	struct import *in = must(calloc(1, sizeof(*in)));
	int ret;

	in->source = s;
	in->device = device_of(s, path);
	in->state = must(calloc(1, s->state_size ? s->state_size : 1));
	ret = read_lines(in, path);
	if (!in->broken && !in->nr_figures && !in->nr_times)
		import_break(in, "has no line of %s in its %zu: %s prints them",
			     s->name, in->lines, s->shown_in);
	if (s->end)
		s->end(in);
	if (ret) {
		fprintf(stderr, "hmmstorm: cannot read %s: %s\n", path, strerror(-ret));
		import_free(in);
		return ret;
	}
	if (in->broken) {
		fprintf(stderr, "hmmstorm: %s %s\n", path, in->broken);
		import_free(in);
		return -EINVAL;
	}
	*to = in;
	return 0;
}

void import_free(struct import *in)
{
	size_t i;

	if (!in)
		return;
	for (i = 0; i < in->nr_figures; i++)
		free(in->figures[i].metric);
	for (i = 0; i < in->nr_times; i++) {
		free(in->times[i].metric);
		free(in->times[i].ns);
	}
	free(in->figures);
	free(in->times);
	free(in->state);
	free(in->device);
	free(in->unknown_text);
	free(in->broken);
	free(in);
}
