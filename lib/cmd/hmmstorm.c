// SPDX-License-Identifier: GPL-2.0-only
/*
 * The front door: finds the program of a sub-command, beside this one
 * (hmmstorm-NAME) or in the repository's scripts/, and becomes it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../version.h"

static const struct {
	const char *name, *text;
	int script;
} commands[] = {
	{ "run", "the experiments E1 to E13 and a storm, by parts, then the table", 0 },
	{ "stress", "storm device-exclusive memory and check every invariant", 0 },
	{ "bench", "the benchmarks, with Google Benchmark's flags", 0 },
	{ "list", "stressors, benchmarks and backends, and why one is unavailable", 0 },
	{ "counters", "what the notifiers did: the helper module's counters", 0 },
	{ "report", "the table of a results folder", 0 },
	{ "experiments", "the answers of E1 to E13 from results folders, as HTML or Markdown", 0 },
	{ "compare", "two sides of results: what changed, exactly or by statistics", 0 },
	{ "track", "a history of results: add, list, plot, change points", 0 },
	{ "matrix", "instructions per operation, kernel line by line", 0 },
	{ "functions", "which kernel functions the instructions went to, two kernels side by side", 0 },
	{ "export", "results for the tools of others: compare.py, benchstat, Otava, KTAP, ...", 0 },
	{ "import", "figures of other drivers (xe, KFD, nvidia-uvm) into a results folder", 0 },
	{ "doctor", "what this machine lacks, and how to mend it", 0 },
	{ "vm", "run a command in the lab: a real kernel in QEMU", 1 },
	{ "campaign", "kernels x configs x benchmarks x seeds over many hosts or Slurm", 1 },
	{ "bisect", "the commit that made a benchmark slower: git bisect, built and booted", 1 },
	{ "kernel", "get or build a lab kernel, print where it is", 1 },
	{ "plot", "pictures of a results folder, PNG and SVG", 1 },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(*commands))

static int usage(FILE *to, int status)
{
	size_t i;

	fprintf(to, "usage: hmmstorm COMMAND [OPTIONS]; hmmstorm COMMAND --help tells more\n\n");
	for (i = 0; i < NR_COMMANDS; i++)
		fprintf(to, "  %-12s %s\n", commands[i].name, commands[i].text);
	return status;
}

/* Folder of this program: build/bin in the repository, /bin in the lab. */
static void own_dir(char *dir, size_t len)
{
	ssize_t n = readlink("/proc/self/exe", dir, len - 1);
	char *slash;

	dir[n > 0 ? n : 0] = 0;
	slash = strrchr(dir, '/');
	if (slash)
		*slash = 0;
}

int main(int argc, char **argv)
{
	char dir[3800], path[4096];
	size_t i;

	if (argc < 2)
		return usage(stderr, 2);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "help"))
		return usage(stdout, 0);
	if (!strcmp(argv[1], "--version")) {
		puts("hmmstorm " HMMSTORM_VERSION);
		return 0;
	}
	for (i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(argv[1], commands[i].name))
			break;
	if (i == NR_COMMANDS) {
		fprintf(stderr, "hmmstorm: no command '%s'; hmmstorm --help lists them\n",
			argv[1]);
		return 2;
	}
	own_dir(dir, sizeof(dir));
	if (commands[i].script)
		snprintf(path, sizeof(path), "%s/../../scripts/%s", dir, argv[1]);
	else
		snprintf(path, sizeof(path), "%s/hmmstorm-%s", dir, argv[1]);
	execv(path, argv + 1);
	fprintf(stderr, "hmmstorm: cannot start %s: %s%s\n", path,
		strerror(errno),
		commands[i].script ? "; this command needs the repository, on the host" : "");
	return 2;
}
