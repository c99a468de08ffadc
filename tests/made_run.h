/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the unit tests of findings: makes the folder of a run, whose every value is
 * known. A part is a folder below it.
 */
#ifndef HMMSTORM_TEST_MADE_RUN_H
#define HMMSTORM_TEST_MADE_RUN_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/record.h"

static FILE *made_env, *made_records, *made_hist;

static inline FILE *made_open(const char *dir, const char *name, const char *header)
{
	char path[1024];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	if (!f) {
		perror(path);
		exit(2);
	}
	fprintf(f, "%s\n", header);
	return f;
}

static inline void made_env_row(const char *program, const char *key, const char *value)
{
	fprintf(made_env, "%s\t%s\t%s\n", program, key, value);
}

static inline void made_begin(const char *dir, const char *kernel, const char *mode)
{
	mkdir(dir, 0777);
	made_env = made_open(dir, "env.tsv", "program\tkey\tvalue");
	made_records = made_open(dir, "records.tsv", RECORD_COLUMNS "\tmetric\tkind\tunit\tvalue");
	made_hist = made_open(dir, "hist.tsv", RECORD_COLUMNS "\tmetric\tunit\tlow\thigh\tcount");
	made_env_row("bench", "kernel", kernel);
	made_env_row("bench", "kernel_release", kernel);
	made_env_row("bench", "mode", mode);
	made_env_row("bench", "accelerator", "tcg-single");
	made_env_row("bench", "cpus", "2");
	made_env_row("bench", "clock_unit", "instructions");
	made_env_row("bench", "clock_floor", "6");
}

static inline void made_end(void)
{
	fclose(made_env);
	fclose(made_records);
	fclose(made_hist);
}

static inline void made_row(const char *program, const char *name, const char *backend,
			    unsigned long pages, unsigned int repetition,
			    const char *metric, double value)
{
	fprintf(made_records, "%s\t%s\t%s\tlazy\tprocess\t1\t%lu\t%u\t%s\tvalue\tinstructions\t%.10g\n",
		program, name, backend, pages, repetition, metric, value);
}

/* A latency: its median, and the least and largest of ten samples. */
static inline void made_latency(const char *name, const char *backend, unsigned long pages,
				double p50, double least, double most)
{
	made_row("bench", name, backend, pages, 0, "done", 1);
	made_row("bench", name, backend, pages, 0, "p50", p50);
	made_row("bench", name, backend, pages, 0, "latency_n", 10);
	made_row("bench", name, backend, pages, 0, "latency_min", least);
	made_row("bench", name, backend, pages, 0, "latency_max", most);
}

static inline void made_bucket(const char *name, unsigned long pages, unsigned int repetition,
			       unsigned long low, unsigned long high, unsigned long count)
{
	fprintf(made_hist, "bench\t%s\tmirror\tlazy\tprocess\t1\t%lu\t%u\tlatency\tns\t%lu\t%lu\t%lu\n",
		name, pages, repetition, low, high, count);
}

#endif
