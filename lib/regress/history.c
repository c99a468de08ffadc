// SPDX-License-Identifier: GPL-2.0-only
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../alloc.h"
#include "../stats.h"
#include "history.h"
#include "side.h"

const struct history_fact history_facts[HISTORY_NR_FACTS] = {
	{ "kernel", false, true },
	{ "kernel_release", false, true },
	{ "kernel_version", false, false },
	{ "config", true, true },
	{ "config_hash", false, true },
	{ "mode", true, true },
	{ "accelerator", true, false },
	{ "cpu", true, false },
	{ "cpus", true, false },
	{ "memory", true, false },
	{ "numa", true, false },
	{ "thp", false, false },
	{ "qemu", false, false },
	{ "compiler", false, false },
	{ "initramfs", false, false },
	{ "hmmstorm_version", false, false },
};

const char *history_fact(const struct history_entry *e, const char *key)
{
	size_t i;

	for (i = 0; i < HISTORY_NR_FACTS; i++)
		if (!strcmp(history_facts[i].key, key))
			return e->fact[i];
	return "-";
}

static char *now(void)
{
	time_t t = time(NULL);
	struct tm tm;
	char text[32];

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&t, &tm));
	return must_copy(text);
}

static int set_facts(struct history_entry *e, const struct side *s)
{
	const char *value;
	size_t i;

	for (i = 0; i < HISTORY_NR_FACTS; i++) {
		value = side_env_all(s, history_facts[i].key);
		e->fact[i] = must_copy(value && *value ? value : "-");
	}
	for (i = 0; i < HISTORY_NR_FACTS; i++) {
		value = side_env(s, history_facts[i].key);
		if (!history_facts[i].is_one || !value || strcmp(value, "(differs)"))
			continue;
		fprintf(stderr, "hmmstorm: %s: its boots differ in %s (%s); an entry is of one kernel in one mode\n",
			s->path, history_facts[i].key, e->fact[i]);
		return -EINVAL;
	}
	return 0;
}

static void set_bench(struct history_bench *to, const struct side *s,
		      const struct side_bench *b)
{
	uint64_t low, high;
	double *v;

	*to = (struct history_bench){
		.key = must_copy(b->key), .metric = must_copy(b->metric),
		.unit = must_copy(b->unit), .gap = NAN, .low = NAN, .high = NAN, .n = b->n,
	};
	if (s->exact) {
		to->value = side_least(s, b, &to->gap);
		return;
	}
	side_values(s, b, &v);
	to->value = stats_median(v, b->n);
	if (stats_median_ranks(b->n, &low, &high)) {
		to->low = v[low - 1];
		to->high = v[high - 1];
	}
	free(v);
}

int history_of_side(struct history_entry *e, const struct side *s, const char *note,
		    const char *commit)
{
	size_t i;
	int ret;

	*e = (struct history_entry){
		.added = now(), .note = must_copy(note ? note : ""),
		.commit = must_copy(commit ? commit : ""), .exact = s->exact,
		.is_repetitions = s->is_repetitions, .nr_boots = s->nr_boots,
	};
	e->seeds = must(calloc(s->nr_boots + 1, sizeof(*e->seeds)));
	for (i = 0; i < s->nr_boots; i++)
		e->seeds[i] = must_print("%llu", (unsigned long long)s->boots[i].seed);
	ret = set_facts(e, s);
	e->bench = must(calloc(s->nr_bench + 1, sizeof(*e->bench)));
	for (i = 0; i < s->nr_bench && !ret; i++)
		if (s->bench[i].n)
			set_bench(&e->bench[e->nr_bench++], s, &s->bench[i]);
	if (ret)
		history_entry_free(e);
	return ret;
}

void history_entry_free(struct history_entry *e)
{
	size_t i;

	for (i = 0; i < e->nr_bench; i++) {
		free(e->bench[i].key);
		free(e->bench[i].metric);
		free(e->bench[i].unit);
	}
	for (i = 0; i < HISTORY_NR_FACTS; i++)
		free(e->fact[i]);
	for (i = 0; i < e->nr_boots; i++)
		free(e->seeds[i]);
	free(e->seeds);
	free(e->bench);
	free(e->file);
	free(e->added);
	free(e->note);
	free(e->commit);
	memset(e, 0, sizeof(*e));
}

