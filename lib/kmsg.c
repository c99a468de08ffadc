// SPDX-License-Identifier: GPL-2.0-only
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

/* What only a defect prints. Matched anywhere in the line: the kernel puts
 * time stamps and CPU numbers before them.
 */
static const char *const splats[] = {
	"Kernel panic",
	"Oops:",
	"BUG:",
	"kernel BUG at",
	"WARNING: CPU:",
	"WARNING: at ",
	"WARNING: possible",
	"WARNING: inconsistent",
	"WARNING: suspicious",
	"WARNING: held lock",
	"general protection fault",
	"unable to handle",
	"KASAN:",
	"KCSAN:",
	"UBSAN:",
	"KFENCE:",
	"possible recursive locking",
	"possible circular locking",
	"INFO: task",
	"rcu: INFO: rcu_",
	"rcu_preempt detected stalls",
	"soft lockup",
	"Bad page state",
	"Bad page map",
	"bad: scheduling from",
	"list_add corruption",
	"list_del corruption",
	"refcount_t:",
	"page dumped because",
	"------------[ cut here",
};

int kmsg_is_splat(const char *line)
{
	size_t i;

	for (i = 0; i < sizeof(splats) / sizeof(*splats); i++)
		if (strstr(line, splats[i]))
			return 1;
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
		if (!found && kmsg_is_splat(text)) {
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
