// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fts.h>
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../alloc.h"
#include "../stats.h"
#include "../table.h"
#include "side.h"
#include "side_build.h"

/* What a boot said of a benchmark, repetition by repetition. */
struct raw {
	size_t boot;
	enum side_metric metric;
	double value;
};

/* key comes first in both: the trees below compare by it. */
struct bench_node {
	char *key;	/* one piece of memory with the other texts, in this order */
	const char *name, *backend, *policy, *protocol;
	const char *unit;
	unsigned int workers;
	struct raw *raw;
	size_t nr_raw;
};

struct env_node {
	char *key;
	char **values;	/* different ones, in order of text */
	size_t nr_values;
	char *all;
};

struct side_builder {
	struct side *side;
	char *mode;
	struct bench_node **bench;
	size_t nr_bench;
	void *bench_tree;
};

/* What side.h does not show. */
struct whole_side {
	struct side side;
	struct env_node **env;
	size_t nr_env;
	void *env_tree;
};

static const char *const metric_names[] = { "latency_min", "p50", "real_time" };

static int by_key(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void leave(void *node)
{
	(void)node;
}

size_t side_add_boot(struct side_builder *b, const char *dir, uint64_t seed)
{
	struct side *s = b->side;

	s->boots = must_grow(s->boots, s->nr_boots, sizeof(*s->boots));
	s->boots[s->nr_boots] = (struct side_boot){ must_copy(dir), seed };
	return s->nr_boots++;
}

int side_set_mode(struct side_builder *b, const char *dir, const char *mode)
{
	if (!b->mode) {
		b->mode = must_copy(mode);
		b->side->exact = !strcmp(mode, "vm-deterministic");
		return 0;
	}
	if (!strcmp(b->mode, mode))
		return 0;
	fprintf(stderr, "hmmstorm: %s: boots of different modes: %s is %s, those before it %s; name one part\n",
		b->side->path, dir, mode, b->mode);
	return -EINVAL;
}

static struct env_node *find_env(struct whole_side *w, const char *key)
{
	struct env_node *n = must(calloc(1, sizeof(*n))), **found;

	n->key = must_copy(key);
	found = must(tsearch(n, &w->env_tree, by_key));
	if (*found != n) {
		free(n->key);
		free(n);
		return *found;
	}
	w->env = must_grow(w->env, w->nr_env, sizeof(*w->env));
	w->env[w->nr_env++] = n;
	return n;
}

void side_add_env(struct side_builder *b, const char *key, const char *value)
{
	struct env_node *n = find_env((struct whole_side *)b->side, key);
	size_t at, i;

	for (at = 0; at < n->nr_values && strcmp(n->values[at], value) < 0; at++)
		;
	if (at < n->nr_values && !strcmp(n->values[at], value))
		return;
	n->values = must_grow(n->values, n->nr_values, sizeof(*n->values));
	for (i = n->nr_values++; i > at; i--)
		n->values[i] = n->values[i - 1];
	n->values[at] = must_copy(value);
}

/* "E3.fork" and 64 pages: "E3.fork/pages:64"; other arguments stand behind. */
static void print_name(FILE *f, const struct side_id *id)
{
	int base = (int)strcspn(id->name, "/");

	if (id->pages)
		fprintf(f, "%.*s/pages:%llu%s", base, id->name, (unsigned long long)id->pages,
			id->name + base);
	else
		fputs(id->name, f);
}

char *side_key(const struct side_id *id)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = must(open_memstream(&text, &len));

	print_name(f, id);
	if (id->backend)
		fprintf(f, " %s %s %s %u", id->backend, id->policy, id->protocol, id->workers);
	fputc(0, f);
	print_name(f, id);
	fprintf(f, "%c%s%c%s%c%s", 0, id->backend ? id->backend : "-", 0,
		id->backend ? id->policy : "-", 0, id->backend ? id->protocol : "-");
	fclose(f);
	return must(text);
}

static const char *next_text(const char *text)
{
	return text + strlen(text) + 1;
}

static struct bench_node *find_bench(struct side_builder *b, const struct side_id *id)
{
	struct bench_node *n = must(calloc(1, sizeof(*n))), **found;

	n->key = side_key(id);
	found = must(tsearch(n, &b->bench_tree, by_key));
	if (*found != n) {
		free(n->key);
		free(n);
		return *found;
	}
	n->name = next_text(n->key);
	n->backend = next_text(n->name);
	n->policy = next_text(n->backend);
	n->protocol = next_text(n->policy);
	n->workers = id->workers;
	b->bench = must_grow(b->bench, b->nr_bench, sizeof(*b->bench));
	b->bench[b->nr_bench++] = n;
	return n;
}

void side_add_value(struct side_builder *b, size_t boot, const struct side_id *id,
		    enum side_metric metric, const char *unit, double value)
{
	struct bench_node *n = find_bench(b, id);

