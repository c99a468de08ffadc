/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one road out of the guest: frames over a virtio serial port.
 *
 * The guest's PID 1 (init.c) writes them, the host's watcher (watch.c) reads
 * them from the file QEMU stores them in. Data flows one way only: nothing of
 * the host's speed reaches the guest, which deterministic mode depends on.
 *
 * A frame is head, payload, CRC32 of both. Both sides are x86-64 and little
 * endian. The sequence number shows a lost frame, the CRC a damaged one; there
 * is no resynchronisation, since a channel that lost a byte proves nothing.
 */
#ifndef HMMSTORM_VM_CHANNEL_H
#define HMMSTORM_VM_CHANNEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define CHANNEL_MAGIC 0x4d545348u
#define CHANNEL_ABI 1
#define CHANNEL_MAX 65536 /* payload bytes in one frame, file header included */

/* The port's name in the guest, and where bytes go if there is none. */
#define CHANNEL_PORT "/dev/vport0p1"
#define CHANNEL_TTY "/dev/ttyS1"

/* What init writes to the kernel log when the command has ended. The host keeps
 * the log up to here: the shutdown after it waits for emulated hardware, whose
 * answers come when the host has time, to within a microsecond or so.
 */
#define CHANNEL_LOG_END "hmmstorm: end of the run"

enum channel_type {
	CHANNEL_NONE, /* 0 is never valid: a hole in a file reads as zeros */
	CHANNEL_HELLO, /* u32 ABI: init runs and has its mounts */
	CHANNEL_OUT, /* bytes of the command's standard output */
	CHANNEL_ERR, /* bytes of the command's standard error, or init's own words */
	CHANNEL_DIR, /* channel_file: a directory with its mode */
	CHANNEL_FILE, /* channel_file + data: bytes at offset; offset 0 starts anew */
	CHANNEL_FILE_END, /* channel_file: final size in offset, CRC of the whole */
	CHANNEL_GONE, /* channel_file: a file sent before does not exist any more */
	CHANNEL_PROGRESS, /* one line of text for a terminal */
	CHANNEL_VERDICT, /* i32 exit status, i32 signal or 0: always the last frame */
};

struct channel_head {
	uint32_t magic;
	uint32_t type;
	uint32_t seq;
	uint32_t len;
};

/* Starts the payload of DIR, FILE, FILE_END and GONE; the path follows it,
 * relative to /results and without a terminating zero, then the data.
 */
struct channel_file {
	uint64_t offset;
	uint32_t mode;
	uint32_t crc;
	uint32_t path_len;
	uint32_t pad;
};

struct channel_frame {
	enum channel_type type;
	uint32_t len;
	const unsigned char *payload;
};

struct channel_writer {
	int fd;
	uint32_t seq;
};

struct channel_reader {
	unsigned char buf[2 * (CHANNEL_MAX + 64)];
	size_t start; /* first byte not yet parsed */
	size_t fill; /* bytes in buf */
	uint32_t seq;
};

/* CRC-32 as in zlib; begin with 0, feed the result back in. */
uint32_t channel_crc(uint32_t crc, const void *data, size_t len);

/* Write one frame whose payload is the pieces of iov. 0 or -errno. */
int channel_send(struct channel_writer *w, enum channel_type type, const struct iovec *iov, int nr);

/* Where to put the next bytes read, and how many fit. */
unsigned char *channel_room(struct channel_reader *r, size_t *len);
void channel_fed(struct channel_reader *r, size_t len);

/* 1 and a frame, 0 when more bytes are needed, -EBADMSG when damaged. The
 * frame's payload stands until the next call of channel_room().
 */
int channel_next(struct channel_reader *r, struct channel_frame *f);

#endif
