/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module's files share: the attached mm, and how to count for it.
 *
 * main.c      the device node and its calls
 * mm.c        attached mms: find, attach, detach, totals
 * counters.c  the table of counters, summed on read
 * hist.c      the table of histograms, likewise
 * observer.c  counts invalidations (an mmu_notifier)
 * probes.c    counts calls of mm functions: what to do on each
 * place.c     how a probe is hooked to its function
 * driver.[ch] whose interval notifier it is
 * page.c      the counters in a page that a program maps
 * cost.c      what the instruments cost, measured by themselves
 * chain.c     retry chains of hmm_range_fault()
 * pte.[ch]    reads the CPU's page table
 * truth.[ch]  what an invalidation changed
 * before.[ch] what truth.c writes down, and its memory
 * delay.[ch]  pauses that widen races
 * mirror.h    the mirror device, in files of its own
 * clock.[ch]  the clock of the counting path
 * debugfs.c   all of it as text
 *
 * To add a counter: a line in enum hs_counter, a line in counters.c, and
 * hs_count() where it happens.
 */
#ifndef HS_HMMSTORM_H
#define HS_HMMSTORM_H

#include <linux/atomic.h>
#include <linux/hash.h>
#include <linux/hashtable.h>
#include <linux/jump_label_ratelimit.h>
#include <linux/list.h>
#include <linux/mm_types.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>

#include "uapi/hmmstorm.h"

/* Three counters an event type, in the order of enum mmu_notifier_event. */
enum hs_inv { HS_INV_EVENTS, HS_INV_PAGES, HS_INV_NONBLOCK, HS_INV_EACH };

#define HS_INV_TYPES (MMU_NOTIFY_EXCLUSIVE + 1)

enum hs_counter {
	HS_INV_FIRST,
	/* one more than the types: an event this module does not know */
	HS_INV_LAST = HS_INV_FIRST + (HS_INV_TYPES + 1) * HS_INV_EACH - 1,
	HS_INV_RELEASE_EVENTS = HS_INV_FIRST + MMU_NOTIFY_RELEASE * HS_INV_EACH +
				HS_INV_EVENTS,
	HS_INV_CLEAR_ONE_PAGE = HS_INV_LAST + 1,
	HS_INV_MIGRATE_OWNED,
	HS_INV_EXCLUSIVE_OWNED,
	HS_INV_UNBOUNDED,
	HS_INV_ACTIVE_PEAK,
	HS_INV_NS,
	HS_INV_UNTIMED,
	HS_READ_BEGIN_CALLS,
	HS_READ_BEGIN_WAITS,
	HS_RANGE_FAULT_CALLS,
	HS_RANGE_FAULT_OK,
	HS_RANGE_FAULT_BUSY,
	HS_RANGE_FAULT_ERROR,
	HS_TRUTH_FIRST,
	/* five classes an event type, see truth.h */
	HS_TRUTH_LAST = HS_TRUTH_FIRST + (HS_INV_TYPES + 1) * 5 - 1,
	HS_TRUTH_PAGES,
	HS_TRUTH_CHANGED,
	HS_TRUTH_GIVEN_UP,
	HS_TRUTH_SPLITS,
	HS_TRUTH_COLLAPSES,
	HS_TRUTH_UNCLASSIFIED,
	HS_TRUTH_ABORTED,
	HS_TRUTH_MISSED,
	HS_TRUTH_NS,
	HS_CHAIN_1,
	HS_CHAIN_2,
	HS_CHAIN_3,
	HS_CHAIN_4,
	HS_CHAIN_8,
	HS_CHAIN_16,
	HS_CHAIN_32,
	HS_CHAIN_MORE,
	HS_CHAIN_PEAK,
	HS_CHAIN_BROKEN,
	HS_CHAIN_UNTRACKED,
	HS_EXCLUSIVE_CALLS,
	HS_EXCLUSIVE_ASKED,
	HS_EXCLUSIVE_PAGES,
	HS_EXCLUSIVE_SHORT,
	HS_EXCLUSIVE_EBUSY,
	HS_EXCLUSIVE_EOPNOTSUPP,
	HS_EXCLUSIVE_EFAULT,
	HS_EXCLUSIVE_ENOENT,
	HS_EXCLUSIVE_EOTHER,
	HS_RESTORE_PAGES,
	HS_RESTORE_RETRIED,
	HS_MIGRATE_SETUP_CALLS,
	HS_FORK_VMAS,
	HS_COST_EVENTS,
	HS_TEST_HMM_ATTEMPTS,
	HS_TEST_HMM_BUSY,
	HS_TEST_HMM_FAULTS,
	HS_TEST_HMM_MAPPED,
	HS_NOUVEAU_ATTEMPTS,
	HS_NOUVEAU_BUSY,
	HS_NOUVEAU_FAULTS,
	HS_NOUVEAU_ATOMIC_FAULTS,
	HS_MIRROR_COMMANDS,
	HS_MIRROR_ATOMICS,
	HS_MIRROR_FAULTS,
	HS_MIRROR_FAULTS_BUSY,
	HS_MIRROR_FAULTS_FAILED,
	HS_MIRROR_FAULT_NS,
	HS_MIRROR_CALL_NS,
	HS_MIRROR_RETRIES,
	HS_MIRROR_MADE_WAY,
	HS_MIRROR_REPLAYS,
	HS_MIRROR_TAKEN_BACK,
	HS_MIRROR_DROPPED,
	HS_MIRROR_HOLDS,
	HS_MIRROR_RESTORED_ASKED,
	HS_MIRROR_RESTORED_EAGER,
	HS_MIRROR_RESTORED_IDLE,
	HS_MIRROR_RESTORED_FULL,
	HS_MIRROR_RESTORED_ADAPTIVE,
	HS_MIRROR_CHAIN_1,
	HS_MIRROR_CHAIN_2,
	HS_MIRROR_CHAIN_3,
	HS_MIRROR_CHAIN_4,
	HS_MIRROR_CHAIN_8,
	HS_MIRROR_CHAIN_16,
	HS_MIRROR_CHAIN_32,
	HS_MIRROR_CHAIN_MORE,
	HS_MIRROR_CHAIN_PEAK,
	HS_NR_STORED,
	/* from here on not stored but looked up: instant values */
	HS_ATTACHED_MMS = HS_NR_STORED,
	HS_MIRROR_CONTEXTS,
	HS_MIRROR_ENGINES,
	HS_MIRROR_PAGES,
	HS_MIRROR_PINNED,
	HS_MIRROR_TABLE,
	HS_DELAYS,
	HS_DELAYS_DEGRADED,
	HS_NR_COUNTERS,
};

