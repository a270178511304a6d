/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_CATALOG_H
#define TDX_MODULE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>

#include "approved.h"
#include "host.h"
#include "image.h"
#include "mapping.h"

#define CATALOG_DIRECTORY	"/lib/firmware/intel/tdx"

/* A file that may be an image. */
struct entry {
	char *path;
	int error;			/* negative errno if it cannot be read */
	enum image_defect defect;
	struct image image;
	struct version version;		/* by SEAM_SIGSTRUCT, else by the file's name */
	const struct release *release;	/* what the mapping file tells, or NULL */
	uint8_t *file;			/* its content, of entry_load() only */
	size_t size;
};

/* What an operator asks for besides what the host can do. */
struct policy {
	const struct approved *approved;	/* or NULL: any */
	const struct mapping *mapping;		/* or NULL: none is known */
};

struct catalog {
	size_t count;
	struct entry *entries;		/* newest first, those without version last */
};

/* Read all *.blob in the directory and below it: 0 or a negative errno. */
int catalog_read(const char *directory, const struct mapping *mapping,
		 struct catalog *catalog);
void catalog_free(struct catalog *catalog);

/* The entry with that version that is no damaged file, else one that is, else NULL. */
struct entry *catalog_find(const struct catalog *catalog, const struct version *version);

/* One file, with its content. */
void entry_load(const char *path, const struct mapping *mapping, struct entry *entry);
void entry_free(struct entry *entry);

/* The same, by a path or by the version of an image in @directory: or OUTCOME_USAGE. */
enum outcome entry_find(const char *argument, const char *directory,
			const struct mapping *mapping, struct entry *entry,
			struct report *report);

/* The module of the image runs. Without MRSEAM the version has to do. */
bool entry_runs(const struct entry *entry, const struct host *host);

/*
 * Could this host take it, as far as can be told from outside? OUTCOME_DONE,
 * OUTCOME_NOTHING if it runs already, or OUTCOME_REFUSED and why.
 */
enum outcome entry_judge(const struct entry *entry, const struct host *host,
			 const struct policy *policy, struct report *report);

/* Only what the kernel leaves to its user: the file, approval, the mapping file. */
enum outcome entry_judge_policy(const struct entry *entry, const struct host *host,
				const struct policy *policy, struct report *report);

/* A refusal says "it": say which image that is. Returns the outcome. */
enum outcome entry_name_it(const struct entry *entry, struct report *report);

void json_add_image(struct json_object *json, const struct entry *entry);

#endif
