/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TAP for the C tests: tap_ok() a check, tap_skip() with a reason, return
 * tap_done() from main(). The last line is "N passed, N failed[, N skipped]".
 */
#ifndef HMMSTORM_TAP_H
#define HMMSTORM_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_passed, tap_failed, tap_skipped;

__attribute__((format(printf, 2, 3))) static inline bool
tap_ok(bool ok, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", ok ? "" : "not ",
	       tap_passed + tap_failed + tap_skipped + 1);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	if (ok)
		tap_passed++;
	else
		tap_failed++;
	return ok;
}

/* Equal integers; prints both when they are not. */
static inline bool tap_eq(long long got, long long want, const char *what)
{
	bool ok = tap_ok(got == want, "%s", what);

	if (!ok)
		printf("# got %lld, want %lld\n", got, want);
	return ok;
}

static inline void tap_skip(const char *what, const char *why)
{
	printf("ok %d - %s # SKIP %s\n",
	       tap_passed + tap_failed + ++tap_skipped, what, why);
	fflush(stdout);
}

static inline int tap_done(void)
{
	printf("1..%d\n", tap_passed + tap_failed + tap_skipped);
	printf("%d passed, %d failed", tap_passed, tap_failed);
	if (tap_skipped)
		printf(", %d skipped", tap_skipped);
	putchar('\n');
	return tap_failed ? 1 : 0;
}

#endif
