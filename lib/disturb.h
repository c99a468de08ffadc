/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Was the machine left alone while a loop was measured? Between begin and end, for
 * the calling thread and the CPU that it runs on:
 *
 *   steal      time that a hypervisor gave to others (/proc/stat, of that CPU, in
 *              the kernel's ticks of 10 ms)
 *   switches   involuntary context switches of the thread (getrusage(2))
 *   migrations 1 if the thread ends on another CPU than it began on; one that comes
 *              back is a switch too, the migration thread preempts it
 *   frequency  change of the CPU's clock (cpufreq's scaling_cur_freq)
 *
 * What a machine does not tell is 0.
 */
#ifndef HMMSTORM_DISTURB_H
#define HMMSTORM_DISTURB_H

#include <stdbool.h>
#include <stdint.h>

struct disturb_reading {
	uint64_t ns, steal_ns, khz;
	long switches;
	int cpu;
};

struct disturbance {
	uint64_t ns; /* from begin to end */
	uint64_t steal_ns, switches, migrations;
	double frequency; /* 0.1: a tenth more or less */
};

/* Thresholds of disturb_why(): steal and frequency as shares; switches as a share of
 * the samples: more than one of 100 is disturbed, and the loop's p99 is the
 * scheduler's.
 */
#define DISTURB_STEAL 0.01
#define DISTURB_SWITCHES 0.01
#define DISTURB_FREQUENCY 0.05

void disturb_begin(struct disturb_reading *r);
void disturb_end(const struct disturb_reading *begin, struct disturbance *d);
/* The first threshold that a loop of so many samples is beyond, in words ("12
 * involuntary switches in 100 samples"), or NULL.
 */
const char *disturb_why(const struct disturbance *d, uint64_t samples, char *why,
			unsigned int len);
/* Steal of one CPU in text as of /proc/stat, in ns; 0: not there. */
uint64_t disturb_steal(const char *stat, int cpu, long ticks_per_second);

#endif
