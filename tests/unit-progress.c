// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/progress.c: a line on a terminal, a file for the lab's host, nothing
 * anywhere else. Each case is a process of its own, as the terminal is asked
 * for once.
 */
#include <pty.h>

#include "../lib/progress.h"
#include "../lib/tap.h"
#include "child.h"

static void three_lines(void)
{
	char big[500];

	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	progress_set("%s", big);
	progress_set("step %d of %d", 2, 3);
	progress_clear();
	progress_set("done");
	progress_clear();
	progress_clear();
}

/* What the lines put on stderr, which is fd in the child. */
static void tell(int fd)
{
	fflush(NULL);
	if (!fork()) {
		dup2(fd, STDERR_FILENO);
		three_lines();
		_exit(0);
	}
	wait(NULL);
}

static void test_elsewhere(void)
{
	int fd = memfd_create("err", MFD_CLOEXEC);
	char text[1000];

	unsetenv("HMMSTORM_PROGRESS");
	tell(fd);
	child_read(fd, text, sizeof(text));
	tap_ok(!text[0], "without a terminal nothing is printed");
}

static void test_file(void)
{
	const char *path = scratch_path("progress");
	int fd = memfd_create("err", MFD_CLOEXEC);
	char text[1000];

	setenv("HMMSTORM_PROGRESS", path, 1);
	tell(fd);
	child_read(fd, text, sizeof(text));
	tap_ok(!text[0], "with a file nothing is printed either");
	child_read(open(path, O_RDONLY | O_CLOEXEC), text, sizeof(text));
	tap_ok(!strncmp(text, "done   ", 7), "the file holds the last line");
	tap_ok(strlen(text) == 121 && text[120] == '\n' && count_lines(text) == 1,
	       "and it alone: a shorter line hides a longer one");
	setenv("HMMSTORM_PROGRESS", "/nonexistent/progress", 1);
	fd = memfd_create("err", MFD_CLOEXEC);
	tell(fd);
	child_read(fd, text, sizeof(text));
	tap_ok(!text[0], "a file that cannot be written is nobody's trouble");
	unsetenv("HMMSTORM_PROGRESS");
}

static void test_terminal(void)
{
	char text[2000] = "";
	int master, slave;
	ssize_t n;

	if (openpty(&master, &slave, NULL, NULL, NULL)) {
		tap_skip("a terminal", "no pseudo terminals here");
		return;
	}
	tell(slave);
	n = read(master, text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = 0;
	tap_ok(strstr(text, "\r\033[Kstep 2 of 3"), "on a terminal the line is rewritten in place");
	tap_eq(count_lines(text), 0, "and takes no second line");
	tap_ok(strlen(text) > 4 && !strcmp(text + strlen(text) - 4, "\r\033[K"), "it is wiped at the end");
	close(slave);
	close(master);
}

int main(void)
{
	scratch_init();
	test_elsewhere();
	test_file();
	test_terminal();
	return tap_done();
}
