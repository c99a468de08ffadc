/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of the helper module: what must be gone when nobody uses it any
 * more. Each check says in words what it found; NULL: nothing.
 */
#ifndef HMMSTORM_TEST_MODULE_LEAKS_H
#define HMMSTORM_TEST_MODULE_LEAKS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/counters.h"
#include "../lib/device_node.h"
#include "../kernel-helpers/uapi/hmmstorm.h"

#define KMEMLEAK "/sys/kernel/debug/kmemleak"

static char leak_text[512];

/* The counters that stand at 0 when no file is open but the reader's. */
static inline const char *counters_left(struct counters *c)
{
	static const char *const names[] = {
		"mirror_contexts", "mirror_engines", "mirror_pages",
		"mirror_pinned_pages", "attached_mms",
	};
	uint64_t *v = calloc(counters_nr(c), sizeof(*v));
	const char *left = NULL;
	int at, ret = v ? counters_read_total(c, v, NULL) : -ENOMEM;
	size_t i;

	if (ret)
		left = "the counters cannot be read";
	for (i = 0; i < sizeof(names) / sizeof(*names) && !left; i++) {
		at = counters_find(c, names[i]);
		if (at >= 0 && !v[at])
			continue;
		snprintf(leak_text, sizeof(leak_text), "%s is %lld", names[i],
			 at < 0 ? -1LL : (long long)v[at]);
		left = leak_text;
	}
	free(v);
	return left;
}

/* A file may be closed by a worker of the kernel, some time after the exit. */
static inline const char *counters_settle(struct counters *c, unsigned int seconds)
{
	unsigned int naps = seconds * 100;
	const char *left = counters_left(c);

	while (left && naps--) {
		usleep(10000);
		left = counters_left(c);
	}
	return left;
}

/* Delays of files that are closed: their windows are not free. */
static inline const char *delays_left(void)
{
	static const char *const symbols[] = {
		"vfs_read", "vfs_write", "do_madvise", "vm_mmap_pgoff",
		"ksys_read", "ksys_write", "vfs_open", "vfs_statx",
	};
	struct hmmstorm_delay d = {
		.kind = HMMSTORM_DELAY_PAUSE, .amount = 1, .probability = 1,
	};
	int fd = device_open_misc(HMMSTORM_DEVICE);
	const char *left = NULL;
	unsigned int i;

	if (fd < 0)
		return "the device cannot be opened";
	for (i = 0; i < HMMSTORM_WINDOWS; i++) {
		d.window = i;
		if (ioctl(fd, HMMSTORM_IOC_DELAY, &d))
			left = "a window's delay";
	}
	d.window = HMMSTORM_WINDOW_SYMBOL;
	for (i = 0; i < 8; i++) {
		strcpy(d.symbol, symbols[i]);
		/* no room is a leak; no such symbol is not */
		if (ioctl(fd, HMMSTORM_IOC_DELAY, &d) &&
		    (errno == ENOSPC || errno == EBUSY))
			left = "a symbol's delay";
	}
	close(fd);
	return left;
}

/* Threads named hmmstorm/...; the parent of all of them is kthreadd. */
static inline const char *threads_left(void)
{
	char path[300], comm[64];
	struct dirent *e;
	DIR *d = opendir("/proc");
	int found = 0;
	FILE *f;

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", e->d_name);
		f = *e->d_name >= '0' && *e->d_name <= '9' ? fopen(path, "re") : NULL;
		if (!f)
			continue;
		if (fgets(comm, sizeof(comm), f) && !strncmp(comm, "hmmstorm/", 9)) {
			found++;
			snprintf(leak_text, sizeof(leak_text), "thread %s is left", comm);
		}
		fclose(f);
	}
	if (d)
		closedir(d);
	return found ? leak_text : NULL;
}

static inline int module_unload(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

/* 0, or why not: no kmemleak in this kernel, or it is off. */
static inline int kmemleak_say(const char *word)
{
	int ret = 0, fd = open(KMEMLEAK, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (write(fd, word, strlen(word)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

/* The first report of kmemleak that names the module. */
static inline const char *kmemleak_named(void)
{
	FILE *f = fopen(KMEMLEAK, "re");
	char line[256], head[256] = "";
	const char *found = NULL;

	while (f && !found && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, "unreferenced", 12))
			memcpy(head, line, sizeof(head));
		if (!strstr(line, "hmmstorm]"))
			continue;
		snprintf(leak_text, sizeof(leak_text), "%.200s# %.200s", head, line);
		found = leak_text;
	}
	if (f)
		fclose(f);
	return found;
}

/*
 * Two scans, as one may meet a pointer that is just going: while the module
 * stands, as its symbols go with it. An object counts from 5 s on.
 */
static inline const char *kmemleak_left(void)
{
	sleep(6);
	if (kmemleak_say("scan") || kmemleak_say("scan"))
		return "kmemleak does not scan";
	return kmemleak_named();
}

/* Looks like an address of the kernel, with four or with five levels of page
 * tables; an error number does not.
 */
static inline int is_kernel_address(uint64_t v)
{
	return v >= 0xff00000000000000ULL && v < (uint64_t)-4096;
}

#endif
