// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm report DIR: the table of a results folder, made from its rows again
 * each time. Says what was measured, where, and nothing that is not a row.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../table.h"

struct results {
	struct table env, records;
	int program, name, backend, policy, protocol, pages, workers;
	int metric, unit, value;
};

/* The last program's, where several wrote to the folder: the storm's seed. */
static const char *env(const struct results *r, const char *key)
{
	size_t i;

	for (i = r->env.nr_rows; i-- > 0;)
		if (!strcmp(table_cell(&r->env, i, 1), key))
			return table_cell(&r->env, i, 2);
	return "-";
}

static const char *cell(const struct results *r, size_t row, int col)
{
	return table_cell(&r->records, row, col);
}

/*
 * Value of a metric of the same identity as row `like`, or NULL. It stands below;
 * where the metric of `like` comes again, another run of the same begins.
 */
static const char *sibling(const struct results *r, size_t like,
			   const char *stem, const char *suffix)
{
	char metric[200];
	size_t i;
	int c;

	snprintf(metric, sizeof(metric), "%s%s", stem, suffix);
	for (i = like; i < r->records.nr_rows; i++) {
		for (c = 0; c < r->metric; c++)
			if (strcmp(cell(r, i, c), cell(r, like, c)))
				break;
		if (c < r->metric)
			continue;
		if (!strcmp(cell(r, i, r->metric), metric))
			return cell(r, i, r->value);
		if (i > like &&
		    !strcmp(cell(r, i, r->metric), cell(r, like, r->metric)))
			break;
	}
	return NULL;
}

/* True and the stem, if text ends in suffix. */
static int ends_in(const char *text, const char *suffix, char *stem, size_t len)
{
	size_t n = strlen(text), m = strlen(suffix);

	if (n <= m || strcmp(text + n - m, suffix))
		return 0;
	snprintf(stem, len, "%.*s", (int)(n - m), text);
	return 1;
}

static bool says(const struct results *r, size_t row, const char *program,
		 const char *key, const char *value)
{
	return !strcmp(table_cell(&r->env, row, 0), program) &&
	       !strcmp(table_cell(&r->env, row, 1), key) &&
	       !strcmp(table_cell(&r->env, row, 2), value);
}

static bool same_device(const struct results *r, size_t a, size_t b)
{
	const int columns[] = { r->program, r->backend, r->protocol, r->policy };
	size_t i;

	for (i = 0; i < sizeof(columns) / sizeof(*columns); i++)
		if (strcmp(cell(r, a, columns[i]), cell(r, b, columns[i])))
			return false;
	return true;
}

/* All that the runs of a program said of a key, such as "truth off+mirror". */
static void print_said(const struct results *r, const char *program,
		       const char *key)
{
	size_t i, k, n = 0;

	for (i = 0; i < r->env.nr_rows; i++) {
		const char *value = table_cell(&r->env, i, 2);

		if (!says(r, i, program, key, value) || !strcmp(value, "-"))
			continue;
		for (k = 0; !says(r, k, program, key, value); k++)
			;
		if (k < i)
			continue;
		if (n++)
			printf("+%s", value);
		else
			printf(", %s %s", key, value);
	}
}

/* What was stormed or measured, and with which of the module's instruments. */
static void print_devices(const struct results *r)
{
	static const char *const instruments[] = { "truth", "delay" };
	size_t i, k;

	for (i = 0; i < r->records.nr_rows; i++) {
		const char *program = cell(r, i, r->program);

		for (k = 0; !same_device(r, k, i); k++)
			;
		if (k < i)
			continue;
		printf("%s: backend %s, protocol %s, policy %s", program,
		       cell(r, i, r->backend), cell(r, i, r->protocol),
		       cell(r, i, r->policy));
		for (k = 0; k < sizeof(instruments) / sizeof(*instruments); k++)
			print_said(r, program, instruments[k]);
		putchar('\n');
	}
}

static void print_latencies(const struct results *r)
{
	static const char *const columns[] = { "_p50", "_p90", "_p99", "_p99.9",
					       "_max" };
	char stem[160];
	size_t i, k;

	printf("\nLatency of one operation under the storm, in %s (p99 needs 368 samples, p99.9 3688)\n",
	       env(r, "clock_unit"));
	printf("  %-10s %-18s %9s %11s %11s %11s %11s %11s\n", "stressor",
	       "operation", "n", "p50", "p90", "p99", "p99.9", "max");
	for (i = 0; i < r->records.nr_rows; i++) {
		if (strcmp(cell(r, i, r->program), "stress") ||
		    !ends_in(cell(r, i, r->metric), "_n", stem, sizeof(stem)) ||
		    !strcmp(cell(r, i, r->value), "0"))
			continue;
		printf("  %-10s %-18s %9s", cell(r, i, r->name), stem,
		       cell(r, i, r->value));
		for (k = 0; k < sizeof(columns) / sizeof(*columns); k++) {
			const char *v = sibling(r, i, stem, columns[k]);

			printf(" %11s", v ? v : "-");
		}
		putchar('\n');
	}
}

