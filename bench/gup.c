// SPDX-License-Identifier: GPL-2.0-only
/*
 * Question (E6): what does get_user_pages() pay for exclusive entries?
 * Mechanism: GUP meets a swap entry and calls handle_mm_fault(), so each page is
 * restored as by a CPU fault, but without the exception.
 * Timed: process_vm_readv() of one byte of each page of the own process:
 * pin_user_pages_remote(), 16 pages at a time. pages is the shape of the calls too:
 * a call takes at most 1,024 (IOV_MAX).
 * Control: the same on present pages, and on huge ones.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "op.h"

#define MAX 1024

struct own {
	struct iovec from[MAX];
	char to[MAX];
};

static int begin(struct op_run *r)
{
	struct own *o = calloc(1, sizeof(*o));
	size_t i;

	for (i = 0; o && i < r->region.pages; i++)
		o->from[i] = (struct iovec){ r->region.addr + i * BACKEND_PAGE_SIZE, 1 };
	r->own = o;
	return o ? 0 : -ENOMEM;
}

static void end(struct op_run *r)
{
	free(r->own);
}

static int do_readv(struct op_run *r)
{
	struct own *o = r->own;
	struct iovec to = { o->to, r->region.pages };
	ssize_t n = process_vm_readv(getpid(), &to, 1, o->from, r->region.pages, 0);

	return n < 0 ? -errno : n == (ssize_t)r->region.pages ? 0 : -EIO;
}

BENCH_OP(gup, "E6.gup", "process_vm_readv (GUP) of exclusive entries", CAP_EXCLUSIVE,
	 CBENCH_RANGE("pages", 1, MAX, 4), .begin = begin, .end = end,
	 .before = PAGES_EXCLUSIVE, .op = do_readv, .after = PAGES_PRESENT);

BENCH_OP(gup_present, "E6.gup_present", "control: process_vm_readv of present pages", 0,
	 CBENCH_RANGE("pages", 1, MAX, 4), .begin = begin, .end = end,
	 .before = PAGES_PRESENT, .op = do_readv, .after = PAGES_PRESENT);

BENCH_AXES(gup_thp, "E6.gup_thp", "control: process_vm_readv of huge pages", 0,
	   AXES(CBENCH_RANGE("pages", 1, MAX, 4), CBENCH_LIST("thp", 1)), .begin = begin,
	   .end = end, .before = PAGES_PRESENT, .op = do_readv, .after = PAGES_PRESENT);
