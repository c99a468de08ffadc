// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../doc.h"
#include "../results.h"
#include "import_words.h"

#define MOST_TERMS 4
#define OUR_FAULTS "hmmstorm's device: each page by itself, device_work.faults (lib/backend.h)"

/*
 * A word's value for one source: the sum of the metrics of sum (shell patterns), less those
 * of less, divided by those of per, times scale. A row whose name is "all" is the storm's
 * counters; the others of program stress are its stressors.
 */
static const struct term {
	const char *word, *unit, *source;
	const char *backend;	/* shell pattern: of these alone; NULL: any */
	const char *sum[MOST_TERMS], *less[MOST_TERMS], *per[MOST_TERMS];
	double scale;
	const char *from;
} terms[] = {
	{ "device faults", "faults", "xe",
	  .sum = { "svm_pagefault_count", "vma_pagefault_count" }, .scale = 1,
	  .from = "__xe_svm_handle_pagefault(), xe_pagefault_handle_vma()" },
	{ "device faults", "faults", "kfd", .sum = { "page_fault_start" }, .scale = 1,
	  .from = "svm_range_restore_pages(): those it did not drop as stale or restored already" },
	{ "device faults", "faults", "uvm",
	  .sum = { "replayable_faults", "non_replayable_faults" },
	  .less = { "replayable_duplicates" }, .scale = 1,
	  .from = "update_stats_parent_gpu_fault_instance(), without duplicates" },
	{ "device faults", "faults", "stress", .sum = { "device_faults" }, .scale = 1,
	  .from = OUR_FAULTS },
	{ "device faults", "faults", "explain", .sum = { "device_faults" }, .scale = 1,
	  .from = OUR_FAULTS },

	{ "faults that found nothing left to do", "faults", "xe",
	  .sum = { "svm_*_valid_pagefault_count" }, .scale = 1,
	  .from = "__xe_svm_handle_pagefault(): xe_svm_range_is_valid(), counted above too" },
	{ "faults that found nothing left to do", "faults", "uvm",
	  .sum = { "replayable_duplicates" }, .scale = 1,
	  .from = "update_stats_parent_gpu_fault_instance(): is_duplicate or filtered, not counted above" },

	{ "a device fault takes, mean", "ns", "xe", .sum = { "svm_*_pagefault_us" },
	  .per = { "svm_pagefault_count" }, .scale = 1000,
	  .from = "__xe_svm_handle_pagefault(), with its retries; no time of one that failed" },
	{ "a device fault takes, mean", "ns", "kfd", .sum = { "page_fault_ns" },
	  .per = { "page_fault_n" }, .scale = 1,
	  .from = "svm_range_restore_pages(): begin of the handler to range mapped" },
	{ "a device fault takes, mean", "ns", "stress", .backend = "mirror*",
	  .sum = { "mirror_fault_ns" },
	  .per = { "mirror_faults" }, .scale = 1,
	  .from = "kernel-helpers: the mirror device's fault handler" },
	{ "a device fault takes, mean", "ns", "explain", .backend = "mirror*",
	  .sum = { "mirror_fault_ns" },
	  .per = { "mirror_faults" }, .scale = 1,
	  .from = "kernel-helpers: the mirror device's fault handler" },

	{ "attempts of a fault begun anew", "attempts", "stress", .sum = { "device_retries" },
	  .scale = 1, .from = "mmu_interval_read_retry(), -EBUSY of hmm_range_fault()" },
	{ "attempts of a fault begun anew", "attempts", "explain", .sum = { "device_retries" },
	  .scale = 1, .from = "mmu_interval_read_retry(), -EBUSY of hmm_range_fault()" },

	{ "invalidations that came", "events", "stress", .sum = { "inv_*_events" }, .scale = 1,
	  .from = "mmu_interval_notifier_ops.invalidate() of hmmstorm's observer, any event" },
	{ "invalidations that came", "events", "explain", .sum = { "inv_*_events" }, .scale = 1,
	  .from = "mmu_interval_notifier_ops.invalidate() of hmmstorm's observer, any event" },

	{ "invalidations that took device entries", "events", "xe",
	  .sum = { "svm_tlb_inval_count" }, .scale = 1,
	  .from = "xe_svm_range_notifier_event_begin(): xe_pt_zap_ptes_range(), a GT and range" },
	{ "invalidations that took device entries", "events", "kfd",
	  .sum = { "unmap_from_gpu" }, .scale = 1,
	  .from = "svm_range_unmap_from_gpus(), a GPU and range" },

	{ "pages that they took", "pages", "kfd", .sum = { "unmap_from_gpu_pages" }, .scale = 1,
	  .from = "svm_range_unmap_from_gpus(): of the range, mapped or not" },
	{ "pages that they took", "pages", "stress", .backend = "mirror*",
	  .sum = { "mirror_dropped_pages" }, .scale = 1,
	  .from = "kernel-helpers: entries dropped by invalidations, and at the end" },
	{ "pages that they took", "pages", "explain", .backend = "mirror*",
	  .sum = { "mirror_dropped_pages" }, .scale = 1,
	  .from = "kernel-helpers: entries dropped by invalidations, and at the end" },

	{ "pages moved to the device", "pages of 4 KiB", "xe", .sum = { "svm_device_copy_kb" },
	  .scale = 0.25, .from = "xe_svm_copy_kb_stats_incr(): copied" },
	{ "pages moved to the device", "pages of 4 KiB", "kfd",
	  .sum = { "migrate_pages_to_device" }, .scale = 1,
	  .from = "svm_migrate_vma_to_vram(): asked of migrate_vma_setup(), without error" },
	{ "pages moved to the device", "pages of 4 KiB", "uvm",
	  .sum = { "replayable_pages_in", "non_replayable_pages_in" }, .scale = 1,
	  .from = "update_stats_migration_cb(), by faults; pages of PAGE_SIZE" },

	{ "pages moved to system memory", "pages of 4 KiB", "xe", .sum = { "svm_cpu_copy_kb" },
	  .scale = 0.25, .from = "xe_svm_copy_kb_stats_incr(): copied" },
	{ "pages moved to system memory", "pages of 4 KiB", "kfd",
	  .sum = { "migrate_pages_to_system" }, .scale = 1,
	  .from = "svm_migrate_vma_to_ram(): asked of migrate_vma_setup(), without error" },
	{ "pages moved to system memory", "pages of 4 KiB", "uvm",
	  .sum = { "replayable_pages_out", "non_replayable_pages_out" }, .scale = 1,
	  .from = "update_stats_migration_cb(), by faults; pages of PAGE_SIZE" },

	{ "queues stopped", "events", "xe",
	  .sum = { "hw_engine_group_suspend_lr_queue_count" }, .scale = 1,
	  .from = "xe_hw_engine_group_suspend_faulting_lr_jobs()" },
	{ "queues stopped", "events", "kfd", .sum = { "queue_eviction" }, .scale = 1,
	  .from = "kfd_process_evict_queues(), a GPU" },

	{ "batches of faults replayed", "events", "uvm", .sum = { "replays_start*" }, .scale = 1,
	  .from = "push_replay_on_gpu()" },
	{ "batches of faults replayed", "events", "stress", .backend = "mirror*",
	  .sum = { "mirror_replays" }, .scale = 1,
	  .from = "kernel-helpers: backend mirror-replay" },
	{ "batches of faults replayed", "events", "explain", .backend = "mirror*",
	  .sum = { "mirror_replays" }, .scale = 1,
	  .from = "kernel-helpers: backend mirror-replay" },
};

