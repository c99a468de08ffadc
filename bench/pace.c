// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>

#include "pace.h"

/* A wake-up takes so long on a busy machine. */
#define WAKE_NS 200000ULL

void pace_begin(struct pace *p, double rate)
{
	struct timespec tick;

	*p = (struct pace){ .step = rate > 0 ? 1e9 / rate : 0, .begin = clock_ns(),
			    .wake = WAKE_NS };
	/* 1 ns, but a tick where no high-resolution timer runs (deterministic mode) */
	if (!clock_getres(CLOCK_MONOTONIC, &tick))
		p->wake += (uint64_t)tick.tv_nsec;
}

void pace_scatter(struct pace *p, uint64_t seed)
{
	p->scattered = true;
	rng_init(&p->rng, seed, "pace", 0);
}

static uint64_t next_start(struct pace *p)
{
	double turn = (double)p->turns++;

	if (p->scattered)
		turn += (double)rng_below(&p->rng, 1 << 20) / (1 << 20);
	return p->begin + (uint64_t)(turn * p->step);
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
	start = next_start(p);
	if (now > start) {
		p->late++;
		p->late_ns += now - start;
		if (now - start > p->late_max)
			p->late_max = now - start;
		return start;
	}
	if (start - now > p->wake)
		sleep_until(start - p->wake);
	while (clock_ns() < start)
		__builtin_ia32_pause();
	return start;
}
