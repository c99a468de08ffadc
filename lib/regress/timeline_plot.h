/* SPDX-License-Identifier: GPL-2.0-only */
/* A picture of a timeline, by lib/figure.h: values from entry to entry, and dashed the
 * level between change points.
 */
#ifndef HMMSTORM_TIMELINE_PLOT_H
#define HMMSTORM_TIMELINE_PLOT_H

#include "timeline.h"

/* More lines than that are no picture. */
#define TIMELINE_PLOT_MOST 16

/* At most so many series, all of one unit. out: a .svg or .png; NULL: DIR/plots, and
 * its path is printed. title: of more than one series. -ENOENT: no gnuplot; else -errno.
 */
int timeline_plot(const struct timeline *t, const struct history *h,
		  const struct timeline_query *q, const char *title, const char *dir,
		  const char *out);

#endif
