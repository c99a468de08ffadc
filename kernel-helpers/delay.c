// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seeded pauses at the named windows, and at the entry of any function that a
 * kprobe can be put on.
 *
 * Each CPU draws from a sequence of its own, made from the seed and the CPU's
 * number, so that no CPU waits for another to decide, and a run in which each
 * CPU does the same again pauses at the same places again.
 *
 * A pause at a window runs inside an SRCU section: whoever changes or ends a
 * delay waits until nobody pauses by it any more.
 */
#include <linux/hrtimer.h>
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/uaccess.h>

#include "clock.h"
#include "delay.h"
#include "hmmstorm.h"

DEFINE_STATIC_KEY_DEFERRED_FALSE(hs_delays_on, HS_LINGER);

/* One delay, never changed once it can be found. */
struct setting {
	const void *owner;
	u32 kind, probability;
	u64 amount;
	u64 __percpu *state;
};

struct symbol {
	struct setting setting;
	char name[sizeof_field(struct hmmstorm_delay, symbol)];
#ifdef CONFIG_KPROBES
	struct kprobe kprobe;
#endif
};

/* A degraded pause is bounded: it may stand under a spinlock. */
#define DEGRADED_MAX 10000

DEFINE_STATIC_SRCU(pauses);
static DEFINE_MUTEX(delays_lock); /* writers of what follows */
static struct setting __rcu *windows[HMMSTORM_WINDOWS];
static struct symbol *symbols[HMMSTORM_DELAY_SYMBOLS];
static atomic64_t nr_done, nr_degraded;

/* hs_delay_counts - how many pauses there have been, and how many degraded. */
void hs_delay_counts(u64 *done, u64 *degraded)
{
	*done = atomic64_read(&nr_done);
	*degraded = atomic64_read(&nr_degraded);
}

/* splitmix64: one addition a step, so that a sequence is where it was left. */
#define STEP 0x9e3779b97f4a7c15ULL

static u64 mix(u64 x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static bool drawn(const struct setting *s)
{
	if (s->probability == U32_MAX)
		return true;
	return mix(this_cpu_add_return(*s->state, STEP)) >> 32 < s->probability;
}

static void spin(u64 ns)
{
	u64 since = hs_clock();

	while (hs_clock_ns(since, hs_clock()) < ns)
		;
}

static void pause_times(u64 n)
{
	while (n--)
		cpu_relax();
}

static void sleep_ns(u64 ns)
{
	ktime_t time = ns_to_ktime(ns);

	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule_hrtimeout(&time, HRTIMER_MODE_REL);
}

static void yield_times(u64 n)
{
	while (n--)
		sleep_ns(1); /* gone from the run queue: whoever waits here runs */
}

static void pause_by(const struct setting *s, bool may_sleep)
{
	bool sleeper = s->kind == HMMSTORM_DELAY_YIELD ||
		       s->kind == HMMSTORM_DELAY_PREEMPT;

	if (!drawn(s))
		return;
	atomic64_inc(&nr_done);
	if (sleeper && !may_sleep) {
		atomic64_inc(&nr_degraded);
		pause_times(min_t(u64, s->amount, DEGRADED_MAX));
		return;
	}
	switch (s->kind) {
	case HMMSTORM_DELAY_SPIN:
		spin(s->amount);
		break;
	case HMMSTORM_DELAY_PAUSE:
		pause_times(s->amount);
		break;
	case HMMSTORM_DELAY_YIELD:
		yield_times(s->amount);
		break;
	case HMMSTORM_DELAY_PREEMPT:
		sleep_ns(s->amount);
		break;
	}
}

/**
 * hs_delay_slow - hs_delay() when somebody has asked for delays
 * @window: where
 * @may_sleep: no spinlock is held, preemption and interrupts are on
 */
void hs_delay_slow(enum hmmstorm_window window, bool may_sleep)
{
	struct setting *s;
	int idx;

	idx = srcu_read_lock(&pauses);
	s = srcu_dereference(windows[window], &pauses);
	if (s)
		pause_by(s, may_sleep);
	srcu_read_unlock(&pauses, idx);
}

static int fill_setting(struct setting *s, const void *owner,
			const struct hmmstorm_delay *d)
{
	u64 *state;
	int cpu;

	s->owner = owner;
	s->kind = d->kind;
	s->amount = d->amount;
	s->probability = d->probability;
	s->state = alloc_percpu(u64);
	if (!s->state)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		state = per_cpu_ptr(s->state, cpu);
		*state = mix(d->seed + cpu * STEP);
	}
	return 0;
}

