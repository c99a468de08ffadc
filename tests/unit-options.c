// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command lines of all programs: each option, each bad value. A bad one
 * ends with status 2 and one line on stderr that names the culprit (getopt's
 * own adds where to look), nothing on stdout, and has done nothing.
 */
#include <sys/wait.h>

#include "../lib/tap.h"
#include "child.h"

#define MOST_ARGS 12

struct test_case {
	const char *program, *args;	/* args divided by blanks; '' is empty */
	int status;
	const char *says;		/* part of stderr, or of stdout for status 0 */
};

/* Good lines end at once: --list and --help leave before any work. */
static const struct test_case cases[] = {
	{ "stress", "--list", 0, "atomics\t" },
	{ "stress", "--help", 0, "--stressor" },
	{ "stress", "--stressor atomics,mprotect,fork,munmap,migrate --list", 0, "munmap\t" },
	{ "stress", "-s fork --list", 0, "fork\t" },
	{ "stress", "--backend null --list", 0, "" },
	{ "stress", "--backend=test_hmm-coherent --list", 0, "" },
	{ "stress", "--workers 1 --list", 0, "" },
	{ "stress", "--workers 1024 --processes 256 --list", 0, "" },
	{ "stress", "--seconds 0.001 --list", 0, "" },
	{ "stress", "--seconds 1e6 --list", 0, "" },
	{ "stress", "--ops 1152921504606846976 --list", 0, "" },
	{ "stress", "--seed 0 --list", 0, "" },
	{ "stress", "--seed 18446744073709551615 --list", 0, "" },
	{ "stress", "--seed 0xffffffffffffffff --list", 0, "" },
	{ "stress", "--pages 16777216 --list", 0, "" },
	{ "stress", "--thp never --thp always --thp mixed --list", 0, "" },
	{ "stress", "--node any --node local --node remote --node interleave --list", 0, "" },
	{ "stress", "--no-pin --stuck 5 --out /nonexistent --list", 0, "" },
	{ "stress", "--truth off --truth mirror --truth cpu --list", 0, "" },
	{ "stress", "--delay read_begin:pause:1 --delay do_swap_page:spin:1:0.5 --list", 0, "" },

	{ "stress", "--stressor nosuch", 2, "'nosuch'" },
	{ "stress", "--stressor atomic", 2, "'atomic'" },
	{ "stress", "--stressor ''", 2, "''" },
	{ "stress", "--stressor fork,", 2, "''" },
	{ "stress", "--stressor ,fork", 2, "''" },
	{ "stress", "--stressor fork,atomics,fork", 2, "'fork'" },
	{ "stress", "--backend nosuch", 2, "'nosuch'" },
	{ "stress", "--backend ''", 2, "''" },
	{ "stress", "--workers 0", 2, "--workers" },
	{ "stress", "--workers 1025", 2, "'1025'" },
	{ "stress", "--workers -1", 2, "'-1'" },
	{ "stress", "--workers +1", 2, "'+1'" },
	{ "stress", "--workers two", 2, "'two'" },
	{ "stress", "--workers 2x", 2, "'2x'" },
	{ "stress", "--workers ''", 2, "''" },
	{ "stress", "--workers 4294967297", 2, "'4294967297'" },
	{ "stress", "--processes 0", 2, "--processes" },
	{ "stress", "--processes 257", 2, "'257'" },
	{ "stress", "--seconds 0", 2, "'0'" },
	{ "stress", "--seconds -5", 2, "'-5'" },
	{ "stress", "--seconds nan", 2, "'nan'" },
	{ "stress", "--seconds inf", 2, "'inf'" },
	{ "stress", "--seconds 1e8", 2, "'1e8'" },
	{ "stress", "--seconds 5s", 2, "'5s'" },
	{ "stress", "--ops 0", 2, "--ops" },
	{ "stress", "--ops 1e3", 2, "'1e3'" },
	{ "stress", "--ops 5 --seconds 5", 2, "exclude" },
	{ "stress", "--seed 18446744073709551616", 2, "--seed" },
	{ "stress", "--seed -1", 2, "'-1'" },
	{ "stress", "--seed 0x", 2, "'0x'" },
	{ "stress", "--pages 0", 2, "--pages" },
	{ "stress", "--pages 16777217", 2, "'16777217'" },
	{ "stress", "--thp sometimes", 2, "'sometimes'" },
	{ "stress", "--node 0", 2, "'0'" },
	{ "stress", "--stuck 0", 2, "--stuck" },
	{ "stress", "--truth on", 2, "'on'" },
	{ "stress", "--truth ''", 2, "''" },
	{ "stress", "--truth", 2, "--truth" },
	{ "stress", "--delay", 2, "--delay" },
	{ "stress", "--delay ''", 2, "WINDOW:KIND:AMOUNT" },
	{ "stress", "--delay retry:pause", 2, "WINDOW:KIND:AMOUNT" },
	{ "stress", "--delay Retry!:pause:1", 2, "'Retry!'" },
	{ "stress", "--delay retry:nap:1", 2, "'nap'" },
	{ "stress", "--delay retry:pause:0", 2, "'0'" },
	{ "stress", "--delay retry:pause:1:2", 2, "'2'" },
	{ "stress", "--delay retry:pause:1 --delay retry:spin:1", 2, "already" },
	{ "stress", "more", 2, "'more'" },
	{ "stress", "--frobnicate", 2, "--frobnicate" },
	{ "stress", "--ops", 2, "--ops" },
	/* what the null backend or this run cannot do: skipped, not failed */
	{ "stress", "--backend null --stressor migrate", 4, "migrate" },

	{ "", "", 2, "usage:" },
	{ "", "--help", 0, "stress" },
	{ "", "--version", 0, "hmmstorm " },
	{ "", "frobnicate", 2, "'frobnicate'" },
	{ "", "stress --seed x", 2, "'x'" },
	{ "", "stress --list", 0, "atomics\t" },
	{ "", "list --frobnicate", 2, "--frobnicate" },

	{ "list", "--help", 0, "usage:" },
	{ "list", "more", 2, "'more'" },
	{ "doctor", "--help", 0, "usage:" },
	{ "doctor", "more", 2, "'more'" },
	{ "report", "--help", 0, "usage:" },
	{ "report", "", 2, "usage:" },
	{ "report", "/nonexistent", 2, "/nonexistent" },
	{ "run", "--help", 0, "--backend" },
	{ "run", "--seconds x", 2, "'x'" },
	{ "run", "--seconds 0", 2, "'0'" },
	{ "run", "--workers 0", 2, "'0'" },
	{ "run", "--seed ''", 2, "''" },
	{ "run", "--frobnicate", 2, "--frobnicate" },
	{ "run", "more", 2, "more" },
	{ "counters", "--help", 0, "usage:" },
	{ "counters", "--frobnicate", 2, "--frobnicate" },
	{ "counters", "--pid x", 2, "x" },
	{ "counters", "--pid 0", 2, "0" },
	{ "counters", "--watch 0", 2, "0" },
	{ "counters", "--count x", 2, "x" },
	{ "counters", "--pid", 2, "--pid" },
	{ "bench", "--help", 0, "usage:" },
	{ "bench", "--frobnicate", 2, "--frobnicate" },
	{ "bench", "--backend nosuch", 2, "nosuch" },
	{ "bench", "--backend", 2, "--backend" },
	{ "bench", "--iterations 0", 2, "--iterations" },
	{ "bench", "--iterations x", 2, "--iterations" },
	{ "bench", "more", 2, "more" },
	{ "bench", "--truth on", 2, "\"on\"" },
	{ "bench", "--truth cpu --no-counters", 2, "--no-counters" },
	{ "bench", "--delay", 2, "WINDOW:KIND:AMOUNT" },
	{ "bench", "--delay=retry:nap:1", 2, "'nap'" },
	{ "bench", "--delay retry:pause:1 --delay retry:spin:1", 2, "already" },
};

