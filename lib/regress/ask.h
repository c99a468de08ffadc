/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The values of the host commands' options. What is none ends the program with one line
 * that names the option, status 2 (argp's).
 */
#ifndef HMMSTORM_REGRESS_ASK_H
#define HMMSTORM_REGRESS_ASK_H

#include <argp.h>
#include <regex.h>

/* option: "--alpha". */
double ask_number(const struct argp_state *state, const char *option, const char *arg,
		  double least, double most);
/* Its index in names, the last of which is NULL. */
int ask_choice(const struct argp_state *state, const char *option, const char *arg,
	       const char *const *names);
/* Extended, without positions; the caller frees it by regfree(). */
void ask_regex(const struct argp_state *state, const char *option, const char *arg, regex_t *r);

#endif