#define NR_TERMS (sizeof(terms) / sizeof(*terms))

/* One column: what a program of a folder recorded with a backend. */
struct column {
	const struct results *r;
	const char *program, *backend;
	char *title;
};

struct columns {
	struct column *at;
	size_t n;
};

static const char *source_of(const struct column *c)
{
	return strcmp(c->program, "import") ? c->program : c->backend;
}

static const struct results_row *next_row(const struct column *c, const struct results_row *prev)
{
	const struct results_key key = {
		.program = c->program, .backend = c->backend, .pages = RESULTS_ANY,
	};

	return results_next(c->r, &key, prev);
}

/* results_next() takes no metric for any; NaN: no such row. */
static double sum_of(const struct column *c, const char *const *patterns)
{
	const struct results_row *row;
	double sum = NAN;
	size_t i;

	for (row = next_row(c, NULL); row; row = next_row(c, row))
		for (i = 0; i < MOST_TERMS && patterns[i]; i++)
			if (!fnmatch(patterns[i], row->metric, 0)) {
				sum = isnan(sum) ? row->value : sum + row->value;
				break;
			}
	return sum;
}

static double term_value(const struct term *t, const struct column *c)
{
	double value = sum_of(c, t->sum);

	if (t->less[0])
		value -= sum_of(c, t->less);
	if (t->per[0])
		value /= sum_of(c, t->per);
	return isfinite(value) ? value * t->scale : NAN;
}

static bool is_of(const struct term *t, const struct column *c)
{
	return !strcmp(t->source, source_of(c)) &&
	       (!t->backend || !fnmatch(t->backend, c->backend, 0));
}

static const struct term *find_term(const char *word, const struct column *c)
{
	size_t i;

	for (i = 0; i < NR_TERMS; i++)
		if (!strcmp(terms[i].word, word) && is_of(&terms[i], c))
			return &terms[i];
	return NULL;
}

static bool is_first(size_t i)
{
	return !i || strcmp(terms[i].word, terms[i - 1].word);
}

static bool is_counted(const char *word, const struct columns *all)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		const struct term *t = find_term(word, &all->at[i]);

		if (t && !isnan(term_value(t, &all->at[i])))
			return true;
	}
	return false;
}

