// SPDX-License-Identifier: GPL-2.0-only
/*
 * Google Benchmark's JSON (docs/user_guide.md of the library, "JSON"), ours or that of
 * any program: one file is one boot; a file alone, each repetition is one.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../alloc.h"
#include "side_build.h"

static const struct {
	const char *name;
	double ns;
} units[] = {
	{ "ns", 1 }, { "us", 1e3 }, { "ms", 1e6 }, { "s", 1e9 },
};

#define NR_UNITS (sizeof(units) / sizeof(*units))

/* What a key of "context" is called in env.tsv, where the names differ. */
static const struct {
	const char *theirs, *ours;
} renamed[] = {
	{ "num_cpus", "cpus" },
};

static const char *name_of(const char *key)
{
	size_t i;

	for (i = 0; i < sizeof(renamed) / sizeof(*renamed); i++)
		if (!strcmp(key, renamed[i].theirs))
			return renamed[i].ours;
	return key;
}

static int broken(const char *path, const char *what)
{
	fprintf(stderr, "hmmstorm: %s: %s\n", path, what);
	return -EINVAL;
}

static size_t read_some(void *to, size_t len, void *f)
{
	int n = gzread(f, to, (unsigned int)len);

	return n < 0 ? (size_t)-1 : (size_t)n;
}

/* gzopen() reads a plain file as it is. */
static json_t *load(const char *path)
{
	void *f = gzopen(path, "re");
	json_error_t error;
	json_t *root;

	if (!f) {
		fprintf(stderr, "hmmstorm: cannot read %s: %s\n", path, strerror(errno));
		return NULL;
	}
	root = json_load_callback(read_some, f, 0, &error);
	if (!root)
		fprintf(stderr, "hmmstorm: %s, line %d: not JSON: %s\n", path, error.line,
			error.text);
	gzclose_r(f);
	return root;
}

static int read_context(struct side_builder *b, const char *path, json_t *context)
{
	const char *key, *mode;
	json_t *value;
	char *text;

	json_object_foreach(context, key, value) {
		if (json_is_string(value)) {
			side_add_env(b, name_of(key), json_string_value(value));
		} else if (!json_is_object(value) && !json_is_array(value)) {
			text = must(json_dumps(value, JSON_ENCODE_ANY));
			side_add_env(b, name_of(key), text);
			free(text);
		}
	}
	mode = json_string_value(json_object_get(context, "mode"));
	return side_set_mode(b, path, mode ? mode : "(none)");
}

/* An operation that was measured, no mean of such and no failure. */
static bool is_measured(const json_t *run)
{
	const char *type = json_string_value(json_object_get(run, "run_type"));

	return (!type || !strcmp(type, "iteration")) &&
	       !json_is_true(json_object_get(run, "error_occurred")) &&
	       !json_is_true(json_object_get(run, "skipped"));
}

static int read_run(struct side_builder *b, const char *path, size_t first, bool alone,
		    const json_t *run)
{
	const json_t *time = json_object_get(run, "real_time");
	const char *unit = json_string_value(json_object_get(run, "time_unit"));
	struct side_id id = { .name = json_string_value(json_object_get(run, "name")) };
	json_int_t repetition = json_integer_value(json_object_get(run, "repetition_index"));
	size_t i;

	if (!is_measured(run))
		return 0;
	for (i = 0; i < NR_UNITS && unit && strcmp(unit, units[i].name); i++)
		;
	if (!id.name || !json_is_number(time) || i == NR_UNITS)
		return broken(path, "a benchmark without name, real_time or time_unit");
	id.workers = (unsigned int)json_integer_value(json_object_get(run, "threads"));
	side_add_value(b, first + (alone ? (size_t)repetition : 0), &id, SIDE_REAL_TIME, "ns",
		       json_number_value(time) * units[i].ns);
	return 0;
}

/* How many repetitions there are at most; 0: one that is no number of a repetition. */
static size_t nr_repetitions(const json_t *runs)
{
	json_int_t most = 0, index;
	json_t *run;
	size_t i;

	json_array_foreach(runs, i, run) {
		index = json_integer_value(json_object_get(run, "repetition_index"));
		if (index < 0 || index >= (json_int_t)json_array_size(runs))
			return 0;
		if (is_measured(run) && index > most)
			most = index;
	}
	return (size_t)most + 1;
}

static int read_runs(struct side_builder *b, const char *path, const json_t *runs, bool alone)
{
	size_t nr = nr_repetitions(runs), first = 0, i;
	json_t *run;
	int ret = 0;

	if (!nr)
		return broken(path, "a repetition_index that cannot be");
	for (i = 0; i < (alone ? nr : 1); i++) {
		size_t boot = side_add_boot(b, path, 0);

		first = i ? first : boot;
	}
	json_array_foreach(runs, i, run) {
		if (!ret)
			ret = read_run(b, path, first, alone, run);
	}
	return ret;
}

int side_read_json(struct side_builder *b, const char *path, bool alone)
{
	json_t *root = load(path), *runs;
	int ret;

	if (!root)
		return -EINVAL;
	runs = json_object_get(root, "benchmarks");
	if (!json_is_array(runs)) {
		ret = broken(path, "no Google Benchmark results: no array \"benchmarks\"");
	} else {
		ret = read_context(b, path, json_object_get(root, "context"));
		if (!ret)
			ret = read_runs(b, path, runs, alone);
	}
	json_decref(root);
	return ret;
}
