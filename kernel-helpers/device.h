/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mirror device from within: contexts, their page table, their engines.
 *
 * Locks, outer first: the fault lock of a page; mmap_lock; a folio lock; then
 * hs_mirror.lock, a spinlock, which every reader and writer of the device's page
 * table holds and which invalidation takes too: an entry that is seen under it
 * stands until it is released, and so does the page, which nobody pins.
 */
#ifndef HS_DEVICE_H
#define HS_DEVICE_H

#include <linux/list.h>
#include <linux/mmu_notifier.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "mirror.h"

/*
 * An entry of the device's page table. An unmapped page keeps its history.
 */
#define HS_ENTRY_RIGHTS 0x3ULL /* enum hmmstorm_rights */
#define HS_ENTRY_LISTED BIT_ULL(2) /* in the list of engine HS_ENTRY_ENGINE */
#define HS_ENTRY_GIVEN BIT_ULL(4) /* adaptive: put back at a batch's end */
#define HS_ENTRY_PINNED BIT_ULL(5) /* the device holds a pin */
#define HS_ENTRY_LEFT BIT_ULL(6) /* taken from the device, maybe exclusive still */
#define HS_ENTRY_BATCH GENMASK_ULL(11, 7) /* adaptive: the engine's, that got it */
#define HS_ENTRY_PFN GENMASK_ULL(51, 12)
#define HS_ENTRY_SCORE GENMASK_ULL(55, 52) /* adaptive: how often in turn the CPU was next */
#define HS_ENTRY_ENGINE GENMASK_ULL(61, 56)

/*
 * Adaptive: a page is put back at the end of a batch once the CPU was the next to
 * come for it so many times in turn. On total work a restore by the device gains
 * nothing that a CPU fault would not, and is lost if the device is next: it must be
 * nearly certain.
 */
#define HS_SCORE_RESTORE 8
/* The longest that adaptive makes a CPU wait: as long as people hold pages. */
#define HS_ADAPTIVE_HOLD_US 500

/* A page table's leaf covers as much as a PMD does. */
#define HS_LEAF_BITS 9
#define HS_LEAF_PAGES BIT(HS_LEAF_BITS)
#define HS_LEAF_SHIFT (PAGE_SHIFT + HS_LEAF_BITS)
#define HS_NO_PAGE U32_MAX

struct hs_link {
	u32 prev, next; /* id of the leaf, then the page in it */
};

/**
 * struct hs_leaf - HS_LEAF_PAGES pages; lives as long as its context
 * @base: address of the first
 * @id: place in hs_mirror.leaf
 * @entry: HS_ENTRY_*
 * @link: neighbours of a listed page
 * @stamp: when the device got or (deferred policy) last used it; hs_stamp()
 *
 * In three allocations, so that a page takes 8 + 8 + 4 bytes and none is lost to
 * rounding.
 */
struct hs_leaf {
	unsigned long base;
	u32 id;
	u64 *entry;
	struct hs_link *link;
	u32 *stamp;
};

/* Where a page stands in the table. */
struct hs_slot {
	struct hs_leaf *leaf;
	unsigned int i;
};

/* Pages that an engine got exclusive or pinned, least recently used first. */
struct hs_list {
	u32 first, last;
};

/* What a command has gone through. */
struct hs_work {
	u32 faults, retries, taken_back;
};

/**
 * struct hs_engine - a thread that executes commands
 * @m: its context
 * @index: which of the context's engines
 * @task: the thread
 * @ring: start of the mapping, shared with the program
 * @sq: in it, submissions
 * @cq: in it, completions
 * @data: in it, the data area; NULL if it is empty
 * @sq_head: ours, the truth; what stands in @ring is a copy for the program
 * @cq_tail: likewise
 * @leaf: the one used last
 * @wake: where the engine sleeps
 * @done: where ENTER sleeps
 * @want_lock: protects writers of @want
 * @want: wake @done when cq_tail gets here
 * @waiters: calls of ENTER that wait
 * @fenced: stands at a fence
 * @busy: a batch is under way; read by others
 * @batches: ended; read by others
 * @dice: which restores adaptive looks after
 * @commands: executed, not yet counted
 * @atomics: likewise
 */
struct hs_engine {
	struct hs_mirror *m;
	unsigned int index;
	struct task_struct *task;
	struct hmmstorm_ring *ring;
	struct hmmstorm_cmd *sq;
	struct hmmstorm_done *cq;
	void *data;
	u32 sq_head, cq_tail;
	struct hs_leaf *leaf;
	wait_queue_head_t wake, done;
	spinlock_t want_lock; /* writers of want */
	u32 want;
	atomic_t waiters;
	bool fenced, busy;
	u32 batches, dice;
	u64 commands, atomics;
};

#define HS_FAULT_LOCK_BITS 5

/**
 * struct hs_mirror - a device context; its address is the owner of the entries
 *	that it marks
 * @node: in the list of all; RCU
 * @mm: whose memory; the struct is held, not the memory
 * @sub: interval notifier of the whole address space (PROCESS, PIN)
 * @mn: plain notifier (RANGE)
 * @lock: protects the page table, the lists, @held and the sequence
 * @leaves: by address
 * @leaf: by id
 * @nr_leaves: how many
 * @room: for how many @leaf has room
 * @grow: serialises additions to @leaves
 * @list: an engine's listed pages each
 * @held: pages in all lists
 * @fault_lock: one fault a page at a time
 * @policy: as set
 * @idle: DEFERRED: looks for pages that the device has not used for long
 * @naive: HMMSTORM_MIRROR_NAIVE
 * @unlocked: HMMSTORM_MIRROR_UNLOCKED
 * @closing: no more faults
 * @registered: @sub or @mn is
 * @listed: @node is
 * @engine: the engines
 */
