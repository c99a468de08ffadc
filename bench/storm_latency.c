// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E2): how long does a device fault take that was to begin at a given time,
 * while spurious invalidations come? (E9): the same at three rates by each protocol, so
 * that pinning stands beside marking.
 * Timed: latency from the intended start (bench/pace.h: who is late leaves nothing out),
 * beside the service time from the submission, and the fault's own by the device's
 * clock. E9: one fault after the other.
 */
#include "contest.h"
#include "op.h"

#define STORM_RATES CBENCH_LIST("rate", 0, 10000, RATE_MAX)

CONTEST(latency, "E2.latency",
	"device faults offered at a rate, from their intended start, under spurious invalidations",
	AXES(CBENCH_LIST("offered", 500, 2000, 8000), STORM_RATES), .against = AGAINST_CALLS,
	.where = RIVAL_SELF);
CONTEST(pin_storm, "E9.storm",
	"device faults under spurious invalidations, of the page (0) and beside it (2)",
	AXES(STORM_RATES, CBENCH_LIST("where", RIVAL_SELF, RIVAL_BESIDE)),
	.against = AGAINST_CALLS);
