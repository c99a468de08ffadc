// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "counters.h"
#include "helper.h"

struct counters {
	int fd;
	size_t nr, nr_hists, nr_probes;
	struct counter_desc *desc;	/* counters, then histograms */
};

static int describe(const struct counters *c, uint32_t what, size_t index,
		    struct counter_desc *desc)
{
	struct hmmstorm_desc d = { .what = what, .index = index };

	if (ioctl(c->fd, HMMSTORM_IOC_DESC, &d))
		return -errno;
	memcpy(desc->name, d.name, sizeof(d.name));
	memcpy(desc->unit, d.unit, sizeof(d.unit));
	memcpy(desc->text, d.text, sizeof(d.text));
	desc->kind = d.kind;
	desc->error = d.error;
	desc->missed = d.missed;
	return 0;
}

static int learn(struct counters *c, const struct hmmstorm_version *v)
{
	size_t i;
	int ret;

	c->nr = v->nr_counters;
	c->nr_hists = v->nr_histograms;
	c->nr_probes = v->nr_probes;
	c->desc = calloc(c->nr + c->nr_hists, sizeof(*c->desc));
	if (!c->desc)
		return -ENOMEM;
	for (i = 0; i < c->nr; i++) {
		ret = describe(c, HMMSTORM_COUNTER, i, &c->desc[i]);
		if (ret)
			return ret;
	}
	for (i = 0; i < c->nr_hists; i++) {
		ret = describe(c, HMMSTORM_HISTOGRAM, i, &c->desc[c->nr + i]);
		if (ret)
			return ret;
	}
	return 0;
}

int counters_open_reader(struct counters **cp)
{
	struct counters *c = calloc(1, sizeof(*c));
	struct hmmstorm_version v;
	int ret;

	if (!c)
		return -ENOMEM;
	c->fd = helper_open(&v);
	ret = c->fd < 0 ? c->fd : learn(c, &v);
	if (ret) {
		counters_close(c);
		return ret;
	}
	*cp = c;
	return 0;
}

static int open_attached(struct counters **cp, uint32_t flags)
{
	struct hmmstorm_attach a = { .flags = flags };
	struct counters *c;
	int ret = counters_open_reader(&c);

	if (ret)
		return ret;
	while (ioctl(c->fd, HMMSTORM_IOC_ATTACH, &a)) {
		if (errno == EINTR)
			continue;
		ret = -errno;
		counters_close(c);
		return ret;
	}
	*cp = c;
	return 0;
}

int counters_open(struct counters **cp)
{
	return open_attached(cp, HMMSTORM_ATTACH_TIMES);
}

int counters_open_cheap(struct counters **cp)
{
	return open_attached(cp, 0);
}

void counters_close(struct counters *c)
{
	if (!c)
		return;
	if (c->fd >= 0)
		close(c->fd);
	free(c->desc);
	free(c);
}

const char *counters_strerror(int error)
{
	switch (-error) {
	case ENOENT:
		return "the helper module is not loaded: modprobe hmmstorm, or make -C kernel-helpers and insmod kernel-helpers/hmmstorm.ko";
	case EPERM:
	case EACCES:
		return "/dev/" HMMSTORM_DEVICE " is for root: run as root";
	case EPROTO:
		return "the loaded hmmstorm.ko is of another version than this program: rmmod hmmstorm, build and load it again";
	default:
		return strerror(-error);
	}
}

size_t counters_nr(const struct counters *c)
{
	return c->nr;
}

const struct counter_desc *counters_desc(const struct counters *c, size_t i)
{
	return &c->desc[i];
}

int counters_find(const struct counters *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->nr; i++)
		if (!strcmp(c->desc[i].name, name))
			return i;
	return -ENOENT;
}

static int read_values(struct counters *c, unsigned long call,
		       struct hmmstorm_read *r, uint64_t *ktime_ns)
{
	while (ioctl(c->fd, call, r))
		if (errno != EINTR)
			return -errno;
	if (ktime_ns)
		*ktime_ns = r->ktime_ns;
	return 0;
}

static int snapshot(struct counters *c, uint32_t scope, pid_t pid, uint64_t *v,
		    uint64_t *ktime_ns)
{
	struct hmmstorm_read r = {
		.scope = scope,
		.pid = pid,
		.nr = c->nr,
		.values = (uintptr_t)v,
	};

	return read_values(c, HMMSTORM_IOC_SNAPSHOT, &r, ktime_ns);
}

int counters_read(struct counters *c, uint64_t *v, uint64_t *ktime_ns)
{
	return snapshot(c, HMMSTORM_MINE, 0, v, ktime_ns);
}

int counters_read_total(struct counters *c, uint64_t *v, uint64_t *ktime_ns)
{
	return snapshot(c, HMMSTORM_TOTAL, 0, v, ktime_ns);
}

int counters_read_pid(struct counters *c, pid_t pid, uint64_t *v,
		      uint64_t *ktime_ns)
{
	return snapshot(c, HMMSTORM_PID, pid, v, ktime_ns);
}

static uint64_t value(struct counters *c, const char *name,
		      int (*read)(struct counters *c, uint64_t *v, uint64_t *t))
{
	int i = counters_find(c, name);
	uint64_t found = UINT64_MAX, *v;

	if (i < 0)
		return UINT64_MAX;
	v = calloc(c->nr, sizeof(*v));
	if (v && !read(c, v, NULL))
		found = v[i];
	free(v);
	return found;
}

uint64_t counters_value(struct counters *c, const char *name)
{
	return value(c, name, counters_read);
}

uint64_t counters_value_total(struct counters *c, const char *name)
{
	return value(c, name, counters_read_total);
}

size_t counters_nr_hists(const struct counters *c)
{
	return c->nr_hists;
}

const struct counter_desc *counters_hist_desc(const struct counters *c,
					      size_t which)
{
	return &c->desc[c->nr + which];
}

int counters_hist(struct counters *c, unsigned int which, uint64_t *buckets)
{
	struct hmmstorm_read r = {
		.scope = HMMSTORM_MINE,
		.index = which,
		.nr = HMMSTORM_HIST_BUCKETS,
		.values = (uintptr_t)buckets,
	};

	return read_values(c, HMMSTORM_IOC_HIST, &r, NULL);
}

size_t counters_nr_probes(const struct counters *c)
{
	return c->nr_probes;
}

int counters_probe(struct counters *c, size_t i, struct counter_desc *desc)
{
	return describe(c, HMMSTORM_PROBE, i, desc);
}

int counters_truth(struct counters *c, enum hmmstorm_truth_kind kind)
{
	struct hmmstorm_truth t = { .kind = kind };

	return ioctl(c->fd, HMMSTORM_IOC_TRUTH, &t) ? -errno : 0;
}

static const char *const truths[] = {
	[HMMSTORM_TRUTH_OFF] = "off",
	[HMMSTORM_TRUTH_MIRROR] = "mirror",
	[HMMSTORM_TRUTH_CPU] = "cpu",
};

int counters_parse_truth(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(truths) / sizeof(*truths); i++)
		if (!strcmp(name, truths[i]))
			return (int)i;
	return -EINVAL;
}

const char *counters_truth_name(enum hmmstorm_truth_kind kind)
{
	return truths[kind];
}
