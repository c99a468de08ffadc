// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ground truth against known system calls: each call of lib/calls makes a known
 * number of invalidations of each event and class, and exactly these must be found,
 * none more. What a call does to the entries of a page decides which class it is in
 * (METHODOLOGY.md); older kernels differ where the row says so.
 *
 * The memory under test stands alone in its GiB; only calls that meet the other
 * mappings of the process find more, of which the device maps none: fork()
 * write-protects each, and while the child has the stack a write to it is a COW. So
 * there the cells protection_page_fp0 and clear_fp0 are left out.
 */
#include "../lib/backend.h"
#include "../lib/calls.h"
#include "../lib/device_node.h"
#include "truth.h"

#define REPEAT 3
#define WANT(name_, state_, want_, ...) \
	{ .name = (name_), .state = (state_), .want = (want_), __VA_ARGS__ }
#define BEFORE(major_, minor_, text_) \
	.before = (text_), .until = CALL_SINCE(major_, minor_)

static struct truth truth;
static struct device *dev;

/* before: what kernels before release until do; where it is not known which one
 * changed it, until is the first of the lab's lines (6.1, 6.12, 7.3) that has it so.
 */
static const struct row {
	const char *name, *state, *want, *before;
	unsigned int until;
} rows[] = {
	WANT("mprotect RW", "same, device maps none", ""),
	WANT("mprotect RW", "same, device reads", ""),
	WANT("mprotect RW", "same, device writes", ""),
	WANT("mprotect RW", "same, exclusive", ""),
	WANT("mprotect R", "device maps none", "protection_vma_fp0=1"),
	WANT("mprotect R", "untouched", ""),
	WANT("mprotect R", "PMD empty",
	     "protection_vma_fp0=1", BEFORE(6, 12, "")),
	WANT("mprotect R", "device reads", "protection_vma_fp2=1"),
	WANT("mprotect R", "again, device reads", ""),
	WANT("mprotect R", "device writes", "protection_vma_tp=1"),
	WANT("mprotect R", "exclusive", "protection_vma_tp=1"),
	WANT("mprotect R", "half read, half written", "protection_vma_fp3=1"),
	WANT("mprotect RW", "was R, device reads", "protection_vma_fp2=1"),
	WANT("mprotect NONE", "device reads", "protection_vma_tp=1"),
	WANT("mprotect NONE", "exclusive", "protection_vma_tp=1"),
	WANT("mprotect RWX", "device reads", "protection_vma_fp2=1"),
	WANT("mprotect RWX", "exclusive",
	     "protection_vma_fp1=1", BEFORE(6, 15, "protection_vma_fp2=1")),
	WANT("mprotect R", "4 pages, device reads", "protection_vma_fp2=1"),
	WANT("mprotect R", "4 pages of 2 MiB, device reads",
	     "clear_fp1=1 protection_vma_fp0=1"),
	WANT("mprotect R", "4 pages of 2 MiB, exclusive",
	     "clear_fp1=1 protection_vma_fp0=1"),
	WANT("mprotect R", "shmem, device reads", "protection_vma_fp2=1"),
	WANT("mprotect R", "shmem, device writes", "protection_vma_tp=1"),
	WANT("mprotect R", "private file, device reads", "protection_vma_fp1=1"),
	WANT("MADV_DONTNEED", "untouched", "clear_fp0=1"),
	WANT("MADV_DONTNEED", "device maps none", "clear_fp0=1"),
	WANT("MADV_DONTNEED", "again", "clear_fp0=1"),
	WANT("MADV_DONTNEED", "device reads", "clear_tp=1"),
	WANT("MADV_DONTNEED", "exclusive", "clear_tp=1"),
	WANT("MADV_FREE", "untouched", "clear_fp0=1"),
	WANT("MADV_FREE", "device reads", "clear_fp2=1"),
	WANT("MADV_FREE", "again, device reads", "clear_fp1=1"),
	WANT("MADV_FREE", "exclusive", "clear_fp1=1"),
	WANT("MADV_COLD", "device reads", ""),
	WANT("MADV_PAGEOUT", "no swap, device reads", ""),
	WANT("MADV_PAGEOUT", "after MADV_FREE, device reads", "clear_tp=16"),
	WANT("MADV_PAGEOUT", "after MADV_FREE and writes, device reads", "clear_fp1=16"),
	WANT("MADV_WILLNEED", "device reads", ""),
	WANT("MADV_HUGEPAGE", "device reads", ""),
	WANT("MADV_DONTFORK", "device reads", ""),
	WANT("MADV_MERGEABLE", "device reads", ""),
	WANT("MADV_POPULATE_READ", "device reads", ""),
	WANT("MADV_POPULATE_READ", "exclusive",
	     "clear_tp=16", BEFORE(6, 15, "exclusive_tp=16")),
	WANT("MADV_POPULATE_WRITE", "exclusive",
	     "clear_tp=16", BEFORE(6, 15, "exclusive_tp=16")),
	WANT("MADV_GUARD_INSTALL", "device reads", "clear_tp=1"),
	WANT("MADV_GUARD_INSTALL", "again", ""),
	WANT("MADV_GUARD_REMOVE", "guarded", ""),
	WANT("munmap", "untouched", "unmap_fp0=1"),
	WANT("munmap", "device maps none", "unmap_fp0=1"),
	WANT("munmap", "device reads", "unmap_tp=1"),
	WANT("munmap", "exclusive", "unmap_tp=1"),
	WANT("munmap", "4 pages, device reads", "unmap_tp=1"),
	WANT("munmap", "4 pages of 2 MiB, device reads", "unmap_fp0=1 clear_fp1=1"),
	WANT("munmap", "shmem, device reads", "unmap_tp=1"),
	WANT("munmap", "private file, device reads", "unmap_tp=1"),
	WANT("mmap over it", "untouched", "unmap_fp0=1"),
	WANT("mmap over it", "device reads", "unmap_tp=1"),
	WANT("mremap move", "untouched", "unmap_fp0=2"),
	WANT("mremap move", "device reads", "unmap_fp0=1 unmap_tp=1"),
	WANT("mremap move", "exclusive", "unmap_fp0=1 unmap_tp=1"),
	WANT("mremap move", "shmem, device reads", "unmap_fp0=1 unmap_tp=1"),
	WANT("mremap DONTUNMAP", "device reads", "unmap_tp=1"),
	WANT("mremap grow", "device reads", ""),
	WANT("mremap shrink", "device reads", "unmap_tp=1"),
	WANT("mlock", "device reads", ""),
	WANT("mincore", "device reads", ""),
	WANT("fork", "device reads", "protection_page_fp2=1"),
	WANT("fork", "again, device reads", "protection_page_fp1=1"),
	WANT("fork", "device writes", "protection_page_tp=1"),
	WANT("fork", "exclusive", "protection_page_tp=1"),
	WANT("fork", "shmem, device writes", ""),
	WANT("fork", "private file, device reads", ""),
	WANT("CPU write", "shared after fork, device reads", "clear_tp=1"),
	WANT("exit", "of a child, device reads", "release_tp=1"),
	WANT("exec", "of a child, device reads", "release_tp=1"),
	WANT("device marks", "device maps none", "exclusive_fp0=1"),
	WANT("device marks", "it reads the page", "exclusive_fp0=1"),
	WANT("CPU read", "exclusive", "clear_tp=1", BEFORE(6, 15, "exclusive_tp=1")),
	WANT("CPU write", "exclusive", "clear_tp=1", BEFORE(6, 15, "exclusive_tp=1")),
	WANT("CPU writes each page", "exclusive",
	     "clear_tp=16", BEFORE(6, 15, "exclusive_tp=16")),
	WANT("CPU write", "device reads", ""),
	WANT("CPU write", "zero page, device reads", "clear_tp=1"),
	WANT("CPU write", "private file, device reads", "clear_tp=1"),
	WANT("CPU write", "shmem, device reads", ""),
	WANT("clear_refs 1", "device reads", ""),
	WANT("clear_refs 4", "device maps none", "soft_dirty_fp0=1"),
	WANT("clear_refs 4", "device reads", "soft_dirty_fp2=1"),
	WANT("clear_refs 4", "again, device reads", "soft_dirty_fp1=1"),
	WANT("clear_refs 4", "device writes", "soft_dirty_tp=1"),
	WANT("clear_refs 4", "exclusive", "soft_dirty_tp=1"),
	WANT("UFFDIO_REGISTER", "device writes", ""),
	WANT("UFFDIO_UNREGISTER", "nothing protected, device writes",
	     "protection_vma_fp1=1", BEFORE(6, 12, "protection_vma_tp=1")),
	WANT("UFFDIO_UNREGISTER", "protected, device reads", "protection_vma_fp2=1"),
	WANT("UFFDIO_WRITEPROTECT", "device reads", "protection_vma_fp2=1"),
	WANT("UFFDIO_WRITEPROTECT", "again, device reads", "protection_vma_fp1=1"),
	WANT("UFFDIO_WRITEPROTECT", "device writes", "protection_vma_tp=1"),
	WANT("UFFDIO_WRITEPROTECT", "exclusive", "protection_vma_tp=1"),
	WANT("UFFDIO_WRITEPROTECT off", "device reads", "protection_vma_fp2=1"),
	WANT("UFFDIO_WRITEPROTECT off", "nothing protected, device reads",
	     "protection_vma_fp1=1", BEFORE(6, 12, "protection_vma_fp2=1")),
	WANT("UFFDIO_MOVE", "device reads",
	     "clear_tp=1", BEFORE(7, 3, "clear_tp=16")),
	WANT("PAGEMAP_SCAN WP", "device writes", "protection_vma_tp=1"),
	WANT("PAGEMAP_SCAN WP", "again, device reads", "protection_vma_fp1=1"),
	WANT("mprotect R, half", "THP, device reads",
	     "clear_fp2=1 protection_vma_fp0=1 splits=1"),
	WANT("mprotect R", "THP, device reads", "protection_vma_fp2=1"),
	WANT("mprotect R", "THP, device writes", "protection_vma_tp=1"),
	WANT("MADV_DONTNEED, one page", "THP, device reads",
	     "clear_fp2=1 clear_tp=1 splits=1"),
	WANT("MADV_DONTNEED", "THP, device reads", "clear_tp=1"),
	WANT("MADV_FREE", "THP, device reads", "clear_fp2=1"),
	WANT("munmap", "THP, device reads", "unmap_tp=1"),
	WANT("munmap, 4 pages", "THP, device reads", "unmap_fp0=1 clear_fp2=1 splits=1"),
	WANT("mremap move", "THP, device reads", "unmap_fp0=1 unmap_tp=1"),
	WANT("fork", "THP, device reads", "protection_page_fp2=1"),
	WANT("CPU write", "THP shared after fork, device reads", "clear_fp2=1 splits=1"),
	WANT("MADV_COLLAPSE", "device reads", "clear_tp=1 collapses=1"),
	WANT("MADV_COLLAPSE", "again, device reads", ""),
	WANT("MADV_COLLAPSE", "shmem, device reads", "clear_fp0=1 clear_tp=512"),
	WANT("device marks", "THP, device reads",
	     "clear_fp0=1 clear_fp2=1 exclusive_fp0=2 splits=1",
	     BEFORE(6, 15, "clear_fp2=1 exclusive_fp0=3 splits=1")),
	WANT("MADV_DONTNEED", "hugetlb, device reads",
	     "clear_tp=1", BEFORE(6, 2, "unmap_tp=1 clear_tp=1")),
	WANT("mprotect R", "hugetlb, device reads", "protection_vma_fp2=1"),
	WANT("munmap", "hugetlb, device reads", "unmap_tp=1", BEFORE(6, 2, "unmap_tp=2")),
	WANT("mremap move", "hugetlb, device reads",
	     "unmap_fp0=1 clear_tp=1", BEFORE(6, 12, "unmap_fp0=2 clear_tp=1")),
	WANT("fork", "hugetlb, device reads", "clear_fp2=1"),
	WANT("ftruncate", "hugetlb, device reads",
	     "clear_tp=1", BEFORE(6, 2, "unmap_tp=1")),
	WANT("hole punch", "hugetlb, device reads",
	     "clear_tp=1", BEFORE(6, 2, "unmap_tp=1")),
	WANT("ftruncate", "shmem, device reads", "clear_fp0=1 clear_tp=1"),
	WANT("hole punch", "shmem, device reads", "clear_tp=1"),
	WANT("hole punch", "again, shmem", "clear_fp0=1"),
	WANT("MADV_REMOVE", "shmem, device reads", "clear_tp=1"),
	WANT("MADV_DONTNEED", "shmem, device reads", "clear_tp=1"),
	WANT("MADV_DONTNEED", "private file, device reads", "clear_tp=1"),
	WANT("ftruncate", "private file, device reads", "clear_fp0=1 clear_tp=1"),
	WANT("hole punch", "private file, device reads", "clear_tp=1"),
	WANT("fsync", "shmem, device writes", ""),
	WANT("move_pages", "device reads", "clear_tp=16"),
	WANT("move_pages", "exclusive", ""),
	WANT("mbind", "device reads", "clear_tp=16"),
	WANT("mbind", "exclusive", ""),
	WANT("migrate_pages", "device reads", "clear_tp=16"),
	WANT("KSM", "16 pages unlike, device reads", ""),
	WANT("uprobe on", "device reads", "clear_tp=1"),
	WANT("uprobe off", "device reads", "clear_fp1=1", BEFORE(7, 3, "clear_tp=1")),
	WANT("MADV_DONTNEED", "2 callers, device reads", "clear_tp=2"),
	WANT("MADV_DONTNEED", "4 callers, device reads", "clear_tp=4"),
	WANT("mprotect R", "2 callers, device writes", "protection_vma_tp=2"),
	WANT("mprotect R", "4 callers, device writes", "protection_vma_tp=4"),
	WANT("munmap", "2 callers, device reads", "unmap_tp=2"),
	WANT("munmap", "4 callers, device reads", "unmap_tp=4"),
};

