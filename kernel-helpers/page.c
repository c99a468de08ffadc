// SPDX-License-Identifier: GPL-2.0-only
/*
 * HMMSTORM_MMAP_COUNTERS: a page of counters that a program reads without a
 * system call. A work item brings it up to date while the file is open.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "hmmstorm.h"

#define INTERVAL_MS 10

struct hs_page {
	struct delayed_work work;
	struct hs_mm *hm;
	struct hmmstorm_page *page; /* shared, read-only there */
	u64 value[HS_NR_COUNTERS];
};

#define PAGE_BYTES \
	PAGE_ALIGN(struct_size_t(struct hmmstorm_page, value, HS_NR_COUNTERS))

/* A reader takes only what stood between two equal, even sequences. */
static void publish(struct hs_page *p)
{
	struct hmmstorm_page *page = p->page;
	u64 sequence = page->sequence;
	int i;

	WRITE_ONCE(page->sequence, sequence + 1);
	smp_wmb(); /* odd before the first value */
	for (i = 0; i < HS_NR_COUNTERS; i++)
		WRITE_ONCE(page->value[i], p->value[i]);
	WRITE_ONCE(page->ktime_ns, ktime_get_ns());
	smp_wmb(); /* even after the last */
	WRITE_ONCE(page->sequence, sequence + 2);
}

static void refresh(struct hs_page *p)
{
	memset(p->value, 0, sizeof(p->value));
	hs_mm_values(p->hm, p->value);
	publish(p);
}

static void refresh_work(struct work_struct *work)
{
	struct hs_page *p = container_of(work, struct hs_page, work.work);

	refresh(p);
	schedule_delayed_work(&p->work, msecs_to_jiffies(INTERVAL_MS));
}

static struct hs_page *create(struct hs_mm *hm)
{
	struct hs_page *p = kvzalloc(sizeof(*p), GFP_KERNEL_ACCOUNT);

	if (!p)
		return NULL;
	p->page = vmalloc_user(PAGE_BYTES);
	if (!p->page) {
		kvfree(p);
		return NULL;
	}
	p->hm = hm;
	p->page->abi = HMMSTORM_ABI;
	p->page->nr_counters = HS_NR_COUNTERS;
	p->page->interval_ms = INTERVAL_MS;
	INIT_DELAYED_WORK(&p->work, refresh_work);
	refresh(p);
	return p;
}

/* hs_page_free - the file closes, and with it the last mapping; p may be NULL. */
void hs_page_free(struct hs_page *p)
{
	if (!p)
		return;
	cancel_delayed_work_sync(&p->work);
	vfree(p->page);
	kvfree(p);
}

/* Made by the first who maps it; two may be the first at once. */
static struct hs_page *find_or_create(struct hs_page **slot, struct hs_mm *hm)
{
	struct hs_page *p = smp_load_acquire(slot), *other; /* see below */

	if (p)
		return p;
	p = create(hm);
	if (!p)
		return NULL;
	/* after all that is in it */
	other = cmpxchg_release(slot, NULL, p);
	if (other) {
		hs_page_free(p);
		return other;
	}
	schedule_delayed_work(&p->work, msecs_to_jiffies(INTERVAL_MS));
	return p;
}

/**
 * hs_page_mmap - map the counters, read-only
 * @slot: where the open file keeps its page
 * @hm: whose counters; NULL: the file has not attached
 * @vma: of the caller
 *
 * Return: 0, -ENODEV, -EPERM: not for writing, -EINVAL: another length, -ENOMEM.
 */
int hs_page_mmap(struct hs_page **slot, struct hs_mm *hm,
		 struct vm_area_struct *vma)
{
	struct hs_page *p;

	if (!hm)
		return -ENODEV;
	if (vma->vm_flags & VM_WRITE)
		return -EPERM;
	if (vma->vm_end - vma->vm_start != PAGE_BYTES)
		return -EINVAL;
	p = find_or_create(slot, hm);
	if (!p)
		return -ENOMEM;
	vm_flags_clear(vma, VM_MAYWRITE);
	return remap_vmalloc_range(vma, p->page, 0);
}
