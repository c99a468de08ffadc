// SPDX-License-Identifier: GPL-2.0-only
/* The crossover study: from the rows of bench/crossover.c, one run of it a policy. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../crossover.h"
#include "../experiment.h"

/* The plane of the pictures. */
#define PLANE_PAGES 64

/* Below, a handful of CPU faults decide. */
#define LEAST_NEXT 0.02
/* Less of the cost, and it is the fit's error that is drawn. */
#define LEAST_MOVES 0.1

/* Above, the CPU is as good as always the next. */
#define NEARLY_ALWAYS 0.95

static const char *const workloads[] = {
	"E8.lock", "E8.histogram", "E8.queue", "E8.graph", "E8.fork",
};
#define NR_WORKLOADS (sizeof(workloads) / sizeof(*workloads))

/* How a policy did over many cells. */
struct standing {
	size_t cells, best, near; /* near: within 10% of the best of the others */
	double median, worst;	/* cost by that of the best of the others */
	const struct crossing *worst_at;
	double stall;		/* median where the CPU is NEARLY_ALWAYS next, by lazy's */
};

static double ratio_to(const struct crossings *c, const struct crossing *cell,
		       const char *policy)
{
	const struct crossing *other = crossover_same(c, cell, policy);

	return other ? cell->cost / other->cost : NAN;
}

static double stall_ratio(const struct crossings *c, const struct crossing *cell)
{
	const struct crossing *lazy = crossover_same(c, cell, "lazy");

	return lazy && lazy->v[CROSSING_STALL] > 0 ?
		       cell->v[CROSSING_STALL] / lazy->v[CROSSING_STALL] : NAN;
}

/* Of all cells with this policy and overlap that another policy has run too. */
static struct standing stand(const struct crossings *c, const char *policy, bool overlap)
{
	double *ratio = must(calloc(c->n + 1, sizeof(*ratio)));
	double *stall = must(calloc(c->n + 1, sizeof(*stall)));
	struct standing s = { .worst = 0 };
	size_t i, n = 0;

	for (i = 0; i < c->n; i++) {
		const struct crossing *cell = &c->at[i];
		const struct crossing *rival = crossover_best(c, cell, policy);

		if (strcmp(cell->policy, policy) || cell->overlap != overlap || !rival)
			continue;
		ratio[s.cells] = cell->cost / rival->cost;
		s.best += ratio[s.cells] <= 1;
		s.near += ratio[s.cells] <= 1.1;
		if (ratio[s.cells] > s.worst) {
			s.worst = ratio[s.cells];
			s.worst_at = cell;
		}
		s.cells++;
		stall[n] = crossover_next(c, cell) >= NEARLY_ALWAYS ? stall_ratio(c, cell) : NAN;
		n += !isnan(stall[n]);
	}
	s.median = stats_median(ratio, s.cells);
	s.stall = stats_median(stall, n);
	free(ratio);
	free(stall);
	return s;
}

static bool is_new_policy(const struct crossings *c, size_t i)
{
	size_t k;

	for (k = 0; k < i; k++)
		if (!strcmp(c->at[k].policy, c->at[i].policy))
			return false;
	return true;
}

static void put_standing(struct doc_table *t, const char *policy, const struct standing *s)
{
	doc_cell(t, "%s", policy);
	doc_number(t, (double)s->cells, 0);
	doc_number(t, (double)s->best, 0);
	doc_number(t, 100 * (double)s->near / (double)s->cells, 0);
	doc_number(t, s->median, 2);
	doc_number(t, s->worst, 2);
	if (s->worst_at)
		doc_cell(t, "%s, %.0f pages", s->worst_at->name, s->worst_at->pages);
	else
		doc_cell(t, "-");
	doc_number(t, 100 * s->stall, 0);
}

