/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of ground truth: the classes found, by event, as a text such as
 * "clear_tp=1 protection_vma_fp2=1", which is also how a row says what it expects;
 * the device's part in it; and a file of the kernel's to be set.
 */
#ifndef HMMSTORM_TEST_TRUTH_H
#define HMMSTORM_TEST_TRUTH_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/knob.h"
#include "../lib/mirror.h"
#include "../lib/tap.h"

#define TRUTH_CELLS 45
#define TRUTH_COUNTERS 1024

/* The counters truth_<event>_<class>, which stand together. */
struct truth {
	struct counters *k;
	int first;
	int splits, collapses;
};

struct truth_found {
	uint64_t cell[TRUTH_CELLS];
	uint64_t splits, collapses;
};

static inline void truth_init(struct truth *t, struct counters *k)
{
	t->k = k;
	t->first = counters_find(k, "truth_unmap_fp0");
	t->splits = counters_find(k, "truth_thp_splits");
	t->collapses = counters_find(k, "truth_thp_collapses");
	if (t->first < 0 || t->splits < 0 || t->collapses < 0) {
		fprintf(stderr, "truth: counters missing\n");
		exit(1);
	}
}

static inline const char *truth_name(const struct truth *t, int i)
{
	return counters_desc(t->k, t->first + i)->name + strlen("truth_");
}

/* total: of all processes, otherwise of this one. */
static inline void truth_read(const struct truth *t, struct truth_found *f,
			      bool total)
{
	uint64_t v[TRUTH_COUNTERS];
	int ret;

	ret = counters_nr(t->k) > TRUTH_COUNTERS ? -1 :
		total ? counters_read_total(t->k, v, NULL) :
			counters_read(t->k, v, NULL);
	if (ret) {
		fprintf(stderr, "truth: counters cannot be read\n");
		exit(1);
	}
	memcpy(f->cell, v + t->first, sizeof(f->cell));
	f->splits = v[t->splits];
	f->collapses = v[t->collapses];
}

static inline void truth_subtract(struct truth_found *a,
				  const struct truth_found *b)
{
	int i;

	for (i = 0; i < TRUTH_CELLS; i++)
		a->cell[i] -= b->cell[i];
	a->splits -= b->splits;
	a->collapses -= b->collapses;
}

static inline void truth_ignore(const struct truth *t, struct truth_found *f,
				const char *name)
{
	int i;

	for (i = 0; i < TRUTH_CELLS; i++)
		if (!strcmp(name, truth_name(t, i)))
			f->cell[i] = 0;
}

/* The text of what was found. */
static inline void truth_text(const struct truth *t, const struct truth_found *f,
			      char *text, size_t len)
{
	size_t at = 0;
	int i;

	text[0] = 0;
	for (i = 0; i < TRUTH_CELLS; i++) {
		if (!f->cell[i])
			continue;
		at += snprintf(text + at, len - at, "%s%s=%llu", at ? " " : "",
			       truth_name(t, i), (unsigned long long)f->cell[i]);
	}
	if (f->splits)
		at += snprintf(text + at, len - at, "%ssplits=%llu", at ? " " : "",
			       (unsigned long long)f->splits);
	if (f->collapses)
		snprintf(text + at, len - at, "%scollapses=%llu", at ? " " : "",
			 (unsigned long long)f->collapses);
}

/* One command to engine 0, waited for: 0 or -errno. */
static inline int device_run(struct mirror *m, unsigned int op, const void *at,
			     size_t count)
{
	struct hmmstorm_cmd c = {
		.op = op,
		.addr = (uintptr_t)at,
		.count = count,
	};
	struct hmmstorm_done d;

	return mirror_run(m, 0, &c, &d);
}

static inline bool put_text(const char *path, const char *text)
{
	int ret = knob_write(path, text);

	if (ret)
		printf("# %s: %s\n", path, strerror(-ret));
	return !ret;
}

#endif
