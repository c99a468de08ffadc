/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One side of a comparison, or one point of a history: the boots that measured the
 * same thing, and of every benchmark a value from each.
 *
 * A side is a path:
 *   a run folder (env.tsv, records.tsv): one boot;
 *   a folder of such folders, to any depth: so many boots, in order of path. Parts
 *   with different programs' results ("costs", "live" of hmmstorm run) and boots are
 *   told apart by nothing: a benchmark simply has no value in the boots that did not
 *   run it;
 *   a Google Benchmark JSON file, or a folder of them: a boot each; of a single file
 *   with repetitions each repetition counts as a boot, and is_repetitions is set.
 *
 * A value, of the records of a boot, is
 *   exact mode (deterministic, instructions): latency_min, the least of the boot's
 *   operations; of a benchmark without latencies its real_time;
 *   otherwise: p50, the median of the boot's operations; without it real_time.
 * Several repetitions within a boot: the least of them (exact), their median (else).
 * A benchmark that failed (a verdict done 0) has no value of that boot. Programs other
 * than "bench" are no benchmarks.
 */
#ifndef HMMSTORM_REGRESS_SIDE_H
#define HMMSTORM_REGRESS_SIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct side_boot {
	char *dir;		/* run folder or JSON file */
	uint64_t seed;		/* of the boot (vm.tsv; 0: none given) */
};

struct side_bench {
	/* "E3.fork/pages:64 test_hmm lazy process 1": unique, and what both sides are
	 * matched by. Pages are left out where the case has none; of JSON the name.
	 */
	char *key;
	const char *name;	/* "E3.fork/pages:64" */
	const char *backend, *policy, *protocol; /* "-" of JSON */
	const char *metric;	/* latency_min, p50 or real_time */
	const char *unit;	/* "instructions" or "ns" */
	unsigned int workers;
	double *value;		/* nr_boots of them; NaN: this boot has none */
	size_t n;		/* values that are no NaN */
};

struct side {
	char *path;
	bool exact;		/* every boot in deterministic mode */
	bool is_repetitions;	/* values of one boot's repetitions */
	struct side_boot *boots;
	size_t nr_boots;
	struct side_bench *bench; /* in order of key; E2 before E10 */
	size_t nr_bench;
};

/* -errno, and one line on stderr: nothing there, a broken file, boots of different
 * modes under one side.
 */
int side_read(struct side **s, const char *path);
void side_free(struct side *s);
/* NULL: the side has no such benchmark. */
const struct side_bench *side_find(const struct side *s, const char *key);
/* What the boots' env.tsv (program bench), or where that is silent vm.tsv, say to a key
 * ("kernel_release", "config_hash", "mode", "cpus", "memory", "numa", "qemu", "compiler",
 * "initramfs"): NULL: no boot says; "(differs)": they do not agree.
 */
const char *side_env(const struct side *s, const char *key);
/* All they say, each value once, in order of text: "2G, 6G"; NULL: no boot says. */
const char *side_env_all(const struct side *s, const char *key);
/* The values that are there, in order of boots; caller frees. Returns how many. */
size_t side_values(const struct side *s, const struct side_bench *b, double **v);
/* Least value, and how much above it the second least boot is: what other schedules
 * may still take off. NaN gap: one boot.
 */
double side_least(const struct side *s, const struct side_bench *b, double *gap);

#endif
