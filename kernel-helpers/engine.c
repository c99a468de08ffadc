// SPDX-License-Identifier: GPL-2.0-only
/*
 * Engines: threads that take commands from a ring and execute them on the
 * memory of the process, through the device's page table and nothing else.
 *
 * An atomic on an exclusive page is a plain load and a plain store: that nobody
 * else can reach the page is what the entry promises, and a broken promise is
 * then a lost update, which every workload checks for. On a pinned page, which
 * the CPU has as well, it is a locked instruction.
 *
 * The rings are shared with a program that may write anything at any time: each
 * word is read once, and what counts is kept on this side.
 */
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "clock.h"
#include "device.h"
#include "truth.h"

/* Operations of one command under one hold of the device's lock. */
#define OPS_PER_LOCK 64

/* Commands until the engine looks whether others want its CPU, or its end. */
#define COMMANDS_A_BREATH 16

/* A command under way. */
struct run {
	struct hs_engine *e;
	struct hmmstorm_cmd cmd;
	u64 result;
	u32 done; /* words, bytes or pages so far */
	struct hs_work work;
	u32 missed_at; /* @done at the last miss, plus 1 */
	unsigned long deadline; /* of the miss that @missed_at tells of */
};

static __always_inline bool is_atomic(u8 op)
{
	return op >= HMMSTORM_OP_ADD && op <= HMMSTORM_OP_CAS;
}

/* The ring, as a program sees it, may say nonsense: then there is nothing. */
static __always_inline u32 submitted(const struct hs_engine *e)
{
	/* pairs with the program, which fills the entry first */
	u32 n = smp_load_acquire(&e->ring->sq_tail) - e->sq_head;

	return n <= e->m->entries ? n : 0;
}

static __always_inline void copy_cmd(struct hmmstorm_cmd *to, const struct hmmstorm_cmd *from)
{
	const u64 *f = (const u64 *)from;
	u64 *t = (u64 *)to;

	BUILD_BUG_ON(sizeof(*to) != 8 * sizeof(*t));
	t[0] = READ_ONCE(f[0]);
	t[1] = READ_ONCE(f[1]);
	t[2] = READ_ONCE(f[2]);
	t[3] = READ_ONCE(f[3]);
	t[4] = READ_ONCE(f[4]);
	t[5] = READ_ONCE(f[5]);
	t[6] = READ_ONCE(f[6]);
	t[7] = READ_ONCE(f[7]);
}

static __always_inline void peek(const struct hs_engine *e, u32 ahead, struct hmmstorm_cmd *cmd)
{
	copy_cmd(cmd, &e->sq[(e->sq_head + ahead) & (e->m->entries - 1)]);
}

/* Bytes between the first and the last that an atomic or FILL touches. */
static __always_inline u64 span(const struct hmmstorm_cmd *c)
{
	u64 stride = c->op == HMMSTORM_OP_FILL ? c->size : c->stride;

	return stride * (c->count - 1) + c->size;
}

static __always_inline bool words_valid(const struct hs_mirror *m, const struct hmmstorm_cmd *c)
{
	if ((c->size != 4 && c->size != 8) || (c->addr | c->stride) & (c->size - 1))
		return false;
	return c->addr < m->mm->task_size && span(c) <= m->mm->task_size - c->addr;
}

static bool data_valid(const struct hs_mirror *m, const struct hmmstorm_cmd *c)
{
	return c->count <= m->data_bytes &&
	       c->operand <= m->data_bytes - c->count;
}

static bool range_valid(const struct hs_mirror *m, const struct hmmstorm_cmd *c,
			u64 bytes)
{
	return !c->size && !c->stride && c->addr < m->mm->task_size &&
	       bytes <= m->mm->task_size - c->addr;
}

static bool pages_valid(const struct hs_mirror *m, const struct hmmstorm_cmd *c)
{
	return IS_ALIGNED(c->addr, PAGE_SIZE) &&
	       range_valid(m, c, (u64)c->count << PAGE_SHIFT);
}

