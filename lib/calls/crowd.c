// SPDX-License-Identifier: GPL-2.0-only
/*
 * A call by several threads at once, each on memory of its own, beside the others'.
 * All meet four times: the memory is ready; go; done; leave. So what the main thread
 * reads between ready and go, and between done and leave, holds the calls alone.
 */
#include <stdlib.h>

#include "calls.h"

struct call_crowd {
	unsigned int nr;
	bool gone, given_up; /* go has been passed; without a call */
	pthread_barrier_t meet;
	pthread_t thread[CALL_CALLERS];
	struct call_run run[CALL_CALLERS];
	int error[CALL_CALLERS];
};

static int make_state(struct call_run *c)
{
	int ret = call_map(c);

	if (!ret && c->call->prepare)
		ret = c->call->prepare(c);
	return ret ? ret : device_part(c, c->call->device);
}

static void *call_together(void *data)
{
	struct call_run *c = data;
	struct call_crowd *crowd = c->crowd;
	int *error = &crowd->error[c->caller];

	*error = make_state(c);
	pthread_barrier_wait(&crowd->meet);
	pthread_barrier_wait(&crowd->meet);
	if (!crowd->given_up)
		*error = c->call->run(c);
	pthread_barrier_wait(&crowd->meet);
	pthread_barrier_wait(&crowd->meet);
	call_unmap(c);
	return NULL;
}

static int first_error(const struct call_crowd *crowd)
{
	unsigned int i;

	for (i = 0; i < crowd->nr; i++)
		if (crowd->error[i])
			return crowd->error[i];
	return 0;
}

/* Too few threads could be made: those there are cannot be met, and must not stay. */
static void start(struct call_crowd *crowd, unsigned int i)
{
	if (pthread_create(&crowd->thread[i], NULL, call_together, &crowd->run[i]))
		abort();
}

int crowd_prepare(struct call_run *c)
{
	struct call_crowd *crowd = calloc(1, sizeof(*crowd));
	unsigned int i;

	if (!crowd)
		return -ENOMEM;
	crowd->nr = c->call->callers;
	pthread_barrier_init(&crowd->meet, NULL, crowd->nr + 1);
	c->crowd = crowd;
	for (i = 0; i < crowd->nr; i++) {
		crowd->run[i] = *c;
		crowd->run[i].caller = i;
		start(crowd, i);
	}
	pthread_barrier_wait(&crowd->meet);
	return first_error(crowd);
}

int crowd_run(struct call_run *c)
{
	c->crowd->gone = true;
	pthread_barrier_wait(&c->crowd->meet);
	pthread_barrier_wait(&c->crowd->meet);
	return first_error(c->crowd);
}

void crowd_finish(struct call_run *c)
{
	struct call_crowd *crowd = c->crowd;
	unsigned int i;

	if (!crowd)
		return;
	if (!crowd->gone) {
		crowd->given_up = true;
		crowd_run(c);
	}
	pthread_barrier_wait(&crowd->meet);
	for (i = 0; i < crowd->nr; i++)
		pthread_join(crowd->thread[i], NULL);
	pthread_barrier_destroy(&crowd->meet);
	free(crowd);
	c->crowd = NULL;
}
