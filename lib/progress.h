/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The progress line: on a terminal, one line on stderr rewritten in place; in
 * the lab, the same line goes to the file $HMMSTORM_PROGRESS, which the host
 * shows on its terminal. Elsewhere nothing is printed.
 */
#ifndef HMMSTORM_PROGRESS_H
#define HMMSTORM_PROGRESS_H

void progress_set(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Wipes the line; before any other output to the terminal. */
void progress_clear(void);

#endif
