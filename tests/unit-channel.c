// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/vm/channel.c: what goes in comes out, in pieces of any size; and a frame
 * that was damaged, lost or cut in any way is never taken for a whole one.
 */
#include "../lib/rng.h"
#include "../lib/tap.h"
#include "../lib/vm/channel.h"
#include "child.h"

#define HEAD sizeof(struct channel_head)

/* CRC-32 bit by bit, as it is defined. */
static uint32_t crc_by_hand(const unsigned char *p, size_t len)
{
	uint32_t crc = ~0U;
	int bit;

	for (; len; len--) {
		crc ^= *p++;
		for (bit = 0; bit < 8; bit++)
			crc = crc & 1 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
	}
	return ~crc;
}

static void test_crc(void)
{
	unsigned char data[300];
	bool good = true, parts = true;
	struct rng r;
	size_t i, len;

	rng_init(&r, 1, "crc", 0);
	for (i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)rng_next(&r);
	tap_eq(channel_crc(0, "123456789", 9), 0xcbf43926, "the check value of CRC-32");
	for (i = 0; i < 16; i++)
		for (len = 0; len < 200; len++) {
			uint32_t want = crc_by_hand(data + i, len);
			uint32_t half = channel_crc(0, data + i, len / 3);

			good &= channel_crc(0, data + i, len) == want;
			parts &= channel_crc(half, data + i + len / 3,
					     len - len / 3) == want;
		}
	tap_ok(good, "every length at every alignment, against the definition");
	tap_ok(parts, "in two parts as in one");
}

/* Frames as bytes: sent to a memfd and read from it. Caller frees. */
struct stream {
	unsigned char *bytes;
	size_t len;
};

#define FRAMES 40

/* Payload of frame i: of every size up to the greatest, and empty. */
static size_t payload_len(int i)
{
	return i == 7 ? CHANNEL_MAX : i % 5 ? (size_t)i * i * 40 : 0;
}

static unsigned char payload_byte(int i, size_t at)
{
	return (unsigned char)(i * 31 + at * 7 + at / 251);
}

static enum channel_type frame_type(int i)
{
	return CHANNEL_HELLO + i % CHANNEL_VERDICT;
}

static struct stream make_stream(int frames)
{
	static unsigned char payload[CHANNEL_MAX];
	struct channel_writer w = { .fd = memfd_create("channel", MFD_CLOEXEC) };
	struct stream s;
	bool good = true;
	int i;

	for (i = 0; i < frames; i++) {
		size_t len = payload_len(i), at;
		struct iovec iov[3] = {
			{ payload, len / 3 },
			{ payload + len / 3, 0 },
			{ payload + len / 3, len - len / 3 },
		};

		for (at = 0; at < len; at++)
			payload[at] = payload_byte(i, at);
		good &= !channel_send(&w, frame_type(i), iov, 3);
	}
	if (!good)
		tap_ok(false, "frames are sent");
	s.len = (size_t)lseek(w.fd, 0, SEEK_END);
	s.bytes = malloc(s.len);
	if (pread(w.fd, s.bytes, s.len, 0) != (ssize_t)s.len)
		exit(2);
	close(w.fd);
	return s;
}

static bool frame_is(const struct channel_frame *f, int i)
{
	size_t at;

	if (f->type != frame_type(i) || f->len != payload_len(i))
		return false;
	for (at = 0; at < f->len; at++)
		if (f->payload[at] != payload_byte(i, at))
			return false;
	return true;
}

/* Reads the stream in pieces; frames that came whole and right, and in *end
 * what the reader said at last. -1: a wrong frame was taken for a right one.
 */
static int read_stream(const unsigned char *bytes, size_t len, size_t piece,
		       int *end)
{
	static struct channel_reader r;
	struct channel_frame f;
	int n = 0;

	memset(&r, 0, sizeof(r));
	*end = 0;
	while (len) {
		unsigned char *room;
		size_t fits;

		room = channel_room(&r, &fits);
		if (fits > piece)
			fits = piece;
		if (fits > len)
			fits = len;
		if (!fits)
			return n;	/* it waits for ever */
		memcpy(room, bytes, fits);
		channel_fed(&r, fits);
		bytes += fits;
		len -= fits;
		while ((*end = channel_next(&r, &f)) > 0)
			if (!frame_is(&f, n++))
				return -1;
		if (*end < 0)
			return n;
	}
	return n;
}

static void test_round_trip(const struct stream *s)
{
	static const size_t pieces[] = { 7, 64, 1000, 4096, 65536, 1 << 20 };
	size_t i;
	int end;

	for (i = 0; i < sizeof(pieces) / sizeof(*pieces); i++)
		tap_ok(read_stream(s->bytes, s->len, pieces[i], &end) == FRAMES && !end,
		       "%d frames come whole in pieces of %zu", FRAMES, pieces[i]);
}

static void test_cut(void)
{
	struct stream s = make_stream(4);	/* 0, 40, 160, 360 bytes */
	size_t ends[4], at = 0, len;
	bool good = true;
	int i, end;

	for (i = 0; i < 4; i++)
		ends[i] = at += HEAD + payload_len(i) + 4;
	for (len = 0; len < s.len; len++) {
		int want = 0;

		for (i = 0; i < 4; i++)
			want += len >= ends[i];
		good &= read_stream(s.bytes, len, 4096, &end) == want && !end;
	}
	tap_ok(good, "a stream cut anywhere gives its whole frames and waits for more");
	free(s.bytes);
}

