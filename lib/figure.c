// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alloc.h"
#include "figure.h"
#include "results.h"

struct point {
	double x, y, low, high;	/* low: z of a map's cell */
};

struct series {
	char *title;
	bool control;
	struct point *at;
	size_t n;
};

struct axis {
	char *label;
	enum figure_axis scale;
};

struct names {
	char **at;
	size_t n;
};

struct figure {
	enum figure_kind kind;
	char *name, *title, *subtitle;
	struct axis x, y, z;
	double low_z, high_z;
	bool zero;
	struct names groups, categories;
	struct series *series;
	size_t nr_series;
};

static const char *const templates[] = {
	[FIGURE_LINES] = "figure-lines.gp",
	[FIGURE_BARS] = "figure-bars.gp",
	[FIGURE_MAP] = "figure-map.gp",
	[FIGURE_STEPS] = "figure-steps.gp",
	[FIGURE_HISTORY] = "figure-history.gp",
};

static const int bases[] = {
	[FIGURE_LINEAR] = 0,
	[FIGURE_LOG10] = 10,
	[FIGURE_LOG2] = 2,
};

struct figure *figure_new(enum figure_kind kind, const char *name,
			  const char *title, const char *subtitle)
{
	struct figure *f = must(calloc(1, sizeof(*f)));

	f->kind = kind;
	f->name = must_copy(name);
	f->title = must_copy(title);
	f->subtitle = must_copy(subtitle);
	return f;
}

static void free_names(struct names *names)
{
	size_t i;

	for (i = 0; i < names->n; i++)
		free(names->at[i]);
	free(names->at);
}

void figure_free(struct figure *f)
{
	size_t i;

	if (!f)
		return;
	for (i = 0; i < f->nr_series; i++) {
		free(f->series[i].title);
		free(f->series[i].at);
	}
	free(f->series);
	free_names(&f->groups);
	free_names(&f->categories);
	free(f->x.label);
	free(f->y.label);
	free(f->z.label);
	free(f->name);
	free(f->title);
	free(f->subtitle);
	free(f);
}

static void set_axis(struct axis *a, enum figure_axis scale, const char *label)
{
	free(a->label);
	a->label = must_copy(label);
	a->scale = scale;
}

void figure_x(struct figure *f, enum figure_axis axis, const char *label)
{
	set_axis(&f->x, axis, label);
}

void figure_y(struct figure *f, enum figure_axis axis, const char *label)
{
	set_axis(&f->y, axis, label);
}

void figure_zero(struct figure *f)
{
	f->zero = true;
}

void figure_z(struct figure *f, enum figure_axis axis, const char *label,
	      double low, double high)
{
	set_axis(&f->z, axis, label);
	f->low_z = low;
	f->high_z = high;
}

static void add_name(struct names *names, const char *name)
{
	names->at = must_grow(names->at, names->n, sizeof(*names->at));
	names->at[names->n++] = must_copy(name);
}

void figure_category(struct figure *f, const char *name)
{
	add_name(&f->categories, name);
}

void figure_group(struct figure *f, const char *name)
{
	add_name(&f->groups, name);
}

void figure_series(struct figure *f, const char *title, bool control)
{
	f->series = must_grow(f->series, f->nr_series, sizeof(*f->series));
	f->series[f->nr_series++] = (struct series){ must_copy(title), control, NULL, 0 };
}

void figure_error(struct figure *f, double x, double y, double low, double high)
{
	struct series *s = &f->series[f->nr_series - 1];

	if (isnan(x) || isnan(y))
		return;
	s->at = must_grow(s->at, s->n, sizeof(*s->at));
	s->at[s->n++] = (struct point){ x, y, low, high };
}

void figure_point(struct figure *f, double x, double y)
{
	figure_error(f, x, y, NAN, NAN);
}

void figure_cell(struct figure *f, double x, double y, double z)
{
	if (!isnan(z))
		figure_error(f, x, y, z, NAN);
}

void figure_results(struct figure *f, const struct results_series *s, double by)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		const struct estimate *e = &s->at[i].y;

		figure_error(f, s->at[i].x, e->value / by, e->low / by, e->high / by);
	}
}

/* Single quotes: gnuplot runs what stands between backquotes in double ones. */
static void put_string(FILE *to, const char *text)
{
	fputc('\'', to);
	for (; text && *text; text++) {
		if (*text == '\'')
			fputc('\'', to);
		fputs(*text == '\n' ? "; " : (char[]){ *text, 0 }, to);
	}
	fputc('\'', to);
}

