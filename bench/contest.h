/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device wants a page, somebody comes between: one benchmark of family E2 or E9 is
 * one window of that (half a second; 2 s where faults are offered at a rate; a 25th of
 * it in deterministic mode), after which every addition of device and CPU must be in
 * the page's first word.
 *
 * struct cbench: .run = contest_run, .time = CBENCH_MANUAL_TIME, .iterations = 1, .data =
 * a struct contest. An argument of a member's name stands instead of the member.
 */
#ifndef HMMSTORM_BENCH_CONTEST_H
#define HMMSTORM_BENCH_CONTEST_H

#include "cbench.h"
#include "rival.h"

enum contest_against {
	AGAINST_CALLS, /* spurious invalidations by a CPU */
	AGAINST_CPU, /* additions of a CPU to the same word */
	AGAINST_DEVICE, /* another device's */
};

struct contest {
	int64_t against;
	int64_t rate; /* calls a second; 0: none */
	int64_t where; /* enum rival_call, but RIVAL_ADD */
	int64_t hold; /* us: policy hold; 0: the program's policy */
	int64_t naive, unlocked; /* HMMSTORM_MIRROR_* */
	int64_t offered; /* faults a second; 0: one after the other */
};

/* More calls a second than any machine here makes: as fast as it goes. */
#define RATE_MAX 1000000

#define WHERE CBENCH_LIST("where", RIVAL_SELF, RIVAL_EXEC, RIVAL_BESIDE, RIVAL_FAR)

void contest_run(struct cbench_state *s);

#define CONTEST(id_, name_, desc_, axes_, ...)                        \
	static const struct cbench id_ = {                            \
		.name = (name_),                                      \
		.desc = (desc_),                                      \
		.needs = CAP_ATOMIC | CAP_RESTORE,                    \
		.axes = axes_,                                        \
		.time = CBENCH_MANUAL_TIME,                           \
		.unit = CBENCH_MS,                                    \
		.iterations = 1,                                      \
		.run = contest_run,                                   \
		.data = &(const struct contest){ __VA_ARGS__ },       \
	};                                                            \
	CBENCH(id_)

#endif
