// SPDX-License-Identifier: GPL-2.0-only
/*
 * The numbers that must never change: what passes between the programs and the
 * helper module, and what the kernel's test module expects (lib/test_hmm_uapi.h
 * of 6.1, 6.12 and 7.3). They are written out here a second time on purpose:
 * _IOWR() over a structure that grew by accident gives another call silently.
 */
#include <stddef.h>

#include "../kernel-helpers/uapi/hmmstorm.h"
#include "../lib/tap.h"
#include "../lib/test_hmm_abi.h"

static const struct {
	const char *what;
	unsigned long got, want;
} facts[] = {
#define IS(expression, want) { #expression " is " #want, expression, want }
	IS(HMMSTORM_ABI, 4),
	IS(HMMSTORM_IOC_VERSION, 0x8010b901),
	IS(HMMSTORM_IOC_ATTACH, 0x4008b902),
	IS(HMMSTORM_IOC_DESC, 0xc100b903),
	IS(HMMSTORM_IOC_SNAPSHOT, 0xc020b904),
	IS(HMMSTORM_IOC_HIST, 0xc020b905),

	IS(sizeof(struct hmmstorm_version), 16),
	IS(offsetof(struct hmmstorm_version, abi), 0),
	IS(offsetof(struct hmmstorm_version, nr_counters), 4),
	IS(offsetof(struct hmmstorm_version, nr_histograms), 8),
	IS(offsetof(struct hmmstorm_version, nr_probes), 12),

	IS(sizeof(struct hmmstorm_attach), 8),
	IS(offsetof(struct hmmstorm_attach, flags), 0),
	IS(offsetof(struct hmmstorm_attach, pad), 4),

	IS(sizeof(struct hmmstorm_desc), 256),
	IS(offsetof(struct hmmstorm_desc, what), 0),
	IS(offsetof(struct hmmstorm_desc, index), 4),
	IS(offsetof(struct hmmstorm_desc, kind), 8),
	IS(offsetof(struct hmmstorm_desc, error), 12),
	IS(offsetof(struct hmmstorm_desc, missed), 16),
	IS(offsetof(struct hmmstorm_desc, name), 24),
	IS(offsetof(struct hmmstorm_desc, unit), 72),
	IS(offsetof(struct hmmstorm_desc, text), 88),

	IS(sizeof(struct hmmstorm_read), 32),
	IS(offsetof(struct hmmstorm_read, scope), 0),
	IS(offsetof(struct hmmstorm_read, pid), 4),
	IS(offsetof(struct hmmstorm_read, index), 8),
	IS(offsetof(struct hmmstorm_read, nr), 12),
	IS(offsetof(struct hmmstorm_read, ktime_ns), 16),
	IS(offsetof(struct hmmstorm_read, values), 24),

	IS(HMMSTORM_IOC_INTERVALS, 0xc030b91a),
	IS(sizeof(struct hmmstorm_intervals), 48),
	IS(offsetof(struct hmmstorm_intervals, addr), 0),
	IS(offsetof(struct hmmstorm_intervals, bytes), 8),
	IS(offsetof(struct hmmstorm_intervals, stride), 16),
	IS(offsetof(struct hmmstorm_intervals, count), 24),
	IS(offsetof(struct hmmstorm_intervals, pad), 28),
	IS(offsetof(struct hmmstorm_intervals, nr), 32),
	IS(offsetof(struct hmmstorm_intervals, hits), 40),

	IS(HMMSTORM_CUMULATIVE, 1),
	IS(HMMSTORM_PEAK, 2),
	IS(HMMSTORM_INSTANT, 3),
	IS(HMMSTORM_MINE, 1),
	IS(HMMSTORM_TOTAL, 2),
	IS(HMMSTORM_PID, 3),
	IS(HMMSTORM_COUNTER, 1),
	IS(HMMSTORM_HISTOGRAM, 2),
	IS(HMMSTORM_PROBE, 3),
	IS(HMMSTORM_ATTACH_TIMES, 1),
	IS(HMMSTORM_ATTACH_FLAGS, 1),
	IS(HMMSTORM_NAME_LEN, 48),
	IS(HMMSTORM_UNIT_LEN, 16),
	IS(HMMSTORM_TEXT_LEN, 168),
	IS(HMMSTORM_HIST_SUB_BITS, 6),
	IS(HMMSTORM_HIST_BUCKETS, 2048),

	IS(sizeof(struct dmirror_cmd), 40),
	IS(offsetof(struct dmirror_cmd, addr), 0),
	IS(offsetof(struct dmirror_cmd, ptr), 8),
	IS(offsetof(struct dmirror_cmd, npages), 16),
	IS(offsetof(struct dmirror_cmd, cpages), 24),
	IS(offsetof(struct dmirror_cmd, faults), 32),
	IS(DMIRROR_READ, 0xc0284800),
	IS(DMIRROR_WRITE, 0xc0284801),
	IS(DMIRROR_MIGRATE_TO_DEV, 0xc0284802),
	IS(DMIRROR_MIGRATE_TO_SYS, 0xc0284803),
	IS(DMIRROR_SNAPSHOT, 0xc0284804),
	IS(DMIRROR_EXCLUSIVE, 0xc0284805),
	IS(DMIRROR_CHECK_EXCLUSIVE, 0xc0284806),
	IS(DMIRROR_RELEASE, 0xc0284807),
	IS(DMIRROR_PROT_ERROR, 0xff),
	IS(DMIRROR_PROT_READ, 0x01),
	IS(DMIRROR_PROT_WRITE, 0x02),
	IS(DMIRROR_PROT_PMD, 0x04),
	IS(DMIRROR_PROT_PUD, 0x08),
	IS(DMIRROR_PROT_ZERO, 0x10),
	IS(DMIRROR_PROT_DEVICE, 0x20),
};

int main(void)
{
	size_t i;

	for (i = 0; i < sizeof(facts) / sizeof(*facts); i++)
		if (!tap_ok(facts[i].got == facts[i].want, "%s", facts[i].what))
			printf("# it is %#lx\n", facts[i].got);
	return tap_done();
}
