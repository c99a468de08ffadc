/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interval notifiers that only count (HMMSTORM_IOC_INTERVALS of the helper
 * module): ballast for what an invalidation costs where there are many.
 *
 * All calls return 0 or -errno.
 */
#ifndef HMMSTORM_INTERVALS_H
#define HMMSTORM_INTERVALS_H

#include <stdint.h>

struct intervals {
	int fd;
};

/* -ENOENT: the module is not loaded; -EPROTO: it is of another version. */
int intervals_open(struct intervals *s);
/* count more, of bytes each, the first at addr, stride bytes from one to the next. */
int intervals_add(struct intervals *s, uint64_t addr, uint64_t bytes, uint64_t stride,
		  uint32_t count);
/* Takes all away. hits, may be NULL: invalidations that they were told, added up
 * since the opening.
 */
int intervals_clear(struct intervals *s, uint64_t *hits);
void intervals_close(struct intervals *s);

#endif
