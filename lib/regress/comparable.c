// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../alloc.h"
#include "comparable.h"

enum weight {
	ALWAYS,		/* figures of different ones say nothing about each other */
	IN_EXACT,	/* instructions depend on it; a time does on much more */
	TIMES,		/* the other way round */
	TOLD,
};

/* Keys of env.tsv, where it has none of vm.tsv. */
static const struct {
	const char *field;
	enum weight weight;
} fields[] = {
	{ "mode", ALWAYS },
	{ "accelerator", ALWAYS },
	{ "cpus", ALWAYS },
	{ "numa", ALWAYS },
	{ "memory", ALWAYS },
	{ "config", ALWAYS },
	/* the helper module's instruments, which cost time themselves */
	{ "helper", ALWAYS },
	{ "truth", ALWAYS },
	{ "delay", ALWAYS },
	{ "qemu", IN_EXACT },
	{ "compiler", IN_EXACT },
	{ "clock_floor", IN_EXACT },
	/* a process has a mapping more with each benchmark it ran: deeper maple trees */
	{ "command", IN_EXACT },
	{ "cpu", TIMES },
	{ "kernel_release", TOLD },
	{ "config_hash", TOLD },
	{ "thp", TOLD },
	{ "numa_balancing", TOLD },
	{ "governor", TOLD },
	{ "modules", TOLD },
	{ "initramfs", TOLD },
	{ "hmmstorm_version", TOLD },
	{ "library_build_type", TOLD },
	{ "host_name", TOLD },
};

#define NR_FIELDS (sizeof(fields) / sizeof(*fields))

static bool is_decisive(enum weight w, bool exact)
{
	return w == ALWAYS || (w == IN_EXACT && exact) || (w == TIMES && !exact);
}

static const char *said(const struct side *s, const char *field)
{
	const char *value = side_env_all(s, field);

	return value ? value : "-";
}

static void add(struct difference **list, size_t *n, const struct side *old,
		const struct side *new, bool decisive)
{
	size_t i;

	for (i = 0; i < NR_FIELDS; i++) {
		const char *field = fields[i].field;
		const char *a = said(old, field), *b = said(new, field);

		if (is_decisive(fields[i].weight, old->exact) != decisive || !strcmp(a, b))
			continue;
		/* a floor in ns is a measurement itself */
		if (!strcmp(field, "clock_floor") && !old->exact)
			continue;
		*list = must_grow(*list, *n, sizeof(**list));
		(*list)[(*n)++] = (struct difference){ field, a, b, decisive };
	}
}

size_t comparable(const struct side *old, const struct side *new, struct difference **list)
{
	size_t n = 0;

	*list = NULL;
	add(list, &n, old, new, true);
	add(list, &n, old, new, false);
	return n;
}

/* A boot of either side, and where it came in order. */
struct turn {
	unsigned long position;
	bool is_new;
};

struct turns {
	struct turn *turn;
	size_t n;
};

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (path[n] == '/' || !path[n]);
}

/* The nearest folder above path that has an order.tsv, to dir; false: none. */
static bool find_order(const char *path, char dir[PATH_MAX])
{
	char *slash, *file;
	bool found;

	if (!realpath(path, dir))
		return false;
	do {
		file = must_print("%s/order.tsv", dir);
		found = !access(file, F_OK);
		free(file);
		slash = strrchr(dir, '/');
	} while (!found && slash && ((*slash = 0), *dir));
	return found;
}

static void add_turns(struct turns *t, const struct side *s, bool is_new,
		      unsigned long position, const char *folder)
{
	char path[PATH_MAX];
	size_t i;

	for (i = 0; i < s->nr_boots; i++) {
		if (!realpath(s->boots[i].dir, path) || !is_below(path, folder))
			continue;
		t->turn = must_grow(t->turn, t->n, sizeof(*t->turn));
		t->turn[t->n++] = (struct turn){ position, is_new };
	}
}

static int by_position(const void *a, const void *b)
{
	const struct turn *x = a, *y = b;

	return (x->position > y->position) - (x->position < y->position);
}

/* Lines of position and folder, this from dir on or from the root. */
static void read_order(struct turns *t, const char *dir, const struct side *old,
		       const struct side *new)
{
	char *file = must_print("%s/order.tsv", dir), *line = NULL, *end, *folder;
	FILE *f = fopen(file, "re");
	unsigned long position;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0) {
		position = strtoul(line, &end, 10);
		if (end == line || *end != '\t')
			continue;
		end[1 + strcspn(end + 1, "\t\n")] = 0;
		folder = end[1] == '/' ? must_copy(end + 1) : must_print("%s/%s", dir, end + 1);
		add_turns(t, old, false, position, folder);
		add_turns(t, new, true, position, folder);
		free(folder);
	}
	if (f)
		fclose(f);
	free(line);
	free(file);
	qsort(t->turn, t->n, sizeof(*t->turn), by_position);
}

enum order comparable_order(const struct side *old, const struct side *new, size_t *in_a_row)
{
	char dir[PATH_MAX], other[PATH_MAX];
	struct turns t = { 0 };
	size_t i, run = 0;

	*in_a_row = 0;
	if (!find_order(old->path, dir) || !find_order(new->path, other) || strcmp(dir, other))
		return ORDER_UNKNOWN;
	read_order(&t, dir, old, new);
	for (i = 0; i < t.n; i++) {
		run = i && t.turn[i].is_new == t.turn[i - 1].is_new ? run + 1 : 1;
		*in_a_row = run > *in_a_row ? run : *in_a_row;
	}
	i = t.n;
	free(t.turn);
	if (i != old->nr_boots + new->nr_boots)
		return ORDER_UNKNOWN;
	return *in_a_row > 2 ? ORDER_NOT : ORDER_INTERLEAVED;
}
