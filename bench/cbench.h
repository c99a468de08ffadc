/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Google Benchmark from C. A benchmark is a const struct; CBENCH(it) puts a
 * pointer to it into a linker section, so adding a file adds its benchmarks
 * and there is no list to edit. All of Google Benchmark's flags and output
 * formats work. Only API of version 1.7.1 (Debian 12) is used.
 *
 * Three endings of a benchmark are three things: done, cbench_fail() (the
 * program's exit status becomes 1; the stock reporters would exit 0) and
 * cbench_skip() (a feature is missing; visible as "SKIPPED: why").
 */
#ifndef HMMSTORM_CBENCH_H
#define HMMSTORM_CBENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CBENCH_AXES 4
#define CBENCH_SKIPPED "SKIPPED: "

struct cbench_state;

/* One argument and the values it takes; a benchmark runs the product of its
 * axes. Written with the three macros below.
 */
struct cbench_axis {
	const char *name;
	const int64_t *values; /* a list, or NULL: from lo to hi */
	size_t nr_values;
	int64_t lo, hi;
	int64_t multiplier; /* 0: dense, in steps */
	int64_t step;
};

#define CBENCH_LIST(name_, ...)                                            \
	{                                                                  \
		.name = (name_), .values = (const int64_t[]){ __VA_ARGS__ }, \
		.nr_values = sizeof((const int64_t[]){ __VA_ARGS__ }) /    \
			     sizeof(int64_t),                              \
	}
/* lo, the powers of mult in between, hi; lo may be 0. */
#define CBENCH_RANGE(name_, lo_, hi_, mult_) \
	{ .name = (name_), .lo = (lo_), .hi = (hi_), .multiplier = (mult_) }
#define CBENCH_DENSE(name_, lo_, hi_, step_) \
	{ .name = (name_), .lo = (lo_), .hi = (hi_), .step = (step_) }

enum cbench_time {
	CBENCH_CPU_TIME,
	CBENCH_REAL_TIME,
	CBENCH_MANUAL_TIME, /* run() calls cbench_set_time() each iteration */
};

enum cbench_unit { CBENCH_NS, CBENCH_US, CBENCH_MS, CBENCH_S };

struct cbench {
	const char *name;
	const char *desc; /* one line, for --list */
	unsigned int needs; /* capability bits, for the gate of cbench_run() */

	struct cbench_axis axes[CBENCH_AXES];
	/* Instead of a product: rows of as many arguments as axes have names. */
	const int64_t (*rows)[CBENCH_AXES];
	size_t nr_rows;
	const int *threads; /* zero-terminated; NULL: one thread */

	enum cbench_time time;
	enum cbench_unit unit;
	bool process_cpu_time;
	int64_t iterations; /* 0: as many as min_time takes */
	double min_time, min_warmup_time;
	int repetitions;

	/* Once before and after all threads' run(), by the main thread, each
	 * time the library calls run(). May be NULL.
	 */
	void (*setup)(struct cbench_state *s);
	void (*teardown)(struct cbench_state *s);
	/* Loops while (cbench_keep_running(s)). */
	void (*run)(struct cbench_state *s);
	const void *data; /* of the benchmark's own; cbench_self(s)->data */
};

#define CBENCH(bench_)                                     \
	static const struct cbench *const cbench_entry_##bench_ \
	__attribute__((used, section("hmmstorm_benches"))) = &(bench_)

/* For a family that is made from a table: CBENCH_ADD(f) calls f() before main(),
 * and f() hands over its benchmarks, which stay the caller's.
 */
void cbench_add(const struct cbench *b);
#define CBENCH_ADD(f_)                                              \
	static void __attribute__((constructor)) cbench_add_##f_(void) \
	{                                                           \
		f_();                                               \
	}

/* In order of name. */
size_t cbench_count(void);
const struct cbench *cbench_at(size_t i);

/* In run(), setup() and teardown(). */
const struct cbench *cbench_self(const struct cbench_state *s);
int64_t cbench_arg(const struct cbench_state *s, size_t i);
int cbench_threads(const struct cbench_state *s);

/* In run() only. */
int cbench_thread(const struct cbench_state *s);
int64_t cbench_iterations(const struct cbench_state *s);
bool cbench_keep_running(struct cbench_state *s);
bool cbench_keep_running_batch(struct cbench_state *s, int64_t n);
void cbench_pause(struct cbench_state *s);
void cbench_resume(struct cbench_state *s);
void cbench_set_time(struct cbench_state *s, double seconds);
void cbench_set_label(struct cbench_state *s, const char *label);
void cbench_set_items(struct cbench_state *s, int64_t items);
void cbench_set_bytes(struct cbench_state *s, int64_t bytes);
void cbench_fail(struct cbench_state *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void cbench_skip(struct cbench_state *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Has this thread failed or been skipped? */
bool cbench_stopped(const struct cbench_state *s);

/* Applied in this order, as Google Benchmark does; threads' values are added. */
enum cbench_counter_flag {
	CBENCH_ITERATION_INVARIANT = 1 << 0, /* times the iterations */
	CBENCH_RATE = 1 << 1, /* divided by the time */
	CBENCH_AVERAGE_THREADS = 1 << 2, /* divided by the threads */
	CBENCH_AVERAGE = 1 << 3, /* divided by the iterations */
	CBENCH_INVERT = 1 << 4, /* 1 / value, last */
	CBENCH_1024 = 1 << 5, /* shown in Ki, Mi */
};

/* unit is the unit of value, before the flags. */
void cbench_counter(struct cbench_state *s, const char *name, const char *unit,
		    double value, unsigned int flags);
/* Hands data to the report of the repetition that this call of run() becomes,
 * if it does; the shim calls release() on every one in the end. One a call.
 */
void cbench_attach(struct cbench_state *s, void *data,
		   void (*release)(void *data));

struct cbench_value {
	const char *name;
	const char *unit;
	bool is_rate;
	double value;
};

struct cbench_result {
	const char *name; /* the benchmark's, without arguments */
	const char *full_name;
	const struct cbench_value *args; /* by name, or "0", "1", ... */
	size_t nr_args;
	const char *label;
	const char *error; /* NULL: done. Skipped: starts CBENCH_SKIPPED */
	unsigned int threads, repetition;
	int64_t iterations;
	double real_ns, cpu_ns; /* per iteration; manual time is in real_ns */
	const struct cbench_value *values; /* the counters */
	size_t nr_values;
	void *data; /* attached, or NULL */
};

struct cbench_host {
	/* Why this benchmark cannot run here (then it is skipped), or NULL. */
	const char *(*gate)(const struct cbench *b);
	/* Each repetition, once it is done. May be NULL. */
	void (*result)(const struct cbench_result *r);
	int64_t iterations; /* of benchmarks that state none; 0: by time */
};

struct cbench_totals {
	size_t matched; /* benchmarks that the filter let through */
	size_t done, failed, skipped; /* repetitions */
};

/* Takes Google Benchmark's flags out of argv. -EINVAL: a flag's value is bad,
 * and why[] says so.
 */
int cbench_init(int *argc, char **argv, char *why, size_t len);
void cbench_context(const char *key, const char *value);
/* Value of a flag of Google Benchmark ("benchmark_out"), also from its
 * environment variable (BENCHMARK_OUT); NULL: not given. After cbench_init().
 */
const char *cbench_flag(const char *name);
/* Registers what stands in the section, runs what the flags select. 0, or
 * -errno when it could not even start, and why[] says so.
 */
int cbench_run(const struct cbench_host *host, struct cbench_totals *totals,
	       char *why, size_t len);
/* Google Benchmark's own --help text, on stdout. */
void cbench_print_flags(void);

#ifdef __cplusplus
}
#endif

#endif
