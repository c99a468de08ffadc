// SPDX-License-Identifier: GPL-2.0-only
/*
 * Imported figures: samples written by hand after the drivers' printf formats, lines that
 * no driver prints, files cut at every byte, disks that are full, and the report.
 */
#include <errno.h>
#include <math.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "../lib/alloc.h"
#include "../lib/hist.h"
#include "../lib/regress/import.h"
#include "../lib/tap.h"
#include "child.h"
#include "made_run.h"
#include "results.h"

/* xe_gt_stats_print_info(): "%s: %lld\n" of stat_description[]; the last two are none. */
static const char xe_sample[] =
	"svm_pagefault_count: 120\n"
	"tlb_inval_count: 77\n"
	"svm_tlb_inval_count: 40\n"
	"svm_tlb_inval_us: 900\n"
	"vma_pagefault_count: 3\n"
	"vma_pagefault_kb: 96\n"
	"svm_4K_pagefault_count: 100\n"
	"svm_64K_pagefault_count: 15\n"
	"svm_4K_valid_pagefault_count: 10\n"
	"svm_64K_valid_pagefault_count: 1\n"
	"svm_4K_pagefault_us: 4800\n"
	"svm_2M_pagefault_us: 1200\n"
	"svm_device_copy_kb: 4096\n"
	"svm_cpu_copy_kb: 256\n"
	"hw_engine_group_suspend_lr_queue_count: 2\n"
	"a_counter_newer_than_we_are_count: 18446744073709551615\n"
	"a_counter_without_unit: 5\n"
	"svm_2M_bind_us: -1\n";

/* gpu_fault_stats_print_common(), UVM_SEQ_OR_DBG_PRINT() by UVM_SEQ_OR_DBG_PRINT() */
static const char uvm_sample[] =
	"replayable_faults      446\n"
	"duplicates             12\n"
	"faults_by_access_type:\n"
	"  prefetch             1\n"
	"  read                 40\n"
	"  write                399\n"
	"  atomic               6\n"
	"migrations:\n"
	"  num_pages_in         1024 (4 MB)\n"
	"  num_pages_out        512 (2 MB)\n"
	"replays:\n"
	"  start                31\n"
	"  start_ack_all        1\n"
	"non_replayable_faults  2\n"
	"faults_by_access_type:\n"
	"  read                 1\n"
	"  write                0\n"
	"  atomic               1\n"
	"faults_by_addressing:\n"
	"  virtual              2\n"
	"  physical             0\n"
	"migrations:\n"
	"  num_pages_in         3 (0 MB)\n"
	"  num_pages_out        4 (0 MB)\n";

/* kfd_smi_event_add(): "%x ", then KFD_EVENT_FMT_* of uapi/linux/kfd_ioctl.h */
static const char kfd_sample[] =
	/* kfd_smi_event_page_fault_start(), kfd_smi_event_migration_start(), their ends */
	"7 1000000 -4242 @7f0000100(c1b2) W\n"
	"5 1000100 -4242 @7f0000100(200) 0->c1b2 0:c1b2 1\n"
	"6 1040100 -4242 @7f0000100(200) 0->c1b2 1 0\n"
	"8 1050000 -4242 @7f0000100(c1b2) M\n"
	/* the same page on another node meanwhile; without migration */
	"7 1060000 -4242 @7f0000100(c1b3) R\n"
	"7 1060500 -4242 @7f0000100(c1b2) R\n"
	"8 1070500 -4242 @7f0000100(c1b2) U\n"
	"8 1080000 -4242 @7f0000100(c1b3) U\n"
	/* 6.12's KFD_EVENT_FMT_MIGRATE_END has no error; then one that failed, and a
	 * trigger that no enum has
	 */
	"5 1090000 -4242 @7f0000100(10) c1b2->0 0:c1b2 2\n"
	"6 1091000 -4242 @7f0000100(10) c1b2->0 2\n"
	"5 1092000 -4242 @7f0000200(10) 0->c1b2 0:0 9\n"
	"6 1093000 -4242 @7f0000200(10) 0->c1b2 9 -16\n"
	/* kfd_process_evict_queues() twice, kfd_process_restore_queues(), once in vain */
	"9 2000000 -4242 c1b2 0\n"
	"9 2100000 -4242 c1b2 1\n"
	"a 2200000 -4242 c1b2 R\n"
	"a 2300000 -4242 c1b2 0\n"
	"a 2500000 -4242 c1b2 0\n"
	/* kfd_smi_event_unmap_from_gpu() */
	"b 3000000 -4242 @7f0000100(200) c1b2 0\n"
	"b 3000100 -4242 @7f0000100(1) c1b2 2\n"
	/* kfd_smi_event_update_vmfault(), _thermal_throttling(), _gpu_reset(), _process() */
	"1 1092:a.out\n"
	"2 4:7\n"
	"3 1 unknown\n"
	"c 1092 a.out\n"
	/* dropped by add_event_to_kfifo(): an end, then a start */
	"7 4000000 -4242 @7f0000300(c1b2) R\n"
	"7 5000000 -4242 @7f0000300(c1b2) R\n"
	"8 5000700 -4242 @7f0000300(c1b2) U\n"
	"8 5000900 -4242 @7f0000300(c1b2) U\n"
	/* still open */
	"7 6000000 -4242 @7f0000400(c1b2) W\n"
	"9 6000000 -4242 c1b2 2\n"
	/* nobody's lines */
	"1f 6000000 -4242\n"
	"7 6000000 -4242 @7f0000400(c1b2) X\n"
	"8 6000000 -4242 @7f0000400(c1b2) U more\n"
	"hello\n";

