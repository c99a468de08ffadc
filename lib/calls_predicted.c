// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <string.h>

#include "calls_predicted.h"

#define EITHER PREDICTED_EITHER
#define FALSE_ PREDICTED_FALSE
#define TRUE_ PREDICTED_TRUE
#define PROBED(name_, says_, truth_, ...) \
	{ .name = (name_), .says = (says_), .truth = (truth_), __VA_ARGS__ }
#define READ(name_, says_, truth_, ...) \
	{ .name = (name_), .says = (says_), .truth = (truth_), .by_source = true, \
	  __VA_ARGS__ }

const struct prediction predictions[] = {
	PROBED("mprotect_RW.same_device_reads", "none", EITHER),
	PROBED("mprotect_RW.same_device_writes", "none", EITHER),
	PROBED("mprotect_RW.same_exclusive", "none", EITHER),
	PROBED("mprotect_R.device_writes", "protection_vma 1", TRUE_),
	PROBED("mprotect_R.4_pages_of_2_MiB_device_reads", "clear 1, protection_vma 1",
	       EITHER),
	PROBED("mprotect_R.untouched", "none", EITHER),
	PROBED("mprotect_R.PMD_empty", "protection_vma 1", FALSE_, .before = "none",
	       .until = 612),
	PROBED("mprotect_RWX.device_reads", "protection_vma 1", FALSE_),
	PROBED("mprotect_R.exclusive", "protection_vma 1", FALSE_,
	       .why = "the entry stays, but the mapping no longer allows the device's writes"),
	PROBED("MADV_DONTNEED.untouched", "clear 1", FALSE_),
	PROBED("MADV_DONTNEED.again", "clear 1", FALSE_),
	PROBED("MADV_DONTNEED.exclusive", "clear 1", TRUE_),
	PROBED("MADV_FREE.untouched", "clear 1", FALSE_),
	PROBED("MADV_FREE.again_device_reads", "clear 1", FALSE_),
	PROBED("MADV_FREE.exclusive", "clear 1", FALSE_),
	PROBED("MADV_PAGEOUT.no_swap_device_reads", "none", EITHER),
	PROBED("MADV_PAGEOUT.after_MADV_FREE_and_writes_device_reads", "clear 16", FALSE_),
	PROBED("MADV_COLD.device_reads", "none", EITHER),
	PROBED("MADV_WILLNEED.device_reads", "none", EITHER),
	PROBED("MADV_HUGEPAGE.device_reads", "none", EITHER),
	PROBED("MADV_DONTFORK.device_reads", "none", EITHER),
	PROBED("MADV_MERGEABLE.device_reads", "none", EITHER),
	PROBED("MADV_POPULATE_READ.device_reads", "none", EITHER),
	PROBED("MADV_GUARD_INSTALL.device_reads", "clear 1", TRUE_),
	PROBED("MADV_GUARD_INSTALL.again", "none", EITHER),
	PROBED("MADV_GUARD_REMOVE.guarded", "none", EITHER),
	PROBED("mlock.device_reads", "none", EITHER),
	PROBED("mincore.device_reads", "none", EITHER),
	PROBED("clear_refs_1.device_reads", "none", EITHER),
	PROBED("clear_refs_4.device_writes", "soft_dirty 1", TRUE_),
	PROBED("clear_refs_4.again_device_reads", "soft_dirty 1", FALSE_),
	PROBED("munmap.untouched", "unmap 1", FALSE_),
	PROBED("mremap_move.untouched", "unmap 2", FALSE_),
	PROBED("mremap_move.exclusive", "unmap 2", TRUE_),
	PROBED("mremap_grow.device_reads", "none", EITHER),
	PROBED("fork.device_writes", "protection_page *", TRUE_),
	PROBED("fork.again_device_reads", "protection_page *", FALSE_),
	PROBED("CPU_write.device_reads", "none", EITHER),
	PROBED("UFFDIO_REGISTER.device_writes", "none", EITHER),
	PROBED("UFFDIO_UNREGISTER.nothing_protected_device_writes", "protection_vma 1",
	       FALSE_, .why = "6.1 leaves the entries read-only, although nothing was protected"),
	PROBED("UFFDIO_WRITEPROTECT.device_writes", "protection_vma 1", TRUE_),
	PROBED("UFFDIO_WRITEPROTECT.again_device_reads", "protection_vma 1", FALSE_),
	PROBED("UFFDIO_WRITEPROTECT_off.nothing_protected_device_reads",
	       "protection_vma 1", FALSE_),
	PROBED("mprotect_R_half.THP_device_reads", "clear 1, protection_vma 1", FALSE_),
	PROBED("MADV_DONTNEED_one_page.THP_device_reads", "clear 2", EITHER),
	PROBED("MADV_COLLAPSE.device_reads", "clear 1", TRUE_),
	PROBED("MADV_COLLAPSE.again_device_reads", "none", EITHER),
	PROBED("device_marks.device_maps_none", "exclusive 1", EITHER),
	PROBED("CPU_read.exclusive", "clear 1", TRUE_, .before = "exclusive 1",
	       .until = 615),
	PROBED("CPU_write.exclusive", "clear 1", TRUE_, .before = "exclusive 1",
	       .until = 615),

	READ("NUMA_balancing.device_reads", "protection_vma *", EITHER),
	READ("PAGEMAP_SCAN_WP.again_device_reads", "protection_vma 1", FALSE_),
	READ("KSM.16_pages_alike_device_reads", "clear *", EITHER),
	READ("KSM.16_pages_unlike_device_reads", "clear *", FALSE_,
	     .why = "the trees are searched first: only a page that has found its like is write-protected"),
	READ("fsync.again_file_that_is_written_back_device_reads", "protection_page *",
	     FALSE_),
	READ("MADV_COLLAPSE.shmem_device_reads", "clear 1", TRUE_,
	     .why = "collapse_file() unmaps each page by itself before retract_page_tables()"),
	READ("UFFDIO_MOVE.device_reads", "clear *", TRUE_),
	READ("uprobe_on.device_reads", "clear *", TRUE_),
	READ("uprobe_off.device_reads", "clear *", EITHER),
	READ("move_pages.device_reads", "clear 16", TRUE_),
	READ("mbind.device_reads", "clear 16", TRUE_),
	READ("ftruncate.shmem_device_reads", "clear *", EITHER),
	READ("hole_punch.again_shmem", "clear *", FALSE_),
};

const size_t predictions_nr = sizeof(predictions) / sizeof(*predictions);

const char *const predicted_events[] = {
	"unmap", "clear", "protection_vma", "protection_page", "soft_dirty",
	"release", "migrate", "exclusive",
};

const size_t predicted_nr_events = sizeof(predicted_events) / sizeof(*predicted_events);

const char *predicted_says(const struct prediction *p, const char *line)
{
	unsigned int major, minor;
	const char *digits = line + strcspn(line, "0123456789");

	if (p->before && sscanf(digits, "%u.%u", &major, &minor) == 2 &&
	    major * 100 + minor < p->until)
		return p->before;
	return p->says;
}

bool predicted_match(const char *says, const char *events)
{
	size_t n = strlen(says);
	char stem[64];

	if (!n || says[n - 1] != '*')
		return !strcmp(says, events);
	snprintf(stem, sizeof(stem), "%.*s", (int)n - 1, says);
	return strstr(events, stem);
}
