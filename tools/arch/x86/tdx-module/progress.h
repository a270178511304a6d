/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_PROGRESS_H
#define TDX_MODULE_PROGRESS_H

#include <stdbool.h>

/* What is going on: one line that changes on a terminal, otherwise a line a change. */
struct progress {
	bool quiet;
	bool terminal;
	bool open;		/* the cursor is behind an unfinished line */
	char last[160];
};

void progress_begin(struct progress *progress, bool quiet);

/* @detail changes all the time, and only a terminal shows it. */
void progress_show(struct progress *progress, const char *text, const char *detail);

/* Make room for other output. */
void progress_end(struct progress *progress);

#endif
