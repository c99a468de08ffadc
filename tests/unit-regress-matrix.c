// SPDX-License-Identifier: GPL-2.0-only
/* hmmstorm matrix: made lines with known counts; lib/regress/reasons.c. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../lib/regress/reasons.h"
#include "../lib/tap.h"
#include "child.h"
#include "made_run.h"

static char root[200];

/* A line of two boots; the second has the least count. */
static char *line(const char *release, const char *mode, double least)
{
	char dir[300], boot[400];
	int i;

	snprintf(dir, sizeof(dir), "%s/%s-%s", root, release, mode);
	mkdir(dir, 0777);
	for (i = 0; i < 2; i++) {
		snprintf(boot, sizeof(boot), "%s/seed-%d", dir, i);
		made_begin(boot, release, mode);
		made_latency("E7.mark", "mirror", 64, least + 50, least + 7 - 7 * i, least + 90);
		if (strcmp(release, "6.12.1"))
			made_latency("E4.munmap", "mirror", 64, 150, 100, 200);
		made_end();
	}
	return strdup(dir);
}

static int matrix(struct child *c, char *const args[])
{
	static char path[4096];
	char *argv[12] = { path };
	int i;

	snprintf(path, sizeof(path), "%s", program("hmmstorm-matrix"));
	for (i = 0; args[i]; i++)
		argv[i + 1] = args[i];
	return child_run(c, argv, 60);
}

static void test_table(char *old, char *mid, char *new)
{
	struct child c;
	json_t *json;

	tap_eq(matrix(&c, (char *[]){ old, mid, new, NULL }), 0, "three lines: 0");
	tap_ok(!!strstr(c.out, "7.3.4: make_device_exclusive() marks one page a call"),
	       "a change of the API is the reason");
	tap_ok(!strstr(c.out, "6.12.1: make_device_exclusive()"), "where it lies between the lines");
	tap_eq(matrix(&c, (char *[]){ "--format", "markdown", old, mid, new, NULL }), 0, "markdown");
	tap_ok(!!strstr(c.out, "| E7.mark/pages:64 mirror lazy process 1 | 1,000 | 1,100 | 10.00 | 550 | -50.00 | 7.3.4: "),
	       "the least of all boots, and the change from the line before");
	tap_ok(!!strstr(c.out, "| E4.munmap/pages:64 mirror lazy process 1 | 100 | \xe2\x80\x93 | \xe2\x80\x93 | 100 | \xe2\x80\x93 |"),
	       "what a line does not have is a dash, and no change");
	tap_eq(matrix(&c, (char *[]){ "--only", "^E4", old, mid, NULL }), 0, "--only");
	tap_ok(!strstr(c.out, "E7.mark") && strstr(c.out, "E4.munmap"), "leaves the others out");
	tap_eq(matrix(&c, (char *[]){ "--format", "json", old, new, NULL }), 0, "json");
	json = json_loads(c.out, 0, NULL);
	tap_eq((long long)json_array_size(json), 2, "is an array of benchmarks");
	json_decref(json);
}

static void test_refused(char *old, char *times)
{
	struct child c;

	tap_eq(matrix(&c, (char *[]){ old, times, NULL }), 3, "times are no instructions: 3");
	tap_ok(!!strstr(c.err, "was not measured in deterministic mode"), "it says which and why");
	tap_eq(matrix(&c, (char *[]){ "/nowhere", NULL }), 2, "no such folder: 2");
	tap_eq(matrix(&c, (char *[]){ NULL }), 2, "nothing to show: 2");
	tap_eq(matrix(&c, (char *[]){ "--only", "(", old, NULL }), 2, "a bad expression: 2");
	tap_eq(matrix(&c, (char *[]){ "--format", "pdf", old, NULL }), 2, "an unknown format: 2");
}

static void test_reasons(void)
{
	static const char mark[] = "E7.mark/pages:64 mirror lazy process 1";

	tap_ok(!!reason_for(mark, "6.14.9", "6.15"), "the release that brought it");
	tap_ok(!!reason_for(mark, "6.1.192", "7.3.4"), "far apart");
	tap_ok(!reason_for(mark, "6.15.1", "7.3.4"), "both have it");
	tap_ok(!reason_for(mark, "6.1.192", "6.12.117"), "6.12 is after 6.1, and neither has it");
	tap_ok(!reason_for("E13.invalidate/pages:16", "6.1", "7.3"), "no reason is known");
	tap_ok(!!reason_for("E1.CPU_read.exclusive test_hmm lazy process 1", "6.12", "7.3"),
	       "a call of E1");
}

int main(void)
{
	const char *tmp = getenv("TMPDIR");
	char *lines[4];
	int i;

	snprintf(root, sizeof(root), "%s/matrix.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(root))
		return 2;
	lines[0] = line("6.1.9", "vm-deterministic", 1000);
	lines[1] = line("6.12.1", "vm-deterministic", 1100);
	lines[2] = line("7.3.4", "vm-deterministic", 550);
	lines[3] = line("7.3.4", "vm", 550);
	test_table(lines[0], lines[1], lines[2]);
	test_refused(lines[0], lines[3]);
	test_reasons();
	for (i = 0; i < 4; i++)
		free(lines[i]);
	return tap_done();
}
