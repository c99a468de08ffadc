// SPDX-License-Identifier: GPL-2.0-only
#include <jansson.h>
#include <math.h>

#include "../alloc.h"
#include "compare_write.h"

static void set(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, must(value)))
		must(NULL);
}

static void set_number(json_t *object, const char *key, double value)
{
	set(object, key, isfinite(value) ? json_real(value) : json_null());
}

static void set_count(json_t *object, const char *key, size_t n)
{
	set(object, key, json_integer((json_int_t)n));
}

/* A path may be no UTF-8: then it is null. */
static void set_text(json_t *object, const char *key, const char *text)
{
	json_t *value = text ? json_string(text) : NULL;

	set(object, key, value ? value : json_null());
}

static json_t *side_object(const struct side *s)
{
	json_t *o = must(json_object());

	set_text(o, "path", s->path);
	set_count(o, "boots", s->nr_boots);
	set_text(o, "kernel_release", side_env_all(s, "kernel_release"));
	return o;
}

static json_t *differences(const struct compare *c)
{
	json_t *list = must(json_array()), *o;
	size_t i;

	for (i = 0; i < c->nr_differences; i++) {
		o = must(json_object());
		set_text(o, "field", c->differences[i].field);
		set_text(o, "old", c->differences[i].old);
		set_text(o, "new", c->differences[i].new);
		set(o, "decisive", json_boolean(c->differences[i].is_decisive));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *warnings(const struct compare *c)
{
	json_t *list = must(json_array());
	size_t i;

	for (i = 0; i < c->nr_warnings; i++)
		json_array_append_new(list, json_string(c->warnings[i]));
	return list;
}

static json_t *summary(const struct compare *c)
{
	json_t *o = must(json_object());
	size_t v;

	set_count(o, "compared", c->nr_rows);
	for (v = 0; v < NR_VERDICTS; v++)
		set_count(o, verdict_name((enum verdict)v), c->nr[v]);
	set_count(o, "below_threshold", c->nr_small);
	set_count(o, "only_old", c->nr_only_old);
	set_count(o, "only_new", c->nr_only_new);
	return o;
}

static json_t *detectable(const struct detectable *d)
{
	json_t *o = must(json_object());

	set_number(o, "at_80", d->at_80);
	set_number(o, "at_95", d->at_95);
	return o;
}

static void set_statistics(json_t *o, const struct compare_row *r)
{
	json_t *ratio = must(json_object()), *shift = must(json_object());

	set_number(o, "p", r->p);
	set(o, "p_exact", json_boolean(r->p_exact));
	set_number(o, "q", r->q);
	set_number(shift, "value", r->shift.shift);
	set_number(shift, "low", r->shift.low);
	set_number(shift, "high", r->shift.high);
	set(o, "shift", shift);
	set_number(ratio, "value", r->ratio.value);
	set_number(ratio, "low", r->ratio.low);
	set_number(ratio, "high", r->ratio.high);
	set(o, "ratio", ratio);
	set(o, "detectable", detectable(&r->detectable));
	set(o, "old_bimodal", json_boolean(r->old_bimodal));
	set(o, "new_bimodal", json_boolean(r->new_bimodal));
}

static void set_exact(json_t *o, const struct compare_row *r)
{
	set_number(o, "gap", r->gap);
	set_number(o, "spread", r->spread);
	set(o, "apart", json_boolean(r->is_apart));
	set_count(o, "seeds_below", r->nr_below);
	set_count(o, "seeds_lower", r->nr_lower);
	set_number(o, "chance", r->chance);
	set_number(o, "q", r->q);
	if (!r->has_functions)
		return;
	set_count(o, "functions_changed", r->nr_settled);
	set_number(o, "functions_sum", r->settled);
	set_text(o, "where", r->where);
	set_number(o, "where_change", r->where_change);
}

static json_t *row_object(const struct compare *c, const struct compare_row *r)
{
	json_t *o = must(json_object());

	set_text(o, "key", r->old->key);
	set_text(o, "name", r->old->name);
	set_text(o, "backend", r->old->backend);
	set_text(o, "policy", r->old->policy);
	set_text(o, "protocol", r->old->protocol);
	set_count(o, "workers", r->old->workers);
	set_text(o, "metric", r->old->metric);
	set_text(o, "unit", r->old->unit);
	set_text(o, "verdict", verdict_name(r->verdict));
	set(o, "below_threshold", json_boolean(r->is_small));
	set_number(o, "effect", r->effect);
	set_number(o, "old", r->old_value);
	set_number(o, "new", r->new_value);
	set_count(o, "old_boots", r->old->n);
	set_count(o, "new_boots", r->new->n);
	if (c->exact)
		set_exact(o, r);
	else
		set_statistics(o, r);
	return o;
}

static json_t *only(const struct compare_only *list, size_t n)
{
	json_t *array = must(json_array()), *o;
	size_t i;

	for (i = 0; i < n; i++) {
		o = must(json_object());
		set_text(o, "key", list[i].bench->key);
		set_text(o, "why", list[i].why);
		json_array_append_new(array, o);
	}
	return array;
}

void compare_json(FILE *to, const struct compare *c)
{
	json_t *root = must(json_object()), *rows = must(json_array()), *sizes;
	size_t i;

	set_count(root, "status", (size_t)compare_status(c));
	set_text(root, "mode", c->exact ? "exact" : "statistics");
	set_number(root, "alpha", c->alpha);
	set_number(root, "threshold", c->threshold);
	set(root, "old", side_object(c->old));
	set(root, "new", side_object(c->new));
	set(root, "differences", differences(c));
	set(root, "warnings", warnings(c));
	set(root, "summary", summary(c));
	if (!c->exact) {
		sizes = must(json_object());
		set(sizes, "typical", detectable(&c->typical));
		set(sizes, "worst", detectable(&c->worst));
		set(root, "detectable", sizes);
	}
	for (i = 0; i < c->nr_rows; i++)
		json_array_append_new(rows, row_object(c, &c->rows[i]));
	set(root, "benchmarks", rows);
	set(root, "only_old", only(c->only_old, c->nr_only_old));
	set(root, "only_new", only(c->only_new, c->nr_only_new));
	json_dumpf(root, to, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
	putc('\n', to);
	json_decref(root);
}
