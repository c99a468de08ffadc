// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "../stats.h"
#include "export.h"

extern const struct export_format *const __start_hmmstorm_exports[];
extern const struct export_format *const __stop_hmmstorm_exports[];

const struct export_format *export_format_find(const char *name)
{
	const struct export_format *const *p = __start_hmmstorm_exports;

	for (; p < __stop_hmmstorm_exports; p++)
		if (!strcmp((*p)->name, name))
			return *p;
	return NULL;
}

/* The i-th is the one that i others come before. */
const struct export_format *export_format_at(size_t i)
{
	const struct export_format *const *p = __start_hmmstorm_exports;
	const struct export_format *const *q;

	for (; p < __stop_hmmstorm_exports; p++) {
		size_t before = 0;

		for (q = __start_hmmstorm_exports; q < __stop_hmmstorm_exports; q++)
			before += strcmp((*q)->name, (*p)->name) < 0;
		if (before == i)
			return *p;
	}
	return NULL;
}

char *export_name(const struct side_bench *b, char separator)
{
	char *name, *p;

	if (!strcmp(b->backend, "-") && !strcmp(b->policy, "-") && !strcmp(b->protocol, "-"))
		name = must_copy(b->name);
	else
		name = must_print("%s/backend:%s/policy:%s/protocol:%s/workers:%u", b->name,
				  b->backend, b->policy, b->protocol, b->workers);
	for (p = name; *p; p++) {
		if (*p == ':')
			*p = separator;
		else if ((unsigned char)*p <= ' ')
			*p = '_';
	}
	return name;
}

void export_number(FILE *to, double value)
{
	char text[64];
	int digits;

	if (value == floor(value) && fabs(value) < 9007199254740992.) {
		fprintf(to, "%.0f", value);
		return;
	}
	for (digits = 1; digits < 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	fprintf(to, "%.*g", digits, value);
}

const char *export_env(const struct side *s, const char *key)
{
	const char *value = side_env(s, key);

	return !value || !*value || !strcmp(value, "(differs)") ? "-" : value;
}

struct export_sum export_sum(const struct side *s, const struct side_bench *b)
{
	struct export_sum sum = { NAN, NAN, NAN, 0 };
	double *v;
	size_t i;

	sum.n = side_values(s, b, &v);
	for (i = 0; i < sum.n; i++) {
		sum.least = fmin(sum.least, v[i]);
		sum.most = fmax(sum.most, v[i]);
	}
	sum.median = stats_median(v, sum.n);
	free(v);
	return sum;
}