struct hs_mirror {
	struct list_head node;
	struct mm_struct *mm;
	struct mmu_interval_notifier sub;
	struct mmu_notifier mn;
	spinlock_t lock; /* the page table, the lists, the sequence */
	/* where CPU faults are made to wait, and how often they were let go */
	wait_queue_head_t pause;
	u32 let_go;
	struct xarray leaves;
	struct hs_leaf **leaf;
	u32 nr_leaves, room;
	struct mutex grow; /* additions to leaves */
	struct hs_list list[HMMSTORM_ENGINES_MAX];
	unsigned long held;
	/* one fault a page at a time */
	struct mutex fault_lock[1 << HS_FAULT_LOCK_BITS];
	struct hmmstorm_policy policy;
	struct delayed_work idle;
	bool naive, unlocked, closing, registered, listed;
	u32 engines, entries, data_bytes, protocol, fault_batch, timeout_ms, idle_us;
	u32 cq_offset, data_offset, engine_bytes;
	struct hs_engine engine[];
};

/* About a microsecond; wraps after 73 minutes, compare by difference. */
u32 hs_stamp(void);

static inline enum hmmstorm_rights hs_rights(u64 entry)
{
	return entry & HS_ENTRY_RIGHTS;
}

/* Taken from the CPU: a pinned page is the CPU's too, whatever its rights. */
static inline bool hs_is_exclusive(u64 entry)
{
	return (entry & (HS_ENTRY_RIGHTS | HS_ENTRY_PINNED)) ==
	       HMMSTORM_RIGHTS_ATOMIC;
}

static inline unsigned long hs_pfn(u64 entry)
{
	return (entry & HS_ENTRY_PFN) >> 12;
}

static inline bool hs_slot_find(struct hs_mirror *m, unsigned long addr,
				struct hs_slot *s)
{
	s->leaf = xa_load(&m->leaves, addr >> HS_LEAF_SHIFT);
	s->i = (addr >> PAGE_SHIFT) & (HS_LEAF_PAGES - 1);
	return s->leaf;
}

static inline u64 *hs_entry(const struct hs_slot *s)
{
	return &s->leaf->entry[s->i];
}

static inline unsigned long hs_slot_addr(const struct hs_slot *s)
{
	return s->leaf->base + ((unsigned long)s->i << PAGE_SHIFT);
}

static inline bool hs_slot_first(struct hs_mirror *m, unsigned int engine,
				 struct hs_slot *s)
{
	u32 id = m->list[engine].first;

	if (id == HS_NO_PAGE)
		return false;
	s->leaf = m->leaf[id >> HS_LEAF_BITS];
	s->i = id & (HS_LEAF_PAGES - 1);
	return true;
}

/* table.c; all but hs_table_reserve() and hs_table_free() with m->lock held */
int hs_table_reserve(struct hs_mirror *m, unsigned long addr, struct hs_slot *s);
void hs_table_free(struct hs_mirror *m);
u64 hs_table_map(struct hs_mirror *m, const struct hs_slot *s,
		 unsigned int engine, u64 entry);
u64 hs_table_unmap(struct hs_mirror *m, const struct hs_slot *s);
void hs_table_touch(struct hs_mirror *m, const struct hs_slot *s,
		    unsigned int engine);
void hs_table_score(const struct hs_slot *s, bool cpu_next);
u64 hs_table_batches(struct hs_mirror *m, u64 entry);
void hs_table_drop(struct hs_mirror *m, unsigned long start, unsigned long end,
		   bool by_cpu);
void hs_unpin(u64 entry);

/* fault.c */
int hs_fault(struct hs_engine *e, unsigned long addr,
	     enum hmmstorm_rights rights, bool again, struct hs_work *work);
extern const struct mmu_interval_notifier_ops hs_process_ops;
extern const struct mmu_notifier_ops hs_range_ops;

/* restore.c */
bool hs_restore_page(struct hs_mirror *m, unsigned long addr);
void hs_policy_command(struct hs_engine *e);
void hs_policy_batch(struct hs_engine *e);
void hs_policy_idle(struct work_struct *work);
void hs_policy_set(struct hs_mirror *m, const struct hmmstorm_policy *p);
bool hs_policy_valid(const struct hmmstorm_policy *p);
void hs_policy_let_go(struct hs_mirror *m);
void hs_policy_hold(struct hs_mirror *m, const struct mmu_notifier_range *range);

/* engine.c */
int hs_engine_run(void *engine);
int hs_engine_wait(struct hs_engine *e, u32 min, u64 timeout_ns);
void hs_engine_flush(struct hs_engine *e);
bool hs_engine_peek(const struct hs_engine *e, u32 ahead,
		    struct hmmstorm_cmd *cmd);

/* replay.c */
void hs_replay_serve(struct hs_engine *e, const struct hmmstorm_cmd *cmd,
		     u32 done, struct hs_work *work);

/* mirror.c: counts for the context's mm, if that is attached */
void hs_mirror_add_slow(const struct hs_mirror *m, enum hs_counter c, u64 n);
extern atomic_long_t hs_mirror_pages, hs_mirror_pins, hs_mirror_table;

/* One instruction while nobody is attached. */
static __always_inline void hs_mirror_add(const struct hs_mirror *m,
					  enum hs_counter c, u64 n)
{
	if (static_branch_unlikely(&hs_attached.key))
		hs_mirror_add_slow(m, c, n);
}

static __always_inline void hs_mirror_count(const struct hs_mirror *m,
					    enum hs_counter c)
{
	hs_mirror_add(m, c, 1);
}

#endif /* HS_DEVICE_H */
