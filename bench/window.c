// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op.h"
#include "window.h"

static const char *windows_dir; /* NULL: nobody wants them */

void window_open(const char *dir)
{
	windows_dir = getenv("HMMSTORM_WINDOWS") ? dir : NULL;
}

static FILE *open_file(const char *name, const char *mode)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", windows_dir, name);
	return fopen(path, mode);
}

/* What was not written by then is known to ferror() alone. */
static int close_file(FILE *f)
{
	bool failed = ferror(f);

	return fclose(f) || failed ? -EIO : 0;
}

int window_case(const char *name, uint64_t pages, unsigned int workers)
{
	FILE *f;

	if (!windows_dir)
		return 0;
	f = open_file("cases.tsv", "ae");
	if (!f)
		return -errno;
	fseek(f, 0, SEEK_END);
	if (!ftell(f))
		fputs("program\tcase\tbackend\tpolicy\tprotocol\tworkers\tpages\n", f);
	fprintf(f, "bench\t%s\t%s\t%s\t%s\t%u\t%" PRIu64 "\n", name, bench_device.backend->name,
		bench_device.policy, bench_device.backend->protocol, workers, pages);
	return close_file(f);
}

int window_symbols(void)
{
	char line[512], name[400], module[64];
	unsigned long long at;
	FILE *from, *to;
	char type;
	int n;

	if (!windows_dir)
		return 0;
	from = fopen("/proc/kallsyms", "re");
	to = open_file("symbols.tsv", "we");
	if (!from || !to)
		return -errno;
	fputs("address\tname\tmodule\n", to);
	while (fgets(line, sizeof(line), from)) {
		n = sscanf(line, "%llx %c %399s [%63[^]]", &at, &type, name, module);
		if (n >= 3 && strchr("tTwW", type))
			fprintf(to, "%llx\t%s\t%s\n", at, name, n > 3 ? module : "-");
	}
	fclose(from);
	return close_file(to);
}
