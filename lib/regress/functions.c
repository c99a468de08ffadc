// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../alloc.h"
#include "../table.h"
#include "functions.h"
#include "side.h"
#include "side_build.h"

/* Of more functions that changed of themselves none is the cause of all the rest: these are
 * two versions, not one change.
 */
#define FEW_CAUSES 3
/* A symbol farther below an address than any function is long is not its own. */
#define LONGEST_FUNCTION (256 * 1024)

struct symbol {
	unsigned long long at;
	char *name;		/* with its module */
	bool cold;		/* a part that gcc moved away */
};

struct symbols {
	struct symbol *at;
	size_t n;
};

static double number(const char *text)
{
	return strtod(text, NULL);
}

/* foo.isra.0, foo.constprop.0.cold: foo; the first dot may be a name's own (.Lfoo). */
static char *source_name(const char *name, const char *module)
{
	static const char *const clones[] = { ".isra.", ".constprop.", ".part.", ".cold",
					      ".llvm." };
	size_t len = strlen(name), i;

	for (i = 0; i < sizeof(clones) / sizeof(*clones); i++) {
		const char *at = strstr(name, clones[i]);

		if (at && (size_t)(at - name) < len)
			len = (size_t)(at - name);
	}
	return must_print(strcmp(module, "-") ? "%.*s [%s]" : "%.*s", (int)len, name, module);
}

/* Of several symbols at one address the one that has the plainest name, in every kernel
 * the same: __x64_sys_fork and __ia32_sys_fork, _stext and startup_64.
 */
static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	if ((*x->name == '_') != (*y->name == '_'))
		return *x->name == '_' ? 1 : -1;
	return strcmp(x->name, y->name);
}

static int read_symbols(struct symbols *s, const char *dir)
{
	struct table t;
	int ret = table_read(dir, "symbols.tsv", "address", &t);
	size_t i;

	if (ret)
		return ret;
	s->at = must(calloc(t.nr_rows + 1, sizeof(*s->at)));
	for (i = 0; i < t.nr_rows; i++)
		s->at[s->n++] = (struct symbol){
			strtoull(table_cell(&t, i, 0), NULL, 16),
			source_name(table_cell(&t, i, 1), table_cell(&t, i, 2)),
			strstr(table_cell(&t, i, 1), ".cold"),
		};
	qsort(s->at, s->n, sizeof(*s->at), by_address);
	table_free(&t);
	return 0;
}

static void free_symbols(struct symbols *s)
{
	while (s->n)
		free(s->at[--s->n].name);
	free(s->at);
}

/* first: at is where the function begins, and no cold part of it. */
static const char *name_of(const struct symbols *s, unsigned long long at, bool *first)
{
	size_t low = 0, high = s->n;

	*first = false;
	if (!at)
		return "(user space)";
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->at[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || at - s->at[low - 1].at > LONGEST_FUNCTION)
		return "(no symbol)";
	/* the first of those at the same address */
	for (low--; low && s->at[low - 1].at == s->at[low].at; low--)
		;
	*first = s->at[low].at == at && !s->at[low].cold;
	return s->at[low].name;
}

static double *new_values(size_t n, double value)
{
	double *v = must(calloc(n + !n, sizeof(*v)));

	while (n--)
		v[n] = value;
	return v;
}

static struct function_case *case_of(struct functions *f, const char *key)
{
	size_t i;

	for (i = 0; i < f->nr_cases; i++)
		if (!strcmp(f->cases[i].key, key))
			return &f->cases[i];
	f->cases = must_grow(f->cases, f->nr_cases, sizeof(*f->cases));
	f->cases[f->nr_cases] = (struct function_case){
		.key = must_copy(key),
		.total = new_values(f->nr_boots, NAN),
	};
	return &f->cases[f->nr_cases++];
}

