// SPDX-License-Identifier: GPL-2.0-only
/*
 * Retry chains: how many hmm_range_fault() calls a task needed until one
 * returned 0. The first -EBUSY takes a slot for the task, the last result frees
 * it; a task that succeeds at once, which is nearly always, touches no slot.
 *
 * What cannot be seen from here: a retry that the driver decides on by
 * mmu_interval_read_retry(), which is inline, after hmm_range_fault() has
 * returned 0; a driver that gives up after -EBUSY (its slot is taken up by the
 * same task's next fault); a task that exits in mid-chain, and another that
 * gets its task_struct.
 */
#include <linux/hash.h>
#include <linux/sched.h>

#include "hmmstorm.h"

static struct hs_chain *find_slot(struct hs_mm *hm, struct task_struct *task)
{
	unsigned int mask = (1 << HS_CHAIN_BITS) - 1;
	unsigned int first = hash_ptr(current, HS_CHAIN_BITS);
	struct hs_chain *c;
	int i;

	for (i = 0; i < HS_SLOT_TRIES; i++) {
		c = &hm->chain[(first + i) & mask];
		if (READ_ONCE(c->task) == task)
			return c;
	}
	return NULL;
}

static struct hs_chain *take_slot(struct hs_mm *hm)
{
	struct hs_chain *c = find_slot(hm, NULL);

	/* lost to another task: not worth a second try */
	if (!c || cmpxchg(&c->task, NULL, current))
		return NULL;
	atomic_inc(&hm->chains);
	c->length = 0;
	return c;
}

static void retry(struct hs_mm *hm)
{
	struct hs_chain *c = find_slot(hm, current) ?: take_slot(hm);

	if (c)
		c->length++;
	else
		hs_count(hm, HS_CHAIN_UNTRACKED);
}

static void record(struct hs_mm *hm, u32 length)
{
	static const struct {
		u32 up_to;
		enum hs_counter counter;
	} class[] = {
		{ 1, HS_CHAIN_1 },
		{ 2, HS_CHAIN_2 },
		{ 3, HS_CHAIN_3 },
		{ 4, HS_CHAIN_4 },
		{ 8, HS_CHAIN_8 },
		{ 16, HS_CHAIN_16 },
		{ 32, HS_CHAIN_32 },
		{ U32_MAX, HS_CHAIN_MORE },
	};
	int i = 0;

	while (length > class[i].up_to)
		i++;
	hs_count(hm, class[i].counter);
	hs_peak(hm, HS_CHAIN_PEAK, length);
}

/**
 * hs_chain_step - hmm_range_fault() has returned to the current task
 * @hm: of this mm
 * @result: this
 */
void hs_chain_step(struct hs_mm *hm, int result)
{
	struct hs_chain *c;
	u32 length = 1;

	if (result == -EBUSY) {
		retry(hm);
		return;
	}
	c = atomic_read(&hm->chains) ? find_slot(hm, current) : NULL;
	if (c) {
		length += c->length;
		/* after the last read of length: the slot is free for others */
		smp_store_release(&c->task, NULL);
		atomic_dec(&hm->chains);
	}
	if (!result)
		record(hm, length);
	else if (c)
		hs_count(hm, HS_CHAIN_BROKEN);
}
