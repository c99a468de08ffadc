// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alloc.h"
#include "record.h"
#include "results.h"
#include "stats.h"
#include "table.h"

struct results_part {
	char *name, *dir;
	struct table env, vm, records, hist;
};

struct results {
	char *dir;
	struct results_part *parts;
	size_t nr_parts;
	struct results_row *rows;	/* of all parts, in order of the files */
	size_t nr_rows;
	const struct results_row **index;	/* by case, program, metric, row */
	char **bases;	/* cases without arguments */
	size_t nr_bases;
};

/* Columns of records.tsv and hist.tsv; the identity is the same in both. */
enum {
	PROGRAM, CASE, BACKEND, POLICY, PROTOCOL, WORKERS, PAGES, REPETITION,
	METRIC, KIND, UNIT, VALUE,
	HIST_LOW = METRIC + 2, HIST_HIGH, HIST_COUNT,
};

static const char records_header[] = RECORD_COLUMNS "\tmetric\tkind\tunit\tvalue";
static const char hist_header[] = RECORD_COLUMNS "\tmetric\tunit\tlow\thigh\tcount";
static const char env_header[] = "program\tkey\tvalue";
static const char vm_header[] = "key\tvalue";

static bool exists(const char *dir, const char *file)
{
	char path[4096];

	table_path(dir, file, path, sizeof(path));
	return !access(path, F_OK);
}

/* As table_read(), and the header must be this very one. */
static int read_table(const char *dir, const char *file, const char *header,
		      struct table *t)
{
	char first[32], *joined = NULL;
	size_t len = 0, i;
	FILE *f;
	int ret, same;

	snprintf(first, sizeof(first), "%.*s", (int)strcspn(header, "\t"), header);
	ret = table_read(dir, file, first, t);
	if (ret)
		return ret;
	f = must(open_memstream(&joined, &len));
	for (i = 0; i < t->nr_columns; i++)
		fprintf(f, "%s%s", i ? "\t" : "", t->column[i]);
	fclose(f);
	same = !strcmp(joined, header);
	free(joined);
	if (same)
		return 0;
	fprintf(stderr, "hmmstorm: %s/%s was written by another version of hmmstorm: its columns differ\n",
		dir, file);
	return -EINVAL;
}

static int read_part(struct results_part *p, const char *name, const char *dir)
{
	int ret;

	p->name = must_copy(name);
	p->dir = must_copy(dir);
	ret = read_table(dir, "env.tsv", env_header, &p->env);
	if (!ret)
		ret = read_table(dir, "records.tsv", records_header, &p->records);
	if (!ret && exists(dir, "hist.tsv"))
		ret = read_table(dir, "hist.tsv", hist_header, &p->hist);
	if (!ret && exists(dir, "vm.tsv"))
		ret = read_table(dir, "vm.tsv", vm_header, &p->vm);
	return ret;
}

