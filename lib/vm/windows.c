// SPDX-License-Identifier: GPL-2.0-only
/*
 * A QEMU plugin: where the instructions of an operation went. lib/window.h marks in
 * the guest where an operation begins and ends; each instruction that any vCPU executes
 * in between is counted at its address, as the clock of deterministic mode counts it. Of
 * every case the operation with the fewest instructions is kept and written when the guest
 * ends:
 *
 *   windows.tsv  case (from 0, in order of the marks), first (address, hex), last,
 *                count (of executions of each), instructions (of the row)
 *
 * Neighbours that were executed equally often are a row, but never across a multiple of
 * FUNCTION_ALIGN, where the next function may begin. All of user space is one row, at 0.
 *
 * An instruction that faults is counted each time it is begun, the clock counts it once:
 * the sum is larger than what was timed by the number of page faults, and by what lies
 * between the marks and the two readings of the clock.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../window.h"
#include "qemu_plugin.h"

#define FUNCTION_ALIGN 16
#define NR_BUCKETS (1 << 18)
#define EXPORT __attribute__((visibility("default")))

/* An instruction of the kernel that was translated at least once. */
struct cell {
	struct cell *next;	/* in its bucket */
	uint64_t at, count;
	uint32_t size;
};

struct row {
	uint64_t first, last, count, instructions;
};

struct least {
	uint64_t total;
	struct row *rows;
	size_t n;
};

static struct {
	FILE *out;
	struct cell *buckets[NR_BUCKETS];
	struct cell user;
	struct cell **cells;	/* sorted by address when a window ends */
	size_t nr_cells, max_cells, nr_sorted;
	struct least *cases;
	size_t nr_cases;
	struct least last;	/* window that ended, not yet kept */
} w;

EXPORT int qemu_plugin_version = 1;

static void *grow(void *p, size_t n, size_t size)
{
	p = realloc(p, n * size);
	if (!p) {
		fputs("hmmstorm: windows: no memory\n", stderr);
		exit(1);
	}
	return p;
}

static struct cell *find(uint64_t at, uint32_t size)
{
	struct cell **bucket = &w.buckets[(at ^ at >> 18) % NR_BUCKETS], *c;

	if (!(at >> 63))
		return &w.user;
	for (c = *bucket; c; c = c->next)
		if (c->at == at)
			break;
	if (c) {
		c->size = size; /* the kernel may have patched it */
		return c;
	}
	c = grow(NULL, 1, sizeof(*c));
	*c = (struct cell){ .next = *bucket, .at = at, .size = size };
	*bucket = c;
	if (w.nr_cells == w.max_cells) {
		w.max_cells = w.max_cells ? 2 * w.max_cells : 1 << 16;
		w.cells = grow(w.cells, w.max_cells, sizeof(*w.cells));
	}
	w.cells[w.nr_cells++] = c;
	return c;
}

static int by_address(const void *a, const void *b)
{
	uint64_t x = (*(struct cell *const *)a)->at, y = (*(struct cell *const *)b)->at;

	return x < y ? -1 : x > y;
}

static void add_row(struct least *l, const struct cell *c, size_t *max)
{
	struct row *r = l->n ? &l->rows[l->n - 1] : NULL;

	if (r && r->count == c->count && r->last == c->at && c->at % FUNCTION_ALIGN) {
		r->instructions += c->count;
		r->last = c->at + c->size;
		return;
	}
	if (l->n == *max) {
		*max = *max ? 2 * *max : 1024;
		l->rows = grow(l->rows, *max, sizeof(*l->rows));
	}
	/* until it is written, last is where the next instruction would begin */
	l->rows[l->n++] = (struct row){ c->at, c->at + c->size, c->count, c->count };
}

static void begin_window(void)
{
	size_t i;

	for (i = 0; i < w.nr_cells; i++)
		w.cells[i]->count = 0;
	w.user.count = 0;
}

