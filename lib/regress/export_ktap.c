// SPDX-License-Identifier: GPL-2.0-only
/*
 * KTAP version 1 (Documentation/dev-tools/ktap.rst): a test a benchmark. ok: it was done in
 * every boot that began it; its values are diagnostics, they are no verdict.
 */
#include <string.h>

#include "export.h"

/* A description may be anything but a number sign. */
static void write_name(FILE *to, const char *name)
{
	for (; *name; name++)
		fputc(*name == '#' || *name == '\n' ? '_' : *name, to);
}

static void write_values(const struct export *e, const struct side *s,
			 const struct export_verdict *v)
{
	struct export_sum sum = export_sum(s, v->bench);

	fputs("# ", e->to);
	write_name(e->to, v->name);
	fprintf(e->to, ": %s least ", v->bench->metric);
	export_number(e->to, sum.least);
	fputs(" median ", e->to);
	export_number(e->to, sum.median);
	fputs(" most ", e->to);
	export_number(e->to, sum.most);
	fprintf(e->to, " %s, %zu of %zu boots\n", v->bench->unit, sum.n, s->nr_boots);
}

static int write_ktap(const struct export *e)
{
	const struct side *s = e->sides[0];
	struct export_verdicts all;
	size_t i;
	int ret;

	ret = export_verdicts(&all, s);
	if (ret)
		return ret;
	fprintf(e->to, "KTAP version 1\n1..%zu\n", all.n);
	fprintf(e->to, "# kernel %s, config %s, %s, %zu boots\n", export_env(s, "kernel_release"),
		export_env(s, "config_hash"), export_env(s, "mode"), s->nr_boots);
	for (i = 0; i < all.n; i++) {
		const struct export_verdict *v = &all.at[i];

		if (v->bench)
			write_values(e, s, v);
		fprintf(e->to, "%s %zu ", v->failed ? "not ok" : "ok", i + 1);
		write_name(e->to, v->name);
		if (v->reason) {
			fputs(" # SKIP ", e->to);
			write_name(e->to, v->reason);
		}
		fputc('\n', e->to);
	}
	export_verdicts_free(&all);
	return 0;
}

static const struct export_format ktap = {
	.name = "ktap",
	.desc = "KTAP version 1: a test a benchmark, done, failed or skipped",
	.write = write_ktap,
};

EXPORT_FORMAT(ktap);
