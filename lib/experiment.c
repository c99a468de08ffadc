// SPDX-License-Identifier: GPL-2.0-only
/* Finds experiments in their linker section; writes what all of them share. */
#include <errno.h>
#include <math.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "experiment.h"

extern const struct experiment *const __start_hmmstorm_experiments[];
extern const struct experiment *const __stop_hmmstorm_experiments[];

static const struct experiment **sorted;
static size_t nr_sorted;

static int by_number(const void *a, const void *b)
{
	const struct experiment *const *x = a, *const *y = b;

	return atoi((*x)->id + 1) - atoi((*y)->id + 1);
}

size_t experiment_count(void)
{
	const struct experiment *const *p = __start_hmmstorm_experiments;

	if (sorted)
		return nr_sorted;
	for (; p < __stop_hmmstorm_experiments; p++) {
		sorted = must_grow(sorted, nr_sorted, sizeof(*sorted));
		sorted[nr_sorted++] = *p;
	}
	qsort(sorted, nr_sorted, sizeof(*sorted), by_number);
	return nr_sorted;
}

const struct experiment *experiment_at(size_t i)
{
	return i < experiment_count() ? sorted[i] : NULL;
}

const struct experiment *experiment_find(const char *id)
{
	size_t i;

	for (i = 0; i < experiment_count(); i++)
		if (!strcmp(sorted[i]->id, id))
			return sorted[i];
	return NULL;
}

static bool is_of(const struct experiment *e, const char *name)
{
	size_t n = strlen(e->id), i;

	if (!strncmp(name, e->id, n) && name[n] == '.')
		return true;
	for (i = 0; e->families && e->families[i]; i++)
		if (!strncmp(name, e->families[i], strlen(e->families[i])))
			return true;
	return false;
}

/* A skipped benchmark has a line in env.tsv alone: it was asked for. */
static bool has_rows(const struct experiment *e, const struct results *r)
{
	char *prefix = must_print("%s.", e->id);
	bool have = results_have(r, prefix);
	size_t i;

	free(prefix);
	for (i = 0; !have && e->families && e->families[i]; i++)
		have = results_have(r, e->families[i]);
	return have;
}

/* The word after an option, or after its "="; NULL: not there. Caller frees. */
static char *option_of(const char *command, const char *option)
{
	const char *p = strstr(command, option);

	if (!p)
		return NULL;
	p += strlen(option);
	if (*p != ' ' && *p != '=')
		return NULL;
	return must(strndup(p + 1, strcspn(p + 1, " ")));
}

/* As Google Benchmark names it, as far as a row tells. */
static bool filter_takes(const char *filter, const struct results_row *row)
{
	const char *arguments = row->name + strlen(row->base);
	char *name = row->pages ? must_print("%s/pages:%llu%s/", row->base,
					     (unsigned long long)row->pages, arguments) :
				  must_print("%s/", row->name);
	regex_t re;
	bool takes;

	takes = !regcomp(&re, filter, REG_EXTENDED | REG_NOSUB);
	if (takes) {
		takes = !regexec(&re, name, 0, NULL, 0);
		regfree(&re);
	}
	free(name);
	return takes;
}

/* Did this command of a part make rows of the experiment? */
static bool command_made(const struct experiment *e, const struct results *r,
			 const struct results_part *p, const char *program,
			 const char *command)
{
	struct results_key k = { .program = program, .part = part_name(p), .pages = RESULTS_ANY };
	char *backend = option_of(command, "--backend");
	char *filter = option_of(command, "--benchmark_filter");
	const struct results_row *row = NULL;
	bool made = false;

	while (!made && (row = results_next(r, &k, row)))
		made = is_of(e, row->name) && (!backend || !strcmp(backend, row->backend)) &&
		       (!filter || filter_takes(filter, row));
	free(backend);
	free(filter);
	return made;
}

/* A word for the shell, after a blank. */
static void put_word(const char *word, size_t len, FILE *to)
{
	size_t plain = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:=,+-");

	if (plain >= len && len)
		fprintf(to, " %.*s", (int)len, word);
	else
		fprintf(to, " '%.*s'", (int)len, word);
}

