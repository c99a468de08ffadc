// SPDX-License-Identifier: GPL-2.0-only
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

static int on_terminal = -1;
static int shown;

/* The whole line in one pwrite(), so that a reader never sees half of it. */
static void tell_host(const char *path, const char *line)
{
	char text[256];
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	snprintf(text, sizeof(text), "%-120.120s\n", line);
	if (pwrite(fd, text, strlen(text), 0) < 0)
		progress_clear();	/* only the display is lost */
	close(fd);
}

void progress_set(const char *fmt, ...)
{
	const char *path = getenv("HMMSTORM_PROGRESS");
	char line[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (on_terminal < 0)
		on_terminal = isatty(STDERR_FILENO);
	if (on_terminal) {
		fprintf(stderr, "\r\033[K%s", line);
		fflush(stderr);
		shown = 1;
	} else if (path) {
		tell_host(path, line);
	}
}

void progress_clear(void)
{
	if (shown)
		fputs("\r\033[K", stderr);
	shown = 0;
}
