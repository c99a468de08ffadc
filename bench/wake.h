/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What it takes to wake a thread on another CPU, there and back: mmu_interval_read_begin()
 * sleeps while an invalidation is under way, so an attempt that met one takes at least
 * half of this. A few us on a machine that is idle; an emulator on a busy host was
 * seen to take 4 ms, and then that is what its chains last.
 */
#ifndef HMMSTORM_BENCH_WAKE_H
#define HMMSTORM_BENCH_WAKE_H

#include <stdint.h>

/* Median of 15 round trips by pipes between workers 0 and 1, in ns; measured at the
 * first call. 0: it cannot be.
 */
uint64_t wake_ns(void);

#endif
