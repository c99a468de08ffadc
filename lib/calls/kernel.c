// SPDX-License-Identifier: GPL-2.0-only
/* What others do to the memory: KSM's thread, and breakpoints by uprobes. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../knob.h"
#include "calls.h"

#define KSM "/sys/kernel/mm/ksm/"
#define SCANS 4 /* checksum, unstable tree, merge, and one with nothing left to do */
#define POLL_US 1000
#define POLLS 20000
#define TRACING "/sys/kernel/tracing/"
#define PROBE "hmmstorm/call"

/* The 16 pages hold the same already. */
int ksm_alike(struct call_run *c)
{
	return advise_mergeable(c);
}

int ksm_unlike(struct call_run *c)
{
	size_t i;

	for (i = 0; i < c->pages; i++)
		c->mem[i * PAGE] = (char)(2 + i);
	return advise_mergeable(c);
}

static int wait_for_scans(void)
{
	long long end = knob_number(KSM "full_scans");
	int i;

	if (end < 0)
		return -EOPNOTSUPP;
	end += SCANS;
	for (i = 0; i < POLLS; i++) {
		if (knob_number(KSM "full_scans") >= end)
			return 0;
		usleep(POLL_US);
	}
	return -ETIME;
}

/* How the scan is set, and what was there before; of 6.7 and newer also that pages
 * which did not merge before are looked at again.
 */
static struct {
	const char *path, *want;
	char before[32];
} settings[] = {
	{ KSM "sleep_millisecs", "1", "" },
	{ KSM "smart_scan", "0", "" },
	{ KSM "run", "1", "" },
};

#define NR_SETTINGS (sizeof(settings) / sizeof(*settings))

int ksm_scan(struct call_run *c)
{
	size_t i;
	int ret;

	(void)c;
	for (i = 0; i < NR_SETTINGS; i++) {
		*settings[i].before = 0;
		knob_read(settings[i].path, settings[i].before,
			  sizeof(settings[i].before));
		knob_write(settings[i].path, settings[i].want);
	}
	ret = wait_for_scans();
	for (i = NR_SETTINGS; i; i--)
		if (*settings[i - 1].before)
			knob_write(settings[i - 1].path, settings[i - 1].before);
	return ret;
}

int probe_make(struct call_run *c)
{
	char text[128];
	int ret;

	snprintf(text, sizeof(text), "p:" PROBE " /proc/%d/fd/%d:0x0\n", getpid(), c->file);
	ret = knob_append(TRACING "uprobe_events", text);
	if (ret)
		return ret == -ENOENT ? -EOPNOTSUPP : ret;
	c->probed = true;
	return 0;
}

int probe_on(struct call_run *c)
{
	(void)c;
	return knob_write(TRACING "events/" PROBE "/enable", "1");
}

int probe_make_on(struct call_run *c)
{
	int ret = probe_make(c);

	return ret ? ret : probe_on(c);
}

int probe_off(struct call_run *c)
{
	(void)c;
	return knob_write(TRACING "events/" PROBE "/enable", "0");
}

void probe_end(struct call_run *c)
{
	if (!c->probed)
		return;
	probe_off(c);
	knob_append(TRACING "uprobe_events", "-:" PROBE "\n");
	c->probed = false;
}
