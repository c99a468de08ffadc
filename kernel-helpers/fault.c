// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device faults: bring a page to the device, as a driver must, so that no
 * invalidation is missed; and the invalidations themselves.
 *
 * One attempt is: take the sequence (mmu_interval_read_begin), bring the page
 * (mark it exclusive, fault it in, or pin it), take the device's lock, look
 * whether the sequence has moved (mmu_interval_read_retry), and only then write
 * the device's entry. Whoever invalidates moves the sequence first, under the
 * same lock, and then drops entries: an attempt sees one or loses the other.
 *
 * Marking raises an invalidation of its own, with the context as its owner.
 * That one is ignored; otherwise no attempt would ever succeed.
 *
 * make_device_exclusive() returns with the folio locked. Each page is mapped and
 * unlocked before the next is asked for: two pages of one large folio would
 * wait for each other for ever.
 */
#include <linux/bitfield.h>
#include <linux/hash.h>
#include <linux/hmm.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/moduleparam.h>
#include <linux/pagemap.h>
#include <linux/rmap.h>
#include <linux/sched/mm.h>

#include "clock.h"
#include "delay.h"
#include "device.h"
#include "pte.h"
#include "truth.h"

/* A device fault under way. */
struct fault {
	struct hs_engine *e;
	struct mmu_interval_notifier *sub;
	struct hs_slot slot;
	unsigned long addr;
	enum hmmstorm_rights rights;
	unsigned long seq;
	u64 call; /* clock ticks in the kernel's own call */
};

/* The interval notifier that a fault of protocol RANGE brings along. */
struct range_sub {
	struct mmu_interval_notifier sub;
	struct hs_mirror *m;
};

static bool is_own(const struct hs_mirror *m,
		   const struct mmu_notifier_range *range)
{
	return range->event == MMU_NOTIFY_EXCLUSIVE && range->owner == m;
}

/*
 * What a CPU fault on an exclusive entry raises: since 6.15 CLEAR, before
 * EXCLUSIVE without an owner. So does a MADV_DONTNEED of one page, and COW.
 */
static bool is_cpu_fault(const struct mmu_notifier_range *range)
{
	return range->end - range->start == PAGE_SIZE &&
	       (range->event == MMU_NOTIFY_CLEAR ||
		range->event == MMU_NOTIFY_EXCLUSIVE);
}

/*
 * Proves that ground truth counts what a device misses: the device stays on its
 * pages. For a test that only reads, and only pages that are not freed.
 */
static bool blind;
module_param(blind, bool, 0600);
MODULE_PARM_DESC(blind, "for tests: invalidations do not take the device's pages");

static void give_way(struct hs_mirror *m,
		     const struct mmu_notifier_range *range)
{
	if (unlikely(READ_ONCE(blind)))
		return;
	hs_table_drop(m, range->start, range->end, is_cpu_fault(range));
}

static void meet(struct hs_mirror *m, const struct mmu_notifier_range *range)
{
	if (range->event == MMU_NOTIFY_RELEASE)
		hs_truth_release(m->mm);
	else
		hs_truth_begin(m->mm, range, false);
	if (is_cpu_fault(range))
		hs_policy_hold(m, range);
	hs_delay(HMMSTORM_WINDOW_INVALIDATE, mmu_notifier_range_blockable(range));
}

static void move_sequence(struct hs_mirror *m,
			  struct mmu_interval_notifier *sub, unsigned long seq)
{
	spin_lock(&m->lock);
	mmu_interval_set_seq(sub, seq);
	spin_unlock(&m->lock);
}

/* PROCESS, PIN. Only spinlocks: a range that may not block need not fail. */
static bool invalidate_process(struct mmu_interval_notifier *sub,
			       const struct mmu_notifier_range *range,
			       unsigned long seq)
{
	struct hs_mirror *m = container_of(sub, struct hs_mirror, sub);

	if (is_own(m, range))
		return true;
	meet(m, range);
	move_sequence(m, sub, seq);
	give_way(m, range);
	return true;
}

const struct mmu_interval_notifier_ops hs_process_ops = {
	.invalidate = invalidate_process,
};

