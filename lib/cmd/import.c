// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm import: what other drivers count of their device faults, as a results folder;
 * and such folders beside ours, in words that mean the same.
 */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../doc.h"
#include "../regress/import.h"
#include "../regress/import_words.h"
#include "../version.h"

enum { OPTION_REPORT = 256, OPTION_KERNEL };

struct asked {
	const struct import_source *from;
	const char *out, *name, *kernel, *format;
	bool report;
	char **paths;
	size_t nr_paths;
	int argc;
	char **argv;
};

static const struct argp_option options[] = {
	{ "from", 'f', "SOURCE", 0, "whose figures these are", 0 },
	{ "out", 'o', "DIR", 0, "the results folder to make", 0 },
	{ "name", 'n', "LABEL", 0, "what reports call it (default: SOURCE)", 0 },
	{ "kernel", OPTION_KERNEL, "RELEASE", 0, "the kernel that the driver ran on, for the records", 0 },
	{ "report", OPTION_REPORT, NULL, 0, "instead: print results folders, imported and our own, side by side", 0 },
	{ "format", 'F', "FORMAT", 0, "of the report: markdown (default) or html", 0 },
	{ 0 }
};

/* "kfd uvm xe"; caller frees. */
static char *source_names(void)
{
	char *names = NULL;
	size_t len, i;
	FILE *to = must(open_memstream(&names, &len));

	for (i = 0; import_source_at(i); i++)
		fprintf(to, "%s%s", i ? " " : "", import_source_at(i)->name);
	fclose(to);
	return must(names);
}

static const struct import_source *source_of(struct argp_state *state, const char *name)
{
	const struct import_source *s = name ? import_source_find(name) : NULL;

	if (!s && name)
		argp_failure(state, 2, 0, "no source '%s'; there are %s", name, source_names());
	if (!s)
		argp_failure(state, 2, 0, "--from which source? There are %s", source_names());
	return s;
}

static void check(struct argp_state *state, const struct asked *a)
{
	if (!a->nr_paths)
		argp_failure(state, 2, 0, a->report ? "--report of which folders?" : "which FILE?");
	if (a->report ? !!a->from || !!a->out || !!a->name || !!a->kernel : !!a->format)
		argp_failure(state, 2, 0, "--report goes with --format alone, and --format with it");
	if (!a->report && !a->from)
		source_of(state, NULL);
	if (!a->report && !a->out)
		argp_failure(state, 2, 0, "--out which folder?");
	if (a->format && strcmp(a->format, "markdown") && strcmp(a->format, "html"))
		argp_failure(state, 2, 0, "--format is markdown or html, not '%s'", a->format);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct asked *a = state->input;

	switch (key) {
	case 'f':
		a->from = source_of(state, arg);
		return 0;
	case 'o':
		a->out = arg;
		return 0;
	case 'n':
		a->name = arg;
		return 0;
	case OPTION_KERNEL:
		a->kernel = arg;
		return 0;
	case OPTION_REPORT:
		a->report = true;
		return 0;
	case 'F':
		a->format = arg;
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

/* The sources, below the options. Caller frees. */
static char *describe(int key, const char *text, void *input)
{
	char *all = NULL;
	size_t len, i;
	FILE *to;

	(void)input;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	to = must(open_memstream(&all, &len));
	fputs("Sources:\n", to);
	for (i = 0; import_source_at(i); i++)
		fprintf(to, "  %-4s %s\n       %s\n", import_source_at(i)->name,
			import_source_at(i)->desc, import_source_at(i)->shown_in);
	fputs("\nExit status: 0 done, 1 cannot be written, 2 bad usage or input.", to);
	fclose(to);
	return must(all);
}

static const struct argp argp = {
	.options = options,
	.parser = parse,
	.args_doc = "--from SOURCE --out DIR FILE...\n--report DIR...",
	.doc = "Make a results folder of what another driver counts, a FILE a device; or print such folders and our own (hmmstorm stress, bench --explain) side by side.\v",
	.help_filter = describe,
};

static void tell(const struct import *in, const char *path)
{
	fprintf(stderr, "%s: %s %s, %zu lines, %zu figures, %zu histograms\n", path,
		in->source->name, in->device, in->lines, in->nr_figures, in->nr_times);
	if (in->unknown)
		fprintf(stderr, "%s: unknown lines, left out: %zu; the first is line %zu: %s\n",
			path, in->unknown, in->first_unknown, in->unknown_text);
}

static int import(const struct asked *a)
{
	const struct import_to to = {
		.dir = a->out,
		.label = a->name ? a->name : a->from->name,
		.kernel = a->kernel,
		.argc = a->argc,
		.argv = a->argv,
	};
	struct import **in = must(calloc(a->nr_paths, sizeof(*in)));
	size_t i;
	int ret = 0, status = 2;

	for (i = 0; !ret && i < a->nr_paths; i++)
		ret = import_read(&in[i], a->from, a->paths[i]);
	if (!ret) {
		ret = import_write(in, a->nr_paths, &to);
		status = ret == -EINVAL ? 2 : 1;
	}
	for (i = 0; i < a->nr_paths; i++) {
		if (!ret)
			tell(in[i], a->paths[i]);
		import_free(in[i]);
	}
	free(in);
	return ret ? status : 0;
}

static int report(const struct asked *a)
{
	struct doc *d = doc_new();
	int ret = words_report(d, a->paths, a->nr_paths), status = ret ? 2 : 0;

	if (!ret && a->format && !strcmp(a->format, "html"))
		ret = doc_html(d, "Device faults, driver by driver", stdout);
	else if (!ret)
		ret = doc_markdown(d, ".", stdout);
	if (!status && (ret || fflush(stdout) || ferror(stdout))) {
		fprintf(stderr, "hmmstorm: cannot write the report\n");
		status = 1;
	}
	doc_free(d);
	return status;
}

int main(int argc, char **argv)
{
	struct asked a = { .argc = argc, .argv = argv };
	int status;

	argp_program_version = "hmmstorm " HMMSTORM_VERSION;
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	status = a.report ? report(&a) : import(&a);
	free(a.paths);
	return status;
}
