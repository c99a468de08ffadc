// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kmsg.h"

#define KEPT 40
#define LINE 256

struct kmsg {
	int fd;
	unsigned int next;	/* lines read so far; the ring's write index */
	char line[KEPT][LINE];
};

/* What only a defect prints: the first text, as a word of its own, and the second
 * (if any) after it. Looked for anywhere in the line: the kernel puts time stamps
 * and CPU numbers before them. Boot has lines with "WARNING:" too, and show_signal()
 * one for a user's general protection fault, so neither is enough alone.
 */
static const struct {
	const char *text, *then;
} splats[] = {
	{ "Kernel panic", NULL },
	{ "Oops:", NULL },
	{ "BUG:", NULL },
	{ "BUG ", "ainted" },		/* slab_bug() */
	{ "kernel BUG at", NULL },
	{ "WARNING: CPU:", NULL },	/* __warn() before 6.18 */
	{ "WARNING: ", ", CPU#" },	/* ... and after */
	{ "WARNING: possible", NULL },	/* lockdep.c, to chain_key */
	{ "WARNING: inconsistent", NULL },
	{ "WARNING: suspicious", NULL },
	{ "WARNING: held lock", NULL },
	{ "WARNING: lock held", NULL },
	{ "WARNING: ", "still has locks held" },
	{ "WARNING: ", "-unsafe lock order" },
	{ "WARNING: bad unlock", NULL },
	{ "WARNING: bad contention", NULL },
	{ "WARNING: Nested lock", NULL },
	{ "WARNING: chain_key", NULL },
	{ "INFO: trying to register non-static key", NULL },
	{ "general protection fault,", NULL },
	{ "general protection fault:", NULL },
	{ "unable to handle", NULL },
	{ "KASAN:", NULL },
	{ "KCSAN:", NULL },
	{ "UBSAN:", NULL },
	{ "KFENCE:", NULL },
	{ "INFO: task", NULL },
	{ "rcu: INFO: rcu_", NULL },
	{ "rcu_preempt detected stalls", NULL },
	{ "soft lockup", NULL },
	{ "hard LOCKUP", NULL },
	{ "Bad page state", NULL },
	{ "Bad page map", NULL },
	{ "bad: scheduling from", NULL },
	{ "list_add corruption", NULL },
	{ "list_del corruption", NULL },
	{ "refcount_t:", NULL },
	{ "page dumped because", NULL },
	{ "------------[ cut here", NULL },
};

/* Where text stands in line and no letter before it ("DEBUG:" is no "BUG:"). */
static const char *find_word(const char *line, const char *text)
{
	const char *p = line;

	while ((p = strstr(p, text))) {
		if (p == line || !isalpha((unsigned char)p[-1]))
			return p;
		p++;
	}
	return NULL;
}

int kmsg_is_splat(const char *line)
{
	size_t i;

	for (i = 0; i < sizeof(splats) / sizeof(*splats); i++) {
		const char *p = find_word(line, splats[i].text);

		if (p && (!splats[i].then || strstr(p, splats[i].then)))
			return 1;
	}
	return 0;
}

int kmsg_open(struct kmsg **k)
{
	struct kmsg *new = calloc(1, sizeof(*new));

	if (!new)
		return -ENOMEM;
	new->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (new->fd < 0) {
		free(new);
		return -errno;
	}
	lseek(new->fd, 0, SEEK_END);
	*k = new;
	return 0;
}

int kmsg_check(struct kmsg *k, char *splat, size_t len)
{
	char record[8192];
	int found = 0;
	ssize_t n;

	for (;;) {
		char *text, *end;

		n = read(k->fd, record, sizeof(record) - 1);
		if (n < 0 && (errno == EPIPE || errno == EINTR))
			continue;	/* EPIPE: overwritten before we came */
		if (n <= 0)
			return found;
		record[n] = 0;
		text = strchr(record, ';');
		text = text ? text + 1 : record;
		end = strchr(text, '\n');
		if (end)
			*end = 0;	/* what follows are key=value lines */
		snprintf(k->line[k->next++ % KEPT], LINE, "%.255s", text);
		/* a facility above 0 (prio / 8) is a program's own writing */
		if (!found && strtoul(record, NULL, 10) < 8 &&
		    kmsg_is_splat(text)) {
			snprintf(splat, len, "%s", text);
			found = 1;
		}
	}
}

void kmsg_tail(const struct kmsg *k, FILE *to)
{
	unsigned int i = k->next > KEPT ? k->next - KEPT : 0;

	for (; i < k->next; i++)
		fprintf(to, "  kernel: %s\n", k->line[i % KEPT]);
}

void kmsg_close(struct kmsg *k)
{
	if (!k)
		return;
	close(k->fd);
	free(k);
}
