// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "pace.h"

/* A timer and a wake-up take so long on a busy machine; the rest is spun. */
#define WAKE_NS 200000ULL

void pace_begin(struct pace *p, double rate)
{
	*p = (struct pace){ .step = rate > 0 ? 1e9 / rate : 0, .begin = clock_ns() };
}

static void sleep_until(uint64_t ns)
{
	struct timespec t = { .tv_sec = (time_t)(ns / 1000000000ULL),
			      .tv_nsec = (long)(ns % 1000000000ULL) };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

uint64_t pace_wait(struct pace *p)
{
	uint64_t now = clock_ns(), start;

	if (!p->step) {
		p->turns++;
		return now;
	}
	start = p->begin + (uint64_t)((double)p->turns++ * p->step);
	if (now > start) {
		p->late++;
		p->late_ns += now - start;
		if (now - start > p->late_max)
			p->late_max = now - start;
		return start;
	}
	if (start - now > WAKE_NS)
		sleep_until(start - WAKE_NS);
	while (clock_ns() < start)
		__builtin_ia32_pause();
	return start;
}
