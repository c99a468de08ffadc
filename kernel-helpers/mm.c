// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attached mms: who is counted, and for how long.
 *
 * An hs_mm lives from the first ATTACH of an mm to the close of the last file
 * that is bound to it. That is longer than the mm's memory (a program may exit
 * or exec and a child with the inherited file still read) but never longer
 * than the mm_struct, which it holds: so the address that we hash and compare
 * cannot become another mm's meanwhile.
 *
 * Lock order: hs_mm_lock, then mmap_lock.
 * Nothing here may be called with mmap_lock held, hence no copying to user
 * space under hs_mm_lock is needed either.
 */
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "mirror.h"
#include "probe.h"
#include "truth.h"

DEFINE_STATIC_KEY_DEFERRED_FALSE(hs_attached, HS_LINGER);

struct hlist_head hs_mm_hash[1 << HS_MM_BITS];

static struct hs_mm nobody = { .mm = (struct mm_struct *)-1L };
struct hs_mm *hs_mm_latest = &nobody;

static DEFINE_MUTEX(hs_mm_lock); /* protects what follows, and hs_mm_hash */
static LIST_HEAD(hs_mms);
static u64 gone_counts[HS_NR_STORED]; /* of mms no longer in the list */
static struct hs_hist gone_hist[HS_NR_HISTS];

/* By the probe; while no notifier does. */
static void count_starts(struct hs_mm *hm, bool on)
{
	if (hm->starts == on)
		return;
	hm->starts = on;
	if (on)
		hs_probes_want(HS_WANT_STARTS);
	else
		hs_probes_drop(HS_WANT_STARTS);
}

static void free_mm(struct hs_mm *hm)
{
	int i;

	hs_truth_free(hm);
	count_starts(hm, false);
	if (hm->hist[0])
		hs_probes_drop(HS_WANT_TIMES);
	hs_probes_drop(HS_WANT_COUNTS);
	for (i = 0; i < HS_NR_HISTS; i++)
		free_percpu(hm->hist[i]);
	free_percpu(hm->counts);
	mmdrop(hm->mm);
	kfree(hm);
	static_branch_slow_dec_deferred(&hs_attached);
}

/* With hs_mm_lock; the caller holds mm's memory. */
static int watch(struct hs_mm *hm)
{
	int ret;

	if (hm->watched)
		return 0;
	/* mm_take_all_locks(): no invalidation is under way when it returns,
	 * so each end that we shall see has a start that we saw. From the probe
	 * to the notifier with mmap_lock held: nobody who needs it is between
	 * the two.
	 */
	mmap_write_lock(hm->mm);
	ret = __mmu_notifier_register(&hm->mn, hm->mm);
	if (!ret)
		WRITE_ONCE(hm->probed, 0);
	mmap_write_unlock(hm->mm);
	if (ret)
		return ret;
	hm->watched = true;
	count_starts(hm, false);
	return 0;
}

/* hs_mm_search - hs_mm_find() when it is not the latest. */
struct hs_mm *hs_mm_search(const struct mm_struct *mm)
{
	struct hs_mm *hm;

	hlist_for_each_entry_rcu_notrace(hm, hs_mm_head(mm), node) {
		if (hm->mm == mm)
			return hm;
	}
	return NULL;
}

/* Waits for callbacks; nobody else can watch it any more. */
static void unwatch(struct hs_mm *hm)
{
	WRITE_ONCE(hm->detaching, true);
	if (hm->watched)
		mmu_notifier_unregister(&hm->mn, hm->mm);
	hm->watched = false;
}

/**
 * hs_mm_watch - see start and end of each invalidation from now on
 * @hm: the mm, or NULL
 *
 * Return: 0, -ENODEV, -ESRCH: its memory is gone, -EINTR, -ENOMEM.
 */
int hs_mm_watch(struct hs_mm *hm)
{
	int ret = -EINTR;

	if (!hm)
		return -ENODEV;
	if (!mmget_not_zero(hm->mm))
		return -ESRCH;
	if (!mutex_lock_interruptible(&hs_mm_lock)) {
		ret = watch(hm);
		mutex_unlock(&hs_mm_lock);
	}
	mmput(hm->mm);
	return ret;
}

/* What another file wanted before, stays. The first histogram goes last. */
static int keep_times(struct hs_mm *hm)
{
	struct hs_hist __percpu *hist;
	int i, ret = watch(hm);

	if (ret)
		return ret;
	for (i = HS_NR_HISTS - 1; i >= 0; i--) {
		if (hm->hist[i])
			continue;
		hist = alloc_percpu(struct hs_hist);
		if (!hist)
			return -ENOMEM;
		if (!i)
			hs_probes_want(HS_WANT_TIMES);
		/* pairs with the data dependency in the observer and probes */
		smp_store_release(&hm->hist[i], hist);
	}
	return 0;
}

