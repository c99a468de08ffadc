/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the readers of one format each (side_tsv.c, side_json.c): they tell what a boot
 * said, in any order; side.c keeps it and makes the values of it.
 */
#ifndef HMMSTORM_REGRESS_SIDE_BUILD_H
#define HMMSTORM_REGRESS_SIDE_BUILD_H

#include "side.h"

struct side_builder;

/* Metrics that a value can be; FAILED: the benchmark has none of this boot. */
enum side_metric { SIDE_LATENCY_MIN, SIDE_P50, SIDE_REAL_TIME, SIDE_FAILED };

struct side_id {
	const char *name;	/* with arguments, without pages */
	const char *backend, *policy, *protocol; /* backend NULL: the key is the name */
	uint64_t pages;
	unsigned int workers;
};

/* The key of struct side_bench, and behind its NUL more of the id; caller frees. */
char *side_key(const struct side_id *id);
/* Returns its index. */
size_t side_add_boot(struct side_builder *b, const char *dir, uint64_t seed);
/* Of this boot and repetition. unit: "ns" or "instructions". */
void side_add_value(struct side_builder *b, size_t boot, const struct side_id *id,
		    enum side_metric metric, const char *unit, double value);
void side_add_env(struct side_builder *b, const char *key, const char *value);
/* -EINVAL and one line: another boot had another mode. */
int side_set_mode(struct side_builder *b, const char *dir, const char *mode);

/* -errno and one line on stderr. */
int side_read_tsv(struct side_builder *b, const char *dir);
/* alone: each repetition is a boot. */
int side_read_json(struct side_builder *b, const char *path, bool alone);

#endif
