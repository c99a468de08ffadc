/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The helper module's counters, by ioctl: what the notifiers, HMM and the
 * device-exclusive calls of an address space did. Which counters there are is
 * learned from the module; nothing here names one. Subtract two readings for
 * what happened between them (kind HMMSTORM_CUMULATIVE), take the others as
 * they are.
 *
 * All calls return 0 or -errno. A struct counters may be read by several
 * threads at once.
 */
#ifndef HMMSTORM_COUNTERS_H
#define HMMSTORM_COUNTERS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../kernel-helpers/uapi/hmmstorm.h"

struct counters;

struct counter_desc {
	char name[HMMSTORM_NAME_LEN];
	char unit[HMMSTORM_UNIT_LEN];	/* of a probe: how it is hooked */
	char text[HMMSTORM_TEXT_LEN];
	enum hmmstorm_kind kind;
	int error;			/* of a probe: 0, or -errno */
	uint64_t missed;		/* of a probe: calls not counted */
};

/* Opens the device and attaches this process: it is counted from now on, with
 * times. A child of fork() is not counted, but can read its parent's values
 * through the same struct. -ENOENT: the module is not loaded; -EPERM, -EACCES:
 * not root; -EPROTO: the module is of another version than this program.
 */
int counters_open(struct counters **c);
/* The same without times: what costs least, see HMMSTORM_ATTACH_TIMES. */
int counters_open_cheap(struct counters **c);
/* The same without attaching: for counters_read_total() and _read_pid(). */
int counters_open_reader(struct counters **c);
/* Ends the counting; waits for the kernel, some milliseconds. c may be NULL. */
void counters_close(struct counters *c);
/* One line for people about an error of counters_open(): what to do. */
const char *counters_strerror(int error);

size_t counters_nr(const struct counters *c);
const struct counter_desc *counters_desc(const struct counters *c, size_t i);
/* Index of the counter of this name, or -ENOENT. */
int counters_find(const struct counters *c, const char *name);

/* v has room for counters_nr(); ktime_ns (CLOCK_MONOTONIC) may be NULL. */
int counters_read(struct counters *c, uint64_t *v, uint64_t *ktime_ns);
int counters_read_total(struct counters *c, uint64_t *v, uint64_t *ktime_ns);
/* -ESRCH: no such process, or it has not attached. */
int counters_read_pid(struct counters *c, pid_t pid, uint64_t *v,
		      uint64_t *ktime_ns);
/* The one counter of this name, as counters_read() and _read_total() have it.
 * UINT64_MAX: there is no such counter, or it cannot be read. Test for it before
 * you subtract: two failures differ by 0.
 */
uint64_t counters_value(struct counters *c, const char *name);
uint64_t counters_value_total(struct counters *c, const char *name);

/* Compare page tables around each invalidation of this process from now on, or
 * no longer. Needs counters_open().
 */
int counters_truth(struct counters *c, enum hmmstorm_truth_kind kind);
/* "off", "mirror" or "cpu"; -EINVAL. */
int counters_parse_truth(const char *name);
const char *counters_truth_name(enum hmmstorm_truth_kind kind);

/* Histograms: HMMSTORM_HIST_BUCKETS buckets, cumulative; of this process. */
size_t counters_nr_hists(const struct counters *c);
const struct counter_desc *counters_hist_desc(const struct counters *c,
					      size_t which);
int counters_hist(struct counters *c, unsigned int which, uint64_t *buckets);

/* Kernel functions that the module watches, as they are now. -EINVAL: i is not
 * below counters_nr_probes().
 */
size_t counters_nr_probes(const struct counters *c);
int counters_probe(struct counters *c, size_t i, struct counter_desc *desc);

#endif