static unsigned int next_instance(pid_t tgid)
{
	unsigned int instance = 0;
	struct hs_mm *hm;

	list_for_each_entry(hm, &hs_mms, list) {
		if (hm->tgid == tgid && hm->instance >= instance)
			instance = hm->instance + 1;
	}
	return instance;
}

/*
 * The kernel calls nobody, not even what our probe hangs on, for an mm that never
 * had a notifier. With one that is no notifier it takes this one for one that has.
 */
static int raise_notifications(struct mm_struct *mm)
{
	int ret;

	mmap_write_lock(mm);
	ret = __mmu_notifier_register(NULL, mm);
	mmap_write_unlock(mm);
	return ret;
}

/* Count invalidations, by the cheapest means that will do. */
static int begin_counting(struct hs_mm *hm, u32 flags)
{
	if (flags & HMMSTORM_ATTACH_TIMES)
		return keep_times(hm);
	count_starts(hm, true);
	return hs_probe_start->error ? watch(hm) : raise_notifications(hm->mm);
}

static struct hs_mm *create_mm(struct mm_struct *mm, u32 flags)
{
	struct hs_mm *hm;
	int ret = -ENOMEM;

	hm = kzalloc_obj(*hm, GFP_KERNEL_ACCOUNT);
	if (!hm)
		return ERR_PTR(-ENOMEM);
	hm->mm = mm;
	mmgrab(mm);
	hs_probes_want(HS_WANT_COUNTS);
	static_branch_deferred_inc(&hs_attached);
	hm->limit = mm->task_size;
	hm->probed = mm->task_size;
	hm->tgid = task_tgid_nr(current);
	hm->instance = next_instance(hm->tgid);
	hm->mn.ops = &hs_observer_ops;
	spin_lock_init(&hm->truth_lock);
	INIT_LIST_HEAD(&hm->records);
	hm->counts = alloc_percpu(struct hs_counts);
	if (!hm->counts)
		goto free;
	ret = begin_counting(hm, flags);
	if (!ret)
		return hm;
	unwatch(hm);
free:
	free_mm(hm);
	return ERR_PTR(ret);
}

static struct hs_mm *find_or_create(struct mm_struct *mm, u32 flags)
{
	struct hs_mm *hm;
	int ret;

	hm = hs_mm_find(mm); /* stands: hs_mm_lock is held */
	if (hm) {
		ret = flags & HMMSTORM_ATTACH_TIMES ? keep_times(hm) : 0;
		if (ret)
			return ERR_PTR(ret);
		return hm;
	}
	hm = create_mm(mm, flags);
	if (IS_ERR(hm))
		return hm;
	hlist_add_head_rcu(&hm->node, hs_mm_head(mm));
	WRITE_ONCE(hs_mm_latest, hm);
	list_add_tail(&hm->list, &hs_mms);
	return hm;
}

/**
 * hs_mm_attach - count the caller's mm from now on
 * @slot: where the open file keeps it; NULL there until attached
 * @flags: HMMSTORM_ATTACH_*
 *
 * Return: 0 or -errno; see struct hmmstorm_attach.
 */
int hs_mm_attach(struct hs_mm **slot, u32 flags)
{
	bool first = false;
	struct hs_mm *hm;

	if (mutex_lock_interruptible(&hs_mm_lock))
		return -EINTR;
	if (*slot) {
		mutex_unlock(&hs_mm_lock);
		return -EBUSY;
	}
	hm = find_or_create(current->mm, flags);
	if (!IS_ERR(hm)) {
		first = !hm->files++;
		WRITE_ONCE(*slot, hm);
	}
	mutex_unlock(&hs_mm_lock);
	if (IS_ERR(hm))
		return PTR_ERR(hm);
	if (first)
		hs_debugfs_add(hm);
	return 0;
}

static void fold_into_totals(struct hs_mm *hm)
{
	int i;

	hs_counts_fold(gone_counts, hm);
	for (i = 0; i < HS_NR_HISTS; i++) {
		if (hm->hist[i])
			hs_hist_fold(gone_hist[i].bucket, hm->hist[i]);
	}
}

/**
 * hs_mm_detach - a file that was bound to this mm has closed
 * @hm: the mm
 *
 * The last one frees it, and waits for everyone who may still be counting:
 * notifier callbacks (SRCU, in mmu_notifier_unregister()) and probes
 * (preemption off). It stays in the list until its counts are in the totals,
 * so that no reader sees the totals decrease.
 */
