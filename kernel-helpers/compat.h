/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only file that knows kernel versions; Kbuild forces it into every other.
 * The module is written for the newest kernel; older ones are taught its API
 * here, oldest last, so that raising the floor deletes a tail. Where the code
 * itself must differ it asks for a named ability (HS_HAS_X).
 */
#ifndef HS_COMPAT_H
#define HS_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "hmmstorm needs Linux 6.1 or newer"
#endif

#include <linux/fprobe.h>
#include <linux/ftrace.h>
#include <linux/kprobes.h>
#include <linux/slab.h>

#ifndef CONFIG_64BIT
#error "hmmstorm needs a 64-bit kernel: its counters are read without a lock"
#endif
#ifndef CONFIG_MMU_NOTIFIER
#error "hmmstorm needs CONFIG_MMU_NOTIFIER (set by KVM, HMM_MIRROR, ...)"
#endif

/* The cheapest way to see a call and its arguments. */
#ifdef CONFIG_DYNAMIC_FTRACE_WITH_ARGS
#define HS_HAS_FTRACE_ARGS
#endif

/*
 * Entry and exit paired, with room for data between them. 6.1 has the fprobe
 * but not the room, and 6.4 to 6.5 changed the handlers' types twice.
 */
#if defined(CONFIG_FPROBE) && LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
#define HS_HAS_FPROBE
#endif

/*
 * Since 6.14 fprobe stands on the function graph tracer: its handlers get
 * ftrace_regs, and there is no pool of return instances to size.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#define hs_fprobe_regs ftrace_regs
#define hs_fprobe_argument(regs, n) ftrace_regs_get_argument(regs, n)
#define hs_fprobe_return_value(regs) ftrace_regs_get_return_value(regs)
#define hs_fprobe_set_pool(fp, n) ((void)(fp), (void)(n))
#else
#define hs_fprobe_regs pt_regs
#define hs_fprobe_argument(regs, n) regs_get_kernel_argument(regs, n)
#define hs_fprobe_return_value(regs) regs_return_value(regs)
#define hs_fprobe_set_pool(fp, n) ((fp)->nr_maxactive = (n))
#endif

/* Allocation by object came with 7.0. */
#ifndef kzalloc_obj
#define kzalloc_obj(object, gfp) kzalloc(sizeof(object), gfp)
#define kmalloc_obj(object, gfp) kmalloc(sizeof(object), gfp)
#define kvzalloc_obj(object, gfp) kvzalloc(sizeof(object), gfp)
#endif

/* 6.1 has no accessor for the arguments; its ftrace_regs holds a pt_regs. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define ftrace_regs_get_argument(fregs, n) \
	regs_get_kernel_argument(&(fregs)->regs, n)
#endif

/* Entries that are no page: renamed in 6.19. 6.1 and 6.12 have two exclusive
 * types, one helper for both.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 19, 0)
#include <linux/leafops.h>
#define hs_pte_is_exclusive(pte) \
	softleaf_is_device_exclusive(softleaf_from_pte(pte))
#define hs_pte_swap_pfn(pte) softleaf_to_pfn(softleaf_from_pte(pte))
#else
#include <linux/swap.h>
#include <linux/swapops.h>
#define hs_pte_is_exclusive(pte) \
	is_device_exclusive_entry(pte_to_swp_entry(pte))
#define hs_pte_swap_pfn(pte) swp_offset_pfn(pte_to_swp_entry(pte))
#endif

/* The bit of userfaultfd in a non-present entry serves more than write protection
 * since 7.3.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
#include <linux/userfaultfd_k.h>
#define pte_swp_uffd(pte) pte_swp_uffd_wp(pte)
#endif

/* 6.1 calls a leaf large. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define hs_pmd_leaf(pmd) pmd_large(pmd)
#define hs_pud_leaf(pud) pud_large(pud)
#else
#define hs_pmd_leaf(pmd) pmd_leaf(pmd)
#define hs_pud_leaf(pud) pud_leaf(pud)
#endif

/* Since 6.3. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
#define vm_flags_set(vma, flags) ((void)((vma)->vm_flags |= (flags)))
#define vm_flags_clear(vma, flags) ((void)((vma)->vm_flags &= ~(flags)))
#endif

/* One page, pinned. The array of VMAs went with 6.5. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 5, 0)
#define hs_pin_page(mm, addr, flags, page) \
	pin_user_pages_remote(mm, addr, 1, flags, page, NULL, NULL)
#else
#define hs_pin_page(mm, addr, flags, page) \
	pin_user_pages_remote(mm, addr, 1, flags, page, NULL)
#endif

/*
 * Device-exclusive memory. Since 6.15 one page a call; before, a range, which
 * says by NULL that a page was contended or refused.
 */
#ifdef CONFIG_DEVICE_PRIVATE
#define HS_HAS_EXCLUSIVE
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
#define HS_EXCLUSIVE_HEAD_ONLY 0
#define hs_make_exclusive(mm, addr, owner, foliop) \
	make_device_exclusive(mm, addr, owner, foliop)
#else
#define HS_EXCLUSIVE_HEAD_ONLY 1
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/rmap.h>
static inline struct page *hs_make_exclusive(struct mm_struct *mm,
					     unsigned long addr, void *owner,
					     struct folio **foliop)
{
	struct page *page = NULL;
	int n;

	n = make_device_exclusive_range(mm, addr, addr + PAGE_SIZE, &page, owner);
	if (n < 0)
		return ERR_PTR(n);
	if (!n || !page)
		return ERR_PTR(-EBUSY);
	*foliop = page_folio(page);
	return page;
}
#endif
#else
#define HS_EXCLUSIVE_HEAD_ONLY 0
#endif

#endif /* HS_COMPAT_H */
