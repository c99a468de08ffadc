// SPDX-License-Identifier: GPL-2.0-only
/*
 * Putting the CPU's entries back: how, and by which policy.
 *
 * A restore drops the device's entry and then faults the page for the CPU, as
 * any driver can (fixup_user_fault(), exported on every line): the kernel has no
 * other way, and none for more than one page at once. The policies differ in
 * when, and of which pages.
 */
#include <linux/bitfield.h>
#include <linux/hrtimer.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>

#include "delay.h"
#include "device.h"
#include "pte.h"

/*
 * Before 6.15 the mark of a large folio's head has taken the entries of all its
 * pages. Nobody can have one of the others, so they go back with the head.
 */
static void fault_tails(struct hs_mirror *m, unsigned long addr,
			unsigned long head)
{
	unsigned long i;
	struct hs_pte pte;

	if (!HS_EXCLUSIVE_HEAD_ONLY || !pfn_valid(head) ||
	    !PageHead(pfn_to_page(head)))
		return;
	for (i = 1; i < HPAGE_PMD_NR; i++) {
		addr += PAGE_SIZE;
		pte = hs_pte_read(m->mm, addr);
		if (!pte.exclusive || pte.pfn != head + i ||
		    fixup_user_fault(m->mm, addr, 0, NULL))
			return;
		cond_resched_tasks_rcu_qs();
	}
}

/*
 * No retry is allowed (NULL): it would let a userfaultfd put us to sleep until
 * its program answers, and close(), which waits for us, may be that program's.
 */
static bool fault_for_cpu(struct hs_mirror *m, unsigned long addr)
{
	bool restored = false;
	struct hs_pte pte;

	if (!mmget_not_zero(m->mm))
		return false;
	mmap_read_lock(m->mm);
	if (!fixup_user_fault(m->mm, addr, 0, NULL)) {
		pte = hs_pte_read(m->mm, addr);
		restored = pte.present;
		if (restored)
			fault_tails(m, addr, pte.pfn);
	}
	mmap_read_unlock(m->mm);
	mmput(m->mm);
	return restored;
}

/* The device gives the page up; true if it had taken it from the CPU. */
static bool give_up(struct hs_mirror *m, unsigned long addr, u64 flags)
{
	struct hs_slot s;
	u64 old = 0;

	spin_lock(&m->lock);
	if (hs_slot_find(m, addr, &s) && *hs_entry(&s) & HS_ENTRY_LISTED) {
		old = hs_table_unmap(m, &s);
		*hs_entry(&s) |= flags;
	}
	spin_unlock(&m->lock);
	hs_unpin(old);
	return old;
}

static bool restore(struct hs_mirror *m, unsigned long addr, u64 flags)
{
	hs_delay(HMMSTORM_WINDOW_RESTORE, true);
	if (!give_up(m, addr, flags))
		return false;
	/* pinned, the CPU has never lost it */
	return m->protocol == HMMSTORM_PROTOCOL_PIN || fault_for_cpu(m, addr);
}

/**
 * hs_restore_page - give one page back to the CPU
 * @m: the context
 * @addr: of the page
 *
 * Return: whether the device had it and the CPU's entry is there again.
 */
bool hs_restore_page(struct hs_mirror *m, unsigned long addr)
{
	bool restored = restore(m, addr, 0);

	if (restored)
		hs_mirror_count(m, HS_MIRROR_RESTORED_ASKED);
	return restored;
}

/* The first page of the engine's list, if it may be put back, and its score is least
 * or more.
 */
static bool next_page(struct hs_engine *e, unsigned int least, unsigned long *addr)
{
	struct hs_mirror *m = e->m;
	struct hs_slot s;
	bool found;

	spin_lock(&m->lock);
	found = hs_slot_first(m, e->index, &s) &&
		FIELD_GET(HS_ENTRY_SCORE, *hs_entry(&s)) >= least;
	if (found)
		*addr = hs_slot_addr(&s);
	spin_unlock(&m->lock);
	return found && !READ_ONCE(m->closing);
}

static void restore_all(struct hs_engine *e)
{
	unsigned long addr;

	while (next_page(e, 0, &addr)) {
		if (restore(e->m, addr, 0))
			hs_mirror_count(e->m, HS_MIRROR_RESTORED_EAGER);
		cond_resched_tasks_rcu_qs();
	}
}

/*
 * Those whose history asks for it, and no other is looked at: hs_table_map() has
 * put them at the head of the list.
 */
static void restore_judged(struct hs_engine *e)
{
	unsigned long addr;

	while (next_page(e, HS_SCORE_RESTORE, &addr)) {
		if (restore(e->m, addr, HS_ENTRY_GIVEN))
			hs_mirror_count(e->m, HS_MIRROR_RESTORED_ADAPTIVE);
		cond_resched_tasks_rcu_qs();
	}
}