static void tabulate_policies(const struct findings *f, const struct crossings *c,
			      bool overlap)
{
	struct doc_table *t;
	struct standing s;
	size_t i;

	t = doc_table(f->doc, overlap ? "The CPU comes while the device works through its queue: cost of a policy by that of the best of the others in the same cell." :
					"CPU and device by turns: cost of a policy by that of the best of the others in the same cell.");
	doc_column(t, DOC_TEXT, "policy");
	doc_column(t, DOC_NUMBER, "cells");
	doc_column(t, DOC_NUMBER, "cheapest in");
	doc_column(t, DOC_NUMBER, "within 10%% of the best (%% of cells)");
	doc_column(t, DOC_NUMBER, "median");
	doc_column(t, DOC_NUMBER, "worst");
	doc_column(t, DOC_TEXT, "worst in");
	doc_column(t, DOC_NUMBER, "CPU's stall where q is above 0.95, %% of lazy's (median)");
	for (i = 0; i < c->n; i++) {
		if (!is_new_policy(c, i))
			continue;
		s = stand(c, c->at[i].policy, overlap);
		if (s.cells)
			put_standing(t, c->at[i].policy, &s);
	}
}

/* The cheapest of the policies of a kind ("hold") in this cell, or NaN. */
static double best_of_kind(const struct crossings *c, const struct crossing *lazy,
			   const char *kind)
{
	double least = NAN;
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!strncmp(c->at[i].policy, kind, strlen(kind)) &&
		    c->at[i].pages == lazy->pages && !strcmp(c->at[i].name, lazy->name))
			least = fmin(isnan(least) ? INFINITY : least,
				     c->at[i].cost / lazy->cost);
	return least;
}

static void put_winner(struct doc_table *t, const struct crossings *c,
		       const struct crossing *lazy)
{
	static const char *const kinds[] = { "eager", "adaptive", "deferred", "hold" };
	const struct crossing *best = crossover_best(c, lazy, NULL), *second;
	size_t i;

	second = crossover_best(c, lazy, best->policy);
	doc_cell(t, "%s", lazy->workload + 3);
	doc_number(t, lazy->ratio / 1000, 3);
	doc_number(t, lazy->batch, 0);
	doc_cell(t, "%s", best->policy);
	doc_number(t, second ? 100 * (second->cost / best->cost - 1) : NAN, 1);
	doc_number(t, crossover_next(c, lazy), 2);
	doc_number(t, lazy->cost / lazy->v[CROSSING_ATOMICS], 0);
	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		doc_number(t, best_of_kind(c, lazy, kinds[i]), 2);
}

/* Who wins where and by how much, in the plane of the pictures. */
static void tabulate_winners(const struct findings *f, const struct crossings *c,
			     bool overlap)
{
	struct doc_table *t;
	size_t i;

	t = doc_table(f->doc, "Who wins, %d pages, %s. Columns of policies: cost by lazy's; of deferred and hold the best parameters in that cell.",
		      PLANE_PAGES, overlap ? "the CPU comes while the device works" : "by turns");
	doc_column(t, DOC_TEXT, "workload");
	doc_column(t, DOC_NUMBER, "CPU accesses a device atomic");
	doc_column(t, DOC_NUMBER, "batch");
	doc_column(t, DOC_TEXT, "cheapest");
	doc_column(t, DOC_NUMBER, "the next costs more (%%)");
	doc_column(t, DOC_NUMBER, "q");
	doc_column(t, DOC_NUMBER, "lazy, an atomic");
	doc_column(t, DOC_NUMBER, "eager");
	doc_column(t, DOC_NUMBER, "adaptive");
	doc_column(t, DOC_NUMBER, "deferred");
	doc_column(t, DOC_NUMBER, "hold");
	for (i = 0; i < c->n; i++)
		if (!strcmp(c->at[i].policy, "lazy") && c->at[i].pages == PLANE_PAGES &&
		    c->at[i].overlap == overlap)
			put_winner(t, c, &c->at[i]);
}

static bool in_plane(const struct crossing *cell, const char *workload)
{
	return cell->pages == PLANE_PAGES && !cell->overlap &&
	       !strcmp(cell->policy, "eager") && !strcmp(cell->workload, workload);
}

/* Where eager by lazy comes down to `level` in this row of the plane: NaN, nowhere. */
static double crossing_at(const struct crossings *c, const char *workload, double batch,
			  double level)
{
	double x = NAN, last_ratio = NAN, last = NAN, z;
	size_t i;

	for (i = 0; i < c->n; i++) {
		const struct crossing *cell = &c->at[i];

		if (!in_plane(cell, workload) || cell->batch != batch)
			continue;
		z = ratio_to(c, cell, "lazy");
		if (last > level && z <= level)
			x = exp(log(last_ratio) + log(cell->ratio / last_ratio) *
				log(last / level) / log(last / z));
		else if (isnan(last) && z <= level)
			x = cell->ratio;
		last_ratio = cell->ratio;
		last = z;
	}
	return x / 1000;
}