enum hs_histogram {
	HS_HIST_INV,
	HS_HIST_READ_BEGIN_WAIT,
	HS_HIST_DEVICE_FAULT,
	HS_HIST_CPU_RESTORE,
	HS_NR_HISTS,
};

struct hs_reserve;

struct hs_counts {
	u64 value[HS_NR_STORED];
};

struct hs_hist {
	u64 bucket[HMMSTORM_HIST_BUCKETS];
};

/* An invalidation between its start and its end. */
struct hs_open {
	const struct mmu_notifier_range *range; /* on the invalidator's stack */
	u64 since;
};

/* A task that hmm_range_fault() has sent back with -EBUSY. */
struct hs_chain {
	struct task_struct *task; /* compared, never followed */
	u32 length;
};

#define HS_OPEN_BITS 6
#define HS_CHAIN_BITS 6
/* Slots tried from the hashed one on before giving up. */
#define HS_SLOT_TRIES 8

/**
 * struct hs_mm - an attached address space
 * @node: in hs_mm_hash while it is counted; RCU
 * @list: in the list of all until its counts are in the totals; hs_mm_lock
 * @mn: times and compares invalidations, if @watched
 * @mm: whose; the mm_struct is held, not its memory: not looked into after exit
 * @limit: end of the address space
 * @probed: @limit; 0 while @mn counts and the probe must not
 * @tgid: who attached it, for people
 * @instance: tells apart the mms of one tgid (exec)
 * @files: open files bound to it; hs_mm_lock
 * @starts: a probe counts its invalidations; hs_mm_lock
 * @watched: @mn is registered, and counts them; set under hs_mm_lock
 * @detaching: mmu_notifier_unregister() calls release() as well: no exit
 * @active: invalidations running now
 * @chains: slots of @chain in use
 * @counts: what was counted
 * @hist: what was timed; NULL if nobody asked
 * @open: invalidations running now, to be timed
 * @chain: retries running now
 * @dentry: mm/<tgid> in debugfs
 * @truth: enum hmmstorm_truth_kind
 * @released: its end has been classified
 * @over: its end has been counted
 * @truth_lock: protects @records
 * @records: invalidations under way, when @truth is on
 * @reserve: memory for them; NULL until @truth is on for the first time
 */
