/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tells the emulator where an operation begins and ends, for hmmstorm vm --functions
 * (lib/vm/windows.c). A marker is a NOP with a displacement that no compiler writes: it
 * costs one instruction, outside of what is timed, and nothing where nobody looks.
 */
#ifndef HMMSTORM_BENCH_WINDOW_H
#define HMMSTORM_BENCH_WINDOW_H

#include <stddef.h>

/* nopl disp32(%rax,%rax,1) is 0f 1f 84 00 and then the displacement, whose lowest byte
 * says what is marked; the others are "hmm".
 */
#define WINDOW_NOP 0x00841f0fu
#define WINDOW_HMM 0x6d6d6800u

enum window_mark {
	WINDOW_CASE,	/* another benchmark begins */
	WINDOW_BEGIN,
	WINDOW_END,
	WINDOW_KEEP,	/* the operation between the last two counts */
	NR_WINDOW_MARKS,
};

static inline __attribute__((always_inline)) void window_mark(enum window_mark mark)
{
#ifdef __x86_64__
	asm volatile("nopl %c0(%%rax,%%rax,1)" : : "i"(WINDOW_HMM + mark) : "memory");
#endif
}

/* Where a run that wants windows (HMMSTORM_WINDOWS) writes what they are of. */
void window_open(const char *dir);
/* The benchmark that WINDOW_CASE announces, in the order of the marks, to
 * DIR/cases.tsv: the identity's columns of lib/record.h. -errno.
 */
int window_case(const char *name, size_t pages, unsigned int workers);
/* What the addresses mean: the text symbols of /proc/kallsyms, to DIR/symbols.tsv (address,
 * name, module), while the modules are there. -errno.
 */
int window_symbols(void);

#endif
