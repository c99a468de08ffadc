// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helper module's mirror device, once a fault protocol:
 *
 *   mirror        process: the sequence of one notifier over the address space
 *   mirror-range  range: a notifier of the page for the time of the fault
 *   mirror-pin    pin: the page is pinned, the CPU keeps it; no exclusive entry
 *                 ever stands, so REAL_EXCLUSIVE is not claimed
 *
 * and, with protocol process:
 *
 *   mirror-replay pages are marked as a GPU does it: a thread a page faults, the
 *                 faults are served by the buffer, in order of address, and what
 *                 has faulted is replayed
 *
 * An atomic is executed by the device on the page itself, at a time when it has
 * it, so it is atomic against the CPU. Threads get engines in turn; two threads
 * on one engine take turns.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../backend.h"
#include "../device_node.h"
#include "../mirror.h"

#define ENGINES 4
#define DATA_PAGES 64
#define REPLAY_FAULTS 64
#define ENTRIES 1024 /* a batch fits, so that the engine does not run dry in it */
#define POLLS 1000000 /* of batch_end(), before it sleeps */

struct mirror_device {
	struct device dev;
	struct mirror *m;
	bool replays;
	pthread_mutex_t lock[ENGINES];
};

static unsigned int next_engine;
static __thread unsigned int my_engine; /* plus 1; 0: none yet */

static struct mirror_device *of(const struct device *dev)
{
	return (struct mirror_device *)dev;
}

static unsigned int engine(void)
{
	if (!my_engine)
		my_engine = 1 + __atomic_fetch_add(&next_engine, 1,
						   __ATOMIC_RELAXED) % ENGINES;
	return my_engine - 1;
}

static void add_work(struct device_work *work, const struct hmmstorm_done *d)
{
	work->faults += d->faults;
	work->retries += d->retries;
	work->taken_back += d->taken_back;
}

/* One command on the caller's engine, which is locked. */
static int run_locked(struct mirror_device *d, struct hmmstorm_cmd *cmd,
		      struct hmmstorm_done *done, struct device_work *work)
{
	int ret;

	memset(done, 0, sizeof(*done)); /* left so by a device that is gone */
	ret = mirror_run(d->m, engine(), cmd, done);
	if (work)
		add_work(work, done);
	return ret;
}

static int run(struct device *dev, struct hmmstorm_cmd cmd,
	       struct hmmstorm_done *done, struct device_work *work)
{
	struct mirror_device *d = of(dev);
	int ret;

	pthread_mutex_lock(&d->lock[engine()]);
	ret = run_locked(d, &cmd, done, work);
	pthread_mutex_unlock(&d->lock[engine()]);
	return ret;
}

static int explain(int error, char *why, size_t len)
{
	const char *text = strerror(-error);

	if (error == -ENOENT)
		text = "module hmmstorm is not loaded and there is none for this kernel; build it with make -C kernel-helpers KDIR=..., or use hmmstorm vm";
	else if (error == -EPROTO)
		text = "the loaded module hmmstorm is of another version than this program; unload it (rmmod hmmstorm) and load the one built with it";
	else if (error == -EOPNOTSUPP)
		text = "this kernel is built without CONFIG_DEVICE_PRIVATE, so it has no device-exclusive API; only mirror-pin runs here";
	else if (error == -EACCES || error == -EPERM)
		text = "needs root: the node is mode 0600; run as root";
	snprintf(why, len, "%s", text);
	return error;
}

static int probe(enum hmmstorm_protocol protocol, char *why, size_t len)
{
	struct hmmstorm_mirror p = mirror_defaults(1, protocol);
	struct mirror *m;
	int ret;

	if (geteuid())
		return explain(-EACCES, why, len);
	ret = module_load("hmmstorm", NULL);
	if (!ret)
		ret = mirror_open(&m, &p);
	if (ret)
		return explain(ret, why, len);
	mirror_close(m);
	return 0;
}

/*
 * Where engine i runs: on another CPU than whoever submits to it, as a device would.
 * A program pins its first thread to the first CPU (topo_pin()); an engine that
 * happens to wait for that one costs thousands of instructions more a batch.
 */
static void place_engines(int32_t *cpu)
{
	int nr = 0, at[ENGINES + 1], i;
	cpu_set_t set;

	if (!sched_getaffinity(0, sizeof(set), &set))
		for (i = 0; i < CPU_SETSIZE && nr <= ENGINES; i++)
			if (CPU_ISSET(i, &set))
				at[nr++] = i;
	for (i = 0; i < ENGINES; i++)
		cpu[i] = nr ? at[(i + 1) % nr] : -1;
}

static int open_device(struct device **dev, enum hmmstorm_protocol protocol,
		       unsigned int fault_batch)
{
	struct hmmstorm_mirror p = mirror_defaults(ENGINES, protocol);
	struct mirror_device *d = calloc(1, sizeof(*d));
	int32_t cpus[ENGINES];
	int i, ret;

	if (!d)
		return -ENOMEM;
	p.fault_batch = fault_batch;
	p.entries = ENTRIES;
	place_engines(cpus);
	p.cpus = (uintptr_t)cpus;
	d->replays = fault_batch > 1;
	ret = mirror_open(&d->m, &p);
	if (ret) {
		free(d);
		return ret;
	}
	for (i = 0; i < ENGINES; i++)
		pthread_mutex_init(&d->lock[i], NULL);
	*dev = &d->dev;
	return 0;
}

