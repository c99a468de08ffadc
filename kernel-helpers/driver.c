// SPDX-License-Identifier: GPL-2.0-only
/*
 * A notifier's operations stand in the module of the driver whose it is. Which
 * module that is, the kernel tells by a name ("%ps": function [module]); asked
 * once for each set of operations met, and remembered.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "driver.h"

enum driver { UNKNOWN, OTHER, TEST_HMM, NOUVEAU };

static const struct {
	const char *module;
	enum hs_counter counter[HS_DRIVER_EVENTS];
} drivers[] = {
	[TEST_HMM] = { "[test_hmm]",
		       { HS_TEST_HMM_ATTEMPTS, HS_TEST_HMM_BUSY } },
	[NOUVEAU] = { "[nouveau]",
		      { HS_NOUVEAU_ATTEMPTS, HS_NOUVEAU_BUSY } },
};

/* Met so far; a full table costs the next one its name each time. */
#define KNOWN 8
static struct {
	const void *ops;
	enum driver driver;
} known[KNOWN];

static enum driver ask(const struct mmu_interval_notifier_ops *ops)
{
	char name[128];
	unsigned int i;

	snprintf(name, sizeof(name), "%ps", (void *)ops->invalidate);
	for (i = TEST_HMM; i < ARRAY_SIZE(drivers); i++) {
		if (strstr(name, drivers[i].module))
			return i;
	}
	return OTHER;
}

static enum driver driver_of(const struct mmu_interval_notifier_ops *ops)
{
	enum driver driver = UNKNOWN;
	unsigned int i;

	for (i = 0; i < KNOWN && READ_ONCE(known[i].ops); i++) {
		/* set after ops, see below */
		if (READ_ONCE(known[i].ops) == ops)
			driver = READ_ONCE(known[i].driver);
		if (driver != UNKNOWN)
			return driver;
	}
	driver = ask(ops);
	if (i < KNOWN && !cmpxchg(&known[i].ops, NULL, ops))
		WRITE_ONCE(known[i].driver, driver);
	return driver;
}

void hs_driver_count(struct hs_mm *hm, const struct mmu_interval_notifier *sub,
		     enum hs_driver_event event)
{
	enum driver driver = driver_of(READ_ONCE(sub->ops));

	if (driver >= TEST_HMM)
		hs_count(hm, drivers[driver].counter[event]);
}

/*
 * No notifier of the module stands any more, so nobody asks for its operations
 * until others stand at their address.
 */
void hs_driver_forget(void)
{
	unsigned int i;

	for (i = 0; i < KNOWN; i++) {
		WRITE_ONCE(known[i].driver, UNKNOWN);
		WRITE_ONCE(known[i].ops, NULL);
	}
}
