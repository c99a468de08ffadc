// SPDX-License-Identifier: GPL-2.0-only
/* Instruction counts: compare.h tells the rule. */
#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>

#include "../alloc.h"
#include "compare_judge.h"
#include "fdr.h"

static size_t count_below(const struct side *s, const struct side_bench *b, double limit)
{
	size_t i, n = 0;

	for (i = 0; i < s->nr_boots; i++)
		n += b->value[i] < limit;
	return n;
}

static double most_of(const struct side *s, const struct side_bench *b)
{
	double most = NAN;
	size_t i;

	for (i = 0; i < s->nr_boots; i++)
		most = fmax(most, b->value[i]);
	return most;
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
	n = functions_compare(o->old_functions, old, o->new_functions, new, o->noise, &changes);
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

/* All but what depends on the other benchmarks. */
static void measure(const struct compare *c, struct compare_row *r)
{
	double old_gap, new_gap, old_most = most_of(c->old, r->old), apart;
	double new_most = most_of(c->new, r->new);
	bool is_more;

	r->old_value = side_least(c->old, r->old, &old_gap);
	r->new_value = side_least(c->new, r->new, &new_gap);
	r->effect = share_of(r->new_value - r->old_value, r->old_value);
	/* of one boot a side none is known; fmax() passes over NaN */
	r->gap = fmax(0, fmax(old_gap, new_gap));
	r->spread = fmax(old_most - r->old_value, new_most - r->new_value);
	r->chance = 1;
	if (r->new_value == r->old_value)
		return;
	is_more = r->new_value > r->old_value;
	apart = is_more ? r->new_value - old_most : r->old_value - new_most;
	r->is_apart = apart > r->spread;
	r->nr_below = is_more ? count_below(c->old, r->old, r->new_value) :
				count_below(c->new, r->new, r->old_value);
	r->nr_lower = is_more ? r->old->n : r->new->n;
	r->chance = chance_of(r->nr_lower, is_more ? r->new->n : r->old->n, r->nr_below);
}

/* Benchmarks that vary from seed to seed and have no functions to decide: of the others
 * nothing is left to chance.
 */
static bool is_tested(const struct compare_row *r)
{
	return r->spread > 0 && !r->has_functions;
}

static void adjust(struct compare *c)
{
	double *p = must(calloc(c->nr_rows + 1, sizeof(*p)));
	double *q = must(calloc(c->nr_rows + 1, sizeof(*q)));
	size_t i, n = 0;

	for (i = 0; i < c->nr_rows; i++)
		if (is_tested(&c->rows[i]))
			p[n++] = c->rows[i].chance;
	fdr_adjust(p, q, n);
	for (i = 0, n = 0; i < c->nr_rows; i++)
		c->rows[i].q = is_tested(&c->rows[i]) ? q[n++] : NAN;
	free(p);
	free(q);
}

static enum verdict verdict_of(const struct compare *c, struct compare_row *r)
{
	double difference = r->new_value - r->old_value;

	if (r->has_functions)
		return judge_functions(r);
	if (difference == 0)
		return VERDICT_SAME;
	if (fabs(difference) <= r->gap || !(r->is_apart || r->q <= c->alpha))
		return VERDICT_UNSETTLED;
	return difference > 0 ? VERDICT_SLOWER : VERDICT_FASTER;
}

void judge_exact(struct compare *c, const struct compare_options *o)
{
	size_t i;

	for (i = 0; i < c->nr_rows; i++)
		measure(c, &c->rows[i]);
	for (i = 0; i < c->nr_rows; i++)
		c->rows[i].has_functions = look_at_functions(&c->rows[i], o);
	adjust(c);
	for (i = 0; i < c->nr_rows; i++)
		c->rows[i].verdict = verdict_of(c, &c->rows[i]);
}
