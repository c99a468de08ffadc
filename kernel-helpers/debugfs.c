// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/hmmstorm: total, histograms, probes, cost, mm/<pid> as text,
 * for people and shell scripts. mm/<pid>.<n> if the process attached again after exec. And
 * warn, which raises a WARN when it is written to.
 *
 * mm/<pid> takes no lock: debugfs_remove() waits for its readers while it holds
 * the directory's inode lock, which debugfs_create_file() needs too.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "probe.h"

static struct dentry *root, *mms;

static void print_values(struct seq_file *m, const u64 *value)
{
	char name[HMMSTORM_NAME_LEN];
	struct hs_metric c;
	u32 i;

	for (i = 0; hs_counter_describe(i, &c, name); i++)
		seq_printf(m, "%s %llu %s\n", c.name, value[i], c.unit);
}

static int total_show(struct seq_file *m, void *unused)
{
	u64 *value = kcalloc(HS_NR_COUNTERS, sizeof(*value), GFP_KERNEL);
	int ret;

	if (!value)
		return -ENOMEM;
	ret = hs_mm_snapshot(NULL, HMMSTORM_TOTAL, 0, value);
	if (!ret)
		print_values(m, value);
	kfree(value);
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(total);

static int mm_show(struct seq_file *m, void *unused)
{
	u64 *value = kcalloc(HS_NR_COUNTERS, sizeof(*value), GFP_KERNEL);

	if (!value)
		return -ENOMEM;
	hs_mm_values(m->private, value);
	print_values(m, value);
	kfree(value);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(mm);

/* Percentiles that so many samples bear: METHODOLOGY.md, section 3. */
static const struct {
	unsigned int per_10000, least;
} percentiles[] = { { 5000, 6 }, { 9000, 36 }, { 9900, 368 }, { 9990, 3688 } };

static void print_percentiles(struct seq_file *m, const u64 *bucket, u64 n)
{
	u64 below, want;
	unsigned int i;
	u32 b;

	for (i = 0; i < ARRAY_SIZE(percentiles); i++) {
		if (n < percentiles[i].least) {
			seq_puts(m, " -");
			continue;
		}
		want = div_u64(n * percentiles[i].per_10000 + 9999, 10000);
		for (b = 0, below = bucket[0]; below < want; below += bucket[b])
			b++;
		seq_printf(m, " %llu", (hmmstorm_hist_low(b) +
					hmmstorm_hist_high(b)) / 2);
	}
}

static void print_histogram(struct seq_file *m, const char *name,
			    const u64 *bucket)
{
	u32 b, last = 0;
	u64 n = 0;

	for (b = 0; b < HMMSTORM_HIST_BUCKETS; b++) {
		n += bucket[b];
		if (bucket[b])
			last = b;
	}
	seq_printf(m, "%s %llu", name, n);
	print_percentiles(m, bucket, n);
	if (n)
		seq_printf(m, " %llu\n", hmmstorm_hist_high(last));
	else
		seq_puts(m, " -\n");
}

/* name count p50 p90 p99 p99.9 max, in ns; of all attached since loading */
static int histograms_show(struct seq_file *m, void *unused)
{
	u64 *bucket = kvcalloc(HMMSTORM_HIST_BUCKETS, sizeof(u64), GFP_KERNEL);
	struct hs_metric h;
	int ret = 0;
	u32 i;

	if (!bucket)
		return -ENOMEM;
	for (i = 0; !ret && hs_hist_describe(i, &h); i++) {
		memset(bucket, 0, HMMSTORM_HIST_BUCKETS * sizeof(u64));
		ret = hs_mm_histogram(NULL, HMMSTORM_TOTAL, 0, i, bucket);
		if (!ret)
			print_histogram(m, h.name, bucket);
	}
	kvfree(bucket);
	return ret;
}
DEFINE_SHOW_ATTRIBUTE(histograms);

DEFINE_SHOW_ATTRIBUTE(hs_cost);

/* function means missed what; an errno number where there is no means */
static int probes_show(struct seq_file *m, void *unused)
{
	unsigned int i;

	for (i = 0; i < hs_nr_probes; i++) {
		const struct hs_probe *p = &hs_probes[i];

		if (p->error)
			seq_printf(m, "%s error %d %s\n", p->function, p->error,
				   p->text);
		else
			seq_printf(m, "%s %s %lu %s\n", p->placed, p->means,
				   hs_probe_missed(p), p->text);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(probes);

void hs_debugfs_add(struct hs_mm *hm)
{
	char name[32];

	if (hm->instance)
		snprintf(name, sizeof(name), "%d.%u", hm->tgid, hm->instance);
	else
		snprintf(name, sizeof(name), "%d", hm->tgid);
	hm->dentry = debugfs_create_file(name, 0400, mms, hm, &mm_fops);
}

void hs_debugfs_remove(struct hs_mm *hm)
{
	debugfs_remove(hm->dentry);
}

/*
 * A canary for whoever watches the kernel log: a real WARN, on demand. panic
 * follows if the kernel runs with panic_on_warn.
 */
static ssize_t warn_write(struct file *file, const char __user *text,
			  size_t len, loff_t *pos)
{
	WARN(1, "hmmstorm: this WARN was asked for by debugfs\n");
	return len;
}

static const struct file_operations warn_fops = {
	.owner = THIS_MODULE,
	.write = warn_write,
};

/* No debugfs, no text: nothing else depends on it. */
void hs_debugfs_init(void)
{
	root = debugfs_create_dir("hmmstorm", NULL);
	mms = debugfs_create_dir("mm", root);
	debugfs_create_file("total", 0400, root, NULL, &total_fops);
	debugfs_create_file("histograms", 0400, root, NULL, &histograms_fops);
	debugfs_create_file("cost", 0400, root, NULL, &hs_cost_fops);
	debugfs_create_file("probes", 0400, root, NULL, &probes_fops);
	debugfs_create_file("warn", 0200, root, NULL, &warn_fops);
}

void hs_debugfs_exit(void)
{
	debugfs_remove(root);
}
