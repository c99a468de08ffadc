// SPDX-License-Identifier: GPL-2.0-only
/*
 * Contexts of the mirror device: made, set, mapped, closed.
 *
 * A context belongs to the open file that made it and to the address space that
 * its maker had. It ends with the file. By then the memory may be gone (the
 * notifiers have dropped everything) or may not (close()); engines are stopped
 * first, then the notifiers go, then what the device still maps.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "delay.h"
#include "device.h"

static DEFINE_MUTEX(contexts_lock);
static LIST_HEAD(contexts); /* RCU; added to and deleted from under the mutex */

static atomic_long_t nr_contexts, nr_engines;
atomic_long_t hs_mirror_pages, hs_mirror_pins, hs_mirror_table;

/* hs_mirror_instants - the counters that are looked up; value[HS_NR_COUNTERS]. */
void hs_mirror_instants(u64 *value)
{
	value[HS_MIRROR_CONTEXTS] = atomic_long_read(&nr_contexts);
	value[HS_MIRROR_ENGINES] = atomic_long_read(&nr_engines);
	value[HS_MIRROR_PAGES] = atomic_long_read(&hs_mirror_pages);
	value[HS_MIRROR_PINNED] = atomic_long_read(&hs_mirror_pins);
	value[HS_MIRROR_TABLE] = atomic_long_read(&hs_mirror_table);
	hs_delay_counts(&value[HS_DELAYS], &value[HS_DELAYS_DEGRADED]);
}

void hs_mirror_add_slow(const struct hs_mirror *m, enum hs_counter c, u64 n)
{
	struct hs_mm *hm;

	preempt_disable();
	hm = hs_mm_find(m->mm);
	if (hm)
		hs_add(hm, c, n);
	preempt_enable();
}

/* The leaves of one context. */
static void visit_leaves(struct hs_mirror *m, unsigned long first,
			 unsigned long last, hs_leaf_fn *fn, void *data)
{
	struct hs_mapped mapped;
	struct hs_leaf *leaf;
	unsigned long index;

	xa_for_each_range(&m->leaves, index, leaf, first >> HS_LEAF_BITS,
			  last >> HS_LEAF_BITS) {
		unsigned long base = index << HS_LEAF_BITS;

		mapped.base = leaf->base;
		mapped.entry = leaf->entry;
		mapped.first = first > base ? first - base : 0;
		mapped.last = min(last - base, HS_LEAF_PAGES - 1UL);
		spin_lock(&m->lock);
		fn(&mapped, data);
		spin_unlock(&m->lock);
	}
}

void hs_mirror_for_each(const struct mm_struct *mm, unsigned long start,
			unsigned long end, const void *except, hs_leaf_fn *fn,
			void *data)
{
	struct hs_mirror *m;

	rcu_read_lock();
	list_for_each_entry_rcu(m, &contexts, node) {
		if (m->mm == mm && m != except)
			visit_leaves(m, start >> PAGE_SHIFT,
				     (end - 1) >> PAGE_SHIFT, fn, data);
	}
	rcu_read_unlock();
}

static bool params_valid(const struct hmmstorm_mirror *p)
{
	return p->engines >= 1 && p->engines <= HMMSTORM_ENGINES_MAX &&
	       is_power_of_2(p->entries) && p->entries <= HMMSTORM_ENTRIES_MAX &&
	       PAGE_ALIGNED(p->data_bytes) && p->data_bytes <= HMMSTORM_DATA_MAX &&
	       p->protocol >= HMMSTORM_PROTOCOL_PROCESS &&
	       p->protocol <= HMMSTORM_PROTOCOL_PIN &&
	       p->fault_batch >= 1 && p->fault_batch <= 256 &&
	       p->timeout_ms >= 1 && p->timeout_ms <= 60000 &&
	       p->idle_us <= 1000000 && !(p->flags & ~HMMSTORM_MIRROR_FLAGS) && !p->engine_bytes &&
	       !p->cq_offset && !p->data_offset && !p->pad &&
	       hs_policy_valid(&p->policy);
}

static void lay_out(struct hs_mirror *m)
{
	m->cq_offset = HMMSTORM_SQ_OFFSET +
		PAGE_ALIGN(m->entries * sizeof(struct hmmstorm_cmd));
	m->data_offset = m->cq_offset +
		PAGE_ALIGN(m->entries * sizeof(struct hmmstorm_done));
	m->engine_bytes = m->data_offset + m->data_bytes;
}

