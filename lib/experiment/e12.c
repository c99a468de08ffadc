// SPDX-License-Identifier: GPL-2.0-only
/* The support matrix: from bench/matrix.c's rows, one case a kind of memory. */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../experiment.h"

static const char prefix[] = "E12.";

static const struct {
	const char *metric, *begun, *returned, *text;
} operations[] = {
	{ "mark_errno", "begun_mark", "returned_mark", "mark" },
	{ "atomic_errno", "begun_atomic", "returned_atomic", "atomic" },
	{ "read_errno", "begun_read", "returned_read", "read" },
	{ "write_errno", "begun_write", "returned_write", "write" },
};

#define NR_OPERATIONS (sizeof(operations) / sizeof(*operations))

struct kinds {
	const char **name;
	size_t n;
};

static void add_kind(struct kinds *k, const char *name)
{
	size_t i;

	for (i = 0; i < k->n; i++)
		if (!strcmp(k->name[i], name))
			return;
	k->name = must_grow(k->name, k->n, sizeof(*k->name));
	k->name[k->n++] = name;
}

static int by_name(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* All kinds of memory that some run tried, or could not. */
static struct kinds find_kinds(const struct findings *f)
{
	struct kinds k = { NULL, 0 };
	const struct results_part *p;
	const char **names, *skipped;
	size_t r, i, n, part;

	for (r = 0; r < f->nr_runs; r++) {
		n = results_cases(f->runs[r], "bench", prefix, &names);
		for (i = 0; i < n; i++)
			add_kind(&k, names[i]);
		free(names);
		for (part = 0; (p = results_part(f->runs[r], part)); part++)
			for (i = 0; (skipped = part_skipped(p, prefix, i)); i++)
				add_kind(&k, skipped);
	}
	if (k.n)
		qsort(k.name, k.n, sizeof(*k.name), by_name);
	return k;
}

static bool is_skipped(const struct results *r, const char *name)
{
	const struct results_part *p;
	const char *skipped;
	size_t part, i;

	for (part = 0; (p = results_part(r, part)); part++)
		for (i = 0; (skipped = part_skipped(p, prefix, i)); i++)
			if (!strcmp(skipped, name))
				return true;
	return false;
}

static double value(const struct results *r, const char *name, const char *backend,
		    const char *metric)
{
	struct results_key k = { .name = name, .backend = backend, .metric = metric,
				 .pages = RESULTS_ANY };

	return results_value(r, &k);
}

/* glibc calls 95 ENOTSUP; the kernel's name for it is another. */
static const char *errno_name(double error)
{
	int number = (int)error;
	const char *name = number == EOPNOTSUPP ? "EOPNOTSUPP" : strerrorname_np(number);

	return name ? name : "?";
}

/* "ok", an errno, with the pages that were marked in spite of it; "not here". Caller
 * frees.
 */
static char *cell_text(const struct results *r, const char *name, const char *backend,
		       size_t operation)
{
	double error = value(r, name, backend, operations[operation].metric);
	bool begun = value(r, name, backend, operations[operation].begun) == 1;
	double pages = value(r, name, backend, "exclusive_pages");

	if (value(r, name, backend, "done") == 0)
		return must_copy("failed");
	if (isnan(error))
		error = value(r, name, backend, operations[operation].returned);
	if (isnan(error) && begun)
		return must_copy("the kernel died");
	if (isnan(error))
		return must_copy(is_skipped(r, name) ? "not here" : "–");
	if (!error)
		return must_copy("ok");
	if (operation == 0 && pages > 0)
		return must_print("%s, %s of %s pages", errno_name(error), doc_value(pages, 0),
				  doc_value(value(r, name, backend, "asked_pages"), 0));
	return must_copy(errno_name(error));
}

static bool was_measured(const struct findings *f, const char *backend)
{
	struct results_key k = { .backend = backend, .metric = "mark_errno", .pages = RESULTS_ANY };
	const struct results_row *row = NULL;
	size_t i;

	for (i = 0; i < f->nr_runs; i++)
		while ((row = results_next(f->runs[i], &k, row)))
			if (!strncmp(row->name, prefix, strlen(prefix)))
				return true;
	return false;
}

static void tabulate(const struct findings *f, const struct kinds *kinds, const char *backend)
{
	struct doc_table *t = doc_table(f->doc, "Backend %s: what became of each operation. An errno is that of the backend's call; \"not here\": this kernel or machine has no such memory; –: not tried in this run.",
					backend);
	size_t i, k, o;

	doc_column(t, DOC_TEXT, "memory");
	for (o = 0; o < NR_OPERATIONS; o++)
		for (k = 0; k < f->nr_runs; k++)
			doc_column(t, DOC_TEXT, "%s, %s", operations[o].text,
				   results_line(f->runs[k]));
	for (i = 0; i < kinds->n; i++) {
		doc_cell(t, "%s", kinds->name[i] + strlen(prefix));
		for (o = 0; o < NR_OPERATIONS; o++)
			for (k = 0; k < f->nr_runs; k++) {
				char *text = cell_text(f->runs[k], kinds->name[i], backend, o);

				doc_cell(t, "%s", text);
				free(text);
			}
	}
}

struct counts {
	size_t full, part, none;
	char *partly, *refused;	/* "thp, large_folio" */
};

static void append(char **list, const char *text)
{
	char *longer = must_print("%s%s%s", *list ? *list : "", *list ? ", " : "", text);

	free(*list);
	*list = longer;
}

static struct counts count(const struct results *r, const struct kinds *kinds,
			   const char *backend)
{
	struct counts c = { 0, 0, 0, NULL, NULL };
	size_t i;

	for (i = 0; i < kinds->n; i++) {
		const char *name = kinds->name[i], *kind = name + strlen(prefix);
		double error = value(r, name, backend, "mark_errno");
		char *text;

		if (isnan(error))
			continue;
		if (!error) {
			c.full++;
		} else if (value(r, name, backend, "exclusive_pages") > 0) {
			c.part++;
			append(&c.partly, kind);
		} else {
			c.none++;
			text = must_print("%s %s", kind, errno_name(error));
			append(&c.refused, text);
			free(text);
		}
	}
	return c;
}

/* "; on stock-7.3 17, 0 and 5": of the other runs. Caller frees. */
static char *other_runs(const struct findings *f, const struct kinds *kinds)
{
	char *text = NULL;
	size_t len = 0, i;
	FILE *to = must(open_memstream(&text, &len));

	for (i = 0; i < f->nr_runs; i++) {
		struct counts c = count(f->runs[i], kinds, "mirror");

		if (i != f->main && c.full + c.part + c.none)
			fprintf(to, "; on %s %zu, %zu and %zu", results_line(f->runs[i]),
				c.full, c.part, c.none);
		free(c.partly);
		free(c.refused);
	}
	fclose(to);
	return text;
}

static void answer(const struct findings *f, const struct kinds *kinds)
{
	const struct results *r = findings_run(f);
	struct counts c = count(r, kinds, "mirror");
	char *others = other_runs(f, kinds);

	if (!(c.full + c.part + c.none))
		doc_note(f->doc, "not measured in this run: E12 on backend mirror, so there is no answer.");
	else
		doc_answer(f->doc, "On %s a device can have %zu of %zu kinds of memory in full and %zu in part%s%s%s; %zu are refused%s%s%s%s.",
			   results_line(r), c.full, c.full + c.part + c.none, c.part,
			   c.partly ? " (" : "", c.partly ? c.partly : "", c.partly ? ")" : "",
			   c.none, c.refused ? " (" : "", c.refused ? c.refused : "",
			   c.refused ? ")" : "", others);
	free(c.partly);
	free(c.refused);
	free(others);
}

static int write(const struct findings *f)
{
	static const char *const backends[] = { "mirror", "test_hmm" };
	struct kinds kinds = find_kinds(f);
	size_t i;

	for (i = 0; i < sizeof(backends) / sizeof(*backends); i++)
		if (was_measured(f, backends[i]))
			tabulate(f, &kinds, backends[i]);
	doc_labelled(f->doc, "Error", "none: each cell is the outcome of one attempt; 8 pages of each kind, after marking counted by `/proc/self/pagemap`.");
	answer(f, &kinds);
	free(kinds.name);
	return 0;
}

static const struct experiment e12 = {
	.id = "E12",
	.title = "which memory a device can have",
	.question = "Support for huge pages and for file-backed memory was to come. What works today, and what errors?",
	.measured = "One benchmark a kind of memory: mark it exclusive, add to it by a device atomic, read and write it through the device; one attempt each, and the errno of each. "
		    "Marking looks a page up by GUP and refuses what is not anonymous; read and write go through `hmm_range_fault()`.",
	.write = write,
};

EXPERIMENT(e12);
