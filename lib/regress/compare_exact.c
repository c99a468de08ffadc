// SPDX-License-Identifier: GPL-2.0-only
/* Instruction counts: compare.h tells the rule. */
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>

#include "../alloc.h"
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

/* False: the functions of this benchmark are not known on both sides. */
static bool look_at_functions(struct compare_row *r, const struct compare_options *o)
{
	const struct function_case *old, *new;
	const struct function_change *cause;
	struct function_change *changes;
	size_t n, i;

	if (!o->old_functions || !o->new_functions)
		return false;
	old = functions_find(o->old_functions, r->old->key);
	new = functions_find(o->new_functions, r->new->key);
	if (!old || !new || old->n < 2 || new->n < 2)
		return false;
	n = functions_compare(o->old_functions, old, o->new_functions, new, &changes);
	for (i = 0; i < n && changes[i].settled; i++)
		r->settled += changes[i].new - changes[i].old;
	r->nr_settled = i;
	cause = functions_cause(changes, n);
	if (cause) {
		r->where = must_copy(cause->name);
		r->where_change = cause->new - cause->old;
	}
	free(changes);
	return true;
}

static enum verdict judge_functions(struct compare_row *r)
{
	if (r->settled == 0)
		return r->new_value == r->old_value ? VERDICT_SAME : VERDICT_UNSETTLED;
	r->effect = share_of(r->settled, r->old_value);
	return r->settled > 0 ? VERDICT_SLOWER : VERDICT_FASTER;
}

static void judge(struct compare *c, struct compare_row *r, const struct compare_options *o)
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
	r->has_functions = look_at_functions(r, o);
	if (r->has_functions)
		r->verdict = judge_functions(r);
	if (r->has_functions || difference == 0)
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

void judge_exact(struct compare *c, const struct compare_options *o)
{
	size_t i;

	for (i = 0; i < c->nr_rows; i++)
		judge(c, &c->rows[i], o);
}
