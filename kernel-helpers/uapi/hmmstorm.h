/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * hmmstorm: what /dev/hmmstorm says to user space. The only file that the
 * module and the programs both include.
 *
 * A program opens the device (root only), attaches its own address space and
 * from then on reads counters of what that address space's MMU notifiers, HMM
 * and device-exclusive calls did. The counters describe themselves: HMMSTORM_
 * VERSION says how many there are, HMMSTORM_DESC names each one, HMMSTORM_
 * SNAPSHOT reads all values. A program never needs a list of them.
 *
 * Rules of all calls:
 *  - an (in) field that is not used must be zero, otherwise -EINVAL;
 *  - a call that fails writes nothing back, unless it says otherwise;
 *  - a number below, once given, never changes its meaning; structures grow
 *    only together with HMMSTORM_ABI;
 *  - -ENOTTY: no such call in this version; -EFAULT: bad pointer.
 */
#ifndef _UAPI_HMMSTORM_H
#define _UAPI_HMMSTORM_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define HMMSTORM_ABI 1
#define HMMSTORM_DEVICE "hmmstorm"

/*
 * Latency histograms: log-linear. A value below 64 has a bucket of its own;
 * above, each power of two is divided into 64 equal buckets. So the middle of
 * a bucket is off by at most 1/128 (0.78%) of the value, and 2048 buckets
 * (16 KiB of u64) reach 2^37 ns = 137 s. The last bucket also takes whatever
 * is longer.
 */
#define HMMSTORM_HIST_SUB_BITS 6
#define HMMSTORM_HIST_SUB (1U << HMMSTORM_HIST_SUB_BITS)
#define HMMSTORM_HIST_BUCKETS 2048U

/**
 * hmmstorm_hist_bucket - the bucket of a value
 * @value: in ns, or whatever unit the histogram is kept in
 *
 * Return: its index, below HMMSTORM_HIST_BUCKETS.
 */
static inline __u32 hmmstorm_hist_bucket(__u64 value)
{
	__u32 shift;

	if (value < HMMSTORM_HIST_SUB)
		return (__u32)value;
	if (value >> 37)
		return HMMSTORM_HIST_BUCKETS - 1;
	shift = 63 - HMMSTORM_HIST_SUB_BITS - (__u32)__builtin_clzll(value);
	/* value >> shift is in 64..127: its top bit counts as one more row */
	return shift * HMMSTORM_HIST_SUB + (__u32)(value >> shift);
}

/**
 * hmmstorm_hist_low - the smallest value in a bucket
 * @index: below HMMSTORM_HIST_BUCKETS
 *
 * Return: the value.
 */
static inline __u64 hmmstorm_hist_low(__u32 index)
{
	__u32 row = index >> HMMSTORM_HIST_SUB_BITS;
	__u64 sub = index & (HMMSTORM_HIST_SUB - 1);

	return row ? (HMMSTORM_HIST_SUB + sub) << (row - 1) : sub;
}

/**
 * hmmstorm_hist_high - the largest value in a bucket
 * @index: below HMMSTORM_HIST_BUCKETS
 *
 * Return: the value; the last bucket holds larger ones as well.
 */
static inline __u64 hmmstorm_hist_high(__u32 index)
{
	__u32 row = index >> HMMSTORM_HIST_SUB_BITS;

	return hmmstorm_hist_low(index) + (row ? ((__u64)1 << (row - 1)) : 1) - 1;
}

#endif /* _UAPI_HMMSTORM_H */