static void write_words(struct doc *d, const struct columns *all)
{
	struct doc_table *t = doc_table(d, "The same in words. –: the driver does not count it, or not this");
	size_t i, k;

	doc_column(t, DOC_TEXT, "what");
	doc_column(t, DOC_TEXT, "unit");
	for (k = 0; k < all->n; k++)
		doc_column(t, DOC_NUMBER, "%s", all->at[k].title);
	for (i = 0; i < NR_TERMS; i++) {
		if (!is_first(i) || !is_counted(terms[i].word, all))
			continue;
		doc_cell(t, "%s", terms[i].word);
		doc_cell(t, "%s", terms[i].unit);
		for (k = 0; k < all->n; k++) {
			const struct term *term = find_term(terms[i].word, &all->at[k]);

			doc_number(t, term ? term_value(term, &all->at[k]) : NAN, 0);
		}
	}
}

static char *formula(const struct term *t)
{
	const char *const *const lists[] = { t->sum, t->less, t->per };
	static const char *const signs[] = { " + ", " − ", " / " };
	char *text = NULL;
	size_t len, i, k;
	FILE *to = must(open_memstream(&text, &len));

	for (i = 0; i < 3; i++)
		for (k = 0; k < MOST_TERMS && lists[i][k]; k++)
			fprintf(to, "%s`%s`", !i && !k ? "" : i == 2 && k ? " and " : signs[i],
				lists[i][k]);
	fclose(to);
	return must(text);
}

/* Of the sources that are in the report. */
static void write_origins(struct doc *d, const struct columns *all)
{
	struct doc_table *t = doc_table(d, "Where each comes from");
	size_t i, k;

	doc_column(t, DOC_TEXT, "what");
	doc_column(t, DOC_TEXT, "of");
	doc_column(t, DOC_TEXT, "figures");
	doc_column(t, DOC_TEXT, "counted in");
	for (i = 0; i < NR_TERMS; i++) {
		char *text;

		for (k = 0; k < all->n; k++)
			if (is_of(&terms[i], &all->at[k]))
				break;
		if (k == all->n)
			continue;
		text = formula(&terms[i]);
		doc_cell(t, "%s", terms[i].word);
		doc_cell(t, "%s", terms[i].source);
		doc_cell(t, "%s", text);
		doc_cell(t, "%s", terms[i].from);
		free(text);
	}
}

/* All that was imported, by the driver's names. */
static void write_figures(struct doc *d, const struct column *c)
{
	const struct results_row *row;
	struct doc_table *t;

	if (strcmp(c->program, "import"))
		return;
	t = doc_table(d, "%s: all figures", c->title);
	doc_column(t, DOC_TEXT, "device");
	doc_column(t, DOC_TEXT, "figure");
	doc_column(t, DOC_TEXT, "unit");
	doc_column(t, DOC_NUMBER, "value");
	for (row = next_row(c, NULL); row; row = next_row(c, row)) {
		doc_cell(t, "%s", row->name);
		doc_cell(t, "%s", row->metric);
		doc_cell(t, "%s", row->unit);
		doc_number(t, row->value, fmod(row->value, 1) ? 1 : 0);
	}
}

static void add_column(struct columns *all, const struct results *r,
		       const struct results_row *row)
{
	const char *label = part_env(row->part, "import", "label", 0);
	struct column *c;
	size_t i;

	for (i = 0; i < all->n; i++)
		if (all->at[i].r == r && !strcmp(all->at[i].program, row->program) &&
		    !strcmp(all->at[i].backend, row->backend))
			return;
	all->at = must_grow(all->at, all->n, sizeof(*all->at));
	c = &all->at[all->n++];
	*c = (struct column){ r, row->program, row->backend, NULL };
	if (label && !strcmp(row->program, "import"))
		c->title = must_copy(label);
	else
		c->title = must_print("%s %s, %s", results_line(r), row->program, row->backend);
}

static int add_columns(struct columns *all, const struct results *r)
{
	static const char *const programs[] = { "import", "stress", "explain" };
	size_t i, before = all->n;

	for (i = 0; i < sizeof(programs) / sizeof(*programs); i++) {
		const struct results_key key = { .program = programs[i], .pages = RESULTS_ANY };
		const struct results_row *row = NULL;

		while ((row = results_next(r, &key, row)))
			add_column(all, r, row);
	}
	if (all->n > before)
		return 0;
	fprintf(stderr, "hmmstorm: %s has no figures of import, stress or bench --explain\n",
		results_dir(r));
	return -EINVAL;
}

int words_report(struct doc *d, char *const *dirs, size_t nr)
{
	struct results **runs = must(calloc(nr, sizeof(*runs)));
	struct columns all = { NULL, 0 };
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < nr; i++) {
		ret = results_read(&runs[i], dirs[i]);
		if (!ret)
			ret = add_columns(&all, runs[i]);
	}
	if (!ret) {
		doc_text(d, "Sums: of a driver since it was loaded or its capture began, of a storm over the run, of bench --explain over one operation of each benchmark. They compare what a device and its work caused, not one driver's speed with another's.");
		write_words(d, &all);
		write_origins(d, &all);
		for (i = 0; i < all.n; i++)
			write_figures(d, &all.at[i]);
	}
	for (i = 0; i < all.n; i++)
		free(all.at[i].title);
	free(all.at);
	for (i = 0; i < nr; i++)
		results_free(runs[i]);
	free(runs);
	return ret;
}
