// SPDX-License-Identifier: GPL-2.0-only
/* A call from its memory's making to its end, and what it needs to be made. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../knob.h"
#include "calls.h"

/* What the table wants to be so, and what was there before. */
static struct {
	const char *path, *want;
	char before[32];
} settings[] = {
	/* on a node of several, as many on each */
	{ "/proc/sys/vm/nr_hugepages", "4", "" },
	/* it migrates, and makes invalidations of its own */
	{ "/proc/sys/kernel/numa_balancing", "0", "" },
	{ "/sys/kernel/mm/transparent_hugepage/enabled", "madvise", "" },
};

#define NR_SETTINGS (sizeof(settings) / sizeof(*settings))

void calls_begin(void)
{
	size_t i;

	for (i = 0; i < NR_SETTINGS; i++) {
		char *before = settings[i].before;

		if (knob_read(settings[i].path, before, sizeof(settings[i].before)))
			*before = 0;
		else if (strcmp(before, settings[i].want))
			knob_write(settings[i].path, settings[i].want);
	}
}

void calls_end(void)
{
	size_t i;

	for (i = 0; i < NR_SETTINGS; i++)
		if (*settings[i].before && strcmp(settings[i].before, settings[i].want))
			knob_write(settings[i].path, settings[i].before);
}

static const char *missing_on(const struct call *call, const struct backend_ops *ops)
{
	unsigned int marks = call->device == CALL_MARKS || call->flags & CALL_OF_DEVICE;
	unsigned int needs = call->device == CALL_NO_DEVICE ? 0 : CAP_ACCESS;

	/* the pages of backend null stay the CPU's */
	if (marks && !(ops->flags & REAL_EXCLUSIVE))
		return "this device makes no exclusive entries";
	if (!marks && ops->flags && ~ops->caps & needs)
		return "this device cannot read and write";
	return NULL;
}

const char *call_missing(const struct call *call, const struct backend_ops *ops)
{
	static char why[64];
	unsigned int major = call->since >> 8, minor = call->since & 0xff;

	if (!kernel_is(major, minor)) {
		snprintf(why, sizeof(why), "no such call before kernel %u.%u", major, minor);
		return why;
	}
	if (call->flags & CALL_TWO_NODES && access("/sys/devices/system/node/node1", F_OK))
		return "one NUMA node";
	if (missing_on(call, ops))
		return missing_on(call, ops);
	return call_memory_missing(call->kind);
}

int call_prepare(struct call_run *c, const struct call *call)
{
	int ret;

	*c = (struct call_run){
		.dev = c->dev,
		.counted = c->counted,
		.call = call,
		.file = -1,
		.uffd = -1,
		.wake = -1,
	};
	/* backend null: the calls alone, in a process without a notifier */
	if (c->dev && !c->dev->ops->flags)
		c->dev = NULL;
	if (call->callers)
		return crowd_prepare(c);
	ret = call_map(c);
	if (!ret && call->prepare)
		ret = call->prepare(c);
	return ret ? ret : device_part(c, call->device);
}

int call_run(struct call_run *c)
{
	return c->crowd ? crowd_run(c) : c->call->run(c);
}

void call_finish(struct call_run *c)
{
	probe_end(c);
	crowd_finish(c);
	call_unmap(c);
}
