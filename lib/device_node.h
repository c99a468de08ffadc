/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Kernel modules and their device nodes, as the backends need them: loaded
 * with libkmod, nodes made from /proc/devices where devtmpfs made none.
 */
#ifndef HMMSTORM_DEVICE_NODE_H
#define HMMSTORM_DEVICE_NODE_H

#include <stdbool.h>
#include <stddef.h>

/* True if the module is in the kernel now (loaded or built in). */
bool module_loaded(const char *name);
/* Loads it from /lib/modules/<release> with options (may be NULL). 0 if it
 * stands already; -ENOENT: no such module for this kernel.
 */
int module_load(const char *name, const char *options);
/* Users of a loaded module, or -errno. */
long module_refcount(const char *name);
/* Path of character device "name" with this minor: the devtmpfs node if there
 * is one, else one made under /run/hmmstorm from the major that driver
 * `driver` has in /proc/devices.
 */
int device_node(const char *name, const char *driver, unsigned int minor,
		char *path, size_t len);
/* Opens the misc device of this name, making the node where devtmpfs made none: a
 * descriptor, or -errno (-ENOENT: there is no such device).
 */
int device_open_misc(const char *name);
/* y, m or n from /proc/config.gz or /boot/config-<release>; 0 if unknown. */
char kernel_config(const char *option);

#endif
