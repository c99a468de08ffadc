// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast the mirror device is, in the lab's deterministic mode where the TSC
 * counts instructions: atomics that hit, each a command of its own or one batch
 * command; and a device fault against the kernel's own call within it, by
 * protocol. The program's side of the ring and the switches between it and the
 * engine are in the figures. In other modes it prints only.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "../lib/clock.h"
#include "../lib/device_node.h"
#include "../lib/mirror.h"
#include "counter.h"

#define PAGE 4096UL
#define NPAGES 64UL
#define BATCH 256U
#define ROUNDS 20

static const char *const protocols[] = { "", "process", "range", "pin" };
static struct mirror *m;
static struct counters *k;
static char *mem;

static void open_mirror(unsigned int protocol)
{
	struct hmmstorm_mirror p = mirror_defaults(1, protocol);

	p.entries = BATCH;
	if (mirror_open(&m, &p)) {
		fprintf(stderr, "module-speed: no mirror device\n");
		exit(4);
	}
}

static struct hmmstorm_cmd add(unsigned int i, unsigned int count)
{
	return (struct hmmstorm_cmd){
		.op = HMMSTORM_OP_ADD,
		.size = 8,
		.addr = (uintptr_t)mem + i % 512 * 8,
		.operand = 1,
		.count = count,
	};
}

/* All are submitted before the engine is woken, all reaped when it is done. */
static bool submit_singly(void)
{
	struct hmmstorm_done d;
	struct hmmstorm_cmd c;
	unsigned int i, faults = 0;

	for (i = 0; i < BATCH; i++) {
		c = add(i, 1);
		if (mirror_submit(m, 0, &c))
			return false;
	}
	if (mirror_wait(m, 0, BATCH, 0))
		return false;
	for (i = 0; i < BATCH && mirror_reap(m, 0, &d) && !d.error; i++)
		faults += d.faults;
	return i == BATCH && !faults;
}

static bool submit_batch(void)
{
	struct hmmstorm_cmd c = add(0, BATCH);
	struct hmmstorm_done d;

	return !mirror_run(m, 0, &c, &d) && !d.faults && d.done == BATCH;
}

static void test_hits(const char *what, bool (*run)(void), double most)
{
	uint64_t t, best = UINT64_MAX;
	bool ok = true;
	int i;

	((volatile char *)mem)[0] = 0;
	submit_batch(); /* the device has the page */
	for (i = 0; i < ROUNDS; i++) {
		t = clock_ticks();
		ok = run() && ok;
		t = clock_ticks() - t;
		if (t < best)
			best = t;
	}
	printf("# %s: %.1f %s an atomic\n", what, (double)best / BATCH, clock_unit());
	tap_ok(ok, "%s: %u atomics, all hits", what, BATCH);
	if (clock_counts_instructions)
		tap_ok(best <= most * BATCH, "%s: at most %.0f instructions each", what, most);
}

static void touch(void)
{
	size_t i;

	for (i = 0; i < NPAGES; i++)
		((volatile char *)mem)[i * PAGE] = 1;
}

/* The counters say how long faults took, and the kernel's call in them. */
static void test_fault(unsigned int protocol)
{
	struct hmmstorm_cmd mark = {
		.op = HMMSTORM_OP_MARK,
		.addr = (uintptr_t)mem,
		.count = NPAGES,
	};
	uint64_t faults, call, n;
	struct hmmstorm_done d;
	int i;

	open_mirror(protocol);
	touch();
	mirror_run(m, 0, &mark, &d); /* its page table grows */
	n = counter(k, "mirror_faults");
	faults = counter(k, "mirror_fault_ns");
	call = counter(k, "mirror_call_ns");
	for (i = 0; i < ROUNDS; i++) {
		touch();
		mirror_run(m, 0, &mark, &d);
	}
	n = counter(k, "mirror_faults") - n;
	faults = counter(k, "mirror_fault_ns") - faults;
	call = counter(k, "mirror_call_ns") - call;
	printf("# %s: fault %.1f, call within %.1f ns, ratio %.3f\n", protocols[protocol],
	       (double)faults / n, (double)call / n, (double)faults / call);
	tap_eq((long)n, ROUNDS * NPAGES, "one fault a page");
	if (clock_counts_instructions && protocol != HMMSTORM_PROTOCOL_PIN)
		tap_ok(faults <= call * 1.25, "%s: a fault is at most 1.25 of the kernel's call",
		       protocols[protocol]);
	mirror_close(m);
}

int main(void)
{
	unsigned int protocol;

	clock_init();
	if (module_load("hmmstorm", NULL)) {
		fprintf(stderr, "module-speed: no module hmmstorm for this kernel\n");
		return 4;
	}
	mem = mmap((void *)0x100000000000UL, NPAGES * PAGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (mem == MAP_FAILED)
		return 1;
	madvise(mem, NPAGES * PAGE, MADV_NOHUGEPAGE);
	memset(mem, 0, NPAGES * PAGE);
	open_mirror(HMMSTORM_PROTOCOL_PROCESS);
	test_hits("a command each", submit_singly, 480);
	test_hits("one command for all", submit_batch, 150);
	mirror_close(m);
	if (counters_open_cheap(&k))
		return 1;
	for (protocol = 1; protocol <= 3; protocol++)
		test_fault(protocol);
	counters_close(k);
	return tap_done();
}
