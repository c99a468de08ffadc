// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "clock.h"
#include "hist.h"
#include "record.h"
#include "version.h"

enum { ENV, RECORDS, HIST, SERIES, NR_FILES };

static const struct {
	const char *name, *header;
} files[NR_FILES] = {
	[ENV] = { "env.tsv", "program\tkey\tvalue\n" },
	[RECORDS] = { "records.tsv",
		      RECORD_COLUMNS "\tmetric\tkind\tunit\tvalue\n" },
	[HIST] = { "hist.tsv",
		   RECORD_COLUMNS "\tmetric\tunit\tlow\thigh\tcount\n" },
	[SERIES] = { "series.tsv",
		     RECORD_COLUMNS "\tt_ns\tmetric\tunit\tvalue\n" },
};

struct record {
	const char *program;
	int fd[NR_FILES];
	int error;
};

/* Appends text in one write; a torn row (full disk) is cut off again. */
static int put_text(struct record *r, int file, const char *text, size_t len)
{
	off_t end = lseek(r->fd[file], 0, SEEK_END);
	ssize_t n = write(r->fd[file], text, len);
	int err = n < 0 ? -errno : -ENOSPC;

	if (n == (ssize_t)len)
		return r->error;
	if (n > 0 && ftruncate(r->fd[file], end))
		err = -errno;
	if (!r->error) {
		r->error = err;
		fprintf(stderr, "hmmstorm: cannot write %s: %s; the rows before stand complete\n",
			files[file].name, strerror(-err));
	}
	return r->error;
}

__attribute__((format(printf, 3, 4))) static int
put_row(struct record *r, int file, const char *fmt, ...)
{
	char row[2048];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(row, sizeof(row), fmt, ap);
	va_end(ap);
	if (n >= (int)sizeof(row)) {
		n = sizeof(row) - 1;
		row[n - 1] = '\n';
	}
	return put_text(r, file, row, (size_t)n);
}

static const char *or_dash(const char *s)
{
	return s && *s ? s : "-";
}

static int format_id(char *buf, size_t len, const struct record_id *id)
{
	return snprintf(buf, len, "%s\t%s\t%s\t%s\t%s\t%u\t%llu\t%u",
			or_dash(id->program), or_dash(id->name),
			or_dash(id->backend), or_dash(id->policy),
			or_dash(id->protocol), id->workers,
			(unsigned long long)id->pages, id->repetition);
}

