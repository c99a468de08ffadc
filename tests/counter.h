/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests: a counter of this process by its name. One that cannot be read is
 * a failed check, whatever the caller makes of the value: two failures are equal,
 * and differ by 0.
 */
#ifndef HMMSTORM_TEST_COUNTER_H
#define HMMSTORM_TEST_COUNTER_H

#include <stdint.h>

#include "../lib/counters.h"
#include "../lib/tap.h"

static inline uint64_t counter(struct counters *c, const char *name)
{
	uint64_t v = counters_value(c, name);

	if (v == UINT64_MAX)
		tap_ok(false, "counter %s can be read", name);
	return v;
}

#endif
