// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of counters: what user space is told about each, and their sums.
 */
#include <linux/kernel.h>
#include <linux/preempt.h>
#include <linux/string.h>

#include "hmmstorm.h"
#include "truth.h"

#define COUNTER(id, nm, un, kd, tx) \
	[id] = { .name = nm, .unit = un, .kind = HMMSTORM_##kd, .text = tx }

static const struct hs_metric counters[HS_NR_COUNTERS] = {
	COUNTER(HS_INV_CLEAR_ONE_PAGE, "inv_clear_one_page", "events", CUMULATIVE,
		"CLEAR of one page: on 7.x also what a CPU fault on an exclusive entry raises"),
	COUNTER(HS_INV_MIGRATE_OWNED, "inv_migrate_owned", "events", CUMULATIVE,
		"MIGRATE that names an owner (a device's page map)"),
	COUNTER(HS_INV_EXCLUSIVE_OWNED, "inv_exclusive_owned", "events", CUMULATIVE,
		"EXCLUSIVE that names an owner: marking; without owner: a restore, before 6.15"),
	COUNTER(HS_INV_UNBOUNDED, "inv_unbounded_events", "events", CUMULATIVE,
		"invalidations of the whole address space; their pages are not added"),
	COUNTER(HS_INV_ACTIVE_PEAK, "inv_active_peak", "events", PEAK,
		"most invalidations under way at once, nested ones too; with times or truth"),
	COUNTER(HS_INV_NS, "inv_ns", "ns", CUMULATIVE,
		"time from start to end of the invalidations that were timed"),
	COUNTER(HS_INV_UNTIMED, "inv_untimed_events", "events", CUMULATIVE,
		"invalidations left out of the times: too many at once"),
	COUNTER(HS_READ_BEGIN_CALLS, "read_begin_calls", "calls", CUMULATIVE,
		"mmu_interval_read_begin()"),
	COUNTER(HS_READ_BEGIN_WAITS, "read_begin_waits", "calls", CUMULATIVE,
		"of these, calls that slept until an invalidation had ended; with times"),
	COUNTER(HS_RANGE_FAULT_CALLS, "range_fault_calls", "calls", CUMULATIVE,
		"hmm_range_fault()"),
	COUNTER(HS_RANGE_FAULT_OK, "range_fault_ok", "calls", CUMULATIVE,
		"of these, returned 0; with times, as the two below and the chains"),
	COUNTER(HS_RANGE_FAULT_BUSY, "range_fault_busy", "calls", CUMULATIVE,
		"of these, returned -EBUSY: an invalidation came between"),
	COUNTER(HS_RANGE_FAULT_ERROR, "range_fault_error", "calls", CUMULATIVE,
		"of these, returned another error"),
	COUNTER(HS_TRUTH_PAGES, "truth_pages", "pages", CUMULATIVE,
		"pages that a device mapped in the invalidations compared, each time anew"),
	COUNTER(HS_TRUTH_CHANGED, "truth_changed_pages", "pages", CUMULATIVE,
		"of these, pages whose entry was another one afterwards"),
	COUNTER(HS_TRUTH_GIVEN_UP, "truth_given_up_pages", "pages", CUMULATIVE,
		"of truth_pages, pages that the device had to give up"),
	COUNTER(HS_TRUTH_SPLITS, "truth_thp_splits", "events", CUMULATIVE,
		"invalidations in which a PMD became a table of the same pages"),
	COUNTER(HS_TRUTH_COLLAPSES, "truth_thp_collapses", "events", CUMULATIVE,
		"invalidations in which a table became a PMD"),
	COUNTER(HS_TRUTH_UNCLASSIFIED, "truth_unclassified", "events", CUMULATIVE,
		"invalidations that could not be written down: no memory; 0 in a sound run"),
	COUNTER(HS_TRUTH_ABORTED, "truth_aborted", "events", CUMULATIVE,
		"invalidations that began and were called off by some driver"),
	COUNTER(HS_TRUTH_MISSED, "missed_invalidations", "events", CUMULATIVE,
		"device entries that the CPU's page table no longer allowed; 0, or a bug"),
	COUNTER(HS_TRUTH_NS, "truth_ns", "ns", CUMULATIVE,
		"time spent in comparing"),
	COUNTER(HS_CHAIN_1, "range_fault_chain_1", "chains", CUMULATIVE,
		"a task's hmm_range_fault() calls until 0: the first; read_retry() is not seen"),
	COUNTER(HS_CHAIN_2, "range_fault_chain_2", "chains", CUMULATIVE,
		"likewise: the second call succeeded"),
	COUNTER(HS_CHAIN_3, "range_fault_chain_3", "chains", CUMULATIVE,
		"likewise: the third"),
	COUNTER(HS_CHAIN_4, "range_fault_chain_4", "chains", CUMULATIVE,
		"likewise: the fourth"),
	COUNTER(HS_CHAIN_8, "range_fault_chain_5to8", "chains", CUMULATIVE,
		"likewise: the fifth to eighth"),
	COUNTER(HS_CHAIN_16, "range_fault_chain_9to16", "chains", CUMULATIVE,
		"likewise: the 9th to 16th"),
	COUNTER(HS_CHAIN_32, "range_fault_chain_17to32", "chains", CUMULATIVE,
		"likewise: the 17th to 32nd"),
	COUNTER(HS_CHAIN_MORE, "range_fault_chain_33up", "chains", CUMULATIVE,
		"likewise: the 33rd or a later one"),
	COUNTER(HS_CHAIN_PEAK, "range_fault_chain_peak", "calls", PEAK,
		"longest chain that ended in success"),
	COUNTER(HS_CHAIN_BROKEN, "range_fault_chain_broken", "chains", CUMULATIVE,
		"chains of two or more calls that ended in another error"),
	COUNTER(HS_CHAIN_UNTRACKED, "range_fault_chain_untracked", "calls", CUMULATIVE,
		"-EBUSY results left out of the chains: too many tasks retry at once"),
	COUNTER(HS_EXCLUSIVE_CALLS, "exclusive_calls", "calls", CUMULATIVE,
		"make_device_exclusive(), before 6.15 make_device_exclusive_range()"),
	COUNTER(HS_EXCLUSIVE_ASKED, "exclusive_pages_asked", "pages", CUMULATIVE,
		"pages these calls asked for"),
	COUNTER(HS_EXCLUSIVE_PAGES, "exclusive_pages", "pages", CUMULATIVE,
		"pages they got; since 6.15 with times"),
	COUNTER(HS_EXCLUSIVE_SHORT, "exclusive_short", "calls", CUMULATIVE,
		"before 6.15: calls without an error that got fewer (one was locked, a THP tail)"),
	COUNTER(HS_EXCLUSIVE_EBUSY, "exclusive_ebusy", "calls", CUMULATIVE,
		"calls that returned -EBUSY; since 6.15 with times, as the others"),
	COUNTER(HS_EXCLUSIVE_EOPNOTSUPP, "exclusive_eopnotsupp", "calls", CUMULATIVE,
		"calls that returned -EOPNOTSUPP (not anonymous memory, hugetlb)"),
	COUNTER(HS_EXCLUSIVE_EFAULT, "exclusive_efault", "calls", CUMULATIVE,
		"calls that returned -EFAULT (no mapping, or not writable)"),
	COUNTER(HS_EXCLUSIVE_ENOENT, "exclusive_enoent", "calls", CUMULATIVE,
		"calls that returned -ENOENT"),
	COUNTER(HS_EXCLUSIVE_EOTHER, "exclusive_eother", "calls", CUMULATIVE,
		"calls that returned another error"),
	COUNTER(HS_RESTORE_PAGES, "restore_pages", "pages", CUMULATIVE,
		"restore_exclusive_pte(): entries given back to the CPU, by fault or fork"),
	COUNTER(HS_RESTORE_RETRIED, "restore_retried", "calls", CUMULATIVE,
		"CPU faults on an exclusive entry begun anew, folio locked; with times"),
	COUNTER(HS_TEST_HMM_ATTEMPTS, "test_hmm_attempts", "attempts", CUMULATIVE,
		"test_hmm: mmu_interval_read_begin() in its fault and snapshot loops"),
	COUNTER(HS_TEST_HMM_BUSY, "test_hmm_busy", "attempts", CUMULATIVE,
		"test_hmm: of these, thrown away by -EBUSY of hmm_range_fault(); with times"),
	COUNTER(HS_TEST_HMM_FAULTS, "test_hmm_faults", "calls", CUMULATIVE,
		"test_hmm: device faults, dmirror_fault(), of the caller; with times"),
	COUNTER(HS_TEST_HMM_MAPPED, "test_hmm_mapped", "attempts", CUMULATIVE,
		"test_hmm: attempts that passed read_retry, dmirror_do_fault(); with times"),
	COUNTER(HS_NOUVEAU_ATTEMPTS, "nouveau_attempts", "attempts", CUMULATIVE,
		"nouveau: mmu_interval_read_begin() in its fault loops"),
	COUNTER(HS_NOUVEAU_BUSY, "nouveau_busy", "attempts", CUMULATIVE,
		"nouveau: of these, thrown away by -EBUSY of hmm_range_fault(); with times"),
	COUNTER(HS_NOUVEAU_FAULTS, "nouveau_faults", "calls", CUMULATIVE,
		"nouveau: GPU faults to read, write, prefetch; with times"),
	COUNTER(HS_NOUVEAU_ATOMIC_FAULTS, "nouveau_atomic_faults", "calls", CUMULATIVE,
		"nouveau: GPU faults for atomics; with times"),
	COUNTER(HS_MIGRATE_SETUP_CALLS, "migrate_setup_calls", "calls", CUMULATIVE,
		"migrate_vma_setup()"),
	COUNTER(HS_FORK_VMAS, "fork_vmas", "calls", CUMULATIVE,
		"copy_page_range(): mappings whose page tables fork() copied"),
	COUNTER(HS_COST_EVENTS, "cost_events", "calls", CUMULATIVE,
		"made by debugfs cost to measure what a counted call costs"),
	COUNTER(HS_MIRROR_COMMANDS, "mirror_commands", "commands", CUMULATIVE,
		"mirror device: commands executed"),
	COUNTER(HS_MIRROR_ATOMICS, "mirror_atomics", "operations", CUMULATIVE,
		"mirror device: atomics executed, each of a batch"),
	COUNTER(HS_MIRROR_FAULTS, "mirror_faults", "faults", CUMULATIVE,
		"mirror device: faults served, each page by itself"),
	COUNTER(HS_MIRROR_FAULTS_BUSY, "mirror_faults_busy", "faults", CUMULATIVE,
		"of these, ended without progress (timeout_ms), or a THP tail page before 6.15"),
	COUNTER(HS_MIRROR_FAULTS_FAILED, "mirror_faults_failed", "faults", CUMULATIVE,
		"of these, ended with another error"),
	COUNTER(HS_MIRROR_FAULT_NS, "mirror_fault_ns", "ns", CUMULATIVE,
		"time in these faults"),
	COUNTER(HS_MIRROR_CALL_NS, "mirror_call_ns", "ns", CUMULATIVE,
		"of it, in make_device_exclusive(), hmm_range_fault() or pin_user_pages_remote()"),
	COUNTER(HS_MIRROR_RETRIES, "mirror_retries", "attempts", CUMULATIVE,
		"mirror device: attempts thrown away: read_retry, -EBUSY, a locked page"),
	COUNTER(HS_MIRROR_MADE_WAY, "mirror_made_way", "pages", CUMULATIVE,
		"pages exclusive but not mapped that were restored before they were marked"),
	COUNTER(HS_MIRROR_REPLAYS, "mirror_replays", "batches", CUMULATIVE,
		"mirror device: batches of faults (fault_batch above 1)"),
	COUNTER(HS_MIRROR_TAKEN_BACK, "mirror_taken_back", "events", CUMULATIVE,
		"mirror device: a page that was gone again before it was used"),
	COUNTER(HS_MIRROR_DROPPED, "mirror_dropped_pages", "pages", CUMULATIVE,
		"mirror device: entries dropped by invalidations, and at the end"),
	COUNTER(HS_MIRROR_HOLDS, "mirror_holds", "events", CUMULATIVE,
		"policy hold: invalidations made to wait"),
	COUNTER(HS_MIRROR_RESTORED_ASKED, "mirror_restored_asked", "pages", CUMULATIVE,
		"pages given back to the CPU by HMMSTORM_OP_RESTORE"),
	COUNTER(HS_MIRROR_RESTORED_EAGER, "mirror_restored_eager", "pages", CUMULATIVE,
		"pages given back by policy eager"),
	COUNTER(HS_MIRROR_RESTORED_IDLE, "mirror_restored_idle", "pages", CUMULATIVE,
		"pages given back by policy deferred as the device did not use them"),
	COUNTER(HS_MIRROR_RESTORED_FULL, "mirror_restored_full", "pages", CUMULATIVE,
		"pages given back by policy deferred as the device held too many"),
	COUNTER(HS_MIRROR_RESTORED_ADAPTIVE, "mirror_restored_adaptive", "pages", CUMULATIVE,
		"pages given back by policy adaptive"),
	COUNTER(HS_MIRROR_CHAIN_1, "mirror_chain_1", "faults", CUMULATIVE,
		"mirror device: faults whose first attempt succeeded"),
	COUNTER(HS_MIRROR_CHAIN_2, "mirror_chain_2", "faults", CUMULATIVE,
		"likewise: the second"),
	COUNTER(HS_MIRROR_CHAIN_3, "mirror_chain_3", "faults", CUMULATIVE,
		"likewise: the third"),
	COUNTER(HS_MIRROR_CHAIN_4, "mirror_chain_4", "faults", CUMULATIVE,
		"likewise: the fourth"),
	COUNTER(HS_MIRROR_CHAIN_8, "mirror_chain_5to8", "faults", CUMULATIVE,
		"likewise: the fifth to eighth"),
	COUNTER(HS_MIRROR_CHAIN_16, "mirror_chain_9to16", "faults", CUMULATIVE,
		"likewise: the 9th to 16th"),
	COUNTER(HS_MIRROR_CHAIN_32, "mirror_chain_17to32", "faults", CUMULATIVE,
		"likewise: the 17th to 32nd"),
	COUNTER(HS_MIRROR_CHAIN_MORE, "mirror_chain_33up", "faults", CUMULATIVE,
		"likewise: the 33rd or a later one"),
	COUNTER(HS_MIRROR_CHAIN_PEAK, "mirror_chain_peak", "attempts", PEAK,
		"most attempts of a fault that succeeded"),
	COUNTER(HS_ATTACHED_MMS, "attached_mms", "mms", INSTANT,
		"address spaces attached now"),
	COUNTER(HS_MIRROR_CONTEXTS, "mirror_contexts", "contexts", INSTANT,
		"mirror device: contexts now, of all processes"),
	COUNTER(HS_MIRROR_ENGINES, "mirror_engines", "engines", INSTANT,
		"mirror device: engines now, of all processes"),
	COUNTER(HS_MIRROR_PAGES, "mirror_pages", "pages", INSTANT,
		"mirror device: pages mapped now, of all processes"),
	COUNTER(HS_MIRROR_PINNED, "mirror_pinned_pages", "pages", INSTANT,
		"mirror device: pages pinned now, of all processes"),
	COUNTER(HS_MIRROR_TABLE, "mirror_table_bytes", "bytes", INSTANT,
		"mirror device: memory of the page tables now, of all processes"),
	COUNTER(HS_DELAYS, "delays", "pauses", CUMULATIVE,
		"pauses of HMMSTORM_IOC_DELAY, of all processes"),
	COUNTER(HS_DELAYS_DEGRADED, "delays_degraded", "pauses", CUMULATIVE,
		"of these, PAUSEs in place of a sleep, where sleeping is not allowed"),
};

static const char *const inv_types[HS_INV_TYPES + 1] = {
	[MMU_NOTIFY_UNMAP] = "unmap",
	[MMU_NOTIFY_CLEAR] = "clear",
	[MMU_NOTIFY_PROTECTION_VMA] = "protection_vma",
	[MMU_NOTIFY_PROTECTION_PAGE] = "protection_page",
	[MMU_NOTIFY_SOFT_DIRTY] = "soft_dirty",
	[MMU_NOTIFY_RELEASE] = "release",
	[MMU_NOTIFY_MIGRATE] = "migrate",
	[MMU_NOTIFY_EXCLUSIVE] = "exclusive",
	[HS_INV_TYPES] = "unknown",
};

static const struct hs_metric inv_each[HS_INV_EACH] = {
	COUNTER(HS_INV_EVENTS, "events", "events", CUMULATIVE,
		"invalidations of this mmu_notifier_event"),
	COUNTER(HS_INV_PAGES, "pages", "pages", CUMULATIVE,
		"pages in the ranges of these"),
	COUNTER(HS_INV_NONBLOCK, "nonblock_events", "events", CUMULATIVE,
		"of these, not blockable (the OOM reaper)"),
};

static const struct hs_metric truth_each[HS_TRUTH_CLASSES] = {
	COUNTER(HS_FP0, "fp0", "events", CUMULATIVE,
		"invalidations of this type: no page in the range that a device maps"),
	COUNTER(HS_FP1, "fp1", "events", CUMULATIVE,
		"likewise: pages that a device maps, every entry the same afterwards"),
	COUNTER(HS_FP2, "fp2", "events", CUMULATIVE,
		"likewise: an entry changed, the device's rights to none"),
	COUNTER(HS_FP3, "fp3", "events", CUMULATIVE,
		"likewise: the device had to give up some, but not all it maps there"),
	COUNTER(HS_TP, "tp", "events", CUMULATIVE,
		"likewise: the device had to give up all it maps there"),
};

/* A name put together from the event's type and what is counted of it. */
static void describe_each(struct hs_metric *m, char *name, const char *prefix,
			  const struct hs_metric *each, u32 nr, u32 i)
{
	*m = each[i % nr];
	snprintf(name, HMMSTORM_NAME_LEN, "%s_%s_%s", prefix, inv_types[i / nr],
		 m->name);
	m->name = name;
}

/**
 * hs_counter_describe - what a counter is
 * @index: which
 * @m: filled in
 * @name: HMMSTORM_NAME_LEN bytes, where a name is put together if need be
 *
 * Return: false if there is no such counter.
 */
bool hs_counter_describe(u32 index, struct hs_metric *m, char *name)
{
	BUILD_BUG_ON(HS_TRUTH_CLASSES != 5);
	BUILD_BUG_ON(HS_INV_FIRST != 0);
	if (index >= HS_NR_COUNTERS)
		return false;
	if (index <= HS_INV_LAST)
		describe_each(m, name, "inv", inv_each, HS_INV_EACH,
			      index - HS_INV_FIRST);
	else if (index >= HS_TRUTH_FIRST && index <= HS_TRUTH_LAST)
		describe_each(m, name, "truth", truth_each, HS_TRUTH_CLASSES,
			      index - HS_TRUTH_FIRST);
	else
		*m = counters[index];
	return true;
}

/* hs_peak_raise - hs_peak(), out of line as it is rare. */
void hs_peak_raise(struct hs_mm *hm, enum hs_counter c, u64 value)
{
	/* compared once more: the task may have moved to another CPU */
	preempt_disable();
	if (value > this_cpu_read(hm->counts->value[c]))
		this_cpu_write(hm->counts->value[c], value);
	preempt_enable();
}

/*
 * Each per-CPU value is an aligned u64 that only grows and that its CPU writes
 * with one store: the sum cannot be torn, nor decrease. All possible CPUs, so
 * that one that went offline keeps its share.
 */
void hs_counts_fold(u64 *value, const struct hs_mm *hm)
{
	u64 v;
	int cpu, i;

	for_each_possible_cpu(cpu) {
		for (i = 0; i < HS_NR_STORED; i++) {
			v = READ_ONCE(per_cpu_ptr(hm->counts, cpu)->value[i]);
			if (counters[i].kind == HMMSTORM_PEAK)
				value[i] = max(value[i], v);
			else
				value[i] += v;
		}
	}
}
