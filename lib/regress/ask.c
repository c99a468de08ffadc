// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../alloc.h"
#include "ask.h"

double ask_number(const struct argp_state *state, const char *option, const char *arg,
		  double least, double most)
{
	char *end;
	double v = strtod(arg, &end);

	if (end == arg || *end || !(v >= least && v <= most))
		argp_failure(state, argp_err_exit_status, 0,
			     "%s must be a number from %g to %g, not '%s'", option, least, most, arg);
	return v;
}

int ask_choice(const struct argp_state *state, const char *option, const char *arg,
	       const char *const *names)
{
	char *all = NULL;
	size_t len;
	FILE *to;
	int i;

	for (i = 0; names[i]; i++)
		if (!strcmp(arg, names[i]))
			return i;
	to = must(open_memstream(&all, &len));
	for (i = 0; names[i]; i++)
		fprintf(to, "%s%s", !i ? "" : names[i + 1] ? ", " : " or ", names[i]);
	fclose(to);
	must(all);
	argp_failure(state, argp_err_exit_status, 0, "%s is %s, not '%s'", option, all, arg);
	free(all);
	return -1;
}

void ask_regex(const struct argp_state *state, const char *option, const char *arg, regex_t *r)
{
	int ret = regcomp(r, arg, REG_EXTENDED | REG_NOSUB);
	char why[200];

	if (!ret)
		return;
	regerror(ret, r, why, sizeof(why));
	argp_failure(state, argp_err_exit_status, 0, "%s '%s': %s", option, arg, why);
}
