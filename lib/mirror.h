/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The helper module's mirror device, by its rings (kernel-helpers/uapi/hmmstorm.h
 * says what they hold). One thread at a time may use an engine; different
 * engines of one device may be used by different threads at once.
 *
 * All calls return 0 or -errno.
 */
#ifndef HMMSTORM_MIRROR_H
#define HMMSTORM_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../kernel-helpers/uapi/hmmstorm.h"

struct mirror;

/* The device of the calling process, from p's (in) fields. Retries nothing.
 * -ENOENT: the module is not loaded; -EPROTO: it is of another version;
 * -EOPNOTSUPP: this kernel has no device-exclusive memory; others: see
 * HMMSTORM_IOC_MIRROR.
 */
int mirror_open(struct mirror **m, const struct hmmstorm_mirror *p);
/* m may be NULL. */
void mirror_close(struct mirror *m);
/* What most callers want: engines of 64 entries, 256 KiB of data, lazy. */
struct hmmstorm_mirror mirror_defaults(unsigned int engines,
				       enum hmmstorm_protocol protocol);

int mirror_set_policy(struct mirror *m, const struct hmmstorm_policy *p);
/* "lazy", "eager", "adaptive", "hold:US" or "deferred:US:PAGES"; -EINVAL. */
int mirror_parse_policy(const char *text, struct hmmstorm_policy *p);

/* The data area of an engine. */
void *mirror_data(struct mirror *m, unsigned int engine);
/* -EAGAIN: the submission ring is full. The engine may begin at once. */
int mirror_submit(struct mirror *m, unsigned int engine,
		  const struct hmmstorm_cmd *cmd);
/* Until n completions stand in the ring (at most its entries); wakes the engine
 * if it sleeps. -ESHUTDOWN: the engine has ended; -ETIME after timeout_ns (0:
 * never). Signals do not end it.
 */
int mirror_wait(struct mirror *m, unsigned int engine, unsigned int n,
		uint64_t timeout_ns);
/* Completions that stand in the ring, for a program that polls. */
unsigned int mirror_completions(const struct mirror *m, unsigned int engine);
/* Takes the oldest completion; false: there is none. */
bool mirror_reap(struct mirror *m, unsigned int engine,
		 struct hmmstorm_done *done);
/* One command, start to end; the ring must be empty. Its error, or that of
 * mirror_wait().
 */
int mirror_run(struct mirror *m, unsigned int engine,
	       const struct hmmstorm_cmd *cmd, struct hmmstorm_done *done);

#endif
