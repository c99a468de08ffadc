// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a probe is hooked to its function: the cheapest means this kernel has.
 * Counting: ftrace_ops with arguments, else a kprobe. Paired: fprobe, else a
 * kretprobe. A probe that cannot be placed is not an error: the module loads,
 * says so, and its counters stay 0.
 */
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "probe.h"

/* Calls that may be under way at once in paired functions, which sleep. */
#define POOL 512

#ifdef HS_HAS_FTRACE_ARGS
static void ftrace_called(unsigned long ip, unsigned long parent,
			  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct hs_probe *p = container_of(ops, struct hs_probe, ops);

	/* a constant number each: an index would be a loop over registers */
	hs_probe_count(p, p->argn ? ftrace_regs_get_argument(fregs, 1) :
				    ftrace_regs_get_argument(fregs, 0));
}

static int place_ftrace(struct hs_probe *p)
{
	/* ftrace_set_filter() takes its pattern apart in place */
	unsigned char name[64];
	int ret;

	strscpy(name, p->function, sizeof(name));
	p->ops.func = ftrace_called;
	ret = ftrace_set_filter(&p->ops, name, strlen(name), 1);
	if (ret) /* -EINVAL: no function matched */
		return ret == -EINVAL ? -ENOENT : ret;
	ret = register_ftrace_function(&p->ops);
	if (ret)
		ftrace_free_filter(&p->ops);
	return ret;
}

static void remove_ftrace(struct hs_probe *p)
{
	unregister_ftrace_function(&p->ops);
	ftrace_free_filter(&p->ops);
}
#else
static int place_ftrace(struct hs_probe *p)
{
	return -EOPNOTSUPP;
}

static void remove_ftrace(struct hs_probe *p)
{
}
#endif

#ifdef HS_HAS_FPROBE
static int fprobe_entered(struct fprobe *fp, unsigned long ip,
			  unsigned long parent, struct hs_fprobe_regs *regs,
			  void *data)
{
	struct hs_probe *p = container_of(fp, struct hs_probe, fprobe);
	unsigned long arg[HS_NR_ARGS];
	int i;

	for (i = 0; i < HS_NR_ARGS; i++)
		arg[i] = hs_fprobe_argument(regs, i);
	return hs_probe_enter(p, data, arg) ? 0 : 1; /* 1: no exit handler */
}

static void fprobe_left(struct fprobe *fp, unsigned long ip,
			unsigned long parent, struct hs_fprobe_regs *regs,
			void *data)
{
	struct hs_probe *p = container_of(fp, struct hs_probe, fprobe);

	hs_probe_leave(p, data, hs_fprobe_return_value(regs));
}

static int place_fprobe(struct hs_probe *p)
{
	int ret;

	p->fprobe.entry_handler = fprobe_entered;
	p->fprobe.exit_handler = fprobe_left;
	p->fprobe.entry_data_size = sizeof(struct hs_call);
	hs_fprobe_set_pool(&p->fprobe, POOL);
	ret = register_fprobe(&p->fprobe, p->function, NULL);
	return ret == -EINVAL ? -ENOENT : ret;
}

static void remove_fprobe(struct hs_probe *p)
{
	unregister_fprobe(&p->fprobe);
}
#else
static int place_fprobe(struct hs_probe *p)
{
	return -EOPNOTSUPP;
}

static void remove_fprobe(struct hs_probe *p)
{
}
#endif

#ifdef CONFIG_KPROBES
static int kprobe_called(struct kprobe *kp, struct pt_regs *regs)
{
	struct hs_probe *p = container_of(kp, struct hs_probe, kprobe);

	hs_probe_count(p, regs_get_kernel_argument(regs, p->argn));
	return 0;
}

static int place_kprobe(struct hs_probe *p)
{
	p->kprobe.symbol_name = p->function;
	p->kprobe.pre_handler = kprobe_called;
	return register_kprobe(&p->kprobe);
}