static void init_locks(struct hs_mirror *m)
{
	unsigned int i;

	spin_lock_init(&m->lock);
	init_waitqueue_head(&m->pause);
	mutex_init(&m->grow);
	for (i = 0; i < ARRAY_SIZE(m->fault_lock); i++)
		mutex_init(&m->fault_lock[i]);
	for (i = 0; i < ARRAY_SIZE(m->list); i++)
		m->list[i] = (struct hs_list){ HS_NO_PAGE, HS_NO_PAGE };
	xa_init(&m->leaves);
	INIT_DELAYED_WORK(&m->idle, hs_policy_idle);
}

static struct hs_mirror *alloc_context(const struct hmmstorm_mirror *p)
{
	struct hs_mirror *m;

	m = kvzalloc(struct_size(m, engine, p->engines), GFP_KERNEL_ACCOUNT);
	if (!m)
		return NULL;
	m->engines = p->engines;
	m->entries = p->entries;
	m->data_bytes = p->data_bytes;
	m->protocol = p->protocol;
	m->fault_batch = p->fault_batch;
	m->timeout_ms = p->timeout_ms;
	m->idle_us = p->idle_us;
	m->policy = p->policy;
	m->naive = p->flags & HMMSTORM_MIRROR_NAIVE;
	m->unlocked = p->flags & HMMSTORM_MIRROR_UNLOCKED;
	m->mm = current->mm;
	mmgrab(m->mm);
	init_locks(m);
	lay_out(m);
	atomic_long_inc(&nr_contexts);
	return m;
}

static int start_engine(struct hs_mirror *m, unsigned int i, s32 cpu)
{
	struct hs_engine *e = &m->engine[i];
	struct task_struct *task;

	e->m = m;
	e->index = i;
	init_waitqueue_head(&e->wake);
	init_waitqueue_head(&e->done);
	spin_lock_init(&e->want_lock);
	e->ring = vmalloc_user(m->engine_bytes);
	if (!e->ring)
		return -ENOMEM;
	e->ring->entries = m->entries;
	e->sq = (void *)e->ring + HMMSTORM_SQ_OFFSET;
	e->cq = (void *)e->ring + m->cq_offset;
	e->data = (void *)e->ring + m->data_offset;
	task = kthread_create(hs_engine_run, e, "hmmstorm/%d.%u",
			      task_tgid_nr(current), i);
	if (IS_ERR(task))
		return PTR_ERR(task);
	if (cpu >= 0)
		kthread_bind(task, cpu);
	e->task = get_task_struct(task);
	atomic_long_inc(&nr_engines);
	wake_up_process(task);
	return 0;
}

static bool cpu_valid(s32 cpu)
{
	return cpu == -1 ||
	       (cpu >= 0 && cpu < (s32)nr_cpu_ids && cpu_online(cpu));
}

static int start_engines(struct hs_mirror *m, const s32 __user *cpus)
{
	s32 cpu = -1;
	unsigned int i;
	int ret = 0;

	for (i = 0; i < m->engines && !ret; i++) {
		if (cpus && get_user(cpu, cpus + i))
			return -EFAULT;
		ret = cpu_valid(cpu) ? start_engine(m, i, cpu) : -EINVAL;
	}
	return ret;
}

static int register_notifier(struct hs_mirror *m)
{
	if (m->protocol != HMMSTORM_PROTOCOL_RANGE)
		return mmu_interval_notifier_insert(&m->sub, m->mm, 0,
						    ULONG_MAX & PAGE_MASK,
						    &hs_process_ops);
	m->mn.ops = &hs_range_ops;
	return mmu_notifier_register(&m->mn, m->mm);
}

static void unregister_notifier(struct hs_mirror *m)
{
	if (!m->registered)
		return;
	if (m->protocol != HMMSTORM_PROTOCOL_RANGE)
		mmu_interval_notifier_remove(&m->sub);
	else
		mmu_notifier_unregister(&m->mn, m->mm);
}

static void stop_engines(struct hs_mirror *m)
{
	struct hs_engine *e;
	unsigned int i;

	WRITE_ONCE(m->closing, true);
	for (i = 0; i < m->engines; i++) {
		e = &m->engine[i];
		if (e->task) {
			kthread_stop(e->task);
			put_task_struct(e->task);
			hs_engine_flush(e);
			atomic_long_dec(&nr_engines);
		}
	}
	cancel_delayed_work_sync(&m->idle);
}

/*
 * Also of a context that is only half made. What the device maps goes while the
 * notifier still stands, as nothing else keeps those pages.
 */
static void destroy(struct hs_mirror *m)
{
	unsigned int i;

	stop_engines(m);
	hs_table_drop(m, 0, ULONG_MAX, false);
	unregister_notifier(m);
	mutex_lock(&contexts_lock);
	if (m->listed)
		list_del_rcu(&m->node);
	mutex_unlock(&contexts_lock);
	synchronize_rcu();
	hs_table_free(m);
	for (i = 0; i < m->engines; i++)
		vfree(m->engine[i].ring);
	mmdrop(m->mm);
	kvfree(m);
	atomic_long_dec(&nr_contexts);
}