struct hs_mm {
	struct hlist_node node;
	struct list_head list;
	struct mmu_notifier mn;
	struct mm_struct *mm;
	unsigned long limit, probed;
	pid_t tgid;
	unsigned int instance;
	unsigned int files;
	bool starts, watched, detaching;
	atomic_t active;
	atomic_t chains;
	struct hs_counts __percpu *counts;
	struct hs_hist __percpu *hist[HS_NR_HISTS];
	struct hs_open open[1 << HS_OPEN_BITS];
	struct hs_chain chain[1 << HS_CHAIN_BITS];
	struct dentry *dentry;
	u32 truth;
	u32 released;
	bool over;
	spinlock_t truth_lock; /* records */
	struct list_head records;
	struct hs_reserve *reserve;
};

/* Safe from any context, preemptible or not. */
static __always_inline void hs_add(struct hs_mm *hm, enum hs_counter c, u64 n)
{
	this_cpu_add(hm->counts->value[c], n);
}

static __always_inline void hs_count(struct hs_mm *hm, enum hs_counter c)
{
	this_cpu_inc(hm->counts->value[c]);
}

void hs_peak_raise(struct hs_mm *hm, enum hs_counter c, u64 value);

/* Keeps the largest value met; c is of kind HMMSTORM_PEAK. */
static __always_inline void hs_peak(struct hs_mm *hm, enum hs_counter c,
				    u64 value)
{
	if (unlikely(value > this_cpu_read(hm->counts->value[c])))
		hs_peak_raise(hm, c, value);
}

static inline void hs_hist_record(struct hs_hist __percpu *hist, u64 ns)
{
	this_cpu_inc(hist->bucket[hmmstorm_hist_bucket(ns)]);
}

/* mm.c */
#define HS_MM_BITS 8
extern struct hlist_head hs_mm_hash[1 << HS_MM_BITS];

static __always_inline struct hlist_head *hs_mm_head(const struct mm_struct *mm)
{
	return &hs_mm_hash[hash_ptr(mm, HS_MM_BITS)];
}

/* The latest that was attached, or one of no mm: most often it is the one. */
extern struct hs_mm *hs_mm_latest;

struct hs_mm *hs_mm_search(const struct mm_struct *mm);

/*
 * The attached mm, or NULL; stands until preemption is enabled again. Runs in
 * probes, hence the plain reads; hs_mm_detach() waits for whoever has it.
 */
static __always_inline struct hs_mm *hs_mm_find(const struct mm_struct *mm)
{
	struct hs_mm *hm = READ_ONCE(hs_mm_latest);

	return likely(hm->mm == mm) ? hm : hs_mm_search(mm);
}

/*
 * How long code stays as it was patched after the last who needed it so, in
 * jiffies: each change stops all CPUs for a moment, and who comes next soon would
 * wait for it.
 */
#define HS_LINGER (2 * HZ)

/* Anybody is attached: what the mirror device counts costs nothing otherwise. */
extern struct static_key_false_deferred hs_attached;

int hs_mm_attach(struct hs_mm **slot, u32 flags);
/* hm may be NULL; 0 or -errno: from now on its mmu_notifier runs. */
int hs_mm_watch(struct hs_mm *hm);
void hs_mm_detach(struct hs_mm *hm);
void hs_mm_values(const struct hs_mm *hm, u64 *value);
int hs_mm_snapshot(struct hs_mm *mine, u32 scope, pid_t pid, u64 *value);
int hs_mm_histogram(struct hs_mm *mine, u32 scope, pid_t pid,
		    enum hs_histogram which, u64 *bucket);

/* counters.c, hist.c */
struct hs_metric {
	const char *name, *unit, *text;
	enum hmmstorm_kind kind;
};

/* Fills in a description; false: no such index. */
bool hs_counter_describe(u32 index, struct hs_metric *m, char *name);
bool hs_hist_describe(u32 index, struct hs_metric *m);
/* Adds (peaks: takes the larger) what hm counted to value[HS_NR_STORED]. */
void hs_counts_fold(u64 *value, const struct hs_mm *hm);
void hs_hist_fold(u64 *bucket, const struct hs_hist __percpu *hist);

/* observer.c */
extern const struct mmu_notifier_ops hs_observer_ops;

/* page.c */
struct hs_page;
int hs_page_mmap(struct hs_page **slot, struct hs_mm *hm,
		 struct vm_area_struct *vma);
void hs_page_free(struct hs_page *p);

/* cost.c */
struct seq_file;
int hs_cost_show(struct seq_file *m, void *unused);

/* chain.c */
void hs_chain_step(struct hs_mm *hm, int result);

/* debugfs.c */
void hs_debugfs_init(void);
void hs_debugfs_exit(void);
void hs_debugfs_add(struct hs_mm *hm);
void hs_debugfs_remove(struct hs_mm *hm);

#endif /* HS_HMMSTORM_H */
