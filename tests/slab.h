/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's stock of small objects, made empty: what was freed goes back to
 * the free pages, and the next allocations start from the same state again. A
 * kernel without CONFIG_SLUB_DEBUG has no files for it: nothing happens.
 */
#ifndef HMMSTORM_TESTS_SLAB_H
#define HMMSTORM_TESTS_SLAB_H

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <unistd.h>

/* pattern: of the caches' names, for glob(3). */
static inline void slab_shrink(const char *pattern)
{
	char path[256];
	glob_t files;
	size_t i;
	int fd;

	snprintf(path, sizeof(path), "/sys/kernel/slab/%s/shrink", pattern);
	if (glob(path, GLOB_NOSORT, NULL, &files))
		return;
	for (i = 0; i < files.gl_pathc; i++) {
		fd = open(files.gl_pathv[i], O_WRONLY);
		if (fd >= 0 && write(fd, "1", 1) < 0)
			perror(files.gl_pathv[i]);
		if (fd >= 0)
			close(fd);
	}
	globfree(&files);
}

#endif
