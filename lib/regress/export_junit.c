// SPDX-License-Identifier: GPL-2.0-only
/*
 * JUnit XML as CI systems read it (the schema of Ant's junitreport): a test case a
 * benchmark; time is the median of its boots in seconds, an instruction being 1 ns of the
 * lab's virtual time.
 */
#include <string.h>

#include "../markup.h"
#include "export.h"

static void write_properties(const struct export *e, const struct side *s)
{
	static const char *const keys[] = {
		"kernel_release", "config_hash", "mode", "cpus", "memory", "numa", "qemu",
	};
	size_t i;

	fputs("    <properties>\n", e->to);
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		fprintf(e->to, "      <property name=\"%s\" value=\"", keys[i]);
		markup_text(e->to, export_env(s, keys[i]));
		fputs("\"/>\n", e->to);
	}
	fprintf(e->to, "      <property name=\"boots\" value=\"%zu\"/>\n    </properties>\n",
		s->nr_boots);
}

static void write_values(const struct export *e, const struct side *s,
			 const struct export_verdict *v)
{
	struct export_sum sum = export_sum(s, v->bench);

	fprintf(e->to, "      <system-out>%s least ", v->bench->metric);
	export_number(e->to, sum.least);
	fputs(" median ", e->to);
	export_number(e->to, sum.median);
	fputs(" most ", e->to);
	export_number(e->to, sum.most);
	fprintf(e->to, " %s, %zu of %zu boots</system-out>\n", v->bench->unit, sum.n,
		s->nr_boots);
}

static void write_case(const struct export *e, const struct side *s,
		       const struct export_verdict *v)
{
	fputs("    <testcase classname=\"hmmstorm.", e->to);
	for (const char *p = v->name; *p && !strchr("./", *p); p++)
		markup_char(e->to, *p);
	fputs("\" name=\"", e->to);
	markup_text(e->to, v->name);
	/* the schema's is a decimal: no exponent */
	fprintf(e->to, "\" time=\"%.9f\">\n",
		v->bench ? export_sum(s, v->bench).median / 1e9 : 0);
	if (v->failed)
		fputs("      <failure message=\"not done in a boot\"/>\n", e->to);
	if (v->reason) {
		fputs("      <skipped message=\"", e->to);
		markup_text(e->to, v->reason);
		fputs("\"/>\n", e->to);
	}
	if (v->bench)
		write_values(e, s, v);
	fputs("    </testcase>\n", e->to);
}

static int write_junit(const struct export *e)
{
	const struct side *s = e->sides[0];
	struct export_verdicts all;
	size_t i;
	int ret;

	ret = export_verdicts(&all, s);
	if (ret)
		return ret;
	fprintf(e->to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
		"  <testsuite name=\"hmmstorm bench\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" skipped=\"%zu\">\n",
		all.n, all.failed, all.skipped);
	write_properties(e, s);
	for (i = 0; i < all.n; i++)
		write_case(e, s, &all.at[i]);
	fputs("  </testsuite>\n</testsuites>\n", e->to);
	export_verdicts_free(&all);
	return 0;
}

static const struct export_format junit = {
	.name = "junit",
	.desc = "JUnit XML: a test case a benchmark, done, failed or skipped",
	.write = write_junit,
};

EXPORT_FORMAT(junit);
