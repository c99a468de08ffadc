// SPDX-License-Identifier: GPL-2.0-only
/* What tasks do: fork, exit, touch their memory, clear bits through /proc. */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../counters.h"
#include "../knob.h"
#include "calls.h"

int task_fork(struct call_run *c)
{
	pid_t pid = fork();

	(void)c;
	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(0);
	return status(waitpid(pid, NULL, 0));
}

/* A child that shares the pages until the call is over. */
int task_share(struct call_run *c)
{
	c->child = fork();
	if (!c->child) {
		pause();
		_exit(0);
	}
	return status(c->child);
}

int task_write_one(struct call_run *c)
{
	*(volatile char *)c->mem = 1;
	return 0;
}

int task_read_one(struct call_run *c)
{
	(void)*(volatile char *)c->mem;
	return 0;
}

int task_write_all(struct call_run *c)
{
	size_t i;

	for (i = 0; i < c->pages; i++)
		((volatile char *)c->mem)[i * PAGE] = 1;
	return 0;
}

int task_mark_one(struct call_run *c)
{
	struct device_work work = { 0 };

	return c->dev ? c->dev->ops->make_exclusive(c->dev, c->mem, 1, &work) : 0;
}

int task_clear_dirty(struct call_run *c)
{
	(void)c;
	return knob_write("/proc/self/clear_refs", "4");
}

int task_clear_young(struct call_run *c)
{
	(void)c;
	return knob_write("/proc/self/clear_refs", "1");
}

/* In the child: a device of its own, which reads the pages. */
static int take_device(struct call_run *c)
{
	const struct backend_ops *ops = c->dev ? c->dev->ops : NULL;
	struct counters *k;
	char why[256];
	int ret = 0;

	if (c->counted)
		ret = counters_open(&k);
	if (!ret && c->counted)
		ret = counters_truth(k, ops && ops->flags & HAS_TRUTH ?
						HMMSTORM_TRUTH_MIRROR :
						HMMSTORM_TRUTH_CPU);
	if (!ret && ops)
		ret = backend_open(ops, &c->dev, why, sizeof(why));
	return ret ? ret : device_part(c, CALL_READS);
}

static void be_child(struct call_run *c, int ready, int go, bool exec)
{
	int ret = take_device(c);

	/* the answer; then the end of the pipe is the sign */
	if (write(ready, &ret, sizeof(ret)) < 0 || read(go, &ret, sizeof(ret)) || !exec)
		_exit(0);
	execl("/bin/true", "true", NULL);
	_exit(1);
}

static int make_child(struct call_run *c, bool exec)
{
	int ready[2], go[2], ret = 0;

	if (pipe2(ready, O_CLOEXEC) || pipe2(go, O_CLOEXEC))
		return -errno;
	c->child = fork();
	if (!c->child) {
		close(go[1]);
		be_child(c, ready[1], go[0], exec);
	}
	close(ready[1]);
	close(go[0]);
	c->wake = go[1];
	if (c->child < 0 || read(ready[0], &ret, sizeof(ret)) != sizeof(ret))
		ret = -ECHILD;
	close(ready[0]);
	return ret;
}

int task_child_to_exit(struct call_run *c)
{
	return make_child(c, false);
}

int task_child_to_exec(struct call_run *c)
{
	return make_child(c, true);
}

/* Until it has ended. -ENOEXEC: it was to become /bin/true. */
int task_wake_child(struct call_run *c)
{
	int how = 0, ret;

	close(c->wake);
	c->wake = -1;
	ret = status(waitpid(c->child, &how, 0));
	c->child = 0;
	return ret ? ret : how ? -ENOEXEC : 0;
}