static void remove_kprobe(struct hs_probe *p)
{
	unregister_kprobe(&p->kprobe);
}
#else
static int place_kprobe(struct hs_probe *p)
{
	return -EOPNOTSUPP;
}

static void remove_kprobe(struct hs_probe *p)
{
}
#endif

#ifdef CONFIG_KRETPROBES
static struct hs_probe *kretprobe_owner(struct kretprobe_instance *ri)
{
	return container_of(get_kretprobe(ri), struct hs_probe, kretprobe);
}

static int kretprobe_entered(struct kretprobe_instance *ri,
			     struct pt_regs *regs)
{
	struct hs_probe *p = kretprobe_owner(ri);
	unsigned long arg[HS_NR_ARGS];
	int i;

	for (i = 0; i < HS_NR_ARGS; i++)
		arg[i] = regs_get_kernel_argument(regs, i);
	return hs_probe_enter(p, (void *)ri->data, arg) ? 0 : 1;
}

static int kretprobe_left(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct hs_probe *p = kretprobe_owner(ri);

	/* NULL once it is being unregistered */
	if (get_kretprobe(ri))
		hs_probe_leave(p, (void *)ri->data, regs_return_value(regs));
	return 0;
}

static int place_kretprobe(struct hs_probe *p)
{
	p->kretprobe.kp.symbol_name = p->function;
	p->kretprobe.entry_handler = kretprobe_entered;
	p->kretprobe.handler = kretprobe_left;
	p->kretprobe.data_size = sizeof(struct hs_call);
	p->kretprobe.maxactive = POOL;
	return register_kretprobe(&p->kretprobe);
}

static void remove_kretprobe(struct hs_probe *p)
{
	unregister_kretprobe(&p->kretprobe);
}
#else
static int place_kretprobe(struct hs_probe *p)
{
	return -EOPNOTSUPP;
}

static void remove_kretprobe(struct hs_probe *p)
{
}
#endif

static const struct {
	const char *name;
	bool paired;
	int (*place)(struct hs_probe *p);
	void (*remove)(struct hs_probe *p);
} means[] = {
	{ "ftrace", false, place_ftrace, remove_ftrace },
	{ "kprobe", false, place_kprobe, remove_kprobe },
	{ "fprobe", true, place_fprobe, remove_fprobe },
	{ "kretprobe", true, place_kretprobe, remove_kretprobe },
};

static void place(struct hs_probe *p)
{
	int i;

	p->error = -EOPNOTSUPP;
	for (i = 0; i < ARRAY_SIZE(means); i++) {
		if (means[i].paired != !!p->enter)
			continue;
		p->error = means[i].place(p);
		if (!p->error) {
			p->means = means[i].name;
			return;
		}
		/* the next means finds no other functions */
		if (p->error == -ENOENT)
			return;
	}
}

/* hs_probes_place - hook every probe that this kernel can take. */
void hs_probes_place(void)
{
	unsigned int i;

	for (i = 0; i < hs_nr_probes; i++)
		place(&hs_probes[i]);
}

static void take_away(struct hs_probe *p)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(means); i++) {
		if (p->means && !strcmp(p->means, means[i].name))
			means[i].remove(p);
	}
}

/* hs_probes_remove - afterwards no handler runs, nor will. */
void hs_probes_remove(void)
{
	unsigned int i;

	for (i = 0; i < hs_nr_probes; i++)
		take_away(&hs_probes[i]);
	/* a return handler that was already on its way */
	synchronize_rcu();
}

/**
 * hs_probe_missed - calls that found the pool of return instances empty
 * @p: the probe
 *
 * Return: how many.
 */
unsigned long hs_probe_missed(const struct hs_probe *p)
{
	unsigned long missed = 0;

#ifdef HS_HAS_FPROBE
	missed += READ_ONCE(p->fprobe.nmissed);
#endif
#ifdef CONFIG_KPROBES
	missed += READ_ONCE(p->kprobe.nmissed);
#endif
#ifdef CONFIG_KRETPROBES
	missed += READ_ONCE(p->kretprobe.nmissed);
#endif
	return missed;
}