#define NR_ROWS (sizeof(rows) / sizeof(*rows))

static const struct row *row_of(const struct call *call)
{
	size_t i;

	for (i = 0; i < NR_ROWS; i++)
		if (!strcmp(rows[i].name, call->name) && !strcmp(rows[i].state, call->state))
			return &rows[i];
	return NULL;
}

static const char *want_of(const struct row *r)
{
	return kernel_is(r->until >> 8, r->until & 0xff) ? r->want : r->before;
}

/* Pages that a device mapped, and how they fared, in one call. */
struct pages {
	uint64_t seen, changed, given_up;
};

static uint64_t total_of(const char *name)
{
	return counters_value_total(truth.k, name);
}

static struct pages read_pages(void)
{
	return (struct pages){
		.seen = total_of("truth_pages"),
		.changed = total_of("truth_changed_pages"),
		.given_up = total_of("truth_given_up_pages"),
	};
}

/* Once; what was found goes to text. 0 or -errno. */
static int run_call(const struct call *call, char *text, size_t len, struct pages *p)
{
	bool total = call->flags & CALL_OF_CHILD;
	struct call_run c = { .dev = dev, .counted = total };
	struct truth_found before, after;
	struct pages first;
	int ret = call_prepare(&c, call);

	if (!ret) {
		first = read_pages();
		truth_read(&truth, &before, total);
		ret = call_run(&c);
		truth_read(&truth, &after, total);
		*p = read_pages();
		p->seen -= first.seen;
		p->changed -= first.changed;
		p->given_up -= first.given_up;
	}
	call_finish(&c);
	if (ret)
		return ret;
	truth_subtract(&after, &before);
	if (call->flags & CALL_MEETS_ALL) {
		truth_ignore(&truth, &after, "protection_page_fp0");
		truth_ignore(&truth, &after, "clear_fp0");
	}
	truth_text(&truth, &after, text, len);
	return 0;
}

