/* SPDX-License-Identifier: GPL-2.0-only */
/* The helper module's device, opened by whoever uses a part of it. */
#ifndef HMMSTORM_HELPER_H
#define HMMSTORM_HELPER_H

#include "../kernel-helpers/uapi/hmmstorm.h"

/* A descriptor, or -errno. -ENOENT: the module is not loaded; -EPROTO: it is of
 * another version than this program. v: what it offers, may be NULL.
 */
int helper_open(struct hmmstorm_version *v);

#endif