static void print_invalidations(const struct results *r)
{
	int heading = 0;
	char stem[160];
	size_t i;

	for (i = 0; i < r->records.nr_rows; i++) {
		const char *pages, *m = cell(r, i, r->metric);

		if (strcmp(cell(r, i, r->name), "all") ||
		    strncmp(m, "inv_", 4) ||
		    !ends_in(m, "_events", stem, sizeof(stem)) ||
		    !strcmp(cell(r, i, r->value), "0"))
			continue;
		pages = sibling(r, i, stem, "_pages");
		if (!pages)
			continue;
		if (!heading++)
			printf("\nInvalidations by event (mmu_notifier_range)\n  %-18s %12s %14s\n",
			       "event", "events", "pages covered");
		printf("  %-18s %12s %14s\n", stem + 4, cell(r, i, r->value),
		       pages);
	}
	if (!heading)
		puts("\nInvalidations: not counted (helper module hmmstorm was not loaded)");
}

/* A metric of all storms in the folder, a row; none if it was not recorded. */
static void print_total(const struct results *r, const char *metric, bool if_any)
{
	unsigned long long total = 0, value;
	const char *unit = NULL;
	char stem[160];
	bool peak = ends_in(metric, "_peak", stem, sizeof(stem));
	size_t i;

	for (i = 0; i < r->records.nr_rows; i++) {
		if (strcmp(cell(r, i, r->program), "stress") ||
		    strcmp(cell(r, i, r->metric), metric))
			continue;
		value = strtoull(cell(r, i, r->value), NULL, 10);
		if (!peak)
			total += value;
		else if (value > total)
			total = value;
		unit = cell(r, i, r->unit);
	}
	if (unit && (total || !if_any))
		printf("  %-24s %12llu %s\n", metric, total,
		       strcmp(unit, "1") ? unit : "");
}

static void print_retries(const struct results *r)
{
	static const struct {
		const char *metric;
		bool if_any;	/* no row when 0 */
	} rows[] = {
		{ "read_begin_calls", false },
		{ "read_begin_waits", false },
		{ "range_fault_calls", false },
		{ "range_fault_busy", false },
		{ "range_fault_chain_peak", false },
		{ "exclusive_calls", false },
		{ "exclusive_pages_asked", false },
		{ "exclusive_pages", false },
		{ "exclusive_short", false },
		{ "exclusive_ebusy", false },
		{ "exclusive_eopnotsupp", false },
		{ "exclusive_efault", false },
		{ "exclusive_enoent", false },
		{ "exclusive_eother", false },
		{ "restore_pages", false },
		{ "mirror_restored_asked", true },
		{ "mirror_restored_eager", true },
		{ "mirror_restored_idle", true },
		{ "mirror_restored_full", true },
		{ "mirror_restored_adaptive", true },
		{ "device_faults", false },
		{ "device_retries", false },
		{ "device_taken_back", false },
		{ "segv_retries", false },
	};
	size_t i;

	puts("\nRetries and what was taken back");
	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		print_total(r, rows[i].metric, rows[i].if_any);
}

static const char *const classes[] = { "fp0", "fp1", "fp2", "fp3", "tp" };

#define NR_CLASSES (sizeof(classes) / sizeof(*classes))

/* Row i is of an event's fp0: its invalidations by class, and in all. */
static unsigned long long read_classes(const struct results *r, size_t i,
				       const char *stem, unsigned long long *n)
{
	unsigned long long all = 0;
	const char *value;
	char suffix[8];
	size_t c;

	for (c = 0; c < NR_CLASSES; c++) {
		snprintf(suffix, sizeof(suffix), "_%s", classes[c]);
		value = sibling(r, i, stem, suffix);
		n[c] = value ? strtoull(value, NULL, 10) : 0;
		all += n[c];
	}
	return all;
}

static void print_classes(const char *event, const unsigned long long *n)
{
	size_t c;

	printf("  %-18s", event);
	for (c = 0; c < NR_CLASSES; c++)
		printf(" %12llu", n[c]);
	putchar('\n');
}

static void print_truth_heading(void)
{
	size_t c;

	puts("\nGround truth: invalidations of no page that a device (truth cpu: the CPU) maps (fp0), that changed nothing (fp1),\nnothing for the device (fp2), took some of its pages (fp3), all of them (tp)");
	printf("  %-18s", "event");
	for (c = 0; c < NR_CLASSES; c++)
		printf(" %12s", classes[c]);
	putchar('\n');
}

