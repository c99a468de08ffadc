// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm counters: what the helper module counted, for all attached processes
 * or one of them; once, or as rates once a second.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../counters.h"

#define MAX_COLUMNS 64
#define HEADER_EVERY 20

struct options {
	bool watch, probes;
	double seconds;
	unsigned long count;	/* lines; 0: for ever */
	pid_t pid;		/* 0: total */
	char **names;		/* columns asked for */
	int nr_names;
};

static const struct column {
	const char *header, *name;
} default_columns[] = {
	{ "unmap", "inv_unmap_events" },
	{ "clear", "inv_clear_events" },
	{ "protvma", "inv_protection_vma_events" },
	{ "protpage", "inv_protection_page_events" },
	{ "migrate", "inv_migrate_events" },
	{ "exclus", "inv_exclusive_events" },
	{ "rbegin", "read_begin_calls" },
	{ "waits", "read_begin_waits" },
	{ "faults", "range_fault_calls" },
	{ "busy", "range_fault_busy" },
	{ "marked", "exclusive_pages" },
	{ "restored", "restore_pages" },
	{ "forkvma", "fork_vmas" },
	{ "procs", "attached_mms" },
};

struct table {
	int index[MAX_COLUMNS], width[MAX_COLUMNS];
	const char *header[MAX_COLUMNS];
	int nr;
};

static const char help[] =
	"usage: hmmstorm counters [OPTIONS] [NAME...]\n"
	"What the helper module (hmmstorm.ko) counted: name, unit, value. A process is\n"
	"counted once it has attached, as hmmstorm stress and hmmstorm bench do.\n"
	"\n"
	"  --total            all processes since the module was loaded (default)\n"
	"  --pid PID          one attached process\n"
	"  --watch [SECONDS]  a line of rates every second, or every SECONDS\n"
	"  --count N          stop after N lines of --watch\n"
	"  --probes           kernel functions the module watches, or why it cannot\n"
	"  --help\n"
	"\n"
	"NAME: only these counters; --watch makes columns of them.\n";

static int bad_usage(const char *what, const char *arg)
{
	fprintf(stderr, "counters: %s '%s': see hmmstorm counters --help\n",
		what, arg);
	return 2;
}

/* 0 < n, or -1. */
static double number(const char *s)
{
	char *end;
	double n = strtod(s, &end);

	return end == s || *end || !(n > 0) || n > 1e9 ? -1 : n;
}

static bool is_number(const char *s)
{
	return s && s[0] >= '0' && s[0] <= '9';
}

static int parse_number(const char *option, const char *arg, double *n)
{
	if (!arg)
		return bad_usage("a number must follow", option);
	*n = number(arg);
	return *n < 0 ? bad_usage("not a number above 0:", arg) : 0;
}

/* 0, 2 bad usage, -1 help was printed. */
static int parse(struct options *o, char **argv)
{
	double n;
	int ret;

	while (*++argv && !strncmp(*argv, "--", 2)) {
		if (!strcmp(*argv, "--help")) {
			fputs(help, stdout);
			return -1;
		} else if (!strcmp(*argv, "--total")) {
			o->pid = 0;
		} else if (!strcmp(*argv, "--probes")) {
			o->probes = true;
		} else if (!strcmp(*argv, "--watch")) {
			o->watch = true;
			if (!is_number(argv[1]))
				continue;
			ret = parse_number("--watch", *++argv, &o->seconds);
			if (ret)
				return ret;
		} else if (!strcmp(*argv, "--pid") ||
			   !strcmp(*argv, "--count")) {
			bool pid = !strcmp(*argv, "--pid");

			ret = parse_number(*argv, argv[1], &n);
			argv++;
			if (ret)
				return ret;
			if (pid)
				o->pid = n;
			else
				o->count = n;
		} else {
			return bad_usage("unknown option", *argv);
		}
	}
	o->names = argv;
	while (*argv++)
		o->nr_names++;
	return 0;
}

static int read_scope(struct counters *c, pid_t pid, uint64_t *v, uint64_t *t)
{
	return pid ? counters_read_pid(c, pid, v, t) :
		     counters_read_total(c, v, t);
}

static int report(int error, pid_t pid)
{
	if (error == -ESRCH)
		fprintf(stderr, "counters: process %d is not attached; /sys/kernel/debug/hmmstorm/mm lists those that are\n",
			pid);
	else
		fprintf(stderr, "counters: cannot read: %s\n", strerror(-error));
	return error == -ESRCH ? 2 : 1;
}

static bool chosen(const struct options *o, const char *name)
{
	int i;

	for (i = 0; i < o->nr_names; i++)
		if (!strcmp(o->names[i], name))
			return true;
	return !o->nr_names;
}

static int print_once(struct counters *c, const struct options *o, uint64_t *v)
{
	int ret = read_scope(c, o->pid, v, NULL);
	size_t i;

	if (ret)
		return report(ret, o->pid);
	for (i = 0; i < counters_nr(c); i++) {
		const struct counter_desc *d = counters_desc(c, i);

		if (chosen(o, d->name))
			printf("%-32s %-8s %llu\n", d->name, d->unit,
			       (unsigned long long)v[i]);
	}
	return 0;
}

