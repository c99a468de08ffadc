// SPDX-License-Identifier: GPL-2.0-only
/* Instruction counts: compare.h tells the rule. */
#include <gsl/gsl_sf_gamma.h>
#include <math.h>

#include "compare_judge.h"

static size_t count_below(const struct side *s, const struct side_bench *b, double limit)
{
	size_t i, n = 0;

	for (i = 0; i < s->nr_boots; i++)
		n += b->value[i] < limit;
	return n;
}

/*
 * That the r least of n + m values, dealt without regard to the sides, all go to one
 * side: C(n, r) / C(n + m, r), for either side.
 */
static double chance_of(size_t n, size_t m, size_t r)
{
	return fmin(1, 2 * exp(gsl_sf_lnchoose((unsigned int)n, (unsigned int)r) -
			       gsl_sf_lnchoose((unsigned int)(n + m), (unsigned int)r)));
}

static void judge(struct compare *c, struct compare_row *r)
{
	double old_gap, new_gap, difference;
	const struct side_bench *lower, *higher;
	const struct side *side;

	r->old_value = side_least(c->old, r->old, &old_gap);
	r->new_value = side_least(c->new, r->new, &new_gap);
	difference = r->new_value - r->old_value;
	r->effect = share_of(difference, r->old_value);
	/* of one boot a side none is known; fmax() passes over NaN */
	r->gap = fmax(0, fmax(old_gap, new_gap));
	r->verdict = VERDICT_SAME;
	if (difference == 0)
		return;
	side = difference > 0 ? c->old : c->new;
	lower = difference > 0 ? r->old : r->new;
	higher = difference > 0 ? r->new : r->old;
	r->nr_below = count_below(side, lower, fmax(r->old_value, r->new_value));
	r->nr_lower = lower->n;
	r->chance = chance_of(lower->n, higher->n, r->nr_below);
	if (fabs(difference) > r->gap && (r->nr_below == lower->n || r->chance <= c->alpha))
		r->verdict = difference > 0 ? VERDICT_SLOWER : VERDICT_FASTER;
	else
		r->verdict = VERDICT_UNSETTLED;
}

void judge_exact(struct compare *c)
{
	size_t i;

	for (i = 0; i < c->nr_rows; i++)
		judge(c, &c->rows[i]);
}
