// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm list: stressors, benchmarks and backends, and for each that cannot
 * be used here, why. Stressors and benchmarks are asked of their programs.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../backend.h"

static int list_program(const char *title, const char *name)
{
	char path[4096], command[4200], line[512], *slash, *text;
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	FILE *f;

	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	if (slash)
		*slash = 0;
	snprintf(command, sizeof(command), "'%s/%s' --list", path, name);
	f = popen(command, "re");
	if (!f)
		return 1;
	puts(title);
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = 0;
		text = strchr(line, '\t');
		if (text)
			*text++ = 0;
		printf("  %-18s %s\n", line, text ? text : "");
	}
	return pclose(f) ? 1 : 0;
}

static void list_backends(void)
{
	size_t i;

	puts("backends");
	for (i = 0; i < backend_count(); i++) {
		const struct backend_ops *b = backend_at(i);
		char why[300] = "";

		printf("  %-18s %s\n", b->name, b->desc);
		if (b->probe(why, sizeof(why)))
			printf("  %-18s unavailable: %s\n", "", why);
	}
}

int main(int argc, char **argv)
{
	int ret;

	if (argc == 2 && !strcmp(argv[1], "--help")) {
		puts("usage: hmmstorm list\nStressors, benchmarks and backends, and why one is unavailable.");
		return 0;
	}
	if (argc > 1) {
		fprintf(stderr, "hmmstorm list: '%s' is not an option; it takes none\n",
			argv[1]);
		return 2;
	}
	ret = list_program("stressors", "hmmstorm-stress");
	ret |= list_program("benchmarks", "hmmstorm-bench");
	list_backends();
	return ret;
}
