// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the helper module costs, in the lab's deterministic mode where the TSC
 * counts instructions: the same loops without the module, with it loaded but
 * nobody attached, attached, and attached with times. One CPU, least of five
 * rounds. Prints the table; fails when a bound is exceeded, and in other modes
 * prints only (ticks are then no instructions).
 *
 * The bounds are about a tenth above the dearer of 6.12 and 7.3, so that a
 * careless line in a callback is noticed. The dearest thing is fprobe on 7.3,
 * where make_device_exclusive() is called, hence paired, once a page.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../kernel-helpers/uapi/hmmstorm.h"
#include "../lib/clock.h"
#include "../lib/device_node.h"
#include "../lib/tap.h"
#include "../lib/test_hmm_abi.h"

#define PAGE 4096UL
#define NPAGES 64UL
#define ROUNDS 5

enum setting { ABSENT, IDLE, ATTACHED, TIMES, NR_SETTINGS };

static char *mem;
static int dmirror = -1;

static int dmirror_call(unsigned long call, size_t pages)
{
	static char buffer[NPAGES * PAGE];
	struct dmirror_cmd cmd = {
		.addr = (uintptr_t)mem,
		.ptr = (uintptr_t)buffer,
		.npages = pages,
	};

	return dmirror < 0 ? 0 : ioctl(dmirror, call, &cmd);
}

static void touch(void)
{
	size_t i;

	for (i = 0; i < NPAGES; i++)
		((volatile char *)mem)[i * PAGE] = 1;
}

static void dontneed(void)
{
	madvise(mem, PAGE, MADV_DONTNEED);
}

static void flip(void)
{
	mprotect(mem, NPAGES * PAGE, PROT_READ);
	mprotect(mem, NPAGES * PAGE, PROT_READ | PROT_WRITE);
}

static void mark_and_restore(void)
{
	dmirror_call(DMIRROR_EXCLUSIVE, NPAGES);
	touch();
}

static void device_fault(void)
{
	dontneed();
	mem[0] = 1;
	dmirror_call(DMIRROR_READ, 1);
}

/* per: what one figure is divided by; bound: extra instructions for one, when
 * attached without and with times; percent: most that attaching may add.
 */
static const struct op {
	const char *name;
	void (*run)(void);
	unsigned int loops, per;
	double bound[2], percent;
} ops[] = {
	{ "one invalidation (MADV_DONTNEED)", dontneed, 500, 1, { 100, 380 }, 100 },
	{ "one invalidation (mprotect)", flip, 100, 2, { 100, 380 }, 100 },
	{ "one page marked and restored", mark_and_restore, 20, NPAGES,
	  { 320, 2750 }, 3 },
	{ "one device read fault, page dropped before", device_fault, 100, 1,
	  { 350, 1850 }, 100 },
};

#define NR_OPS (sizeof(ops) / sizeof(*ops))

static double figure[NR_SETTINGS][NR_OPS];

static double measure(const struct op *op)
{
	uint64_t t, best = UINT64_MAX;
	unsigned int i, round;

	for (round = 0; round < ROUNDS; round++) {
		touch();
		t = clock_ticks();
		for (i = 0; i < op->loops; i++)
			op->run();
		t = clock_ticks() - t;
		if (t < best)
			best = t;
	}
	return (double)best / (op->loops * op->per);
}

static int attach(enum setting s)
{
	struct hmmstorm_attach a = {
		.flags = s == TIMES ? HMMSTORM_ATTACH_TIMES : 0,
	};
	int fd = open("/dev/" HMMSTORM_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, HMMSTORM_IOC_ATTACH, &a)) {
		perror("module-cost: attach");
		exit(1);
	}
	return fd;
}

/* What the module measures of itself: the greatest that each may be. */
static const struct {
	const char *name;
	double most;
} own[] = {
	{ "histogram_record", 20 },
	{ "mirror_counter_off", 1 },
	{ "call_counted_ftrace_attached", 60 },
};

