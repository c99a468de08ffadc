// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/kmsg.c: which lines of a kernel log tell of a defect, and the reading of
 * the log itself. The lines are as 6.1, 6.12 and 7.3 print them (the functions
 * named stand in those trees); here a FIFO takes the log's place, in a mount
 * namespace of our own, so that no other run on this machine sees them.
 */
#include <sys/stat.h>

#include "../lib/kmsg.h"
#include "../lib/tap.h"
#include "child.h"

static const char *const splats[] = {
	/* __warn(): before and from 6.18 on */
	"------------[ cut here ]------------",
	"WARNING: CPU: 1 PID: 312 at mm/memory.c:744 restore_exclusive_pte+0x1a3/0x1c0",
	"WARNING: CPU: 1 PID: 312 at restore_exclusive_pte+0x1a3/0x1c0",
	"WARNING: mm/memory.c:744 at restore_exclusive_pte+0x1a3/0x1c0, CPU#1: stress/312",
	"WARNING: at restore_exclusive_pte+0x1a3/0x1c0, CPU#1: stress/312",
	/* die(), exc_general_protection(), page faults */
	"kernel BUG at mm/rmap.c:2511!",
	"Oops: invalid opcode: 0000 [#1] PREEMPT SMP NOPTI",
	"Oops: Oops: 0000 [#1] SMP NOPTI",
	"BUG: kernel NULL pointer dereference, address: 0000000000000008",
	"BUG: unable to handle page fault for address: ffffc90000a0f000",
	"general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] PREEMPT SMP",
	"general protection fault: 0000 [#1] SMP",
	"Oops: general protection fault, probably for non-canonical address 0xdead000000000108: 0000 [#1] SMP",
	"Kernel panic - not syncing: Attempted to kill init! exitcode=0x0000000b",
	/* sanitizers */
	"BUG: KASAN: slab-use-after-free in dmirror_do_fault+0x1f/0x210 [test_hmm]",
	"BUG: KCSAN: data-race in folio_lock / folio_unlock",
	"BUG: KFENCE: use-after-free read in test+0x1f/0x30",
	"UBSAN: shift-out-of-bounds in lib/test_hmm.c:1103:22",
	"BUG: KMSAN: uninit-value in walk_page_range+0x1f/0x210",
	/* lockdep.c */
	"WARNING: possible circular locking dependency detected",
	"WARNING: possible recursive locking detected",
	"WARNING: possible irq lock inversion dependency detected",
	"WARNING: inconsistent lock state",
	"WARNING: HARDIRQ-safe -> HARDIRQ-unsafe lock order detected",
	"WARNING: bad unlock balance detected!",
	"WARNING: bad contention detected!",
	"WARNING: Nested lock was not taken",
	"WARNING: held lock freed!",
	"WARNING: hmmstorm-stress/412 still has locks held!",
	"WARNING: lock held when returning to user space!",
	"WARNING: suspicious RCU usage",
	"WARNING: chain_key collision",
	"[ BUG: Invalid wait context ]",
	"INFO: trying to register non-static key.",
	"BUG: MAX_LOCKDEP_CHAINS too low!",
	/* watchdogs */
	"INFO: task hmmstorm-stress:412 blocked for more than 120 seconds.",
	"INFO: task hmmstorm-stress:412 blocked in I/O wait for more than 120 seconds.",
	"rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
	"rcu: INFO: rcu_preempt self-detected stall on CPU",
	"rcu: INFO: rcu_sched detected expedited stalls on CPUs/tasks: { 1-.... } 21 jiffies s: 77 root: 0x2/.",
	"watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [hmmstorm-stress:412]",
	"watchdog: CPU0: Watchdog detected hard LOCKUP on cpu 1",
	"NMI watchdog: Watchdog detected hard LOCKUP on cpu 1",
	/* mm */
	"BUG: Bad page state in process hmmstorm-stress  pfn:0a3f1",
	"BUG: Bad page map in process hmmstorm-stress  pte:800000000a3f1067 pmd:0a3f0067",
	"BUG: Bad rss-counter state mm:00000000f0ab type:MM_ANONPAGES val:3",
	"BUG: non-zero pgtables_bytes on freeing mm: 4096",
	"page dumped because: VM_BUG_ON_FOLIO(!folio_test_locked(folio))",
	"BUG kmalloc-64 (Not tainted): Poison overwritten",
	"BUG kmalloc-64 (Tainted: G    B             ): Redzone overwritten",
	"list_add corruption. prev->next should be next (ffff8880), but was ffff8881. (prev=ffff8882).",
	"list_del corruption, ffff8880->next is LIST_POISON1 (dead000000000100)",
	"refcount_t: underflow; use-after-free.",
	/* sched */
	"BUG: sleeping function called from invalid context at mm/mmu_notifier.c:502",
	"BUG: scheduling while atomic: hmmstorm-stress/412/0x00000002",
	"bad: scheduling from the idle thread!",
};

