// SPDX-License-Identifier: GPL-2.0-only
/* lib/crossover.c on cells that are made from known coefficients. */
#include <math.h>

#include "../lib/crossover.h"
#include "../lib/results.h"
#include "../lib/tap.h"
#include "child.h"
#include "made_run.h"

static const double per[NR_MODEL_TERMS] = {
	[MODEL_BATCH] = 5000,	      [MODEL_ATOMIC] = 400,
	[MODEL_ACCESS] = 5,	      [MODEL_DEVICE_FAULT] = 4500,
	[MODEL_CPU_FAULT] = 2000,     [MODEL_DEVICE_RESTORE] = 2300,
};

/* What a cell counted, in the order of the model's terms. */
struct made_cell {
	const char *name, *policy;
	double count[NR_MODEL_TERMS], fork_time, background;
};

static void put(const struct made_cell *c, const char *metric, double value)
{
	fprintf(made_records, "bench\t%s\tmirror\t%s\tprocess\t1\t64\t0\t%s\tvalue\t1\t%.10g\n",
		c->name, c->policy, metric, value);
}

static void put_cell(const struct made_cell *c)
{
	static const char *const metrics[NR_MODEL_TERMS] = {
		[MODEL_BATCH] = "periods",
		[MODEL_ATOMIC] = "atomics",
		[MODEL_ACCESS] = "latency_n",
		[MODEL_DEVICE_FAULT] = "device_faults",
		[MODEL_CPU_FAULT] = "cpu_faults",
		[MODEL_DEVICE_RESTORE] = "device_restores",
	};
	double total = c->fork_time;
	size_t i;

	for (i = 0; i < NR_MODEL_TERMS; i++)
		total += per[i] * c->count[i];
	put(c, "total", total);
	put(c, "elapsed", total + 1000 + c->background);
	put(c, "fork_time", c->fork_time);
	put(c, "cpu_stall", 2000 * c->count[MODEL_CPU_FAULT]);
	for (i = 0; i < NR_MODEL_TERMS; i++)
		put(c, metrics[i], c->count[i]);
}

static const char *const workloads[] = { "lock", "histogram", "queue", "graph", "fork" };

/* Pages by turns: of 10 + i pages the CPU is next for i in ten. */
static void put_ratio(const char *workload, int i)
{
	double n = 10.0 + i, batch = i % 2 ? 64 : 16, visits = n * 10, took = visits * i / 10;
	double lost = 5 * (i * i % 7), forks = 0;
	char name[64];
	struct made_cell c = { .name = name };

	if (!strcmp(workload, "fork"))
		forks = 50000;
	snprintf(name, sizeof(name), "E8.%s/ratio:%d/batch:%.0f/overlap:0", workload,
		 i + 1, batch);
	/* some pages go without a CPU fault, by a fork: else F stands alone nowhere */
	c.policy = "lazy";
	c.fork_time = forks;
	memcpy(c.count, (double[]){ n, n * batch, 7 * i, took + lost, took, 0 },
	       sizeof(c.count));
	put_cell(&c);
	c.policy = "eager";
	memcpy(c.count, (double[]){ n, n * batch, 7 * i, visits, 0, visits },
	       sizeof(c.count));
	put_cell(&c);
	c.policy = "deferred:1000:16";
	c.background = 777;
	memcpy(c.count, (double[]){ n, n * batch, 7 * i, visits, took, 0 }, sizeof(c.count));
	put_cell(&c);
	c.policy = "hold:500";
	c.background = 0;
	c.fork_time += 1e9;
	put_cell(&c);
}

static void make_cells(const char *dir)
{
	size_t w;
	int i;

	made_begin(dir, "6.12", "vm-deterministic");
	for (w = 0; w < sizeof(workloads) / sizeof(*workloads); w++)
		for (i = 0; i <= 10; i++)
			put_ratio(workloads[w], i);
	made_end();
}

static bool is_near(double got, double want, double tolerance)
{
	if (fabs(got - want) <= tolerance * fabs(want))
		return true;
	printf("# got %.10g, want %.10g\n", got, want);
	return false;
}

static void test_cells(const struct crossings *c)
{
	const struct crossing *cell = &c->at[5 * 4]; /* lock, lazy: next 5 of 10 */
	const struct crossing *eager = crossover_same(c, cell, "eager");

	tap_eq((long long)c->n, 5 * 11 * 4, "a cell each policy");
	tap_ok(!strcmp(cell->workload, "E8.lock") && cell->ratio == 6 && cell->batch == 64 &&
	       cell->pages == 64 && !cell->overlap, "its arguments");
	tap_ok(is_near(crossover_next(c, cell), 0.5, 1e-9), "the CPU is next for a half");
	tap_ok(eager && eager->cost > cell->cost, "eager costs more there");
	tap_ok(crossover_best(c, cell, NULL) == cell, "lazy is the cheapest");
	tap_ok(!strcmp(crossover_best(c, cell, "lazy")->policy, "deferred:1000:16"),
	       "and deferred, of the others");
	tap_ok(is_near(c->at[5 * 4 + 2].cost - c->at[5 * 4 + 2].v[CROSSING_TIMED], 777, 1e-9),
	       "work in the background counts");
}

static void test_model(const struct crossings *c)
{
	struct model m;
	size_t i;

	crossover_fit(c, &m);
	tap_eq((long long)m.n, 5 * 11 * 2, "hold and deferred are not fitted to");
	for (i = 0; i < NR_MODEL_TERMS; i++)
		tap_ok(fabs(m.per[i] - per[i]) < 0.02 * per[i] + 3,
		       "fitted: %s", model_term_name((enum model_term)i));
	tap_ok(m.median < 0.01 && m.worst < 0.05 && m.worst_at,
	       "the error of a workload by the others: median %.5f, worst %.5f", m.median, m.worst);
	tap_ok(is_near(crossover_threshold(&m), 6800.0 / 6500, 0.02), "threshold of q");
	tap_ok(is_near(crossover_ratio(&m, 0.5), 2 * 6800.0 / 6500, 0.02), "eager by lazy");
	tap_ok(is_near(crossover_predict(&m, &c->at[5 * 4]), c->at[5 * 4].cost, 0.02),
	       "a cell predicted");
	tap_ok(is_near(crossover_moves(&m, &c->at[5 * 4 + 1]), 150 * 6800.0, 0.05),
	       "what of it is for pages that move");
}

static void test_scarce(void)
{
	struct crossings none = { 0 };
	struct model m;

	crossover_fit(&none, &m);
	tap_ok(!m.n && isnan(m.median), "no cells, no model");
}

int main(void)
{
	struct results *r;
	struct crossings c;
	char dir[512];

	scratch_init();
	snprintf(dir, sizeof(dir), "%s", scratch_path("run"));
	make_cells(dir);
	if (results_read(&r, dir)) {
		tap_ok(false, "cannot read the run");
		return tap_done();
	}
	crossover_read(r, &c);
	test_cells(&c);
	test_model(&c);
	test_scarce();
	free(c.at);
	results_free(r);
	return tap_done();
}