static int make_dirs(const char *dir)
{
	char path[4096];
	char *p;

	if (snprintf(path, sizeof(path), "%s", dir) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	for (p = path + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = 0;
		if (mkdir(path, 0777) && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(path, 0777) && errno != EEXIST ? -errno : 0;
}

static int open_file(struct record *r, const char *dir, int file)
{
	char path[4096];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", dir, files[file].name);
	r->fd[file] = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
			   0666);
	if (r->fd[file] < 0 || fstat(r->fd[file], &st))
		return -errno;
	if (st.st_size)
		return 0;
	return put_text(r, file, files[file].header,
			strlen(files[file].header));
}

int record_env(struct record *r, const char *key, const char *value)
{
	char flat[1800];
	size_t i;

	if (!r)
		return 0;
	snprintf(flat, sizeof(flat), "%s", or_dash(value));
	for (i = 0; flat[i]; i++)
		if (flat[i] == '\t' || flat[i] == '\n')
			flat[i] = ' ';
	return put_row(r, ENV, "%s\t%s\t%s\n", r->program, key, flat);
}

static void read_line(const char *path, char *buf, size_t len)
{
	FILE *f = fopen(path, "re");

	buf[0] = 0;
	if (!f)
		return;
	if (!fgets(buf, (int)len, f))
		buf[0] = 0;
	buf[strcspn(buf, "\n")] = 0;
	fclose(f);
}

/* What the lab tells its guest by environment (scripts/vm). */
static void env_of_lab(struct record *r)
{
	static const char *const names[][2] = {
		{ "mode", "HMMSTORM_MODE" },
		{ "accelerator", "HMMSTORM_ACCEL" },
		{ "kernel", "HMMSTORM_KERNEL" },
		{ "config", "HMMSTORM_CONFIG" },
		{ "config_hash", "HMMSTORM_CONFIG_HASH" },
		{ "qemu", "HMMSTORM_QEMU" },
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *value = getenv(names[i][1]);

		if (!value && !i)
			value = "host";
		if (!value && i == 1)
			value = "bare";
		record_env(r, names[i][0], value);
	}
}

static void env_of_kernel(struct record *r)
{
	static const char *const paths[][2] = {
		{ "kernel_cmdline", "/proc/cmdline" },
		{ "thp", "/sys/kernel/mm/transparent_hugepage/enabled" },
		{ "aslr", "/proc/sys/kernel/randomize_va_space" },
		{ "numa_balancing", "/proc/sys/kernel/numa_balancing" },
		{ "clocksource",
		  "/sys/devices/system/clocksource/clocksource0/current_clocksource" },
		{ "governor",
		  "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor" },
		{ "helper_srcversion", "/sys/module/hmmstorm/srcversion" },
		{ "test_hmm_srcversion", "/sys/module/test_hmm/srcversion" },
		{ "taint", "/proc/sys/kernel/tainted" },
	};
	char buf[1024];
	struct utsname u;
	size_t i;

	if (!uname(&u)) {
		record_env(r, "kernel_release", u.release);
		record_env(r, "kernel_version", u.version);
	}
	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		read_line(paths[i][1], buf, sizeof(buf));
		record_env(r, paths[i][0], buf);
	}
}

static void env_of_cpu(struct record *r)
{
	char line[1024];
	FILE *f = fopen("/proc/cpuinfo", "re");

	while (f && fgets(line, sizeof(line), f)) {
		char *value = strstr(line, ": ");

		if (strncmp(line, "model name", 10) || !value)
			continue;
		value[strcspn(value, "\n")] = 0;
		record_env(r, "cpu", value + 2);
		break;
	}
	if (f)
		fclose(f);
	snprintf(line, sizeof(line), "%ld", sysconf(_SC_NPROCESSORS_ONLN));
	record_env(r, "cpus", line);
}

static void env_of_program(struct record *r, int argc, char *const argv[],
			   uint64_t seed)
{
	char line[1800];
	size_t n = 0;
	int i;

	line[0] = 0;
	for (i = 0; i < argc && n < sizeof(line); i++)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "%s%s",
				      i ? " " : "", argv[i]);
	record_env(r, "command", line);
	snprintf(line, sizeof(line), "%llu", (unsigned long long)seed);
	record_env(r, "seed", line);
	record_env(r, "hmmstorm_version", HMMSTORM_VERSION);
	record_env(r, "compiler", __VERSION__);
	record_env(r, "clock_unit", clock_unit());
	snprintf(line, sizeof(line), "%llu",
		 (unsigned long long)clock_floor());
	record_env(r, "clock_floor", line);
}

int record_open(struct record **r, const char *dir, const char *program,
		int argc, char *const argv[], uint64_t seed)
{
	struct record *new = calloc(1, sizeof(*new));
	int ret, i;

	if (!new)
		return -ENOMEM;
	for (i = 0; i < NR_FILES; i++)
		new->fd[i] = -1;
	new->program = program;
	ret = make_dirs(dir);
	for (i = 0; !ret && i < NR_FILES; i++)
		ret = open_file(new, dir, i);
	if (ret) {
		if (!new->error)
			fprintf(stderr, "hmmstorm: cannot write results to %s: %s; choose another folder with --out\n",
				dir, strerror(-ret));
		new->error = ret;
		record_close(new);
		return ret;
	}
	env_of_lab(new);
	env_of_kernel(new);
	env_of_cpu(new);
	env_of_program(new, argc, argv, seed);
	*r = new;
	return new->error;
}

