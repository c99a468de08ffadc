// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "op.h"
#include "rival.h"

#define PAGE BACKEND_PAGE_SIZE
#define HUGE (2UL << 20)
#define FAR (1UL << 30)
#define RESERVE (FAR + 3 * HUGE)

static int map_at(char *addr, size_t len)
{
	if (mmap(addr, len, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return -errno;
	/* -EINVAL: a kernel without THP */
	return madvise(addr, len, MADV_NOHUGEPAGE) && errno != EINVAL ? -errno : 0;
}

static int watch_writes(struct ground *g)
{
	struct uffdio_api api = { .api = UFFD_API,
				  .features = UFFD_FEATURE_PAGEFAULT_FLAG_WP };
	struct uffdio_register reg = { .range = { .start = (uintptr_t)g->page, .len = PAGE * 2 },
				       .mode = UFFDIO_REGISTER_MODE_WP };

	g->uffd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (g->uffd < 0 || ioctl(g->uffd, UFFDIO_API, &api) ||
	    ioctl(g->uffd, UFFDIO_REGISTER, &reg))
		return -EOPNOTSUPP;
	return 0;
}

int ground_map(struct ground *g, enum rival_call call)
{
	int ret;

	g->uffd = -1;
	g->reserve = mmap(NULL, RESERVE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (g->reserve == MAP_FAILED)
		return -errno;
	g->page = (char *)(((uintptr_t)g->reserve + HUGE) & ~(HUGE - 1));
	g->beside = g->page + PAGE;
	g->far = g->page + FAR;
	ret = map_at(g->page, 2 * PAGE);
	if (!ret)
		ret = map_at(g->far, PAGE);
	if (!ret && call == RIVAL_SELF)
		ret = watch_writes(g);
	if (ret)
		ground_unmap(g);
	else
		*(volatile uint64_t *)g->page = 0;
	return ret;
}

void ground_unmap(struct ground *g)
{
	if (g->uffd >= 0)
		close(g->uffd);
	g->uffd = -1;
	if (g->reserve != MAP_FAILED)
		munmap(g->reserve, RESERVE);
	g->reserve = MAP_FAILED;
}

static int call_self(const struct rival *r)
{
	struct uffdio_writeprotect wp = {
		.range = { .start = (uintptr_t)r->ground->page, .len = PAGE },
		.mode = UFFDIO_WRITEPROTECT_MODE_DONTWAKE,
	};

	return ioctl(r->ground->uffd, UFFDIO_WRITEPROTECT, &wp) ? -errno : 0;
}

static int call_exec(const struct rival *r)
{
	int exec = r->made & 1 ? 0 : PROT_EXEC;

	return mprotect(r->ground->page, 2 * PAGE, PROT_READ | PROT_WRITE | exec) ? -errno : 0;
}

static int call_beside(const struct rival *r)
{
	return madvise(r->ground->beside, PAGE, MADV_DONTNEED) ? -errno : 0;
}

static int call_far(const struct rival *r)
{
	return madvise(r->ground->far, PAGE, MADV_DONTNEED) ? -errno : 0;
}

static void call_add(const struct rival *r)
{
	__atomic_fetch_add((uint64_t *)r->ground->page, 1, __ATOMIC_RELAXED);
}

static int (*const calls[])(const struct rival *r) = {
	[RIVAL_SELF] = call_self,     [RIVAL_EXEC] = call_exec,
	[RIVAL_BESIDE] = call_beside, [RIVAL_FAR] = call_far,
};

static void call(struct rival *r)
{
	uint64_t begin = clock_ns(), ns;

	r->error = calls[r->call](r);
	ns = clock_ns() - begin;
	if (ns > STALL_NS)
		__atomic_store_n(&r->stalled, r->stalled + ns, __ATOMIC_RELAXED);
}

static void *run(void *arg)
{
	struct rival *r = arg;

	if (bench_device.topo)
		topo_pin(bench_device.topo, r->worker);
	pace_begin(&r->pace, r->rate);
	pace_scatter(&r->pace, 1);
	while (!r->error && !__atomic_load_n(&r->end, __ATOMIC_RELAXED)) {
		if (r->call != RIVAL_ADD) {
			pace_wait(&r->pace);
			call(r);
		} else {
			call_add(r); /* the clock would cost more */
		}
		__atomic_store_n(&r->made, r->made + 1, __ATOMIC_RELAXED);
		pace_yield();
	}
	return NULL;
}

int rival_begin(struct rival *r)
{
	return -pthread_create(&r->thread, NULL, run, r);
}

uint64_t rival_made(const struct rival *r)
{
	return __atomic_load_n(&r->made, __ATOMIC_RELAXED);
}

uint64_t rival_stalled(const struct rival *r)
{
	return __atomic_load_n(&r->stalled, __ATOMIC_RELAXED);
}

int rival_end(struct rival *r)
{
	__atomic_store_n(&r->end, true, __ATOMIC_RELAXED);
	pthread_join(r->thread, NULL);
	return r->error;
}