#define NR_OWN (sizeof(own) / sizeof(*own))

static bool own_seen[NR_OWN];

static void check_own(const char *name, double ticks)
{
	size_t i;

	printf("# %-32s %8.2f\n", name, ticks);
	for (i = 0; clock_counts_instructions && i < NR_OWN; i++) {
		if (strcmp(own[i].name, name))
			continue;
		own_seen[i] = true;
		tap_ok(ticks <= own[i].most, "%s: at most %.0f instructions", name,
		       own[i].most);
	}
}

/* Attached, it is counted for; else it sees what those pay who are not. */
static void read_own(void)
{
	FILE *f = fopen("/sys/kernel/debug/hmmstorm/cost", "r");
	char name[64];
	double ticks;

	if (clock_counts_instructions)
		tap_ok(f, "debugfs says what the module measures of itself");
	while (f && fscanf(f, "%63s %lf ticks", name, &ticks) == 2)
		check_own(name, ticks);
	if (f)
		fclose(f);
}

/* Each was in one of the two readings: what is not there is under any bound. */
static void check_own_seen(void)
{
	size_t i;

	for (i = 0; clock_counts_instructions && i < NR_OWN; i++)
		tap_ok(own_seen[i], "%s was measured", own[i].name);
}

static void measure_all(enum setting s)
{
	int fd = s >= ATTACHED ? attach(s) : -1;
	size_t i;

	if (s == IDLE || s == ATTACHED)
		read_own();

	for (i = 0; i < NR_OPS; i++)
		figure[s][i] = measure(&ops[i]);
	if (fd >= 0)
		close(fd);
}

static void report(const struct op *op, size_t i)
{
	double none = figure[ABSENT][i];
	int s;

	printf("# %-44s %9.1f", op->name, none);
	for (s = IDLE; s < NR_SETTINGS; s++)
		printf(" %+8.1f (%+.2f%%)", figure[s][i] - none,
		       100 * (figure[s][i] / none - 1));
	putchar('\n');
	for (s = ATTACHED; clock_counts_instructions && s < NR_SETTINGS; s++)
		tap_ok(figure[s][i] - none <= op->bound[s - ATTACHED],
		       "%s%s: at most %.0f instructions more", op->name,
		       s == TIMES ? ", with times" : "",
		       op->bound[s - ATTACHED]);
	if (clock_counts_instructions && op->percent < 100)
		tap_ok(figure[ATTACHED][i] <= none * (1 + op->percent / 100),
		       "%s: at most %.0f%% more when attached", op->name,
		       op->percent);
}

int main(void)
{
	size_t i;

	clock_init();
	if (module_loaded("hmmstorm"))
		syscall(SYS_delete_module, "hmmstorm", O_NONBLOCK);
	if (!module_load("test_hmm", NULL))
		dmirror = open("/dev/hmm_dmirror0", O_RDWR | O_CLOEXEC);
	mem = mmap((void *)0x100000000000UL, NPAGES * PAGE,
		   PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	if (mem == MAP_FAILED) {
		perror("module-cost: mmap");
		return 1;
	}
	madvise(mem, NPAGES * PAGE, MADV_NOHUGEPAGE);
	sleep(5); /* the kernel's own self-tests end */
	measure_all(ABSENT);
	if (module_load("hmmstorm", NULL)) {
		fprintf(stderr, "module-cost: no hmmstorm.ko for this kernel\n");
		return 4;
	}
	measure_all(IDLE);
	measure_all(ATTACHED);
	measure_all(TIMES);
	check_own_seen();
	printf("# %s: no module, then extra: loaded, attached, with times\n",
	       clock_unit());
	for (i = 0; i < NR_OPS; i++)
		report(&ops[i], i);
	if (!clock_counts_instructions)
		tap_skip("cost bounds", "not in deterministic mode");
	return tap_done();
}
