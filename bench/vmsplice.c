// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E6): and where GUP tries without locks first?
 * Mechanism: get_user_pages_fast() walks the page table by itself, gives up at a
 * swap entry and takes mmap_lock for the rest.
 * Timed: vmsplice() of whole pages into a pipe, which takes references and copies
 * nothing; a pipe takes 256 pages. The references are dropped afterwards.
 * Control: the same on present pages, and on huge ones.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "op.h"

#define MAX 256

static int open_pipe(struct op_run *r)
{
	int *ends = r->own ? r->own : calloc(2, sizeof(*ends));

	if (!ends)
		return -ENOMEM;
	r->own = ends;
	if (pipe2(ends, O_CLOEXEC) || fcntl(ends[1], F_SETPIPE_SZ, MAX * BACKEND_PAGE_SIZE) < 0)
		return -errno;
	return 0;
}

static int do_vmsplice(struct op_run *r)
{
	struct iovec from = { r->region.addr, r->region.pages * BACKEND_PAGE_SIZE };
	ssize_t n = vmsplice(((int *)r->own)[1], &from, 1, 0);

	return n < 0 ? -errno : n == (ssize_t)from.iov_len ? 0 : -EIO;
}

static int close_pipe(struct op_run *r)
{
	close(((int *)r->own)[0]);
	close(((int *)r->own)[1]);
	return 0;
}

static void end(struct op_run *r)
{
	free(r->own);
}

BENCH_OP(vmsplice_exclusive, "E6.vmsplice", "vmsplice (fast GUP) of exclusive entries",
	 CAP_EXCLUSIVE, CBENCH_RANGE("pages", 1, MAX, 4), .prepare = open_pipe, .end = end,
	 .before = PAGES_EXCLUSIVE, .op = do_vmsplice, .finish = close_pipe,
	 .after = PAGES_PRESENT);

BENCH_OP(vmsplice_present, "E6.vmsplice_present", "control: vmsplice of present pages",
	 0, CBENCH_RANGE("pages", 1, MAX, 4), .prepare = open_pipe, .end = end,
	 .before = PAGES_PRESENT, .op = do_vmsplice, .finish = close_pipe,
	 .after = PAGES_PRESENT);

BENCH_AXES(vmsplice_thp, "E6.vmsplice_thp", "control: vmsplice of huge pages", 0,
	   AXES(CBENCH_RANGE("pages", 1, MAX, 4), CBENCH_LIST("thp", 1)),
	   .prepare = open_pipe, .end = end, .before = PAGES_PRESENT, .op = do_vmsplice,
	   .finish = close_pipe, .after = PAGES_PRESENT);