#define COUNT_MAX BIT(24)

static bool cmd_valid(const struct hs_mirror *m, const struct hmmstorm_cmd *c)
{
	const u64 *word = (const u64 *)c;

	/* pad; sizes are 64 bytes, checked when the module is built */
	if (word[5] >> 16 || word[6] || word[7])
		return false;
	if (c->op == HMMSTORM_OP_NOP || c->op == HMMSTORM_OP_FENCE)
		return !c->count && !c->size && !c->stride;
	if (!c->count || c->count > COUNT_MAX)
		return false;
	if (is_atomic(c->op))
		return words_valid(m, c) && (c->count > 1 || !c->stride);
	switch (c->op) {
	case HMMSTORM_OP_FILL:
		return words_valid(m, c) && !c->stride;
	case HMMSTORM_OP_READ:
	case HMMSTORM_OP_WRITE:
		return range_valid(m, c, c->count) && data_valid(m, c);
	case HMMSTORM_OP_CHECK:
		return pages_valid(m, c) && data_valid(m, c);
	case HMMSTORM_OP_MARK:
	case HMMSTORM_OP_RESTORE:
		return pages_valid(m, c);
	}
	return false;
}

/**
 * hs_engine_peek - look at a submission that has not been taken yet
 * @e: the engine, which calls this
 * @ahead: how far behind the next one
 * @cmd: filled in
 *
 * Return: whether there is one, and it is a valid atomic. It may be another when
 * its turn has come: the program can still write it.
 */
bool hs_engine_peek(const struct hs_engine *e, u32 ahead,
		    struct hmmstorm_cmd *cmd)
{
	if (ahead >= submitted(e))
		return false;
	peek(e, ahead, cmd);
	return is_atomic(cmd->op) && cmd_valid(e->m, cmd);
}

static __always_inline u64 apply(u8 op, u64 old, u64 operand, u64 compare)
{
	switch (op) {
	case HMMSTORM_OP_ADD:
		return old + operand;
	case HMMSTORM_OP_SUB:
		return old - operand;
	case HMMSTORM_OP_AND:
		return old & operand;
	case HMMSTORM_OP_OR:
		return old | operand;
	case HMMSTORM_OP_XOR:
		return old ^ operand;
	case HMMSTORM_OP_MIN:
		return min(old, operand);
	case HMMSTORM_OP_MAX:
		return max(old, operand);
	case HMMSTORM_OP_XCHG:
		return operand;
	case HMMSTORM_OP_CAS:
		return old == compare ? operand : old;
	}
	return old;
}

static __always_inline u64 atomic_plain(void *p, const struct hmmstorm_cmd *c)
{
	u64 old;

	if (c->size == 8) {
		old = READ_ONCE(*(u64 *)p);
		WRITE_ONCE(*(u64 *)p, apply(c->op, old, c->operand, c->compare));
		return old;
	}
	old = READ_ONCE(*(u32 *)p);
	WRITE_ONCE(*(u32 *)p,
		   apply(c->op, old, (u32)c->operand, (u32)c->compare));
	return old;
}

static u64 atomic_locked(void *p, const struct hmmstorm_cmd *c)
{
	u64 old8;
	u32 old4;

	if (c->size == 8) {
		do {
			old8 = READ_ONCE(*(u64 *)p);
		} while (cmpxchg((u64 *)p, old8, apply(c->op, old8, c->operand,
						       c->compare)) != old8);
		return old8;
	}
	do {
		old4 = READ_ONCE(*(u32 *)p);
	} while (cmpxchg((u32 *)p, old4,
			 (u32)apply(c->op, old4, (u32)c->operand,
				    (u32)c->compare)) != old4);
	return old4;
}

