// SPDX-License-Identifier: GPL-2.0-only
/*
 * Google Benchmark's JSON, for its tools/compare.py: a boot is a repetition, so that its
 * U test (-u is on by default) is one over boots. compare.py knows units of time alone: an
 * instruction is written as 1 ns, which it is of the lab's virtual time, and the context
 * says so. It wants a cpu_time; there is none other than the value.
 */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "export.h"

static json_t *number(double value)
{
	if (value == floor(value) && fabs(value) < 9007199254740992.)
		return json_integer((json_int_t)value);
	return json_real(value);
}

static json_t *context(const struct side *s)
{
	static const char *const keys[] = {
		"kernel_release", "config_hash", "mode", "cpus", "memory", "numa", "qemu",
	};
	json_t *c = must(json_object());
	size_t i;

	json_object_set_new(c, "executable", json_string("hmmstorm bench"));
	json_object_set_new(c, "library_build_type", json_string("release"));
	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++)
		if (strcmp(export_env(s, keys[i]), "-"))
			json_object_set_new(c, keys[i], json_string(export_env(s, keys[i])));
	json_object_set_new(c, "times_are", json_string(s->exact ?
			    "instructions, each written as 1 ns of virtual time" : "ns"));
	json_object_set_new(c, "repetitions_are", json_string(s->is_repetitions ?
			    "repetitions of one boot" : "boots"));
	return c;
}

/* The repetition's number is the boot's, also where a boot has no value. */
static void add_bench(json_t *list, const struct side *s, size_t index)
{
	const struct side_bench *b = &s->bench[index];
	char *name = export_name(b, ':');
	size_t i;

	for (i = 0; i < s->nr_boots; i++) {
		json_t *run;

		if (isnan(b->value[i]))
			continue;
		run = json_pack("{s:s, s:I, s:i, s:s, s:s, s:I, s:I, s:i, s:i, s:o, s:o, s:s}",
			"name", name, "family_index", (json_int_t)index,
			"per_family_instance_index", 0, "run_name", name,
			"run_type", "iteration", "repetitions", (json_int_t)s->nr_boots,
			"repetition_index", (json_int_t)i, "threads", 1, "iterations", 1,
			"real_time", number(b->value[i]),
			"cpu_time", number(b->value[i]),
			"time_unit", "ns");
		json_array_append_new(list, must(run));
	}
	free(name);
}

static int write_json(const struct export *e)
{
	const struct side *s = e->sides[0];
	json_t *all = must(json_object()), *list = must(json_array());
	size_t i;
	int ret;

	json_object_set_new(all, "context", context(s));
	for (i = 0; i < s->nr_bench; i++)
		add_bench(list, s, i);
	json_object_set_new(all, "benchmarks", list);
	ret = json_dumpf(all, e->to,
			 JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(17));
	fputc('\n', e->to);
	json_decref(all);
	return ret ? -EIO : 0;
}

static const struct export_format gbench = {
	.name = "gbench",
	.desc = "Google Benchmark JSON, for its tools/compare.py",
	.write = write_json,
};

EXPORT_FORMAT(gbench);
