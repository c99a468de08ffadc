// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <libkmod.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "device_node.h"

bool module_loaded(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	return !access(path, F_OK);
}

long module_refcount(const char *name)
{
	char path[256];
	long n = -ENOENT;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", name);
	f = fopen(path, "re");
	if (!f)
		return -errno;
	if (fscanf(f, "%ld", &n) != 1)
		n = -EIO;
	fclose(f);
	return n;
}

int module_load(const char *name, const char *options)
{
	struct kmod_list *list = NULL, *l;
	struct kmod_ctx *ctx;
	int ret;

	if (module_loaded(name))
		return 0;
	ctx = kmod_new(NULL, NULL);
	if (!ctx)
		return -ENOMEM;
	kmod_set_log_fn(ctx, NULL, NULL);	/* the caller prints one line */
	ret = kmod_module_new_from_lookup(ctx, name, &list);
	if (!ret && !list)
		ret = -ENOENT;
	kmod_list_foreach(l, list) {
		struct kmod_module *m = kmod_module_get_module(l);

		ret = kmod_module_probe_insert_module(m, 0, options, NULL, NULL,
						      NULL);
		kmod_module_unref(m);
		if (ret)
			break;
	}
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return ret > 0 ? -ENOENT : ret;
}

/* Major number of a character driver, from /proc/devices; 0: none. */
static unsigned int driver_major(const char *driver)
{
	unsigned int major = 0, n;
	char line[128], name[100];
	FILE *f = fopen("/proc/devices", "re");

	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f) && strncmp(line, "Block", 5))
		if (sscanf(line, "%u %99[^\n]", &n, name) == 2 &&
		    !strcmp(name, driver))
			major = n;
	fclose(f);
	return major;
}

int device_node(const char *name, const char *driver, unsigned int minor,
		char *path, size_t len)
{
	unsigned int major = driver_major(driver);
	struct stat st;

	if (!major)
		return -ENODEV;
	snprintf(path, len, "/dev/%s", name);
	if (!stat(path, &st) && S_ISCHR(st.st_mode) &&
	    st.st_rdev == makedev(major, minor))
		return 0;
	if (mkdir("/run/hmmstorm", 0700) && errno != EEXIST)
		return -errno;
	snprintf(path, len, "/run/hmmstorm/%s", name);
	unlink(path);	/* its major may be of an earlier load */
	if (mknod(path, S_IFCHR | 0600, makedev(major, minor)))
		return -errno;
	return 0;
}

static char find_option(FILE *f, const char *option)
{
	size_t n = strlen(option);
	char line[512], found = 'n';

	while (fgets(line, sizeof(line), f))
		if (!strncmp(line, option, n) && line[n] == '=')
			found = line[n + 1];
	return found;
}

char kernel_config(const char *option)
{
	char path[256], found;
	struct utsname u;
	FILE *f;

	if (!access("/proc/config.gz", R_OK)) {
		f = popen("gzip -dc /proc/config.gz", "re");
		if (f) {
			found = find_option(f, option);
			if (!pclose(f))
				return found;
		}
	}
	if (uname(&u))
		return 0;
	snprintf(path, sizeof(path), "/boot/config-%s", u.release);
	f = fopen(path, "re");
	if (!f) {
		snprintf(path, sizeof(path), "/lib/modules/%s/config",
			 u.release);
		f = fopen(path, "re");
	}
	if (!f)
		return 0;
	found = find_option(f, option);
	fclose(f);
	return found;
}

/* Minor number of a misc device, from /proc/misc; -1: none. */
static int misc_minor(const char *name)
{
	int minor, found = -1;
	char line[128];
	FILE *f = fopen("/proc/misc", "re");

	if (!f)
		return -1;
	while (fscanf(f, "%d %127s", &minor, line) == 2)
		if (!strcmp(line, name))
			found = minor;
	fclose(f);
	return found;
}

int device_open_misc(const char *name)
{
	char path[256];
	int minor, ret, fd;

	snprintf(path, sizeof(path), "/dev/%s", name);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return fd;
	if (errno != ENOENT && errno != ENXIO && errno != ENODEV)
		return -errno;
	/* no devtmpfs: the node is ours to make */
	minor = misc_minor(name);
	if (minor < 0)
		return -ENOENT;
	ret = device_node(name, "misc", minor, path, sizeof(path));
	if (ret)
		return ret;
	fd = open(path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}