/* Of all engines' lists the page that was used least recently. */
static bool oldest_page(struct hs_mirror *m, unsigned long *addr, u32 *age)
{
	u32 now = hs_stamp(), a;
	bool found = false;
	struct hs_slot s;
	unsigned int i;

	spin_lock(&m->lock);
	for (i = 0; i < m->engines; i++) {
		if (!hs_slot_first(m, i, &s))
			continue;
		a = now - s.leaf->stamp[s.i];
		if (found && a <= *age)
			continue;
		found = true;
		*age = a;
		*addr = hs_slot_addr(&s);
	}
	spin_unlock(&m->lock);
	return found;
}

static void restore_excess(struct hs_mirror *m)
{
	unsigned long addr;
	u32 age = 0;

	while (READ_ONCE(m->held) > READ_ONCE(m->policy.entries) &&
	       READ_ONCE(m->policy.kind) == HMMSTORM_POLICY_DEFERRED &&
	       !READ_ONCE(m->closing) && oldest_page(m, &addr, &age)) {
		if (restore(m, addr, 0))
			hs_mirror_count(m, HS_MIRROR_RESTORED_FULL);
		cond_resched_tasks_rcu_qs();
	}
}

static unsigned long idle_period(const struct hs_mirror *m)
{
	return max(1UL, usecs_to_jiffies(READ_ONCE(m->policy.idle_us) / 2));
}

/* EAGER from now on: engines that have nothing to do hold what another policy left. */
static void restore_held(struct hs_mirror *m)
{
	unsigned long n = READ_ONCE(m->held), addr;
	u32 age = 0;

	while (n-- && READ_ONCE(m->policy.kind) == HMMSTORM_POLICY_EAGER &&
	       !READ_ONCE(m->closing) && oldest_page(m, &addr, &age)) {
		if (restore(m, addr, 0))
			hs_mirror_count(m, HS_MIRROR_RESTORED_EAGER);
		cond_resched_tasks_rcu_qs();
	}
}

/* hs_policy_idle - DEFERRED: what the device has not used for idle_us goes back. */
void hs_policy_idle(struct work_struct *work)
{
	struct hs_mirror *m = container_of(to_delayed_work(work),
					   struct hs_mirror, idle);
	unsigned long addr;
	u32 age = 0;

	restore_held(m);
	while (READ_ONCE(m->policy.kind) == HMMSTORM_POLICY_DEFERRED &&
	       !READ_ONCE(m->closing) && oldest_page(m, &addr, &age) &&
	       age >= READ_ONCE(m->policy.idle_us)) {
		if (restore(m, addr, 0))
			hs_mirror_count(m, HS_MIRROR_RESTORED_IDLE);
		cond_resched_tasks_rcu_qs();
	}
	if (READ_ONCE(m->held) && !READ_ONCE(m->closing) &&
	    READ_ONCE(m->policy.kind) == HMMSTORM_POLICY_DEFERRED)
		queue_delayed_work(system_unbound_wq, &m->idle, idle_period(m));
}

/* hs_policy_command - an engine has executed a command. */
void hs_policy_command(struct hs_engine *e)
{
	struct hs_mirror *m = e->m;

	if (READ_ONCE(m->policy.kind) != HMMSTORM_POLICY_DEFERRED)
		return;
	restore_excess(m);
	if (READ_ONCE(m->held))
		queue_delayed_work(system_unbound_wq, &m->idle, idle_period(m));
}

/*
 * hs_policy_batch - an engine has executed all that was submitted to it. Runs
 * before the last completion is given: who sees that one finds the CPU's entries
 * back.
 */
void hs_policy_batch(struct hs_engine *e)
{
	/* first: who waits for it has the folio of a page that may be next here */
	WRITE_ONCE(e->busy, false);
	WRITE_ONCE(e->batches, e->batches + 1);
	if (wq_has_sleeper(&e->m->pause))
		wake_up_all(&e->m->pause);
	switch (READ_ONCE(e->m->policy.kind)) {
	case HMMSTORM_POLICY_EAGER:
		restore_all(e);
		break;
	case HMMSTORM_POLICY_ADAPTIVE:
		restore_judged(e);
		break;
	}
}

/* A page that somebody wants back. */
struct hold {
	struct hs_engine *e; /* who got it */
	u32 batches, let_go; /* when it was asked for */
	bool new; /* the batch in which it got the page is under way */
	u32 us; /* of the device's time with it that are left; 0: it may go */
};

