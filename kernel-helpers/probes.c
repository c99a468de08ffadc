// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of probes, and what each counts. All of this runs inside other
 * people's functions, at entry or return: no lock, no allocation, no sleep.
 */
#include <linux/err.h>
#include <linux/mm.h>

#include "clock.h"
#include "driver.h"
#include "observe.h"
#include "probe.h"

/**
 * hs_probe_count - a function with a counting probe was called
 * @p: its probe
 * @arg: its argument number p->argn
 */
void hs_probe_count(const struct hs_probe *p, unsigned long arg)
{
	struct mm_struct *mm = hs_arg_mm(p->arg, arg);
	struct hs_mm *hm;

	if (!p->count) {
		hs_call_seen(mm, p->counter);
		return;
	}
	preempt_disable_notrace();
	hm = hs_mm_find(mm);
	if (hm)
		p->count(hm, arg);
	preempt_enable_notrace();
}

/* void __mmu_notifier_invalidate_range_start(struct mmu_notifier_range *) */
static void count_start(struct hs_mm *hm, unsigned long arg)
{
	hs_observe(hm, (struct mmu_notifier_range *)arg, true);
}

/* void __mmu_notifier_release(struct mm_struct *) */
static void count_release(struct hs_mm *hm, unsigned long arg)
{
	hs_observe_release(hm);
}

/* struct page *make_device_exclusive(struct mm_struct *, unsigned long, ...) */
static void count_exclusive_call(struct hs_mm *hm, unsigned long arg)
{
	hs_count(hm, HS_EXCLUSIVE_CALLS);
	hs_count(hm, HS_EXCLUSIVE_ASKED);
}

/* unsigned long mmu_interval_read_begin(struct mmu_interval_notifier *) */
static void count_read_begin(struct hs_mm *hm, unsigned long arg)
{
	struct mmu_interval_notifier *sub = (void *)arg;

	hs_count(hm, HS_READ_BEGIN_CALLS);
	hs_driver_count(hm, sub, HS_DRIVER_ATTEMPTS);
}

/**
 * hs_probe_enter - a function with a paired probe was called
 * @p: its probe
 * @call: room that leave will see again
 * @arg: its first HS_NR_ARGS arguments
 *
 * Return: whether to call hs_probe_leave() when it returns.
 */
bool hs_probe_enter(const struct hs_probe *p, struct hs_call *call,
		    const unsigned long *arg)
{
	/* once: it may be taken away meanwhile */
	const struct hs_probe *also = READ_ONCE(p->also);
	bool leave;

	if (also)
		hs_probe_count(also, arg[also->argn]);
	preempt_disable_notrace();
	leave = p->enter(call, arg);
	preempt_enable_notrace();
	return leave;
}

/**
 * hs_probe_leave - that function returns
 * @p: its probe
 * @call: what enter left there
 * @result: its return value, upper half undefined if that is an int
 */
void hs_probe_leave(const struct hs_probe *p, struct hs_call *call,
		    unsigned long result)
{
	struct hs_mm *hm;

	preempt_disable_notrace();
	hm = hs_mm_find(call->mm);
	if (hm)
		p->leave(hm, call, result);
	preempt_enable_notrace();
}

static struct hs_mm *enter_mm(struct hs_call *call, struct mm_struct *mm)
{
	call->mm = mm;
	return hs_mm_find(mm);
}

/* unsigned long mmu_interval_read_begin(struct mmu_interval_notifier *) */
static bool enter_read_begin(struct hs_call *call, const unsigned long *arg)
{
	struct mmu_interval_notifier *sub = (void *)arg[0];
	struct hs_mm *hm = enter_mm(call, sub->mm);

	if (!hm)
		return false;
	call->data[0] = current->nvcsw;
	call->since = hs_clock();
	return true;
}

/*
 * It sleeps in wait_event() and nowhere else, so a voluntary context switch is
 * the mark of a wait. Its result does not tell, and the sequence numbers are
 * private to mm/mmu_notifier.c.
 */
static void leave_read_begin(struct hs_mm *hm, struct hs_call *call,
			     unsigned long result)
{
	struct hs_hist __percpu *hist;

	if (call->data[0] == current->nvcsw)
		return;
	hs_count(hm, HS_READ_BEGIN_WAITS);
	hist = READ_ONCE(hm->hist[HS_HIST_READ_BEGIN_WAIT]);
	if (hist)
		hs_hist_record(hist, hs_clock_ns(call->since, hs_clock()));
}

