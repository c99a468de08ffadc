// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E2): a device fault is thrown away when an invalidation comes in between,
 * and tried again: is that a livelock, or does it come to an end? With "userspace
 * hammering an adjacent page", with two devices that want one page, with the page held
 * or not while it is marked (the list, January 2025).
 * Mechanism: mmu_interval_read_retry() after make_device_exclusive(); a process-wide
 * notifier sees invalidations of every page, a notifier a fault those of its page.
 * Timed: a window in which a device wants a page without end and a CPU thread makes
 * calls that change nothing for it, at a rate; the time of each fault by the device's
 * clock. Each chain of attempts is counted to its end.
 * Cannot show: how long a real GPU waits between two attempts; here it is none.
 */
#include "contest.h"
#include "op.h"

#define RATES CBENCH_LIST("rate", 0, 100, 1000, 10000, 100000, RATE_MAX)

CONTEST(spurious, "E2.spurious",
	"device faults against spurious invalidations a second, of the page (0 userfaultfd, 1 mprotect), beside it (2), far away (3)",
	AXES(RATES, WHERE), .against = AGAINST_CALLS);
CONTEST(naive, "E2.naive",
	"the same, with retries as nouveau makes them: an entry of a failed attempt is left",
	AXES(CBENCH_LIST("rate", 0, 100, 1000, 10000, RATE_MAX)), .where = RIVAL_SELF,
	.naive = 1);
CONTEST(two_devices, "E2.two_devices", "two devices add to one word",
	AXES({ 0 }), .against = AGAINST_DEVICE);
CONTEST(thrash, "E2.thrash", "a device and a CPU add to one word",
	AXES({ 0 }), .against = AGAINST_CPU);
CONTEST(hold, "E2.hold",
	"a device and a CPU add to one word, the device keeps it for so many us (0: as the policy says)",
	AXES(CBENCH_LIST("hold", 0, 50, 500, 5000)), .against = AGAINST_CPU);
CONTEST(unlocked, "E2.unlocked",
	"the page held while it is marked (0) or not (1), against calls (0), a CPU (1), another device (2)",
	AXES(CBENCH_LIST("unlocked", 0, 1), CBENCH_DENSE("against", AGAINST_CALLS, AGAINST_DEVICE, 1)),
	.rate = RATE_MAX, .where = RIVAL_SELF);
