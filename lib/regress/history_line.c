// SPDX-License-Identifier: GPL-2.0-only
/* A history's entry and its line: see history.h. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../alloc.h"
#include "history.h"

/* ,"crc":"0a1b2c3d"} */
#define END_FORMAT ",\"crc\":\"%08lx\"}"
#define END_LEN 18
#define START_OF_RESULTS ",\"env\":{"

static bool set(json_t *object, const char *key, json_t *value)
{
	return !json_object_set_new(object, key, value);
}

static bool set_number(json_t *object, const char *key, double value)
{
	return isnan(value) || set(object, key, json_real(value));
}

static bool set_bench(json_t *all, const struct history_bench *b)
{
	json_t *o = must(json_object());
	bool good = set(o, "metric", json_string(b->metric)) &&
		    set(o, "unit", json_string(b->unit)) &&
		    set(o, "n", json_integer((json_int_t)b->n)) &&
		    set(o, "value", json_real(b->value)) && set_number(o, "gap", b->gap) &&
		    set_number(o, "low", b->low) && set_number(o, "high", b->high);

	return set(all, b->key, o) && good;
}

static bool set_all(json_t *o, const struct history_entry *e)
{
	json_t *env = must(json_object()), *seeds = must(json_array());
	json_t *bench = must(json_object());
	bool good = true;
	size_t i;

	for (i = 0; i < HISTORY_NR_FACTS; i++)
		if (strcmp(e->fact[i], "-"))
			good &= set(env, history_facts[i].key, json_string(e->fact[i]));
	for (i = 0; i < e->nr_boots; i++)
		good &= !json_array_append_new(seeds, json_string(e->seeds[i]));
	for (i = 0; i < e->nr_bench; i++)
		good &= set_bench(bench, &e->bench[i]);
	good &= set(o, "format", json_integer(HISTORY_FORMAT));
	good &= set(o, "added", json_string(e->added));
	good &= set(o, "note", json_string(e->note));
	good &= set(o, "commit", json_string(e->commit));
	good &= set(o, "env", env);
	good &= set(o, "exact", json_boolean(e->exact));
	good &= set(o, "repetitions", json_boolean(e->is_repetitions));
	good &= set(o, "boots", json_integer((json_int_t)e->nr_boots));
	good &= set(o, "seeds", seeds);
	return set(o, "bench", bench) && good;
}

static unsigned long crc_of(const char *text, size_t len)
{
	return crc32_z(crc32_z(0, NULL, 0), (const unsigned char *)text, len);
}

char *history_line(const struct history_entry *e, size_t *len)
{
	json_t *o = must(json_object());
	char *text, *line = NULL;

	if (set_all(o, e)) {
		text = must(json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(17)));
		*len = strlen(text) - 1;
		line = must_print("%.*s" END_FORMAT "\n", (int)*len, text,
				  crc_of(text, *len));
		*len = strlen(line);
		free(text);
	}
	json_decref(o);
	return line;
}

static json_t *load(const char *line, size_t len)
{
	json_error_t error;

	return json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
}

bool history_is_whole(const char *line, size_t len)
{
	json_t *o = load(line, len);
	bool whole = json_is_object(o);

	json_decref(o);
	return whole;
}

/* From "env" on; no text has it in itself, for there its quotes are escaped. */
static const char *results_of(const char *line, size_t len, size_t *n)
{
	const char *at = memmem(line, len, START_OF_RESULTS, strlen(START_OF_RESULTS));

	if (!at || (size_t)(line + len - at) <= END_LEN)
		return NULL;
	*n = (size_t)(line + len - at) - END_LEN;
	return at;
}

bool history_same(const char *a, size_t len_a, const char *b, size_t len_b)
{
	size_t n = 0, m = 0;

	a = results_of(a, len_a, &n);
	b = results_of(b, len_b, &m);
	return a && b && n == m && !memcmp(a, b, n);
}

static char *copy_of(const json_t *value, const char *otherwise)
{
	return must_copy(json_is_string(value) ? json_string_value(value) : otherwise);
}

static double number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : NAN;
}

static bool take_bench(struct history_bench *b, const char *key, const json_t *o)
{
	*b = (struct history_bench){
		.key = must_copy(key),
		.metric = copy_of(json_object_get(o, "metric"), ""),
		.unit = copy_of(json_object_get(o, "unit"), ""),
		.value = number_of(o, "value"), .gap = number_of(o, "gap"),
		.low = number_of(o, "low"), .high = number_of(o, "high"),
		.n = (size_t)json_integer_value(json_object_get(o, "n")),
	};
	return *b->metric && *b->unit && !isnan(b->value) && b->n;
}

static const char *take_all(struct history_entry *e, json_t *o)
{
	const json_t *env = json_object_get(o, "env"), *seeds = json_object_get(o, "seeds");
	json_t *bench = json_object_get(o, "bench"), *value;
	bool good = json_is_boolean(json_object_get(o, "exact"));
	const char *key;
	size_t i;

	e->added = copy_of(json_object_get(o, "added"), "-");
	e->note = copy_of(json_object_get(o, "note"), "");
	e->commit = copy_of(json_object_get(o, "commit"), "");
	e->exact = json_is_true(json_object_get(o, "exact"));
	e->is_repetitions = json_is_true(json_object_get(o, "repetitions"));
	for (i = 0; i < HISTORY_NR_FACTS; i++)
		e->fact[i] = copy_of(json_object_get(env, history_facts[i].key), "-");
	e->nr_boots = json_array_size(seeds);
	e->seeds = must(calloc(e->nr_boots + 1, sizeof(*e->seeds)));
	for (i = 0; i < e->nr_boots; i++)
		e->seeds[i] = copy_of(json_array_get(seeds, i), "0");
	e->bench = must(calloc(json_object_size(bench) + 1, sizeof(*e->bench)));
	json_object_foreach(bench, key, value)
		good &= take_bench(&e->bench[e->nr_bench++], key, value);
	return good ? NULL : "something is not there that must be";
}

const char *history_parse(struct history_entry *e, const char *line, size_t len)
{
	json_t *o = load(line, len);
	const char *why = NULL;
	char end[END_LEN + 1];

	memset(e, 0, sizeof(*e));
	snprintf(end, sizeof(end), END_FORMAT, len > END_LEN ? crc_of(line, len - END_LEN) : 0);
	if (!json_is_object(o))
		why = "it is no JSON object";
	else if (json_integer_value(json_object_get(o, "format")) != HISTORY_FORMAT)
		why = "its format is not 1: another version of hmmstorm wrote it";
	else if (len <= END_LEN || memcmp(line + len - END_LEN, end, END_LEN))
		why = "it was changed: its checksum is another";
	else
		why = take_all(e, o);
	json_decref(o);
	if (why)
		history_entry_free(e);
	return why;
}
