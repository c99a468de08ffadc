/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which functions the instructions of a benchmark's operation went to, read from the boots
 * of one side (side.h) that were run with hmmstorm vm --functions: windows.tsv (counts by
 * address, lib/vm/windows.c), cases.tsv (of which benchmark), symbols.tsv (the guest's
 * /proc/kallsyms). Of each boot and benchmark it is the operation with the fewest
 * instructions.
 *
 * A name is that of the symbol table: what the compiler inlined counts as its caller's.
 * Clones are added up under the source's name (foo.isra.0, foo.constprop.0, foo.part.0,
 * foo.cold: foo). "(user space)" is all that is not the kernel.
 */
#ifndef HMMSTORM_REGRESS_FUNCTIONS_H
#define HMMSTORM_REGRESS_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct function {
	char *name;		/* "change_pte_range", "hs_fault [hmmstorm]" */
	double *value;		/* instructions, a boot each; 0: not called there */
	double *calls;		/* how often its first instruction was executed */
};

struct function_case {
	char *key;		/* as struct side_bench has it */
	double *total;		/* a boot each; NaN: this boot has no such case */
	size_t n;		/* boots that have it */
	size_t least;		/* the boot with the least total */
	struct function *functions; /* in order of name */
	size_t nr_functions;
};

struct side;

struct functions {
	char *path;
	size_t nr_boots;
	struct function_case *cases; /* in order of key */
	size_t nr_cases;
};

/* Which functions depend on the schedule, over all benchmarks that two sides have in
 * common: the scheduler's, the allocators' slow paths.
 */
struct function_noise;

/* One function in two sides. Values of the least operation of all boots of a side; 0 where
 * it was not called. Settled: another schedule does not explain the difference, for
 *   the two ranges over all boots are farther apart than either is wide; and
 *   the function varies from boot to boot in no benchmark of either side, or is that far
 *   apart in at least half of the benchmarks that call it. (One that takes one of two
 *   values shows one of them in all boots of a side by chance, or because all boots of one
 *   kernel come to the same state; but not in most benchmarks.)
 * Never with one boot a side.
 */
struct function_change {
	const char *name;
	double old, new;
	double old_calls, new_calls;
	bool settled;
	/* Settled, and its calls are the same in all boots of both sides: what changed is its
	 * own code, or how far it goes, not that someone calls it more often.
	 */
	bool own;
};

/* Whether all boots of a side were run with --functions. */
bool functions_have(const struct side *s);
/* -errno and one line on stderr: no boot there, one without windows, a broken file. */
int functions_read(struct functions **f, const char *path);
void functions_free(struct functions *f);
/* Replaces windows.tsv and symbols.tsv of each boot by functions.tsv (case, function,
 * instructions, calls), a tenth of their size; the addresses are gone. -errno and one line.
 */
int functions_fold(const char *path);
/* NULL: no such benchmark. */
const struct function_case *functions_find(const struct functions *f, const char *key);
struct function_noise *functions_noise(const struct functions *f, const struct functions *g);
void functions_noise_free(struct function_noise *noise);
/* The functions of either case, old or new NULL: none of them was called. Settled
 * differences first, and then by size. Caller frees. Returns how many.
 */
size_t functions_compare(const struct functions *f, const struct function_case *old,
			 const struct functions *g, const struct function_case *new,
			 const struct function_noise *noise, struct function_change **changes);
/* Of settled changes the one that the others follow from: of those in the direction of their
 * sum the largest that is its own; where there is none, or more than three are, the largest
 * that was not merely renamed. NULL: there is none.
 */
const struct function_change *functions_cause(const struct function_change *changes, size_t n);

#endif
