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

#define HMMSTORM_ABI 4
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

/* Keep latency histograms too, and the results of the calls that are watched
 * (waits, -EBUSY, retry chains): functions are then watched at their return as
 * well, which costs ten times as much a call, and the histograms 16 KiB each and
 * CPU. Counters whose text says "with times" stay 0 otherwise.
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
 *	-ENOENT no such function in this kernel, or the compiler inlined it, or
 *	the module it belongs to is not loaded; -ENODATA it is watched only while
 *	somebody has asked for HMMSTORM_ATTACH_TIMES;
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


/*
 * The mirror device: a device of our own, with a page table of its own, that
 * executes commands on the memory of the process that created it. Design: a
 * driver's, after nouveau, test_hmm and i915; see METHODOLOGY.md.
 *
 * HMMSTORM_IOC_MIRROR makes the open file a device context with up to
 * HMMSTORM_ENGINES_MAX engines. Each engine is a kernel thread with a
 * submission ring, a completion ring and a data area, all in one mapping:
 * mmap(engine_bytes, MAP_SHARED, fd, HMMSTORM_MMAP_ENGINE(i)). Like io_uring:
 * the program fills entries and moves sq_tail, the engine moves sq_head and
 * cq_tail, the program moves cq_head; no system call while the engine is awake.
 * An engine that has had nothing to do for idle_us sets HMMSTORM_RING_SLEEPS and
 * wants HMMSTORM_IOC_ENTER.
 *
 * The commands of one ring are executed in order. A completion ring that is full
 * stops its engine until there is room: nothing is lost.
 */
/* Retry as nouveau does: without restoring an entry that a failed attempt has
 * left exclusive. The next attempt then invalidates itself, and so on, until the
 * time is over or a CPU touches the page.
 */
#define HMMSTORM_MIRROR_NAIVE 0x1U
/* Drop the folio lock and the reference as soon as the page is marked, before the
 * device's entry is written: a CPU or another device may take the page in between.
 * Without it the lock is held until the entry stands, as nouveau does.
 */
#define HMMSTORM_MIRROR_UNLOCKED 0x2U
#define HMMSTORM_MIRROR_FLAGS (HMMSTORM_MIRROR_NAIVE | HMMSTORM_MIRROR_UNLOCKED)

#define HMMSTORM_ENGINES_MAX 64U
#define HMMSTORM_ENTRIES_MAX 4096U
#define HMMSTORM_DATA_MAX (4U << 20)

/**
 * enum hmmstorm_protocol - how a device fault is made safe against invalidations
 * @HMMSTORM_PROTOCOL_PROCESS: sequence of one interval notifier over the whole
 *	address space (test_hmm)
 * @HMMSTORM_PROTOCOL_RANGE: an interval notifier of the page, for the time of the
 *	fault; a plain notifier drops the device's entries (nouveau)
 * @HMMSTORM_PROTOCOL_PIN: the page is pinned instead of marked exclusive; CPU
 *	and device both have it and atomics are locked instructions (i915 userptr)
 */
enum hmmstorm_protocol {
	HMMSTORM_PROTOCOL_PROCESS = 1,
	HMMSTORM_PROTOCOL_RANGE = 2,
	HMMSTORM_PROTOCOL_PIN = 3,
};

/**
 * enum hmmstorm_policy_kind - when the CPU's entry is put back
 * @HMMSTORM_POLICY_LAZY: when the CPU asks for it (fault, fork, GUP)
 * @HMMSTORM_POLICY_EAGER: when the engine has run out of commands
 * @HMMSTORM_POLICY_DEFERRED: when the device has not used the page for idle_us,
 *	or holds more than entries pages: least recently used first
 * @HMMSTORM_POLICY_HOLD: as lazy, but a CPU fault waits until hold_us have
 *	passed since the device got the page
 * @HMMSTORM_POLICY_ADAPTIVE: eager for a page for which the CPU was the next to
 *	come after each of the last eight batches that got it, lazy for others; and a
 *	CPU fault on a page that the batch under way got waits for its end, or until the
 *	device wants another page, or 500 us have passed since it got this one
 */
enum hmmstorm_policy_kind {
	HMMSTORM_POLICY_LAZY = 1,
	HMMSTORM_POLICY_EAGER = 2,
	HMMSTORM_POLICY_DEFERRED = 3,
	HMMSTORM_POLICY_HOLD = 4,
	HMMSTORM_POLICY_ADAPTIVE = 5,
};

