// SPDX-License-Identifier: GPL-2.0-only
/*
 * Intel's xe, a GT's debugfs file: xe_gt_stats_print_info() prints "name: value" for each
 * of the names of its table stat_description[], which grows from release to release. The
 * name says the unit (Documentation/gpu/xe/xe_gt_stats.rst): _count, _us, _kb. So a name
 * that is newer than this file is taken too.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

static const struct {
	const char *suffix, *unit;
} units[] = {
	{ "_count", "1" },
	{ "_us", "us" },
	{ "_kb", "KiB" },
};

/* NULL: the name does not say */
static const char *unit_of(const char *name, size_t len)
{
	size_t i, n;

	for (i = 0; i < sizeof(units) / sizeof(*units); i++) {
		n = strlen(units[i].suffix);
		if (len > n && !strncmp(name + len - n, units[i].suffix, n))
			return units[i].unit;
	}
	return NULL;
}

static bool read_stat(struct import *in, const char *line)
{
	size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
	const char *unit = unit_of(line, len), *number = line + len + 2;
	char name[128], *end;
	uint64_t value;

	if (!unit || len >= sizeof(name) || strncmp(line + len, ": ", 2) ||
	    !isdigit((unsigned char)*number))
		return false;
	errno = 0;
	value = strtoull(number, &end, 10);
	if (errno || *end)
		return false;
	memcpy(name, line, len);
	name[len] = 0;
	import_once(in, name, unit, value);
	return true;
}

/* "gt0": the folder of the file */
static bool is_gt(const char *part)
{
	return !strncmp(part, "gt", 2) && part[2] &&
	       strspn(part + 2, "0123456789") == strlen(part + 2);
}

static const struct import_source xe = {
	.name = "xe",
	.desc = "Intel xe: faults, migrations, TLB invalidations of a GT",
	.shown_in = "/sys/kernel/debug/dri/N/gtN/stats",
	.is_device = is_gt,
	.line = read_stat,
};

IMPORT_SOURCE(xe);
