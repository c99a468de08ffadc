// SPDX-License-Identifier: GPL-2.0-only
/* CSV (RFC 4180, but lines end in a newline alone): a value a row, of all sides. */
#include <math.h>

#include "export.h"
#include "export_csv.h"

static void write_bench(const struct export *e, const struct side *s,
			const struct side_bench *b)
{
	const char *const texts[] = {
		s->path, export_env(s, "kernel_release"), export_env(s, "config_hash"),
		export_env(s, "mode"), b->name, b->backend, b->policy, b->protocol,
	};
	size_t i, k;

	for (i = 0; i < s->nr_boots; i++) {
		if (isnan(b->value[i]))
			continue;
		for (k = 0; k < sizeof(texts) / sizeof(*texts); k++) {
			csv_text(e->to, texts[k]);
			fputc(',', e->to);
		}
		fprintf(e->to, "%u,%s,%s,", b->workers, b->metric, b->unit);
		csv_text(e->to, s->boots[i].dir);
		fprintf(e->to, ",%zu,%llu,", i, (unsigned long long)s->boots[i].seed);
		export_number(e->to, b->value[i]);
		fputc('\n', e->to);
	}
}

static int write_csv(const struct export *e)
{
	size_t i, k;

	fputs("side,kernel,config,mode,benchmark,backend,policy,protocol,workers,metric,unit,boot,boot_index,seed,value\n",
	      e->to);
	for (i = 0; i < e->nr_sides; i++)
		for (k = 0; k < e->sides[i]->nr_bench; k++)
			write_bench(e, e->sides[i], &e->sides[i]->bench[k]);
	return 0;
}

static const struct export_format csv = {
	.name = "csv",
	.desc = "a value a row: side, kernel, benchmark, boot, seed, value",
	.many_sides = true,
	.write = write_csv,
};

EXPORT_FORMAT(csv);