/* How the lab was started, from vm.tsv; a run on the host has none. */
static void put_lab(const struct results_part *p, FILE *to)
{
	static const struct {
		const char *key, *option;
	} options[] = {
		{ "kernel", "--kernel" }, { "config", "--config" }, { "cpus", "--cpus" },
		{ "memory", "--memory" }, { "numa", "--numa" }, { "seed", "--seed" },
		{ "modules", "--modules" },
	};
	static const char *const defaults[] = { "", "base", "1", "none" };
	const char *value;
	size_t i, k;

	if (!part_vm(p, "kernel")) {
		fputs("./hmmstorm", to);
		return;
	}
	fputs("./hmmstorm vm", to);
	for (i = 0; i < sizeof(options) / sizeof(*options); i++) {
		value = part_vm(p, options[i].key);
		for (k = 0; value && k < sizeof(defaults) / sizeof(*defaults); k++)
			if (!strcmp(value, defaults[k]) && strcmp(options[i].key, "cpus"))
				value = NULL;
		if (value) {
			fprintf(to, " %s", options[i].option);
			put_word(value, strlen(value), to);
		}
	}
	value = part_vm(p, "cmdline");
	if (value && strstr(value, "numa_balancing=disable"))
		fputs(" --append numa_balancing=disable", to);
	fprintf(to, "%s --out DIR -- hmmstorm", part_exact(p) ? " --deterministic" : "");
}

/* Of a part that hmmstorm run made, the one command for this experiment; else NULL. */
static char *run_command(const struct experiment *e, const struct results_part *p)
{
	const char *command = part_vm(p, "command");

	if (!command || strncmp(command, "'hmmstorm' 'run'", 16) || !*part_name(p))
		return NULL;
	return must_print("run --part %s%s --only %s", part_name(p),
			  strstr(command, "'--whole'") ? " --whole" : "", e->id);
}

static void write_command(struct doc *d, const struct results_part *p,
			  const char *command)
{
	char *text = NULL;
	size_t len = 0;
	FILE *to = must(open_memstream(&text, &len));

	put_lab(p, to);
	while (*command) {
		len = strcspn(command, " ");
		put_word(command, len, to);
		command += len + (command[len] == ' ');
	}
	if (!part_vm(p, "kernel"))
		fputs(" --out DIR", to);
	fclose(to);
	doc_command(d, "%s", text);
	free(text);
}

static void write_commands(const struct experiment *e, struct doc *d,
			   const struct results *r)
{
	static const char *const programs[] = { "bench", "explain", "stress" };
	const struct results_part *p;
	const char *command;
	size_t i, k, c;
	char *run;
	bool said;

	for (i = 0; (p = results_part(r, i)); i++) {
		run = run_command(e, p);
		said = false;
		for (k = 0; k < sizeof(programs) / sizeof(*programs) && !said; k++)
			for (c = 0; (command = part_env(p, programs[k], "command", c)) && !said; c++) {
				if (!command_made(e, r, p, programs[k], command))
					continue;
				write_command(d, p, run ? run : command);
				said = run;
			}
		free(run);
	}
}

static size_t pick_main(const struct results *const *runs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(results_line(runs[i]), "6.12"))
			return i;
	return n - 1;
}

static int write_runs(const struct experiment *e, struct findings *f)
{
	size_t i;
	int ret;

	f->main = pick_main(f->runs, f->nr_runs);
	ret = e->write(f);
	if (ret)
		return ret;
	doc_labelled(f->doc, "Reproduce", "with these commands, each in a guest of its own.");
	for (i = 0; i < f->nr_runs; i++)
		write_commands(e, f->doc, f->runs[i]);
	return 0;
}

int experiment_write(const struct experiment *e, struct doc *d,
		     const struct results *const *runs, size_t nr_runs,
		     const char *dir)
{
	const struct results **have = must(calloc(nr_runs + 1, sizeof(*have)));
	struct findings f = { .doc = d, .runs = have, .dir = dir };
	size_t i;
	int ret = 0;

	doc_heading(d, 3, e->id, "%s. %s", e->id, e->title);
	doc_labelled(d, "Question", "%s", e->question);
	doc_labelled(d, "Experiment", "%s", e->measured);
	for (i = 0; i < nr_runs; i++)
		if (has_rows(e, runs[i]))
			have[f.nr_runs++] = runs[i];
		else
			doc_note(d, "not measured in this run: %s has no rows of %s.",
				 results_line(runs[i]), e->id);
	if (f.nr_runs)
		ret = write_runs(e, &f);
	free(have);
	return ret;
}