static const char *why_not(int error)
{
	switch (-error) {
	case ENODATA:
		return "not watched: nobody wants it now";
	case ENOENT:
		return "not watched: no such function here, or its module is not loaded";
	default:
		return strerror(-error);
	}
}

static int print_probes(struct counters *c)
{
	struct counter_desc p;
	size_t i;

	printf("%-37s %-10s %-8s %s\n", "function", "by", "missed", "counts");
	for (i = 0; !counters_probe(c, i, &p); i++)
		if (p.error)
			printf("%-37s %-10s %-8s %s (%s)\n", p.name, "-", "-", p.text,
			       why_not(p.error));
		else
			printf("%-37s %-10s %-8llu %s\n", p.name, p.unit,
			       (unsigned long long)p.missed, p.text);
	return 0;
}

static void add_column(struct table *t, int index, const char *header)
{
	int width = strlen(header);

	if (t->nr == MAX_COLUMNS || index < 0)
		return;
	t->index[t->nr] = index;
	t->header[t->nr] = header;
	t->width[t->nr++] = width > 8 ? width : 8;
}

/* A counter that this module does not have leaves no column. */
static void make_table(struct table *t, const struct counters *c,
		       const struct options *o)
{
	size_t i;

	for (i = 0; i < (size_t)o->nr_names; i++)
		add_column(t, counters_find(c, o->names[i]), o->names[i]);
	if (o->nr_names)
		return;
	for (i = 0; i < sizeof(default_columns) / sizeof(*default_columns); i++)
		add_column(t, counters_find(c, default_columns[i].name),
			   default_columns[i].header);
}

static void print_header(const struct table *t)
{
	int i;

	for (i = 0; i < t->nr; i++)
		printf("%s%*s", i ? " " : "", t->width[i], t->header[i]);
	putchar('\n');
}

static void print_rates(const struct table *t, const struct counters *c,
			const uint64_t *old, const uint64_t *new, uint64_t ns)
{
	int i, n;

	for (i = 0; i < t->nr; i++) {
		double v = new[n = t->index[i]];

		if (counters_desc(c, n)->kind == HMMSTORM_CUMULATIVE)
			v = ns ? (new[n] - old[n]) * 1e9 / ns : 0;
		printf("%s%*.0f", i ? " " : "", t->width[i], v);
	}
	putchar('\n');
	fflush(stdout);
}

static void sleep_for(double seconds)
{
	struct timespec t = { .tv_sec = seconds };

	t.tv_nsec = (seconds - t.tv_sec) * 1e9;
	nanosleep(&t, NULL);
}

/* Rates per second between two readings; peaks and instant values as they are. */
static int watch(struct counters *c, const struct options *o, uint64_t *old,
		 uint64_t *new)
{
	struct table t = {};
	uint64_t then, now;
	unsigned long line;
	int ret = read_scope(c, o->pid, old, &then);

	if (ret)
		return report(ret, o->pid);
	make_table(&t, c, o);
	for (line = 0; !o->count || line < o->count; line++) {
		if (line % HEADER_EVERY == 0)
			print_header(&t);
		fflush(stdout);
		sleep_for(o->seconds);
		ret = read_scope(c, o->pid, new, &now);
		if (ret == -ESRCH) {
			fprintf(stderr, "counters: process %d has ended\n",
				o->pid);
			return 0;
		}
		if (ret)
			return report(ret, o->pid);
		print_rates(&t, c, old, new, now - then);
		memcpy(old, new, counters_nr(c) * sizeof(*old));
		then = now;
	}
	return 0;
}

static int check_names(const struct counters *c, const struct options *o)
{
	int i;

	for (i = 0; i < o->nr_names; i++)
		if (counters_find(c, o->names[i]) < 0)
			return bad_usage("no such counter", o->names[i]);
	return 0;
}

static int run(struct counters *c, const struct options *o)
{
	uint64_t *v = calloc(2 * counters_nr(c), sizeof(*v));
	int ret = v ? check_names(c, o) : 1;

	if (!v)
		fprintf(stderr, "counters: out of memory\n");
	else if (!ret && o->probes)
		ret = print_probes(c);
	else if (!ret && o->watch)
		ret = watch(c, o, v, v + counters_nr(c));
	else if (!ret)
		ret = print_once(c, o, v);
	free(v);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "counters: cannot write: %s\n", strerror(errno));
		ret = 1;
	}
	return ret;
}

int main(int argc, char **argv)
{
	struct options o = { .seconds = 1 };
	struct counters *c;
	int ret = parse(&o, argv);

	(void)argc;
	if (ret)
		return ret < 0 ? 0 : ret;
	/* all are placed while somebody is attached and wants times */
	ret = o.probes ? counters_open(&c) : counters_open_reader(&c);
	if (ret) {
		fprintf(stderr, "counters: %s\n", counters_strerror(ret));
		return ret == -ENOENT ? 4 : 2;
	}
	ret = run(c, &o);
	counters_close(c);
	return ret;
}