static void draw_line(struct figure *fig, const struct crossings *c, const char *workload,
		      const char *title, double level)
{
	double batch, x;

	figure_series(fig, title, false);
	for (batch = 1; batch <= 1024; batch *= 2) {
		x = crossing_at(c, workload, batch, level);
		if (!isnan(x))
			figure_point(fig, x, batch);
	}
}

static int draw_plane(const struct findings *f, const struct crossings *c,
		      const char *workload)
{
	char *name = must_print("e8-%s", workload + 3), *title, *alt;
	struct figure *fig;
	size_t i;

	title = must_print("Eager by lazy: %s, %d pages", workload + 3, PLANE_PAGES);
	alt = must_print("Cost of eager by lazy's for workload %s, over the CPU's accesses a device atomic and the batch; the lines are where they cost the same, and where eager costs a tenth more; grey: not measured.",
			 workload + 3);
	fig = figure_new(FIGURE_MAP, name, title, findings_subtitle(f, workload, "mirror"));
	figure_x(fig, FIGURE_LOG10, "CPU accesses a device atomic");
	figure_y(fig, FIGURE_LOG2, "device atomics in a batch");
	figure_z(fig, FIGURE_LOG10, "cost of eager by lazy's", 0.1, 10);
	figure_series(fig, "cells", false);
	for (i = 0; i < c->n; i++)
		if (in_plane(&c->at[i], workload))
			figure_cell(fig, c->at[i].ratio / 1000, c->at[i].batch,
				    ratio_to(c, &c->at[i], "lazy"));
	draw_line(fig, c, workload, "the same", 1);
	draw_line(fig, c, workload, "eager costs 10% more", 1.1);
	free(name);
	free(title);
	i = (size_t)findings_figure(f, fig, alt);
	free(alt);
	return (int)i;
}

struct point {
	double q, ratio;
};

static int compare_points(const void *a, const void *b)
{
	const struct point *x = a, *y = b;

	return (x->q > y->q) - (x->q < y->q);
}

/* A workload's cells by turns in which a CPU comes at all, and in which moving pages
 * is a good part of the cost.
 */
static size_t find_points(const struct crossings *c, const struct model *m,
			  const char *workload, struct point *to)
{
	size_t i, n = 0;

	for (i = 0; i < c->n; i++) {
		const struct crossing *eager = &c->at[i], *lazy;
		double q = crossover_next(c, eager), moves;

		if (strcmp(eager->policy, "eager") || strcmp(eager->workload, workload) ||
		    eager->overlap || !(q >= LEAST_NEXT))
			continue;
		lazy = crossover_same(c, eager, "lazy");
		moves = crossover_moves(m, lazy);
		if (moves >= LEAST_MOVES * lazy->cost)
			to[n++] = (struct point){ q, crossover_moves(m, eager) / moves };
	}
	qsort(to, n, sizeof(*to), compare_points);
	return n;
}

/* All cells in one: what decides is how often the CPU is next. */
static int draw_next(const struct findings *f, const struct crossings *c,
		     const struct model *m)
{
	struct figure *fig = figure_new(FIGURE_LINES, "e8-next",
					"Pages that change hands: eager by lazy",
					findings_subtitle(f, "E8.", "mirror"));
	struct point *points = must(calloc(c->n + 1, sizeof(*points)));
	size_t i, k, n;
	double q;

	figure_x(fig, FIGURE_LOG10, "q: how often the CPU is the next to come for a page of the device");
	figure_y(fig, FIGURE_LOG10, "cost of moving pages, eager by lazy");
	figure_series(fig, "(Rd + F) / q (Rc + F)", true);
	for (q = LEAST_NEXT; m->n && q < 1.01; q *= 1.25)
		figure_error(fig, fmin(q, 1), crossover_ratio(m, fmin(q, 1)),
			     crossover_ratio(m, fmin(q, 1)), crossover_ratio(m, fmin(q, 1)));
	for (i = 0; m->n && i < NR_WORKLOADS; i++) {
		n = find_points(c, m, workloads[i], points);
		figure_series(fig, workloads[i] + 3, false);
		for (k = 0; k < n; k++)
			figure_error(fig, points[k].q, points[k].ratio, points[k].ratio,
				     points[k].ratio);
	}
	free(points);
	return findings_figure(f, fig, "Cost of the pages that change hands, eager by lazy, in cells where it is a tenth of the cost or more, against how often the CPU is the next to come for one; the dashed line is the closed form from the fitted costs.");
}

