// SPDX-License-Identifier: GPL-2.0-only
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clock.h"
#include "disturb.h"

#define NS 1000000000ULL

uint64_t disturb_steal(const char *stat, int cpu, long ticks_per_second)
{
	unsigned long long steal = 0;
	char name[24];
	const char *p;

	snprintf(name, sizeof(name), "cpu%d ", cpu);
	p = strstr(stat, name);
	/* user nice system idle iowait irq softirq steal */
	if (p && sscanf(p, "%*s %*u %*u %*u %*u %*u %*u %*u %llu", &steal) != 1)
		steal = 0;
	return steal * (NS / (uint64_t)ticks_per_second);
}

static void read_text(const char *path, char *buf, size_t len)
{
	FILE *f = fopen(path, "re");
	size_t n = f ? fread(buf, 1, len - 1, f) : 0;

	buf[n] = 0;
	if (f)
		fclose(f);
}

static uint64_t steal_of(int cpu)
{
	/* 1,024 CPUs of a hundred bytes, the interrupts behind them cut off */
	static __thread char text[128 << 10];

	read_text("/proc/stat", text, sizeof(text));
	return disturb_steal(text, cpu, sysconf(_SC_CLK_TCK));
}

static uint64_t khz_of(int cpu)
{
	char path[96], text[32];

	snprintf(path, sizeof(path),
		 "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_cur_freq", cpu);
	read_text(path, text, sizeof(text));
	return strtoull(text, NULL, 10);
}

static long switches(void)
{
	struct rusage u;

	return getrusage(RUSAGE_THREAD, &u) ? 0 : u.ru_nivcsw;
}

void disturb_begin(struct disturb_reading *r)
{
	r->cpu = sched_getcpu();
	r->khz = khz_of(r->cpu);
	r->steal_ns = steal_of(r->cpu);
	r->switches = switches();
	r->ns = clock_ns();
}

void disturb_end(const struct disturb_reading *begin, struct disturbance *d)
{
	uint64_t khz;

	d->ns = clock_ns() - begin->ns;
	d->switches = (uint64_t)(switches() - begin->switches);
	d->migrations = sched_getcpu() != begin->cpu;
	d->steal_ns = steal_of(begin->cpu) - begin->steal_ns;
	khz = khz_of(begin->cpu);
	d->frequency = begin->khz && khz ?
			       fabs((double)khz / (double)begin->khz - 1) : 0;
}

const char *disturb_why(const struct disturbance *d, uint64_t samples, char *why,
			unsigned int len)
{
	if ((double)d->steal_ns > DISTURB_STEAL * (double)d->ns)
		snprintf(why, len, "%.1f ms of %.1f ms stolen", (double)d->steal_ns * 1e-6,
			 (double)d->ns * 1e-6);
	else if (d->migrations)
		snprintf(why, len, "moved to another CPU");
	else if (d->frequency > DISTURB_FREQUENCY)
		snprintf(why, len, "the CPU's clock changed by %.0f%%", d->frequency * 100);
	else if ((double)d->switches > DISTURB_SWITCHES * (double)samples)
		snprintf(why, len, "%llu involuntary switches in %llu samples",
			 (unsigned long long)d->switches, (unsigned long long)samples);
	else
		return NULL;
	return why;
}
