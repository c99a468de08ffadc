// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../alloc.h"
#include "compare_words.h"

char *words_change(double share)
{
	double percent = 100 * share;

	if (!isfinite(share))
		return must_copy("from 0");
	if (percent && fabs(percent) < 0.01)
		return must_print("%+.1g%%", percent);
	return must_print("%+.2f%%", percent);
}

char *words_value(double value)
{
	return must_print(value == rint(value) ? "%.0f" : "%.1f", value);
}

char *words_difference(const struct compare *c, const struct compare_row *r)
{
	double d = c->exact ? r->new_value - r->old_value : r->shift.shift;

	return must_print(d == rint(d) ? "%+.0f" : "%+.1f", d);
}

/* What decided: the functions, or the totals. */
static void say_exact(FILE *f, const struct compare_row *r)
{
	if (r->where)
		fprintf(f, ", %s %+.0f%s", r->where, r->where_change,
			r->nr_settled > 1 ? " and others" : "");
	if (r->verdict == VERDICT_SAME || r->has_functions)
		return;
	if (r->spread == 0)
		return;
	fprintf(f, ", %zu of %zu seeds below all others, q %.2g", r->nr_below, r->nr_lower, r->q);
	fprintf(f, ", spread %.0f, gap %.0f", r->spread, r->gap);
}

static void say_interval(FILE *f, const struct compare_row *r)
{
	char *low = words_change(share_of(r->shift.low, r->old_value));
	char *high = words_change(share_of(r->shift.high, r->old_value));

	if (isfinite(r->shift.low))
		fprintf(f, " [%s, %s]", low, high);
	free(low);
	free(high);
}

static void say_statistics(FILE *f, const struct compare_row *r)
{
	say_interval(f, r);
	fprintf(f, ", ratio %.3f", r->ratio.value);
	if (!isnan(r->ratio.low))
		fprintf(f, " [%.3f, %.3f]", r->ratio.low, r->ratio.high);
	fprintf(f, ", p %.2g%s", r->p, r->p_exact ? "" : " (normal)");
	if (!isnan(r->q))
		fprintf(f, ", q %.2g", r->q);
	fprintf(f, ", %zu and %zu boots", r->old->n, r->new->n);
	if (r->old_bimodal)
		fprintf(f, ", bimodal in OLD");
	if (r->new_bimodal)
		fprintf(f, ", bimodal in NEW");
}

char *words_remark(const struct compare *c, const struct compare_row *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = must(open_memstream(&text, &len));

	fprintf(f, "%s%s", verdict_name(r->verdict), r->is_small ? " below the threshold" : "");
	if (c->exact)
		say_exact(f, r);
	else
		say_statistics(f, r);
	fclose(f);
	return must(text);
}

char *words_side(const struct side *s)
{
	const char *release = side_env_all(s, "kernel_release");
	const char *kernel = side_env_all(s, "kernel");
	const char *what = s->is_repetitions ? "repetition" : "boot";

	return must_print("%s: %zu %s%s%s%s", s->path, s->nr_boots, what,
			  s->nr_boots == 1 ? "" : "s",
			  release || kernel ? ", kernel " : "",
			  release ? release : kernel ? kernel : "");
}

char *words_mode(const struct compare *c)
{
	if (c->exact)
		return must_print("exact: the least instruction count of the seeds; threshold %g%%",
				  100 * c->threshold);
	return must_print("times: U test over boots, false discovery rate %g; threshold %g%%",
			  c->alpha, 100 * c->threshold);
}

char *words_summary(const struct compare *c)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = must(open_memstream(&text, &len));

	fprintf(f, "%zu compared, %zu slower, %zu faster, %zu unsettled, %zu same", c->nr_rows,
		c->nr[VERDICT_SLOWER], c->nr[VERDICT_FASTER], c->nr[VERDICT_UNSETTLED],
		c->nr[VERDICT_SAME]);
	if (c->nr[VERDICT_INCONCLUSIVE])
		fprintf(f, ", %zu inconclusive", c->nr[VERDICT_INCONCLUSIVE]);
	if (c->nr_small)
		fprintf(f, " (%zu of the changes below %g%%)", c->nr_small, 100 * c->threshold);
	fprintf(f, "; %zu only in OLD, %zu only in NEW", c->nr_only_old, c->nr_only_new);
	fclose(f);
	return must(text);
}

char *words_detectable(const struct compare *c)
{
	if (c->exact)
		return NULL;
	if (isnan(c->typical.at_95))
		return must_copy("smallest change that is found: none, with so few boots");
	return must_print("smallest change that is found with 80%% probability: %.2g%%, with 95%%: %.2g%% (median of the benchmarks; worst %.2g%% and %.2g%%), where nothing else changes",
			  100 * c->typical.at_80, 100 * c->typical.at_95,
			  100 * c->worst.at_80, 100 * c->worst.at_95);
}