static void tabulate_model(const struct findings *f, const struct model *models)
{
	struct doc_table *t = findings_table(f, "cost of", "instructions",
					     "The fitted model: coefficients by least squares.");
	size_t i, k;

	for (i = 0; i < NR_MODEL_TERMS; i++) {
		doc_cell(t, "%s", model_term_name((enum model_term)i));
		for (k = 0; k < f->nr_runs; k++)
			doc_number(t, models[k].n ? models[k].per[i] : NAN, 0);
	}
	doc_cell(t, "threshold of q, (Rd + F) / (Rc + F)");
	for (k = 0; k < f->nr_runs; k++)
		doc_number(t, models[k].n ? crossover_threshold(&models[k]) : NAN, 3);
	doc_cell(t, "prediction error, median (%%)");
	for (k = 0; k < f->nr_runs; k++)
		doc_number(t, 100 * models[k].median, 1);
	doc_cell(t, "prediction error, worst (%%)");
	for (k = 0; k < f->nr_runs; k++)
		doc_number(t, 100 * models[k].worst, 1);
}

/* Cells in which the rule names the cheaper of eager and lazy; or they are within 2%. */
static void check_rule(const struct findings *f, const struct crossings *c,
		       const struct model *m)
{
	size_t i, right = 0, close = 0, n = 0;
	bool says_eager, is_eager;
	double ratio, q;

	for (i = 0; i < c->n; i++) {
		q = crossover_next(c, &c->at[i]);
		if (strcmp(c->at[i].policy, "eager") || c->at[i].overlap || isnan(q))
			continue;
		ratio = ratio_to(c, &c->at[i], "lazy");
		n++;
		says_eager = q > crossover_threshold(m);
		is_eager = ratio < 1;
		if (says_eager == is_eager)
			right++;
		else if (fabs(ratio - 1) <= 0.02)
			close++;
	}
	doc_text(f->doc, "The rule \"eager where q is above %s\" names the cheaper of the two in %zu of %zu cells by turns, and in %zu more they differ by 2%% or less. The model predicts a workload's cells from the other four workloads with a median error of %s%%; at worst %s%% (`%s`, %s, %.0f pages).",
		 doc_value(crossover_threshold(m), 3), right, n, close,
		 doc_value(100 * m->median, 1), doc_value(100 * m->worst, 1),
		 m->worst_at ? m->worst_at->name : "-",
		 m->worst_at ? m->worst_at->policy : "-",
		 m->worst_at ? m->worst_at->pages : 0);
}

/* What the threshold means, in words; caller frees. */
static char *eager_wins(const struct model *m)
{
	double q = crossover_threshold(m);

	if (q >= 1)
		return must_print("eager never wins there: the CPU would have to be next for %s of the pages, more than all", doc_value(q, 2));
	return must_print("eager wins there only where the CPU is next for more than %s of the pages, and then at most %s%%",
			  doc_value(q, 2), doc_value(100 * (1 - q), 1));
}

/*
 * In how many cells while the device works a hold is the cheapest by 10%; caller
 * frees.
 */
static char *hold_wins(const struct crossings *c)
{
	const struct crossing *best, *second;
	size_t i, n = 0, cells = 0;
	double worst = 0;

	for (i = 0; i < c->n; i++) {
		if (!strncmp(c->at[i].policy, "hold", 4) && is_new_policy(c, i))
			worst = fmax(worst, stand(c, c->at[i].policy, true).worst);
		if (strcmp(c->at[i].policy, "lazy") || !c->at[i].overlap)
			continue;
		cells++;
		best = crossover_best(c, &c->at[i], NULL);
		second = crossover_same(c, &c->at[i], "lazy");
		n += !strncmp(best->policy, "hold", 4) && second->cost > 1.1 * best->cost;
	}
	if (worst == 0)
		return must_copy("no hold was measured.");
	return must_print("a hold is the cheapest, by a tenth of lazy or more, in %zu of %zu such cells; in others it costs up to %s times the best.",
			  n, cells, doc_value(worst, 0));
}