static void put(const char *path, const char *text, size_t len)
{
	FILE *f = fopen(path, "we");

	if (!f || fwrite(text, 1, len, f) != len || fclose(f))
		perror(path);
}

static const struct import_figure *find(const struct import *in, const char *metric)
{
	size_t i;

	for (i = 0; i < in->nr_figures; i++)
		if (!strcmp(in->figures[i].metric, metric))
			return &in->figures[i];
	return NULL;
}

static void has(const struct import *in, const char *metric, const char *unit, uint64_t value)
{
	const struct import_figure *f = find(in, metric);

	if (!tap_ok(f && f->value == value && !strcmp(f->unit, unit), "%s: %s",
		    in->source->name, metric))
		printf("# got %llu %s\n", f ? (unsigned long long)f->value : 0, f ? f->unit : "none");
}

static void times(const struct import *in, const char *metric, uint64_t n, uint64_t min,
		  uint64_t max)
{
	const struct hist *h = NULL;
	size_t i;

	for (i = 0; i < in->nr_times; i++)
		if (!strcmp(in->times[i].metric, metric))
			h = in->times[i].ns;
	if (!tap_ok(h && h->n == n && h->min == min && h->max == max, "%s takes %llu to %llu ns",
		    metric, (unsigned long long)min, (unsigned long long)max) && h)
		printf("# n %llu, %llu to %llu\n", (unsigned long long)h->n,
		       (unsigned long long)h->min, (unsigned long long)h->max);
}

static struct import *read_sample(const char *source, const char *path, const char *text)
{
	struct import *in = NULL;

	put(path, text, strlen(text));
	tap_eq(import_read(&in, import_source_find(source), path), 0, source);
	return in;
}

static void test_xe(void)
{
	char *dir = must_copy(scratch_path("gt1")), *path = must_print("%s/stats", dir);
	struct import *in;

	mkdir(dir, 0777);
	in = read_sample("xe", path, xe_sample);
	tap_ok(!strcmp(in->device, "gt1"), "the device is the GT of the path");
	has(in, "svm_pagefault_count", "1", 120);
	has(in, "svm_tlb_inval_us", "us", 900);
	has(in, "svm_cpu_copy_kb", "KiB", 256);
	has(in, "a_counter_newer_than_we_are_count", "1", UINT64_MAX);
	tap_eq((long long)in->nr_figures, 16, "figures");
	tap_eq((long long)in->lines, 18, "lines");
	tap_eq((long long)in->unknown, 2, "two lines are not known");
	tap_ok(in->first_unknown == 17 && !strcmp(in->unknown_text, "a_counter_without_unit: 5"),
	       "the first of them is kept");
	import_free(in);
	free(path);
	free(dir);
}

