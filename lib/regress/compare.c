// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "compare_judge.h"

/* Two builds of the same source differ by so much for the layout of their code alone;
 * of instructions none is there by chance.
 */
#define TIMES_THRESHOLD 0.01

static const char *const verdict_names[NR_VERDICTS] = {
	"same", "slower", "faster", "unsettled", "inconclusive",
};

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}

bool is_regression(const struct compare_row *r)
{
	return r->verdict == VERDICT_SLOWER && !r->is_small;
}

double share_of(double difference, double old)
{
	return difference == 0 ? 0 : difference / old;
}

void compare_warn(struct compare *c, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	c->warnings = must_grow(c->warnings, c->nr_warnings, sizeof(*c->warnings));
	c->warnings[c->nr_warnings++] = must_vprint(fmt, args);
	va_end(args);
}

/* Does any backend of the side have this case, without arguments? */
static bool has_case(const struct side *s, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < s->nr_bench; i++)
		if (!strncmp(s->bench[i].name, name, len) &&
		    strchr("/", s->bench[i].name[len]))
			return true;
	return false;
}

/* What the other side says of a case that it has nowhere: why it was skipped. */
static char *why_absent(const struct side *other, const struct side_bench *b)
{
	size_t len = strcspn(b->name, "/");
	const struct side_bench *same = side_find(other, b->key);
	const char *said;
	char *name;

	if (same)
		return must_print("%s in %s here, %s in %s there", b->metric, b->unit,
				  same->metric, same->unit);
	if (has_case(other, b->name, len))
		return NULL;
	name = must(strndup(b->name, len));
	said = side_env(other, name);
	free(name);
	return said && !strncmp(said, "SKIPPED", 7) ? must_copy(said) : NULL;
}

static bool is_wanted(const struct compare_options *o, const struct side_bench *b)
{
	return !o->only || !regexec(o->only, b->key, 0, NULL, 0);
}

static const struct side_bench *match(const struct side *other, const struct side_bench *b)
{
	const struct side_bench *same = side_find(other, b->key);

	if (!same || strcmp(same->metric, b->metric) || strcmp(same->unit, b->unit))
		return NULL;
	return same;
}

static void add_only(struct compare_only **list, size_t *n, const struct side *other,
		     const struct side_bench *b)
{
	*list = must_grow(*list, *n, sizeof(**list));
	(*list)[(*n)++] = (struct compare_only){ b, why_absent(other, b) };
}

static void match_all(struct compare *c, const struct compare_options *o)
{
	const struct side_bench *b, *same;

	for (b = c->old->bench; b < c->old->bench + c->old->nr_bench; b++) {
		if (!is_wanted(o, b))
			continue;
		same = match(c->new, b);
		if (!same) {
			add_only(&c->only_old, &c->nr_only_old, c->new, b);
			continue;
		}
		c->rows = must_grow(c->rows, c->nr_rows, sizeof(*c->rows));
		c->rows[c->nr_rows++] = (struct compare_row){ .old = b, .new = same };
	}
	for (b = c->new->bench; b < c->new->bench + c->new->nr_bench; b++)
		if (is_wanted(o, b) && !match(c->old, b))
			add_only(&c->only_new, &c->nr_only_new, c->old, b);
}

/* Changes, then what may be one, then the rest. */
static int class_of(const struct compare_row *r)
{
	switch (r->verdict) {
	case VERDICT_SLOWER:
	case VERDICT_FASTER:
		return 0;
	case VERDICT_SAME:
		return 2;
	default:
		return 1;
	}
}

static int by_effect(const void *a, const void *b)
{
	const struct compare_row *x = a, *y = b;
	double p = fabs(x->effect), q = fabs(y->effect);

	if (class_of(x) != class_of(y))
		return class_of(x) - class_of(y);
	if (p != q)
		return p < q ? 1 : -1;
	if (x->effect != y->effect)
		return x->effect < y->effect ? 1 : -1;
	return strverscmp(x->old->key, y->old->key);
}

static void finish_rows(struct compare *c)
{
	size_t i;

	for (i = 0; i < c->nr_rows; i++) {
		struct compare_row *r = &c->rows[i];

		r->is_small = class_of(r) == 0 && fabs(r->effect) < c->threshold;
		c->nr[r->verdict]++;
		c->nr_small += r->is_small;
	}
	if (c->nr_rows)
		qsort(c->rows, c->nr_rows, sizeof(*c->rows), by_effect);
}

