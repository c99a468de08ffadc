// SPDX-License-Identifier: GPL-2.0-only
/*
 * NVIDIA's uvm, a GPU's fault_stats (module option uvm_enable_debug_procfs=1):
 * gpu_fault_stats_print_common() in uvm_gpu.c prints two blocks, of replayable faults (of
 * the engines that can wait) and non-replayable ones, each with groups of indented
 * lines. Sums since the GPU was first used. update_stats_parent_gpu_fault_instance()
 * counts every entry of the fault buffer; a duplicate is one that another entry of its
 * page had settled, or that was filtered.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

/* In order of the file. A block begins with a line of its own name. */
static const struct row {
	const char *block, *group, *key, *metric, *unit;
} rows[] = {
	{ "replayable_faults", "", "replayable_faults", "replayable_faults", "faults" },
	{ "replayable_faults", "", "duplicates", "replayable_duplicates", "faults" },
	{ "replayable_faults", "faults_by_access_type", "prefetch", "replayable_prefetch", "faults" },
	{ "replayable_faults", "faults_by_access_type", "read", "replayable_read", "faults" },
	{ "replayable_faults", "faults_by_access_type", "write", "replayable_write", "faults" },
	{ "replayable_faults", "faults_by_access_type", "atomic", "replayable_atomic", "faults" },
	{ "replayable_faults", "migrations", "num_pages_in", "replayable_pages_in", "pages" },
	{ "replayable_faults", "migrations", "num_pages_out", "replayable_pages_out", "pages" },
	{ "replayable_faults", "replays", "start", "replays_start", "1" },
	{ "replayable_faults", "replays", "start_ack_all", "replays_start_ack_all", "1" },
	{ "non_replayable_faults", "", "non_replayable_faults", "non_replayable_faults", "faults" },
	{ "non_replayable_faults", "faults_by_access_type", "read", "non_replayable_read", "faults" },
	{ "non_replayable_faults", "faults_by_access_type", "write", "non_replayable_write", "faults" },
	{ "non_replayable_faults", "faults_by_access_type", "atomic", "non_replayable_atomic", "faults" },
	{ "non_replayable_faults", "faults_by_addressing", "virtual", "non_replayable_virtual", "faults" },
	{ "non_replayable_faults", "faults_by_addressing", "physical", "non_replayable_physical", "faults" },
	{ "non_replayable_faults", "migrations", "num_pages_in", "non_replayable_pages_in", "pages" },
	{ "non_replayable_faults", "migrations", "num_pages_out", "non_replayable_pages_out", "pages" },
};

#define NR_ROWS (sizeof(rows) / sizeof(*rows))
#define LAST (&rows[NR_ROWS - 1])

struct state {
	char block[64], group[64];
	bool last_seen;
};

static const struct row *find_row(const struct state *s, const char *key)
{
	size_t i;

	for (i = 0; i < NR_ROWS; i++)
		if (!strcmp(rows[i].block, s->block) && !strcmp(rows[i].group, s->group) &&
		    !strcmp(rows[i].key, key))
			return &rows[i];
	return NULL;
}

static bool is_block(const char *key)
{
	return !strcmp(key, rows[0].block) || !strcmp(key, LAST->block);
}

/* "migrations:" */
static bool begin_group(struct state *s, const char *line)
{
	size_t n = strlen(line), i;

	if (n < 2 || line[n - 1] != ':' || n >= sizeof(s->group))
		return false;
	memcpy(s->group, line, n - 1);
	s->group[n - 1] = 0;
	for (i = 0; i < NR_ROWS; i++)
		if (!strcmp(rows[i].block, s->block) && !strcmp(rows[i].group, s->group))
			return true;
	return false;
}

/* The value of "  key     12" or "  key     12 (48 MB)". */
static bool read_value(const char *text, uint64_t *value)
{
	unsigned long long mib;
	char *end;
	int n = 0;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno)
		return false;
	if (*end && sscanf(end, " (%llu MB)%n", &mib, &n) == 1 && n)
		end += n;
	return !*end;
}

static bool read_row(struct import *in, const char *line)
{
	struct state *s = in->state;
	const struct row *row;
	char key[64];
	uint64_t value;
	int at = 0;

	if (begin_group(s, line))
		return true;
	if (sscanf(line, "%63s %n", key, &at) != 1 || !at || !read_value(line + at, &value))
		return false;
	if (line[0] != ' ')
		s->group[0] = 0;
	if (is_block(key))
		strcpy(s->block, key);
	row = find_row(s, key);
	if (!row)
		return false;
	import_once(in, row->metric, row->unit, value);
	s->last_seen |= row == LAST;
	return true;
}

static void check_end(struct import *in)
{
	struct state *s = in->state;

	if (!s->last_seen)
		import_break(in, "ends after line %zu, before %s of the %s: it was cut off",
			     in->lines, LAST->key, LAST->block);
}

/* The folder of the file, init_parent_procfs_dir() */
static bool is_gpu(const char *part)
{
	return !strncmp(part, "UVM-GPU-", 8);
}

static const struct import_source uvm = {
	.name = "uvm",
	.desc = "nvidia-uvm: faults, duplicates, replays, migrated pages of a GPU",
	.shown_in = "/proc/driver/nvidia-uvm/gpus/UVM-GPU-*/fault_stats",
	.state_size = sizeof(struct state),
	.is_device = is_gpu,
	.line = read_row,
	.end = check_end,
};

IMPORT_SOURCE(uvm);