/* What a healthy kernel or a user-space program says; some of it loudly. */
static const char *const harmless[] = {
	"",
	"Linux version 7.3.4+deb13-cloud-amd64 (debian-kernel@lists.debian.org)",
	"Command line: console=ttyS0 norandmaps nokaslr panic=-1 oops=panic",
	"Kernel command line: console=ttyS0 panic_on_warn=1 oops=panic hung_task_panic=1",
	"kasan: KernelAddressSanitizer initialized (generic)",
	"kfence: initialized - using 2097152 bytes for 255 objects at 0x1-0x2",
	"kcsan: enabled early",
	"Lock dependency validator: Copyright (c) 2006 Red Hat, Inc., Ingo Molnar",
	"Spectre V2 : WARNING: Unprivileged eBPF is enabled with eIBRS on, data leaks possible via Spectre v2 BHB attacks!",
	"RETBleed: WARNING: Spectre v2 mitigation leaves CPU vulnerable to RETBleed attacks, data leaks possible!",
	"Speculative Return Stack Overflow: WARNING: See https://kernel.org/doc/html/latest/admin-guide/hw-vuln/srso.html for mitigation options.",
	"** This means that this is a DEBUG kernel and it is possible **",
	"systemd[1]: DEBUG: unit loaded",
	"hmmstorm: loaded with 14 probes; see README for each WARNING it may print",
	"debug: mapping 0x1000",
	"test_hmm: loading out-of-tree module taints kernel.",
	"HMM test module loaded. This is only for testing HMM.",
	"rcu: Preemptible hierarchical RCU implementation.",
	"rcu: \tRCU event tracing is enabled.",
	"traps: hmmstorm-stress[412] general protection fault ip:401136 sp:7ffc error:0 in hmmstorm-stress[401000+1000]",
	"hmmstorm-stress[412]: segfault at 0 ip 0000000000401136 sp 00007ffc error 4",
	"Out of memory: Killed process 412 (hmmstorm-stress) total-vm:8192kB",
	"INFO: NMI handler (perf_event_nmi_handler) took too long to run: 1.2 msecs",
	"random: crng init done",
	"warning: `prog' uses wireless extensions",
	"refcount table: 64 entries",
	"hung_task: watchdog thread started",
	"page allocation failure: order:9, mode:0x40cc0",
	"clocksource: timekeeping watchdog on CPU1: Marking clocksource 'tsc' as unstable because the skew is too large:",
	"perf: interrupt took too long (2512 > 2500), lowering kernel.perf_event_max_sample_rate to 79000",
	"sched: RT throttling activated",
	"smp: Bringing up secondary CPUs ...",
	"#2, CPU#3 booted",
};