static void recommend(const struct findings *f, const struct crossings *c,
		      const struct model *m)
{
	struct standing lazy = stand(c, "lazy", false), eager = stand(c, "eager", false);
	struct standing adaptive = stand(c, "adaptive", false);
	struct standing o_lazy = stand(c, "lazy", true), o_eager = stand(c, "eager", true);
	struct standing o_adaptive = stand(c, "adaptive", true);
	char *wins = eager_wins(m);
	char *holding = hold_wins(c);

	doc_labelled(f->doc, "Recommendation",
		     "Leave the entries (lazy) unless the CPU is waiting and nearly always next. A restore by the device costs %s, the CPU fault that it saves %s: eager moves this work from the CPU to the device, and costs up to %s times the best where the device comes again first. Adaptive costs at most %s times the best by turns and takes the CPU's stall, where the CPU is nearly always next, to %s%% of lazy's (median; less, where it has had eight turns to learn from each page). While the device works through a queue, lazy and adaptive cost up to %s and %s times the best, eager up to %s: there a page that is taken back at once is asked for again at once, and %s",
		     doc_value(m->per[MODEL_DEVICE_RESTORE], 0),
		     doc_value(m->per[MODEL_CPU_FAULT], 0), doc_value(eager.worst, 1),
		     doc_value(adaptive.worst, 2), doc_value(100 * adaptive.stall, 0),
		     doc_value(o_lazy.worst, 2), doc_value(o_adaptive.worst, 2),
		     doc_value(o_eager.worst, 2), holding);
	doc_answer(f->doc, "On %s lazy restore is within 10%% of the cheapest in %s%% of the cells by turns and eager in %s%%, and %s; while the device works lazy is within 10%% in %s%%; adaptive is in %s%% by turns and in %s%% while the device works.",
		   results_line(findings_run(f)),
		   doc_value(100 * (double)lazy.near / (double)lazy.cells, 0),
		   doc_value(100 * (double)eager.near / (double)eager.cells, 0),
		   wins, doc_value(100 * (double)o_lazy.near / (double)o_lazy.cells, 0),
		   doc_value(100 * (double)adaptive.near / (double)adaptive.cells, 0),
		   doc_value(100 * (double)o_adaptive.near / (double)o_adaptive.cells, 0));
	free(holding);
	free(wins);
}

static int draw(const struct findings *f, const struct crossings *c, const struct model *m)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < NR_WORKLOADS && !ret; i++)
		ret = draw_plane(f, c, workloads[i]);
	return ret ? ret : draw_next(f, c, m);
}

static int write(const struct findings *f)
{
	struct model *models = must(calloc(f->nr_runs, sizeof(*models))), *m;
	struct crossings c = { 0 };
	size_t i;
	int ret;

	for (i = 0; i < f->nr_runs; i++) {
		crossover_read(f->runs[i], &c);
		crossover_fit(&c, &models[i]);
		free(c.at);
	}
	crossover_read(findings_run(f), &c);
	m = &models[f->main];
	crossover_fit(&c, m);
	ret = draw(f, &c, m);
	if (!ret && m->n) {
		tabulate_policies(f, &c, false);
		tabulate_policies(f, &c, true);
		tabulate_winners(f, &c, false);
		tabulate_winners(f, &c, true);
		tabulate_model(f, models);
		check_rule(f, &c, m);
		findings_error(f, "E8.");
		recommend(f, &c, m);
	} else if (!ret) {
		doc_note(f->doc, "not measured in this run: enough cells under lazy and eager for a model, so there is no answer.");
	}
	free(c.at);
	free(models);
	return ret;
}

static const struct experiment e8 = {
	.id = "E8",
	.title = "lazy, eager, deferred, hold or adaptive",
	.question = "When should a driver give a page back to the CPU: when the CPU asks, at the end of each batch, after a while, never before a while, or by the page's history?",
	.measured = "Five workloads (locks, a histogram, work queues, a graph, an allocator that forks) share pages between one CPU and one device by a ratio of accesses, in batches; in one regime by turns, in the other the CPU comes while the device works. "
		    "Timed are the batch from its submission until its last completion is seen, each CPU access, and forks; what a policy does in the background is added. Each workload's sum is checked. "
		    "q is how often the CPU is the next to come for a page that the device has used; Rd a restore by the device, Rc by a CPU fault, F a device fault. On total work lazy pays q (Rc + F) a page and eager Rd + F.",
	.write = write,
};

EXPERIMENT(e8);
