/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a benchmark in the guest and the emulator's plugin (lib/vm/windows.c) agree on: a
 * marker is a NOP with a displacement that no compiler writes. It costs one instruction,
 * outside of what is timed, and nothing where nobody looks.
 */
#ifndef HMMSTORM_WINDOW_H
#define HMMSTORM_WINDOW_H

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

#endif