/**
 * struct hmmstorm_policy - HMMSTORM_IOC_POLICY, at any time
 * @kind: (in) enum hmmstorm_policy_kind
 * @entries: (in) DEFERRED: most pages held, 1 to 2^32 - 1; else 0
 * @idle_us: (in) DEFERRED: 1 to 10,000,000; else 0
 * @hold_us: (in) HOLD: 1 to 100,000; else 0
 */
struct hmmstorm_policy {
	__u32 kind;
	__u32 entries;
	__u32 idle_us;
	__u32 hold_us;
};

/**
 * struct hmmstorm_mirror - HMMSTORM_IOC_MIRROR: make this file a device context
 * @engines: (in) 1 to HMMSTORM_ENGINES_MAX
 * @entries: (in) of each ring: a power of two, 1 to HMMSTORM_ENTRIES_MAX
 * @data_bytes: (in) of each data area: multiple of the page size, 0 to
 *	HMMSTORM_DATA_MAX
 * @protocol: (in) enum hmmstorm_protocol
 * @fault_batch: (in) 1: each device fault is served by itself; 2 to 256: the
 *	engine collects up to so many faults of its command and the ones behind
 *	it, serves them in order of address, and replays, as a GPU does
 * @timeout_ms: (in) a device fault that has made no progress for so long fails
 *	with -EBUSY; 1 to 60,000 (drivers: HMM_RANGE_DEFAULT_TIMEOUT, 1,000)
 * @idle_us: (in) how long an idle engine polls its ring before it sleeps; 0 to
 *	1,000,000
 * @flags: (in) HMMSTORM_MIRROR_*
 * @policy: (in) to begin with
 * @cpus: (in) address of __s32[engines]: where each is pinned, -1 anywhere; 0:
 *	none is pinned
 * @engine_bytes: (out) length of an engine's mapping
 * @cq_offset: (out) of the completion ring's entries in it (submission entries
 *	begin at HMMSTORM_SQ_OFFSET)
 * @data_offset: (out) of the data area in it
 *
 * Errors: -EBUSY this file is one already; -EOPNOTSUPP the kernel has no
 * device-exclusive memory (CONFIG_DEVICE_PRIVATE), except with PROTOCOL_PIN;
 * -EINVAL; -ENOMEM; -EINTR. The file is then bound to the caller's address
 * space: a child that inherits it can neither map it nor make calls (-EPERM),
 * and after exec or exit every command fails with -ESRCH.
 */
struct hmmstorm_mirror {
	__u32 engines;
	__u32 entries;
	__u32 data_bytes;
	__u32 protocol;
	__u32 fault_batch;
	__u32 timeout_ms;
	__u32 idle_us;
	__u32 flags;
	struct hmmstorm_policy policy;
	__u64 cpus;
	__u32 engine_bytes;
	__u32 cq_offset;
	__u32 data_offset;
	__u32 pad;
};

#define HMMSTORM_MMAP_COUNTERS 0x0ULL
#define HMMSTORM_MMAP_ENGINE(i) (0x100000000ULL + ((__u64)(i) << 26))

/* The engine sleeps: HMMSTORM_IOC_ENTER wakes it. */
#define HMMSTORM_RING_SLEEPS 0x1U
/* The engine has ended (exit, close): no command will be taken any more. */
#define HMMSTORM_RING_ENDED 0x2U

/**
 * struct hmmstorm_ring - at offset 0 of an engine's mapping
 * @sq_tail: the program's: submissions so far; entry n stands at n mod entries
 * @cq_head: the program's: completions taken so far
 * @sq_head: the engine's: submissions taken so far
 * @cq_tail: the engine's: completions given so far
 * @flags: the engine's: HMMSTORM_RING_*
 * @entries: the engine's: how many
 *
 * All counts are modulo 2^32. Each side writes its own words only (store with
 * release, load the other's with acquire); a tail that claims more than
 * @entries submissions is ignored until it is sane. After moving sq_tail, and
 * after a full fence, look at @flags for HMMSTORM_RING_SLEEPS.
 */
struct hmmstorm_ring {
	__u32 sq_tail;
	__u32 cq_head;
	__u32 pad0[14];
	__u32 sq_head;
	__u32 cq_tail;
	__u32 flags;
	__u32 entries;
	__u32 pad1[12];
};

