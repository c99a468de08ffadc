// SPDX-License-Identifier: GPL-2.0-only
/*
 * AMD's KFD: the events that a process reads from the descriptor of
 * AMDKFD_IOC_SMI_EVENTS, one a line, "%x " and one of KFD_EVENT_FMT_* of
 * include/uapi/linux/kfd_ioctl.h (kfd_smi_event_add()). Counts of them, and durations
 * between the two events of one thing:
 *
 *   page_fault     of svm_range_restore_pages(): its start is stamped when the handler
 *                  begins, the end when the range is mapped
 *   migrate        svm_migrate_vma_to_vram(), svm_migrate_vma_to_ram()
 *   queue_evicted  a process's queues on a node: kfd_process_evict_queues() may nest, so
 *                  from the first eviction to the last restore ('R', a restore that is to
 *                  be tried again, is none)
 *
 * The kernel drops an event when the reader's 8 KiB are full and tells nobody
 * (add_event_to_kfifo()): a start whose end never came, or is followed by another start,
 * and an end without start are counted as unpaired and give no duration.
 */
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "import.h"

/* What is open: a fault at a page, a migration of a range, stopped queues. */
struct open_thing {
	char kind;		/* 'f', 'm', 'q' */
	int pid;
	unsigned long addr;
	unsigned int from, to;
	unsigned int depth;	/* begun so often without an end */
	long long ns;		/* when first */
};

struct state {
	void *open;		/* tsearch() */
};

static const char *const migrate_triggers[] = {
	"prefetch", "pagefault_gpu", "pagefault_cpu", "ttm_eviction",
};

static const char *const eviction_triggers[] = {
	"svm", "userptr", "ttm", "suspend", "criu_checkpoint", "criu_restore",
};

static const char *const unmap_triggers[] = {
	"mmu_notify", "mmu_notify_migrate", "unmap_from_cpu",
};

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static void add(struct import *in, const char *metric)
{
	import_add(in, metric, "1", 1);
}

/* "migrate_prefetch"; a trigger newer than this file by its number */
static void add_trigger(struct import *in, const char *stem, const char *const *names,
			size_t nr, int trigger)
{
	char metric[80];

	if (trigger >= 0 && (size_t)trigger < nr)
		snprintf(metric, sizeof(metric), "%s_%s", stem, names[trigger]);
	else
		snprintf(metric, sizeof(metric), "%s_trigger_%d", stem, trigger);
	add(in, metric);
}

static int compare_open(const void *a, const void *b)
{
	const struct open_thing *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return x->to < y->to ? -1 : x->to > y->to;
}

/* How often it is open now. */
static unsigned int begin(struct import *in, const struct open_thing *key)
{
	struct state *s = in->state;
	struct open_thing **found = must(tsearch(key, &s->open, compare_open));

	if (*found == key) {
		*found = must(malloc(sizeof(**found)));
		**found = *key;
	}
	return ++(*found)->depth;
}

/* Of a thing that cannot be open twice: a start after a start, the end between was lost. */
static void begin_once(struct import *in, const struct open_thing *key, const char *unpaired)
{
	struct open_thing **found;

	if (begin(in, key) == 1)
		return;
	add(in, unpaired);
	found = tfind(key, &((struct state *)in->state)->open, compare_open);
	(*found)->ns = key->ns;
	(*found)->depth = 1;
}

/* A thing's last end gives a duration. False: none like it is open, or it would end
 * before it began.
 */
static bool finish(struct import *in, const struct open_thing *key, const char *metric)
{
	struct state *s = in->state;
	struct open_thing **found = tfind(key, &s->open, compare_open), *thing;
	long long took;

	if (!found)
		return false;
	thing = *found;
	took = key->ns - thing->ns;
	if (--thing->depth)
		return took >= 0;
	tdelete(key, &s->open, compare_open);
	free(thing);
	if (took < 0)
		return false;
	if (metric)
		import_time(in, metric, (uint64_t)took);
	return true;
}

static bool fault_start(struct import *in, const char *text)
{
	struct open_thing f = { .kind = 'f' };
	char rw;
	int n = 0;

	if (sscanf(text, "%lld -%d @%lx(%x) %c%n", &f.ns, &f.pid, &f.addr, &f.to, &rw, &n) != 5 ||
	    text[n] || (rw != 'W' && rw != 'R'))
		return false;
	add(in, "page_fault_start");
	add(in, rw == 'W' ? "page_fault_write" : "page_fault_read");
	begin_once(in, &f, "page_fault_unpaired");
	return true;
}

static bool fault_end(struct import *in, const char *text)
{
	struct open_thing f = { .kind = 'f' };
	char how;
	int n = 0;

	if (sscanf(text, "%lld -%d @%lx(%x) %c%n", &f.ns, &f.pid, &f.addr, &f.to, &how, &n) != 5 ||
	    text[n] || (how != 'M' && how != 'U'))
		return false;
	add(in, "page_fault_end");
	add(in, how == 'M' ? "page_fault_migrated" : "page_fault_updated");
	if (!finish(in, &f, "page_fault"))
		add(in, "page_fault_unpaired");
	return true;
}