static void close_device(struct device *dev)
{
	mirror_close(of(dev)->m);
	free(dev);
}

static int present(char *why, size_t len)
{
	if (module_loaded("hmmstorm"))
		return 0;
	snprintf(why, len, "module hmmstorm is gone; load it again");
	return -ENODEV;
}

static int set_policy(struct device *dev, const char *text)
{
	struct hmmstorm_policy p;
	int ret = mirror_parse_policy(text, &p);

	return ret ? ret : mirror_set_policy(of(dev)->m, &p);
}

/* An atomic that changes nothing, on each page: those that miss fault together. */
static int touch_all(struct device *dev, void *addr, size_t npages,
		     struct hmmstorm_done *done, struct device_work *work)
{
	return run(dev, (struct hmmstorm_cmd){ .op = HMMSTORM_OP_OR,
					       .size = 8,
					       .addr = (uintptr_t)addr,
					       .stride = npages > 1 ? BACKEND_PAGE_SIZE : 0,
					       .count = npages }, done, work);
}

static int make_exclusive(struct device *dev, void *addr, size_t npages,
			  struct device_work *work)
{
	struct hmmstorm_done done;
	int ret;

	if (of(dev)->replays) {
		ret = touch_all(dev, addr, npages, &done, work);
		/* no fault: the device has them all, so they are marked anew */
		if (ret || done.faults) {
			work->pages += done.done;
			return ret;
		}
	}
	ret = run(dev,
		  (struct hmmstorm_cmd){ .op = HMMSTORM_OP_MARK,
					 .addr = (uintptr_t)addr,
					 .count = npages },
		  &done, work);
	work->pages += done.done;
	return ret;
}

static const uint8_t ops[NR_DEVICE_OPS] = {
	[DEVICE_ADD] = HMMSTORM_OP_ADD,	  [DEVICE_SUB] = HMMSTORM_OP_SUB,
	[DEVICE_AND] = HMMSTORM_OP_AND,	  [DEVICE_OR] = HMMSTORM_OP_OR,
	[DEVICE_XOR] = HMMSTORM_OP_XOR,	  [DEVICE_MIN] = HMMSTORM_OP_MIN,
	[DEVICE_MAX] = HMMSTORM_OP_MAX,	  [DEVICE_XCHG] = HMMSTORM_OP_XCHG,
	[DEVICE_CAS] = HMMSTORM_OP_CAS,
};

static int atomic(struct device *dev, enum device_op op, void *addr,
		  uint64_t operand, uint64_t compare, uint64_t *old,
		  struct device_work *work)
{
	struct hmmstorm_done done;
	int ret = run(dev, (struct hmmstorm_cmd){ .op = ops[op],
						  .size = 8,
						  .addr = (uintptr_t)addr,
						  .operand = operand,
						  .compare = compare,
						  .count = 1 }, &done, work);

	*old = done.result;
	work->pages += done.done;
	return ret;
}

/* Takes what has been completed; the first error is kept. */
static void reap(struct mirror_device *d, struct device_work *work, int *error)
{
	struct hmmstorm_done done;

	while (mirror_reap(d->m, engine(), &done)) {
		add_work(work, &done);
		work->pages += done.done;
		if (done.error && !*error)
			*error = done.error;
	}
}

static int submit(struct mirror_device *d, const struct device_atomic *a, size_t n)
{
	struct hmmstorm_cmd cmd = { .size = 8, .count = 1 };
	size_t i;

	for (i = 0; i < n; i++) {
		cmd.op = ops[a[i].op];
		cmd.addr = (uintptr_t)a[i].addr;
		cmd.operand = a[i].operand;
		if (mirror_submit(d->m, engine(), &cmd))
			return -EIO; /* the ring was empty and has room for n */
	}
	return 0;
}

static int batch(struct device *dev, const struct device_atomic *a, size_t n,
		 struct device_work *work)
{
	struct mirror_device *d = of(dev);
	int ret = 0, error = 0;
	size_t now;

	pthread_mutex_lock(&d->lock[engine()]);
	for (; n && !ret; n -= now, a += now) {
		now = n < ENTRIES ? n : ENTRIES;
		ret = submit(d, a, now);
		if (!ret)
			ret = mirror_wait(d->m, engine(), now, 0);
		reap(d, work, &error);
	}
	pthread_mutex_unlock(&d->lock[engine()]);
	return ret ? ret : error;
}

/* The engine is the thread's own between the two: backend.h says so. */
static int batch_begin(struct device *dev, const struct device_atomic *a, size_t n)
{
	struct mirror_device *d = of(dev);
	int ret = n <= ENTRIES ? submit(d, a, n) : -EINVAL;

	return ret ? ret : mirror_wait(d->m, engine(), 0, 0);
}

