/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel's small text files: /proc/sys, sysfs, tracefs, and which release it is. */
#ifndef HMMSTORM_KNOB_H
#define HMMSTORM_KNOB_H

#include <stdbool.h>
#include <stddef.h>

/* 0 or -errno. */
int knob_write(const char *path, const char *text);
int knob_append(const char *path, const char *text);
/* The text without its newline; of "always [madvise] never" what is chosen. 0 or
 * -errno.
 */
int knob_read(const char *path, char *text, size_t len);
/* The number in it, or -errno. */
long long knob_number(const char *path);
/* The running kernel is of at least this version. */
bool kernel_is(unsigned int major, unsigned int minor);

#endif
