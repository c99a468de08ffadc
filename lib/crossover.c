// SPDX-License-Identifier: GPL-2.0-only
#include <gsl/gsl_multifit.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "crossover.h"
#include "results.h"
#include "stats.h"

static const char *const metrics[NR_CROSSING_VALUES] = {
	[CROSSING_TIMED] = "total",
	[CROSSING_ELAPSED] = "elapsed",
	[CROSSING_STALL] = "cpu_stall",
	[CROSSING_FORK_TIME] = "fork_time",
	[CROSSING_PERIODS] = "periods",
	[CROSSING_ATOMICS] = "atomics",
	[CROSSING_ACCESSES] = "accesses",
	[CROSSING_TIMED_ACCESSES] = "latency_n",
	[CROSSING_DEVICE_FAULTS] = "device_faults",
	[CROSSING_CPU_FAULTS] = "cpu_faults",
	[CROSSING_DEVICE_RESTORES] = "device_restores",
};

static bool is_cell(const struct crossing *c, const struct results_row *row)
{
	return c->pages == (double)row->pages && !strcmp(c->name, row->name) &&
	       !strcmp(c->policy, row->policy);
}

static struct crossing *add_cell(struct crossings *c, const struct results_row *row)
{
	struct crossing *new;
	size_t i;

	c->at = must_grow(c->at, c->n, sizeof(*c->at));
	new = &c->at[c->n++];
	*new = (struct crossing){
		.workload = row->base,
		.name = row->name,
		.policy = row->policy,
		.pages = (double)row->pages,
		.ratio = results_arg(row, "ratio"),
		.batch = results_arg(row, "batch"),
		.overlap = results_arg(row, "overlap") > 0,
	};
	for (i = 0; i < NR_CROSSING_VALUES; i++)
		new->v[i] = NAN;
	return new;
}

/* Rows of a cell stand together, so the last one added is it, or it is a new one. */
static void add_row(struct crossings *c, const struct results_row *row)
{
	struct crossing *cell = c->n ? &c->at[c->n - 1] : NULL;
	size_t i;

	for (i = 0; i < NR_CROSSING_VALUES; i++) {
		if (strcmp(row->metric, metrics[i]))
			continue;
		if (!cell || !is_cell(cell, row))
			cell = add_cell(c, row);
		cell->v[i] = row->value;
	}
}

/*
 * Without CPU accesses there is no latency row. What the harness does between the
 * timed parts is the same for each policy: what a policy has there more than lazy, it
 * did in the background.
 */
static void find_cost(const struct crossings *c, struct crossing *cell)
{
	const struct crossing *lazy = crossover_same(c, cell, "lazy");
	double harness = cell->v[CROSSING_ELAPSED] - cell->v[CROSSING_TIMED], more;

	if (isnan(cell->v[CROSSING_TIMED_ACCESSES]))
		cell->v[CROSSING_TIMED_ACCESSES] = 0;
	more = lazy ? harness - (lazy->v[CROSSING_ELAPSED] - lazy->v[CROSSING_TIMED]) : 0;
	cell->cost = cell->v[CROSSING_TIMED] + fmax(more, 0);
}

void crossover_read(const struct results *r, struct crossings *c)
{
	const struct results_key k = { .backend = "mirror", .pages = RESULTS_ANY };
	const struct results_row *row = NULL;
	size_t i;

	*c = (struct crossings){ 0 };
	while ((row = results_next(r, &k, row)))
		if (!strncmp(row->name, "E8.", 3))
			add_row(c, row);
	for (i = 0; i < c->n; i++)
		find_cost(c, &c->at[i]);
}

static bool same_cell(const struct crossing *a, const struct crossing *b)
{
	return a->pages == b->pages && !strcmp(a->name, b->name);
}

const struct crossing *crossover_same(const struct crossings *c, const struct crossing *cell,
				      const char *policy)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (same_cell(&c->at[i], cell) && !strcmp(c->at[i].policy, policy))
			return &c->at[i];
	return NULL;
}

const struct crossing *crossover_best(const struct crossings *c, const struct crossing *cell,
				      const char *otherwise)
{
	const struct crossing *best = NULL;
	size_t i;

	for (i = 0; i < c->n; i++) {
		const struct crossing *other = &c->at[i];

		if (!same_cell(other, cell) ||
		    (otherwise && !strcmp(other->policy, otherwise)))
			continue;
		if (!best || other->cost < best->cost)
			best = other;
	}
	return best;
}

double crossover_next(const struct crossings *c, const struct crossing *cell)
{
	const struct crossing *lazy = crossover_same(c, cell, "lazy");
	const struct crossing *eager = crossover_same(c, cell, "eager");

	if (!lazy || !eager || !(eager->v[CROSSING_DEVICE_FAULTS] > 0))
		return NAN;
	return fmin(lazy->v[CROSSING_CPU_FAULTS] / eager->v[CROSSING_DEVICE_FAULTS], 1);
}

static const struct {
	const char *name;
	enum crossing_value count;
} terms[NR_MODEL_TERMS] = {
	[MODEL_BATCH] = { "a batch: submit, wake the device, see it done", CROSSING_PERIODS },
	[MODEL_ATOMIC] = { "a device atomic in it", CROSSING_ATOMICS },
	[MODEL_ACCESS] = { "a CPU access that hits", CROSSING_TIMED_ACCESSES },
	[MODEL_DEVICE_FAULT] = { "F: the device gets a page", CROSSING_DEVICE_FAULTS },
	[MODEL_CPU_FAULT] = { "Rc: a CPU fault takes it back", CROSSING_CPU_FAULTS },
	[MODEL_DEVICE_RESTORE] = { "Rd: the device gives it back", CROSSING_DEVICE_RESTORES },
};