/* RANGE: the fault is told, the entries are dropped by the callback below, which
 * the kernel calls after the interval notifiers.
 */
static bool invalidate_range(struct mmu_interval_notifier *sub,
			     const struct mmu_notifier_range *range,
			     unsigned long seq)
{
	struct hs_mirror *m = container_of(sub, struct range_sub, sub)->m;

	if (!is_own(m, range))
		move_sequence(m, sub, seq);
	return true;
}

static const struct mmu_interval_notifier_ops range_sub_ops = {
	.invalidate = invalidate_range,
};

static int invalidate_start(struct mmu_notifier *mn,
			    const struct mmu_notifier_range *range)
{
	struct hs_mirror *m = container_of(mn, struct hs_mirror, mn);

	if (is_own(m, range))
		return 0;
	meet(m, range);
	give_way(m, range);
	return 0;
}

/* The last mmput(): exit_mmap() will tell nobody what it unmaps. */
static void release(struct mmu_notifier *mn, struct mm_struct *mm)
{
	struct hs_mirror *m = container_of(mn, struct hs_mirror, mn);

	/* also called when the context closes: then the mm lives on */
	if (!READ_ONCE(m->closing))
		hs_truth_release(mm);
	hs_table_drop(m, 0, ULONG_MAX, false);
}

const struct mmu_notifier_ops hs_range_ops = {
	.invalidate_range_start = invalidate_start,
	.release = release,
};

/* The end of each attempt: write the device's entry, unless it is too late. */
static int map(struct fault *f, struct page *page, u64 flags)
{
	u64 entry = FIELD_PREP(HS_ENTRY_PFN, page_to_pfn(page)) | flags;
	struct hs_mirror *m = f->e->m;
	u64 old = flags;
	bool late;

	hs_delay(HMMSTORM_WINDOW_EXCLUSIVE, true);
	spin_lock(&m->lock);
	hs_delay(HMMSTORM_WINDOW_RETRY, false);
	late = mmu_interval_read_retry(f->sub, f->seq);
	if (!late)
		old = hs_table_map(m, &f->slot, f->e->index, entry);
	spin_unlock(&m->lock);
	hs_delay(HMMSTORM_WINDOW_MAPPED, true);
	if (late)
		return -EAGAIN;
	hs_unpin(old);
	return 0;
}

#ifdef HS_HAS_EXCLUSIVE
/*
 * Before 6.15 the call does not tell a contended page from one that it never
 * takes: not anonymous, of hugetlbfs, or a page of a large folio but its first.
 * What it faulted in for writing is still there to be looked at, mostly.
 */
static int refused(struct fault *f)
{
	struct folio *folio;
	struct hs_pte pte;

	if (!HS_EXCLUSIVE_HEAD_ONLY)
		return -EAGAIN;
	pte = hs_pte_read(f->e->m->mm, f->addr);
	if (!pte.present || !pte.writable || !pfn_valid(pte.pfn))
		return -EAGAIN;
	folio = page_folio(pfn_to_page(pte.pfn));
	if (!folio_test_anon(folio) || folio_test_hugetlb(folio))
		return -EOPNOTSUPP;
	return PageTail(pfn_to_page(pte.pfn)) ? -EBUSY : -EAGAIN;
}

/*
 * The device's entry may be written afterwards (HMMSTORM_MIRROR_UNLOCKED): whoever
 * restores the CPU's entry, or takes it away, raises an invalidation first and so
 * moves the sequence, which map() looks at under the device's lock. Until then the
 * exclusive entry keeps the page: the page is only named by its number, not touched.
 */
static void let_go(struct folio *folio)
{
	folio_unlock(folio);
	folio_put(folio);
}