static bool migrate_start(struct import *in, const char *text)
{
	struct open_thing m = { .kind = 'm' };
	unsigned int prefetch, preferred;
	unsigned long pages;
	int trigger, n = 0;

	if (sscanf(text, "%lld -%d @%lx(%lx) %x->%x %x:%x %d%n", &m.ns, &m.pid, &m.addr,
		   &pages, &m.from, &m.to, &prefetch, &preferred, &trigger, &n) != 9 || text[n])
		return false;
	add(in, "migrate_start");
	add_trigger(in, "migrate", migrate_triggers, COUNT(migrate_triggers), trigger);
	begin_once(in, &m, "migrate_unpaired");
	return true;
}

/* Node 0 is system memory. Before 6.13 the line ends with the trigger, without error. */
static bool migrate_end(struct import *in, const char *text)
{
	struct open_thing m = { .kind = 'm' };
	unsigned long pages;
	int trigger, error = 0, n = 0, n7 = 0;

	if (sscanf(text, "%lld -%d @%lx(%lx) %x->%x %d%n %d%n", &m.ns, &m.pid, &m.addr,
		   &pages, &m.from, &m.to, &trigger, &n7, &error, &n) < 7 ||
	    text[n ? n : n7])
		return false;
	add(in, "migrate_end");
	if (error)
		add(in, "migrate_failed");
	else
		import_add(in, m.to ? "migrate_pages_to_device" : "migrate_pages_to_system",
			   "pages", pages);
	if (!finish(in, &m, error ? NULL : "migrate"))
		add(in, "migrate_unpaired");
	return true;
}

static bool queue_eviction(struct import *in, const char *text)
{
	struct open_thing q = { .kind = 'q' };
	int trigger, n = 0;

	if (sscanf(text, "%lld -%d %x %d%n", &q.ns, &q.pid, &q.to, &trigger, &n) != 4 || text[n])
		return false;
	add(in, "queue_eviction");
	add_trigger(in, "queue_eviction", eviction_triggers, COUNT(eviction_triggers), trigger);
	begin(in, &q);
	return true;
}

static bool queue_restore(struct import *in, const char *text)
{
	struct open_thing q = { .kind = 'q' };
	char how;
	int n = 0;

	if (sscanf(text, "%lld -%d %x %c%n", &q.ns, &q.pid, &q.to, &how, &n) != 4 ||
	    text[n] || (how != '0' && how != 'R'))
		return false;
	add(in, how == 'R' ? "queue_restore_rescheduled" : "queue_restore");
	if (how == '0' && !finish(in, &q, "queue_evicted"))
		add(in, "queue_unpaired");
	return true;
}

static bool unmap_from_gpu(struct import *in, const char *text)
{
	unsigned long addr, pages;
	long long ns;
	unsigned int node;
	int pid, trigger, n = 0;

	if (sscanf(text, "%lld -%d @%lx(%lx) %x %d%n", &ns, &pid, &addr, &pages, &node,
		   &trigger, &n) != 6 || text[n])
		return false;
	add(in, "unmap_from_gpu");
	add_trigger(in, "unmap_from_gpu", unmap_triggers, COUNT(unmap_triggers), trigger);
	import_add(in, "unmap_from_gpu_pages", "pages", pages);
	return true;
}

/* By number, enum kfd_smi_event; those without function are counted alone. */
static const struct {
	const char *metric;
	bool (*read)(struct import *in, const char *text);
} events[] = {
	[1] = { "vmfault", NULL },
	[2] = { "thermal_throttle", NULL },
	[3] = { "gpu_pre_reset", NULL },
	[4] = { "gpu_post_reset", NULL },
	[5] = { NULL, migrate_start },
	[6] = { NULL, migrate_end },
	[7] = { NULL, fault_start },
	[8] = { NULL, fault_end },
	[9] = { NULL, queue_eviction },
	[10] = { NULL, queue_restore },
	[11] = { NULL, unmap_from_gpu },
	[12] = { "process_start", NULL },
	[13] = { "process_end", NULL },
};

static bool read_event(struct import *in, const char *line)
{
	unsigned int event;
	int n = 0;

	if (sscanf(line, "%x %n", &event, &n) != 1 || !n || n < 2 || line[n - 1] != ' ' ||
	    event >= COUNT(events))
		return false;
	if (events[event].read)
		return events[event].read(in, line + n);
	if (!events[event].metric)
		return false;
	add(in, events[event].metric);
	return true;
}

/* What is open at the end: the capture ended first, or the event was dropped. */
static void close_all(struct import *in)
{
	static const struct {
		char kind;
		const char *metric;
	} unpaired[] = {
		{ 'f', "page_fault_unpaired" },
		{ 'm', "migrate_unpaired" },
		{ 'q', "queue_unpaired" },
	};
	struct state *s = in->state;
	size_t i;

	while (s->open) {
		struct open_thing *thing = *(struct open_thing **)s->open;

		for (i = 0; i < COUNT(unpaired); i++)
			if (unpaired[i].kind == thing->kind)
				add(in, unpaired[i].metric);
		tdelete(thing, &s->open, compare_open);
		free(thing);
	}
}

static const struct import_source kfd = {
	.name = "kfd",
	.desc = "AMD KFD SMI events: faults, migrations, evictions, unmaps",
	.shown_in = "the descriptor of ioctl AMDKFD_IOC_SMI_EVENTS",
	.state_size = sizeof(struct state),
	.line = read_event,
	.end = close_all,
};

IMPORT_SOURCE(kfd);