/* Divides a copy of the arguments at its blanks. */
static void split(const struct test_case *t, char *copy, char *argv[])
{
	static char path[4200];
	char *rest = copy, *word;
	int n = 1;

	snprintf(path, sizeof(path), "%s%s%s", program("hmmstorm"),
		 *t->program ? "-" : "", t->program);
	argv[0] = path;
	strcpy(copy, t->args);
	while (*t->args && n < MOST_ARGS - 1 && (word = strsep(&rest, " ")))
		argv[n++] = strcmp(word, "''") ? word : word + 2;
	argv[n] = NULL;
}

/* getopt prints its line and "Try `PROGRAM --help' ...", in one line or two. */
static int own_lines(const char *text)
{
	const char *hint = strstr(text, "\nTry `");
	int n = count_lines(text);

	return hint ? n - count_lines(hint + 1) : n;
}

static void try(const struct test_case *t)
{
	char copy[300], *argv[MOST_ARGS];
	struct child c;
	bool good;

	split(t, copy, argv);
	child_run(&c, argv, 60);
	good = c.status == t->status;
	if (t->status)
		/* a usage text may be as long as it needs to be */
		good &= strstr(c.err, t->says) && !c.out[0] &&
			(own_lines(c.err) == 1 || !strcmp(t->says, "usage:"));
	else
		good &= strstr(c.out, t->says) && !c.err[0];
	if (tap_ok(good, "hmmstorm%s%s %s: status %d", *t->program ? "-" : "",
		   t->program, t->args, t->status))
		return;
	printf("# status %d, stdout and stderr:\n", c.status);
	print_as_comment(c.out);
	print_as_comment(c.err);
}

int main(void)
{
	size_t i;

	/* leaks of runs that do work are unit-runner's matter */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		try(&cases[i]);
	return tap_done();
}