#define HMMSTORM_SQ_OFFSET 4096U

/**
 * enum hmmstorm_op - what a command does
 * @HMMSTORM_OP_NOP: nothing
 * @HMMSTORM_OP_ADD: old + operand
 * @HMMSTORM_OP_SUB: old - operand
 * @HMMSTORM_OP_AND: old & operand
 * @HMMSTORM_OP_OR: old | operand
 * @HMMSTORM_OP_XOR: old ^ operand
 * @HMMSTORM_OP_MIN: the smaller, unsigned
 * @HMMSTORM_OP_MAX: the larger, unsigned
 * @HMMSTORM_OP_XCHG: operand
 * @HMMSTORM_OP_CAS: operand if old == compare, else old
 * @HMMSTORM_OP_READ: @count bytes at @addr into the data area at @operand
 * @HMMSTORM_OP_WRITE: @count bytes of the data area at @operand to @addr
 * @HMMSTORM_OP_FILL: @operand into @count words at @addr
 * @HMMSTORM_OP_MARK: make the @count pages at @addr exclusive (PIN: pinned), as a
 *	fault for an atomic does
 * @HMMSTORM_OP_RESTORE: put the CPU's entries of the @count pages at @addr back,
 *	as an eager policy does; result: pages whose entry was put back
 * @HMMSTORM_OP_CHECK: the device's rights (enum hmmstorm_rights) to the @count
 *	pages at @addr, a byte each, into the data area at @operand; result: how
 *	many are HMMSTORM_RIGHTS_ATOMIC
 * @HMMSTORM_OP_FENCE: wait until every other engine of the context has completed
 *	what was submitted to it before; one that stands at a fence itself has
 *
 * Atomics work on words of @size bytes, naturally aligned. With @count above 1
 * they are a batch: on @count words, @stride bytes apart (0: always the same
 * one; also to be aligned); result is the old value of the last.
 */
enum hmmstorm_op {
	HMMSTORM_OP_NOP = 0,
	HMMSTORM_OP_ADD = 1,
	HMMSTORM_OP_SUB = 2,
	HMMSTORM_OP_AND = 3,
	HMMSTORM_OP_OR = 4,
	HMMSTORM_OP_XOR = 5,
	HMMSTORM_OP_MIN = 6,
	HMMSTORM_OP_MAX = 7,
	HMMSTORM_OP_XCHG = 8,
	HMMSTORM_OP_CAS = 9,
	HMMSTORM_OP_READ = 16,
	HMMSTORM_OP_WRITE = 17,
	HMMSTORM_OP_FILL = 18,
	HMMSTORM_OP_MARK = 19,
	HMMSTORM_OP_RESTORE = 20,
	HMMSTORM_OP_CHECK = 21,
	HMMSTORM_OP_FENCE = 22,
};

enum hmmstorm_rights {
	HMMSTORM_RIGHTS_NONE = 0,
	HMMSTORM_RIGHTS_READ = 1,
	HMMSTORM_RIGHTS_WRITE = 2,
	HMMSTORM_RIGHTS_ATOMIC = 3,
};

/**
 * struct hmmstorm_cmd - a submission
 * @user_data: comes back in the completion
 * @addr: in the address space of the creator
 * @operand: see enum hmmstorm_op
 * @compare: for HMMSTORM_OP_CAS
 * @count: of words, bytes or pages; 1 to 2^24; 0 for NOP and FENCE
 * @stride: bytes, for atomics with count above 1
 * @op: enum hmmstorm_op
 * @size: of a word: 4 or 8, for atomics and FILL; else 0
 * @pad: 0
 */
struct hmmstorm_cmd {
	__u64 user_data;
	__u64 addr;
	__u64 operand;
	__u64 compare;
	__u32 count;
	__u32 stride;
	__u8 op;
	__u8 size;
	__u8 pad[22];
};

/**
 * struct hmmstorm_done - a completion
 * @user_data: of the submission
 * @result: old value; bytes, words or pages done
 * @ns: from taking the submission to this
 * @error: 0, or why it ended early (@done says where): -EINVAL no such command
 *	or bad arguments; -EFAULT nothing mapped there, or no right; -EBUSY no
 *	progress within timeout_ms; -EOPNOTSUPP not anonymous memory; -ENOMEM;
 *	-ESRCH the address space is gone; -ECANCELED the context is closing
 * @faults: device faults that were served
 * @retries: attempts of these that an invalidation (read_retry, -EBUSY) or a
 *	contended page threw away
 * @taken_back: times the page was gone again before the device used it
 * @done: words, bytes or pages that were done
 */
