/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A probe: a kernel function that is watched, and what its calls count.
 *
 * Two sorts. A counting probe says which argument leads to the mm and which
 * counter goes up; it sees entries only and hangs on ftrace. A paired probe has
 * enter() and leave(), which share a struct hs_call; it costs ten times as much
 * (design: 435 against 40 instructions) and hangs on fprobe.
 */
#ifndef HS_PROBE_H
#define HS_PROBE_H

#include "hmmstorm.h"

/* What argument 0 or 1 points to, on the way to the mm. */
enum hs_arg {
	HS_ARG_VMA, /* struct vm_area_struct */
	HS_ARG_MIGRATE, /* struct migrate_vma, whose vma may be NULL */
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
	/* a counting probe */
	enum hs_arg arg;
	unsigned int argn;
	enum hs_counter counter;
	/* a paired probe; both run with preemption off. enter() returns false
	 * when this mm is not attached: leave() is then not called.
	 */
	bool (*enter)(struct hs_call *call, const unsigned long *arg);
	void (*leave)(struct hs_mm *hm, struct hs_call *call,
		      unsigned long result);
	/* set when placed */
	const char *means;
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
void hs_probe_count(const struct hs_probe *p, unsigned long arg);
bool hs_probe_enter(const struct hs_probe *p, struct hs_call *call,
		    const unsigned long *arg);
void hs_probe_leave(const struct hs_probe *p, struct hs_call *call,
		    unsigned long result);

/* place.c */
void hs_probes_place(void);
void hs_probes_remove(void);
unsigned long hs_probe_missed(const struct hs_probe *p);

#endif /* HS_PROBE_H */