static void print_truth(const struct results *r)
{
	static const char *const beside[] = {
		"truth_pages", "truth_changed_pages", "truth_given_up_pages", "truth_thp_splits",
		"truth_thp_collapses", "truth_unclassified", "truth_aborted",
		"missed_invalidations",
	};
	unsigned long long n[NR_CLASSES], sum[NR_CLASSES] = { 0 };
	int heading = 0;
	char stem[160];
	size_t i, c;

	for (i = 0; i < r->records.nr_rows; i++) {
		const char *m = cell(r, i, r->metric);

		if (strcmp(cell(r, i, r->name), "all") ||
		    strncmp(m, "truth_", 6) ||
		    !ends_in(m, "_fp0", stem, sizeof(stem)) ||
		    !read_classes(r, i, stem, n))
			continue;
		if (!heading++)
			print_truth_heading();
		print_classes(stem + 6, n);
		for (c = 0; c < NR_CLASSES; c++)
			sum[c] += n[c];
	}
	if (!heading)
		return; /* --truth was off */
	print_classes("all", sum);
	for (i = 0; i < sizeof(beside) / sizeof(*beside); i++)
		print_total(r, beside[i], false);
}

static void print_rates(const struct results *r)
{
	size_t i;

	puts("\nOperations by stressor");
	for (i = 0; i < r->records.nr_rows; i++) {
		if (strcmp(cell(r, i, r->program), "stress") ||
		    strcmp(cell(r, i, r->metric), "steps"))
			continue;
		printf("  %-12s %10s operations %10.1f/s, %s workers\n",
		       cell(r, i, r->name), cell(r, i, r->value),
		       strtod(sibling(r, i, "steps", "_rate") ?: "0", NULL),
		       cell(r, i, r->workers));
	}
}

static void print_benchmarks(const struct results *r)
{
	int heading = 0;
	char stem[160];
	size_t i;

	for (i = 0; i < r->records.nr_rows; i++) {
		const char *m = cell(r, i, r->metric), *p99;

		if (strcmp(cell(r, i, r->program), "bench") ||
		    !ends_in(m, "_p50", stem, sizeof(stem)))
			continue;
		if (!heading++)
			printf("\nBenchmarks: one call, in %s\n  %-44s %8s %12s %12s %14s\n",
			       cell(r, i, r->unit), "benchmark", "pages", "p50",
			       "p99", "p50 per page");
		p99 = sibling(r, i, stem, "_p99");
		printf("  %-44s %8s %12s %12s", cell(r, i, r->name),
		       cell(r, i, r->pages), cell(r, i, r->value),
		       p99 ? p99 : "-");
		if (strtod(cell(r, i, r->pages), NULL) > 0)
			printf(" %14.0f", strtod(cell(r, i, r->value), NULL) /
						  strtod(cell(r, i, r->pages), NULL));
		putchar('\n');
	}
}

static int read_results(struct results *r, const char *dir)
{
	if (table_read(dir, "env.tsv", "program", &r->env) ||
	    table_read(dir, "records.tsv", "program", &r->records))
		return 2;
	r->program = table_column(&r->records, "program");
	r->name = table_column(&r->records, "case");
	r->backend = table_column(&r->records, "backend");
	r->policy = table_column(&r->records, "policy");
	r->protocol = table_column(&r->records, "protocol");
	r->workers = table_column(&r->records, "workers");
	r->pages = table_column(&r->records, "pages");
	r->metric = table_column(&r->records, "metric");
	r->unit = table_column(&r->records, "unit");
	r->value = table_column(&r->records, "value");
	if (r->env.nr_columns == 3 && r->program == 0 && r->name > 0 &&
	    r->backend > 0 && r->policy > 0 && r->protocol > 0 &&
	    r->pages > 0 && r->workers > 0 && r->metric > 0 && r->unit > 0 &&
	    r->value > 0)
		return 0;
	fprintf(stderr, "hmmstorm: %s was written by another version of hmmstorm: columns are missing\n",
		dir);
	return 2;
}

int main(int argc, char **argv)
{
	struct results r;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		puts("usage: hmmstorm report DIR\nPrints the table of a results folder (env.tsv, records.tsv).");
		return 0;
	}
	if (argc != 2 || argv[1][0] == '-') {
		fprintf(stderr, "usage: hmmstorm report DIR\n");
		return 2;
	}
	if (read_results(&r, argv[1]))
		return 2;
	if (!r.records.nr_rows) {
		fprintf(stderr, "hmmstorm: %s/records.tsv has no rows yet\n",
			argv[1]);
		return 2;
	}
	printf("kernel %s (%s, config %s), %s, %s, %s CPUs, seed %s\n",
	       env(&r, "kernel_release"), env(&r, "kernel"),
	       env(&r, "config_hash"), env(&r, "mode"), env(&r, "accelerator"),
	       env(&r, "cpus"), env(&r, "seed"));
	if (!strncmp(env(&r, "accelerator"), "tcg", 3) &&
	    !strcmp(env(&r, "clock_unit"), "ns"))
		puts("Times are of an emulated CPU (TCG): they compare operations here, not hardware.");
	print_devices(&r);
	print_rates(&r);
	print_latencies(&r);
	print_invalidations(&r);
	print_truth(&r);
	print_retries(&r);
	print_benchmarks(&r);
	table_free(&r.env);
	table_free(&r.records);
	return 0;
}