/* Missed invalidations, when ground truth is on. */
static __always_inline void check_entry(struct hs_mirror *m, unsigned long addr,
					u64 entry)
{
	enum hmmstorm_rights rights = entry & HS_ENTRY_PINNED &&
		hs_rights(entry) == HMMSTORM_RIGHTS_ATOMIC ?
			HMMSTORM_RIGHTS_WRITE : hs_rights(entry);

	if (static_branch_unlikely(&hs_truth_on.key))
		hs_truth_check(m->mm, addr, hs_pfn(entry), rights);
}

/* With m->lock: the page's entry if the device has these rights, else 0. */
static __always_inline u64 look_up(struct hs_engine *e, unsigned long addr,
				   enum hmmstorm_rights rights)
{
	struct hs_slot s = {
		.leaf = e->leaf,
		.i = (addr >> PAGE_SHIFT) & (HS_LEAF_PAGES - 1),
	};
	u64 entry;

	if (unlikely(!s.leaf || s.leaf->base >> HS_LEAF_SHIFT != addr >> HS_LEAF_SHIFT)) {
		if (!hs_slot_find(e->m, addr, &s))
			return 0;
		e->leaf = s.leaf;
	}
	entry = *hs_entry(&s);
	if (hs_rights(entry) < rights)
		return 0;
	if (unlikely(e->m->policy.kind == HMMSTORM_POLICY_DEFERRED))
		hs_table_touch(e->m, &s, e->index);
	return entry;
}

static void *entry_memory(u64 entry, unsigned long addr)
{
	return __va(PFN_PHYS(hs_pfn(entry))) + offset_in_page(addr);
}

/*
 * The page is not the device's: fault, unless the device has been losing this
 * one for longer than it may.
 */
static int miss(struct run *r, unsigned long addr, enum hmmstorm_rights rights)
{
	struct hs_mirror *m = r->e->m;

	if (r->missed_at == r->done + 1) {
		r->work.taken_back++;
		hs_mirror_count(m, HS_MIRROR_TAKEN_BACK);
		if (time_after(jiffies, r->deadline))
			return -EBUSY;
		cond_resched_tasks_rcu_qs();
	} else {
		r->missed_at = r->done + 1;
		r->deadline = jiffies + msecs_to_jiffies(m->timeout_ms);
	}
	if (m->fault_batch > 1 && rights == HMMSTORM_RIGHTS_ATOMIC)
		hs_replay_serve(r->e, &r->cmd, r->done, &r->work);
	return hs_fault(r->e, addr, rights, false, &r->work);
}

static unsigned long word_addr(const struct hmmstorm_cmd *c, u32 i)
{
	return c->addr + (u64)i * c->stride;
}

/* As many as can be done under one hold of the lock; true: met a miss. */
static __always_inline bool hit_atomics(struct run *r)
{
	const struct hmmstorm_cmd *c = &r->cmd;
	u32 stop = min(c->count, r->done + OPS_PER_LOCK);
	struct hs_mirror *m = r->e->m;
	unsigned long addr;
	u64 entry;

	spin_lock(&m->lock);
	for (; r->done < stop; r->done++) {
		addr = word_addr(c, r->done);
		entry = look_up(r->e, addr, HMMSTORM_RIGHTS_ATOMIC);
		if (!entry)
			break;
		if (entry & HS_ENTRY_PINNED)
			r->result = atomic_locked(entry_memory(entry, addr), c);
		else
			r->result = atomic_plain(entry_memory(entry, addr), c);
		check_entry(m, addr, entry);
	}
	spin_unlock(&m->lock);
	return r->done < stop;
}

/*
 * Now and then, also within a command, which may be 2^24 operations long: others may
 * want the CPU, or take a probe away (RCU tasks), or the engine's end. False: the last.
 */
static __always_inline bool breathe(void)
{
	cond_resched_tasks_rcu_qs();
	return !kthread_should_stop();
}

static __always_inline int do_atomics(struct run *r)
{
	bool missed;
	int ret;

	for (;;) {
		missed = hit_atomics(r);
		if (r->done == r->cmd.count)
			return 0;
		if (!breathe())
			return -ECANCELED;
		if (!missed)
			continue;
		ret = miss(r, word_addr(&r->cmd, r->done), HMMSTORM_RIGHTS_ATOMIC);
		if (ret)
			return ret;
	}
}