const char *model_term_name(enum model_term t)
{
	return terms[t].name;
}

/* hold waits, and deferred moves the page in its list at each hit. */
static bool is_fitted(const struct crossing *c)
{
	return !c->overlap && strncmp(c->policy, "hold", 4) && strncmp(c->policy, "deferred", 8) &&
	       c->cost > c->v[CROSSING_FORK_TIME];
}

static double without_forks(const struct crossing *c)
{
	return c->cost - c->v[CROSSING_FORK_TIME];
}

/* The cells to fit to: all but those of one workload (NULL: all). */
static size_t select_cells(const struct crossings *c, const char *but,
			   const struct crossing **to)
{
	size_t i, n = 0;

	for (i = 0; i < c->n; i++)
		if (is_fitted(&c->at[i]) && !(but && !strcmp(c->at[i].workload, but)))
			to[n++] = &c->at[i];
	return n;
}

/* Each row divided by its cost, so that relative errors are made least. */
static void solve(const struct crossing *const *cells, size_t n, double *per)
{
	gsl_multifit_linear_workspace *work = gsl_multifit_linear_alloc(n, NR_MODEL_TERMS);
	gsl_matrix *x = gsl_matrix_alloc(n, NR_MODEL_TERMS);
	gsl_matrix *cov = gsl_matrix_alloc(NR_MODEL_TERMS, NR_MODEL_TERMS);
	gsl_vector *y = gsl_vector_alloc(n), *b = gsl_vector_alloc(NR_MODEL_TERMS);
	double chi2;
	size_t i, t;

	for (i = 0; i < n; i++) {
		gsl_vector_set(y, i, 1);
		for (t = 0; t < NR_MODEL_TERMS; t++)
			gsl_matrix_set(x, i, t, cells[i]->v[terms[t].count] /
						without_forks(cells[i]));
	}
	gsl_multifit_linear(x, y, b, cov, &chi2, work);
	for (t = 0; t < NR_MODEL_TERMS; t++)
		per[t] = gsl_vector_get(b, t);
	gsl_vector_free(b);
	gsl_vector_free(y);
	gsl_matrix_free(cov);
	gsl_matrix_free(x);
	gsl_multifit_linear_free(work);
}

static double sum_terms(const double *per, const struct crossing *cell)
{
	double sum = 0;
	size_t t;

	for (t = 0; t < NR_MODEL_TERMS; t++)
		sum += per[t] * cell->v[terms[t].count];
	return sum;
}

/* The errors on one workload's cells of a fit to all others. */
static size_t validate(const struct crossings *c, const char *workload,
		       const struct crossing **cells, struct model *m, double *errors)
{
	size_t n = select_cells(c, workload, cells), i, k = 0;
	double per[NR_MODEL_TERMS];

	if (n <= NR_MODEL_TERMS)
		return 0;
	solve(cells, n, per);
	for (i = 0; i < c->n; i++) {
		const struct crossing *cell = &c->at[i];

		if (!is_fitted(cell) || strcmp(cell->workload, workload))
			continue;
		errors[k] = fabs(sum_terms(per, cell) / without_forks(cell) - 1);
		if (!m->worst_at || errors[k] > m->worst) {
			m->worst = errors[k];
			m->worst_at = cell;
		}
		k++;
	}
	return k;
}

static bool is_first_of(const struct crossings *c, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (!strcmp(c->at[k].workload, c->at[i].workload))
			return false;
	return true;
}

void crossover_fit(const struct crossings *c, struct model *m)
{
	const struct crossing **cells = must(calloc(c->n + 1, sizeof(*cells)));
	double *errors = must(calloc(c->n + 1, sizeof(*errors)));
	size_t n = select_cells(c, NULL, cells), i, k = 0;

	*m = (struct model){ .median = NAN, .worst = NAN };
	if (n > NR_MODEL_TERMS) {
		solve(cells, n, m->per);
		m->n = n;
		for (i = 0; i < c->n; i++)
			if (is_first_of(c, i))
				k += validate(c, c->at[i].workload, cells, m, errors + k);
		m->median = stats_median(errors, k);
	}
	free(errors);
	free(cells);
}

double crossover_predict(const struct model *m, const struct crossing *cell)
{
	return sum_terms(m->per, cell) + cell->v[CROSSING_FORK_TIME];
}

double crossover_moves(const struct model *m, const struct crossing *cell)
{
	return without_forks(cell) - m->per[MODEL_BATCH] * cell->v[CROSSING_PERIODS] -
	       m->per[MODEL_ATOMIC] * cell->v[CROSSING_ATOMICS] -
	       m->per[MODEL_ACCESS] * cell->v[CROSSING_TIMED_ACCESSES];
}

double crossover_threshold(const struct model *m)
{
	return crossover_ratio(m, 1);
}

double crossover_ratio(const struct model *m, double next)
{
	const double *per = m->per;

	return (per[MODEL_DEVICE_RESTORE] + per[MODEL_DEVICE_FAULT]) /
	       (next * (per[MODEL_CPU_FAULT] + per[MODEL_DEVICE_FAULT]));
}
