// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "helper.h"
#include "mirror.h"

struct mirror {
	int fd;
	struct hmmstorm_mirror p;
	char *map[HMMSTORM_ENGINES_MAX];
};

struct hmmstorm_mirror mirror_defaults(unsigned int engines,
				       enum hmmstorm_protocol protocol)
{
	return (struct hmmstorm_mirror){
		.engines = engines,
		.entries = 64,
		.data_bytes = 256 << 10,
		.protocol = protocol,
		.fault_batch = 1,
		.timeout_ms = 1000,
		.policy = { .kind = HMMSTORM_POLICY_LAZY },
	};
}

static int map_engines(struct mirror *m)
{
	unsigned int i;
	void *p;

	for (i = 0; i < m->p.engines; i++) {
		p = mmap(NULL, m->p.engine_bytes, PROT_READ | PROT_WRITE,
			 MAP_SHARED, m->fd, HMMSTORM_MMAP_ENGINE(i));
		if (p == MAP_FAILED)
			return -errno;
		m->map[i] = p;
	}
	return 0;
}

static int start(struct mirror *m)
{
	m->fd = helper_open(NULL);
	if (m->fd < 0)
		return m->fd;
	if (ioctl(m->fd, HMMSTORM_IOC_MIRROR, &m->p))
		return -errno;
	return map_engines(m);
}

int mirror_open(struct mirror **m, const struct hmmstorm_mirror *p)
{
	struct mirror *new = calloc(1, sizeof(*new));
	int ret;

	if (!new)
		return -ENOMEM;
	new->p = *p;
	ret = start(new);
	if (ret) {
		mirror_close(new);
		return ret;
	}
	*m = new;
	return 0;
}

void mirror_close(struct mirror *m)
{
	unsigned int i;

	if (!m)
		return;
	for (i = 0; i < HMMSTORM_ENGINES_MAX; i++)
		if (m->map[i])
			munmap(m->map[i], m->p.engine_bytes);
	if (m->fd >= 0)
		close(m->fd);
	free(m);
}

int mirror_set_policy(struct mirror *m, const struct hmmstorm_policy *p)
{
	return ioctl(m->fd, HMMSTORM_IOC_POLICY, p) ? -errno : 0;
}

int mirror_parse_policy(const char *text, struct hmmstorm_policy *p)
{
	static const struct {
		const char *name;
		enum hmmstorm_policy_kind kind;
	} plain[] = {
		{ "lazy", HMMSTORM_POLICY_LAZY },
		{ "eager", HMMSTORM_POLICY_EAGER },
		{ "adaptive", HMMSTORM_POLICY_ADAPTIVE },
	};
	unsigned int a, b;
	char rest;
	size_t i;

	memset(p, 0, sizeof(*p));
	for (i = 0; i < sizeof(plain) / sizeof(*plain); i++) {
		if (!strcmp(text, plain[i].name)) {
			p->kind = plain[i].kind;
			return 0;
		}
	}
	if (sscanf(text, "hold:%u%c", &a, &rest) == 1 && a && a <= 100000) {
		p->kind = HMMSTORM_POLICY_HOLD;
		p->hold_us = a;
		return 0;
	}
	if (sscanf(text, "deferred:%u:%u%c", &a, &b, &rest) == 2 && a && b &&
	    a <= 10000000) {
		p->kind = HMMSTORM_POLICY_DEFERRED;
		p->idle_us = a;
		p->entries = b;
		return 0;
	}
	return -EINVAL;
}

static struct hmmstorm_ring *ring_of(const struct mirror *m, unsigned int engine)
{
	return (struct hmmstorm_ring *)m->map[engine];
}

void *mirror_data(struct mirror *m, unsigned int engine)
{
	return m->map[engine] + m->p.data_offset;
}

int mirror_submit(struct mirror *m, unsigned int engine,
		  const struct hmmstorm_cmd *cmd)
{
	struct hmmstorm_cmd *sq = (void *)(m->map[engine] + HMMSTORM_SQ_OFFSET);
	struct hmmstorm_ring *r = ring_of(m, engine);
	uint32_t tail = r->sq_tail;

	if (tail - __atomic_load_n(&r->sq_head, __ATOMIC_ACQUIRE) >= m->p.entries)
		return -EAGAIN;
	sq[tail & (m->p.entries - 1)] = *cmd;
	__atomic_store_n(&r->sq_tail, tail + 1, __ATOMIC_RELEASE);
	return 0;
}

static unsigned int completions(const struct hmmstorm_ring *r)
{
	return __atomic_load_n(&r->cq_tail, __ATOMIC_ACQUIRE) - r->cq_head;
}

unsigned int mirror_completions(const struct mirror *m, unsigned int engine)
{
	return completions(ring_of(m, engine));
}

/*
 * The engine says that it sleeps before it looks at the ring for the last time,
 * we looked away from the ring before we look at what it says: one of us sees
 * the other.
 */
static bool sleeps(const struct hmmstorm_ring *r)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	return __atomic_load_n(&r->flags, __ATOMIC_RELAXED) & HMMSTORM_RING_SLEEPS;
}

static bool has_ended(const struct hmmstorm_ring *r)
{
	return __atomic_load_n(&r->flags, __ATOMIC_ACQUIRE) & HMMSTORM_RING_ENDED;
}

int mirror_wait(struct mirror *m, unsigned int engine, unsigned int n,
		uint64_t timeout_ns)
{
	struct hmmstorm_enter e = { .engine = engine, .timeout_ns = timeout_ns };
	struct hmmstorm_ring *r = ring_of(m, engine);

	if (n > m->p.entries)
		return -EINVAL;
	e.min_complete = n;
	while (completions(r) < n || sleeps(r)) {
		if (has_ended(r))
			return -ESHUTDOWN;
		if (completions(r) >= n)
			e.min_complete = 0;
		if (!ioctl(m->fd, HMMSTORM_IOC_ENTER, &e)) {
			if (completions(r) >= n)
				return 0;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

bool mirror_reap(struct mirror *m, unsigned int engine,
		 struct hmmstorm_done *done)
{
	const struct hmmstorm_done *cq = (void *)(m->map[engine] + m->p.cq_offset);
	struct hmmstorm_ring *r = ring_of(m, engine);

	if (!completions(r))
		return false;
	*done = cq[r->cq_head & (m->p.entries - 1)];
	__atomic_store_n(&r->cq_head, r->cq_head + 1, __ATOMIC_RELEASE);
	return true;
}

int mirror_run(struct mirror *m, unsigned int engine,
	       const struct hmmstorm_cmd *cmd, struct hmmstorm_done *done)
{
	int ret = mirror_submit(m, engine, cmd);

	if (!ret)
		ret = mirror_wait(m, engine, 1, 0);
	if (ret)
		return ret;
	mirror_reap(m, engine, done);
	return done->error;
}
