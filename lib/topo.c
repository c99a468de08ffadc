// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <hwloc.h>
#include <numa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo.h"

struct topo {
	hwloc_topology_t hw;
	unsigned int cores, cpus, nodes;
};

int topo_open(struct topo **t)
{
	struct topo *new = calloc(1, sizeof(*new));

	if (!new)
		return -ENOMEM;
	if (hwloc_topology_init(&new->hw)) {
		free(new);
		return -errno;
	}
	if (hwloc_topology_load(new->hw)) {
		topo_close(new);
		return -EIO;
	}
	new->cores = (unsigned int)hwloc_get_nbobjs_by_type(new->hw,
							    HWLOC_OBJ_CORE);
	new->cpus = (unsigned int)hwloc_get_nbobjs_by_type(new->hw,
							   HWLOC_OBJ_PU);
	new->nodes = numa_available() < 0 ? 1 : (unsigned int)numa_num_configured_nodes();
	if (!new->cores)
		new->cores = new->cpus;
	*t = new;
	return 0;
}

void topo_close(struct topo *t)
{
	if (!t)
		return;
	hwloc_topology_destroy(t->hw);
	free(t);
}

unsigned int topo_cores(const struct topo *t)
{
	return t->cores;
}

unsigned int topo_cpus(const struct topo *t)
{
	return t->cpus;
}

unsigned int topo_nodes(const struct topo *t)
{
	return t->nodes;
}

/* Worker i's PU: the (i / cores)-th thread of core i % cores. */
static hwloc_obj_t place_of(const struct topo *t, unsigned int worker)
{
	hwloc_obj_t core = hwloc_get_obj_by_type(t->hw, HWLOC_OBJ_CORE,
						 worker % t->cores);
	unsigned int nr, nth = worker / t->cores;

	if (!core)
		return hwloc_get_obj_by_type(t->hw, HWLOC_OBJ_PU,
					     worker % t->cpus);
	nr = (unsigned int)hwloc_get_nbobjs_inside_cpuset_by_type(t->hw,
								  core->cpuset,
								  HWLOC_OBJ_PU);
	return hwloc_get_obj_inside_cpuset_by_type(t->hw, core->cpuset,
						   HWLOC_OBJ_PU,
						   nr ? nth % nr : 0);
}

int topo_pin(const struct topo *t, unsigned int worker)
{
	hwloc_obj_t pu = place_of(t, worker);

	if (!pu)
		return -ENODEV;
	if (hwloc_set_cpubind(t->hw, pu->cpuset, HWLOC_CPUBIND_THREAD))
		return -errno;
	return (int)pu->os_index;
}

void topo_name(const struct topo *t, unsigned int worker, char *buf, size_t len)
{
	hwloc_obj_t pu = place_of(t, worker), core;

	if (!pu) {
		snprintf(buf, len, "nowhere");
		return;
	}
	core = hwloc_get_ancestor_obj_by_type(t->hw, HWLOC_OBJ_CORE, pu);
	snprintf(buf, len, "core %u cpu %u node %d",
		 core ? core->logical_index : pu->logical_index, pu->os_index,
		 hwloc_bitmap_first(pu->nodeset));
}

static int farthest_node(int from)
{
	int node, best = -1, far = 0;

	for (node = 0; node <= numa_max_node(); node++) {
		if (!numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned int)node) ||
		    node == from)
			continue;
		if (numa_distance(from, node) > far) {
			far = numa_distance(from, node);
			best = node;
		}
	}
	return best;
}

int topo_place(const struct topo *t, void *addr, size_t len,
	       enum topo_place place)
{
	hwloc_obj_t pu = place_of(t, 0);
	int node;

	if (place == PLACE_ANY || numa_available() < 0)
		return place == PLACE_REMOTE ? -EOPNOTSUPP : 0;
	node = pu ? hwloc_bitmap_first(pu->nodeset) : 0;
	if (place == PLACE_INTERLEAVE) {
		numa_interleave_memory(addr, len, numa_all_nodes_ptr);
		return 0;
	}
	if (place == PLACE_REMOTE)
		node = farthest_node(node);
	if (node < 0)
		return -EOPNOTSUPP;
	numa_tonode_memory(addr, len, node);
	return 0;
}

int topo_parse(const char *name)
{
	static const char *const names[] = { "any", "local", "remote",
					     "interleave" };
	int i;

	for (i = 0; i < 4; i++)
		if (!strcmp(name, names[i]))
			return i;
	return -1;
}
