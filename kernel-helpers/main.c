// SPDX-License-Identifier: GPL-2.0-only
/*
 * hmmstorm.ko: counts what MMU notifiers, HMM and device-exclusive memory do
 * for the processes that ask. The device node and its calls; uapi/hmmstorm.h
 * says what each does.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "clock.h"
#include "delay.h"
#include "intervals.h"
#include "mirror.h"
#include "probe.h"
#include "truth.h"

/* One open file. */
struct hs_file {
	struct hs_mm *hm; /* NULL until ATTACH; set once */
	struct hs_mirror *mirror; /* NULL until MIRROR; set once */
	struct hs_page *page; /* NULL until it is mapped; set once */
	struct hs_intervals intervals;
};

/* The node is 0600; whoever widens it still needs the capability. */
static int hs_open_file(struct inode *inode, struct file *file)
{
	struct hs_file *f;

	if (!capable(CAP_SYS_ADMIN))
		return -EPERM;
	f = kzalloc_obj(*f, GFP_KERNEL_ACCOUNT);
	if (!f)
		return -ENOMEM;
	hs_intervals_init(&f->intervals);
	file->private_data = f;
	return nonseekable_open(inode, file);
}

static int hs_close_file(struct inode *inode, struct file *file)
{
	struct hs_file *f = file->private_data;

	hs_delay_drop(f);
	hs_intervals_close(&f->intervals);
	hs_mirror_close(f->mirror);
	hs_page_free(f->page);
	if (f->hm)
		hs_mm_detach(f->hm);
	kfree(f);
	return 0;
}

static long get_version(void __user *to)
{
	struct hmmstorm_version v = {
		.abi = HMMSTORM_ABI,
		.nr_counters = HS_NR_COUNTERS,
		.nr_histograms = HS_NR_HISTS,
		.nr_probes = hs_nr_probes,
	};

	return copy_to_user(to, &v, sizeof(v)) ? -EFAULT : 0;
}

static long attach(struct hs_file *f, const void __user *from)
{
	struct hmmstorm_attach a;

	if (copy_from_user(&a, from, sizeof(a)))
		return -EFAULT;
	if (a.pad || a.flags & ~HMMSTORM_ATTACH_FLAGS)
		return -EINVAL;
	return hs_mm_attach(&f->hm, a.flags);
}

static void put_metric(struct hmmstorm_desc *d, const struct hs_metric *m)
{
	d->kind = m->kind;
	strscpy(d->name, m->name, sizeof(d->name));
	strscpy(d->unit, m->unit, sizeof(d->unit));
	strscpy(d->text, m->text, sizeof(d->text));
}

static void put_probe(struct hmmstorm_desc *d, const struct hs_probe *p)
{
	d->error = p->error;
	d->missed = hs_probe_missed(p);
	strscpy(d->name, p->placed ?: p->function, sizeof(d->name));
	strscpy(d->unit, p->means ?: "-", sizeof(d->unit));
	strscpy(d->text, p->text, sizeof(d->text));
}

static bool fill_desc(struct hmmstorm_desc *d)
{
	char name[HMMSTORM_NAME_LEN];
	struct hs_metric m;

	switch (d->what) {
	case HMMSTORM_COUNTER:
		if (!hs_counter_describe(d->index, &m, name))
			return false;
		put_metric(d, &m);
		return true;
	case HMMSTORM_HISTOGRAM:
		if (!hs_hist_describe(d->index, &m))
			return false;
		put_metric(d, &m);
		return true;
	case HMMSTORM_PROBE:
		if (d->index >= hs_nr_probes)
			return false;
		put_probe(d, &hs_probes[d->index]);
		return true;
	}
	return false;
}

static long get_desc(void __user *arg)
{
	struct hmmstorm_desc in, out = {};

	if (copy_from_user(&in, arg, sizeof(in)))
		return -EFAULT;
	out.what = in.what;
	out.index = in.index;
	if (!fill_desc(&out))
		return -EINVAL;
	return copy_to_user(arg, &out, sizeof(out)) ? -EFAULT : 0;
}

static bool read_is_valid(const struct hmmstorm_read *r)
{
	if (r->scope < HMMSTORM_MINE || r->scope > HMMSTORM_PID)
		return false;
	return r->scope == HMMSTORM_PID ? r->pid && r->pid <= S32_MAX : !r->pid;
}

/* Gives what was read to the caller; there were nr values. */
static long put_values(struct hmmstorm_read __user *arg,
		       struct hmmstorm_read *r, const u64 *value, u32 nr)
{
	if (copy_to_user(u64_to_user_ptr(r->values), value,
			 array_size(min(nr, r->nr), sizeof(*value))))
		return -EFAULT;
	r->nr = nr;
	return copy_to_user(arg, r, sizeof(*r)) ? -EFAULT : 0;
}

