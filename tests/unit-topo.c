// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/topo.c on this machine: pinning is asked back from the scheduler, placing
 * from the kernel's policy of the memory.
 */
#include <numa.h>
#include <numaif.h>
#include <sched.h>

#include "../lib/topo.h"
#include "../lib/tap.h"
#include "child.h"

#define BYTES (64UL << 12)

static void test_pin(const struct topo *t, unsigned int cpus)
{
	unsigned int seen[CPU_SETSIZE] = { 0 }, i, distinct = 0;
	bool pinned = true, named = true, moved = true;

	for (i = 0; i < 2 * cpus; i++) {
		int cpu = topo_pin(t, i), core, node;
		unsigned int named_cpu;
		char name[64];
		cpu_set_t set;

		sched_getaffinity(0, sizeof(set), &set);
		pinned &= cpu >= 0 && CPU_COUNT(&set) == 1 && CPU_ISSET(cpu, &set);
		sched_yield();
		moved &= sched_getcpu() == cpu;
		topo_name(t, i, name, sizeof(name));
		named &= sscanf(name, "core %d cpu %u node %d", &core, &named_cpu, &node) == 3 &&
			 (int)named_cpu == cpu;
		if (i < cpus && cpu >= 0 && !seen[cpu]++)
			distinct++;
		if (i >= cpus)
			pinned &= cpu >= 0 && seen[cpu];
	}
	tap_ok(pinned, "a pinned worker may run on the CPU that was told, and no other");
	tap_ok(moved, "and runs there");
	tap_ok(named, "its place's name tells the same CPU");
	tap_eq(distinct, cpus, "the first workers get a CPU each");
	tap_ok(topo_pin(t, 1000003) >= 0, "any number of workers finds a place");
}

/* Cores first: no two of the first workers share a core. */
static void test_cores_first(const struct topo *t)
{
	unsigned int i, a, b, clashes = 0;
	int core[CPU_SETSIZE];
	char name[64];

	for (i = 0; i < topo_cores(t); i++) {
		topo_name(t, i, name, sizeof(name));
		core[i] = atoi(name + 5);
	}
	for (a = 0; a < topo_cores(t); a++)
		for (b = 0; b < a; b++)
			clashes += core[a] == core[b];
	tap_eq(clashes, 0, "one worker a core before the second threads");
}

static void check_place(const struct topo *t, enum topo_place place, int want,
			const char *name)
{
	void *p = mmap(NULL, BYTES, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned long nodes[64] = { 0 };
	int mode = -1;

	tap_ok(!topo_place(t, p, BYTES, place), "memory is placed %s", name);
	if (get_mempolicy(&mode, nodes, sizeof(nodes) * 8, p, MPOL_F_ADDR))
		tap_skip(name, "this kernel has no memory policies");
	else
		tap_ok((mode & 0xff) == want, "... by the policy for it (%d)", mode);
	memset(p, 1, BYTES);
	munmap(p, BYTES);
}

static void test_place(const struct topo *t)
{
	char page[64];

	check_place(t, PLACE_ANY, MPOL_DEFAULT, "anywhere");
	if (numa_available() < 0) {
		tap_skip("local and interleaved", "this kernel has no NUMA");
		tap_eq(topo_place(t, page, sizeof(page), PLACE_REMOTE), -EOPNOTSUPP,
		       "remote needs NUMA");
		return;
	}
	check_place(t, PLACE_INTERLEAVE, MPOL_INTERLEAVE, "interleaved");
	check_place(t, PLACE_LOCAL, MPOL_BIND, "local");
	if (topo_nodes(t) > 1)
		check_place(t, PLACE_REMOTE, MPOL_BIND, "remote");
	else
		tap_eq(topo_place(t, page, sizeof(page), PLACE_REMOTE), -EOPNOTSUPP,
		       "remote needs a second node");
}

static void test_parse(void)
{
	tap_eq(topo_parse("any"), PLACE_ANY, "any");
	tap_eq(topo_parse("local"), PLACE_LOCAL, "local");
	tap_eq(topo_parse("remote"), PLACE_REMOTE, "remote");
	tap_eq(topo_parse("interleave"), PLACE_INTERLEAVE, "interleave");
	tap_ok(topo_parse("") < 0 && topo_parse("Local") < 0 && topo_parse("loca") < 0,
	       "no other name is a placement");
}

int main(void)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct topo *t = NULL;

	if (!tap_ok(!topo_open(&t), "the machine is read"))
		return tap_done();
	tap_eq(topo_cpus(t), cpus, "it has the CPUs that the C library counts");
	tap_ok(topo_cores(t) >= 1 && topo_cores(t) <= topo_cpus(t), "and at most as many cores");
	tap_ok(topo_nodes(t) >= 1, "and a node");
	test_pin(t, topo_cpus(t));
	test_cores_first(t);
	test_place(t);
	test_parse();
	topo_close(t);
	topo_close(NULL);
	return tap_done();
}
