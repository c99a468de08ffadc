/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * hmmstorm: what /dev/hmmstorm says to user space. The only file that the
 * module and the programs both include.
 *
 * A program opens the device (root only), attaches its own address space and
 * from then on reads counters of what that address space's MMU notifiers, HMM
 * and device-exclusive calls did. The counters describe themselves:
 * HMMSTORM_IOC_VERSION says how many there are, HMMSTORM_IOC_DESC names each one,
 * HMMSTORM_IOC_SNAPSHOT reads all values. A program never needs a list of them.
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
#define HMMSTORM_HIST_SUB 64U
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

/*
 * Counters.
 */

/**
 * enum hmmstorm_kind - how to read a value
 * @HMMSTORM_CUMULATIVE: only grows; take the difference of two snapshots
 * @HMMSTORM_PEAK: the largest value met so far
 * @HMMSTORM_INSTANT: the value now
 */
enum hmmstorm_kind {
	HMMSTORM_CUMULATIVE = 1,
	HMMSTORM_PEAK = 2,
	HMMSTORM_INSTANT = 3,
};

/**
 * enum hmmstorm_scope - whose values
 * @HMMSTORM_MINE: of the address space that this open file attached; still
 *	readable when that address space has exited
 * @HMMSTORM_TOTAL: of all attached ones since the module was loaded, those
 *	that are gone included
 * @HMMSTORM_PID: of the attached address space of process @pid
 */
enum hmmstorm_scope {
	HMMSTORM_MINE = 1,
	HMMSTORM_TOTAL = 2,
	HMMSTORM_PID = 3,
};

/**
 * enum hmmstorm_what - what HMMSTORM_IOC_DESC describes
 * @HMMSTORM_COUNTER: a value of HMMSTORM_IOC_SNAPSHOT
 * @HMMSTORM_HISTOGRAM: a histogram of HMMSTORM_IOC_HIST
 * @HMMSTORM_PROBE: a kernel function that the module watches
 */
enum hmmstorm_what {
	HMMSTORM_COUNTER = 1,
	HMMSTORM_HISTOGRAM = 2,
	HMMSTORM_PROBE = 3,
};

/**
 * struct hmmstorm_version - what this module offers
 * @abi: (out) HMMSTORM_ABI; a program refuses any other than its own
 * @nr_counters: (out) values in a snapshot
 * @nr_histograms: (out) histograms
 * @nr_probes: (out) watched kernel functions
 */
struct hmmstorm_version {
	__u32 abi;
	__u32 nr_counters;
	__u32 nr_histograms;
	__u32 nr_probes;
};

/* Keep latency histograms too: costs two clock readings an invalidation and
 * 16 KiB a CPU and histogram.
 */
#define HMMSTORM_ATTACH_TIMES 0x1U
#define HMMSTORM_ATTACH_FLAGS HMMSTORM_ATTACH_TIMES

/**
 * struct hmmstorm_attach - count the caller's address space from now on
 * @flags: (in) HMMSTORM_ATTACH_*
 * @pad: (in) 0
 *
 * The file is then bound to that address space: a child that inherits the file
 * is not counted, nor is the program after exec. Closing the file ends it. Two
 * files may attach the same address space; they see the same values.
 *
 * Errors: -EBUSY this file is attached already; -EINTR a signal came first;
 * -ENOMEM.
 */
struct hmmstorm_attach {
	__u32 flags;
	__u32 pad;
};

#define HMMSTORM_NAME_LEN 48
#define HMMSTORM_UNIT_LEN 16
#define HMMSTORM_TEXT_LEN 168

/**
 * struct hmmstorm_desc - a counter, histogram or probe
 * @what: (in) enum hmmstorm_what
 * @index: (in) below the number that HMMSTORM_IOC_VERSION gave, otherwise -EINVAL
 * @kind: (out) enum hmmstorm_kind; 0 for a probe
 * @error: (out) 0, or why the probe could not be placed (negative errno:
 *	-ENOENT no such function in this kernel, or the compiler inlined it;
 *	-EOPNOTSUPP this kernel has none of the means); counters that hang on a
 *	probe that is not placed stay 0
 * @missed: (out) calls that a placed probe could not count
 * @name: (out) name, or the probe's function
 * @unit: (out) "events", "calls", "pages", "ns"...; for a probe the means:
 *	"ftrace", "fprobe", "kretprobe", "kprobe", "-"
 * @text: (out) one sentence
 *
 * Strings end with NUL.
 */
struct hmmstorm_desc {
	__u32 what;
	__u32 index;
	__u32 kind;
	__s32 error;
	__u64 missed;
	char name[HMMSTORM_NAME_LEN];
	char unit[HMMSTORM_UNIT_LEN];
	char text[HMMSTORM_TEXT_LEN];
};

/**
 * struct hmmstorm_read - values of all counters, or of one histogram
 * @scope: (in) enum hmmstorm_scope
 * @pid: (in) for HMMSTORM_PID the process, as the initial PID namespace
 *	numbers it; 0 otherwise
 * @index: (in) for HMMSTORM_IOC_HIST which histogram; 0 for HMMSTORM_IOC_SNAPSHOT
 * @nr: (in) room in @values, (out) how many were there to write: all counters,
 *	or HMMSTORM_HIST_BUCKETS. The smaller of both was written.
 * @ktime_ns: (out) CLOCK_MONOTONIC when the values were read
 * @values: (in) address of an array of __u64
 *
 * No value is ever torn, and a cumulative one or a peak never decreases from
 * one read to the next. Values of one read belong to moments a few
 * microseconds apart when other CPUs are counting: do not expect sums between
 * counters to hold exactly unless the address space is quiet.
 *
 * Errors: -ENODEV HMMSTORM_MINE on a file that has not attached; -ESRCH no such
 * attached process; -ENODATA this histogram is not kept for this scope
 * (HMMSTORM_ATTACH_TIMES was not asked for); -ENOMEM; -EINTR. After -EFAULT
 * some of @values may have been written.
 */
struct hmmstorm_read {
	__u32 scope;
	__u32 pid;
	__u32 index;
	__u32 nr;
	__u64 ktime_ns;
	__u64 values;
};

#define HMMSTORM_IOC_MAGIC 0xB9
#define HMMSTORM_IOC_VERSION _IOR(HMMSTORM_IOC_MAGIC, 1, struct hmmstorm_version)
#define HMMSTORM_IOC_ATTACH _IOW(HMMSTORM_IOC_MAGIC, 2, struct hmmstorm_attach)
#define HMMSTORM_IOC_DESC _IOWR(HMMSTORM_IOC_MAGIC, 3, struct hmmstorm_desc)
#define HMMSTORM_IOC_SNAPSHOT _IOWR(HMMSTORM_IOC_MAGIC, 4, struct hmmstorm_read)
#define HMMSTORM_IOC_HIST _IOWR(HMMSTORM_IOC_MAGIC, 5, struct hmmstorm_read)

#endif /* _UAPI_HMMSTORM_H */