static void fill(void *p, const struct hmmstorm_cmd *c, u32 bytes)
{
	u32 i;

	for (i = 0; i < bytes; i += c->size) {
		if (c->size == 8)
			WRITE_ONCE(*(u64 *)(p + i), c->operand);
		else
			WRITE_ONCE(*(u32 *)(p + i), c->operand);
	}
}

static void copy_piece(struct run *r, void *p, u32 bytes)
{
	const struct hmmstorm_cmd *c = &r->cmd;

	switch (c->op) {
	case HMMSTORM_OP_READ:
		memcpy(r->e->data + c->operand + r->done, p, bytes);
		break;
	case HMMSTORM_OP_WRITE:
		memcpy(p, r->e->data + c->operand + r->done, bytes);
		break;
	default:
		fill(p, c, bytes);
	}
}

/* READ, WRITE, FILL: within a page a piece, under the lock. r->done in bytes. */
static int do_copies(struct run *r, u64 total)
{
	bool read = r->cmd.op == HMMSTORM_OP_READ;
	enum hmmstorm_rights rights = read ? HMMSTORM_RIGHTS_READ :
					     HMMSTORM_RIGHTS_WRITE;
	struct hs_mirror *m = r->e->m;
	unsigned long addr;
	u32 bytes;
	u64 entry;
	int ret;

	while (r->done < total) {
		addr = r->cmd.addr + r->done;
		bytes = min_t(u64, total - r->done, PAGE_SIZE - offset_in_page(addr));
		spin_lock(&m->lock);
		entry = look_up(r->e, addr, rights);
		if (entry) {
			copy_piece(r, entry_memory(entry, addr), bytes);
			check_entry(m, addr, entry);
		}
		spin_unlock(&m->lock);
		if (entry) {
			r->done += bytes;
			r->result = r->done;
		}
		if (r->done < total && !breathe())
			return -ECANCELED;
		if (entry)
			continue;
		ret = miss(r, addr, rights);
		if (ret)
			return ret;
	}
	return 0;
}

static int do_fill(struct run *r)
{
	int ret = do_copies(r, span(&r->cmd));

	r->done /= r->cmd.size;
	r->result = r->done;
	return ret;
}

static int do_mark(struct run *r)
{
	int ret;

	for (; r->done < r->cmd.count; r->done++) {
		if (!breathe())
			return -ECANCELED;
		ret = hs_fault(r->e, r->cmd.addr + ((u64)r->done << PAGE_SHIFT),
			       HMMSTORM_RIGHTS_ATOMIC, true, &r->work);
		if (ret)
			return ret;
	}
	r->result = r->done;
	return 0;
}

static int do_restore(struct run *r)
{
	for (; r->done < r->cmd.count; r->done++) {
		if (!breathe())
			return -ECANCELED;
		r->result += hs_restore_page(r->e->m, r->cmd.addr +
					     ((u64)r->done << PAGE_SHIFT));
	}
	return 0;
}

static int do_check(struct run *r)
{
	struct hs_mirror *m = r->e->m;
	u8 *to = r->e->data + r->cmd.operand, rights;
	unsigned long addr;
	struct hs_slot s;

	for (; r->done < r->cmd.count; r->done++) {
		if (!(r->done % OPS_PER_LOCK) && !breathe())
			return -ECANCELED;
		addr = r->cmd.addr + ((u64)r->done << PAGE_SHIFT);
		spin_lock(&m->lock);
		rights = hs_slot_find(m, addr, &s) ? hs_rights(*hs_entry(&s)) : 0;
		spin_unlock(&m->lock);
		WRITE_ONCE(to[r->done], rights);
		r->result += rights == HMMSTORM_RIGHTS_ATOMIC;
	}
	return 0;
}