static int is_part(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static int add_part(struct results *r, const char *name, const char *dir)
{
	r->parts = must_grow(r->parts, r->nr_parts, sizeof(*r->parts));
	r->parts[r->nr_parts] = (struct results_part){ 0 };
	return read_part(&r->parts[r->nr_parts++], name, dir);
}

static int read_parts(struct results *r)
{
	struct dirent **names;
	char *path;
	int n, i, ret = 0;

	if (exists(r->dir, "records.tsv"))
		return add_part(r, "", r->dir);
	n = scandir(r->dir, &names, is_part, alphasort);
	for (i = 0; i < n; i++) {
		path = must_print("%s/%s", r->dir, names[i]->d_name);
		if (!ret && exists(path, "records.tsv"))
			ret = add_part(r, names[i]->d_name, path);
		free(path);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	if (ret || r->nr_parts)
		return ret;
	fprintf(stderr, "hmmstorm: no results in %s: neither it nor a folder in it has a records.tsv\n",
		r->dir);
	return -ENOENT;
}

static bool number(const char *text, double *value)
{
	char *end;

	*value = strtod(text, &end);
	return end > text && !*end;
}

static int fill_row(struct results_row *row, const struct results_part *p,
		    size_t i)
{
	const char *const *c = (const char *const *)p->records.cell +
			       i * p->records.nr_columns;

	*row = (struct results_row){
		.part = p,
		.program = c[PROGRAM],
		.name = c[CASE],
		.backend = c[BACKEND],
		.policy = c[POLICY],
		.protocol = c[PROTOCOL],
		.workers = (unsigned int)strtoul(c[WORKERS], NULL, 10),
		.pages = strtoull(c[PAGES], NULL, 10),
		.repetition = (unsigned int)strtoul(c[REPETITION], NULL, 10),
		.metric = c[METRIC],
		.kind = c[KIND],
		.unit = c[UNIT],
	};
	if (number(c[VALUE], &row->value))
		return 0;
	fprintf(stderr, "hmmstorm: %s/records.tsv, line %zu: the value is no number: %s\n",
		p->dir, i + 2, c[VALUE]);
	return -EINVAL;
}

static size_t base_len(const char *name)
{
	return strcspn(name, "/");
}

/* Case without arguments, as strcmp(). */
static int compare_base(const char *a, const char *b)
{
	size_t n = base_len(a), m = base_len(b);
	int ret = strncmp(a, b, n < m ? n : m);

	return ret ? ret : (n > m) - (n < m);
}

static int by_case(const void *a, const void *b)
{
	const struct results_row *x = *(const struct results_row *const *)a;
	const struct results_row *y = *(const struct results_row *const *)b;
	int ret = compare_base(x->name, y->name);

	if (!ret)
		ret = strcmp(x->program, y->program);
	if (!ret)
		ret = strcmp(x->metric, y->metric);
	return ret ? ret : (x > y) - (x < y);
}

/* All rows of a case share one copy of its name without arguments. */
static void name_bases(struct results *r)
{
	const char *last = NULL;
	size_t i;

	for (i = 0; i < r->nr_rows; i++) {
		struct results_row *row = &r->rows[r->index[i] - r->rows];

		if (!last || compare_base(last, row->name)) {
			r->bases = must_grow(r->bases, r->nr_bases, sizeof(*r->bases));
			r->bases[r->nr_bases++] = must(strndup(row->name, base_len(row->name)));
			last = row->name;
		}
		row->base = r->bases[r->nr_bases - 1];
	}
}

static int make_rows(struct results *r)
{
	size_t i, k, n = 0;
	int ret;

	for (i = 0; i < r->nr_parts; i++)
		n += r->parts[i].records.nr_rows;
	r->rows = must(calloc(n + 1, sizeof(*r->rows)));
	r->index = must(calloc(n + 1, sizeof(*r->index)));
	for (i = 0; i < r->nr_parts; i++)
		for (k = 0; k < r->parts[i].records.nr_rows; k++) {
			ret = fill_row(&r->rows[r->nr_rows], &r->parts[i], k);
			if (ret)
				return ret;
			r->index[r->nr_rows] = &r->rows[r->nr_rows];
			r->nr_rows++;
		}
	qsort(r->index, n, sizeof(*r->index), by_case);
	name_bases(r);
	return 0;
}

int results_read(struct results **r, const char *dir)
{
	int ret;

	*r = must(calloc(1, sizeof(**r)));
	(*r)->dir = must_copy(dir);
	ret = read_parts(*r);
	if (!ret)
		ret = make_rows(*r);
	if (ret) {
		results_free(*r);
		*r = NULL;
	}
	return ret;
}

void results_free(struct results *r)
{
	size_t i;

	if (!r)
		return;
	for (i = 0; i < r->nr_parts; i++) {
		struct results_part *p = &r->parts[i];

		free(p->name);
		free(p->dir);
		table_free(&p->env);
		table_free(&p->vm);
		table_free(&p->records);
		table_free(&p->hist);
	}
	for (i = 0; i < r->nr_bases; i++)
		free(r->bases[i]);
	free(r->bases);
	free(r->parts);
	free(r->rows);
	free(r->index);
	free(r->dir);
	free(r);
}

const char *results_dir(const struct results *r)
{
	return r->dir;
}

const char *results_line(const struct results *r)
{
	static const char *const keys[] = { "kernel", "kernel_release" };
	const char *value;
	size_t i, k;

	for (k = 0; k < 2; k++)
		for (i = 0; i < r->nr_parts; i++) {
			value = part_env(&r->parts[i], NULL, keys[k], 0);
			if (value && strcmp(value, "-"))
				return value;
		}
	return "-";
}

size_t results_nr_parts(const struct results *r)
{
	return r->nr_parts;
}

const struct results_part *results_part(const struct results *r, size_t i)
{
	return i < r->nr_parts ? &r->parts[i] : NULL;
}

const struct results_part *results_part_of(const struct results *r,
					   const char *prefix)
{
	size_t i;

	for (i = 0; i < r->nr_rows; i++)
		if (!strncmp(r->rows[i].name, prefix, strlen(prefix)))
			return r->rows[i].part;
	return NULL;
}

const char *part_name(const struct results_part *p)
{
	return p->name;
}

const char *part_dir(const struct results_part *p)
{
	return p->dir;
}

static bool says(const struct table *env, size_t row, const char *program,
		 const char *key)
{
	return !strcmp(table_cell(env, row, 1), key) &&
	       (!program || !strcmp(table_cell(env, row, 0), program));
}

const char *part_env(const struct results_part *p, const char *program,
		     const char *key, size_t i)
{
	const struct table *env = &p->env;
	size_t row, before;

	for (row = 0; row < env->nr_rows; row++) {
		const char *value = table_cell(env, row, 2);

		if (!says(env, row, program, key))
			continue;
		for (before = 0; before < row; before++)
			if (says(env, before, program, key) &&
			    !strcmp(table_cell(env, before, 2), value))
				break;
		if (before == row && !i--)
			return value;
	}
	return NULL;
}

const char *part_vm(const struct results_part *p, const char *key)
{
	size_t row;

	for (row = 0; row < p->vm.nr_rows; row++)
		if (!strcmp(table_cell(&p->vm, row, 0), key))
			return table_cell(&p->vm, row, 1);
	return NULL;
}

const char *part_skipped(const struct results_part *p, const char *prefix, size_t i)
{
	static const char skipped[] = "SKIPPED";
	size_t row;

	for (row = 0; row < p->env.nr_rows; row++)
		if (!strncmp(table_cell(&p->env, row, 1), prefix, strlen(prefix)) &&
		    !strncmp(table_cell(&p->env, row, 2), skipped, strlen(skipped)) && !i--)
			return table_cell(&p->env, row, 1);
	return NULL;
}

bool part_exact(const struct results_part *p)
{
	const char *mode = part_env(p, NULL, "mode", 0);

	return mode && !strcmp(mode, "vm-deterministic");
}

void part_subtitle(const struct results_part *p, const char *backend, char *text,
		   size_t len)
{
	static const char *const keys[] = { "kernel_release", "mode", "accelerator" };
	const char *value, *cpus = part_env(p, NULL, "cpus", 0);
	const char *accelerator = part_env(p, NULL, "accelerator", 0);
	size_t n = 0, i;

	text[0] = 0;
	for (i = 0; i < sizeof(keys) / sizeof(*keys) && n < len; i++) {
		value = part_env(p, NULL, keys[i], 0);
		if (value)
			n += (size_t)snprintf(text + n, len - n, "%s%s", n ? ", " : "", value);
	}
	if (backend && n < len)
		n += (size_t)snprintf(text + n, len - n, ", %s", backend);
	if (cpus && n < len)
		n += (size_t)snprintf(text + n, len - n, ", %s CPU%s", cpus,
				      strcmp(cpus, "1") ? "s" : "");
	if (n < len && accelerator && !strncmp(accelerator, "tcg", 3) && !part_exact(p))
		snprintf(text + n, len - n, "\nTCG: not a time of real hardware");
}

/* Length of "/arg:value" at p. */
static size_t segment(const char *p)
{
	return *p == '/' ? 1 + strcspn(p + 1, "/") : 0;
}

static bool has_segment(const char *name, const char *wanted, size_t len)
{
	const char *p;

	for (p = name + base_len(name); *p; p += segment(p))
		if (segment(p) == len && !strncmp(p, wanted, len))
			return true;
	return false;
}

/* Has the case these arguments, perhaps among others? */
static bool has_arguments(const char *name, const char *wanted)
{
	const char *p;

	for (p = wanted + base_len(wanted); *p; p += segment(p))
		if (!has_segment(name, p, segment(p)))
			return false;
	return true;
}

static bool either(const char *wanted, const char *is)
{
	return !wanted || !strcmp(wanted, is);
}

static const char *program_of(const struct results_key *k)
{
	return k->program ? k->program : "bench";
}

static bool matches(const struct results_key *k, const struct results_row *row)
{
	return !strcmp(program_of(k), row->program) &&
	       either(k->metric, row->metric) && either(k->backend, row->backend) &&
	       either(k->policy, row->policy) && either(k->protocol, row->protocol) &&
	       either(k->part, row->part->name) &&
	       (k->pages < 0 || (uint64_t)k->pages == row->pages) &&
	       (!k->workers || k->workers == row->workers) &&
	       (!k->name || (!compare_base(k->name, row->name) &&
			     has_arguments(row->name, k->name)));
}

/* Does the row stand before all that could match, in the index? */
static bool before(const struct results_row *row, const struct results_key *k)
{
	int ret = compare_base(row->name, k->name);

	if (!ret)
		ret = strcmp(row->program, program_of(k));
	if (!ret && k->metric)
		ret = strcmp(row->metric, k->metric);
	return ret < 0;
}

/* Where in the index those begin that may match. */
static size_t lower_bound(const struct results *r, const struct results_key *k)
{
	size_t low = 0, high = r->nr_rows, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (before(r->index[middle], k))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Iterates as results_next(), from a place in the index. */
static const struct results_row *indexed(const struct results *r,
					 const struct results_key *k, size_t *i)
{
	const struct results_row *row;

	for (; *i < r->nr_rows; (*i)++) {
		row = r->index[*i];
		if (compare_base(row->name, k->name) ||
		    strcmp(row->program, program_of(k)) ||
		    (k->metric && strcmp(row->metric, k->metric)))
			return NULL;
		if (matches(k, row)) {
			(*i)++;
			return row;
		}
	}
	return NULL;
}

const struct results_row *results_next(const struct results *r,
				       const struct results_key *k,
				       const struct results_row *prev)
{
	const struct results_row *row = prev ? prev + 1 : r->rows;

	for (; row < r->rows + r->nr_rows; row++)
		if (matches(k, row))
			return row;
	return NULL;
}

double results_arg(const struct results_row *row, const char *arg)
{
	size_t len = strlen(arg);
	const char *p;

	if (!strcmp(arg, "pages"))
		return (double)row->pages;
	if (!strcmp(arg, "workers"))
		return row->workers;
	for (p = row->name + base_len(row->name); *p; p += segment(p))
		if (!strncmp(p + 1, arg, len) && p[len + 1] == ':')
			return strtod(p + len + 2, NULL);
	return NAN;
}

static bool is_arg(const char *p, const char *arg)
{
	size_t len = strlen(arg);

	return *p == '/' && !strncmp(p + 1, arg, len) && p[len + 1] == ':';
}

static void name_without(const char *name, const char *arg, char *to, size_t len)
{
	size_t n = (size_t)snprintf(to, len, "%.*s", (int)base_len(name), name);
	const char *p;

	for (p = name + base_len(name); *p; p += segment(p))
		if (!is_arg(p, arg) && n < len)
			n += (size_t)snprintf(to + n, len - n, "%.*s", (int)segment(p), p);
}

/* The same measurement, but for one argument (NULL: none). */
static bool same_but(const struct results_row *a, const struct results_row *b,
		     const char *arg)
{
	char x[256], y[256];

	if (a->part != b->part || strcmp(a->backend, b->backend) ||
	    strcmp(a->policy, b->policy) || strcmp(a->protocol, b->protocol))
		return false;
	if (a->pages != b->pages && (!arg || strcmp(arg, "pages")))
		return false;
	if (a->workers != b->workers && (!arg || strcmp(arg, "workers")))
		return false;
	if (!arg)
		return !strcmp(a->name, b->name);
	name_without(a->name, arg, x, sizeof(x));
	name_without(b->name, arg, y, sizeof(y));
	return !strcmp(x, y);
}

static struct results_key with_metric(const struct results_key *k)
{
	struct results_key own = *k;

	if (!own.metric)
		own.metric = "p50";
	return own;
}

static const struct results_row *first_of(const struct results *r,
					  const struct results_key *k)
{
	size_t i;

	if (!k->name || !k->metric)
		return results_next(r, k, NULL);
	i = lower_bound(r, k);
	return indexed(r, k, &i);
}

/* Where any device will do, the one that everything can be shown on. */
static struct results_key preferring(const struct results *r, const struct results_key *k)
{
	struct results_key own = *k;

	if (own.backend)
		return own;
	own.backend = "mirror";
	return first_of(r, &own) ? own : *k;
}

static const struct results_row *first_row(const struct results *r,
					   const struct results_key *k)
{
	struct results_key own = preferring(r, k);

	return first_of(r, &own);
}

const char *results_backend(const struct results *r, const struct results_key *k)
{
	struct results_key own = with_metric(k);
	const struct results_row *row = first_row(r, &own);

	return row ? row->backend : NULL;
}

/* Key of exactly this row's measurement, with another metric. */
static struct results_key key_of(const struct results_row *row, const char *metric)
{
	return (struct results_key){
		.program = row->program,
		.name = row->name,
		.backend = row->backend,
		.policy = row->policy,
		.protocol = row->protocol,
		.metric = metric,
		.part = row->part->name,
		.pages = (int64_t)row->pages,
		.workers = row->workers,
	};
}

/* Of the repetitions of a measurement: how many, and median, least, largest, sum. */
struct repetitions {
	size_t n;
	double median, least, largest, sum;
};

static struct repetitions repetitions_of(const struct results *r,
					 const struct results_row *like,
					 const char *metric)
{
	struct results_key k = key_of(like, metric);
	struct repetitions e = { 0, NAN, NAN, NAN, 0 };
	const struct results_row *row;
	size_t i = lower_bound(r, &k);
	double *v = NULL;

	while ((row = indexed(r, &k, &i))) {
		if (!same_but(row, like, NULL))
			continue;
		v = must_grow(v, e.n, sizeof(*v));
		v[e.n++] = row->value;
		e.sum += row->value;
		e.least = fmin(e.least, row->value);
		e.largest = fmax(e.largest, row->value);
	}
	e.median = stats_median(v, e.n);
	free(v);
	return e;
}

double results_value(const struct results *r, const struct results_key *k)
{
	return results_estimate(r, k).value;
}

const char *results_unit(const struct results *r, const struct results_key *k)
{
	struct results_key own = with_metric(k);
	const struct results_row *row = first_row(r, &own);

	return row ? row->unit : "-";
}

/* Bounds of the bucket in which the sample of this rank (from 1) lies. */
static const struct results_bucket *bucket_at(const struct results_bucket *b,
					      size_t n, uint64_t rank)
{
	uint64_t seen = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		seen += b[i].count;
		if (seen >= rank)
			return &b[i];
	}
	return NULL;
}

static void interval(const struct results *r, const struct results_row *row,
		     struct estimate *e)
{
	struct results_key k = key_of(row, "latency");
	struct results_bucket *b = NULL;
	uint64_t low, high;
	size_t n = results_hist(r, &k, &b), i;

	e->n = 0;
	for (i = 0; i < n; i++)
		e->n += b[i].count;
	e->low = NAN;
	e->high = NAN;
	if (n && stats_median_ranks(e->n, &low, &high)) {
		e->low = bucket_at(b, n, low)->low;
		e->high = bucket_at(b, n, high)->high;
	}
	free(b);
}

static struct estimate estimate_row(const struct results *r,
				    const struct results_row *row)
{
	struct repetitions all = repetitions_of(r, row, row->metric), least;
	struct estimate e = { all.median, all.least, all.largest, all.n };

	if (strcmp(row->metric, "p50"))
		return e;
	if (!part_exact(row->part)) {
		interval(r, row, &e);
		return e;
	}
	least = repetitions_of(r, row, "latency_min");
	if (!least.n)
		return e;
	e.low = least.least;
	e.high = repetitions_of(r, row, "latency_max").largest;
	e.n = (uint64_t)repetitions_of(r, row, "latency_n").sum;
	return e;
}

struct estimate results_estimate(const struct results *r,
				 const struct results_key *k)
{
	struct results_key own = with_metric(k);
	const struct results_row *row = first_row(r, &own);

	if (!row)
		return (struct estimate){ NAN, NAN, NAN, 0 };
	return estimate_row(r, row);
}

static int by_x(const void *a, const void *b)
{
	const struct results_point *p = a, *q = b;

	return (p->x > q->x) - (p->x < q->x);
}

static bool has_x(const struct results_series *s, double x)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->at[i].x == x)
			return true;
	return false;
}