struct hmmstorm_done {
	__u64 user_data;
	__u64 result;
	__u64 ns;
	__s32 error;
	__u32 faults;
	__u32 retries;
	__u32 taken_back;
	__u32 done;
	__u32 pad[5];
};

/**
 * struct hmmstorm_enter - HMMSTORM_IOC_ENTER: wake an engine, or wait for it
 * @engine: (in) index
 * @min_complete: (in) return when so many completions stand in the ring, or when
 *	the engine has ended; 0: at once; at most entries
 * @timeout_ns: (in) or after this time (-ETIME); 0: wait for ever
 *
 * Errors: -EINTR; -ETIME; -EINVAL; -ENODEV not a device context.
 */
struct hmmstorm_enter {
	__u32 engine;
	__u32 min_complete;
	__u64 timeout_ns;
};

#define HMMSTORM_IOC_MIRROR _IOWR(HMMSTORM_IOC_MAGIC, 16, struct hmmstorm_mirror)
#define HMMSTORM_IOC_ENTER _IOW(HMMSTORM_IOC_MAGIC, 17, struct hmmstorm_enter)
#define HMMSTORM_IOC_POLICY _IOW(HMMSTORM_IOC_MAGIC, 18, struct hmmstorm_policy)

/*
 * Ground truth: what each invalidation of an attached address space changed.
 */

/**
 * enum hmmstorm_truth_kind - which pages count as mapped by a device
 * @HMMSTORM_TRUTH_OFF: no comparison
 * @HMMSTORM_TRUTH_MIRROR: those that a mirror context of this address space maps
 * @HMMSTORM_TRUTH_CPU: all that the CPU's page table maps, exclusive entries
 *	included, with the rights the CPU has: for devices whose page table this
 *	module cannot see (test_hmm, nouveau)
 */
enum hmmstorm_truth_kind {
	HMMSTORM_TRUTH_OFF = 0,
	HMMSTORM_TRUTH_MIRROR = 1,
	HMMSTORM_TRUTH_CPU = 2,
};

/**
 * struct hmmstorm_truth - HMMSTORM_IOC_TRUTH, at any time after ATTACH
 * @kind: (in) enum hmmstorm_truth_kind
 * @pad: (in) 0
 */
struct hmmstorm_truth {
	__u32 kind;
	__u32 pad;
};

#define HMMSTORM_IOC_TRUTH _IOW(HMMSTORM_IOC_MAGIC, 24, struct hmmstorm_truth)

/*
 * Delays: pauses that widen a race window, at named places of the mirror device
 * or at any function that can be probed.
 */

/**
 * enum hmmstorm_window - the named places
 * @HMMSTORM_WINDOW_READ_BEGIN: after mmu_interval_read_begin()
 * @HMMSTORM_WINDOW_EXCLUSIVE: after the page was made exclusive (or pinned, or
 *	faulted in), before the device's lock
 * @HMMSTORM_WINDOW_RETRY: before mmu_interval_read_retry(), lock held
 * @HMMSTORM_WINDOW_MAPPED: after the device's entry was written
 * @HMMSTORM_WINDOW_INVALIDATE: in the invalidation callback, before entries drop
 * @HMMSTORM_WINDOW_RESTORE: before a restore by the device
 * @HMMSTORM_WINDOW_SYMBOL: at the entry of the function @symbol names
 */
enum hmmstorm_window {
	HMMSTORM_WINDOW_READ_BEGIN = 0,
	HMMSTORM_WINDOW_EXCLUSIVE = 1,
	HMMSTORM_WINDOW_RETRY = 2,
	HMMSTORM_WINDOW_MAPPED = 3,
	HMMSTORM_WINDOW_INVALIDATE = 4,
	HMMSTORM_WINDOW_RESTORE = 5,
	HMMSTORM_WINDOW_SYMBOL = 6,
};

#define HMMSTORM_WINDOWS 6U /* named ones */