/* "vm-deterministic-base-2-6G"; of what says none of it, "other". */
static char *file_of(const char *dir, const struct history_entry *e)
{
	static const char *const keys[] = { "mode", "config", "cpus", "memory" };
	char *name = must_copy(""), *next, *c;
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		const char *value = history_fact(e, keys[i]);

		if (!strcmp(value, "-"))
			continue;
		next = must_print("%s%s%s", name, *name ? "-" : "", value);
		free(name);
		name = next;
	}
	for (c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && *c != '_')
			*c = '-';
	next = must_print("%s/%s.jsonl", dir, *name ? name : "other");
	free(name);
	return next;
}

static int lock(int fd, int how)
{
	while (flock(fd, how))
		if (errno != EINTR)
			return -errno;
	return 0;
}

/* The whole file; caller frees, also if it fails. */
static int read_all(int fd, char **text, size_t *len)
{
	struct stat st;
	ssize_t n;

	*text = NULL;
	*len = 0;
	if (fstat(fd, &st))
		return -errno;
	*text = must(malloc((size_t)st.st_size + 1));
	while (*len < (size_t)st.st_size) {
		n = pread(fd, *text + *len, (size_t)st.st_size - *len, (off_t)*len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (!n)
			break;
		if (n > 0)
			*len += (size_t)n;
	}
	return 0;
}

static size_t line_length(const char *text, size_t left)
{
	const char *end = memchr(text, '\n', left);

	return end ? (size_t)(end - text) : left;
}

/* Bytes after the last newline. */
static size_t tail_of(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && text[len - 1 - n] != '\n')
		n++;
	return n;
}

/* A short write is gone on with: on a full disk the next says why. */
static int write_all(int fd, const char *text, size_t len)
{
	ssize_t n;

	while (len) {
		n = write(fd, text, len);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			text += n;
			len -= (size_t)n;
		}
	}
	return fsync(fd) ? -errno : 0;
}

/* What an interrupted add left at the end goes away; a line that lacks nothing but its
 * newline gets it. Returns the length to write after.
 */
static size_t mend(const char *path, const char *text, size_t len, bool *newline)
{
	size_t tail = tail_of(text, len);

	*newline = tail && history_is_whole(text + len - tail, tail);
	if (!tail || *newline)
		return len;
	fprintf(stderr, "hmmstorm: %s: took away %zu bytes of an interrupted add at its end\n",
		path, tail);
	return len - tail;
}

static bool is_there(const char *text, size_t len, const char *line, size_t line_len)
{
	size_t at, n;

	for (at = 0; at < len; at += n + 1) {
		n = line_length(text + at, len - at);
		if (history_same(text + at, n, line, line_len))
			return true;
	}
	return false;
}

/* Under the lock. text: the line with a newline in front, which an end without needs. */
static int append(int fd, const char *path, const char *text, size_t text_len, bool force)
{
	size_t len, end;
	char *before;
	bool newline;
	int ret;

	ret = read_all(fd, &before, &len);
	if (!ret && !force && is_there(before, len, text + 1, text_len - 2)) {
		fprintf(stderr, "hmmstorm: these results are in %s already; --force adds them once more\n",
			path);
		free(before);
		return -EEXIST;
	}
	if (!ret) {
		end = mend(path, before, len, &newline);
		if (end < len && ftruncate(fd, (off_t)end))
			ret = -errno;
		if (!ret)
			ret = write_all(fd, text + !newline, text_len - !newline);
		if (ret && ftruncate(fd, (off_t)end))
			fprintf(stderr, "hmmstorm: %s: cannot take back what was written of the entry: %s\n",
				path, strerror(errno));
	}
	if (ret)
		fprintf(stderr, "hmmstorm: cannot write %s: %s\n", path, strerror(-ret));
	free(before);
	return ret;
}