/* int hmm_range_fault(struct hmm_range *) */
static bool enter_range_fault(struct hs_call *call, const unsigned long *arg)
{
	struct hmm_range *range = (void *)arg[0];

	call->data[0] = (unsigned long)range->notifier;
	return enter_mm(call, range->notifier->mm);
}

static void leave_range_fault(struct hs_mm *hm, struct hs_call *call,
			      unsigned long result)
{
	int error = (int)result;

	if (!error)
		hs_count(hm, HS_RANGE_FAULT_OK);
	else if (error == -EBUSY)
		hs_count(hm, HS_RANGE_FAULT_BUSY);
	else
		hs_count(hm, HS_RANGE_FAULT_ERROR);
	if (error == -EBUSY)
		hs_driver_count(hm, (void *)call->data[0], HS_DRIVER_BUSY);
	hs_chain_step(hm, error);
}

static void count_exclusive_error(struct hs_mm *hm, long error)
{
	switch (error) {
	case -EBUSY:
		hs_count(hm, HS_EXCLUSIVE_EBUSY);
		break;
	case -EOPNOTSUPP:
		hs_count(hm, HS_EXCLUSIVE_EOPNOTSUPP);
		break;
	case -EFAULT:
		hs_count(hm, HS_EXCLUSIVE_EFAULT);
		break;
	case -ENOENT:
		hs_count(hm, HS_EXCLUSIVE_ENOENT);
		break;
	default:
		hs_count(hm, HS_EXCLUSIVE_EOTHER);
	}
}

/*
 * Since 6.15: struct page *make_device_exclusive(struct mm_struct *,
 * unsigned long addr, void *owner, struct folio **)
 */
static bool enter_exclusive(struct hs_call *call, const unsigned long *arg)
{
	return enter_mm(call, (void *)arg[0]);
}

static void leave_exclusive(struct hs_mm *hm, struct hs_call *call,
			    unsigned long result)
{
	if (IS_ERR_VALUE(result))
		count_exclusive_error(hm, (long)result);
	else
		hs_count(hm, HS_EXCLUSIVE_PAGES);
}

/*
 * Before 6.15: int make_device_exclusive_range(struct mm_struct *,
 * unsigned long start, unsigned long end, struct page **pages, void *owner)
 */
static bool enter_exclusive_range(struct hs_call *call, const unsigned long *arg)
{
	struct hs_mm *hm = enter_mm(call, (void *)arg[0]);

	if (!hm)
		return false;
	call->data[0] = (arg[2] - arg[1]) >> PAGE_SHIFT;
	call->data[1] = arg[3];
	hs_count(hm, HS_EXCLUSIVE_CALLS);
	hs_add(hm, HS_EXCLUSIVE_ASKED, call->data[0]);
	return true;
}

/*
 * The result is the number of pages that GUP found; a page is exclusive only
 * where the caller's array, still his to read, does not say NULL.
 */
static void leave_exclusive_range(struct hs_mm *hm, struct hs_call *call,
				  unsigned long result)
{
	struct page **pages = (struct page **)call->data[1];
	int i, found = (int)result;
	unsigned long got = 0;

	if (found < 0) {
		count_exclusive_error(hm, found);
		return;
	}
	for (i = 0; i < found; i++)
		got += !!pages[i];
	hs_add(hm, HS_EXCLUSIVE_PAGES, got);
	if (got < call->data[0])
		hs_count(hm, HS_EXCLUSIVE_SHORT);
}

/* vm_fault_t do_swap_page(struct vm_fault *) */
static bool enter_swap_page(struct hs_call *call, const unsigned long *arg)
{
	const struct vm_fault *vmf = (void *)arg[0];

	if (!hs_pte_is_exclusive(vmf->orig_pte) ||
	    !enter_mm(call, vmf->vma->vm_mm))
		return false;
	call->since = hs_clock();
	return true;
}

/* A call that could not get the folio's lock at once is made again. */
static void leave_swap_page(struct hs_mm *hm, struct hs_call *call,
			    unsigned long result)
{
	struct hs_hist __percpu *hist;

	if ((u32)result & (__force u32)VM_FAULT_RETRY) {
		hs_count(hm, HS_RESTORE_RETRIED);
		return;
	}
	hist = READ_ONCE(hm->hist[HS_HIST_CPU_RESTORE]);
	if (hist)
		hs_hist_record(hist, hs_clock_ns(call->since, hs_clock()));
}