static struct hs_mirror *create(const struct hmmstorm_mirror *p)
{
	struct hs_mirror *m = alloc_context(p);
	int ret;

	if (!m)
		return ERR_PTR(-ENOMEM);
	ret = register_notifier(m);
	if (ret)
		goto fail;
	m->registered = true;
	ret = start_engines(m, u64_to_user_ptr(p->cpus));
	if (ret)
		goto fail;
	mutex_lock(&contexts_lock);
	list_add_rcu(&m->node, &contexts);
	m->listed = true;
	mutex_unlock(&contexts_lock);
	return m;
fail:
	destroy(m);
	return ERR_PTR(ret);
}

static bool protocol_possible(u32 protocol)
{
#ifdef HS_HAS_EXCLUSIVE
	return true;
#else
	return protocol == HMMSTORM_PROTOCOL_PIN;
#endif
}

/**
 * hs_mirror_create - HMMSTORM_IOC_MIRROR
 * @slot: where the open file keeps its context; NULL there until made
 * @arg: struct hmmstorm_mirror
 *
 * Return: 0 or -errno; see there.
 */
long hs_mirror_create(struct hs_mirror **slot, void __user *arg)
{
	struct hmmstorm_mirror p;
	struct hs_mirror *m;

	if (copy_from_user(&p, arg, sizeof(p)))
		return -EFAULT;
	if (!params_valid(&p))
		return -EINVAL;
	if (!protocol_possible(p.protocol))
		return -EOPNOTSUPP;
	if (READ_ONCE(*slot))
		return -EBUSY;
	m = create(&p);
	if (IS_ERR(m))
		return PTR_ERR(m);
	p.engine_bytes = m->engine_bytes;
	p.cq_offset = m->cq_offset;
	p.data_offset = m->data_offset;
	if (copy_to_user(arg, &p, sizeof(p))) {
		destroy(m);
		return -EFAULT;
	}
	/* two threads may have come so far; pairs with readers' acquire */
	if (cmpxchg_release(slot, NULL, m)) {
		destroy(m);
		return -EBUSY;
	}
	return 0;
}

/* The context of a call, or why it cannot be made. */
static long usable(const struct hs_mirror *m)
{
	if (!m)
		return -ENODEV;
	return m->mm == current->mm ? 0 : -EPERM;
}

/* hs_mirror_enter - HMMSTORM_IOC_ENTER; m may be NULL. */
long hs_mirror_enter(struct hs_mirror *m, const void __user *arg)
{
	struct hmmstorm_enter in;
	long ret = usable(m);

	if (ret)
		return ret;
	if (copy_from_user(&in, arg, sizeof(in)))
		return -EFAULT;
	if (in.engine >= m->engines || in.min_complete > m->entries)
		return -EINVAL;
	return hs_engine_wait(&m->engine[in.engine], in.min_complete,
			      in.timeout_ns);
}

/* hs_mirror_policy - HMMSTORM_IOC_POLICY; m may be NULL. */
long hs_mirror_policy(struct hs_mirror *m, const void __user *arg)
{
	struct hmmstorm_policy p;
	long ret = usable(m);

	if (ret)
		return ret;
	if (copy_from_user(&p, arg, sizeof(p)))
		return -EFAULT;
	if (!hs_policy_valid(&p))
		return -EINVAL;
	hs_policy_set(m, &p);
	return 0;
}

/**
 * hs_mirror_mmap - map an engine's rings and data area
 * @m: the context, or NULL
 * @vma: of the caller; all of the mapping or nothing
 *
 * Return: 0 or -errno.
 */
int hs_mirror_mmap(struct hs_mirror *m, struct vm_area_struct *vma)
{
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	unsigned int i = (offset - HMMSTORM_MMAP_ENGINE(0)) >> 26;
	long ret = usable(m);

	if (ret)
		return ret;
	if (offset < HMMSTORM_MMAP_ENGINE(0) || i >= m->engines ||
	    offset != HMMSTORM_MMAP_ENGINE(i) || !(vma->vm_flags & VM_SHARED) ||
	    vma->vm_end - vma->vm_start != m->engine_bytes)
		return -EINVAL;
	/* a child has no business with it */
	vm_flags_set(vma, VM_DONTCOPY);
	return remap_vmalloc_range(vma, m->engine[i].ring, 0);
}

/* hs_mirror_close - the file closes; nobody else has the context any more. */
void hs_mirror_close(struct hs_mirror *m)
{
	if (m)
		destroy(m);
}
