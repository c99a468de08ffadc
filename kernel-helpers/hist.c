// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of histograms, and their sums. Buckets: uapi/hmmstorm.h.
 */
#include <linux/kernel.h>

#include "hmmstorm.h"

static const struct hs_metric hists[HS_NR_HISTS] = {
	[HS_HIST_INV] = {
		.name = "inv_ns",
		.unit = "ns",
		.kind = HMMSTORM_CUMULATIVE,
		.text = "an invalidation, from our start callback to our end callback",
	},
	[HS_HIST_READ_BEGIN_WAIT] = {
		.name = "read_begin_wait_ns",
		.unit = "ns",
		.kind = HMMSTORM_CUMULATIVE,
		.text = "mmu_interval_read_begin() when it slept, from call to return",
	},
	[HS_HIST_DEVICE_FAULT] = {
		.name = "device_fault_ns",
		.unit = "ns",
		.kind = HMMSTORM_CUMULATIVE,
		.text = "a fault of the mirror device, all attempts, from miss to entry",
	},
	[HS_HIST_CPU_RESTORE] = {
		.name = "cpu_restore_ns",
		.unit = "ns",
		.kind = HMMSTORM_CUMULATIVE,
		.text = "do_swap_page() on a device-exclusive entry: the CPU fault's restore",
	},
};

/**
 * hs_hist_describe - what a histogram is
 * @index: which
 * @m: filled in
 *
 * Return: false if there is no such histogram.
 */
bool hs_hist_describe(u32 index, struct hs_metric *m)
{
	if (index >= HS_NR_HISTS)
		return false;
	*m = hists[index];
	return true;
}

/* See hs_counts_fold() for why no lock is needed. */
void hs_hist_fold(u64 *bucket, const struct hs_hist __percpu *hist)
{
	int cpu, i;

	for_each_possible_cpu(cpu) {
		const struct hs_hist *h = per_cpu_ptr(hist, cpu);

		for (i = 0; i < HMMSTORM_HIST_BUCKETS; i++)
			bucket[i] += READ_ONCE(h->bucket[i]);
	}
}
