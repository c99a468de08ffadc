// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interval notifiers that do nothing but count: what does an invalidation cost an
 * address space that has many? A driver has one an object (i915 userptr) or one a
 * fault (nouveau); a process may have as many as its GPU has buffers.
 */
#include <linux/limits.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/mmu_notifier.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "hmmstorm.h"
#include "intervals.h"

struct interval {
	struct mmu_interval_notifier sub;
	struct hs_intervals *set;
};

/* What one call added; they go together. */
struct chunk {
	struct list_head node;
	u32 nr;
	struct interval interval[];
};

static bool count_hit(struct mmu_interval_notifier *sub,
		      const struct mmu_notifier_range *range, unsigned long seq)
{
	struct hs_intervals *set = container_of(sub, struct interval, sub)->set;

	spin_lock(&set->lock);
	mmu_interval_set_seq(sub, seq);
	set->hits++;
	spin_unlock(&set->lock);
	return true;
}

static const struct mmu_interval_notifier_ops ops = {
	.invalidate = count_hit,
};

/* hs_intervals_init - the file is new. */
void hs_intervals_init(struct hs_intervals *set)
{
	mutex_init(&set->mutex);
	spin_lock_init(&set->lock);
	INIT_LIST_HEAD(&set->chunks);
}

static void remove_chunk(struct chunk *c)
{
	while (c->nr) {
		mmu_interval_notifier_remove(&c->interval[--c->nr].sub);
		cond_resched();
	}
	kvfree(c);
}

static void remove_all(struct hs_intervals *set)
{
	struct chunk *c, *next;

	list_for_each_entry_safe(c, next, &set->chunks, node) {
		list_del(&c->node);
		remove_chunk(c);
	}
	set->nr = 0;
}

static int insert(struct hs_intervals *set, struct chunk *c,
		  const struct hmmstorm_intervals *p)
{
	u64 addr = p->addr;
	int ret = 0;

	for (; c->nr < p->count && !ret; addr += p->stride) {
		struct interval *i = &c->interval[c->nr];

		i->set = set;
		ret = mmu_interval_notifier_insert(&i->sub, current->mm, addr,
						   p->bytes, &ops);
		if (!ret)
			c->nr++;
		if (!ret && fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	return ret;
}

static int add(struct hs_intervals *set, const struct hmmstorm_intervals *p)
{
	struct chunk *c;
	int ret;

	if (p->count > HMMSTORM_INTERVALS_MAX - set->nr)
		return -ENOSPC;
	c = kvzalloc(struct_size(c, interval, p->count), GFP_KERNEL_ACCOUNT);
	if (!c)
		return -ENOMEM;
	ret = insert(set, c, p);
	if (ret) {
		remove_chunk(c);
		return ret;
	}
	list_add(&c->node, &set->chunks);
	set->nr += c->nr;
	return 0;
}

static bool is_valid(const struct hmmstorm_intervals *p)
{
	u64 span;

	if (p->pad || p->nr || p->hits)
		return false;
	if (!p->count)
		return !p->addr && !p->bytes && !p->stride;
	return p->bytes && !check_mul_overflow(p->stride, (u64)p->count - 1, &span) &&
	       !check_add_overflow(span, p->bytes - 1, &span) &&
	       !check_add_overflow(span, p->addr, &span) && span <= ULONG_MAX;
}

/* hs_intervals_set - see struct hmmstorm_intervals. */
long hs_intervals_set(struct hs_intervals *set, void __user *arg)
{
	struct hmmstorm_intervals p;
	long ret = 0;

	if (copy_from_user(&p, arg, sizeof(p)))
		return -EFAULT;
	if (!is_valid(&p))
		return -EINVAL;
	if (mutex_lock_interruptible(&set->mutex))
		return -EINTR;
	if (p.count)
		ret = add(set, &p);
	else
		remove_all(set);
	spin_lock(&set->lock);
	p.hits = set->hits;
	spin_unlock(&set->lock);
	p.nr = set->nr;
	mutex_unlock(&set->mutex);
	if (!ret && copy_to_user(arg, &p, sizeof(p)))
		ret = -EFAULT;
	return ret;
}

/* hs_intervals_close - the file goes. */
void hs_intervals_close(struct hs_intervals *set)
{
	remove_all(set);
	mutex_destroy(&set->mutex);
}
