/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pictures by gnuplot, in the style of scripts/plot.d/style.gp; nothing is smoothed.
 * A figure is made of series of points; figure_draw() writes DIR/plots/NAME.dat and
 * NAME.gp and lets gnuplot make NAME.svg and NAME.png of them. Points that are NaN
 * are left out; a series without any is left out; a figure without any is not
 * drawn. Out of memory ends the program (exit status 1).
 */
#ifndef HMMSTORM_FIGURE_H
#define HMMSTORM_FIGURE_H

#include <stdbool.h>
#include <stddef.h>

enum figure_kind {
	FIGURE_LINES,	/* (x, y) with error bars where a point has them */
	FIGURE_BARS,	/* x: number of a group from 0 (figure_group) */
	FIGURE_MAP,	/* the first series: (x, y, z) cells; others: lines over it */
	FIGURE_STEPS,	/* (x, y) as a staircase: distributions, histograms */
	FIGURE_HISTORY,	/* x: number of an entry from 0 (figure_group); controls: levels */
};

enum figure_axis { FIGURE_LINEAR, FIGURE_LOG10, FIGURE_LOG2 };

struct figure;
struct results_series;

/* name: the file's stem, "e3-fork". subtitle: where it was measured
 * (part_subtitle()).
 */
struct figure *figure_new(enum figure_kind kind, const char *name,
			  const char *title, const char *subtitle);
void figure_free(struct figure *f);
/* Label with its unit, and scale. Zero on a logarithmic axis is not drawn, but in
 * figure_zero(): it then stands at the axis' left end, and is labelled 0.
 */
void figure_x(struct figure *f, enum figure_axis axis, const char *label);
void figure_y(struct figure *f, enum figure_axis axis, const char *label);
void figure_zero(struct figure *f);
/* Of the map's colours: what z is; limits low to high (equal: of the data), centre
 * the colour that is neither, e.g. 1 of a ratio, with FIGURE_LOG10 for a ratio.
 */
void figure_z(struct figure *f, enum figure_axis axis, const char *label,
	      double low, double high);
/* z is a number of a category from 0, each with a colour and a name. */
void figure_category(struct figure *f, const char *name);
/* Bars: the group's name, in order of x from 0; a history: the entry's, "" for none. */
void figure_group(struct figure *f, const char *name);

/* A series begins; points go to the last one begun. control: drawn dashed. */
void figure_series(struct figure *f, const char *title, bool control);
void figure_point(struct figure *f, double x, double y);
void figure_error(struct figure *f, double x, double y, double low, double high);
void figure_cell(struct figure *f, double x, double y, double z);
/* All points of a series, divided by `by`, with their errors. */
void figure_results(struct figure *f, const struct results_series *s, double by);

/* 0 and the path without suffix (DIR/plots/NAME) in path; -ENODATA: nothing to draw;
 * -ENOENT: no gnuplot; else -errno. One line on stderr for each but -ENODATA.
 */
int figure_draw(const struct figure *f, const char *dir, char *path, size_t len);

#endif