static void put_setting(FILE *to, const char *name, const char *text)
{
	fprintf(to, "%s = ", name);
	put_string(to, text);
	fputc('\n', to);
}

static void put_names(FILE *to, const char *array, const struct names *names)
{
	size_t i;

	if (!names->n)
		return;
	fprintf(to, "array %s[%zu]\n", array, names->n);
	for (i = 0; i < names->n; i++) {
		fprintf(to, "%s[%zu] = ", array, i + 1);
		put_string(to, names->at[i]);
		fputc('\n', to);
	}
}

/* Can this point be shown, and where? A zero on a logarithmic axis only if asked. */
static bool place(const struct figure *f, const struct point *p, double zero_x,
		  double *x)
{
	*x = p->x;
	if (f->y.scale != FIGURE_LINEAR && p->y <= 0)
		return false;
	if (f->x.scale == FIGURE_LINEAR || p->x > 0)
		return true;
	*x = zero_x;
	return f->zero && !p->x;
}

/* One step of the axis' base left of the least x that is not zero. */
static double place_of_zero(const struct figure *f)
{
	double least = INFINITY;
	size_t i, k;

	for (i = 0; i < f->nr_series; i++)
		for (k = 0; k < f->series[i].n; k++)
			if (f->series[i].at[k].x > 0)
				least = fmin(least, f->series[i].at[k].x);
	return (isinf(least) ? 1 : least) / (f->x.scale == FIGURE_LOG2 ? 4 : 10);
}

static bool has_zero(const struct figure *f)
{
	size_t i, k;

	if (!f->zero || f->x.scale == FIGURE_LINEAR)
		return false;
	for (i = 0; i < f->nr_series; i++)
		for (k = 0; k < f->series[i].n; k++)
			if (!f->series[i].at[k].x)
				return true;
	return false;
}

static void put_number(FILE *to, double value)
{
	if (isnan(value))
		fputs("\t?", to);
	else
		fprintf(to, "\t%.10g", value);
}