/* Each bit of a small stream. The reader may wait for more (a longer length) or
 * call it damaged, but no frame after the damage may come out.
 */
static void test_flipped_bits(void)
{
	struct stream s = make_stream(4);
	size_t bit, at;
	int end, n, wrong = 0, caught_now = 0;

	for (bit = 0; bit < s.len * 8; bit++) {
		int before = 0;

		for (at = 0; at < 4; at++) {
			size_t e = 0;
			int i;

			for (i = 0; i <= (int)at; i++)
				e += HEAD + payload_len(i) + 4;
			before += bit / 8 >= e;
		}
		s.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		n = read_stream(s.bytes, s.len, 4096, &end);
		s.bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
		wrong += n != before;
		caught_now += end == -EBADMSG;
	}
	tap_eq(wrong, 0, "each of all bits flipped: no damaged frame is taken, none before it lost");
	tap_ok(caught_now > (int)s.len * 7, "and it is called damaged at once (%d of %zu bits)",
	       caught_now, s.len * 8);
	free(s.bytes);
}

/* The second of four frames is lost, doubled, or swapped with the third. */
static void test_order(void)
{
	struct stream s = make_stream(4);
	size_t a = HEAD + payload_len(0) + 4, b = a + HEAD + payload_len(1) + 4;
	unsigned char *twice = malloc(2 * s.len);
	int end;

	memcpy(twice, s.bytes, a);
	memcpy(twice + a, s.bytes + b, s.len - b);
	tap_ok(read_stream(twice, s.len - (b - a), 4096, &end) == 1 && end == -EBADMSG,
	       "a lost frame is seen");
	memcpy(twice, s.bytes, b);
	memcpy(twice + b, s.bytes + a, s.len - a);
	tap_ok(read_stream(twice, s.len + (b - a), 4096, &end) == 2 && end == -EBADMSG,
	       "a doubled frame is seen");
	memset(twice, 0, s.len);
	tap_ok(read_stream(twice, s.len, 4096, &end) == 0 && end == -EBADMSG,
	       "zeros, a hole in a file, are no frame");
	free(twice);
	free(s.bytes);
}

static void test_garbage(void)
{
	static unsigned char noise[100000];
	int i, end, taken = 0, undecided = 0;
	struct rng r;
	size_t at;

	rng_init(&r, 4, "garbage", 0);
	for (i = 0; i < 200; i++) {
		for (at = 0; at < sizeof(noise); at += 8) {
			uint64_t x = rng_next(&r);

			memcpy(noise + at, &x, 8);
		}
		taken += read_stream(noise, sizeof(noise), 4096, &end) != 0;
		undecided += end != -EBADMSG;
	}
	tap_ok(!taken && !undecided, "noise is damage, two hundred times");
}

/* A head that promises too much must not fill the buffer and wait. */
static void test_bad_heads(void)
{
	static const struct {
		const char *what;
		struct channel_head head;
	} heads[] = {
		{ "another magic", { CHANNEL_MAGIC + 1, CHANNEL_OUT, 0, 4 } },
		{ "type 0", { CHANNEL_MAGIC, CHANNEL_NONE, 0, 4 } },
		{ "a type of the future", { CHANNEL_MAGIC, CHANNEL_VERDICT + 1, 0, 4 } },
		{ "a negative type", { CHANNEL_MAGIC, -1U, 0, 4 } },
		{ "another sequence", { CHANNEL_MAGIC, CHANNEL_OUT, 1, 4 } },
		{ "a length above the greatest", { CHANNEL_MAGIC, CHANNEL_OUT, 0, CHANNEL_MAX + 1 } },
		{ "a length of 4 GiB", { CHANNEL_MAGIC, CHANNEL_OUT, 0, -1U } },
	};
	size_t i;
	int end;

	for (i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		tap_ok(!read_stream((const unsigned char *)&heads[i].head, HEAD, HEAD, &end) &&
		       end == -EBADMSG, "%s is refused by its head", heads[i].what);
}

static void test_send_errors(void)
{
	static char big[CHANNEL_MAX + 1];
	struct channel_writer w = { .fd = memfd_create("channel", MFD_CLOEXEC) };
	struct iovec most = { big, CHANNEL_MAX }, more = { big, CHANNEL_MAX + 1 };
	struct iovec two[2] = { { big, CHANNEL_MAX }, { big, 1 } };

	tap_eq(channel_send(&w, CHANNEL_OUT, &more, 1), -EMSGSIZE, "too much for a frame");
	tap_eq(channel_send(&w, CHANNEL_OUT, two, 2), -EMSGSIZE, "also in two pieces");
	tap_ok(!lseek(w.fd, 0, SEEK_END) && !w.seq, "... sends nothing and uses no number");
	tap_eq(channel_send(&w, CHANNEL_OUT, &most, 1), 0, "the most there is room for goes");
	close(w.fd);
	w.fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	tap_eq(channel_send(&w, CHANNEL_OUT, &most, 1), -ENOSPC, "an error of the port is told");
	close(w.fd);
}

int main(void)
{
	struct stream s = make_stream(FRAMES);

	test_crc();
	test_round_trip(&s);
	test_cut();
	test_flipped_bits();
	test_order();
	test_garbage();
	test_bad_heads();
	test_send_errors();
	free(s.bytes);
	return tap_done();
}