/* The most boots that any benchmark to be compared has. */
static size_t most_boots(const struct compare *c, bool of_new)
{
	size_t i, n, most = 0;

	for (i = 0; i < c->nr_rows; i++) {
		n = of_new ? c->rows[i].new->n : c->rows[i].old->n;
		most = n > most ? n : most;
	}
	return most;
}

static void warn_of_few(struct compare *c, const char *name, size_t n)
{
	if (c->exact && n < COMPARE_SEEDS)
		compare_warn(c, "%s has %zu seed%s; with fewer than %d a difference may be one of schedules",
			     name, n, n == 1 ? "" : "s", COMPARE_SEEDS);
	if (!c->exact && n < COMPARE_BOOTS)
		compare_warn(c, "%s has %zu boot%s; %d or more are expected", name, n,
			     n == 1 ? "" : "s", COMPARE_BOOTS);
}

/* Parts of one run share a seed and nothing else. */
static bool measured_the_same(const struct side *s, size_t i, size_t k)
{
	const struct side_bench *b;

	for (b = s->bench; b < s->bench + s->nr_bench; b++)
		if (!isnan(b->value[i]) && !isnan(b->value[k]))
			return true;
	return false;
}

static void warn_of_equal_seeds(struct compare *c, const char *name, const struct side *s)
{
	size_t i, k, again = 0;

	for (i = 1; i < s->nr_boots; i++) {
		for (k = 0; k < i; k++)
			if (s->boots[k].seed == s->boots[i].seed && measured_the_same(s, i, k))
				break;
		again += k < i;
	}
	if (again && c->exact)
		compare_warn(c, "%s: %zu of %zu boots have the seed of another: equal boots tell nothing new",
			     name, again, s->nr_boots);
}

static void warn_of_order(struct compare *c)
{
	size_t in_a_row;

	if (c->exact)
		return;
	if (comparable_order(c->old, c->new, &in_a_row) == ORDER_NOT)
		compare_warn(c, "not interleaved: %zu boots of one side in a row; what the machine did meanwhile looks like a change",
			     in_a_row);
	if (c->old->is_repetitions || c->new->is_repetitions)
		compare_warn(c, "repetitions of one process count as boots: what differs from process to process is not seen");
}

static void warn_of_differences(struct compare *c)
{
	size_t i;

	for (i = 0; i < c->nr_differences; i++)
		if (c->differences[i].is_decisive)
			compare_warn(c, "not comparable, compared by --force: %s is %s in OLD, %s in NEW",
				     c->differences[i].field, c->differences[i].old,
				     c->differences[i].new);
}

void compare_sides(struct compare *c, const struct side *old, const struct side *new,
		   const struct compare_options *o)
{
	size_t i;

	*c = (struct compare){ .old = old, .new = new, .alpha = o->alpha };
	c->exact = old->exact && new->exact;
	c->threshold = !isnan(o->threshold) ? o->threshold : c->exact ? 0 : TIMES_THRESHOLD;
	c->nr_differences = comparable(old, new, &c->differences);
	c->is_comparable = true;
	for (i = 0; i < c->nr_differences; i++)
		if (c->differences[i].is_decisive && !o->force)
			c->is_comparable = false;
	if (!c->is_comparable)
		return;
	warn_of_differences(c);
	match_all(c, o);
	warn_of_few(c, "OLD", most_boots(c, false));
	warn_of_few(c, "NEW", most_boots(c, true));
	warn_of_equal_seeds(c, "OLD", old);
	warn_of_equal_seeds(c, "NEW", new);
	warn_of_order(c);
	if (c->exact)
		judge_exact(c, o);
	else
		judge_statistics(c);
	finish_rows(c);
}

static void free_only(struct compare_only *list, size_t n)
{
	while (n)
		free(list[--n].why);
	free(list);
}

void compare_free(struct compare *c)
{
	while (c->nr_warnings)
		free(c->warnings[--c->nr_warnings]);
	free(c->warnings);
	free_only(c->only_old, c->nr_only_old);
	free_only(c->only_new, c->nr_only_new);
	free(c->differences);
	while (c->nr_rows)
		free(c->rows[--c->nr_rows].where);
	free(c->rows);
}

int compare_status(const struct compare *c)
{
	size_t i;

	for (i = 0; i < c->nr_rows; i++)
		if (is_regression(&c->rows[i]))
			return 1;
	return !c->is_comparable || !c->nr_rows || c->nr[VERDICT_INCONCLUSIVE] ? 3 : 0;
}
