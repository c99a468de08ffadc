// SPDX-License-Identifier: GPL-2.0-only
/* The figures as a results folder, whole or not at all. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../alloc.h"
#include "../record.h"
#include "import.h"

static const char *const written[] = {
	"env.tsv", "records.tsv", "hist.tsv", "series.tsv",
};

/* What this or an import before it left unfinished. */
static void remove_folder(const char *dir)
{
	size_t i;

	for (i = 0; i < sizeof(written) / sizeof(*written); i++) {
		char *path = must_print("%s/%s", dir, written[i]);

		unlink(path);
		free(path);
	}
	rmdir(dir);
}

/* What record_open() says of the machine it runs on is not so of the driver's. */
static void set_environment(const struct import_to *to)
{
	setenv("HMMSTORM_MODE", "imported", 1);
	setenv("HMMSTORM_ACCEL", "-", 1);
	setenv("HMMSTORM_KERNEL", to->kernel ? to->kernel : "-", 1);
	unsetenv("HMMSTORM_CONFIG");
	unsetenv("HMMSTORM_CONFIG_HASH");
	unsetenv("HMMSTORM_QEMU");
}

static void write_number(struct record *r, const char *what, const char *device, size_t n)
{
	char *key = must_print("%s %s", what, device), *value = must_print("%zu", n);

	record_env(r, key, value);
	free(key);
	free(value);
}

static void write_env(struct record *r, const struct import *in, const struct import_to *to)
{
	record_env(r, "source", in->source->name);
	record_env(r, "label", to->label);
	record_env(r, "importer", "kernel_release, cpu and the like are of the machine that imported");
	write_number(r, "lines", in->device, in->lines);
	write_number(r, "unknown_lines", in->device, in->unknown);
	if (in->first_unknown)
		record_env(r, "first_unknown", in->unknown_text);
}

static void write_figures(struct record *r, const struct import *in)
{
	const struct record_id id = {
		.program = "import",
		.name = in->device,
		.backend = in->source->name,
	};
	size_t i;

	for (i = 0; i < in->nr_figures; i++)
		record_u64(r, &id, in->figures[i].metric, "count", in->figures[i].unit,
			   in->figures[i].value);
	for (i = 0; i < in->nr_times; i++)
		record_hist(r, &id, in->times[i].metric, "ns", in->times[i].ns);
}

static int write_folder(struct import *const *in, size_t nr, const struct import_to *to,
			const char *dir)
{
	struct record *r;
	size_t i;
	int ret;

	set_environment(to);
	ret = record_open(&r, dir, "import", to->argc, to->argv, 0);
	if (ret)
		return ret;
	for (i = 0; i < nr; i++) {
		write_env(r, in[i], to);
		write_figures(r, in[i]);
	}
	return record_close(r);
}

static bool devices_differ(struct import *const *in, size_t nr)
{
	size_t i, k;

	for (i = 0; i < nr; i++)
		for (k = 0; k < i; k++)
			if (!strcmp(in[i]->device, in[k]->device)) {
				fprintf(stderr, "hmmstorm: two of the files are of %s: one file a device\n",
					in[i]->device);
				return false;
			}
	return true;
}

int import_write(struct import *const *in, size_t nr, const struct import_to *to)
{
	char *dir = must_copy(to->dir), *unfinished;
	size_t n = strlen(dir);
	int ret;

	if (!devices_differ(in, nr)) {
		free(dir);
		return -EINVAL;
	}
	while (n > 1 && dir[n - 1] == '/')
		dir[--n] = 0;
	unfinished = must_print("%s.unfinished", dir);
	remove_folder(unfinished);
	ret = write_folder(in, nr, to, unfinished);
	/* takes the place of nothing but an empty folder */
	if (!ret && rename(unfinished, dir)) {
		ret = -errno;
		fprintf(stderr, "hmmstorm: cannot make %s: %s\n", dir,
			ret == -ENOTEMPTY || ret == -EEXIST ?
			"it is there, with something in it" : strerror(-ret));
	}
	if (ret)
		remove_folder(unfinished);
	free(unfinished);
	free(dir);
	return ret;
}
