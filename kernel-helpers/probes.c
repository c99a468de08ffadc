// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of probes, and what each counts. All of this runs inside other
 * people's functions, at entry or return: no lock, no allocation, no sleep.
 */
#include <linux/err.h>
#include <linux/hmm.h>
#include <linux/migrate.h>
#include <linux/mm_types.h>
#include <linux/sched.h>

#include "clock.h"
#include "probe.h"

static __always_inline struct mm_struct *vma_mm(struct vm_area_struct *vma)
{
	return vma ? vma->vm_mm : NULL;
}

static __always_inline struct mm_struct *arg_mm(enum hs_arg kind,
						unsigned long arg)
{
	if (kind == HS_ARG_MIGRATE)
		return vma_mm(((struct migrate_vma *)arg)->vma);
	return vma_mm((struct vm_area_struct *)arg);
}

/**
 * hs_probe_count - a function with a counting probe was called
 * @p: its probe
 * @arg: its argument number p->argn
 */
void hs_probe_count(const struct hs_probe *p, unsigned long arg)
{
	struct mm_struct *mm = arg_mm(p->arg, arg);
	struct hs_mm *hm;

	if (hs_mm_unwatched(mm))
		return;
	preempt_disable_notrace();
	hm = hs_mm_find(mm);
	if (hm)
		hs_count(hm, p->counter);
	preempt_enable_notrace();
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
	bool leave;

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
	hs_count(hm, HS_READ_BEGIN_CALLS);
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
	struct hs_mm *hm = enter_mm(call, range->notifier->mm);

	if (hm)
		hs_count(hm, HS_RANGE_FAULT_CALLS);
	return hm;
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

static void count_exclusive_ask(struct hs_mm *hm, unsigned long pages)
{
	hs_count(hm, HS_EXCLUSIVE_CALLS);
	hs_add(hm, HS_EXCLUSIVE_ASKED, pages);
}

static void count_exclusive_got(struct hs_mm *hm, unsigned long asked,
				unsigned long got)
{
	hs_add(hm, HS_EXCLUSIVE_PAGES, got);
	if (got < asked)
		hs_count(hm, HS_EXCLUSIVE_SHORT);
}

/*
 * Since 6.15: struct page *make_device_exclusive(struct mm_struct *,
 * unsigned long addr, void *owner, struct folio **)
 */
static bool enter_exclusive(struct hs_call *call, const unsigned long *arg)
{
	struct hs_mm *hm = enter_mm(call, (void *)arg[0]);

	if (hm)
		count_exclusive_ask(hm, 1);
	return hm;
}

static void leave_exclusive(struct hs_mm *hm, struct hs_call *call,
			    unsigned long result)
{
	if (IS_ERR_VALUE(result))
		count_exclusive_error(hm, (long)result);
	else
		count_exclusive_got(hm, 1, 1);
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
	count_exclusive_ask(hm, call->data[0]);
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
	count_exclusive_got(hm, call->data[0], got);
}

struct hs_probe hs_probes[] = {
	{
		.function = "mmu_interval_read_begin",
		.text = "read_begin_*",
		.enter = enter_read_begin,
		.leave = leave_read_begin,
	},
	{
		.function = "hmm_range_fault",
		.text = "range_fault_*",
		.enter = enter_range_fault,
		.leave = leave_range_fault,
	},
	{
		.function = "make_device_exclusive",
		.text = "exclusive_*; in kernels since 6.15 with CONFIG_DEVICE_PRIVATE",
		.enter = enter_exclusive,
		.leave = leave_exclusive,
	},
	{
		.function = "make_device_exclusive_range",
		.text = "exclusive_*; in kernels before 6.15 with CONFIG_DEVICE_PRIVATE",
		.enter = enter_exclusive_range,
		.leave = leave_exclusive_range,
	},
	{
		.function = "restore_exclusive_pte",
		.text = "restore_pages; static in mm/memory.c, with CONFIG_DEVICE_PRIVATE",
		.arg = HS_ARG_VMA,
		.counter = HS_RESTORE_PAGES,
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
};

const unsigned int hs_nr_probes = ARRAY_SIZE(hs_probes);
