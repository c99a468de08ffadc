// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "counters.h"
#include "delay.h"
#include "device_node.h"
#include "helper.h"
#include "rng.h"

static const char *const windows[HMMSTORM_WINDOWS] = {
	[HMMSTORM_WINDOW_READ_BEGIN] = "read_begin",
	[HMMSTORM_WINDOW_EXCLUSIVE] = "exclusive",
	[HMMSTORM_WINDOW_RETRY] = "retry",
	[HMMSTORM_WINDOW_MAPPED] = "mapped",
	[HMMSTORM_WINDOW_INVALIDATE] = "invalidate",
	[HMMSTORM_WINDOW_RESTORE] = "restore",
};

static const struct {
	const char *name;
	enum hmmstorm_delay_kind kind;
	unsigned long long most;
	const char *unit;
} kinds[] = {
	{ "spin", HMMSTORM_DELAY_SPIN, HMMSTORM_DELAY_NS_MAX, "ns" },
	{ "pause", HMMSTORM_DELAY_PAUSE, HMMSTORM_DELAY_PAUSES_MAX,
	  "PAUSE instructions" },
	{ "yield", HMMSTORM_DELAY_YIELD, HMMSTORM_DELAY_YIELDS_MAX, "yields" },
	{ "preempt", HMMSTORM_DELAY_PREEMPT, HMMSTORM_DELAY_NS_MAX, "ns" },
};

/* A window of ours, or what can be the name of a function. */
static bool parse_window(const char *name, struct hmmstorm_delay *d)
{
	const char *p;
	unsigned int i;

	for (i = 0; i < HMMSTORM_WINDOWS; i++) {
		if (!strcmp(name, windows[i])) {
			d->window = i;
			return true;
		}
	}
	for (p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '_' && *p != '.')
			return false;
	if (p == name || isdigit((unsigned char)*name) ||
	    (size_t)(p - name) >= sizeof(d->symbol))
		return false;
	d->window = HMMSTORM_WINDOW_SYMBOL;
	strcpy(d->symbol, name);
	return true;
}

/* Index into kinds, or -1. */
static int parse_kind(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(name, kinds[i].name))
			return (int)i;
	return -1;
}

static bool parse_amount(const char *text, unsigned long long most, __u64 *to)
{
	char *end;

	errno = 0;
	*to = strtoull(text, &end, 10);
	return isdigit((unsigned char)*text) && !*end && !errno && *to >= 1 &&
	       *to <= most;
}

/* In 2^-32, and never 0, which is no delay at all. */
static bool parse_probability(const char *text, __u32 *to)
{
	char *end;
	double p = strtod(text, &end);

	if ((!isdigit((unsigned char)*text) && *text != '.') || *end ||
	    !(p > 0) || p > 1)
		return false;
	*to = p * 0x1p32 >= UINT32_MAX ? UINT32_MAX : (uint32_t)(p * 0x1p32);
	if (!*to)
		*to = 1;
	return true;
}

__attribute__((format(printf, 3, 4)))
static int refuse(char *why, size_t len, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, len, fmt, ap);
	va_end(ap);
	return -EINVAL;
}

/* copy is divided at its colons. */
static int parse(char *copy, struct hmmstorm_delay *d, char *why, size_t len)
{
	char *window = strsep(&copy, ":"), *name = strsep(&copy, ":");
	char *amount = strsep(&copy, ":"), *probability = strsep(&copy, ":");
	int kind;

	if (!amount || copy)
		return refuse(why, len, "a delay is " DELAY_USAGE);
	if (!parse_window(window, d))
		return refuse(why, len, "no window '%s': read_begin, exclusive, retry, mapped, invalidate, restore, or a kernel function's name",
			      window);
	kind = parse_kind(name);
	if (kind < 0)
		return refuse(why, len, "no kind of delay '%s': spin, pause, yield or preempt",
			      name);
	d->kind = kinds[kind].kind;
	if (!parse_amount(amount, kinds[kind].most, &d->amount))
		return refuse(why, len, "%s takes 1 to %llu %s, not '%s'", name,
			      kinds[kind].most, kinds[kind].unit, amount);
	d->probability = UINT32_MAX;
	if (probability && !parse_probability(probability, &d->probability))
		return refuse(why, len, "a probability is above 0 and at most 1, not '%s'",
			      probability);
	return 0;
}