	/* a counted nanosecond is an instruction */
	if (metric != SIDE_FAILED)
		n->unit = b->side->exact || strcmp(unit, "ns") ? "instructions" : "ns";
	n->raw = must_grow(n->raw, n->nr_raw, sizeof(*n->raw));
	n->raw[n->nr_raw++] = (struct raw){ boot, metric, value };
}

/* The best that any boot has, as side.h says; SIDE_FAILED: nothing. */
static enum side_metric choose_metric(const struct bench_node *n, bool exact)
{
	enum side_metric wanted = exact ? SIDE_LATENCY_MIN : SIDE_P50, found = SIDE_FAILED;
	size_t i;

	for (i = 0; i < n->nr_raw; i++) {
		if (n->raw[i].metric == wanted)
			return wanted;
		if (n->raw[i].metric == SIDE_REAL_TIME)
			found = SIDE_REAL_TIME;
	}
	return found;
}

/* One value of the repetitions of one boot; v has room for all of them. */
static double value_of(const struct bench_node *n, size_t boot, enum side_metric metric,
		       bool exact, double *v)
{
	size_t i, k = 0;

	for (i = 0; i < n->nr_raw; i++) {
		if (n->raw[i].boot != boot)
			continue;
		if (n->raw[i].metric == SIDE_FAILED)
			return NAN;
		if (n->raw[i].metric == metric)
			v[k++] = n->raw[i].value;
	}
	if (!exact)
		return stats_median(v, k);
	for (i = 1; i < k; i++)
		v[0] = fmin(v[0], v[i]);
	return k ? v[0] : NAN;
}

/* False: no boot has a value. */
static bool fill_bench(struct side_bench *to, struct bench_node *n, const struct side *s)
{
	enum side_metric metric = choose_metric(n, s->exact);
	double *v;
	size_t i;

	if (metric == SIDE_FAILED)
		return false;
	*to = (struct side_bench){
		.key = n->key, .name = n->name, .backend = n->backend, .policy = n->policy,
		.protocol = n->protocol, .metric = metric_names[metric], .unit = n->unit,
		.workers = n->workers,
	};
	v = must(malloc(n->nr_raw * sizeof(*v)));
	to->value = must(malloc(s->nr_boots * sizeof(*to->value)));
	for (i = 0; i < s->nr_boots; i++) {
		to->value[i] = value_of(n, i, metric, s->exact, v);
		to->n += !isnan(to->value[i]);
	}
	free(v);
	if (to->n)
		return true;
	free(to->value);
	return false;
}

static int by_version(const void *a, const void *b)
{
	return strverscmp(((const struct side_bench *)a)->key, ((const struct side_bench *)b)->key);
}

static void make_benches(struct side_builder *b)
{
	struct side *s = b->side;
	size_t i;

	s->bench = must(calloc(b->nr_bench + 1, sizeof(*s->bench)));
	for (i = 0; i < b->nr_bench; i++) {
		if (fill_bench(&s->bench[s->nr_bench], b->bench[i], s))
			s->nr_bench++;
		else
			free(b->bench[i]->key);
		free(b->bench[i]->raw);
		free(b->bench[i]);
	}
	free(b->bench);
	qsort(s->bench, s->nr_bench, sizeof(*s->bench), by_version);
}

/* What all boots said, in one text. */
static void join_env(struct whole_side *w)
{
	size_t i, k, len;
	FILE *f;

	for (i = 0; i < w->nr_env; i++) {
		f = must(open_memstream(&w->env[i]->all, &len));
		for (k = 0; k < w->env[i]->nr_values; k++)
			fprintf(f, "%s%s", k ? ", " : "", w->env[i]->values[k]);
		fclose(f);
	}
}

/* Paths of boots, of which a tree has either kind. */
struct paths {
	char **path;
	size_t n;
};

static void add_path(struct paths *p, const char *path)
{
	p->path = must_grow(p->path, p->n, sizeof(*p->path));
	p->path[p->n++] = must_copy(path);
}

static void free_paths(struct paths *p)
{
	while (p->n)
		free(p->path[--p->n]);
	free(p->path);
}

static bool is_run(const char *dir)
{
	char path[4096];

	table_path(dir, "records.tsv", path, sizeof(path));
	return !access(path, F_OK);
}

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && !strcmp(text + n - m, end);
}

static bool is_json(const char *name)
{
	return ends_in(name, ".json") || ends_in(name, ".json.gz");
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strverscmp((*a)->fts_name, (*b)->fts_name);
}

