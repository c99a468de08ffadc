// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs cost: what the instruments cost on this machine, measured when it is
 * read. Clock ticks an operation: in the lab's deterministic mode instructions.
 * An empty loop, or the same call without a probe, is subtracted.
 *
 * A watched call is counted for whoever reads the file, if he is attached.
 */
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "clock.h"
#include "device.h"
#include "probe.h"

#define LOOPS 1000

struct bed {
	struct hs_mm hm;
	struct hs_mirror *m;
	struct hs_hist __percpu *hist;
	struct vm_area_struct vma;
	bool attached;
};

static void do_nothing(struct bed *b, u64 i)
{
}

static void do_hist(struct bed *b, u64 i)
{
	hs_hist_record(b->hist, i * i);
}

static void do_counter(struct bed *b, u64 i)
{
	hs_count(&b->hm, HS_INV_NS);
}

static void do_mirror_counter(struct bed *b, u64 i)
{
	hs_mirror_count(b->m, HS_MIRROR_FAULTS);
}

static void do_clock(struct bed *b, u64 i)
{
	OPTIMIZER_HIDE_VAR(i);
	i += hs_clock();
	OPTIMIZER_HIDE_VAR(i);
}

/* What the probes below hang on, in place of a function of mm. */
void hs_cost_target(struct vm_area_struct *vma);
noinline void hs_cost_target(struct vm_area_struct *vma)
{
	barrier();
}

static bool enter_target(struct hs_call *call, const unsigned long *arg)
{
	call->mm = ((struct vm_area_struct *)arg[0])->vm_mm;
	return hs_mm_find(call->mm);
}

static void leave_target(struct hs_mm *hm, struct hs_call *call,
			 unsigned long result)
{
	hs_count(hm, HS_COST_EVENTS);
}

static struct hs_probe counting = {
	.function = "hs_cost_target",
	.arg = HS_ARG_VMA,
	.counter = HS_COST_EVENTS,
};

static struct hs_probe paired = {
	.function = "hs_cost_target",
	.enter = enter_target,
	.leave = leave_target,
};

static void do_call(struct bed *b, u64 i)
{
	hs_cost_target(&b->vma);
}

/* Inlined with what it calls: a call is no part of the cost. */
static __always_inline u64 ticks(struct bed *b,
				 void (*op)(struct bed *b, u64 i))
{
	u64 i, since, least = U64_MAX;
	int round;

	for (round = 0; round < 5; round++) {
		since = get_cycles();
		for (i = 0; i < LOOPS; i++) {
			barrier();
			op(b, i);
		}
		least = min(least, get_cycles() - since);
	}
	return least;
}

static void print(struct seq_file *m, const char *name, u64 ticks, u64 empty)
{
	u64 hundredths;

	ticks = ticks > empty ? ticks - empty : 0;
	hundredths = div_u64(ticks * 100, LOOPS);
	seq_printf(m, "%s %llu.%02llu ticks\n", name, hundredths / 100,
		   hundredths % 100);
}

static void measure_probe(struct seq_file *m, struct bed *b,
			  struct hs_probe *p, const char *name, u64 bare)
{
	char text[48];

	if (hs_probe_place(p)) {
		seq_printf(m, "%s error %d\n", name, p->error);
		return;
	}
	snprintf(text, sizeof(text), "%s_%s_%s", name, p->means,
		 b->attached ? "attached" : "unattached");
	print(m, text, ticks(b, do_call), bare);
	hs_probe_remove(p);
}

static bool is_attached(const struct mm_struct *mm)
{
	bool attached;

	preempt_disable();
	attached = hs_mm_find(mm);
	preempt_enable();
	return attached;
}

static void measure_probes(struct seq_file *m, struct bed *b)
{
	u64 bare;

	if (!current->mm)
		return;
	b->vma.vm_mm = current->mm;
	b->attached = is_attached(current->mm);
	bare = ticks(b, do_call);
	measure_probe(m, b, &counting, "call_counted", bare);
	measure_probe(m, b, &paired, "call_paired", bare);
}

static void measure(struct seq_file *m, struct bed *b)
{
	u64 empty = ticks(b, do_nothing);

	print(m, "histogram_record", ticks(b, do_hist), empty);
	print(m, "counter", ticks(b, do_counter), empty);
	print(m,
	      static_key_enabled(&hs_attached.key) ? "mirror_counter_on" :
						     "mirror_counter_off",
	      ticks(b, do_mirror_counter), empty);
	print(m, "clock", ticks(b, do_clock), empty);
}

/* hs_cost_show - the file's text. */
int hs_cost_show(struct seq_file *m, void *unused)
{
	struct bed *b = kzalloc_obj(*b, GFP_KERNEL);
	int ret = -ENOMEM;

	if (!b)
		return ret;
	b->hm.counts = alloc_percpu(struct hs_counts);
	b->hist = alloc_percpu(struct hs_hist);
	b->m = kvzalloc_obj(*b->m, GFP_KERNEL);
	if (b->hm.counts && b->hist && b->m) {
		measure(m, b);
		measure_probes(m, b);
		ret = 0;
	}
	kvfree(b->m);
	free_percpu(b->hist);
	free_percpu(b->hm.counts);
	kfree(b);
	return ret;
}
