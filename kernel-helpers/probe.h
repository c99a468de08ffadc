/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A probe: a kernel function that is watched, and what its calls count.
 *
 * Two sorts. A counting probe says which argument leads to the mm and which
 * counter goes up; it sees entries only and hangs on ftrace. A paired probe has
 * enter() and leave(), which share a struct hs_call; it costs ten times as much
 * (design: 435 against 40 instructions) and hangs on fprobe.
 *
 * A probe is placed only while somebody wants it: a module that is loaded and not
 * used costs nothing. Functions of another module are watched while that is there.
 */
#ifndef HS_PROBE_H
#define HS_PROBE_H

#include <linux/hmm.h>
#include <linux/migrate.h>
#include <linux/mm_types.h>
#include <linux/sched.h>

#include "hmmstorm.h"

enum hs_want {
	HS_WANT_COUNTS, /* an mm is attached */
	HS_WANT_STARTS, /* ... and no mmu_notifier of ours tells of it */
	HS_WANT_TIMES, /* ... with HMMSTORM_ATTACH_TIMES */
	HS_NR_WANTS,
};

/* What an argument points to, on the way to the mm. */
enum hs_arg {
	HS_ARG_MM, /* struct mm_struct */
	HS_ARG_VMA, /* struct vm_area_struct */
	HS_ARG_MIGRATE, /* struct migrate_vma, whose vma may be NULL */
	HS_ARG_RANGE, /* struct mmu_notifier_range */
	HS_ARG_SUB, /* struct mmu_interval_notifier */
	HS_ARG_NOTIFIER, /* struct mmu_notifier, or what begins with one */
	HS_ARG_HMM, /* struct hmm_range */
	HS_ARG_CURRENT, /* nothing: it runs for the caller */
};

#define HS_NR_ARGS 5

/* Between enter and leave: on the return stack, zeroed by nobody. */
struct hs_call {
	struct mm_struct *mm; /* to look it up again: it may detach meanwhile */
	u64 since;
	unsigned long data[2];
};

struct hs_probe {
	const char *function, *text;
	const char *instead; /* watched where there is no such function */
	const char *module; /* it belongs to; NULL: the kernel */
	enum hs_want want;
	/* a counting probe: argument number argn leads to the mm; counter goes
	 * up, or count() is called with it, preemption off
	 */
	enum hs_arg arg;
	unsigned int argn;
	enum hs_counter counter;
	void (*count)(struct hs_mm *hm, unsigned long arg);
	/* a paired probe; both run with preemption off. enter() returns false
	 * when this mm is not attached: leave() is then not called.
	 */
	bool (*enter)(struct hs_call *call, const unsigned long *arg);
	void (*leave)(struct hs_mm *hm, struct hs_call *call,
		      unsigned long result);
	/* the counting probe of the same function: not placed while this one is,
	 * since two at one place cost far more than one; this one counts for it
	 */
	struct hs_probe *also;
	/* set when placed; missed: when it was taken away */
	const char *means, *placed;
	unsigned long missed;
	int error;
#ifdef HS_HAS_FTRACE_ARGS
	struct ftrace_ops ops;
#endif
#ifdef HS_HAS_FPROBE
	struct fprobe fprobe;
#endif
#ifdef CONFIG_KPROBES
	struct kprobe kprobe;
#endif
#ifdef CONFIG_KRETPROBES
	struct kretprobe kretprobe;
#endif
};

/* probes.c */
extern struct hs_probe hs_probes[];
extern const unsigned int hs_nr_probes;
extern struct hs_probe *const hs_probe_start; /* sees each invalidation */
void hs_probe_count(const struct hs_probe *p, unsigned long arg);
bool hs_probe_enter(const struct hs_probe *p, struct hs_call *call,
		    const unsigned long *arg);
void hs_probe_leave(const struct hs_probe *p, struct hs_call *call,
		    unsigned long result);

static __always_inline struct mm_struct *hs_arg_mm(enum hs_arg kind,
						   unsigned long arg)
{
	const struct vm_area_struct *vma;

	switch (kind) {
	case HS_ARG_MM:
		return (struct mm_struct *)arg;
	case HS_ARG_VMA:
		return ((struct vm_area_struct *)arg)->vm_mm;
	case HS_ARG_MIGRATE:
		vma = ((struct migrate_vma *)arg)->vma;
		return vma ? vma->vm_mm : NULL;
	case HS_ARG_RANGE:
		return ((struct mmu_notifier_range *)arg)->mm;
	case HS_ARG_SUB:
		return ((struct mmu_interval_notifier *)arg)->mm;
	case HS_ARG_NOTIFIER:
		return ((struct mmu_notifier *)arg)->mm;
	case HS_ARG_HMM:
		return ((struct hmm_range *)arg)->notifier->mm;
	case HS_ARG_CURRENT:
		return current->mm;
	}
	return NULL;
}

/* A function was called on behalf of mm. */
static __always_inline void hs_call_seen(const struct mm_struct *mm,
					 enum hs_counter counter)
{
	struct hs_mm *hm;

	preempt_disable_notrace();
	hm = hs_mm_find(mm);
	if (hm)
		hs_count(hm, counter);
	preempt_enable_notrace();
}

/* place.c */
int hs_probes_init(void);
void hs_probes_exit(void);
/* Placed from the first want to a while after the last drop; may sleep. */
void hs_probes_want(enum hs_want want);
void hs_probes_drop(enum hs_want want);
/* One that is not in the table. */
int hs_probe_place(struct hs_probe *p);
void hs_probe_remove(struct hs_probe *p);
unsigned long hs_probe_missed(const struct hs_probe *p);

#endif /* HS_PROBE_H */