static void pause_cpu(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#endif
}

static int batch_end(struct device *dev, size_t n, struct device_work *work)
{
	struct mirror_device *d = of(dev);
	int ret, error = 0, i;

	for (i = 0; i < POLLS && mirror_completions(d->m, engine()) < n; i++)
		pause_cpu();
	ret = mirror_wait(d->m, engine(), (unsigned int)n, 0);

	reap(d, work, &error);
	return ret ? ret : error;
}

static int restore(struct device *dev, void *addr, size_t npages,
		   struct device_work *work)
{
	struct hmmstorm_done done;
	int ret = run(dev, (struct hmmstorm_cmd){ .op = HMMSTORM_OP_RESTORE,
						  .addr = (uintptr_t)addr,
						  .count = npages }, &done, work);

	work->pages += done.result;
	return ret;
}

/* Copies through the data area, in pieces; write: towards the memory. */
static int copy(struct device *dev, char *addr, char *buf, size_t npages,
		struct device_work *work, bool write)
{
	struct mirror_device *d = of(dev);
	struct hmmstorm_done done;
	struct hmmstorm_cmd cmd = {
		.op = write ? HMMSTORM_OP_WRITE : HMMSTORM_OP_READ,
	};
	char *data = mirror_data(d->m, engine());
	int ret = 0;
	size_t n;

	pthread_mutex_lock(&d->lock[engine()]);
	for (; npages && !ret; npages -= n) {
		n = npages < DATA_PAGES ? npages : DATA_PAGES;
		cmd.addr = (uintptr_t)addr;
		cmd.count = n * BACKEND_PAGE_SIZE;
		if (write)
			memcpy(data, buf, cmd.count);
		ret = run_locked(d, &cmd, &done, work);
		if (!write)
			memcpy(buf, data, done.done);
		work->pages += done.done / BACKEND_PAGE_SIZE;
		addr += cmd.count;
		buf += cmd.count;
	}
	pthread_mutex_unlock(&d->lock[engine()]);
	return ret;
}

static int read_pages(struct device *dev, void *addr, void *buf, size_t npages,
		      struct device_work *work)
{
	return copy(dev, addr, buf, npages, work, false);
}

static int write_pages(struct device *dev, void *addr, const void *buf,
		       size_t npages, struct device_work *work)
{
	return copy(dev, addr, (char *)buf, npages, work, true);
}

static int check(struct device *dev, void *addr, size_t npages)
{
	struct hmmstorm_cmd cmd = {
		.op = HMMSTORM_OP_CHECK,
		.addr = (uintptr_t)addr,
		.count = npages,
	};
	struct hmmstorm_done done;
	int ret = run(dev, cmd, &done, NULL);

	return ret ? ret : done.result > 0;
}

#define MIRROR(ops_, name_, desc_, protocol_, text_, flags_, batch_)      \
	static int ops_##_probe(char *why, size_t len)                    \
	{                                                                 \
		return probe(protocol_, why, len);                        \
	}                                                                 \
	static int ops_##_open(struct device **dev)                       \
	{                                                                 \
		return open_device(dev, protocol_, batch_);               \
	}                                                                 \
	static const struct backend_ops ops_ = {                          \
		.name = name_,                                            \
		.desc = desc_,                                            \
		.protocol = text_,                                        \
		.caps = CAP_EXCLUSIVE | CAP_ATOMIC | CAP_ATOMIC_CPU |     \
			CAP_ACCESS | CAP_CHECK | CAP_BATCH | CAP_RESTORE, \
		.flags = flags_,                                          \
		.probe = ops_##_probe,                                    \
		.present = present,                                       \
		.open = ops_##_open,                                      \
		.close = close_device,                                    \
		.set_policy = set_policy,                                 \
		.make_exclusive = make_exclusive,                         \
		.atomic = atomic,                                         \
		.batch = batch,                                           \
		.batch_begin = batch_begin,                               \
		.batch_end = batch_end,                                   \
		.restore = restore,                                       \
		.read = read_pages,                                       \
		.write = write_pages,                                     \
		.check = check,                                           \
	};                                                                \
	BACKEND(ops_)

MIRROR(mirror_process, "mirror",
	"the helper module's device, process-wide notifier",
	HMMSTORM_PROTOCOL_PROCESS, "process", REAL_EXCLUSIVE | HAS_TRUTH, 1);
MIRROR(mirror_replay, "mirror-replay",
	"the helper module's device, faults served and replayed in batches",
	HMMSTORM_PROTOCOL_PROCESS, "process", REAL_EXCLUSIVE | HAS_TRUTH, REPLAY_FAULTS);
MIRROR(mirror_range, "mirror-range",
	"the helper module's device, a notifier a fault",
	HMMSTORM_PROTOCOL_RANGE, "range", REAL_EXCLUSIVE | HAS_TRUTH, 1);
MIRROR(mirror_pin, "mirror-pin",
	"the helper module's device, pages pinned, none exclusive",
	HMMSTORM_PROTOCOL_PIN, "pin", HAS_TRUTH, 1);
