/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the kernel's API changed between two lines, so that a benchmark's change has a
 * known reason. What is not in the table is left to hmmstorm functions.
 */
#ifndef HMMSTORM_REGRESS_REASONS_H
#define HMMSTORM_REGRESS_REASONS_H

/* The reason that lies between two releases ("6.12.117", "7.3.4") for a benchmark of this
 * key; NULL: none is known.
 */
const char *reason_for(const char *key, const char *old_release, const char *new_release);

#endif
