/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where workers run (hwloc) and where memory lies (libnuma).
 */
#ifndef HMMSTORM_TOPO_H
#define HMMSTORM_TOPO_H

#include <stddef.h>

enum topo_place {
	PLACE_ANY,		/* first touch decides */
	PLACE_LOCAL,		/* on the node of the first worker */
	PLACE_REMOTE,		/* on the node farthest from it */
	PLACE_INTERLEAVE,
};

struct topo;

/* -errno if hwloc cannot read this machine. */
int topo_open(struct topo **t);
void topo_close(struct topo *t);
unsigned int topo_cores(const struct topo *t);
unsigned int topo_cpus(const struct topo *t);
unsigned int topo_nodes(const struct topo *t);
/* Pins the calling thread to the CPU of worker i: one worker a core first, then
 * the cores' second threads. Returns the CPU's number, or -errno.
 */
int topo_pin(const struct topo *t, unsigned int worker);
/* Name of the place worker i runs at, as "core 0 cpu 0 node 0". */
void topo_name(const struct topo *t, unsigned int worker, char *buf, size_t len);
/* Binds [addr, addr+len) before first touch. -EOPNOTSUPP: PLACE_REMOTE on a
 * machine of one node.
 */
int topo_place(const struct topo *t, void *addr, size_t len,
	       enum topo_place place);
/* -1: not a placement's name. */
int topo_parse(const char *name);

#endif
