// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "helper.h"
#include "intervals.h"

int intervals_open(struct intervals *s)
{
	s->fd = helper_open(NULL);
	return s->fd < 0 ? s->fd : 0;
}

static int call(struct intervals *s, struct hmmstorm_intervals *p)
{
	return ioctl(s->fd, HMMSTORM_IOC_INTERVALS, p) ? -errno : 0;
}

int intervals_add(struct intervals *s, uint64_t addr, uint64_t bytes, uint64_t stride,
		  uint32_t count)
{
	return call(s, &(struct hmmstorm_intervals){ .addr = addr, .bytes = bytes,
						     .stride = stride, .count = count });
}

int intervals_clear(struct intervals *s, uint64_t *hits)
{
	struct hmmstorm_intervals p = { 0 };
	int ret = call(s, &p);

	if (hits)
		*hits = p.hits;
	return ret;
}

void intervals_close(struct intervals *s)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = -1;
}