static void free_setting(struct setting *s)
{
	if (!s)
		return;
	free_percpu(s->state);
	kfree(s);
}

/* With delays_lock. After it nobody pauses by the old one. */
static void replace_window(unsigned int i, struct setting *new)
{
	struct setting *old;

	old = rcu_replace_pointer(windows[i], new,
				  lockdep_is_held(&delays_lock));
	if (!old && new)
		static_branch_deferred_inc(&hs_delays_on);
	if (old && !new)
		static_branch_slow_dec_deferred(&hs_delays_on);
	if (old)
		synchronize_srcu(&pauses);
	free_setting(old);
}

static long set_window(const void *owner, const struct hmmstorm_delay *d)
{
	struct setting *old, *new = NULL;
	int ret = 0;

	old = rcu_dereference_protected(windows[d->window],
					lockdep_is_held(&delays_lock));
	if (old && old->owner != owner)
		return -EBUSY;
	if (d->kind != HMMSTORM_DELAY_NONE) {
		new = kzalloc_obj(*new, GFP_KERNEL_ACCOUNT);
		ret = new ? fill_setting(new, owner, d) : -ENOMEM;
	}
	if (ret)
		free_setting(new);
	else
		replace_window(d->window, new);
	return ret;
}

#ifdef CONFIG_KPROBES
/* Preemption is off, and kprobes let no probe hit within a probe. */
static int symbol_called(struct kprobe *kp, struct pt_regs *regs)
{
	struct symbol *s = container_of(kp, struct symbol, kprobe);

	pause_by(&s->setting, false);
	return 0;
}

static int hook_symbol(struct symbol *s)
{
	int ret;

	s->kprobe.symbol_name = s->name;
	s->kprobe.pre_handler = symbol_called;
	/* found, but no code is patched yet */
	s->kprobe.flags = KPROBE_FLAG_DISABLED;
	ret = register_kprobe(&s->kprobe);
	if (ret)
		return ret;
	/* a pause inside a pause, and a module that could not be unloaded */
	if (within_module((unsigned long)s->kprobe.addr, THIS_MODULE))
		ret = -EINVAL;
	else
		ret = enable_kprobe(&s->kprobe);
	if (ret)
		unregister_kprobe(&s->kprobe);
	return ret;
}

static void unhook_symbol(struct symbol *s)
{
	unregister_kprobe(&s->kprobe); /* waits for handlers */
}
#else
static int hook_symbol(struct symbol *s)
{
	return -EOPNOTSUPP;
}

static void unhook_symbol(struct symbol *s)
{
}
#endif

static void free_symbol(struct symbol *s)
{
	if (!s)
		return;
	free_percpu(s->setting.state);
	kfree(s);
}

/* The place of this symbol, or a free one; HMMSTORM_DELAY_SYMBOLS: none. */
static unsigned int find_symbol(const char *name)
{
	unsigned int i, room = HMMSTORM_DELAY_SYMBOLS;

	for (i = 0; i < HMMSTORM_DELAY_SYMBOLS; i++) {
		if (!symbols[i])
			room = i;
		else if (!strcmp(symbols[i]->name, name))
			return i;
	}
	return room;
}

static void remove_symbol(unsigned int i)
{
	unhook_symbol(symbols[i]);
	free_symbol(symbols[i]);
	symbols[i] = NULL;
}