size_t results_series(const struct results *r, const struct results_key *k,
		      const char *arg, struct results_series *s)
{
	struct results_key own = with_metric(k);
	const struct results_row *row, *first = NULL;
	char name[256];
	size_t i;

	*s = (struct results_series){ 0 };
	name_without(k->name, arg, name, sizeof(name));
	own.name = name;
	if (!strcmp(arg, "pages"))
		own.pages = RESULTS_ANY;
	if (!strcmp(arg, "workers"))
		own.workers = 0;
	own = preferring(r, &own);
	i = lower_bound(r, &own);
	while ((row = indexed(r, &own, &i))) {
		double x = results_arg(row, arg);

		first = first ? first : row;
		if (isnan(x) || !same_but(row, first, arg) || has_x(s, x))
			continue;
		s->at = must_grow(s->at, s->n, sizeof(*s->at));
		s->at[s->n++] = (struct results_point){ x, estimate_row(r, row) };
	}
	if (s->n)
		qsort(s->at, s->n, sizeof(*s->at), by_x);
	return s->n;
}

void results_series_free(struct results_series *s)
{
	free(s->at);
	*s = (struct results_series){ 0 };
}

static int by_low(const void *a, const void *b)
{
	const struct results_bucket *p = a, *q = b;

	return (p->low > q->low) - (p->low < q->low);
}