static bool passed_fence(struct hs_engine *other, u32 target)
{
	return (s32)(READ_ONCE(other->cq_tail) - target) >= 0 ||
	       READ_ONCE(other->fenced);
}

/* How many completions there will be when all that is submitted now is done. */
static u32 submissions(const struct hs_engine *e)
{
	u32 tail = READ_ONCE(e->ring->sq_tail), head = READ_ONCE(e->sq_head);

	return tail - head <= e->m->entries ? tail : head;
}

/* All targets are taken before the first wait: later submissions do not count. */
static int do_fence(struct run *r)
{
	struct hs_mirror *m = r->e->m;
	u32 target[HMMSTORM_ENGINES_MAX];
	unsigned int i;
	int ret = 0;

	for (i = 0; i < m->engines; i++)
		target[i] = submissions(&m->engine[i]);
	/* our stand at the fence is seen before we look at others */
	smp_store_mb(r->e->fenced, true);
	for (i = 0; i < m->engines && !ret; i++) {
		if (i == r->e->index)
			continue;
		while (!ret && !passed_fence(&m->engine[i], target[i])) {
			if (kthread_should_stop())
				ret = -ECANCELED;
			else
				schedule_timeout_interruptible(1);
		}
	}
	WRITE_ONCE(r->e->fenced, false);
	return ret;
}

static int execute(struct run *r)
{
	switch (r->cmd.op) {
	case HMMSTORM_OP_READ:
	case HMMSTORM_OP_WRITE:
		return do_copies(r, r->cmd.count);
	case HMMSTORM_OP_FILL:
		return do_fill(r);
	case HMMSTORM_OP_MARK:
		return do_mark(r);
	case HMMSTORM_OP_RESTORE:
		return do_restore(r);
	case HMMSTORM_OP_CHECK:
		return do_check(r);
	case HMMSTORM_OP_FENCE:
		return do_fence(r);
	}
	return 0;
}

/*
 * Waits until ready() holds; false: the engine is to end. Polls for a while,
 * then sleeps, and says so first: whoever makes ready() true looks at the flag
 * after that, with a full barrier between, as there is one here.
 */
static bool await(struct hs_engine *e, bool (*ready)(const struct hs_engine *))
{
	u64 since = hs_clock(), limit = e->m->idle_us * 1000ULL;

	while (!ready(e) && !kthread_should_stop() &&
	       hs_clock_ns(since, hs_clock()) < limit) {
		cpu_relax();
		cond_resched_tasks_rcu_qs();
	}
	if (!ready(e) && !kthread_should_stop()) {
		WRITE_ONCE(e->ring->flags, HMMSTORM_RING_SLEEPS);
		smp_mb(); /* pairs with the program's, see above */
		wait_event_idle(e->wake, ready(e) || kthread_should_stop());
		WRITE_ONCE(e->ring->flags, 0);
	}
	return !kthread_should_stop();
}

static __always_inline bool has_work(const struct hs_engine *e)
{
	return submitted(e);
}

/* A nonsensical cq_head is a full ring. */
static __always_inline bool has_room(const struct hs_engine *e)
{
	return e->cq_tail - READ_ONCE(e->ring->cq_head) < e->m->entries;
}

/* Those who wait for so many completions. */
static __always_inline void wake_waiters(struct hs_engine *e)
{
	smp_mb(); /* the completion is seen before waiters is; see hs_engine_wait() */
	if (atomic_read(&e->waiters) && (s32)(e->cq_tail - READ_ONCE(e->want)) >= 0)
		wake_up_all(&e->done);
}

/* The program may read it from now on; the padding stays 0 as it was made. */
static __always_inline void publish(struct run *r, int error, u64 ns)
{
	struct hs_engine *e = r->e;
	struct hmmstorm_done *d = &e->cq[e->cq_tail & (e->m->entries - 1)];

	d->user_data = r->cmd.user_data;
	d->result = r->result;
	d->ns = ns;
	d->error = error;
	d->faults = r->work.faults;
	d->retries = r->work.retries;
	d->taken_back = r->work.taken_back;
	d->done = r->done;
	WRITE_ONCE(e->cq_tail, e->cq_tail + 1);
	/* after the completion; pairs with the program's acquire */
	smp_store_release(&e->ring->cq_tail, e->cq_tail);
	wake_waiters(e);
}

