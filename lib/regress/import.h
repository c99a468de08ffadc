/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Figures that other drivers print of their device faults, as a results folder: env.tsv,
 * records.tsv, hist.tsv (lib/record.h) of program "import". A source is a file
 * lib/regress/import_*.c that ends in IMPORT_SOURCE(); nothing else is edited. Metrics
 * keep the driver's own names, so that they can be looked up in its source; import_words.h
 * says which of them mean the same.
 *
 * A file is read to its end before anything is written. A line that the source does not
 * know is counted, and the first is kept to be told.
 */
#ifndef HMMSTORM_REGRESS_IMPORT_H
#define HMMSTORM_REGRESS_IMPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hist;

struct import_figure {
	char *metric;
	const char *unit;	/* "1", "us", "KiB", "pages", "faults" */
	uint64_t value;
};

struct import_times {
	char *metric;
	struct hist *ns;
};

/* What was read of one file. */
struct import {
	const struct import_source *source;
	char *device;		/* "gt0", a GPU's UUID, or the file's name: column "case" */
	void *state;		/* the source's own */
	struct import_figure *figures; /* in order of the file */
	size_t nr_figures;
	struct import_times *times;
	size_t nr_times;
	size_t lines, unknown;
	size_t first_unknown;	/* number of the line; 0: none */
	char *unknown_text;
	char *broken;		/* NULL, or why the file cannot be taken */
};

struct import_source {
	const char *name, *desc;
	const char *shown_in;	/* where the driver shows it */
	size_t state_size;	/* zeroed; 0: it needs none */
	/* Is this part of the file's path ("gt0") the device's name? Optional. */
	bool (*is_device)(const char *part);
	/* A line without its end. False: it is none of this source. Required. */
	bool (*line)(struct import *in, const char *line);
	/* After the last line that was read, of a broken file too: frees what the state
	 * holds. Optional.
	 */
	void (*end)(struct import *in);
};

#define IMPORT_SOURCE(source_) \
	static const struct import_source *const import_entry_##source_ \
	__attribute__((used, section("hmmstorm_imports"))) = &(source_)

/* In order of name; NULL: no more. */
const struct import_source *import_source_at(size_t i);
/* NULL: no such one. */
const struct import_source *import_source_find(const char *name);

/* For sources: adds to a figure, made at 0 when it is first named. */
void import_add(struct import *in, const char *metric, const char *unit, uint64_t value);
/* A figure that a file may have once: the second one breaks the file. */
void import_once(struct import *in, const char *metric, const char *unit, uint64_t value);
/* A duration into the histogram of this name, and into the figure NAME_ns. */
void import_time(struct import *in, const char *metric, uint64_t ns);
/* The first reason stays. */
void import_break(struct import *in, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* -errno, and one line on stderr: the file cannot be read, ends in mid-line, or is none of
 * this source's.
 */
int import_read(struct import **in, const struct import_source *s, const char *path);
void import_free(struct import *in);

struct import_to {
	const char *dir;
	const char *label;	/* what reports call it */
	const char *kernel;	/* that the driver ran on; NULL: not known */
	int argc;
	char *const *argv;	/* the command, for env.tsv */
};

/* All or nothing: the folder gets its name when its files are whole. -errno, and one line
 * on stderr: dir is there and not empty, or cannot be written; two files of one device.
 */
int import_write(struct import *const *in, size_t nr, const struct import_to *to);

#endif
