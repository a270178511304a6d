/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_MAPPING_H
#define TDX_MODULE_MAPPING_H

#include <stddef.h>

#include "version.h"

#define RELEASE_MAX_SEAMLDRS	8

/* What Intel's mapping file tells about a version of the module. */
struct release {
	struct version version;
	struct version least_running;	/* that it can replace, or unknown */
	size_t nr_seamldrs;
	struct version seamldrs[RELEASE_MAX_SEAMLDRS];	/* the oldest of each line */
};

struct mapping {
	size_t nr_releases;
	struct release *releases;
};

/* 0, or a negative errno: -EINVAL if it is no mapping file. */
int mapping_load(const char *path, struct mapping *mapping);
void mapping_free(struct mapping *mapping);

/* NULL if the file does not have that version. */
const struct release *mapping_find(const struct mapping *mapping,
				   const struct version *version);

#endif
