// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include "delay.h"
#include "probe.h"
void hs_restore_mark(bool on);
#include "pte.h"
#include "truth.h"
DEFINE_STATIC_KEY_FALSE(hs_delays_on);
void hs_delay_slow(enum hmmstorm_window w, bool s) {}
void hs_delay_drop(const void *o) {}
void hs_truth_begin(const struct mm_struct *mm, const struct mmu_notifier_range *r) {}
void hs_restore_mark(bool on) {}