static bool is_same_window(const struct hmmstorm_delay *a,
			   const struct hmmstorm_delay *b)
{
	return a->window == b->window && !strcmp(a->symbol, b->symbol);
}

/* Whether there is room for the new one, in the module too. */
static int check(const struct delays *d, const struct hmmstorm_delay *new,
		 const char *text, char *why, size_t len)
{
	unsigned int symbols = new->window == HMMSTORM_WINDOW_SYMBOL;
	size_t i;

	for (i = 0; i < d->nr; i++) {
		symbols += d->delay[i].window == HMMSTORM_WINDOW_SYMBOL;
		if (is_same_window(&d->delay[i], new))
			return refuse(why, len, "'%s': that window has a delay already",
				      text);
	}
	if (symbols > HMMSTORM_DELAY_SYMBOLS)
		return refuse(why, len, "more than %u kernel functions", HMMSTORM_DELAY_SYMBOLS);
	return 0;
}

int delays_add(struct delays *d, const char *text, char *why, size_t len)
{
	struct hmmstorm_delay new = { 0 };
	size_t n = strlen(d->text);
	char copy[128];
	int ret;

	if (strlen(text) >= sizeof(copy) ||
	    strlen(text) + 2 > sizeof(d->text) - n)
		return refuse(why, len, "'%s' is too long", text);
	strcpy(copy, text);
	ret = parse(copy, &new, why, len);
	if (!ret)
		ret = check(d, &new, text, why, len);
	if (ret)
		return ret;
	d->delay[d->nr++] = new;
	snprintf(d->text + n, sizeof(d->text) - n, "%s%s", n ? "," : "", text);
	return 0;
}

static const char *window_name(const struct hmmstorm_delay *d)
{
	return d->window == HMMSTORM_WINDOW_SYMBOL ? d->symbol :
						     windows[d->window];
}

static int explain(int error, const struct hmmstorm_delay *d, char *why,
		   size_t len)
{
	const char *text = strerror(-error);

	if (error == -ENOENT)
		text = "this kernel has no such function that can be probed";
	else if (error == -EINVAL)
		text = "no probe may stand on this function";
	else if (error == -EBUSY)
		text = "another process delays there already";
	else if (error == -EOPNOTSUPP)
		text = "this kernel is built without CONFIG_KPROBES";
	else if (error == -ENOTTY)
		text = "the loaded module hmmstorm knows no delays: unload it (rmmod hmmstorm), build and load it again";
	snprintf(why, len, "no delay at %s: %s", window_name(d), text);
	return error;
}

int delays_begin(struct delays *d, uint64_t seed, char *why, size_t len)
{
	uint64_t stream = seed;
	size_t i;
	int ret;

	if (!d->nr)
		return 0;
	ret = module_load(HMMSTORM_DEVICE, NULL);
	d->fd = ret ? ret : helper_open(NULL);
	if (d->fd < 0) {
		snprintf(why, len, "no delays: %s", counters_strerror(d->fd));
		ret = d->fd;
		d->fd = 0;
		return ret;
	}
	for (i = 0; i < d->nr; i++) {
		d->delay[i].seed = rng_mix(&stream);
		if (!ioctl(d->fd, HMMSTORM_IOC_DELAY, &d->delay[i]))
			continue;
		ret = explain(-errno, &d->delay[i], why, len);
		delays_end(d);
		return ret;
	}
	return 0;
}

void delays_end(struct delays *d)
{
	if (d->fd)
		close(d->fd);
	d->fd = 0;
}

const char *delays_text(const struct delays *d)
{
	return d->nr ? d->text : "-";
}
