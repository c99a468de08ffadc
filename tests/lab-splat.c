// SPDX-License-Identifier: GPL-2.0-only
/*
 * test-lab-splat LOG: is the log of a lab guest clean? Status 0, or 1 and the first
 * complaint, with what follows it; 2: there is no log to judge, or it cannot be read to
 * its end. The lab's own kernels say nothing of the kind at boot, so more words count
 * than in a storm on anybody's machine (lib/kmsg.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/kmsg.h"

#define SHOWN 70

static const char *const words[] = {
	"WARNING:", "Oops", "KASAN", "UBSAN", "ODEBUG", "INFO: rcu", "bad page",
	"Bad page", "negative count", "unreferenced object",
};

static int complains(const char *line)
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strstr(line, words[i]))
			return 1;
	return kmsg_is_splat(line);
}

int main(int argc, char **argv)
{
	FILE *log = argc == 2 ? fopen(argv[1], "r") : NULL;
	unsigned long lines = 0, shown = 0;
	char *line = NULL;
	size_t room = 0;

	while (log && shown < SHOWN && getline(&line, &room, log) > 0) {
		lines++;
		if (shown || complains(line)) {
			fputs(line, stdout);
			shown++;
		}
	}
	free(line);
	if (!lines || ferror(log)) {
		printf("no log of a guest: %s\n", argc == 2 ? argv[1] : "none named");
		return 2;
	}
	return shown > 0;
}
