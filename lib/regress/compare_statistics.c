// SPDX-License-Identifier: GPL-2.0-only
/* Times, of which each boot has its own: compare.h tells the rule. */
#include <math.h>
#include <stdlib.h>

#include "../alloc.h"
#include "../stats.h"
#include "compare_judge.h"
#include "fdr.h"
#include "modes.h"

/* Two heaps that are nearer to each other, of the median, are no matter. */
#define MODES_APART 0.01

static bool is_bimodal(const double *v, size_t n, double median)
{
	struct modes m;

	return modes_two(v, n, &m) && m.high - m.low > MODES_APART * median;
}

/* All but what depends on the other benchmarks. */
static void measure(const struct compare *c, struct compare_row *r)
{
	double *x, *y;
	size_t n = side_values(c->old, r->old, &x), m = side_values(c->new, r->new, &y);

	/* in this order: stats_median() sorts, which nothing here minds */
	r->old_value = stats_median(x, n);
	r->new_value = stats_median(y, m);
	r->p = ranks_p(x, n, y, m, &r->p_exact);
	r->shift = ranks_shift(x, n, y, m, ranks_critical(n, m, c->alpha));
	r->ratio = bootstrap_ratio(x, n, y, m, c->alpha);
	r->effect = share_of(r->shift.shift, r->old_value);
	r->old_bimodal = is_bimodal(x, n, r->old_value);
	r->new_bimodal = is_bimodal(y, m, r->new_value);
	free(x);
	free(y);
}

/* At the level that one change has to reach if nothing else changed. */
static void measure_detectable(const struct compare *c, struct compare_row *r, double level)
{
	double *x, *y;
	size_t n = side_values(c->old, r->old, &x), m = side_values(c->new, r->new, &y);

	r->detectable = bootstrap_detectable(x, n, y, m, ranks_critical(n, m, level));
	r->detectable.at_80 = share_of(r->detectable.at_80, r->old_value);
	r->detectable.at_95 = share_of(r->detectable.at_95, r->old_value);
	free(x);
	free(y);
}

static bool can_tell(const struct compare *c, const struct compare_row *r)
{
	return ranks_least_p(r->old->n, r->new->n) <= c->alpha;
}

static enum verdict verdict_of(const struct compare *c, const struct compare_row *r)
{
	if (!can_tell(c, r))
		return VERDICT_INCONCLUSIVE;
	if (r->q <= c->alpha && r->shift.shift)
		return r->shift.shift > 0 ? VERDICT_SLOWER : VERDICT_FASTER;
	return r->p <= c->alpha ? VERDICT_UNSETTLED : VERDICT_SAME;
}

/* Returns how many tests there are: those that can be rejected. */
static size_t adjust(struct compare *c)
{
	double *p = must(calloc(c->nr_rows + 1, sizeof(*p)));
	double *q = must(calloc(c->nr_rows + 1, sizeof(*q)));
	size_t i, n = 0;

	for (i = 0; i < c->nr_rows; i++)
		if (can_tell(c, &c->rows[i]))
			p[n++] = c->rows[i].p;
	fdr_adjust(p, q, n);
	for (i = 0, n = 0; i < c->nr_rows; i++)
		c->rows[i].q = can_tell(c, &c->rows[i]) ? q[n++] : NAN;
	free(p);
	free(q);
	return n;
}

static void summarise_detectable(struct compare *c)
{
	double *at_80 = must(calloc(c->nr_rows + 1, sizeof(*at_80)));
	double *at_95 = must(calloc(c->nr_rows + 1, sizeof(*at_95)));
	size_t i, n = 0;

	c->worst = (struct detectable){ NAN, NAN };
	for (i = 0; i < c->nr_rows; i++) {
		const struct detectable *d = &c->rows[i].detectable;

		if (isnan(d->at_95) || isinf(d->at_95))
			continue;
		at_80[n] = d->at_80;
		at_95[n++] = d->at_95;
		c->worst.at_80 = fmax(c->worst.at_80, d->at_80);
		c->worst.at_95 = fmax(c->worst.at_95, d->at_95);
	}
	c->typical.at_80 = stats_median(at_80, n);
	c->typical.at_95 = stats_median(at_95, n);
	free(at_80);
	free(at_95);
}

/* Changes that so few boots can find only in company. */
static void warn_of_lone_changes(struct compare *c, size_t tests)
{
	double least = 0;
	size_t i, boots;

	for (i = 0; i < c->nr_rows; i++)
		if (can_tell(c, &c->rows[i]))
			least = fmax(least, ranks_least_p(c->rows[i].old->n, c->rows[i].new->n));
	if (least * (double)tests <= c->alpha)
		return;
	for (boots = 2; ranks_least_p(boots, boots) * (double)tests > c->alpha; boots++)
		;
	compare_warn(c, "a benchmark that changes alone among %zu cannot be told: its p is at least %.2g; %zu boots a side would do",
		     tests, least, boots);
}

static void warn_of_modes(struct compare *c)
{
	size_t i, old = 0, new = 0;

	for (i = 0; i < c->nr_rows; i++) {
		old += c->rows[i].old_bimodal;
		new += c->rows[i].new_bimodal;
	}
	if (old || new)
		compare_warn(c, "values stand in two heaps: %zu benchmarks of OLD, %zu of NEW, marked 'bimodal'; their medians may jump between the heaps",
			     old, new);
}

void judge_statistics(struct compare *c)
{
	size_t i, tests;

	for (i = 0; i < c->nr_rows; i++)
		measure(c, &c->rows[i]);
	tests = adjust(c);
	for (i = 0; i < c->nr_rows; i++) {
		c->rows[i].verdict = verdict_of(c, &c->rows[i]);
		measure_detectable(c, &c->rows[i], c->alpha / (double)(tests ? tests : 1));
	}
	summarise_detectable(c);
	warn_of_lone_changes(c, tests);
	warn_of_modes(c);
}
