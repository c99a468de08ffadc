// SPDX-License-Identifier: GPL-2.0-only
/*
 * How a probe is hooked to its function: the cheapest means this kernel has.
 * Counting: ftrace_ops with arguments, else a kprobe. Paired: fprobe, else a
 * kretprobe. A probe that cannot be placed is not an error: the module loads,
 * says so, and its counters stay 0.
 *
 * A handler may outlive the removal of its probe by a moment, and a counting one
 * runs with preemption off only from where it has found somebody to count for:
 * before that it reads nothing that can go.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "driver.h"
#include "observe.h"
#include "probe.h"

/* Calls that may be under way at once in paired functions, which sleep. */
#define POOL 512

#ifdef HS_HAS_FTRACE_ARGS
/* One for each counter, so that nothing is left to look up when it is called. */
#define CALLED(name_, kind_, argn_, counter_)                             \
	static void name_(unsigned long ip, unsigned long parent,         \
			  struct ftrace_ops *ops,                         \
			  struct ftrace_regs *fregs)                      \
	{                                                                 \
		hs_call_seen(hs_arg_mm(kind_, ftrace_regs_get_argument(   \
						      fregs, argn_)),     \
			     counter_);                                   \
	}

CALLED(called_range_fault, HS_ARG_HMM, 0, HS_RANGE_FAULT_CALLS)
CALLED(called_restore, HS_ARG_VMA, 0, HS_RESTORE_PAGES)
CALLED(called_migrate, HS_ARG_MIGRATE, 0, HS_MIGRATE_SETUP_CALLS)
CALLED(called_fork, HS_ARG_VMA, 1, HS_FORK_VMAS)
CALLED(called_cost, HS_ARG_VMA, 0, HS_COST_EVENTS)

/* hs_probe_start, the hottest: without the call of count(). */
static void called_start(unsigned long ip, unsigned long parent,
			 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	const struct mmu_notifier_range *range =
		(void *)ftrace_regs_get_argument(fregs, 0);
	struct hs_mm *hm;

	preempt_disable_notrace();
	hm = hs_mm_find(range->mm);
	if (hm)
		hs_observe(hm, range, true);
	preempt_enable_notrace();
}

/* The others: whatever the probe says. */
static void called_other(unsigned long ip, unsigned long parent,
			 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	const struct hs_probe *p = container_of(ops, struct hs_probe, ops);

	/* a constant number each: an index would be a loop over registers */
	hs_probe_count(p, p->argn ? ftrace_regs_get_argument(fregs, 1) :
				    ftrace_regs_get_argument(fregs, 0));
}

static const struct {
	enum hs_counter counter;
	ftrace_func_t func;
} called[] = {
	{ HS_RANGE_FAULT_CALLS, called_range_fault },
	{ HS_RESTORE_PAGES, called_restore },
	{ HS_MIGRATE_SETUP_CALLS, called_migrate },
	{ HS_FORK_VMAS, called_fork },
	{ HS_COST_EVENTS, called_cost },
};

static ftrace_func_t find_called(const struct hs_probe *p)
{
	unsigned int i;

	if (p == hs_probe_start)
		return called_start;
	for (i = 0; !p->count && i < ARRAY_SIZE(called); i++) {
		if (called[i].counter == p->counter)
			return called[i].func;
	}
	return called_other;
}

static int place_ftrace(struct hs_probe *p, const char *function)
{
	/* ftrace_set_filter() takes its pattern apart in place */
	unsigned char name[64];
	int ret;

	strscpy(name, function, sizeof(name));
	/* placed before, perhaps: ftrace_free_filter() leaves what it has freed */
	p->ops = (struct ftrace_ops){};
	p->ops.func = find_called(p);
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
static int place_ftrace(struct hs_probe *p, const char *function)
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

static int place_fprobe(struct hs_probe *p, const char *function)
{
	int ret;

	p->fprobe = (struct fprobe){};
	p->fprobe.entry_handler = fprobe_entered;
	p->fprobe.exit_handler = fprobe_left;
	p->fprobe.entry_data_size = sizeof(struct hs_call);
	hs_fprobe_set_pool(&p->fprobe, POOL);
	ret = register_fprobe(&p->fprobe, function, NULL);
	return ret == -EINVAL ? -ENOENT : ret;
}

static void remove_fprobe(struct hs_probe *p)
{
	unregister_fprobe(&p->fprobe);
}
#else
static int place_fprobe(struct hs_probe *p, const char *function)
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

static int place_kprobe(struct hs_probe *p, const char *function)
{
	/* used before, perhaps, when its module was loaded last */
	p->kprobe = (struct kprobe){};
	p->kprobe.symbol_name = function;
	p->kprobe.pre_handler = kprobe_called;
	return register_kprobe(&p->kprobe);
}

static void remove_kprobe(struct hs_probe *p)
{
	unregister_kprobe(&p->kprobe);
}
#else
static int place_kprobe(struct hs_probe *p, const char *function)
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

static int place_kretprobe(struct hs_probe *p, const char *function)
{
	p->kretprobe = (struct kretprobe){};
	p->kretprobe.kp.symbol_name = function;
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
static int place_kretprobe(struct hs_probe *p, const char *function)
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
	int (*place)(struct hs_probe *p, const char *function);
	void (*remove)(struct hs_probe *p);
} means[] = {
	{ "ftrace", false, place_ftrace, remove_ftrace },
	{ "kprobe", false, place_kprobe, remove_kprobe },
	{ "fprobe", true, place_fprobe, remove_fprobe },
	{ "kretprobe", true, place_kretprobe, remove_kretprobe },
};

static int place_by_name(struct hs_probe *p, const char *function)
{
	int i, ret = -EOPNOTSUPP;

	for (i = 0; i < ARRAY_SIZE(means); i++) {
		if (means[i].paired != !!p->enter)
			continue;
		ret = means[i].place(p, function);
		if (!ret) {
			p->means = means[i].name;
			p->placed = function;
			break;
		}
		/* what ftrace does not know (lib/ is built without), the next
		 * means may
		 */
	}
	return ret;
}

static void place(struct hs_probe *p)
{
	if (p->means)
		return;
	p->error = place_by_name(p, p->function);
	if (p->error == -ENOENT && p->instead)
		p->error = place_by_name(p, p->instead);
}

/* What the kernel counts, of this placing; 0 again with the next. */
static unsigned long missed_now(const struct hs_probe *p)
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

static void take_away(struct hs_probe *p, int why)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(means); i++) {
		if (p->means && !strcmp(p->means, means[i].name))
			means[i].remove(p);
	}
	if (p->means)
		p->missed += missed_now(p);
	p->means = NULL;
	p->error = why;
}

