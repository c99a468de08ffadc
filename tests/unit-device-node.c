// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/device_node.c and lib/counters.c on this machine, above all what they say
 * when the module they want is not there. The memory devices (major 1) stand in
 * for a driver that is.
 */
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>

#include "../lib/backend.h"
#include "../lib/counters.h"
#include "../lib/device_node.h"
#include "../lib/tap.h"
#include "child.h"

#define NO_MODULE "hmmstorm_no_such_module"

static void test_modules(void)
{
	const char *said;
	int ret;

	tap_ok(!module_loaded(NO_MODULE), "a module that is nowhere is not loaded");
	catch_stderr();
	ret = module_load(NO_MODULE, NULL);
	said = caught();
	tap_eq(ret, -ENOENT, "and cannot be loaded");
	tap_ok(!*said, "libkmod's own words are kept from the user");
	tap_eq(module_load(NO_MODULE, "a=1 b=2"), -ENOENT, "nor with options");
	tap_eq(module_refcount(NO_MODULE), -ENOENT, "it has no users");
	tap_ok(module_loaded("kernel") || module_loaded("printk"),
	       "what is built in counts as loaded");
	tap_eq(module_load("printk", NULL), 0, "and needs no loading");
}

static void test_nodes(void)
{
	char path[256] = "";
	struct stat st;

	tap_eq(device_node("x", "hmmstorm-no-driver", 0, path, sizeof(path)), -ENODEV,
	       "a driver that is not there has no node");
	tap_eq(device_node("null", "mem", 3, path, sizeof(path)), 0, "one that is has");
	tap_ok(!strcmp(path, "/dev/null"), "devtmpfs's, where it made one");
	if (geteuid()) {
		tap_skip("a node of our own", "needs root, to make it");
		return;
	}
	/* the name is another device's: never that one */
	tap_eq(device_node("zero", "mem", 3, path, sizeof(path)), 0, "a name that is another device's");
	tap_ok(!stat(path, &st) && st.st_rdev == makedev(1, 3) && strcmp(path, "/dev/zero"),
	       "... gives a node of ours, for the device asked for");
	unlink(path);
	tap_eq(device_node("hmmstorm-unit", "mem", 5, path, sizeof(path)), 0,
	       "without a node in /dev one is made");
	tap_ok(!stat(path, &st) && S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 5) &&
	       (st.st_mode & 0777) == 0600, "... for root alone");
	tap_eq(device_node("hmmstorm-unit", "mem", 3, path, sizeof(path)), 0, "one of an earlier load");
	tap_ok(!stat(path, &st) && st.st_rdev == makedev(1, 3), "... is made again");
	unlink(path);
}

/* gzip and grep tell the same, where the kernel shows its configuration. */
static char config_by_hand(const char *option)
{
	char command[300], answer = 'n';
	struct utsname u;
	FILE *f;

	uname(&u);
	snprintf(command, sizeof(command),
		 "(zcat /proc/config.gz 2>/dev/null || cat /boot/config-%s) 2>/dev/null | sed -n 's/^%s=//p'",
		 u.release, option);
	f = popen(command, "re");
	if (!f || fread(&answer, 1, 1, f) != 1)
		answer = 'n';
	if (f)
		pclose(f);
	return answer;
}

static void test_config(void)
{
	static const char *const options[] = {
		"CONFIG_MMU", "CONFIG_DEVICE_PRIVATE", "CONFIG_TEST_HMM",
		"CONFIG_NO_SUCH_OPTION", "CONFIG_MM",
	};
	size_t i;

	if (!kernel_config("CONFIG_MMU")) {
		tap_skip("the kernel's configuration", "this kernel does not show it");
		return;
	}
	for (i = 0; i < sizeof(options) / sizeof(*options); i++)
		tap_ok(kernel_config(options[i]) == config_by_hand(options[i]),
		       "%s is %c", options[i], kernel_config(options[i]));
}

/* Every backend, on any machine: ready, or words that say why not. */
static void test_probes(void)
{
	size_t i;

	for (i = 0; i < backend_count(); i++) {
		char why[200] = "";
		int ret = backend_at(i)->probe(why, sizeof(why));

		tap_ok(ret <= 0 && !ret == !why[0] && !strchr(why, '\n'),
		       "backend %s: %d %s", backend_at(i)->name, ret, why);
	}
}

static void test_counters(void)
{
	struct counters *c = NULL;
	int errors[] = { -ENOENT, -EPERM, -EACCES, -EPROTO, -ENOMEM };
	bool good = true;
	size_t i;

	if (module_loaded("hmmstorm")) {
		tap_skip("counters without their module", "it is loaded here");
	} else {
		tap_eq(counters_open(&c), -ENOENT, "without the module there are no counters");
		tap_eq(counters_open_reader(&c), -ENOENT, "to read either");
	}
	counters_close(NULL);
	for (i = 0; i < sizeof(errors) / sizeof(*errors); i++) {
		const char *text = counters_strerror(errors[i]);

		good &= text && *text && !strchr(text, '\n');
	}
	tap_ok(good, "each error has its line");
	tap_ok(strstr(counters_strerror(-ENOENT), "insmod") &&
	       strstr(counters_strerror(-EPERM), "root") &&
	       strstr(counters_strerror(-EPROTO), "rmmod"), "that says what to do");
}

int main(void)
{
	test_modules();
	test_nodes();
	test_config();
	test_probes();
	test_counters();
	return tap_done();
}