/* In order of name; position is where it stands or should. */
static bool has_function(const struct function_case *c, const char *name, size_t *position)
{
	size_t low = 0, high = c->nr_functions;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(c->functions[middle].name, name);

		if (!order) {
			*position = middle;
			return true;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*position = low;
	return false;
}

static struct function *function_of(struct function_case *c, const char *name, size_t nr_boots)
{
	size_t at;

	if (!has_function(c, name, &at)) {
		c->functions = must_grow(c->functions, c->nr_functions, sizeof(*c->functions));
		memmove(&c->functions[at + 1], &c->functions[at],
			(c->nr_functions++ - at) * sizeof(*c->functions));
		c->functions[at] = (struct function){ must_copy(name), new_values(nr_boots, 0),
						      new_values(nr_boots, 0) };
	}
	return &c->functions[at];
}

/* The keys of cases.tsv, in order of the marks. */
static int read_cases(const char *dir, char ***keys, size_t *n)
{
	struct table t;
	int ret = table_read(dir, "cases.tsv", "program", &t);
	size_t i;

	if (ret)
		return ret;
	*keys = must(calloc(t.nr_rows + 1, sizeof(**keys)));
	for (i = 0; i < t.nr_rows; i++) {
		struct side_id id = {
			.name = table_cell(&t, i, 1),
			.backend = table_cell(&t, i, 2),
			.policy = table_cell(&t, i, 3),
			.protocol = table_cell(&t, i, 4),
			.workers = (unsigned int)number(table_cell(&t, i, 5)),
			.pages = strtoull(table_cell(&t, i, 6), NULL, 10),
		};

		(*keys)[(*n)++] = side_key(&id);
	}
	table_free(&t);
	return 0;
}

struct one {
	struct functions *f;
	size_t boot;
	const char *dir;
	bool folded;		/* functions.tsv, else windows.tsv and symbols.tsv */
	struct symbols symbols;
	char **keys;
	size_t nr_keys;
};

/* One row of either file. */
static void add_row(const struct one *o, const struct table *t, size_t row,
		    struct function_case *c)
{
	const char *cell = table_cell(t, row, 1);
	struct function *f;
	bool first;

	if (o->folded) {
		f = function_of(c, cell, o->f->nr_boots);
		f->value[o->boot] += number(table_cell(t, row, 2));
		f->calls[o->boot] += number(table_cell(t, row, 3));
		return;
	}
	f = function_of(c, name_of(&o->symbols, strtoull(cell, NULL, 16), &first),
			o->f->nr_boots);
	f->value[o->boot] += number(table_cell(t, row, 4));
	f->calls[o->boot] += first ? number(table_cell(t, row, 3)) : 0;
}

static double row_value(const struct one *o, const struct table *t, size_t row)
{
	return number(table_cell(t, row, o->folded ? 2 : 4));
}

/* A benchmark with repetitions is several cases of one key: the least of them counts. */
static void add_case(const struct one *o, const struct table *t, size_t first, size_t end,
		     const char *key)
{
	struct function_case *c = case_of(o->f, key);
	double total = 0;
	size_t i;

	for (i = first; i < end; i++)
		total += row_value(o, t, i);
	if (total >= c->total[o->boot])
		return;
	c->n += isnan(c->total[o->boot]);
	c->total[o->boot] = total;
	for (i = 0; i < c->nr_functions; i++) {
		c->functions[i].value[o->boot] = 0;
		c->functions[i].calls[o->boot] = 0;
	}
	for (i = first; i < end; i++)
		add_row(o, t, i, c);
}

static const char *file_of(const struct one *o)
{
	return o->folded ? "functions.tsv" : "windows.tsv";
}

static int broken(const struct one *o, const char *why)
{
	fprintf(stderr, "hmmstorm: %s/%s: %s\n", o->dir, file_of(o), why);
	return -EINVAL;
}

static int add_windows(const struct one *o, const struct table *t)
{
	size_t first, end, index;

	if (!t->nr_rows || strcmp(table_cell(t, t->nr_rows - 1, 0), "end"))
		return broken(o, "cut off: it does not end with the line \"end\"; run that boot again");
	for (first = 0; first + 1 < t->nr_rows; first = end) {
		const char *number_of_case = table_cell(t, first, 0);

		for (end = first; !strcmp(table_cell(t, end, 0), number_of_case); end++)
			;
		index = strtoul(number_of_case, NULL, 10);
		if (index >= o->nr_keys)
			return broken(o, "more cases than in cases.tsv; run that boot again");
		add_case(o, t, first, end, o->keys[index]);
	}
	return 0;
}

static bool has_file(const char *dir, const char *file)
{
	char path[4096];

	table_path(dir, file, path, sizeof(path));
	return !access(path, R_OK);
}

static int read_boot(struct functions *f, size_t boot, const char *dir)
{
	struct one o = { .f = f, .boot = boot, .dir = dir,
			 .folded = has_file(dir, "functions.tsv") };
	struct table t;
	int ret;

	if (!o.folded && !has_file(dir, "windows.tsv")) {
		fprintf(stderr, "hmmstorm: %s: made without --functions: hmmstorm vm --deterministic --functions\n",
			dir);
		return -ENOENT;
	}
	ret = o.folded ? 0 : read_symbols(&o.symbols, dir);
	if (!ret)
		ret = read_cases(dir, &o.keys, &o.nr_keys);
	if (!ret)
		ret = table_read(dir, file_of(&o), "case", &t);
	if (!ret) {
		ret = add_windows(&o, &t);
		table_free(&t);
	}
	free_symbols(&o.symbols);
	while (o.nr_keys)
		free(o.keys[--o.nr_keys]);
	free(o.keys);
	return ret;
}

bool functions_have(const struct side *s)
{
	size_t i;

	for (i = 0; i < s->nr_boots; i++)
		if (!has_file(s->boots[i].dir, "windows.tsv") &&
		    !has_file(s->boots[i].dir, "functions.tsv"))
			return false;
	return s->nr_boots;
}

static void write_case(FILE *to, const struct function_case *c, size_t index)
{
	size_t i;

	for (i = 0; i < c->nr_functions; i++)
		fprintf(to, "%zu\t%s\t%.0f\t%.0f\n", index, c->functions[i].name,
			c->functions[i].value[0], c->functions[i].calls[0]);
}

/* What read_boot() reads again: the functions of the cases of cases.tsv, each once. */
static int write_folded(const struct functions *f, const char *dir)
{
	char *path = must_print("%s/functions.tsv", dir), *new = must_print("%s.new", path);
	FILE *to = fopen(new, "we");
	size_t n = 0, i, k;
	char **keys = NULL;
	int ret = to ? read_cases(dir, &keys, &n) : -errno;

	if (to)
		fputs("case\tfunction\tinstructions\tcalls\n", to);
	for (i = 0; to && i < n; i++) {
		for (k = 0; strcmp(keys[k], keys[i]); k++)
			;
		if (k == i && functions_find(f, keys[i]))
			write_case(to, functions_find(f, keys[i]), i);
	}
	if (to && !ret)
		ret = fputs("end\t0\t0\t0\n", to) < 0 || fflush(to) || ferror(to) ? -errno : 0;
	if (to && fclose(to) && !ret)
		ret = -errno;
	if (!ret && rename(new, path))
		ret = -errno;
	if (ret) {
		fprintf(stderr, "hmmstorm: %s: %s\n", new, strerror(-ret));
		unlink(new);
	}
	while (n)
		free(keys[--n]);
	free(keys);
	free(new);
	free(path);
	return ret;
}

static int fold_boot(const char *dir)
{
	static const char *const bulky[] = { "windows.tsv", "symbols.tsv" };
	struct functions *f;
	char path[4096];
	size_t i;
	int ret;

	if (has_file(dir, "functions.tsv"))
		return 0;
	ret = functions_read(&f, dir);
	if (!ret)
		ret = write_folded(f, dir);
	functions_free(f);
	for (i = 0; !ret && i < sizeof(bulky) / sizeof(*bulky); i++) {
		table_path(dir, bulky[i], path, sizeof(path));
		unlink(path);
	}
	return ret;
}

int functions_fold(const char *path)
{
	struct side *side;
	size_t i;
	int ret = side_read(&side, path);

	if (ret)
		return ret;
	for (i = 0; i < side->nr_boots && !ret; i++)
		ret = fold_boot(side->boots[i].dir);
	side_free(side);
	return ret;
}

static int by_key(const void *a, const void *b)
{
	return strverscmp(((const struct function_case *)a)->key,
			  ((const struct function_case *)b)->key);
}

static void choose_least(struct functions *f)
{
	size_t i, k;

	for (i = 0; i < f->nr_cases; i++)
		for (k = 0; k < f->nr_boots; k++) {
			struct function_case *c = &f->cases[i];

			if (c->total[k] < c->total[c->least] || isnan(c->total[c->least]))
				c->least = k;
		}
}

int functions_read(struct functions **f, const char *path)
{
	struct side *side;
	size_t i;
	int ret = side_read(&side, path);

	*f = NULL;
	if (ret)
		return ret;
	*f = must(calloc(1, sizeof(**f)));
	(*f)->path = must_copy(path);
	(*f)->nr_boots = side->nr_boots;
	for (i = 0; i < side->nr_boots && !ret; i++)
		ret = read_boot(*f, i, side->boots[i].dir);
	side_free(side);
	if (ret) {
		functions_free(*f);
		*f = NULL;
		return ret;
	}
	qsort((*f)->cases, (*f)->nr_cases, sizeof(*(*f)->cases), by_key);
	choose_least(*f);
	return 0;
}

void functions_free(struct functions *f)
{
	size_t i, k;

	if (!f)
		return;
	for (i = 0; i < f->nr_cases; i++) {
		struct function_case *c = &f->cases[i];

		for (k = 0; k < c->nr_functions; k++) {
			free(c->functions[k].name);
			free(c->functions[k].value);
			free(c->functions[k].calls);
		}
		free(c->functions);
		free(c->total);
		free(c->key);
	}
	free(f->cases);
	free(f->path);
	free(f);
}

const struct function_case *functions_find(const struct functions *f, const char *key)
{
	struct function_case wanted = { .key = (char *)key };

	return bsearch(&wanted, f->cases, f->nr_cases, sizeof(wanted), by_key);
}

struct range {
	double least, most, at_least; /* at_least: in the operation with the least total */
};

/* Over the boots that have the case. */
static struct range range_of(const struct functions *f, const struct function_case *c,
			     const double *values)
{
	struct range r = { 0, 0, 0 };
	bool first = true;
	size_t i;

	if (!c || !values)
		return r;
	for (i = 0; i < f->nr_boots; i++) {
		if (isnan(c->total[i]))
			continue;
		r.least = first ? values[i] : fmin(r.least, values[i]);
		r.most = first ? values[i] : fmax(r.most, values[i]);
		first = false;
	}
	r.at_least = values[c->least];
	return r;
}

static bool is_settled(const struct function_case *old, struct range a,
		       const struct function_case *new, struct range b)
{
	double gap = b.least > a.most ? b.least - a.most : a.least - b.most;
	double spread = fmax(a.most - a.least, b.most - b.least);

	return old && new && old->n > 1 && new->n > 1 && gap > spread;
}

static int by_change(const void *a, const void *b)
{
	const struct function_change *x = a, *y = b;
	double dx = fabs(x->new - x->old), dy = fabs(y->new - y->old);

	if (x->settled != y->settled)
		return x->settled ? -1 : 1;
	if (dx != dy)
		return dx > dy ? -1 : 1;
	if (x->new + x->old != y->new + y->old)
		return x->new + x->old > y->new + y->old ? -1 : 1;
	return strcmp(x->name, y->name);
}

static const struct function *find_function(const struct function_case *c, const char *name)
{
	size_t at;

	return c && has_function(c, name, &at) ? &c->functions[at] : NULL;
}

static struct function_change change_of(const struct functions *f, const struct function_case *old,
					const struct functions *g, const struct function_case *new,
					const char *name, bool *varies)
{
	const struct function *x = find_function(old, name), *y = find_function(new, name);
	struct range a = range_of(f, old, x ? x->value : NULL);
	struct range b = range_of(g, new, y ? y->value : NULL);
	struct range m = range_of(f, old, x ? x->calls : NULL);
	struct range n = range_of(g, new, y ? y->calls : NULL);
	bool settled = is_settled(old, a, new, b);

	*varies = a.least != a.most || b.least != b.most;
	return (struct function_change){
		name, a.at_least, b.at_least, m.at_least, n.at_least, settled,
		settled && m.least == m.most && n.least == n.most && m.least == n.least,
	};
}

/* The change of each function of either case. */
static void each_function(const struct functions *f, const struct function_case *old,
			  const struct functions *g, const struct function_case *new,
			  void (*act)(void *data, const struct function_change *c, bool varies),
			  void *data)
{
	const struct function_case *both[] = { old, new };
	size_t i, k;

	for (k = 0; k < 2; k++)
		for (i = 0; both[k] && i < both[k]->nr_functions; i++) {
			const char *name = both[k]->functions[i].name;
			struct function_change c;
			bool varies;

			if (k && find_function(old, name))
				continue;
			c = change_of(f, old, g, new, name, &varies);
			act(data, &c, varies);
		}
}

struct function_noise {
	void *tree;	/* of struct tally, by name */
};

struct tally {
	const char *name;	/* of the sides: they outlive it */
	size_t cases, vary, settled;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tally *)a)->name, ((const struct tally *)b)->name);
}

