// SPDX-License-Identifier: GPL-2.0-only
/* hmmstorm export: results in the formats of other tools. */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../alloc.h"
#include "../regress/export.h"
#include "../version.h"

enum { OPTION_OTAVA_CONFIG = 256 };

struct asked {
	const struct export_format *format;
	const char *out, *config;
	char **paths;
	size_t nr_paths;
};

static const struct argp_option options[] = {
	{ "format", 'f', "FORMAT", 0, "which format", 0 },
	{ "out", 'o', "FILE", 0, "write to FILE (default: stdout)", 0 },
	{ "otava-config", OPTION_OTAVA_CONFIG, "FILE", 0,
	  "with --format otava and --out: write the test definition too", 0 },
	{ 0 }
};

/* "csv gbench ..."; caller frees. */
static char *format_names(void)
{
	char *names = NULL;
	size_t len, i;
	FILE *to = must(open_memstream(&names, &len));

	for (i = 0; export_format_at(i); i++)
		fprintf(to, "%s%s", i ? " " : "", export_format_at(i)->name);
	fclose(to);
	return must(names);
}

static void check(struct argp_state *state, const struct asked *a)
{
	if (!a->format)
		argp_failure(state, 2, 0, "--format which? There are %s", format_names());
	if (!a->nr_paths)
		argp_failure(state, 2, 0, "which SIDE? A results folder, a folder of such, or Google Benchmark JSON");
	if (a->nr_paths > 1 && !a->format->many_sides)
		argp_failure(state, 2, 0, "--format %s takes one SIDE, not %zu", a->format->name,
			     a->nr_paths);
	if (a->config && (!a->format->has_config || !a->out))
		argp_failure(state, 2, 0, "--otava-config goes with --format otava and --out");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct asked *a = state->input;

	switch (key) {
	case 'f':
		a->format = export_format_find(arg);
		if (!a->format)
			argp_failure(state, 2, 0, "no format '%s'; there are %s", arg,
				     format_names());
		return 0;
	case 'o':
		a->out = arg;
		return 0;
	case OPTION_OTAVA_CONFIG:
		a->config = arg;
		return 0;
	case ARGP_KEY_ARG:
		a->paths = must_grow(a->paths, a->nr_paths, sizeof(*a->paths));
		a->paths[a->nr_paths++] = arg;
		return 0;
	case ARGP_KEY_END:
		check(state, a);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* The formats, below the options; argp frees it. */
static char *describe(int key, const char *text, void *input)
{
	char *all = NULL;
	size_t len, i;
	FILE *to;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	to = must(open_memstream(&all, &len));
	fputs("Formats:\n", to);
	for (i = 0; export_format_at(i); i++)
		fprintf(to, "  %-11s %s\n", export_format_at(i)->name,
			export_format_at(i)->desc);
	fputs("\nExit status: 0 done, 1 cannot be written, 2 bad usage or input.", to);
	fclose(to);
	return must(all);
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "--format FORMAT SIDE...",
	.doc = "Write the values of a SIDE (a results folder, a folder of boots, Google Benchmark JSON) for another tool; csv, openmetrics and otava take several, oldest first.\v",
	.help_filter = describe,
};

/* What is no regular file (a terminal, a pipe) is written as it is. */
static bool is_special(const char *path)
{
	struct stat st;

	return !stat(path, &st) && !S_ISREG(st.st_mode);
}

static int write_stream(FILE *to, const char *text, size_t len)
{
	int ret = 0;

	errno = 0;
	if (fwrite(text, 1, len, to) < len || fflush(to))
		ret = errno ? -errno : -EIO;
	if (to != stdout && fclose(to) && !ret)
		ret = -errno;
	return ret;
}

/* All or nothing: a file gets its name when it is whole. path NULL: stdout. */
static int write_file(const char *path, const char *text, size_t len)
{
	char *unfinished = must_print("%s.unfinished", path ? path : "");
	bool renamed = path && !is_special(path);
	FILE *to = stdout;
	int ret;

	if (path)
		to = fopen(renamed ? unfinished : path, "we");
	ret = to ? write_stream(to, text, len) : -errno;
	if (renamed && !ret && rename(unfinished, path))
		ret = -errno;
	if (renamed && ret)
		unlink(unfinished);
	if (ret)
		fprintf(stderr, "hmmstorm: cannot write %s: %s\n", path ? path : "stdout",
			strerror(-ret));
	free(unfinished);
	return ret;
}

static int export(const struct asked *a, const struct side *const *sides)
{
	struct export e = { .sides = sides, .nr_sides = a->nr_paths, .file = a->out };
	char *text = NULL, *config = NULL;
	size_t len = 0, config_len = 0;
	int status = 2;

	e.to = must(open_memstream(&text, &len));
	if (a->config)
		e.config = must(open_memstream(&config, &config_len));
	if (!a->format->write(&e))
		status = 0;
	fclose(e.to);
	if (e.config)
		fclose(e.config);
	if (!status && write_file(a->out, text, len))
		status = 1;
	if (!status && config && write_file(a->config, config, config_len))
		status = 1;
	free(text);
	free(config);
	return status;
}

int main(int argc, char **argv)
{
	struct asked a = { 0 };
	struct side **sides;
	size_t i;
	int ret = 0, status = 2;

	argp_program_version = "hmmstorm " HMMSTORM_VERSION;
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	sides = must(calloc(a.nr_paths, sizeof(struct side *)));
	for (i = 0; !ret && i < a.nr_paths; i++)
		ret = side_read(&sides[i], a.paths[i]);
	if (!ret)
		status = export(&a, (const struct side *const *)sides);
	for (i = 0; i < a.nr_paths; i++)
		side_free(sides[i]);
	free(sides);
	free(a.paths);
	return status;
}