static void test_uvm(void)
{
	struct import *in = read_sample("uvm", scratch_path("stats.txt"), uvm_sample);

	tap_ok(!strcmp(in->device, "stats"), "a path without device: the file's name");
	has(in, "replayable_faults", "faults", 446);
	has(in, "replayable_duplicates", "faults", 12);
	has(in, "replayable_read", "faults", 40);
	has(in, "replayable_atomic", "faults", 6);
	has(in, "replayable_pages_in", "pages", 1024);
	has(in, "replays_start_ack_all", "1", 1);
	has(in, "non_replayable_faults", "faults", 2);
	has(in, "non_replayable_read", "faults", 1);
	has(in, "non_replayable_atomic", "faults", 1);
	has(in, "non_replayable_virtual", "faults", 2);
	has(in, "non_replayable_pages_in", "pages", 3);
	has(in, "non_replayable_pages_out", "pages", 4);
	tap_eq((long long)in->nr_figures, 18, "figures");
	tap_eq((long long)in->unknown, 0, "every line is known");
	import_free(in);
}

static void test_kfd(void)
{
	struct import *in = read_sample("kfd", scratch_path("smi.log"), kfd_sample);

	has(in, "page_fault_start", "1", 6);
	has(in, "page_fault_write", "1", 2);
	has(in, "page_fault_end", "1", 5);
	has(in, "page_fault_migrated", "1", 1);
	has(in, "page_fault_unpaired", "1", 3);
	times(in, "page_fault", 4, 700, 50000);
	has(in, "page_fault_ns", "ns", 50000 + 10000 + 20000 + 700);
	has(in, "migrate_pagefault_gpu", "1", 1);
	has(in, "migrate_trigger_9", "1", 1);
	has(in, "migrate_failed", "1", 1);
	has(in, "migrate_pages_to_device", "pages", 0x200);
	has(in, "migrate_pages_to_system", "pages", 0x10);
	times(in, "migrate", 2, 1000, 40000);
	has(in, "queue_eviction", "1", 3);
	has(in, "queue_eviction_userptr", "1", 1);
	has(in, "queue_restore_rescheduled", "1", 1);
	has(in, "queue_unpaired", "1", 1);
	times(in, "queue_evicted", 1, 500000, 500000);
	has(in, "unmap_from_gpu", "1", 2);
	has(in, "unmap_from_gpu_mmu_notify", "1", 1);
	has(in, "unmap_from_gpu_pages", "pages", 0x201);
	has(in, "vmfault", "1", 1);
	has(in, "process_start", "1", 1);
	tap_eq((long long)in->unknown, 4, "four lines are not known");
	import_free(in);
}

/* Of every beginning of the text: how many are taken, and how many are refused in more or
 * less than one line.
 */
static void cut_everywhere(const char *source, const char *text, size_t want_taken)
{
	const char *path = scratch_path("cut");
	size_t len, taken = 0, mute = 0;

	for (len = 0; len < strlen(text); len++) {
		struct import *in = NULL;
		int ret;

		put(path, text, len);
		catch_stderr();
		ret = import_read(&in, import_source_find(source), path);
		mute += count_lines(caught()) != !!ret;
		taken += !ret;
		import_free(in);
	}
	tap_eq((long long)taken, (long long)want_taken, source);
	tap_eq((long long)mute, 0, "each refusal is one line");
}

/* Only uvm has a last line that can be missed; the others lose a line unseen. */
static void test_cut(void)
{
	cut_everywhere("uvm", uvm_sample, 0);
	cut_everywhere("xe", xe_sample, (size_t)count_lines(xe_sample) - 1);
	cut_everywhere("kfd", kfd_sample, (size_t)count_lines(kfd_sample) - 1);
}

static void refuse(const char *source, const char *text, const char *says)
{
	const char *path = scratch_path("bad");
	struct import *in = NULL;
	const char *said;
	int ret;

	put(path, text, strlen(text));
	catch_stderr();
	ret = import_read(&in, import_source_find(source), path);
	said = caught();
	if (!tap_ok(ret == -EINVAL && strstr(said, says) && count_lines(said) == 1,
		    "refused: %s", says))
		print_as_comment(said);
}

static void test_refused(void)
{
	refuse("xe", "tlb_inval_count: 1\nx_us: 2\ntlb_inval_count: 1\n", "tlb_inval_count twice, at line 3");
	refuse("uvm", "duplicates 1\n", "no line of uvm");
	refuse("kfd", xe_sample, "no line of kfd in its 18");
	refuse("xe", "", "no line of xe in its 0");
	refuse("xe", "tlb_inval_count: 99999999999999999999\n", "no line of xe");
	tap_ok(!import_source_find("nouveau"), "no source of that name");
}