struct hs_probe hs_probes[] = {
	/* first, see hs_probe_start */
	{
		.function = "__mmu_notifier_invalidate_range_start",
		.text = "inv_*; where an mmu_notifier is needed, that counts",
		.want = HS_WANT_STARTS,
		.arg = HS_ARG_RANGE,
		.count = count_start,
	},
	{
		.function = "__mmu_notifier_release",
		.text = "inv_release_events, likewise",
		.want = HS_WANT_STARTS,
		.arg = HS_ARG_MM,
		.count = count_release,
	},
	{
		.function = "mmu_interval_read_begin",
		.text = "read_begin_calls, *_attempts",
		.arg = HS_ARG_SUB,
		.count = count_read_begin,
	},
	{
		.function = "mmu_interval_read_begin",
		.text = "read_begin_waits, with times",
		.want = HS_WANT_TIMES,
		.enter = enter_read_begin,
		.leave = leave_read_begin,
	},
	/* both callers of what does the work, one of them since 7.3 */
	{
		.function = "hmm_range_fault_locked",
		.instead = "hmm_range_fault",
		.text = "range_fault_calls",
		.arg = HS_ARG_HMM,
		.counter = HS_RANGE_FAULT_CALLS,
	},
	{
		.function = "hmm_range_fault_locked",
		.instead = "hmm_range_fault",
		.text = "range_fault_* results and chains, *_busy, with times",
		.want = HS_WANT_TIMES,
		.enter = enter_range_fault,
		.leave = leave_range_fault,
	},
	{
		.function = "make_device_exclusive_range",
		.text = "exclusive_*; in kernels before 6.15 with CONFIG_DEVICE_PRIVATE",
		.enter = enter_exclusive_range,
		.leave = leave_exclusive_range,
	},
	{
		.function = "make_device_exclusive",
		.text = "exclusive_calls, exclusive_pages_asked; in kernels since 6.15",
		.arg = HS_ARG_MM,
		.count = count_exclusive_call,
	},
	{
		.function = "make_device_exclusive",
		.text = "exclusive_pages, exclusive_e*, with times; in kernels since 6.15",
		.want = HS_WANT_TIMES,
		.enter = enter_exclusive,
		.leave = leave_exclusive,
	},
	{
		.function = "restore_exclusive_pte",
		.text = "restore_pages; static in mm/memory.c, with CONFIG_DEVICE_PRIVATE",
		.arg = HS_ARG_VMA,
		.counter = HS_RESTORE_PAGES,
	},
	{
		.function = "do_swap_page",
		.text = "cpu_restore_ns, restore_retried, with times",
		.want = HS_WANT_TIMES,
		.enter = enter_swap_page,
		.leave = leave_swap_page,
	},
	{
		.function = "migrate_vma_setup",
		.text = "migrate_setup_calls; with CONFIG_DEVICE_MIGRATION",
		.arg = HS_ARG_MIGRATE,
		.counter = HS_MIGRATE_SETUP_CALLS,
	},
	{
		.function = "copy_page_range",
		.text = "fork_vmas; the source is its second argument",
		.arg = HS_ARG_VMA,
		.argn = 1,
		.counter = HS_FORK_VMAS,
	},
	{
		.function = "dmirror_fault",
		.module = "test_hmm",
		.text = "test_hmm_faults",
		.want = HS_WANT_TIMES,
		.arg = HS_ARG_CURRENT,
		.counter = HS_TEST_HMM_FAULTS,
	},
	/* int dmirror_do_fault(struct dmirror *, struct hmm_range *) */
	{
		.function = "dmirror_do_fault",
		.module = "test_hmm",
		.text = "test_hmm_mapped",
		.want = HS_WANT_TIMES,
		.arg = HS_ARG_HMM,
		.argn = 1,
		.counter = HS_TEST_HMM_MAPPED,
	},
	/* int nouveau_range_fault(struct nouveau_svmm *, ...): the notifier that
	 * it is given has no mm yet, but a nouveau_svmm begins with one that has
	 */
	{
		.function = "nouveau_range_fault",
		.module = "nouveau",
		.text = "nouveau_faults",
		.want = HS_WANT_TIMES,
		.arg = HS_ARG_NOTIFIER,
		.counter = HS_NOUVEAU_FAULTS,
	},
	{
		.function = "nouveau_atomic_range_fault",
		.module = "nouveau",
		.text = "nouveau_atomic_faults",
		.want = HS_WANT_TIMES,
		.arg = HS_ARG_NOTIFIER,
		.counter = HS_NOUVEAU_ATOMIC_FAULTS,
	},
};

const unsigned int hs_nr_probes = ARRAY_SIZE(hs_probes);
struct hs_probe *const hs_probe_start = &hs_probes[0];
