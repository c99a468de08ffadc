/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kinds of memory that a device may be pointed at, each made as a program would
 * make it: a table (memory_kinds) of name, description and how.
 */
#ifndef HMMSTORM_BENCH_MEMORY_H
#define HMMSTORM_BENCH_MEMORY_H

#include <stddef.h>
#include <sys/types.h>

struct memory {
	char *addr; /* the pages a device shall work on */
	size_t pages;
	char *map; /* the whole mapping around them */
	size_t len;
	int fd; /* the file behind, a pipe's end or a userfaultfd; or -1 */
	int other; /* a pipe's other end; or -1 */
	pid_t child; /* who shares it; or 0 */
	struct mirror *m; /* a second device that has it; or NULL */
};

struct memory_kind {
	const char *name, *desc;
	/* 0; -EOPNOTSUPP: not in this kernel or machine. On failure memory_free()
	 * takes away what was made.
	 */
	int (*make)(struct memory *m);
	const char *oopses; /* the backend that the kernel dies of with it, or NULL */
};

extern const struct memory_kind memory_kinds[];
extern const size_t memory_nr_kinds;

int memory_make(const struct memory_kind *k, struct memory *m);
void memory_free(struct memory *m);

#endif