static void end_window(void)
{
	size_t max = 0, i;

	if (w.nr_sorted != w.nr_cells)
		qsort(w.cells, w.nr_cells, sizeof(*w.cells), by_address);
	w.nr_sorted = w.nr_cells;
	free(w.last.rows);
	w.last = (struct least){ .total = w.user.count };
	w.user.size = 0;
	if (w.user.count)
		add_row(&w.last, &w.user, &max);
	for (i = 0; i < w.nr_cells; i++)
		if (w.cells[i]->count) {
			w.last.total += w.cells[i]->count;
			add_row(&w.last, w.cells[i], &max);
		}
}

static void begin_case(void)
{
	w.cases = grow(w.cases, w.nr_cases + 1, sizeof(*w.cases));
	w.cases[w.nr_cases++] = (struct least){ .total = UINT64_MAX };
}

static void keep_window(void)
{
	struct least *l;

	if (!w.nr_cases)
		return;
	l = &w.cases[w.nr_cases - 1];
	if (w.last.total >= l->total)
		return;
	free(l->rows);
	*l = w.last;
	w.last = (struct least){ 0 };
}

static void on_mark(unsigned int vcpu, void *mark)
{
	static void (*const act[NR_WINDOW_MARKS])(void) = {
		[WINDOW_CASE] = begin_case,
		[WINDOW_BEGIN] = begin_window,
		[WINDOW_END] = end_window,
		[WINDOW_KEEP] = keep_window,
	};

	(void)vcpu;
	act[(uintptr_t)mark]();
}

/* NR_WINDOW_MARKS: this instruction is none. */
static enum window_mark mark_of(const struct qemu_plugin_insn *insn)
{
	uint32_t code, displacement;

	if (qemu_plugin_insn_size(insn) != 8)
		return NR_WINDOW_MARKS;
	memcpy(&code, qemu_plugin_insn_data(insn), 4);
	memcpy(&displacement, (const char *)qemu_plugin_insn_data(insn) + 4, 4);
	if (code != WINDOW_NOP || displacement - WINDOW_HMM >= NR_WINDOW_MARKS)
		return NR_WINDOW_MARKS;
	return (enum window_mark)(displacement - WINDOW_HMM);
}

static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
	size_t n = qemu_plugin_tb_n_insns(tb), i;

	(void)id;
	for (i = 0; i < n; i++) {
		struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
		enum window_mark mark = mark_of(insn);
		struct cell *c;

		if (mark != NR_WINDOW_MARKS) {
			qemu_plugin_register_vcpu_insn_exec_cb(insn, on_mark,
							       QEMU_PLUGIN_CB_NO_REGS,
							       (void *)(uintptr_t)mark);
			continue;
		}
		c = find(qemu_plugin_insn_vaddr(insn),
			 (uint32_t)qemu_plugin_insn_size(insn));
		qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_INLINE_ADD_U64,
							   &c->count, 1);
	}
}

/* A file that is not whole ends QEMU with a status of its own (lib/vm/watch.c). */
static void write_out(qemu_plugin_id_t id, void *unused)
{
	FILE *f = w.out;
	size_t i, k;

	(void)id;
	(void)unused;
	fputs("case\tfirst\tlast\tcount\tinstructions\n", f);
	for (i = 0; i < w.nr_cases; i++)
		for (k = 0; k < w.cases[i].n; k++) {
			const struct row *r = &w.cases[i].rows[k];

			fprintf(f, "%zu\t%" PRIx64 "\t%" PRIx64 "\t%" PRIu64 "\t%" PRIu64 "\n", i,
				r->first, r->first ? r->last - 1 : 0, r->count, r->instructions);
		}
	/* a whole file ends with this line */
	fputs("end\t0\t0\t0\t0\n", f);
	if (fflush(f) || ferror(f) || fclose(f)) {
		perror("hmmstorm: windows.tsv");
		_exit(1);
	}
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
			       char **argv)
{
	(void)info;
	if (argc != 1 || strncmp(argv[0], "out=", 4)) {
		fputs("hmmstorm: windows: wants out=FILE\n", stderr);
		return -1;
	}
	w.out = fopen(argv[0] + 4, "we");
	if (!w.out) {
		perror(argv[0] + 4);
		return -1;
	}
	qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
	qemu_plugin_register_atexit_cb(id, write_out, NULL);
	return 0;
}
