// SPDX-License-Identifier: GPL-2.0-only
/*
 * debugfs cost: what the instruments cost on this machine, measured when it is
 * read. Clock ticks an operation: in the lab's deterministic mode instructions.
 * An empty loop is subtracted.
 */
#include <linux/percpu.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "clock.h"
#include "device.h"

#define LOOPS 1000

struct bed {
	struct hs_mm hm;
	struct hs_mirror *m;
	struct hs_hist __percpu *hist;
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

static void measure(struct seq_file *m, struct bed *b)
{
	u64 empty = ticks(b, do_nothing);

	print(m, "histogram_record", ticks(b, do_hist), empty);
	print(m, "counter", ticks(b, do_counter), empty);
	print(m, static_key_enabled(&hs_attached) ? "mirror_counter_on" :
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
	b->m = kvzalloc(sizeof(*b->m), GFP_KERNEL);
	if (b->hm.counts && b->hist && b->m) {
		measure(m, b);
		ret = 0;
	}
	kvfree(b->m);
	free_percpu(b->hist);
	free_percpu(b->hm.counts);
	kfree(b);
	return ret;
}
