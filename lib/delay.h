/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Delays that widen race windows, as a command line names them: the helper
 * module (enum hmmstorm_window) makes them, for every process, until the struct's
 * owner ends them or exits.
 */
#ifndef HMMSTORM_DELAY_H
#define HMMSTORM_DELAY_H

#include <stddef.h>
#include <stdint.h>

#include "../kernel-helpers/uapi/hmmstorm.h"

#define DELAYS_MAX (HMMSTORM_WINDOWS + HMMSTORM_DELAY_SYMBOLS)

#define DELAY_USAGE \
	"WINDOW:KIND:AMOUNT[:PROBABILITY]" /* for a usage text */

struct delays {
	struct hmmstorm_delay delay[DELAYS_MAX];
	size_t nr;
	char text[1024];	/* as they were given, divided by ',' */
	int fd;			/* of those under way; 0: none is */
};

/* One more, "WINDOW:KIND:AMOUNT[:PROBABILITY]". -EINVAL: it is none, and why[]
 * says in one line what is wrong with it.
 */
int delays_add(struct delays *d, const char *text, char *why, size_t len);
/* From now on, each with a sequence of its own made from the seed. On failure none
 * is, and why[] says which could not be: -EINVAL bad usage (no probe may stand on
 * that function); others: this kernel or module cannot.
 */
int delays_begin(struct delays *d, uint64_t seed, char *why, size_t len);
/* No pause is under way afterwards, unless a child still has the file open. */
void delays_end(struct delays *d);
/* For a record: the text, or "-". */
const char *delays_text(const struct delays *d);

#endif