static bool has_class(const char *found, const char *class)
{
	return strstr(found, class);
}

/* What the pages of a call must be like if its classes are what they are. */
static bool pages_agree(const char *found, const struct pages *p)
{
	bool some = has_class(found, "_tp=") || has_class(found, "_fp3=");

	/* the address space ends: nobody asks which pages */
	if (has_class(found, "release_tp="))
		return true;
	if (p->changed > p->seen || p->given_up > p->seen || some != !!p->given_up)
		return false;
	if (has_class(found, "_fp2=") && !p->changed)
		return false;
	return some || has_class(found, "_fp2=") || !p->changed;
}

static void test_call(const struct call *call)
{
	const struct row *row = row_of(call);
	const char *want = row ? want_of(row) : NULL;
	const char *missing = call_missing(call, dev->ops);
	char found[512] = "", what[128];
	struct pages p = { 0 };
	int i, ret = 0;

	snprintf(what, sizeof(what), "%s, %s", call->name, call->state);
	if (missing) {
		tap_skip(what, missing);
		return;
	}
	for (i = 0; i < REPEAT; i++) {
		ret = run_call(call, found, sizeof(found), &p);
		if (ret || (want && strcmp(found, want)) || !pages_agree(found, &p))
			break;
	}
	if (ret == -EOPNOTSUPP) {
		tap_skip(what, "this kernel or machine has no such thing");
		return;
	}
	tap_ok(i == REPEAT, "%-24s %-33s | %-34s | %s (%llu pages, %llu changed, %llu given up)%s%s",
	       call->name, call->state, !want ? "not the same each time" : *want ? want : "none",
	       *found ? found : "none", (unsigned long long)p.seen,
	       (unsigned long long)p.changed, (unsigned long long)p.given_up,
	       ret ? " " : "", ret ? strerror(-ret) : "");
}

