/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Included before the module's files when sparse reads them, and by nothing
 * else: what the 7.x headers use and Debian 12's sparse 0.6.4 does not know.
 */
#ifndef HMMSTORM_SPARSE_H
#define HMMSTORM_SPARSE_H

#define __typeof_unqual__ __typeof__
/* MODULE_INFO() asserts it of a literal, and an error ends all other checks. */
#define __builtin_strlen(s_) (sizeof(s_) - 1)

#endif