static long read_values(struct hs_file *f, struct hmmstorm_read __user *arg,
			bool histogram)
{
	u32 nr = histogram ? HMMSTORM_HIST_BUCKETS : HS_NR_COUNTERS;
	/* pairs with hs_mm_attach(): another thread may attach just now */
	struct hs_mm *mine = READ_ONCE(f->hm);
	struct hmmstorm_read r;
	u64 *value;
	long ret;

	if (copy_from_user(&r, arg, sizeof(r)))
		return -EFAULT;
	if (!read_is_valid(&r) || r.index >= (histogram ? HS_NR_HISTS : 1))
		return -EINVAL;
	value = kcalloc(nr, sizeof(*value), GFP_KERNEL);
	if (!value)
		return -ENOMEM;
	r.ktime_ns = ktime_get_ns();
	if (histogram)
		ret = hs_mm_histogram(mine, r.scope, r.pid, r.index, value);
	else
		ret = hs_mm_snapshot(mine, r.scope, r.pid, value);
	if (!ret)
		ret = put_values(arg, &r, value, nr);
	kfree(value);
	return ret;
}

/* Another thread may make it just now; pairs with hs_mirror_create(). */
static struct hs_mirror *mirror_of(struct hs_file *f)
{
	return smp_load_acquire(&f->mirror); /* see above */
}

static int hs_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct hs_file *f = file->private_data;

	if (vma->vm_pgoff == HMMSTORM_MMAP_COUNTERS >> PAGE_SHIFT)
		return hs_page_mmap(&f->page, READ_ONCE(f->hm), vma);
	return hs_mirror_mmap(mirror_of(f), vma);
}

static long set_truth(struct hs_mm *hm, const void __user *arg)
{
	return hs_mm_watch(hm) ?: hs_truth_set(hm, arg);
}

static long hs_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct hs_file *f = file->private_data;
	void __user *p = (void __user *)arg;

	switch (cmd) {
	case HMMSTORM_IOC_VERSION:
		return get_version(p);
	case HMMSTORM_IOC_ATTACH:
		return attach(f, p);
	case HMMSTORM_IOC_DESC:
		return get_desc(p);
	case HMMSTORM_IOC_SNAPSHOT:
		return read_values(f, p, false);
	case HMMSTORM_IOC_HIST:
		return read_values(f, p, true);
	case HMMSTORM_IOC_MIRROR:
		return hs_mirror_create(&f->mirror, p);
	case HMMSTORM_IOC_ENTER:
		return hs_mirror_enter(mirror_of(f), p);
	case HMMSTORM_IOC_POLICY:
		return hs_mirror_policy(mirror_of(f), p);
	case HMMSTORM_IOC_TRUTH:
		return set_truth(READ_ONCE(f->hm), p);
	case HMMSTORM_IOC_DELAY:
		return hs_delay_set(f, p);
	case HMMSTORM_IOC_INTERVALS:
		return hs_intervals_set(&f->intervals, p);
	}
	return -ENOTTY;
}

/* owner: the module stays while a file is open, hence while anyone is attached */
static const struct file_operations hs_fops = {
	.owner = THIS_MODULE,
	.open = hs_open_file,
	.release = hs_close_file,
	.unlocked_ioctl = hs_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = hs_mmap,
};

static struct miscdevice hs_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = HMMSTORM_DEVICE,
	.mode = 0600,
	.fops = &hs_fops,
};

static int __init hs_init(void)
{
	int ret;

	hs_clock_init();
	ret = hs_probes_init();
	if (ret)
		return ret;
	hs_debugfs_init();
	ret = misc_register(&hs_device);
	if (ret)
		goto exit_debugfs;
	return 0;
exit_debugfs:
	hs_debugfs_exit();
	hs_probes_exit();
	return ret;
}

static void __exit hs_exit(void)
{
	misc_deregister(&hs_device);
	hs_debugfs_exit();
	hs_probes_exit();
	/* no more users: what lingers, ends */
	static_key_deferred_flush(&hs_attached);
	static_key_deferred_flush(&hs_truth_on);
	static_key_deferred_flush(&hs_delays_on);
}

module_init(hs_init);
module_exit(hs_exit);

MODULE_DESCRIPTION("Counts MMU notifier, HMM and device-exclusive events");
MODULE_AUTHOR("hmmstorm authors");
MODULE_LICENSE("GPL");