/* One command, from submission to completion. */
static __always_inline void take_command(struct hs_engine *e, struct run *r)
{
	u64 since = hs_clock(), ns;
	int error = -EINVAL;

	peek(e, 0, &r->cmd);
	r->result = 0;
	r->done = 0;
	r->missed_at = 0;
	r->work = (struct hs_work){};
	WRITE_ONCE(e->busy, true);
	WRITE_ONCE(e->sq_head, e->sq_head + 1);
	/* after the copy: from here on the program may fill the entry anew */
	smp_store_release(&e->ring->sq_head, e->sq_head);
	if (likely(is_atomic(r->cmd.op) && cmd_valid(e->m, &r->cmd))) {
		error = do_atomics(r);
		e->atomics += r->done;
	} else if (cmd_valid(e->m, &r->cmd)) {
		error = execute(r);
	}
	ns = hs_clock_ns(since, hs_clock());
	e->commands++;
	if (unlikely(READ_ONCE(e->m->policy.kind) == HMMSTORM_POLICY_DEFERRED))
		hs_policy_command(e);
	if (!submitted(e)) {
		hs_policy_batch(e);
		hs_engine_flush(e);
	}
	publish(r, error, ns);
}

/**
 * hs_engine_flush - add what the engine has counted by itself
 * @e: the engine
 */
void hs_engine_flush(struct hs_engine *e)
{
	hs_mirror_add(e->m, HS_MIRROR_COMMANDS, e->commands);
	hs_mirror_add(e->m, HS_MIRROR_ATOMICS, e->atomics);
	e->commands = 0;
	e->atomics = 0;
}

/* hs_engine_run - the thread; its argument is the engine. */
int hs_engine_run(void *engine)
{
	struct hs_engine *e = engine;
	struct run r = { .e = e }; /* here, so that it is zeroed only once */

	for (;;) {
		if (unlikely(!has_room(e) || !has_work(e)) &&
		    (!await(e, has_room) || !await(e, has_work)))
			break;
		take_command(e, &r);
		if (!(e->sq_head % COMMANDS_A_BREATH) && !breathe())
			break;
	}
	WRITE_ONCE(e->ring->flags, HMMSTORM_RING_ENDED);
	return 0;
}

/* With several waiters all are woken by each completion, with one by the last. */
static bool waited_for(struct hs_engine *e, u32 min)
{
	u32 head = READ_ONCE(e->ring->cq_head), tail = READ_ONCE(e->cq_tail);

	spin_lock(&e->want_lock);
	WRITE_ONCE(e->want, atomic_read(&e->waiters) > 1 ? tail + 1 : head + min);
	spin_unlock(&e->want_lock);
	smp_mb(); /* want is seen before the completions are counted */
	tail = READ_ONCE(e->cq_tail);
	return tail - head >= min || READ_ONCE(e->m->closing);
}

/**
 * hs_engine_wait - HMMSTORM_IOC_ENTER
 * @e: the engine
 * @min: completions that shall stand in the ring
 * @timeout_ns: 0: none
 *
 * Return: 0, -EINTR or -ETIME.
 */
int hs_engine_wait(struct hs_engine *e, u32 min, u64 timeout_ns)
{
	ktime_t timeout = timeout_ns ? min_t(u64, timeout_ns, KTIME_MAX) : KTIME_MAX;
	int ret;

	wake_up(&e->wake);
	if (!min)
		return 0;
	atomic_inc(&e->waiters);
	ret = wait_event_interruptible_hrtimeout(e->done, waited_for(e, min), timeout);
	atomic_dec(&e->waiters);
	return ret == -ERESTARTSYS ? -EINTR : ret;
}