static int bring_exclusive(struct fault *f)
{
	struct hs_mirror *m = f->e->m;
	struct folio *folio;
	struct page *page;
	int ret;

	mmap_read_lock(m->mm);
	f->call -= hs_clock();
	page = hs_make_exclusive(m->mm, f->addr, m, &folio);
	f->call += hs_clock();
	ret = page == ERR_PTR(-EBUSY) ? refused(f) : PTR_ERR_OR_ZERO(page);
	mmap_read_unlock(m->mm);
	if (ret)
		return ret;
	if (m->unlocked)
		let_go(folio);
	ret = map(f, page, HMMSTORM_RIGHTS_ATOMIC);
	if (!m->unlocked)
		let_go(folio);
	return ret;
}
#else
static int bring_exclusive(struct fault *f)
{
	return -EOPNOTSUPP;
}
#endif

/*
 * HMM also gives pages that GUP refuses: those that the kernel's own map lacks
 * (memfd_secret()). A real device would reach them; this one would oops.
 */
static int check_reachable(struct fault *f, struct page *page)
{
	unsigned int write = f->rights == HMMSTORM_RIGHTS_WRITE ? FOLL_WRITE : 0;
	long n;

	if (folio_test_anon(page_folio(page)))
		return 0;
	n = hs_pin_page(f->e->m->mm, f->addr, write, &page);
	if (n != 1)
		return n < 0 ? n : -EFAULT;
	unpin_user_page(page);
	return 0;
}

/* For a read or a write the CPU keeps its entry. */
static int bring_shared(struct fault *f)
{
	struct hs_mirror *m = f->e->m;
	unsigned long pfn = 0;
	struct hmm_range range = {
		.notifier = f->sub,
		.notifier_seq = f->seq,
		.start = f->addr,
		.end = f->addr + PAGE_SIZE,
		.hmm_pfns = &pfn,
		.default_flags = HMM_PFN_REQ_FAULT,
		.dev_private_owner = m,
	};
	int ret;

	if (f->rights == HMMSTORM_RIGHTS_WRITE)
		range.default_flags |= HMM_PFN_REQ_WRITE;
	mmap_read_lock(m->mm);
	f->call -= hs_clock();
	ret = hmm_range_fault(&range);
	f->call += hs_clock();
	if (!ret)
		ret = check_reachable(f, hmm_pfn_to_page(pfn));
	mmap_read_unlock(m->mm);
	if (ret == -EBUSY)
		return -EAGAIN;
	if (ret) /* HMM's word for no right to write */
		return ret == -EPERM ? -EFAULT : ret;
	return map(f, hmm_pfn_to_page(pfn), f->rights);
}

static int bring_pinned(struct fault *f)
{
	bool write = f->rights != HMMSTORM_RIGHTS_READ;
	u64 flags = write ? HMMSTORM_RIGHTS_ATOMIC : HMMSTORM_RIGHTS_READ;
	struct hs_mirror *m = f->e->m;
	struct page *page;
	long n;
	int ret;

	mmap_read_lock(m->mm);
	f->call -= hs_clock();
	n = hs_pin_page(m->mm, f->addr, write ? FOLL_WRITE : 0, &page);
	f->call += hs_clock();
	mmap_read_unlock(m->mm);
	if (n != 1)
		return n < 0 ? n : -EFAULT;
	atomic_long_inc(&hs_mirror_pins);
	flags |= HS_ENTRY_PINNED;
	ret = map(f, page, flags);
	if (ret)
		hs_unpin(FIELD_PREP(HS_ENTRY_PFN, page_to_pfn(page)) | flags);
	return ret;
}

/*
 * To look costs a tenth of marking, so a first attempt looks only where the device
 * has the page or was made to give it up. Another device's page is then met in the
 * second.
 */
static bool may_be_exclusive(const struct fault *f)
{
	u64 entry = READ_ONCE(*hs_entry(&f->slot));

	return entry & HS_ENTRY_LEFT || hs_is_exclusive(entry);
}

/*
 * A page that is exclusive already, but not the device's (an attempt that came
 * too late left it so, or an mprotect, or it is another device's), is restored
 * before the sequence is taken. make_device_exclusive() would restore it by
 * itself, through GUP; but that raises an invalidation without an owner, inside
 * the attempt, which would throw the attempt away and leave the page exclusive
 * once more: an attempt that has failed once would fail for ever. That is what
 * HMMSTORM_MIRROR_NAIVE shows.
 *
 * If the device has the page (MARK), it gives it up first: it is not a CPU that
 * comes for it, which the policies would make wait, or learn from.
 */
