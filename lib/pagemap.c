// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "backend.h"
#include "pagemap.h"

#define PM_SWAP_TYPE(entry) ((entry) & 0x1f)
#define PM_SWAPPED (1ULL << 62)
#define PM_PRESENT (1ULL << 63)
#define BATCH 512

static int pagemap_fd = -1;
static uint32_t exclusive_types;

/* The special swap types are numbered down from the top (include/linux/swap.h,
 * swapops.h): before 6.3 a swapin-error type stands above the exclusive pair;
 * from 6.15 on there is one exclusive type where there were two.
 */
static uint32_t types_of_release(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname u;

	if (uname(&u) || sscanf(u.release, "%u.%u", &major, &minor) != 2)
		return 0;
	if (major < 6 || (major == 6 && minor < 3))
		return 1U << 28 | 1U << 29;
	if (major == 6 && minor < 15)
		return 1U << 29 | 1U << 30;
	return 1U << 30;
}

int pagemap_open(void)
{
	if (pagemap_fd >= 0)
		return 0;
	exclusive_types = types_of_release();
	pagemap_fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	return pagemap_fd < 0 ? -errno : 0;
}

static enum page_state decode(uint64_t entry)
{
	if (entry & PM_PRESENT)
		return PAGE_PRESENT;
	if (!(entry & PM_SWAPPED))
		return PAGE_NONE;
	return exclusive_types >> PM_SWAP_TYPE(entry) & 1 ? PAGE_EXCLUSIVE :
							    PAGE_SWAP;
}

int pagemap_read(const void *addr, size_t npages, enum page_state *state)
{
	uint64_t first = (uintptr_t)addr / BACKEND_PAGE_SIZE, entry[BATCH];
	size_t done = 0;

	while (done < npages) {
		size_t n = npages - done < BATCH ? npages - done : BATCH, i;
		ssize_t got = pread(pagemap_fd, entry, n * sizeof(*entry),
				    (off_t)((first + done) * sizeof(*entry)));

		if (got < 0)
			return -errno;
		if (!got)
			return -EFAULT;	/* beyond user space */
		n = (size_t)got / sizeof(*entry);
		for (i = 0; i < n; i++)
			state[done + i] = decode(entry[i]);
		done += n;
	}
	return 0;
}

long pagemap_count(const void *addr, size_t npages, enum page_state want)
{
	const char *p = addr;
	enum page_state state[BATCH];
	long count = 0;

	while (npages) {
		size_t n = npages < BATCH ? npages : BATCH, i;
		int ret = pagemap_read(p, n, state);

		if (ret)
			return ret;
		for (i = 0; i < n; i++)
			count += state[i] == want;
		p += n * BACKEND_PAGE_SIZE;
		npages -= n;
	}
	return count;
}
