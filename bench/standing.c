// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>

#include "../lib/device_node.h"
#include "../lib/helper.h"
#include "standing.h"

/* Below where mmap() begins, above where programs lie: nothing is mapped there. */
#define NOWHERE 0x100000000000ULL

static int stand(struct op_run *r, uint64_t addr, uint64_t stride)
{
	uint32_t n = (uint32_t)op_arg(r, "notifiers", 0);
	struct standing *s = calloc(1, sizeof(*s));
	int ret;

	if (!s)
		return -ENOMEM;
	r->own = s;
	s->mine.fd = -1;
	/* without it there are none, and figures without any are as good */
	module_load(HMMSTORM_DEVICE, NULL);
	ret = intervals_open(&s->others);
	if (!ret)
		ret = intervals_open(&s->mine);
	if (ret == -ENOENT)
		return n ? -EOPNOTSUPP : 0;
	return !ret && n ? intervals_add(&s->others, addr, BACKEND_PAGE_SIZE, stride, n) : ret;
}

int standing_elsewhere(struct op_run *r)
{
	return stand(r, NOWHERE, 2 * BACKEND_PAGE_SIZE);
}

int standing_here(struct op_run *r)
{
	return stand(r, (uintptr_t)r->region.addr, 0);
}

void standing_end(struct op_run *r)
{
	struct standing *s = r->own;

	if (!s)
		return;
	intervals_close(&s->mine);
	intervals_close(&s->others);
	free(s);
}
