// SPDX-License-Identifier: GPL-2.0-only
/* Progress on standard output */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "progress.h"

#define ERASE_LINE	"\r\033[K"

void progress_begin(struct progress *progress, bool quiet)
{
	memset(progress, 0, sizeof(*progress));
	progress->quiet = quiet;
	progress->terminal = isatty(STDOUT_FILENO);
}

void progress_show(struct progress *progress, const char *text, const char *detail)
{
	char line[sizeof(progress->last)];

	if (progress->quiet)
		return;
	snprintf(line, sizeof(line), "%s%s", text, progress->terminal ? detail : "");
	if (!strcmp(line, progress->last))
		return;
	memcpy(progress->last, line, sizeof(line));
	printf("%s%s%s", progress->open ? ERASE_LINE : "", line, progress->terminal ? "" : "\n");
	progress->open = progress->terminal;
	fflush(stdout);
}

void progress_end(struct progress *progress)
{
	if (progress->open)
		fputs(ERASE_LINE, stdout);
	progress->open = false;
	progress->last[0] = '\0';
	fflush(stdout);
}