static void test_lines(void)
{
	char stamped[300];
	size_t i;

	for (i = 0; i < sizeof(splats) / sizeof(*splats); i++) {
		snprintf(stamped, sizeof(stamped), "[   12.345678][  T412] %s", splats[i]);
		tap_ok(kmsg_is_splat(splats[i]) && kmsg_is_splat(stamped),
		       "a defect: %.60s", splats[i]);
	}
	for (i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
		tap_ok(!kmsg_is_splat(harmless[i]), "none: %.60s", harmless[i]);
}

static void say(int fd, const char *record)
{
	if (write(fd, record, strlen(record)) < 0)
		perror("fifo");
}

static void test_tail(const struct kmsg *k)
{
	static char text[65536];
	FILE *f = fmemopen(text, sizeof(text), "w");

	kmsg_tail(k, f);
	fclose(f);
	tap_ok(count_lines(text) == 40 && strstr(text, "line 10\n") &&
	       strstr(text, "line 49\n") && !strstr(text, "line 9\n"),
	       "the tail is the last 40 lines, oldest first");
}

/* One record a write: as /dev/kmsg gives one a read. */
static void test_watch(int fd)
{
	char splat[100] = "", record[1200];
	struct kmsg *k;
	int i, ret = 0;

	if (!tap_ok(!kmsg_open(&k), "the log opens"))
		return;
	tap_eq(kmsg_check(k, splat, sizeof(splat)), 0, "a silent log holds no splat");
	say(fd, "6,1,100,-;usb 1-1: new device\n SUBSYSTEM=usb\n DEVICE=BUG: not a message\n");
	tap_eq(kmsg_check(k, splat, sizeof(splat)), 0, "key=value lines are not messages");
	say(fd, "12,1,150,-;systemd: BUG: a program's own words\n");
	tap_eq(kmsg_check(k, splat, sizeof(splat)), 0, "nor is what a program writes to the log");
	say(fd, "2,2,200,-;BUG: sleeping function called from invalid context; at mm/gup.c:3\n");
	tap_eq(kmsg_check(k, splat, sizeof(splat)), 1, "a splat is seen");
	tap_ok(!strcmp(splat, "BUG: sleeping function called from invalid context; at mm/gup.c:3"),
	       "its whole first line is told");
	tap_eq(kmsg_check(k, splat, sizeof(splat)), 0, "and once only");
	memset(record, 'x', sizeof(record));
	memcpy(record, "6,3,300,-;", 10);
	strcpy(record + 1100, " BUG: late\n");
	say(fd, record);
	tap_eq(kmsg_check(k, splat, sizeof(splat)), 1, "at the end of a long line too");
	tap_ok(strlen(splat) == sizeof(splat) - 1, "a long line is cut to the room for it");
	for (i = 0; i < 50; i++) {
		snprintf(record, sizeof(record), "6,%d,%d,-;line %d\n", i, i, i);
		say(fd, record);
		ret |= kmsg_check(k, splat, sizeof(splat));
	}
	tap_eq(ret, 0, "fifty more lines are harmless");
	test_tail(k);
	kmsg_close(k);
}

int main(void)
{
	struct kmsg *k = NULL;
	const char *fifo;
	int fd;

	scratch_init();
	test_lines();
	if (!private_mounts()) {
		tap_skip("watching the log", "needs root, to put a FIFO in its place");
		return tap_done();
	}
	fifo = scratch_path("kmsg");
	mkfifo(fifo, 0600);
	if (mount(fifo, "/dev/kmsg", NULL, MS_BIND, NULL)) {
		tap_skip("watching the log", "no /dev/kmsg to put a FIFO over");
		return tap_done();
	}
	fd = open(fifo, O_RDWR | O_CLOEXEC);
	test_watch(fd);
	close(fd);
	umount("/dev/kmsg");
	mount(scratch, "/dev", NULL, MS_BIND, NULL);
	unlink(fifo);
	tap_eq(kmsg_open(&k), -ENOENT, "a machine without the log says so");
	umount("/dev");
	kmsg_close(NULL);
	return tap_done();
}