static void count_noise(void *data, const struct function_change *c, bool varies)
{
	struct function_noise *noise = data;
	struct tally *t = must(calloc(1, sizeof(*t))), **found;

	t->name = c->name;
	found = must(tsearch(t, &noise->tree, by_name));
	if (*found != t)
		free(t);
	(*found)->cases++;
	(*found)->vary += varies;
	(*found)->settled += c->settled;
}

struct function_noise *functions_noise(const struct functions *f, const struct functions *g)
{
	struct function_noise *noise = must(calloc(1, sizeof(*noise)));
	const struct function_case *new;
	size_t i;

	for (i = 0; i < f->nr_cases; i++) {
		new = functions_find(g, f->cases[i].key);
		if (new)
			each_function(f, &f->cases[i], g, new, count_noise, noise);
	}
	return noise;
}

void functions_noise_free(struct function_noise *noise)
{
	if (noise)
		tdestroy(noise->tree, free);
	free(noise);
}

static bool is_trusted(const struct function_noise *noise, const char *name)
{
	struct tally wanted = { .name = name };
	struct tally *const *found = noise ? tfind(&wanted, &noise->tree, by_name) : NULL;

	return !found || !(*found)->vary || 2 * (*found)->settled >= (*found)->cases;
}

struct list {
	const struct function_noise *noise;
	struct function_change *changes;
	size_t n;
};

