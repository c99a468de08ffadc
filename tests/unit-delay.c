// SPDX-License-Identifier: GPL-2.0-only
/*
 * lib/delay.c: what a command line says is what the module is asked for, and
 * nonsense is refused in words that name it. The module itself is in the lab
 * (tests/lab-mirror.sh).
 */
#include <errno.h>
#include <string.h>

#include "../lib/counters.h"
#include "../lib/delay.h"
#include "../lib/tap.h"

static const struct {
	const char *text;
	unsigned int window, kind;
	unsigned long long amount;
	uint32_t probability;
	const char *symbol;
} good[] = {
	{ "read_begin:pause:1", HMMSTORM_WINDOW_READ_BEGIN, HMMSTORM_DELAY_PAUSE, 1, UINT32_MAX, "" },
	{ "exclusive:spin:10000000", HMMSTORM_WINDOW_EXCLUSIVE, HMMSTORM_DELAY_SPIN, 10000000, UINT32_MAX, "" },
	{ "retry:pause:1000000:1", HMMSTORM_WINDOW_RETRY, HMMSTORM_DELAY_PAUSE, 1000000, UINT32_MAX, "" },
	{ "mapped:yield:1000:0.5", HMMSTORM_WINDOW_MAPPED, HMMSTORM_DELAY_YIELD, 1000, 1U << 31, "" },
	{ "invalidate:preempt:10000000:.25", HMMSTORM_WINDOW_INVALIDATE, HMMSTORM_DELAY_PREEMPT, 10000000, 1U << 30, "" },
	{ "restore:pause:7:1e-12", HMMSTORM_WINDOW_RESTORE, HMMSTORM_DELAY_PAUSE, 7, 1, "" },
	{ "do_swap_page:spin:5:0.99999999999", HMMSTORM_WINDOW_SYMBOL, HMMSTORM_DELAY_SPIN, 5, UINT32_MAX, "do_swap_page" },
	{ "_f.isra.0:pause:5:1.0", HMMSTORM_WINDOW_SYMBOL, HMMSTORM_DELAY_PAUSE, 5, UINT32_MAX, "_f.isra.0" },
};

static void test_good(void)
{
	struct delays all = { 0 };
	char why[200];
	size_t i;

	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		const struct hmmstorm_delay *d = &all.delay[i];

		tap_ok(!delays_add(&all, good[i].text, why, sizeof(why)) &&
		       all.nr == i + 1 && d->window == good[i].window &&
		       d->kind == good[i].kind && d->amount == good[i].amount &&
		       d->probability == good[i].probability && !d->pad &&
		       !strcmp(d->symbol, good[i].symbol), "%s", good[i].text);
	}
	tap_ok(!strncmp(delays_text(&all), "read_begin:pause:1,exclusive:spin:10000000,retry:", 49),
	       "the text for the records: %s", delays_text(&all));
}

static const struct {
	const char *text, *says;
} bad[] = {
	{ "", "WINDOW:KIND" },
	{ "retry", "WINDOW:KIND" },
	{ "retry:pause", "WINDOW:KIND" },
	{ "retry:pause:1:1:1", "WINDOW:KIND" },
	{ ":pause:1", "''" },
	{ "9lives:pause:1", "'9lives'" },
	{ "a,b:pause:1", "'a,b'" },
	{ "a_name_of_64_characters_which_is_one_more_than_the_kernel_can_take:pause:1", "'a_name" },
	{ "retry::1", "''" },
	{ "retry:none:1", "'none'" },
	{ "retry:pause:", "''" },
	{ "retry:pause:0", "1 to 1000000 PAUSE" },
	{ "retry:pause:1000001", "'1000001'" },
	{ "retry:pause:18446744073709551617", "'18446744073709551617'" },
	{ "retry:spin:10000001", "1 to 10000000 ns" },
	{ "retry:preempt:10000001", "1 to 10000000 ns" },
	{ "retry:yield:1001", "1 to 1000 yields" },
	{ "retry:pause:-1", "'-1'" },
	{ "retry:pause:+1", "'+1'" },
	{ "retry:pause: 1", "' 1'" },
	{ "retry:pause:1x", "'1x'" },
	{ "retry:pause:1:", "''" },
	{ "retry:pause:1:0", "'0'" },
	{ "retry:pause:1:1.01", "'1.01'" },
	{ "retry:pause:1:-0.5", "'-0.5'" },
	{ "retry:pause:1:nan", "'nan'" },
	{ "retry:pause:1:0.5x", "'0.5x'" },
	{ "retry:pause:1:0.00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000005", "too long" },
	{ "mapped:pause:2", "already" },
};

static void test_bad(void)
{
	struct delays d = { 0 };
	char why[300];
	size_t i;

	delays_add(&d, "mapped:pause:1", why, sizeof(why));
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		why[0] = 0;
		tap_ok(delays_add(&d, bad[i].text, why, sizeof(why)) == -EINVAL &&
		       strstr(why, bad[i].says) && !strchr(why, '\n') && d.nr == 1,
		       "'%s' is refused: %s", bad[i].text, why);
	}
	tap_ok(!strcmp(delays_text(&d), "mapped:pause:1"), "what was refused leaves no trace");
}

static void test_many(void)
{
	struct delays d = { 0 };
	char text[40], why[200] = "";
	unsigned int i;
	int ret = 0;

	tap_ok(!strcmp(delays_text(&d), "-"), "no delay is \"-\"");
	tap_ok(!delays_begin(&d, 1, why, sizeof(why)) && !d.fd, "... and needs no module");
	for (i = 0; i < HMMSTORM_DELAY_SYMBOLS && !ret; i++) {
		snprintf(text, sizeof(text), "function_%u:pause:1", i);
		ret = delays_add(&d, text, why, sizeof(why));
	}
	tap_ok(!ret && d.nr == HMMSTORM_DELAY_SYMBOLS, "as many functions as the module takes");
	tap_ok(delays_add(&d, "one_more:pause:1", why, sizeof(why)) == -EINVAL &&
	       strstr(why, "functions"), "not one more: %s", why);
	tap_eq(delays_add(&d, "retry:pause:1", why, sizeof(why)), 0, "a window all the same");
}

static void test_truth(void)
{
	static const char *const names[] = { "off", "mirror", "cpu" };
	int i;

	for (i = 0; i < 3; i++)
		tap_ok(counters_parse_truth(names[i]) == i &&
		       !strcmp(counters_truth_name((enum hmmstorm_truth_kind)i), names[i]),
		       "truth %s", names[i]);
	tap_eq(counters_parse_truth("on"), -EINVAL, "truth on: there is no such");
}

int main(void)
{
	test_good();
	test_bad();
	test_many();
	test_truth();
	return tap_done();
}
