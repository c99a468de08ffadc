// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm experiments: the findings of one run, or of several side by side, made
 * from their records again each time.
 */
#include <argp.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../experiment.h"
#include "../version.h"

struct asked {
	const char *html, *markdown, *only, *plots;
	bool answers;
	char **dirs;
	size_t nr_dirs;
};

static const struct argp_option options[] = {
	{ "html", 'H', "FILE", 0, "write the report, one file that needs nothing beside it", 0 },
	{ "markdown", 'm', "FILE", 0, "write the experiments as Markdown; - is stdout (default)", 0 },
	{ "answers", 'a', NULL, 0, "print the answers alone, one a line", 0 },
	{ "only", 'o', "E3,E4", 0, "only these experiments", 0 },
	{ "plots", 'p', "DIR", 0, "pictures go to DIR/plots (default: the first RUN)", 0 },
	{ 0 }
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct asked *a = state->input;

	switch (key) {
	case 'H':
		a->html = arg;
		return 0;
	case 'm':
		a->markdown = arg;
		return 0;
	case 'a':
		a->answers = true;
		return 0;
	case 'o':
		a->only = arg;
		return 0;
	case 'p':
		a->plots = arg;
		return 0;
	case ARGP_KEY_ARG:
		a->dirs = must_grow(a->dirs, a->nr_dirs, sizeof(*a->dirs));
		a->dirs[a->nr_dirs++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (!a->nr_dirs)
			argp_error(state, "which RUN? A run is a results folder, or a folder of its parts");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Is it in the list, or is there none? */
static bool is_asked(const char *only, const char *id)
{
	const char *p;
	size_t n;

	if (!only)
		return true;
	for (p = only; *p; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		if (n == strlen(id) && !strncmp(p, id, n))
			return true;
	}
	return false;
}

static bool all_known(const char *only)
{
	const char *p;
	size_t n, i;

	for (p = only; p && *p; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		for (i = 0; i < experiment_count(); i++)
			if (strlen(experiment_at(i)->id) == n &&
			    !strncmp(experiment_at(i)->id, p, n))
				break;
		if (i < experiment_count())
			continue;
		fprintf(stderr, "hmmstorm: no experiment '%.*s'; there are", (int)n, p);
		for (i = 0; i < experiment_count(); i++)
			fprintf(stderr, " %s", experiment_at(i)->id);
		fputc('\n', stderr);
		return false;
	}
	return true;
}

/* All sections; answers is the summary of them. */
static int write_experiments(const struct asked *a, const struct results *const *runs,
			     struct doc *body, struct doc *summary)
{
	const char *dir = a->plots ? a->plots : a->dirs[0];
	size_t i;
	int ret = 0;

	for (i = 0; i < experiment_count() && !ret; i++) {
		const struct experiment *e = experiment_at(i);
		const char *answer = "not measured in this run";
		size_t before = doc_nr_answers(body);

		if (!is_asked(a->only, e->id))
			continue;
		ret = experiment_write(e, body, runs, a->nr_dirs, dir);
		if (doc_nr_answers(body) > before)
			answer = doc_answer_at(body, before);
		doc_item(summary, e->id, "%s", answer);
		if (a->answers)
			printf("%-4s %s\n", e->id, answer);
	}
	return ret;
}

/* The facts of env.tsv and vm.tsv that a reader needs to judge a number. */
static const struct {
	const char *key, *text;
	bool of_vm;
} facts[] = {
	{ "kernel_release", "kernel", false },
	{ "kernel_version", "kernel build", false },
	{ "config", "kernel configuration", false },
	{ "config_hash", "hash of it", false },
	{ "kernel_cmdline", "kernel command line", false },
	{ "mode", "mode", false },
	{ "accelerator", "accelerator", false },
	{ "qemu", "QEMU", false },
	{ "cpu", "CPU", false },
	{ "cpus", "CPUs", false },
	{ "memory", "memory", true },
	{ "numa", "NUMA nodes", true },
	{ "thp", "transparent huge pages", false },
	{ "numa_balancing", "NUMA balancing", false },
	{ "aslr", "ASLR", false },
	{ "governor", "frequency governor", false },
	{ "clocksource", "clock source", false },
	{ "clock_unit", "unit of latencies", false },
	{ "clock_floor", "the clock's own cost, taken off", false },
	{ "helper", "helper module", false },
	{ "truth", "ground truth", false },
	{ "delay", "delays", false },
	{ "policy", "restore policies", false },
	{ "seed", "seed", false },
	{ "taint", "kernel taint", false },
	{ "hmmstorm_version", "hmmstorm", false },
	{ "compiler", "compiler", false },
	{ "initramfs", "hash of the initramfs", true },
	{ "command", "what the lab ran", true },
};

/* All values that the part's programs gave, one after the other. Caller frees. */
static char *values_of(const struct results_part *p, const char *key, bool of_vm)
{
	const char *value = of_vm ? part_vm(p, key) : NULL;
	char *text = NULL;
	size_t len = 0, i, n = 0;
	FILE *to;

	if (of_vm)
		return value && *value ? must_copy(value) : NULL;
	to = must(open_memstream(&text, &len));
	for (i = 0; (value = part_env(p, NULL, key, i)); i++)
		if (*value && strcmp(value, "-"))
			fprintf(to, "%s%s", n++ ? "; " : "", value);
	fclose(to);
	if (n)
		return text;
	free(text);
	return NULL;
}

/* The facts in which the parts of a run are alike (or not): a column for all, or each. */
static void write_facts(const struct results *run, bool alike, struct doc *d)
{
	size_t parts = results_nr_parts(run), fact, i, nr = alike ? 1 : parts;
	struct doc_table *t = NULL;

	for (fact = 0; fact < sizeof(facts) / sizeof(*facts); fact++) {
		char **value = must(calloc(parts, sizeof(*value)));
		bool same = true, any = false;

		for (i = 0; i < parts; i++) {
			value[i] = values_of(results_part(run, i), facts[fact].key,
					     facts[fact].of_vm);
			any |= !!value[i];
			same &= !strcmp(value[i] ? value[i] : "", value[0] ? value[0] : "");
		}
		if (any && same == alike) {
			if (!t) {
				t = doc_table(d, "%s%s", results_line(run),
					      parts == 1 ? "" : alike ? ": all parts" :
					      ": what its parts differ in");
				doc_column(t, DOC_TEXT, "what");
				for (i = 0; i < nr; i++)
					doc_column(t, DOC_TEXT, "%s", alike ? "value" :
						   part_name(results_part(run, i)));
			}
			doc_cell(t, "%s", facts[fact].text);
			for (i = 0; i < nr; i++)
				doc_cell(t, "%s", value[i] ? value[i] : "");
		}
		for (i = 0; i < parts; i++)
			free(value[i]);
		free(value);
	}
}

static void write_environment(const struct results *const *runs, size_t nr,
			      struct doc *d)
{
	size_t i;

	doc_heading(d, 2, "environment", "Environment");
	for (i = 0; i < nr; i++) {
		write_facts(runs[i], true, d);
		write_facts(runs[i], false, d);
	}
}

static struct doc *write_report(const struct results *const *runs, size_t nr,
				struct doc *summary, struct doc *body)
{
	struct doc *d = doc_new();

	doc_text(d, "Real kernels, stormed with fork, mprotect, munmap and device atomics on device-exclusive memory. "
		 "Everything here is made from the records of the run by `hmmstorm experiments`; "
		 "METHODOLOGY.md says how each number is obtained and what it cannot show.");
	doc_heading(d, 2, "answers", "Answers");
	doc_append(d, summary);
	write_environment(runs, nr, d);
	doc_heading(d, 2, "experiments", "Experiments");
	doc_append(d, body);
	return d;
}

static int save(const struct doc *d, const char *path, bool html)
{
	FILE *to = strcmp(path, "-") ? fopen(path, "we") : stdout;
	char *base = must_copy(path), *slash = strrchr(base, '/');
	int ret;

	if (slash)
		*slash = 0;
	if (!to) {
		fprintf(stderr, "hmmstorm: cannot write %s: %s\n", path, strerror(errno));
		free(base);
		return 1;
	}
	if (html)
		ret = doc_html(d, "hmmstorm: device-exclusive memory, measured", to);
	else
		ret = doc_markdown(d, slash ? base : ".", to);
	free(base);
	if (fflush(to) && !ret)
		ret = -errno;
	if (ret)
		fprintf(stderr, "hmmstorm: %s is not whole: %s\n", path, strerror(-ret));
	if (to != stdout)
		fclose(to);
	return ret ? 1 : 0;
}

static int write_all(const struct asked *a, const struct results *const *runs)
{
	struct doc *body = doc_new(), *summary = doc_new(), *report;
	int ret = write_experiments(a, runs, body, summary);

	if (ret) {
		doc_free(body);
		doc_free(summary);
		return ret == -ENOENT ? 4 : 1;
	}
	if (a->markdown || (!a->html && !a->answers))
		ret = save(body, a->markdown ? a->markdown : "-", false);
	report = write_report(runs, a->nr_dirs, summary, body);
	if (a->html && !ret)
		ret = save(report, a->html, true);
	doc_free(report);
	return ret;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		options, parse, "RUN...",
		"The findings of the experiments E1 to E13, from the records of a run, or of several side by side (kernel lines)."
		"\vA RUN is a results folder, or a folder of such (exact/, live/). Exit status: 0 written, 1 cannot write, 2 bad usage or broken results, 4 no gnuplot.",
		NULL, NULL, NULL
	};
	struct asked a = { 0 };
	struct results **runs;
	size_t i, n = 0;
	int ret = 0;

	argp_program_version = "hmmstorm " HMMSTORM_VERSION;
	argp_err_exit_status = 2;
	argp_parse(&argp, argc, argv, 0, NULL, &a);
	if (!all_known(a.only)) {
		free(a.dirs);
		return 2;
	}
	runs = must(calloc(a.nr_dirs, sizeof(*runs)));
	for (i = 0; i < a.nr_dirs && !ret; i++)
		if (results_read(&runs[i], a.dirs[i]))
			ret = 2;
		else
			n++;
	if (!ret)
		ret = write_all(&a, (const struct results *const *)runs);
	for (i = 0; i < n; i++)
		results_free(runs[i]);
	free(runs);
	free(a.dirs);
	return ret;
}