enum hmmstorm_delay_kind {
	HMMSTORM_DELAY_NONE = 0,	/* switches the window's delay off */
	HMMSTORM_DELAY_SPIN = 1,	/* amount ns of busy waiting */
	HMMSTORM_DELAY_PAUSE = 2,	/* amount PAUSE instructions */
	HMMSTORM_DELAY_YIELD = 3,	/* amount times off the run queue and back */
	HMMSTORM_DELAY_PREEMPT = 4,	/* sleep amount ns: another task runs */
};

/* The largest amounts, and symbols at once. */
#define HMMSTORM_DELAY_NS_MAX 10000000U
#define HMMSTORM_DELAY_PAUSES_MAX 1000000U
#define HMMSTORM_DELAY_YIELDS_MAX 1000U
#define HMMSTORM_DELAY_SYMBOLS 8U

/**
 * struct hmmstorm_delay - HMMSTORM_IOC_DELAY: for everyone, until the file that
 *	asked for it closes
 * @window: (in) enum hmmstorm_window
 * @kind: (in) enum hmmstorm_delay_kind; where sleeping is not allowed YIELD and
 *	PREEMPT become PAUSEs (counted: delay_degraded)
 * @amount: (in) from 1 to HMMSTORM_DELAY_*_MAX; 0 for NONE
 * @probability: (in) of a delay at each passage, in 2^-32; 0xffffffff: always
 * @seed: (in) of the sequence of choices; each CPU has its own sequence
 * @symbol: (in) for HMMSTORM_WINDOW_SYMBOL, else empty; at most
 *	HMMSTORM_DELAY_SYMBOLS at once
 *
 * Errors: -EINVAL; -ENOENT no such function; -EBUSY another file has this window
 * or symbol; -ENOSPC; -EOPNOTSUPP no kprobes in this kernel.
 */
struct hmmstorm_delay {
	__u32 window;
	__u32 kind;
	__u64 amount;
	__u32 probability;
	__u32 pad;
	__u64 seed;
	char symbol[64];
};

#define HMMSTORM_IOC_DELAY _IOW(HMMSTORM_IOC_MAGIC, 25, struct hmmstorm_delay)

/*
 * Interval notifiers that only count, as many as asked for: what an invalidation,
 * an insertion and a removal cost in an address space that has them.
 */
#define HMMSTORM_INTERVALS_MAX 1048576U

/**
 * struct hmmstorm_intervals - HMMSTORM_IOC_INTERVALS: of the caller's address space,
 *	until the file closes
 * @addr: (in) where the first one begins
 * @bytes: (in) length of each, not 0
 * @stride: (in) from one to the next
 * @count: (in) how many to add; 0: take all of this file away, the other (in) are 0
 * @pad: (in) 0
 * @nr: (in) 0, (out) how many the file has now
 * @hits: (in) 0, (out) invalidations that they were told so far, added up
 *
 * Errors: -EINVAL; -ENOSPC more than HMMSTORM_INTERVALS_MAX; -ENOMEM; -EINTR. Then
 * none was added.
 */
struct hmmstorm_intervals {
	__u64 addr;
	__u64 bytes;
	__u64 stride;
	__u32 count;
	__u32 pad;
	__u64 nr;
	__u64 hits;
};

#define HMMSTORM_IOC_INTERVALS _IOWR(HMMSTORM_IOC_MAGIC, 26, struct hmmstorm_intervals)

/**
 * struct hmmstorm_page - HMMSTORM_MMAP_COUNTERS: counters without a system call
 * @abi: HMMSTORM_ABI
 * @nr_counters: in @value
 * @interval_ms: how often the values are brought up to date; between, they stand
 * @pad: 0
 * @sequence: odd while they are being written: read it before and after, and
 *	again if it was odd or has changed
 * @ktime_ns: CLOCK_MONOTONIC of the values
 * @value: HMMSTORM_MINE, indexed as in HMMSTORM_IOC_SNAPSHOT
 *
 * Of mmap(length, PROT_READ, MAP_SHARED, fd, HMMSTORM_MMAP_COUNTERS); length is
 * that of all @nr_counters values, rounded up to pages. Errors: -ENODEV the file
 * has not attached; -EPERM for writing; -EINVAL another length; -ENOMEM.
 */
struct hmmstorm_page {
	__u32 abi;
	__u32 nr_counters;
	__u32 interval_ms;
	__u32 pad;
	__u64 sequence;
	__u64 ktime_ns;
	__u64 value[];
};

#endif /* _UAPI_HMMSTORM_H */