/* Adds up what stands in equal buckets. */
static size_t merge_buckets(struct results_bucket *b, size_t n)
{
	size_t i, to = 0;

	qsort(b, n, sizeof(*b), by_low);
	for (i = 1; i < n; i++)
		if (b[i].low == b[to].low)
			b[to].count += b[i].count;
		else
			b[++to] = b[i];
	return to + 1;
}

size_t results_hist(const struct results *r, const struct results_key *k,
		    struct results_bucket **buckets)
{
	struct results_bucket *b = NULL;
	struct results_row row, first;
	size_t i, p, n = 0, found = 0;

	for (p = 0; p < r->nr_parts; p++)
		for (i = 0; i < r->parts[p].hist.nr_rows; i++) {
			char **c = r->parts[p].hist.cell + i * r->parts[p].hist.nr_columns;

			row = (struct results_row){
				.part = &r->parts[p], .program = c[PROGRAM],
				.name = c[CASE], .backend = c[BACKEND],
				.policy = c[POLICY], .protocol = c[PROTOCOL],
				.workers = (unsigned int)strtoul(c[WORKERS], NULL, 10),
				.pages = strtoull(c[PAGES], NULL, 10),
				.metric = c[METRIC],
			};
			if (!matches(k, &row))
				continue;
			if (!found++)
				first = row;
			if (!same_but(&row, &first, NULL))
				continue;
			b = must_grow(b, n, sizeof(*b));
			b[n++] = (struct results_bucket){
				strtod(c[HIST_LOW], NULL), strtod(c[HIST_HIGH], NULL),
				strtoull(c[HIST_COUNT], NULL, 10),
			};
		}
	*buckets = b;
	return n ? merge_buckets(b, n) : 0;
}

size_t results_cases(const struct results *r, const char *program,
		     const char *prefix, const char ***names)
{
	const struct results_row *row, *last = NULL;
	const char **list = NULL;
	size_t i, n = 0;

	for (i = 0; i < r->nr_rows; i++) {
		row = r->index[i];
		if (strcmp(row->program, program) ||
		    strncmp(row->name, prefix, strlen(prefix)) ||
		    (last && !compare_base(row->name, last->name)))
			continue;
		last = row;
		list = must_grow(list, n, sizeof(*list));
		list[n++] = row->base;
	}
	*names = list;
	return n;
}

bool results_have(const struct results *r, const char *prefix)
{
	return results_part_of(r, prefix);
}