/* Each call is expected to do something, or said to vary; and nothing else is. */
static void test_table(void)
{
	size_t i, bad = 0;

	for (i = 0; i < calls_count(); i++) {
		const struct call *call = call_at(i);

		if (!row_of(call) != !!(call->flags & CALL_BY_CHANCE)) {
			printf("# without expectation, or with one too many: %s, %s\n",
			       call->name, call->state);
			bad++;
		}
	}
	for (i = 0; i < NR_ROWS; i++) {
		if (!call_find(rows[i].name, rows[i].state)) {
			printf("# no such call: %s, %s\n", rows[i].name, rows[i].state);
			bad++;
		}
	}
	tap_ok(!bad, "each of %zu calls has its expectation", calls_count());
}

int main(void)
{
	const struct backend_ops *ops = backend_find("mirror");
	struct counters *k;
	char why[256];
	size_t i;

	if (module_load("hmmstorm", NULL) || counters_open(&k)) {
		fprintf(stderr, "module-truth: no module hmmstorm for this kernel\n");
		return 4;
	}
	if (!ops || backend_open(ops, &dev, why, sizeof(why)) ||
	    counters_truth(k, HMMSTORM_TRUTH_MIRROR)) {
		fprintf(stderr, "module-truth: no mirror device\n");
		return 4;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	truth_init(&truth, k);
	calls_begin();
	test_table();
	printf("# call, state of the memory | expected | found, each of %d times\n",
	       REPEAT);
	for (i = 0; i < calls_count(); i++)
		test_call(call_at(i));
	calls_end();
	ops->close(dev);
	counters_close(k);
	return tap_done();
}
