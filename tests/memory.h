/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of devices: memory that no device and no huge page has to do with.
 */
#ifndef HMMSTORM_TEST_MEMORY_H
#define HMMSTORM_TEST_MEMORY_H

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* In place of old, which is as long or NULL; every byte is this one. */
static inline char *memory_renew(char *old, size_t bytes, int byte)
{
	char *mem;

	if (old)
		munmap(old, bytes);
	mem = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (mem == MAP_FAILED)
		exit(1);
	madvise(mem, bytes, MADV_NOHUGEPAGE);
	memset(mem, byte, bytes);
	return mem;
}

#endif