static DEFINE_MUTEX(place_lock); /* what is placed, and who wants it */
static unsigned int wanted[HS_NR_WANTS];
static bool placed[HS_NR_WANTS];

static struct hs_probe *same_function(const struct hs_probe *p)
{
	unsigned int i;

	for (i = 0; i < hs_nr_probes; i++) {
		if (&hs_probes[i] != p && !hs_probes[i].enter &&
		    !strcmp(hs_probes[i].function, p->function))
			return &hs_probes[i];
	}
	return NULL;
}

/*
 * A paired probe takes the counting one's place, or gives it back. A call in just
 * that moment is not counted.
 */
static void exchange(struct hs_probe *p, bool on)
{
	struct hs_probe *counting = same_function(p);

	if (!counting)
		return;
	if (on && p->means && counting->means) {
		take_away(counting, 0);
		WRITE_ONCE(p->also, counting);
	} else if (!on && p->also) {
		WRITE_ONCE(p->also, NULL);
		if (placed[counting->want])
			place(counting);
	}
}

static void set_placed(enum hs_want want, bool on)
{
	struct hs_probe *p;
	unsigned int i;

	for (i = 0; i < hs_nr_probes; i++) {
		p = &hs_probes[i];
		if (p->want != want)
			continue;
		if (on) {
			place(p);
			exchange(p, true);
		} else {
			exchange(p, false);
			take_away(p, -ENODATA);
		}
	}
	placed[want] = on;
}

static void remove_unwanted(struct work_struct *work)
{
	unsigned int i;

	mutex_lock(&place_lock);
	for (i = 0; i < HS_NR_WANTS; i++) {
		if (!wanted[i] && placed[i])
			set_placed(i, false);
	}
	mutex_unlock(&place_lock);
}

static DECLARE_DELAYED_WORK(unwanted, remove_unwanted);

/* hs_probes_want - paired with a hs_probes_drop(). */
void hs_probes_want(enum hs_want want)
{
	mutex_lock(&place_lock);
	if (!wanted[want]++ && !placed[want])
		set_placed(want, true);
	mutex_unlock(&place_lock);
}

void hs_probes_drop(enum hs_want want)
{
	mutex_lock(&place_lock);
	if (!--wanted[want])
		schedule_delayed_work(&unwanted, HS_LINGER);
	mutex_unlock(&place_lock);
}

int hs_probe_place(struct hs_probe *p)
{
	mutex_lock(&place_lock);
	place(p);
	mutex_unlock(&place_lock);
	return p->error;
}

void hs_probe_remove(struct hs_probe *p)
{
	mutex_lock(&place_lock);
	take_away(p, -ENODATA);
	mutex_unlock(&place_lock);
}

/* Its functions can be hooked from COMING on, and until GOING. */
static int module_changes(struct notifier_block *nb, unsigned long state,
			  void *data)
{
	const struct module *module = data;
	struct hs_probe *p;
	unsigned int i;

	mutex_lock(&place_lock);
	for (i = 0; i < hs_nr_probes; i++) {
		p = &hs_probes[i];
		if (!p->module || strcmp(p->module, module->name))
			continue;
		if (state == MODULE_STATE_COMING && placed[p->want])
			place(p);
		else if (state == MODULE_STATE_GOING)
			take_away(p, placed[p->want] ? -ENOENT : -ENODATA);
	}
	mutex_unlock(&place_lock);
	if (state == MODULE_STATE_GOING)
		hs_driver_forget();
	return NOTIFY_OK;
}

static struct notifier_block modules = { .notifier_call = module_changes };

/**
 * hs_probes_init - ready to place
 *
 * Return: 0, or -errno when modules that come and go could not be followed.
 */
int hs_probes_init(void)
{
	unsigned int i;

	for (i = 0; i < hs_nr_probes; i++)
		hs_probes[i].error = -ENODATA;
	return register_module_notifier(&modules);
}

/* hs_probes_exit - afterwards no handler runs, nor will. */
void hs_probes_exit(void)
{
	unsigned int i;

	unregister_module_notifier(&modules);
	cancel_delayed_work_sync(&unwanted);
	for (i = 0; i < hs_nr_probes; i++)
		take_away(&hs_probes[i], -ENODATA);
	/* a return handler that was already on its way */
	synchronize_rcu();
}

/**
 * hs_probe_missed - calls that found the pool of return instances empty
 * @p: the probe
 *
 * Return: how many since the module was loaded.
 */
unsigned long hs_probe_missed(const struct hs_probe *p)
{
	unsigned long missed;

	mutex_lock(&place_lock);
	missed = p->missed + (p->means ? missed_now(p) : 0);
	mutex_unlock(&place_lock);
	return missed;
}
