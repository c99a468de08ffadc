// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "knob.h"

static int say(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC | flags), ret = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int knob_write(const char *path, const char *text)
{
	return say(path, text, 0);
}

int knob_append(const char *path, const char *text)
{
	return say(path, text, O_APPEND);
}

int knob_read(const char *path, char *text, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *first, *end;
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, len - 1);
	close(fd);
	if (n < 0)
		return -errno;
	text[n] = 0;
	text[strcspn(text, "\n")] = 0;
	first = strchr(text, '[');
	end = first ? strchr(first, ']') : NULL;
	if (end) {
		*end = 0;
		memmove(text, first + 1, (size_t)(end - first));
	}
	return 0;
}

long long knob_number(const char *path)
{
	char text[64];
	int ret = knob_read(path, text, sizeof(text));

	return ret ? ret : strtoll(text, NULL, 10);
}

bool kernel_is(unsigned int major, unsigned int minor)
{
	unsigned int a = 0, b = 0;
	struct utsname u;

	if (uname(&u) || sscanf(u.release, "%u.%u", &a, &b) != 2)
		return false;
	return a > major || (a == major && b >= minor);
}