static void hold_look(struct hs_mirror *m, unsigned long addr, u32 hold_us,
		      struct hold *h)
{
	u32 age = U32_MAX;
	struct hs_slot s;

	spin_lock(&m->lock);
	if (hs_slot_find(m, addr, &s) && *hs_entry(&s) & HS_ENTRY_LISTED) {
		age = hs_stamp() - s.leaf->stamp[s.i];
		h->e = &m->engine[FIELD_GET(HS_ENTRY_ENGINE, *hs_entry(&s))];
		h->batches = READ_ONCE(h->e->batches);
		h->let_go = READ_ONCE(m->let_go);
		h->new = READ_ONCE(h->e->busy) && !hs_table_batches(m, *hs_entry(&s));
	}
	spin_unlock(&m->lock);
	h->us = age < hold_us ? hold_us - age : 0;
}

/**
 * hs_policy_hold - HOLD, ADAPTIVE: somebody, most likely a CPU fault, wants a page back
 * @m: the context
 * @range: the invalidation
 *
 * HOLD makes him wait until the device has had it for hold_us, while it goes on
 * using it; ADAPTIVE until the batch ends in which the device got it, if that is
 * under way and wants no other page, and no longer than HS_ADAPTIVE_HOLD_US after it
 * got it. He sleeps in the notifier with his locks held, the folio's among them: what
 * a driver does to others that defends a page. A kernel thread is no CPU that wants
 * the page: it may be an engine that marks it once more.
 */
void hs_policy_hold(struct hs_mirror *m, const struct mmu_notifier_range *range)
{
	u32 kind = READ_ONCE(m->policy.kind);
	bool adaptive = kind == HMMSTORM_POLICY_ADAPTIVE;
	struct hold h = {};

	if ((kind != HMMSTORM_POLICY_HOLD && !adaptive) ||
	    !mmu_notifier_range_blockable(range) || current->flags & PF_KTHREAD)
		return;
	hold_look(m, range->start, adaptive ? HS_ADAPTIVE_HOLD_US :
		  READ_ONCE(m->policy.hold_us), &h);
	if (!h.us || READ_ONCE(m->closing) || (adaptive && !h.new))
		return;
	hs_mirror_count(m, HS_MIRROR_HOLDS);
	wait_event_hrtimeout(m->pause, READ_ONCE(m->closing) ||
			     (adaptive && (READ_ONCE(h.e->batches) != h.batches ||
					   READ_ONCE(m->let_go) != h.let_go)),
			     ns_to_ktime((u64)h.us * NSEC_PER_USEC));
}

/*
 * hs_policy_let_go - an engine wants a page. As long as an invalidation is under way
 * mmu_interval_read_begin() waits for it; whoever waits in there for the engine would
 * make it wait for him.
 */
void hs_policy_let_go(struct hs_mirror *m)
{
	if (READ_ONCE(m->policy.kind) != HMMSTORM_POLICY_ADAPTIVE)
		return;
	WRITE_ONCE(m->let_go, READ_ONCE(m->let_go) + 1);
	if (wq_has_sleeper(&m->pause))
		wake_up_all(&m->pause);
}

/* hs_policy_valid - see struct hmmstorm_policy. */
bool hs_policy_valid(const struct hmmstorm_policy *p)
{
	bool deferred = p->kind == HMMSTORM_POLICY_DEFERRED;
	bool hold = p->kind == HMMSTORM_POLICY_HOLD;

	return p->kind >= HMMSTORM_POLICY_LAZY &&
	       p->kind <= HMMSTORM_POLICY_ADAPTIVE &&
	       deferred == !!p->entries && deferred == !!p->idle_us &&
	       hold == !!p->hold_us && p->idle_us <= 10000000 &&
	       p->hold_us <= 100000;
}

/*
 * hs_policy_set - from now on. Readers may see the new kind with old parameters
 * for one decision; the kind goes last so that a parameter is never 0.
 */
void hs_policy_set(struct hs_mirror *m, const struct hmmstorm_policy *p)
{
	spin_lock(&m->lock);
	if (p->entries)
		WRITE_ONCE(m->policy.entries, p->entries);
	if (p->idle_us)
		WRITE_ONCE(m->policy.idle_us, p->idle_us);
	if (p->hold_us)
		WRITE_ONCE(m->policy.hold_us, p->hold_us);
	/* readers of the kind find its parameters */
	smp_store_release(&m->policy.kind, p->kind);
	spin_unlock(&m->lock);
	if (p->kind == HMMSTORM_POLICY_DEFERRED || p->kind == HMMSTORM_POLICY_EAGER)
		mod_delayed_work(system_unbound_wq, &m->idle, 0);
}