/* A new file is there after a crash only if its folder was written. */
static int sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), ret = 0;

	if (fd < 0 || fsync(fd))
		ret = -errno;
	if (fd >= 0)
		close(fd);
	if (ret)
		fprintf(stderr, "hmmstorm: cannot write %s: %s\n", dir, strerror(-ret));
	return ret;
}

static int open_locked(const char *dir, const char *path, int *fd)
{
	const char *failed = path;
	int ret = 0;

	*fd = -1;
	if (mkdir(dir, 0777) && errno != EEXIST) {
		ret = -errno;
		failed = dir;
	} else {
		*fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
		ret = *fd < 0 ? -errno : lock(*fd, LOCK_EX);
	}
	if (ret)
		fprintf(stderr, "hmmstorm: cannot write %s: %s\n", failed, strerror(-ret));
	return ret;
}

int history_append(const char *dir, const struct history_entry *e, bool force, char **path)
{
	char *line, *text;
	size_t len;
	int fd, ret;

	*path = file_of(dir, e);
	line = history_line(e, &len);
	if (!line) {
		fputs("hmmstorm: a text of the entry is no UTF-8, or a value is not finite\n", stderr);
		return -EILSEQ;
	}
	text = must_print("\n%s", line);
	free(line);
	ret = open_locked(dir, *path, &fd);
	if (!ret)
		ret = append(fd, *path, text, len + 1, force);
	if (fd >= 0)
		close(fd); /* and unlock */
	if (!ret)
		ret = sync_dir(dir);
	free(text);
	return ret;
}

static void read_line(struct history *h, const char *path, size_t nr, const char *line,
		      size_t len, bool ended)
{
	struct history_entry e;
	const char *why = history_parse(&e, line, len);

	if (!why) {
		e.file = must_copy(path);
		e.line = nr;
		h->entries = must_grow(h->entries, h->n, sizeof(*h->entries));
		h->entries[h->n++] = e;
	} else if (!ended && !history_is_whole(line, len)) {
		h->torn++;
		fprintf(stderr, "hmmstorm: %s: %zu bytes of an interrupted add at its end are left out; the next add takes them away\n",
			path, len);
	} else {
		h->broken++;
		fprintf(stderr, "hmmstorm: %s: line %zu is left out: %s\n", path, nr, why);
	}
}

static int read_file(struct history *h, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), ret;
	size_t len = 0, at, n, nr = 0;
	char *text = NULL;

	ret = fd < 0 ? -errno : lock(fd, LOCK_SH);
	if (!ret)
		ret = read_all(fd, &text, &len);
	if (fd >= 0)
		close(fd);
	if (ret)
		fprintf(stderr, "hmmstorm: cannot read %s: %s\n", path, strerror(-ret));
	for (at = 0; !ret && at < len; at += n + 1) {
		n = line_length(text + at, len - at);
		read_line(h, path, ++nr, text + at, n, at + n < len);
	}
	free(text);
	return ret;
}

static int is_history(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 6 && !strcmp(d->d_name + n - 6, ".jsonl");
}

int history_read(struct history *h, const char *dir)
{
	struct dirent **files;
	int n = scandir(dir, &files, is_history, alphasort), i, ret = 0;
	char *path;

	if (n <= 0)
		ret = n < 0 ? -errno : -ENOENT;
	memset(h, 0, sizeof(*h));
	if (n <= 0)
		fprintf(stderr, "hmmstorm: no history in %s: hmmstorm track add makes one, --dir says where it is\n",
			dir);
	if (n < 0)
		return ret;
	for (i = 0; i < n; i++) {
		path = must_print("%s/%s", dir, files[i]->d_name);
		if (!ret)
			ret = read_file(h, path);
		free(path);
		free(files[i]);
	}
	free(files);
	if (ret)
		history_free(h);
	return ret;
}

void history_free(struct history *h)
{
	size_t i;

	for (i = 0; i < h->n; i++)
		history_entry_free(&h->entries[i]);
	free(h->entries);
	memset(h, 0, sizeof(*h));
}