static long add_symbol(unsigned int i, const void *owner,
		       const struct hmmstorm_delay *d)
{
	struct symbol *s = kzalloc_obj(*s, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!s)
		return -ENOMEM;
	strscpy(s->name, d->symbol, sizeof(s->name));
	ret = fill_setting(&s->setting, owner, d);
	if (!ret)
		ret = hook_symbol(s);
	if (ret)
		free_symbol(s);
	else
		symbols[i] = s;
	return ret;
}

static long set_symbol(const void *owner, const struct hmmstorm_delay *d)
{
	unsigned int i = find_symbol(d->symbol);

	if (i == HMMSTORM_DELAY_SYMBOLS)
		return d->kind == HMMSTORM_DELAY_NONE ? -ENOENT : -ENOSPC;
	if (symbols[i] && symbols[i]->setting.owner != owner)
		return -EBUSY;
	if (symbols[i])
		remove_symbol(i);
	else if (d->kind == HMMSTORM_DELAY_NONE)
		return -ENOENT;
	return d->kind == HMMSTORM_DELAY_NONE ? 0 : add_symbol(i, owner, d);
}

static bool delay_valid(const struct hmmstorm_delay *d)
{
	static const u64 most[] = {
		[HMMSTORM_DELAY_NONE] = 0,
		[HMMSTORM_DELAY_SPIN] = HMMSTORM_DELAY_NS_MAX,
		[HMMSTORM_DELAY_PAUSE] = HMMSTORM_DELAY_PAUSES_MAX,
		[HMMSTORM_DELAY_YIELD] = HMMSTORM_DELAY_YIELDS_MAX,
		[HMMSTORM_DELAY_PREEMPT] = HMMSTORM_DELAY_NS_MAX,
	};
	bool named = d->window < HMMSTORM_WINDOW_SYMBOL;
	size_t length = strnlen(d->symbol, sizeof(d->symbol));

	if (d->window > HMMSTORM_WINDOW_SYMBOL || d->kind >= ARRAY_SIZE(most) ||
	    d->pad || length == sizeof(d->symbol) || named == !!length)
		return false;
	if (memchr_inv(d->symbol + length, 0, sizeof(d->symbol) - length))
		return false;
	if (d->kind == HMMSTORM_DELAY_NONE)
		return !d->amount && !d->probability && !d->seed;
	return d->amount >= 1 && d->amount <= most[d->kind] && d->probability;
}

/**
 * hs_delay_set - HMMSTORM_IOC_DELAY
 * @owner: the open file
 * @arg: struct hmmstorm_delay
 *
 * Return: 0 or -errno; see there.
 */
long hs_delay_set(const void *owner, const void __user *arg)
{
	struct hmmstorm_delay d;
	long ret;

	if (copy_from_user(&d, arg, sizeof(d)))
		return -EFAULT;
	if (!delay_valid(&d))
		return -EINVAL;
	if (mutex_lock_interruptible(&delays_lock))
		return -EINTR;
	if (d.window == HMMSTORM_WINDOW_SYMBOL)
		ret = set_symbol(owner, &d);
	else
		ret = set_window(owner, &d);
	mutex_unlock(&delays_lock);
	return ret;
}

/* hs_delay_drop - the file closes: its delays end; nobody pauses by them. */
void hs_delay_drop(const void *owner)
{
	struct setting *s;
	unsigned int i;

	mutex_lock(&delays_lock);
	for (i = 0; i < HMMSTORM_WINDOWS; i++) {
		s = rcu_dereference_protected(windows[i],
					      lockdep_is_held(&delays_lock));
		if (s && s->owner == owner)
			replace_window(i, NULL);
	}
	for (i = 0; i < HMMSTORM_DELAY_SYMBOLS; i++) {
		if (symbols[i] && symbols[i]->setting.owner == owner)
			remove_symbol(i);
	}
	mutex_unlock(&delays_lock);
}