static int find_paths(const char *dir, struct paths *runs, struct paths *files)
{
	char *top = must_copy(dir), *const tops[] = { top, NULL };
	FTS *fts = must(fts_open(tops, FTS_LOGICAL | FTS_NOCHDIR, by_name));
	int ret = 0;
	FTSENT *e;

	while (!ret && (e = fts_read(fts))) {
		if (e->fts_level > 0 && e->fts_name[0] == '.') {
			fts_set(fts, e, FTS_SKIP);
		} else if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR) {
			fprintf(stderr, "hmmstorm: cannot read %s: %s\n", e->fts_path,
				strerror(e->fts_errno));
			ret = -e->fts_errno;
		} else if (e->fts_info == FTS_D && is_run(e->fts_path)) {
			add_path(runs, e->fts_path);
			fts_set(fts, e, FTS_SKIP);
		} else if (e->fts_info == FTS_F && is_json(e->fts_name)) {
			add_path(files, e->fts_path);
		}
	}
	fts_close(fts);
	free(top);
	return ret;
}

/* Files count only where there are no run folders: those carry JSON that is theirs. */
static int read_tree(struct side_builder *b, const char *dir)
{
	struct paths runs = { 0 }, files = { 0 };
	size_t i;
	int ret;

	ret = find_paths(dir, &runs, &files);
	for (i = 0; i < runs.n && !ret; i++)
		ret = side_read_tsv(b, runs.path[i]);
	for (i = 0; i < files.n && !runs.n && !ret; i++)
		ret = side_read_json(b, files.path[i], false);
	if (!ret && !runs.n && !files.n) {
		fprintf(stderr, "hmmstorm: no results in %s: no folder in it has a records.tsv, and there is no Google Benchmark JSON\n",
			dir);
		ret = -ENOENT;
	}
	free_paths(&runs);
	free_paths(&files);
	return ret;
}

static int read_path(struct side_builder *b, const char *path)
{
	struct stat st;
	int ret;

	if (stat(path, &st)) {
		ret = -errno;
		fprintf(stderr, "hmmstorm: cannot read %s: %s\n", path, strerror(errno));
		return ret;
	}
	if (S_ISDIR(st.st_mode))
		return read_tree(b, path);
	ret = side_read_json(b, path, true);
	b->side->is_repetitions = b->side->nr_boots > 1;
	return ret;
}

int side_read(struct side **s, const char *path)
{
	struct whole_side *w = must(calloc(1, sizeof(*w)));
	struct side_builder b = { .side = &w->side };
	int ret;

	*s = &w->side;
	(*s)->path = must_copy(path);
	ret = read_path(&b, path);
	make_benches(&b);
	join_env(w);
	tdestroy(b.bench_tree, leave);
	free(b.mode);
	if (!ret && !(*s)->nr_bench) {
		fprintf(stderr, "hmmstorm: no results in %s: no benchmark has a value there\n", path);
		ret = -ENOENT;
	}
	if (!ret)
		return 0;
	side_free(*s);
	*s = NULL;
	return ret;
}

static void free_env(struct env_node *n)
{
	while (n->nr_values)
		free(n->values[--n->nr_values]);
	free(n->values);
	free(n->key);
	free(n->all);
	free(n);
}

void side_free(struct side *s)
{
	struct whole_side *w = (struct whole_side *)s;
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->nr_boots; i++)
		free(s->boots[i].dir);
	for (i = 0; i < s->nr_bench; i++) {
		free(s->bench[i].key);
		free(s->bench[i].value);
	}
	tdestroy(w->env_tree, leave);
	for (i = 0; i < w->nr_env; i++)
		free_env(w->env[i]);
	free(w->env);
	free(s->boots);
	free(s->bench);
	free(s->path);
	free(w);
}

const struct side_bench *side_find(const struct side *s, const char *key)
{
	char *copy = must_copy(key);
	struct side_bench wanted = { .key = copy }, *found;

	found = bsearch(&wanted, s->bench, s->nr_bench, sizeof(*s->bench), by_version);
	free(copy);
	return found;
}

static const struct env_node *env_of(const struct side *s, const char *key)
{
	const struct whole_side *w = (const struct whole_side *)s;
	void *found = tfind(&key, &w->env_tree, by_key);

	return found ? *(struct env_node **)found : NULL;
}

const char *side_env(const struct side *s, const char *key)
{
	const struct env_node *n = env_of(s, key);

	if (!n)
		return NULL;
	return n->nr_values > 1 ? "(differs)" : n->values[0];
}

const char *side_env_all(const struct side *s, const char *key)
{
	const struct env_node *n = env_of(s, key);

	return n ? n->all : NULL;
}

size_t side_values(const struct side *s, const struct side_bench *b, double **v)
{
	size_t i, n = 0;

	*v = must(malloc((b->n + 1) * sizeof(**v)));
	for (i = 0; i < s->nr_boots; i++)
		if (!isnan(b->value[i]))
			(*v)[n++] = b->value[i];
	return n;
}

double side_least(const struct side *s, const struct side_bench *b, double *gap)
{
	double least = NAN, second = NAN;
	size_t i;

	for (i = 0; i < s->nr_boots; i++) {
		double v = b->value[i];

		if (isnan(v))
			continue;
		if (isnan(least) || v < least) {
			second = least;
			least = v;
		} else {
			second = fmin(second, v);
		}
	}
	*gap = second - least;
	return least;
}