static int compare_doubles(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Where a cell ends: half way to its neighbours, on the axis' scale. */
static void edges(const double *all, size_t n, double v, bool logarithmic,
		  double *low, double *high)
{
	double below = NAN, above = NAN;
	size_t i;

	for (i = 0; i < n; i++) {
		if (all[i] < v)
			below = all[i];
		if (all[i] > v && isnan(above))
			above = all[i];
	}
	if (isnan(below))
		below = isnan(above) ? v / 2 : logarithmic ? v * v / above : 2 * v - above;
	if (isnan(above))
		above = logarithmic ? v * v / below : 2 * v - below;
	*low = logarithmic ? sqrt(v * below) : (v + below) / 2;
	*high = logarithmic ? sqrt(v * above) : (v + above) / 2;
}

static void put_cells(const struct figure *f, const struct series *s, FILE *to)
{
	double *x = must(calloc(s->n + 1, sizeof(*x)));
	double *y = must(calloc(s->n + 1, sizeof(*y))), low, high;
	size_t i;

	for (i = 0; i < s->n; i++) {
		x[i] = s->at[i].x;
		y[i] = s->at[i].y;
	}
	qsort(x, s->n, sizeof(*x), compare_doubles);
	qsort(y, s->n, sizeof(*y), compare_doubles);
	for (i = 0; i < s->n; i++) {
		const struct point *p = &s->at[i];

		fprintf(to, "%.10g\t%.10g", p->x, p->y);
		edges(x, s->n, p->x, f->x.scale != FIGURE_LINEAR, &low, &high);
		fprintf(to, "\t%.10g\t%.10g", low, high);
		edges(y, s->n, p->y, f->y.scale != FIGURE_LINEAR, &low, &high);
		fprintf(to, "\t%.10g\t%.10g\t%.10g\n", low, high, p->low);
	}
	free(x);
	free(y);
}

static size_t put_points(const struct figure *f, const struct series *s, FILE *to)
{
	double zero_x = place_of_zero(f), x;
	size_t i, n = 0;

	for (i = 0; i < s->n; i++) {
		if (!place(f, &s->at[i], zero_x, &x))
			continue;
		fprintf(to, "%.10g", x);
		put_number(to, s->at[i].y);
		put_number(to, s->at[i].low);
		put_number(to, s->at[i].high);
		put_number(to, fmax(s->at[i].y, s->at[i].high));
		fputc('\n', to);
		n++;
	}
	return n;
}

/* gnuplot's blocks are two empty lines apart, and an empty one counts for nothing. */
static bool is_shown(const struct figure *f, const struct series *s)
{
	double x;
	size_t i;

	for (i = 0; i < s->n; i++)
		if (place(f, &s->at[i], place_of_zero(f), &x))
			return true;
	return false;
}

static void put_data(const struct figure *f, FILE *to)
{
	size_t i, blocks = 0;

	for (i = 0; i < f->nr_series; i++) {
		const struct series *s = &f->series[i];

		if (!is_shown(f, s))
			continue;
		fprintf(to, "%s# %s\n", blocks++ ? "\n\n" : "", s->title);
		if (f->kind == FIGURE_MAP && blocks == 1)
			put_cells(f, s, to);
		else
			put_points(f, s, to);
	}
}

/* The ends of the data; of x and of the least y only what is above 0. */
static void put_ends(const struct figure *f, FILE *to)
{
	double largest = 0, least = INFINITY, largest_x = 0, least_x = INFINITY;
	size_t i, k;

	for (i = 0; i < f->nr_series; i++)
		for (k = 0; k < f->series[i].n; k++) {
			const struct point *p = &f->series[i].at[k];

			largest_x = fmax(largest_x, p->x);
			largest = fmax(largest, p->y);
			if (f->kind != FIGURE_MAP)
				largest = fmax(largest, p->high);
			if (p->x > 0)
				least_x = fmin(least_x, p->x);
			if (p->y > 0)
				least = fmin(least, p->y);
		}
	fprintf(to, "least_x = %.10g\nlargest_x = %.10g\nleast_y = %.10g\nlargest_y = %.10g\n",
		isinf(least_x) ? 1 : least_x, largest_x > 0 ? largest_x : 1,
		isinf(least) ? 1 : least, largest);
}

static void put_series(const struct figure *f, FILE *to)
{
	struct names shown = { 0 };
	size_t i, n = 0;

	for (i = 0; i < f->nr_series; i++)
		if (is_shown(f, &f->series[i]))
			add_name(&shown, f->series[i].title);
	fprintf(to, "nr = %zu\n", shown.n);
	put_names(to, "name", &shown);
	fprintf(to, "array control[%zu]\n", shown.n);
	free_names(&shown);
	for (i = 0; i < f->nr_series; i++)
		if (is_shown(f, &f->series[i]))
			fprintf(to, "control[%zu] = %d\n", ++n, f->series[i].control);
}

/* The limits asked for, or those of the data; of a ratio as far either way. */
static void put_colours(const struct figure *f, FILE *to)
{
	const struct series *s = &f->series[0];
	double low = f->low_z, high = f->high_z;
	size_t i;

	if (low == high) {
		low = INFINITY;
		high = -INFINITY;
		for (i = 0; i < s->n; i++) {
			low = fmin(low, s->at[i].low);
			high = fmax(high, s->at[i].low);
		}
		if (f->z.scale != FIGURE_LINEAR) {
			high = fmax(fmax(high, 1 / low), 1.01);
			low = 1 / high;
		}
	}
	put_setting(to, "unit_z", f->z.label);
	fprintf(to, "log_z = %d\nlow_z = %.10g\nhigh_z = %.10g\n",
		bases[f->z.scale], low, high);
	fprintf(to, "categories = %zu\n", f->categories.n);
	put_names(to, "category", &f->categories);
}

static void put_script(const struct figure *f, FILE *to)
{
	fprintf(to, "# SPDX-License-Identifier: GPL-2.0-only\n# gnuplot -c %s.gp PARTS FORMAT OUTPUT, in this folder; PARTS is scripts/plot.d\n"
		"parts = ARG1; format = ARG2; output_file = ARG3\n", f->name);
	fprintf(to, "height = %d\n", f->kind == FIGURE_MAP ? 560 : 460);
	fputs("data = ", to);
	fprintf(to, "'%s.dat'\n", f->name);
	put_setting(to, "title", f->title);
	put_setting(to, "subtitle", f->subtitle);
	put_setting(to, "unit_x", f->x.label);
	put_setting(to, "unit_y", f->y.label);
	fprintf(to, "log_x = %d\nlog_y = %d\n", bases[f->x.scale], bases[f->y.scale]);
	if (has_zero(f))
		fprintf(to, "zero_x = %.10g\n", place_of_zero(f));
	put_series(f, to);
	put_ends(f, to);
	if (f->kind == FIGURE_BARS || f->kind == FIGURE_HISTORY) {
		fprintf(to, "groups = %zu\n", f->groups.n);
		put_names(to, "group", &f->groups);
	}
	if (f->kind == FIGURE_MAP)
		put_colours(f, to);
	fprintf(to, "load parts.\"/%s\"\n", templates[f->kind]);
}

static int write_file(const struct figure *f, const char *path, const char *suffix,
		      void (*put)(const struct figure *f, FILE *to))
{
	char *name = must_print("%s.%s", path, suffix);
	FILE *to = fopen(name, "we");
	int ret = 0;

	if (to) {
		put(f, to);
		if (fclose(to))
			ret = -errno;
	} else {
		ret = -errno;
	}
	if (ret)
		fprintf(stderr, "hmmstorm: cannot write %s: %s\n", name, strerror(-ret));
	free(name);
	return ret;
}

/* scripts/plot.d above the folder of this program, wherever it was built to. */
static char *find_parts(void)
{
	char dir[4096];
	ssize_t n = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	char *parts, *slash;

	dir[n > 0 ? n : 0] = 0;
	while ((slash = strrchr(dir, '/'))) {
		*slash = 0;
		parts = must_print("%s/scripts/plot.d/style.gp", dir);
		if (!access(parts, R_OK)) {
			*strrchr(parts, '/') = 0;
			return parts;
		}
		free(parts);
	}
	fputs("hmmstorm: no scripts/plot.d above this program; pictures need the repository\n",
	      stderr);
	return NULL;
}

static void print_words(int fd)
{
	char text[1024];
	ssize_t n;

	lseek(fd, 0, SEEK_SET);
	while ((n = read(fd, text, sizeof(text))) > 0)
		fwrite(text, 1, (size_t)n, stderr);
}

/* gnuplot with these arguments, in a folder. It warns of series without an interval;
 * its words are of use only when it fails.
 */
static int run_gnuplot(const char *dir, char *const argv[], int words)
{
	posix_spawn_file_actions_t actions;
	extern char **environ;
	int status, ret;
	pid_t pid;

	if (posix_spawn_file_actions_init(&actions))
		must(NULL);
	posix_spawn_file_actions_addchdir_np(&actions, dir);
	posix_spawn_file_actions_adddup2(&actions, words, STDERR_FILENO);
	ret = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (ret == ENOENT)
		fputs("hmmstorm: no gnuplot: apt-get install gnuplot-nox\n", stderr);
	if (ret)
		return -ret;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (!status)
		return 0;
	print_words(words);
	fprintf(stderr, "hmmstorm: gnuplot cannot draw %s/%s\n", dir, argv[2]);
	return -EIO;
}

static int run_formats(const struct figure *f, const char *plots)
{
	static const char *const formats[] = { "svg", "png" };
	char *parts = find_parts(), *script = must_print("%s.gp", f->name);
	int words = memfd_create("gnuplot", MFD_CLOEXEC), ret = parts ? 0 : -ENOENT;
	size_t i;

	if (words < 0)
		ret = -errno;
	for (i = 0; !ret && i < 2; i++) {
		char *output = must_print("%s.%s", f->name, formats[i]);
		char *argv[] = { "gnuplot", "-c", script, parts, (char *)formats[i],
				 output, NULL };

		ret = run_gnuplot(plots, argv, words);
		free(output);
	}
	if (words >= 0)
		close(words);
	free(script);
	free(parts);
	return ret;
}

static bool anything_shown(const struct figure *f)
{
	size_t i;

	if (f->kind == FIGURE_MAP)
		return f->nr_series && is_shown(f, &f->series[0]);
	for (i = 0; i < f->nr_series; i++)
		if (is_shown(f, &f->series[i]))
			return true;
	return false;
}

int figure_draw(const struct figure *f, const char *dir, char *path, size_t len)
{
	char *plots;
	int ret = 0;

	if (!anything_shown(f))
		return -ENODATA;
	plots = must_print("%s/plots", dir);
	snprintf(path, len, "%s/%s", plots, f->name);
	if (mkdir(plots, 0777) && errno != EEXIST) {
		ret = -errno;
		fprintf(stderr, "hmmstorm: cannot make %s: %s\n", plots, strerror(-ret));
	}
	if (!ret)
		ret = write_file(f, path, "dat", put_data);
	if (!ret)
		ret = write_file(f, path, "gp", put_script);
	if (!ret)
		ret = run_formats(f, plots);
	free(plots);
	return ret;
}
