/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_COMMANDS_H
#define TDX_MODULE_COMMANDS_H

#include <stdbool.h>

#include "catalog.h"
#include "report.h"

/* The command line, and the files that it names. */
struct options {
	bool json;
	bool to_latest;
	bool use_last_entry;
	long wait_s;			/* -1: as the host is set up */
	const char *directory;
	const char *mapping_path;
	const char *approved_path;
	const char *argument;		/* IMAGE, VERSION or DIR, or NULL */

	struct mapping mapping;
	struct approved approved;
	struct policy policy;
};

/* Each ends with report_finish() and returns the exit status. */
int command_show(struct options *options);
int command_list(struct options *options);
int command_check(struct options *options);
int command_update(struct options *options);
int command_watch(struct options *options);

/* Add the outcome of the last update that the kernel knows of. */
void json_add_last_update(struct json_object *json, const struct host *host);

#endif
