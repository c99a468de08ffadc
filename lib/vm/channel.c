// SPDX-License-Identifier: GPL-2.0-only
/* Frames between guest and host: see channel.h. */
#include "channel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define CRC_SLICES 8

static uint32_t crc_table[CRC_SLICES][256];

static void crc_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
		crc_table[0][i] = c;
	}
	for (int s = 1; s < CRC_SLICES; s++)
		for (uint32_t i = 0; i < 256; i++) {
			uint32_t c = crc_table[s - 1][i];

			crc_table[s][i] = crc_table[0][c & 255] ^ (c >> 8);
		}
}

/*
 * Eight bytes a step: under TCG each guest instruction costs several host ones,
 * and every result byte passes here three times (frame, file, check at the end).
 */
uint32_t channel_crc(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;

	if (!crc_table[0][1])
		crc_init();
	crc = ~crc;
	for (; len >= 8; len -= 8, p += 8) {
		uint64_t w;

		memcpy(&w, p, 8);
		w ^= crc;
		crc = crc_table[7][w & 255] ^ crc_table[6][(w >> 8) & 255] ^
		      crc_table[5][(w >> 16) & 255] ^ crc_table[4][(w >> 24) & 255] ^
		      crc_table[3][(w >> 32) & 255] ^ crc_table[2][(w >> 40) & 255] ^
		      crc_table[1][(w >> 48) & 255] ^ crc_table[0][w >> 56];
	}
	for (; len; len--)
		crc = crc_table[0][(crc ^ *p++) & 255] ^ (crc >> 8);
	return ~crc;
}

static int write_all(int fd, const unsigned char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		len -= n;
	}
	return 0;
}

int channel_send(struct channel_writer *w, enum channel_type type, const struct iovec *iov, int nr)
{
	static unsigned char buf[sizeof(struct channel_head) + CHANNEL_MAX + sizeof(uint32_t)];
	struct channel_head head = {
		.magic = CHANNEL_MAGIC,
		.type = type,
		.seq = w->seq,
	};
	size_t fill = sizeof(head);
	uint32_t crc;

	for (int i = 0; i < nr; i++) {
		if (iov[i].iov_len > sizeof(head) + CHANNEL_MAX - fill)
			return -EMSGSIZE;
		memcpy(buf + fill, iov[i].iov_base, iov[i].iov_len);
		fill += iov[i].iov_len;
	}
	head.len = fill - sizeof(head);
	memcpy(buf, &head, sizeof(head));
	crc = channel_crc(0, buf, fill);
	memcpy(buf + fill, &crc, sizeof(crc));
	w->seq++;
	return write_all(w->fd, buf, fill + sizeof(crc));
}

unsigned char *channel_room(struct channel_reader *r, size_t *len)
{
	if (r->start) {
		memmove(r->buf, r->buf + r->start, r->fill - r->start);
		r->fill -= r->start;
		r->start = 0;
	}
	*len = sizeof(r->buf) - r->fill;
	return r->buf + r->fill;
}

void channel_fed(struct channel_reader *r, size_t len)
{
	r->fill += len;
}

int channel_next(struct channel_reader *r, struct channel_frame *f)
{
	const unsigned char *p = r->buf + r->start;
	size_t have = r->fill - r->start;
	struct channel_head head;
	uint32_t crc;

	if (have < sizeof(head))
		return 0;
	memcpy(&head, p, sizeof(head));
	if (head.magic != CHANNEL_MAGIC || head.seq != r->seq || head.len > CHANNEL_MAX ||
	    head.type == CHANNEL_NONE || head.type > CHANNEL_VERDICT)
		return -EBADMSG;
	if (have < sizeof(head) + head.len + sizeof(crc))
		return 0;
	memcpy(&crc, p + sizeof(head) + head.len, sizeof(crc));
	if (crc != channel_crc(0, p, sizeof(head) + head.len))
		return -EBADMSG;
	f->type = head.type;
	f->len = head.len;
	f->payload = p + sizeof(head);
	r->start += sizeof(head) + head.len + sizeof(crc);
	r->seq++;
	return 1;
}