static void make_way(struct fault *f, bool again)
{
	struct hs_mirror *m = f->e->m;
	u64 old;

	if (m->naive || (!again && !may_be_exclusive(f)) ||
	    !hs_pte_peek(m->mm, f->addr).exclusive)
		return;
	spin_lock(&m->lock);
	old = hs_table_unmap(m, &f->slot);
	spin_unlock(&m->lock);
	hs_unpin(old);
	mmap_read_lock(m->mm);
	/* what it returns does not matter, the attempt will see; NULL: never
	 * wait for a userfaultfd
	 */
	fixup_user_fault(m->mm, f->addr, FAULT_FLAG_WRITE, NULL);
	mmap_read_unlock(m->mm);
	hs_mirror_count(m, HS_MIRROR_MADE_WAY);
}

static int attempt(struct fault *f, bool again)
{
	make_way(f, again);
	f->seq = mmu_interval_read_begin(f->sub);
	hs_delay(HMMSTORM_WINDOW_READ_BEGIN, true);
	if (f->e->m->protocol == HMMSTORM_PROTOCOL_PIN)
		return bring_pinned(f);
	if (f->rights == HMMSTORM_RIGHTS_ATOMIC)
		return bring_exclusive(f);
	return bring_shared(f);
}

static const struct {
	u32 attempts;
	enum hs_counter counter;
} chains[] = {
	{ 1, HS_MIRROR_CHAIN_1 },   { 2, HS_MIRROR_CHAIN_2 },
	{ 3, HS_MIRROR_CHAIN_3 },   { 4, HS_MIRROR_CHAIN_4 },
	{ 8, HS_MIRROR_CHAIN_8 },   { 16, HS_MIRROR_CHAIN_16 },
	{ 32, HS_MIRROR_CHAIN_32 }, { U32_MAX, HS_MIRROR_CHAIN_MORE },
};

static void count_chain(struct hs_mm *hm, u32 attempts)
{
	unsigned int i = 0;

	while (attempts > chains[i].attempts)
		i++;
	hs_count(hm, chains[i].counter);
	hs_peak(hm, HS_MIRROR_CHAIN_PEAK, attempts);
}

/* All that is counted of a fault; once the address space has been found. */
static void count_for(struct hs_mm *hm, const struct fault *f, int ret,
		      u32 attempts, u64 ns)
{
	struct hs_hist __percpu *hist = READ_ONCE(hm->hist[HS_HIST_DEVICE_FAULT]);

	hs_count(hm, HS_MIRROR_FAULTS);
	hs_add(hm, HS_MIRROR_FAULT_NS, ns);
	hs_add(hm, HS_MIRROR_CALL_NS, hs_clock_ns(0, f->call));
	if (hist)
		hs_hist_record(hist, ns);
	if (attempts > 1)
		hs_add(hm, HS_MIRROR_RETRIES, attempts - 1);
	if (!ret)
		count_chain(hm, attempts);
	else
		hs_count(hm, ret == -EBUSY ? HS_MIRROR_FAULTS_BUSY :
					     HS_MIRROR_FAULTS_FAILED);
}

static void count_fault(const struct fault *f, int ret, u32 attempts, u64 ns)
{
	struct hs_mm *hm;

	if (!static_branch_unlikely(&hs_attached.key))
		return;
	preempt_disable();
	hm = hs_mm_find(f->e->m->mm);
	if (hm)
		count_for(hm, f, ret, attempts, ns);
	preempt_enable();
}

/* Attempts until one succeeds, fails for good, or time is over. */
static int serve(struct fault *f, struct hs_work *work)
{
	struct hs_mirror *m = f->e->m;
	unsigned long deadline = jiffies + msecs_to_jiffies(m->timeout_ms);
	u64 since = hs_clock();
	u32 attempts = 0;
	int ret;

	do {
		if (attempts)
			cond_resched_tasks_rcu_qs();
		hs_policy_let_go(m);
		ret = attempt(f, attempts++);
		if (ret != -EAGAIN)
			break;
		ret = READ_ONCE(m->closing) ? -ECANCELED : -EBUSY;
	} while (ret == -EBUSY && time_before(jiffies, deadline));
	work->retries += attempts - 1;
	count_fault(f, ret, attempts, hs_clock_ns(since, hs_clock()));
	return ret;
}

