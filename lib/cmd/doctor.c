// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm doctor: what this machine has of what hmmstorm needs, for running on
 * its own kernel (host) and for the lab; for what is missing, one line what to
 * do. Exit status 0 if either can run, else 4.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../backend.h"
#include "../device_node.h"

enum need { NOTE, HOST, LAB };

static bool host_ok = true, lab_ok = true;

static void say(bool ok, enum need need, const char *what, const char *fix)
{
	printf("%-7s %s%s%s\n", ok ? "ok" : need == NOTE ? "note" : "missing",
	       what, ok || !fix ? "" : ": ", ok || !fix ? "" : fix);
	if (!ok && need == HOST)
		host_ok = false;
	if (!ok && need == LAB)
		lab_ok = false;
}

static void check_kernel(void)
{
	static const struct {
		const char *option, *fix;
	} needed[] = {
		{ "CONFIG_DEVICE_PRIVATE",
		  "this kernel has no device-exclusive API; Debian's own 6.1 and 6.12 are built without it: boot one with CONFIG_DEVICE_PRIVATE=y (Debian 6.13 and later), or use hmmstorm vm" },
		{ "CONFIG_TEST_HMM",
		  "the kernel's test device; set CONFIG_TEST_HMM=m, or build lib/test_hmm.c out of tree as scripts/kernel does" },
		{ "CONFIG_FPROBE", "the helper module then uses kretprobes" },
		{ "CONFIG_PROC_PAGE_MONITOR", "no pagemap: no proof of exclusivity" },
	};
	struct utsname u;
	char text[200];
	size_t i;

	/* loads the module, if there is one */
	backend_find("test_hmm")->probe(text, sizeof(text));
	uname(&u);
	snprintf(text, sizeof(text), "kernel %s", u.release);
	say(true, NOTE, text, NULL);
	for (i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		char c = kernel_config(needed[i].option);
		bool module_there = i == 1 && module_loaded("test_hmm");

		snprintf(text, sizeof(text), "%s%s", needed[i].option,
			 c ? "" : " (unknown: no /proc/config.gz, no /boot/config)");
		say(c == 'y' || c == 'm' || module_there,
		    !c || i >= 1 ? NOTE : HOST, text, needed[i].fix);
	}
}

static void check_backend(const char *name, enum need need)
{
	const struct backend_ops *b = backend_find(name);
	char why[300] = "", text[100];

	snprintf(text, sizeof(text), "backend %s", name);
	say(!b->probe(why, sizeof(why)), need, text, why);
}

static bool in_path(const char *program)
{
	const char *path = getenv("PATH");
	char dirs[4096], file[4200], *dir, *rest = dirs;

	snprintf(dirs, sizeof(dirs), "%s", path ? path : "/usr/bin:/bin");
	while ((dir = strsep(&rest, ":"))) {
		snprintf(file, sizeof(file), "%s/%s", dir, program);
		if (!access(file, X_OK))
			return true;
	}
	return false;
}

static void check_gpu(void)
{
	static const char *const drivers[] = { "nouveau", "nvidia_uvm", "amdgpu",
					       "xe", "i915" };
	char text[200] = "";
	size_t i;

	for (i = 0; i < sizeof(drivers) / sizeof(*drivers); i++)
		if (module_loaded(drivers[i]))
			snprintf(text, sizeof(text), "GPU driver %s is loaded",
				 drivers[i]);
	say(text[0], NOTE, text[0] ? text : "GPU driver",
	    "none loaded; test_hmm needs no GPU");
}

/* As scripts/vm decides: a node of a software hypervisor runs no such guest. */
static bool kvm_works(void)
{
	return !access("/dev/kvm", R_OK | W_OK) &&
	       (!access("/sys/module/kvm_intel", F_OK) ||
		!access("/sys/module/kvm_amd", F_OK));
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "--help")) {
		puts("usage: hmmstorm doctor\nWhat this machine lacks for hmmstorm, and how to mend it.");
		return 0;
	}
	if (argc > 1) {
		fprintf(stderr, "hmmstorm doctor: '%s' is not an option; it takes none\n",
			argv[1]);
		return 2;
	}
	puts("On this kernel (host)");
	say(!geteuid(), HOST, "root", "run as root (sudo)");
	check_kernel();
	check_backend("test_hmm", HOST);
	say(!access("/proc/self/pagemap", R_OK), HOST, "/proc/self/pagemap",
	    "set CONFIG_PROC_PAGE_MONITOR=y");
	say(!access("/dev/kmsg", R_OK), NOTE, "/dev/kmsg",
	    "a splat during a run will not be seen");
	say(!access("/sys/kernel/debug/clear_warn_once", F_OK), NOTE, "debugfs",
	    "mount -t debugfs none /sys/kernel/debug");
	say(module_loaded("hmmstorm"), NOTE, "helper module hmmstorm",
	    "counters are missing; make -C kernel-helpers && insmod kernel-helpers/hmmstorm.ko");
	check_gpu();
	puts("In the lab (hmmstorm vm)");
	say(in_path("qemu-system-x86_64"), LAB, "QEMU",
	    "apt-get install qemu-system-x86 (make setup does)");
	say(kvm_works(), NOTE, "KVM by the processor",
	    "the lab runs in TCG, 10 to 50 times slower");
	say(in_path("gnuplot"), NOTE, "gnuplot",
	    "no plots; apt-get install gnuplot-nox");
	printf("verdict: host %s, lab %s\n", host_ok ? "ready" : "not ready",
	       lab_ok ? "ready" : "not ready");
	return host_ok || lab_ok ? 0 : 4;
}
