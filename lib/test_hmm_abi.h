/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ABI of the kernel's own test device, restated (facts of
 * lib/test_hmm_uapi.h; the same numbers on 6.1, 6.12 and 7.3, where 7.3 adds
 * FLAGS and READ_UNLOCKED).
 */
#ifndef HMMSTORM_TEST_HMM_ABI_H
#define HMMSTORM_TEST_HMM_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

struct dmirror_cmd {
	__u64 addr;	/* (in) of the mirrored memory, page aligned */
	__u64 ptr;	/* (in) of the caller's buffer */
	__u64 npages;	/* (in) */
	__u64 cpages;	/* (out) pages done */
	__u64 faults;	/* (out) walks made: re-walks are retries */
};

#define DMIRROR_READ _IOWR('H', 0x00, struct dmirror_cmd)
#define DMIRROR_WRITE _IOWR('H', 0x01, struct dmirror_cmd)
#define DMIRROR_MIGRATE_TO_DEV _IOWR('H', 0x02, struct dmirror_cmd)
#define DMIRROR_MIGRATE_TO_SYS _IOWR('H', 0x03, struct dmirror_cmd)
#define DMIRROR_SNAPSHOT _IOWR('H', 0x04, struct dmirror_cmd)
#define DMIRROR_EXCLUSIVE _IOWR('H', 0x05, struct dmirror_cmd)
#define DMIRROR_CHECK_EXCLUSIVE _IOWR('H', 0x06, struct dmirror_cmd)
#define DMIRROR_RELEASE _IOWR('H', 0x07, struct dmirror_cmd)

/* One byte a page from SNAPSHOT: rights in the low bits, then what it is. */
enum {
	DMIRROR_PROT_ERROR = 0xff,
	DMIRROR_PROT_READ = 0x01,
	DMIRROR_PROT_WRITE = 0x02,
	DMIRROR_PROT_PMD = 0x04,
	DMIRROR_PROT_PUD = 0x08,
	DMIRROR_PROT_ZERO = 0x10,
	DMIRROR_PROT_DEVICE = 0x20,	/* and above: device private or coherent */
};

#endif