static void add_change(void *data, const struct function_change *c, bool varies)
{
	struct list *l = data;
	struct function_change *kept;

	(void)varies;
	l->changes = must_grow(l->changes, l->n, sizeof(*l->changes));
	kept = &l->changes[l->n++];
	*kept = *c;
	if (!kept->settled || is_trusted(l->noise, kept->name))
		return;
	kept->settled = false;
	kept->own = false;
}

size_t functions_compare(const struct functions *f, const struct function_case *old,
			 const struct functions *g, const struct function_case *new,
			 const struct function_noise *noise, struct function_change **changes)
{
	struct list l = { .noise = noise };

	each_function(f, old, g, new, add_change, &l);
	*changes = l.changes;
	if (l.n)
		qsort(*changes, l.n, sizeof(**changes), by_change);
	return l.n;
}

/* On one side alone, and of another about as much is on the other alone: a new name. */
static bool is_renamed(const struct function_change *changes, size_t n,
		       const struct function_change *c)
{
	double size = c->old + c->new;
	size_t i;

	for (i = 0; i < n && (c->old == 0 || c->new == 0); i++) {
		const struct function_change *d = &changes[i];
		double other = c->old > 0 ? d->new : d->old;

		if ((c->old > 0 ? d->old : d->new) == 0 && other > size / 2 && other < 2 * size)
			return true;
	}
	return false;
}

const struct function_change *functions_cause(const struct function_change *changes, size_t n)
{
	const struct function_change *largest = NULL, *own = NULL;
	size_t nr = 0, nr_own = 0, i;
	double net = 0;

	for (; nr < n && changes[nr].settled; nr++)
		net += changes[nr].new - changes[nr].old;
	for (i = 0; i < nr; i++) {
		const struct function_change *c = &changes[i];

		nr_own += c->own;
		if ((c->new - c->old) * net < 0)
			continue;
		if (!largest && !is_renamed(changes, nr, c))
			largest = c;
		if (!own && c->own)
			own = c;
	}
	return own && nr_own <= FEW_CAUSES ? own : largest;
}