void hs_mm_detach(struct hs_mm *hm)
{
	mutex_lock(&hs_mm_lock);
	if (--hm->files) {
		mutex_unlock(&hs_mm_lock);
		return;
	}
	/* from here on nobody finds it: the next attach makes another */
	hlist_del_rcu(&hm->node);
	if (hs_mm_latest == hm)
		WRITE_ONCE(hs_mm_latest, &nobody);
	mutex_unlock(&hs_mm_lock);

	/* waits for readers of its file, who do not take hs_mm_lock */
	hs_debugfs_remove(hm);
	unwatch(hm);
	synchronize_rcu();

	mutex_lock(&hs_mm_lock);
	fold_into_totals(hm);
	list_del(&hm->list);
	mutex_unlock(&hs_mm_lock);
	free_mm(hm);
}

/* The latest of this process that is still counted, or NULL. */
static struct hs_mm *find_pid(pid_t pid)
{
	struct hs_mm *hm, *found = NULL;

	list_for_each_entry(hm, &hs_mms, list) {
		if (hm->tgid == pid && hm->files)
			found = hm;
	}
	return found;
}

static u64 count_mms(void)
{
	struct hs_mm *hm;
	u64 n = 0;

	list_for_each_entry(hm, &hs_mms, list)
		n++;
	return n;
}

/* Whose values: one mm's, or NULL for the total. */
static struct hs_mm *find_scope(struct hs_mm *mine, u32 scope, pid_t pid)
{
	struct hs_mm *hm;

	switch (scope) {
	case HMMSTORM_MINE:
		return mine ?: ERR_PTR(-ENODEV);
	case HMMSTORM_PID:
		hm = find_pid(pid);
		return hm ?: ERR_PTR(-ESRCH);
	default:
		return NULL;
	}
}

/**
 * hs_mm_values - all counters of one mm
 * @hm: the mm; stands
 * @value: room for HS_NR_COUNTERS, zeroed
 */
void hs_mm_values(const struct hs_mm *hm, u64 *value)
{
	hs_mirror_instants(value);
	hs_counts_fold(value, hm);
	value[HS_ATTACHED_MMS] = 1;
}

/**
 * hs_mm_snapshot - read all counters
 * @mine: the mm of the open file, or NULL
 * @scope: enum hmmstorm_scope, checked by the caller
 * @pid: for HMMSTORM_PID
 * @value: room for HS_NR_COUNTERS, zeroed
 *
 * Return: 0 or -errno.
 */
int hs_mm_snapshot(struct hs_mm *mine, u32 scope, pid_t pid, u64 *value)
{
	struct hs_mm *hm;

	if (mutex_lock_interruptible(&hs_mm_lock))
		return -EINTR;
	hm = find_scope(mine, scope, pid);
	if (IS_ERR(hm))
		goto unlock;
	if (hm) {
		hs_mm_values(hm, value);
		goto unlock;
	}
	hs_mirror_instants(value);
	memcpy(value, gone_counts, sizeof(gone_counts));
	list_for_each_entry(hm, &hs_mms, list)
		hs_counts_fold(value, hm);
	value[HS_ATTACHED_MMS] = count_mms();
	hm = NULL;
unlock:
	mutex_unlock(&hs_mm_lock);
	return PTR_ERR_OR_ZERO(hm);
}

/**
 * hs_mm_histogram - read one histogram
 * @mine: the mm of the open file, or NULL
 * @scope: enum hmmstorm_scope, checked by the caller
 * @pid: for HMMSTORM_PID
 * @which: the histogram, checked by the caller
 * @bucket: room for HMMSTORM_HIST_BUCKETS, zeroed
 *
 * Return: 0 or -errno.
 */
int hs_mm_histogram(struct hs_mm *mine, u32 scope, pid_t pid,
		    enum hs_histogram which, u64 *bucket)
{
	struct hs_mm *hm;
	int ret = 0;

	if (mutex_lock_interruptible(&hs_mm_lock))
		return -EINTR;
	hm = find_scope(mine, scope, pid);
	if (IS_ERR(hm)) {
		ret = PTR_ERR(hm);
	} else if (hm) {
		if (hm->hist[which])
			hs_hist_fold(bucket, hm->hist[which]);
		else
			ret = -ENODATA;
	} else {
		memcpy(bucket, gone_hist[which].bucket, sizeof(gone_hist[0]));
		list_for_each_entry(hm, &hs_mms, list) {
			if (hm->hist[which])
				hs_hist_fold(bucket, hm->hist[which]);
		}
	}
	mutex_unlock(&hs_mm_lock);
	return ret;
}