static int put_value(struct record *r, const struct record_id *id,
		     const char *metric, const char *kind, const char *unit,
		     const char *value)
{
	char ident[600];

	if (!r)
		return 0;
	format_id(ident, sizeof(ident), id);
	return put_row(r, RECORDS, "%s\t%s\t%s\t%s\t%s\n", ident, metric, kind,
		       or_dash(unit), value);
}

int record_u64(struct record *r, const struct record_id *id, const char *metric,
	       const char *kind, const char *unit, uint64_t value)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return put_value(r, id, metric, kind, unit, text);
}

int record_double(struct record *r, const struct record_id *id,
		  const char *metric, const char *kind, const char *unit,
		  double value)
{
	char text[32];

	snprintf(text, sizeof(text), "%.10g", value);
	return put_value(r, id, metric, kind, unit, text);
}

int record_sample(struct record *r, const struct record_id *id, uint64_t t_ns,
		  const char *metric, const char *unit, uint64_t value)
{
	char ident[600];

	if (!r)
		return 0;
	format_id(ident, sizeof(ident), id);
	return put_row(r, SERIES, "%s\t%llu\t%s\t%s\t%llu\n", ident,
		       (unsigned long long)t_ns, metric, unit,
		       (unsigned long long)value);
}

static void put_buckets(struct record *r, const char *ident, const char *metric,
			const char *unit, const struct hist *h)
{
	unsigned int i;

	for (i = 0; i < HMMSTORM_HIST_BUCKETS; i++)
		if (h->bucket[i])
			put_row(r, HIST, "%s\t%s\t%s\t%llu\t%llu\t%llu\n",
				ident, metric, unit,
				(unsigned long long)hmmstorm_hist_low(i),
				(unsigned long long)hmmstorm_hist_high(i),
				(unsigned long long)h->bucket[i]);
}

static void put_quantile(struct record *r, const struct record_id *id,
			 const char *name, const char *unit,
			 const struct hist *h, double q)
{
	uint64_t low, high;
	char end[160];

	if (!hist_interval(h, q, &low, &high))
		return;
	record_u64(r, id, name, "value", unit, hist_quantile(h, q));
	snprintf(end, sizeof(end), "%s_low", name);
	record_u64(r, id, end, "value", unit, low);
	snprintf(end, sizeof(end), "%s_high", name);
	record_u64(r, id, end, "value", unit, high);
}

int record_hist(struct record *r, const struct record_id *id,
		const char *metric, const char *unit, const struct hist *h)
{
	static const struct {
		const char *suffix;
		double q;
	} quantiles[] = {
		{ "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 },
		{ "p99.9", 0.999 }, { "p99.99", 0.9999 },
	};
	char name[128], ident[600];
	size_t i;

	if (!r)
		return 0;
	snprintf(name, sizeof(name), "%s_n", metric);
	record_u64(r, id, name, "count", "1", h->n);
	if (!h->n)
		return r->error;
	for (i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++) {
		snprintf(name, sizeof(name), "%s_%s", metric,
			 quantiles[i].suffix);
		put_quantile(r, id, name, unit, h, quantiles[i].q);
	}
	snprintf(name, sizeof(name), "%s_min", metric);
	record_u64(r, id, name, "value", unit, h->min);
	snprintf(name, sizeof(name), "%s_max", metric);
	record_u64(r, id, name, "value", unit, h->max);
	snprintf(name, sizeof(name), "%s_mean", metric);
	record_double(r, id, name, "value", unit,
		      (double)h->sum / (double)h->n);
	format_id(ident, sizeof(ident), id);
	put_buckets(r, ident, metric, unit, h);
	return r->error;
}

int record_error(const struct record *r)
{
	return r ? r->error : 0;
}

int record_close(struct record *r)
{
	int i, error;

	if (!r)
		return 0;
	for (i = 0; i < NR_FILES; i++) {
		if (r->fd[i] < 0)
			continue;
		if (fsync(r->fd[i]) && !r->error && errno != EINVAL)
			r->error = -errno;
		close(r->fd[i]);
	}
	error = r->error;
	free(r);
	return error;
}