static int serve_range(struct fault *f, struct hs_work *work)
{
	struct range_sub r = { .m = f->e->m };
	int ret;

	ret = mmu_interval_notifier_insert(&r.sub, r.m->mm, f->addr, PAGE_SIZE,
					   &range_sub_ops);
	if (ret)
		return ret;
	f->sub = &r.sub;
	ret = serve(f, work);
	mmu_interval_notifier_remove(&r.sub);
	return ret;
}

/*
 * Adaptive: the page was put back at the end of a batch, and now the device
 * wants it again. Putting it back was right if the CPU has used it meanwhile: a
 * restored entry is old until it is used. To look costs a twentieth of a fault, so
 * it is done every other time, at random: pages come in patterns.
 */
static void judge_restore(struct fault *f)
{
	struct hs_mirror *m = f->e->m;
	bool looks, young = false;

	f->e->dice = f->e->dice * 1664525 + 1013904223;
	looks = f->e->dice >> 31;
	if (looks)
		young = hs_pte_peek(m->mm, f->addr).young;
	spin_lock(&m->lock);
	if (*hs_entry(&f->slot) & HS_ENTRY_GIVEN) {
		*hs_entry(&f->slot) &= ~HS_ENTRY_GIVEN;
		if (looks)
			hs_table_score(&f->slot, young);
	}
	spin_unlock(&m->lock);
}

static bool is_mapped(struct fault *f)
{
	struct hs_mirror *m = f->e->m;
	bool mapped;

	spin_lock(&m->lock);
	mapped = hs_rights(*hs_entry(&f->slot)) >= f->rights;
	spin_unlock(&m->lock);
	return mapped;
}

static int fault_page(struct fault *f, bool again, struct hs_work *work)
{
	struct hs_mirror *m = f->e->m;
	struct mutex *lock; /* of the page, with others that hash alike */
	int ret = 0;

	ret = hs_table_reserve(m, f->addr, &f->slot);
	if (ret)
		return ret;
	lock = &m->fault_lock[hash_long(f->addr >> PAGE_SHIFT, HS_FAULT_LOCK_BITS)];
	mutex_lock(lock);
	/* another engine may have served it while this one waited */
	if (again || !is_mapped(f)) {
		work->faults++;
		if (*hs_entry(&f->slot) & HS_ENTRY_GIVEN)
			judge_restore(f);
		if (m->protocol == HMMSTORM_PROTOCOL_RANGE)
			ret = serve_range(f, work);
		else
			ret = serve(f, work);
	}
	mutex_unlock(lock);
	return ret;
}

/**
 * hs_fault - get a page for the device
 * @e: the engine that wants it
 * @addr: of the page
 * @rights: that it wants
 * @again: fault even if the device has the page
 * @work: faults and retries are added
 *
 * Afterwards the page may be gone already: look it up under m->lock.
 *
 * Return: 0; -EFAULT nothing mapped or no right; -EBUSY no progress within
 * timeout_ms, or a tail page before 6.15; -EOPNOTSUPP not anonymous memory;
 * -ESRCH the address space is gone; -ECANCELED; -ENOMEM; others of GUP.
 */
int hs_fault(struct hs_engine *e, unsigned long addr,
	     enum hmmstorm_rights rights, bool again, struct hs_work *work)
{
	struct hs_mirror *m = e->m;
	struct fault f = {
		.e = e,
		.sub = &m->sub,
		.addr = addr & PAGE_MASK,
		.rights = rights,
	};
	int ret;

	if (f.addr >= m->mm->task_size)
		return -EFAULT;
	if (READ_ONCE(m->closing))
		return -ECANCELED;
	if (!mmget_not_zero(m->mm))
		return -ESRCH;
	ret = fault_page(&f, again, work);
	mmput(m->mm);
	return ret;
}
