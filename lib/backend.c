// SPDX-License-Identifier: GPL-2.0-only
/* Finds backends in their linker section and orders them by name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend.h"

extern const struct backend_ops *const __start_hmmstorm_backends[];
extern const struct backend_ops *const __stop_hmmstorm_backends[];

static const struct backend_ops *sorted[32];
static size_t nr_sorted;

static int by_name(const void *a, const void *b)
{
	const struct backend_ops *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

size_t backend_count(void)
{
	const struct backend_ops *const *p = __start_hmmstorm_backends;

	if (!nr_sorted) {
		for (; p < __stop_hmmstorm_backends; p++)
			if (nr_sorted < sizeof(sorted) / sizeof(*sorted))
				sorted[nr_sorted++] = *p;
		qsort(sorted, nr_sorted, sizeof(*sorted), by_name);
	}
	return nr_sorted;
}

const struct backend_ops *backend_at(size_t i)
{
	return i < backend_count() ? sorted[i] : NULL;
}

const struct backend_ops *backend_find(const char *name)
{
	size_t i;

	for (i = 0; i < backend_count(); i++)
		if (!strcmp(sorted[i]->name, name))
			return sorted[i];
	return NULL;
}

int backend_open(const struct backend_ops *ops, struct device **dev, char *why,
		 size_t len)
{
	int ret = ops->probe(why, len);

	if (ret)
		return ret;
	ret = ops->open(dev);
	if (ret) {
		strncpy(why, strerror(-ret), len - 1);
		why[len - 1] = 0;
		return ret;
	}
	(*dev)->ops = ops;
	return 0;
}

int backend_set_policy(struct device *dev, const char *policy, char *why,
		       size_t len)
{
	int ret = 0;

	if (dev->ops->set_policy)
		ret = dev->ops->set_policy(dev, policy ? policy : "lazy");
	else if (policy && strcmp(policy, "lazy"))
		ret = -EOPNOTSUPP;
	if (ret == -EINVAL)
		snprintf(why, len, "no policy \"%s\": lazy, eager, adaptive, hold:US (to 100000) or deferred:US:PAGES",
			 policy);
	else if (ret)
		snprintf(why, len, "backend %s has no policy but lazy; the mirror backends do",
			 dev->ops->name);
	return ret;
}

static const char *const op_names[NR_DEVICE_OPS] = {
	[DEVICE_ADD] = "add",
	[DEVICE_SUB] = "sub",
	[DEVICE_AND] = "and",
	[DEVICE_OR] = "or",
	[DEVICE_XOR] = "xor",
	[DEVICE_MIN] = "min",
	[DEVICE_MAX] = "max",
	[DEVICE_XCHG] = "xchg",
	[DEVICE_CAS] = "cas",
};

const char *device_op_name(enum device_op op)
{
	return op < NR_DEVICE_OPS ? op_names[op] : "?";
}

uint64_t device_op_apply(enum device_op op, uint64_t old, uint64_t operand,
			 uint64_t compare)
{
	switch (op) {
	case DEVICE_ADD:
		return old + operand;
	case DEVICE_SUB:
		return old - operand;
	case DEVICE_AND:
		return old & operand;
	case DEVICE_OR:
		return old | operand;
	case DEVICE_XOR:
		return old ^ operand;
	case DEVICE_MIN:
		return operand < old ? operand : old;
	case DEVICE_MAX:
		return operand > old ? operand : old;
	case DEVICE_XCHG:
		return operand;
	case DEVICE_CAS:
		return old == compare ? operand : old;
	default:
		return old;
	}
}
