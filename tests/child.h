/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the unit tests: run a program and keep what it prints; catch what this
 * process prints itself; a folder to write to that goes away at the end.
 */
#ifndef HMMSTORM_TEST_CHILD_H
#define HMMSTORM_TEST_CHILD_H

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_TIMED_OUT 999

struct child {
	pid_t pid;
	int out_fd, err_fd;
	int status;		/* as a shell tells it: 128 + signal if killed */
	char out[16384], err[16384];
};

/* build/asan/tests/unit-x -> build/asan/bin/name */
static inline const char *program(const char *name)
{
	static char path[4096];
	char *slash;
	int i;

	path[0] = 0;
	if (readlink("/proc/self/exe", path, sizeof(path) - 300) < 0)
		return name;
	for (i = 0; i < 2; i++) {
		slash = strrchr(path, '/');
		if (slash)
			*slash = 0;
	}
	strcat(path, "/bin/");
	return strcat(path, name);
}

static inline void child_start(struct child *c, char *const argv[])
{
	c->out_fd = memfd_create("out", MFD_CLOEXEC);
	c->err_fd = memfd_create("err", MFD_CLOEXEC);
	fflush(NULL);
	c->pid = fork();
	if (c->pid)
		return;
	setpgid(0, 0);
	dup2(c->out_fd, STDOUT_FILENO);
	dup2(c->err_fd, STDERR_FILENO);
	execv(argv[0], argv);
	dprintf(STDERR_FILENO, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static inline void child_read(int fd, char *text, size_t len)
{
	ssize_t n = pread(fd, text, len - 1, 0);

	text[n > 0 ? n : 0] = 0;
	close(fd);
}

/* Waits so long for its end; one that lasts longer is killed with its group. */
static inline int child_end(struct child *c, unsigned int seconds)
{
	unsigned int naps = seconds * 100;
	int status = 0;

	while (!waitpid(c->pid, &status, WNOHANG) && naps--)
		usleep(10000);
	if (naps == ~0U) {
		kill(-c->pid, SIGKILL);
		waitpid(c->pid, &status, 0);
		c->status = CHILD_TIMED_OUT;
	} else if (WIFSIGNALED(status)) {
		c->status = 128 + WTERMSIG(status);
	} else {
		c->status = WEXITSTATUS(status);
	}
	child_read(c->out_fd, c->out, sizeof(c->out));
	child_read(c->err_fd, c->err, sizeof(c->err));
	return c->status;
}

static inline int child_run(struct child *c, char *const argv[],
			    unsigned int seconds)
{
	child_start(c, argv);
	return child_end(c, seconds);
}

static inline int count_lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static inline void print_as_comment(const char *text)
{
	int start = 1;

	for (; *text; text++) {
		if (start)
			fputs("# ", stdout);
		putchar(*text);
		start = *text == '\n';
	}
	if (!start)
		putchar('\n');
}

/* What this process prints on stderr between the two calls. */
static int caught_stderr = -1, real_stderr = -1;

static inline void catch_stderr(void)
{
	fflush(stderr);
	caught_stderr = memfd_create("caught", MFD_CLOEXEC);
	real_stderr = dup(STDERR_FILENO);
	dup2(caught_stderr, STDERR_FILENO);
}

static inline const char *caught(void)
{
	static char text[16384];

	fflush(stderr);
	dup2(real_stderr, STDERR_FILENO);
	close(real_stderr);
	child_read(caught_stderr, text, sizeof(text));
	return text;
}

static char scratch[256];	/* the folder; scratch_path() gives names in it */

static inline const char *scratch_path(const char *name)
{
	static char path[4][512];
	static int i;

	i = (i + 1) % 4;
	snprintf(path[i], sizeof(path[i]), "%s/%s", scratch, name);
	return path[i];
}

static inline int scratch_remove_one(const char *path, const struct stat *st,
				     int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void scratch_exit(void)
{
	if (scratch[0])
		nftw(scratch, scratch_remove_one, 16,
		     FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

static inline void scratch_init(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(scratch, sizeof(scratch), "%.200s/hmmstorm-unit.XXXXXX",
		 tmp ? tmp : "/tmp");
	if (!mkdtemp(scratch)) {
		perror(scratch);
		exit(2);
	}
	atexit(scratch_exit);
}

/* From now on this process mounts for itself alone, and nothing is left mounted
 * when it ends. False: not root.
 */
static inline int private_mounts(void)
{
	return !unshare(CLONE_NEWNS) &&
	       !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* A file's text. Caller frees. "" if there is no such file. */
static inline char *slurp_file(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = NULL;
	size_t len = 0;

	if (!f || getdelim(&text, &len, 0, f) < 0) {
		free(text);
		text = strdup("");
	}
	if (f)
		fclose(f);
	return text;
}

#endif
