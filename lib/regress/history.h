/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A history of results: DIR/NAME.jsonl, JSON lines that are only ever added. A line is
 * an entry, one side (side.h): when it was added, where it was measured, and of each
 * benchmark one value. Entries measured alike (the facts marked as conditions in
 * history_facts[]) share a file: an add locks and reads that file alone, and two
 * machines' histories merge without conflict. NAME is for people; only what a line
 * says counts.
 *
 * An add is one write(2) with O_APPEND under flock(2), then fsync(2) of file and
 * folder. A writer killed in it, or a full disk, leaves at most a last line without
 * end, which readers leave out and say so, and the next add takes away: a line ends in
 * a CRC-32 of itself, '}' and a newline, so none is half there unnoticed.
 *
 *   {"format":1,"added":"2026-11-28T09:35:27Z","note":"...","commit":"...",
 *    "env":{"kernel_release":"6.12.117",...},"exact":true,"repetitions":false,
 *    "boots":5,"seeds":["1",...],
 *    "bench":{"E3.fork/pages:64 test_hmm lazy process 1":{"metric":"latency_min",
 *    "unit":"instructions","n":5,"value":3182.0,"gap":0.0},...},"crc":"0a1b2c3d"}
 *
 * A value is the least of the boots (exact; gap: how much above it the second least
 * is) or their median (low, high: its distribution-free 95% interval, of 6 boots or
 * more). Numbers have 17 digits: what is read is what was written.
 *
 * Errors are one line on stderr and -errno. Out of memory ends the program.
 */
#ifndef HMMSTORM_HISTORY_H
#define HMMSTORM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HISTORY_FORMAT 1
#define HISTORY_NR_FACTS 16

struct side;

struct history_fact {
	const char *key;	/* of env.tsv or vm.tsv */
	bool is_condition;	/* entries that differ in it are not comparable */
	bool is_one;		/* boots that differ in it are no side */
};

extern const struct history_fact history_facts[HISTORY_NR_FACTS];

struct history_bench {
	char *key;		/* of side.h */
	char *metric, *unit;
	double value;
	double gap;		/* exact; NaN: one boot */
	double low, high;	/* else; NaN: too few boots */
	size_t n;		/* boots that have a value */
};

struct history_entry {
	char *file;		/* where it was read; NULL: not read */
	size_t line;		/* from 1 */
	char *added;		/* UTC */
	char *note, *commit;	/* "": none */
	char *fact[HISTORY_NR_FACTS]; /* "-": unknown; "2G, 6G": boots differ */
	bool exact, is_repetitions;
	char **seeds;		/* nr_boots of them, decimal; 0: none given */
	size_t nr_boots;
	struct history_bench *bench; /* in the side's order */
	size_t nr_bench;
};

struct history {
	struct history_entry *entries; /* in order of file name and line */
	size_t n;
	size_t broken;		/* lines that were left out: told on stderr */
	size_t torn;		/* ends of interrupted adds, likewise; no data is lost */
};

/* "-": unknown, or no such fact. */
const char *history_fact(const struct history_entry *e, const char *key);

/* An entry of now. note, commit: NULL: none. -EINVAL: the boots are not of one kernel
 * in one mode.
 */
int history_of_side(struct history_entry *e, const struct side *s, const char *note,
		    const char *commit);
void history_entry_free(struct history_entry *e);

/* Makes DIR if need be, but not the folders above it. path: the file, caller frees.
 * -EEXIST: the same results are there already (notes and time do not count), unless
 * force; -EILSEQ: a text is no UTF-8; else -errno, and the file is as it was.
 */
int history_append(const char *dir, const struct history_entry *e, bool force,
		   char **path);
/* -ENOENT: no such folder, or no history in it. */
int history_read(struct history *h, const char *dir);
void history_free(struct history *h);

/* A line as above, with its newline; caller frees. NULL: a text is no UTF-8, a number
 * is not finite.
 */
char *history_line(const struct history_entry *e, size_t *len);
/* NULL, or why the line (without newline) is broken. */
const char *history_parse(struct history_entry *e, const char *line, size_t len);
/* Does the line, broken or not, hold a whole JSON object? */
bool history_is_whole(const char *line, size_t len);
/* Do both lines (without newlines) hold the same results? By their texts, which are the
 * same for the same.
 */
bool history_same(const char *a, size_t len_a, const char *b, size_t len_b);

#endif