static bool is_there(const char *path)
{
	struct stat st;

	return !stat(path, &st);
}

static bool contains(const char *dir, const char *file, const char *text)
{
	char *all = slurp(dir, file);
	bool found = strstr(all, text);

	free(all);
	return found;
}

/* In a process of its own whose files cannot grow. */
static int write_into_little_room(const struct import *in, const struct import_to *to, rlim_t room)
{
	const struct rlimit limit = { room, room };
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		fclose(stderr);
		_exit(import_write((struct import *const *)&in, 1, to) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static void test_written(void)
{
	char *dir = must_copy(scratch_path("imported")), *unfinished = must_print("%s.unfinished", dir);
	const struct import_to to = { .dir = dir, .label = "a card", .kernel = "7.0-x" };
	struct import *in = read_sample("kfd", scratch_path("smi.log"), kfd_sample);
	struct import *const two[] = { in, in };
	rlim_t room = 0;
	int left = 0;

	while (room < 100000 && write_into_little_room(in, &to, room)) {
		left += is_there(dir) + is_there(unfinished);
		room += 97;
	}
	tap_ok(room > 2000 && room < 100000, "too little room: every write says so");
	tap_eq(left, 0, "and leaves nothing");
	tap_ok(is_there(dir), "with room it is there");
	tap_ok(!is_there(unfinished), "under its own name alone");
	tap_ok(contains(dir, "records.tsv", "import\tsmi\tkfd\t-\t-\t0\t0\t0\tpage_fault_start\tcount\t1\t6\n"),
	       "a figure is a row");
	tap_ok(contains(dir, "records.tsv", "page_fault_max\tvalue\tns\t50000\n"), "a duration is a histogram");
	tap_ok(contains(dir, "hist.tsv", "import\tsmi\tkfd"), "with its buckets");
	tap_ok(contains(dir, "env.tsv", "import\tlabel\ta card\n") &&
	       contains(dir, "env.tsv", "import\tkernel\t7.0-x\n") &&
	       contains(dir, "env.tsv", "import\tmode\timported\n"), "env.tsv says what it is");
	tap_ok(contains(dir, "env.tsv", "import\tunknown_lines smi\t4\n"), "and what was left out");
	catch_stderr();
	tap_eq(import_write(two, 1, &to), -ENOTEMPTY, "a folder with something in it stays");
	tap_eq(import_write(two, 2, &to), -EINVAL, "two files of one device");
	caught();
	tap_ok(!is_there(unfinished), "nothing else stays");
	import_free(in);
	free(unfinished);
	free(dir);
}

static void run(struct child *c, const char *line)
{
	char copy[2048], *rest = copy, *argv[20], *word;
	int n = 0;

	snprintf(copy, sizeof(copy), "%s %s", program("hmmstorm-import"), line);
	while (n < 19 && (word = strsep(&rest, " ")))
		if (*word)
			argv[n++] = word;
	argv[n] = NULL;
	child_run(c, argv, 60);
}

static void try(const char *line, int status, const char *says)
{
	struct child c;

	run(&c, line);
	if (!tap_ok(c.status == status && (strstr(c.out, says) || strstr(c.err, says)),
		    "status %d: %.*s", status, (int)strcspn(says, "\n"), says)) {
		printf("# status %d\n", c.status);
		print_as_comment(c.out);
		print_as_comment(c.err);
	}
}

static void test_command(void)
{
	char *line;

	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	try("", 2, "which FILE");
	try("--help", 0, "Exit status: 0 done");
	try("x", 2, "--from which source? There are kfd uvm xe");
	try("--from nouveau x", 2, "no source 'nouveau'; there are kfd uvm xe");
	try("--from xe x", 2, "--out which folder");
	try("--report --from xe x", 2, "--report goes with --format alone");
	try("--format html --from xe --out y x", 2, "--report goes with --format alone");
	try("--report --format pdf x", 2, "'pdf'");
	try("--from xe --out y /nonexistent", 2, "cannot read /nonexistent");
	try("--report /nonexistent", 2, "/nonexistent");
	setenv("ASAN_OPTIONS", "detect_leaks=1", 1);
	line = must_print("--from xe --out %s/xe %s/gt1/stats", scratch, scratch);
	try(line, 0, "unknown lines, left out: 2; the first is line 17: a_counter_without_unit: 5");
	try(line, 1, "it is there, with something in it");
	free(line);
	line = must_print("--from uvm --out %s/uvm --name RTX %s/stats.txt", scratch, scratch);
	try(line, 0, "18 figures");
	free(line);
}

/* A storm as stress/results.c and write_counters() of stress/main.c record it. */
static void make_storm(const char *dir, const char *backend, double busy)
{
	made_begin(dir, "6.12", "vm");
	made_row("stress", "atomics", backend, 64, 0, "device_faults", 1000);
	made_row("stress", "fork", backend, 64, 0, "device_faults", 234);
	made_row("stress", "atomics", backend, 64, 0, "device_retries", busy);
	made_row("stress", "all", backend, 64, 0, "inv_clear_events", 40);
	made_row("stress", "all", backend, 64, 0, "inv_unmap_events", 2);
	made_row("stress", "all", backend, 64, 0, "inv_unmap_pages", 9999);
	made_row("stress", "all", backend, 64, 0, "mirror_faults", 200);
	made_row("stress", "all", backend, 64, 0, "mirror_fault_ns", 5000);
	made_row("stress", "all", backend, 64, 0, "mirror_dropped_pages", 30);
	made_end();
}

static void test_report(void)
{
	char *mirror = must_copy(scratch_path("storm")), *null = must_copy(scratch_path("other"));
	char *line = must_print("--report %s/xe %s/imported %s/uvm %s %s", scratch, scratch,
				scratch, mirror, null);

	make_storm(mirror, "mirror", 7);
	make_storm(null, "test_hmm", 0);
	try(line, 0, "| what | unit | xe | a card | RTX | 6.12 stress, mirror | 6.12 stress, test_hmm |\n");
	/* xe 120 + 3; uvm 446 + 2 - 12 */
	try(line, 0, "| device faults | faults | 123 | 6 | 436 | 1,234 | 1,234 |\n");
	try(line, 0, "| faults that found nothing left to do | faults | 11 | – | 12 | – | – |\n");
	/* xe 6000 us of 120; kfd 80700 ns of 4; mirror 5000 of 200 */
	try(line, 0, "| a device fault takes, mean | ns | 50,000 | 20,175 | – | 25 | – |\n");
	try(line, 0, "| attempts of a fault begun anew | attempts | – | – | – | 7 | 0 |\n");
	try(line, 0, "| invalidations that came | events | – | – | – | 42 | 42 |\n");
	try(line, 0, "| invalidations that took device entries | events | 40 | 2 | – | – | – |\n");
	/* a device that is not ours has our counter, but does not count in it */
	try(line, 0, "| pages that they took | pages | – | 513 | – | 30 | – |\n");
	/* 4096 KiB; 0x200; 1024 + 3 */
	try(line, 0, "| pages moved to the device | pages of 4 KiB | 1,024 | 512 | 1,027 | – | – |\n");
	try(line, 0, "| pages moved to system memory | pages of 4 KiB | 64 | 16 | 516 | – | – |\n");
	try(line, 0, "| queues stopped | events | 2 | 3 | – | – | – |\n");
	try(line, 0, "| batches of faults replayed | events | – | – | 32 | – | – |\n");
	try(line, 0, "| smi | page_fault_migrated | 1 | 1 |\n");
	try(line, 0, "`replayable_faults` + `non_replayable_faults` − `replayable_duplicates`");
	free(line);
	line = must_print("--report --format html %s/xe", scratch);
	try(line, 0, "Device faults, driver by driver");
	free(line);
	made_begin(null, "6.12", "vm");
	made_latency("E3.fork", "mirror", 1, 5, 4, 6);
	made_end();
	line = must_print("--report %s", null);
	try(line, 2, "no figures of import, stress or bench --explain");
	free(line);
	free(mirror);
	free(null);
}

int main(void)
{
	scratch_init();
	test_xe();
	test_uvm();
	test_kfd();
	test_cut();
	test_refused();
	test_written();
	test_command();
	test_report();
	return tap_done();
}
