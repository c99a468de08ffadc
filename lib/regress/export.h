/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sides (side.h) in other tools' formats. A format is a file lib/regress/export_*.c that
 * ends in EXPORT_FORMAT(); nothing else is edited. Benchmarks are in the side's order and
 * numbers are written as C prints them, so that equal sides make equal files.
 */
#ifndef HMMSTORM_REGRESS_EXPORT_H
#define HMMSTORM_REGRESS_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "side.h"

struct export {
	const struct side *const *sides; /* in the order given: oldest first */
	size_t nr_sides;
	FILE *to;
	/* Of a format that has a configuration beside its file; NULL: not asked for. */
	FILE *config;
	const char *file;	/* what the configuration calls the file */
};

struct export_format {
	const char *name, *desc;
	bool many_sides, has_config;
	/* -errno, and one line on stderr: the format cannot say this. What goes wrong
	 * in writing is left in the streams.
	 */
	int (*write)(const struct export *e);
};

#define EXPORT_FORMAT(format_) \
	static const struct export_format *const export_entry_##format_ \
	__attribute__((used, section("hmmstorm_exports"))) = &(format_)

/* In order of name; NULL: no more. */
const struct export_format *export_format_at(size_t i);
/* NULL: no such one. */
const struct export_format *export_format_find(const char *name);

/* Helpers of the formats. */

/* "E3.fork/pages:64/backend:mirror/policy:lazy/protocol:process/workers:1", separator ':';
 * of JSON the name. No blanks, no commas but the name's own. Caller frees.
 */
char *export_name(const struct side_bench *b, char separator);
/* An integer without point or exponent, else the shortest that reads back the same. */
void export_number(FILE *to, double value);
/* "-" where the side does not say, or its boots differ. */
const char *export_env(const struct side *s, const char *key);
struct export_sum {
	double least, median, most;
	size_t n;
};
struct export_sum export_sum(const struct side *s, const struct side_bench *b);

/* What a run says beside its values, for the formats that tell of tests. */
struct export_verdict {
	char *name;		/* as export_name() gives it, or the case of a skipped one */
	bool failed;		/* in a boot of these: verdict done 0 */
	char *reason;		/* why it was skipped; NULL: it was not */
	const struct side_bench *bench;	/* its values; NULL: none */
};

struct export_verdicts {
	struct export_verdict *at;
	size_t n, failed, skipped;
};

/* All benchmarks of the side, then those that failed in every boot, then those skipped in
 * every boot that knows them. -errno: a boot cannot be read again.
 */
int export_verdicts(struct export_verdicts *v, const struct side *s);
void export_verdicts_free(struct export_verdicts *v);

#endif
