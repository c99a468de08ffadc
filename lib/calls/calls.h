/* SPDX-License-Identifier: GPL-2.0-only */
/* Of the table's own files: what a call is made of. */
#ifndef HMMSTORM_CALLS_CALLS_H
#define HMMSTORM_CALLS_CALLS_H

#include <errno.h>

#include "../backend.h"
#include "../calls.h"

#define PAGE BACKEND_PAGE_SIZE
#define NPAGES 16UL
#define HUGE_PAGES 512UL
#define HUGE (HUGE_PAGES * PAGE)
#define AT ((char *)0x200000000000)
#define ELSEWHERE ((char *)0x200080000000)

static inline int status(long ret)
{
	return ret < 0 ? -errno : 0;
}

/* memory.c */
int call_map(struct call_run *c);
void call_unmap(struct call_run *c);
const char *call_memory_missing(enum call_kind kind);
int device_part(struct call_run *c, enum call_device part);

/* crowd.c */
int crowd_prepare(struct call_run *c);
int crowd_run(struct call_run *c);
void crowd_finish(struct call_run *c);

/* protect.c */
int protect_same(struct call_run *c);
int protect_read(struct call_run *c);
int protect_none(struct call_run *c);
int protect_exec(struct call_run *c);
int protect_some(struct call_run *c);
int protect_half(struct call_run *c);
int protect_second(struct call_run *c);
int uffd_watch(struct call_run *c);
int uffd_unwatch(struct call_run *c);
int uffd_open(struct call_run *c);
int uffd_protect(struct call_run *c);
int uffd_watch_protect(struct call_run *c);
int uffd_unprotect(struct call_run *c);
int uffd_make_room(struct call_run *c);
int uffd_move(struct call_run *c);
int scan_prepare(struct call_run *c);
int scan_protect(struct call_run *c);
int scan_twice(struct call_run *c);

/* advise.c */
int advise_dontneed(struct call_run *c);
int advise_dontneed_one(struct call_run *c);
int advise_free(struct call_run *c);
int advise_free_write(struct call_run *c);
int advise_cold(struct call_run *c);
int advise_pageout(struct call_run *c);
int advise_willneed(struct call_run *c);
int advise_populate_read(struct call_run *c);
int advise_populate_write(struct call_run *c);
int advise_guard(struct call_run *c);
int advise_unguard(struct call_run *c);
int advise_collapse(struct call_run *c);
int advise_remove(struct call_run *c);
int advise_huge(struct call_run *c);
int advise_dontfork(struct call_run *c);
int advise_mergeable(struct call_run *c);

/* map.c */
int map_unmap(struct call_run *c);
int map_unmap_some(struct call_run *c);
int map_over(struct call_run *c);
int map_move(struct call_run *c);
int map_move_keep(struct call_run *c);
int map_grow(struct call_run *c);
int map_shrink(struct call_run *c);
int map_lock(struct call_run *c);
int map_look(struct call_run *c);
int map_sync(struct call_run *c);
int file_truncate(struct call_run *c);
int file_punch(struct call_run *c);
int file_sync(struct call_run *c);

/* task.c */
int task_fork(struct call_run *c);
int task_share(struct call_run *c);
int task_write_one(struct call_run *c);
int task_read_one(struct call_run *c);
int task_write_all(struct call_run *c);
int task_mark_one(struct call_run *c);
int task_clear_dirty(struct call_run *c);
int task_clear_young(struct call_run *c);
int task_child_to_exit(struct call_run *c);
int task_child_to_exec(struct call_run *c);
int task_wake_child(struct call_run *c);

/* place.c: by the kernel's threads, and between nodes */
int place_move_pages(struct call_run *c);
int place_mbind(struct call_run *c);
int place_migrate(struct call_run *c);
int place_compact(struct call_run *c);
int place_balance(struct call_run *c);

/* kernel.c: KSM and uprobes */
int ksm_alike(struct call_run *c);
int ksm_unlike(struct call_run *c);
int ksm_scan(struct call_run *c);
int probe_make(struct call_run *c);
int probe_on(struct call_run *c);
int probe_make_on(struct call_run *c);
int probe_off(struct call_run *c);
void probe_end(struct call_run *c);

#endif
