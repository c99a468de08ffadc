/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A benchmark of one kernel operation on a region of pages. The family's file
 * says what is timed and in which state the pages must be before and after;
 * bench_run() brings them there, lets pagemap judge, takes the time around
 * op() alone, and keeps every latency in a histogram.
 */
#ifndef HMMSTORM_BENCH_OP_H
#define HMMSTORM_BENCH_OP_H

#include <stdbool.h>
#include <sys/types.h>

#include "../lib/backend.h"
#include "../lib/disturb.h"
#include "../lib/hist.h"
#include "cbench.h"
#include "region.h"

struct counters;
struct record;
struct record_id;
struct topo;

/* What all of the pages are, by /proc/self/pagemap (lib/pagemap.h). */
enum op_pages {
	PAGES_ANY,
	PAGES_NONE,
	PAGES_PRESENT,
	PAGES_EXCLUSIVE,
	PAGES_SWAP, /* device-private memory */
};

struct op_run {
	const struct cbench_state *s; /* for op_arg() */
	struct device *dev;
	const struct backend_ops *backend;
	struct region region;
	void *buf; /* region.pages pages, with CAP_ACCESS */
	struct device_work work; /* what op() did, over all iterations */
	uint64_t refused; /* calls that op() made in vain, likewise */
	pid_t child;
	void *own; /* the family's, from prepare() on */
};

struct bench_op {
	enum op_pages before, after;
	/* Untimed, before each op() and before the state is judged. Optional;
	 * without it bench_run() makes the pages present or exclusive.
	 */
	int (*prepare)(struct op_run *r);
	/* The only thing timed. 0 or -errno; -EAGAIN or -EBUSY: less was done
	 * than asked for, so it does not count and is made again;
	 * -EOPNOTSUPP: skips.
	 */
	int (*op)(struct op_run *r);
	/* Untimed, after each op() and after the state is judged; also when
	 * one of them failed. Optional.
	 */
	int (*finish)(struct op_run *r);
	/* Once, when the region is there, and at the end if the former was called,
	 * even if it failed. Optional.
	 */
	int (*begin)(struct op_run *r);
	void (*end)(struct op_run *r);
	bool must_fault; /* each op() takes at least one device fault */
	bool taken_back; /* a CPU must be able to take the pages: not where they are pinned */
};

/* The backend's part of every benchmark; set once by main(). */
struct bench_device {
	const struct backend_ops *backend;
	const char *policy;
	struct device *dev;
	struct topo *topo; /* or NULL: not pinned */
	struct counters *counters; /* or NULL: no helper module */
	bool hazards; /* also what the kernel is known to die of */
	uint64_t clock_floor; /* of two readings, taken off each time */
};

extern struct bench_device bench_device;

/* Travels from bench_run() to the result of the repetition. With several threads
 * it is the first one's.
 */
struct op_result {
	struct hist latency; /* in clock_unit() */
	bool judged; /* the target had to be exclusive before op() ... */
	bool exclusive; /* ... and each time was */
	struct disturbance disturbance; /* of the measured loop, on its thread */
	/* The family's own rows; this is the first member of its own result. */
	void (*put)(const struct op_result *o, struct record *r,
		    const struct record_id *id);
};

/* For struct cbench: .run = bench_run, .data = a struct bench_op. First
 * argument: pages; a benchmark without arguments gets no region.
 */
void bench_run(struct cbench_state *s);

int op_mark(struct op_run *r);
int op_restore(struct op_run *r);
/* The argument of this name, or otherwise when the benchmark has none. */
int64_t op_arg(const struct op_run *r, const char *name, int64_t otherwise);

/* The arguments of the families. Three names mean the same in each: "pages", the
 * region's; "thp" 1, in huge pages; "node" 1, on the farthest NUMA node. Through
 * test_hmm a page costs 0.2 ms to migrate and 25 us to read under TCG, so those stop
 * earlier.
 */
#define PAGES CBENCH_RANGE("pages", 1, 4096, 4)
#define PAGES_FROM_0 CBENCH_RANGE("pages", 0, 4096, 4)
#define FEWER_PAGES CBENCH_RANGE("pages", 1, 256, 4)

#define AXES(...) { __VA_ARGS__ }

#define BENCH_OP(id_, name_, desc_, needs_, axis_, ...) \
	BENCH_AXES(id_, name_, desc_, needs_, AXES(axis_), __VA_ARGS__)

/* Of several axes: AXES(PAGES, THP); pages first. */
#define BENCH_AXES(id_, name_, desc_, needs_, axes_, ...)      \
	static const struct cbench id_ = {                     \
		.name = (name_),                               \
		.desc = (desc_),                               \
		.needs = (needs_),                             \
		.axes = axes_,                                 \
		.time = CBENCH_MANUAL_TIME,                    \
		.run = bench_run,                              \
		.data = &(const struct bench_op){ __VA_ARGS__ }, \
	};                                                     \
	CBENCH(id_)

#endif
