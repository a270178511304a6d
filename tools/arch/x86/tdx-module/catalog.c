// SPDX-License-Identifier: GPL-2.0-only
/* The images that there are */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"

void entry_load(const char *path, const struct mapping *mapping, struct entry *entry)
{
	memset(entry, 0, sizeof(*entry));
	entry->path = strdup(path);
	entry->error = entry->path ? image_read(path, &entry->file, &entry->size) : -ENOMEM;
	if (entry->error)
		return;

	entry->defect = image_parse(entry->file, entry->size, &entry->image);
	entry->version = entry->image.version;
	if (!version_known(&entry->version))
		version_of_name(path, &entry->version);
	if (mapping)
		entry->release = mapping_find(mapping, &entry->version);
}

static void drop_content(struct entry *entry)
{
	free(entry->file);
	entry->file = NULL;
}

void entry_free(struct entry *entry)
{
	drop_content(entry);
	free(entry->path);
	entry->path = NULL;
}

static int add(struct catalog *catalog, const char *path, const struct mapping *mapping)
{
	struct entry *larger;

	larger = reallocarray(catalog->entries, catalog->count + 1, sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	catalog->entries = larger;
	entry_load(path, mapping, &larger[catalog->count]);
	if (!larger[catalog->count].path)
		return -ENOMEM;
	drop_content(&larger[catalog->count]);
	catalog->count++;
	return 0;
}

static int newest_first(const void *a, const void *b)
{
	const struct entry *left = a, *right = b;
	int order = version_compare(&right->version, &left->version);

	return order ? order : strcmp(left->path, right->path);
}

int catalog_read(const char *directory, const struct mapping *mapping,
		 struct catalog *catalog)
{
	char *roots[2] = { (char *)directory, NULL };
	const char *ending;
	FTSENT *file;
	int ret = 0;
	FTS *walk;

	memset(catalog, 0, sizeof(*catalog));
	/* What a link leads to counts, but not below directories that it leads to. */
	walk = fts_open(roots, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR, NULL);
	if (!walk)
		return -errno;
	while (!ret && (errno = 0, file = fts_read(walk))) {
		if (file->fts_level == FTS_ROOTLEVEL && file->fts_info != FTS_D &&
		    file->fts_info != FTS_DP)
			ret = file->fts_errno ? -file->fts_errno : -ENOTDIR;
		if (file->fts_info != FTS_F && file->fts_info != FTS_SL)
			continue;
		ending = strrchr(file->fts_name, '.');
		if (ending && !strcmp(ending, ".blob"))
			ret = add(catalog, file->fts_path, mapping);
	}
	if (!ret && errno)
		ret = -errno;
	fts_close(walk);
	if (ret)
		catalog_free(catalog);
	else if (catalog->count)
		qsort(catalog->entries, catalog->count, sizeof(*catalog->entries),
		      newest_first);
	return ret;
}

void catalog_free(struct catalog *catalog)
{
	size_t i;

	for (i = 0; i < catalog->count; i++)
		entry_free(&catalog->entries[i]);
	free(catalog->entries);
	memset(catalog, 0, sizeof(*catalog));
}

struct entry *catalog_find(const struct catalog *catalog, const struct version *version)
{
	struct entry *found = NULL, *entry;

	for (entry = catalog->entries; entry < catalog->entries + catalog->count; entry++) {
		if (version_compare(&entry->version, version))
			continue;
		if (!found || found->error || found->defect)
			found = entry;
	}
	return found;
}

enum outcome entry_find(const char *argument, const char *directory,
			const struct mapping *mapping, struct entry *entry,
			struct report *report)
{
	struct catalog catalog;
	struct version version;
	struct entry *found;
	int ret;

	if (!version_parse(argument, &version)) {
		entry_load(argument, mapping, entry);
		if (entry->error)
			return report_set(report, OUTCOME_USAGE, "unreadable", "%s: %s%s",
					  argument, strerror(-entry->error),
					  entry->error == -ENOENT && !strchr(argument, '/') ?
					  ", and no version as 1.5.06" : "");
		return OUTCOME_DONE;
	}

	ret = catalog_read(directory, mapping, &catalog);
	if (ret)
		return report_set(report, OUTCOME_USAGE, "unreadable", "%s: %s", directory,
				  strerror(-ret));
	found = catalog_find(&catalog, &version);
	if (found)
		entry_load(found->path, mapping, entry);
	catalog_free(&catalog);
	if (!found)
		return report_set(report, OUTCOME_USAGE, "no-such-version",
				  "no image of version %s in %s", argument, directory);
	return OUTCOME_DONE;
}

void json_add_image(struct json_object *json, const struct entry *entry)
{
	bool known = !entry->error && entry->image.svn;
	char hash[2 * SHA384_SIZE + 1], svn[8], version[VERSION_TEXT];

	json_add_text(json, "path", entry->path);
	json_add_text(json, "version", version_known(&entry->version) ?
		      version_text(&entry->version, version) : NULL);
	json_object_object_add(json, "build", entry->image.build ?
			       json_object_new_int64(entry->image.build) : NULL);
	snprintf(svn, sizeof(svn), "0x%04x", entry->image.svn & 0xffff);
	json_add_text(json, "svn", known ? svn : NULL);
	hash_to_text(entry->image.mrseam, hash);
	json_add_text(json, "mrseam", known ? hash : NULL);
	json_add_text(json, "defect", entry->error ? "unreadable" :
		      entry->defect ? image_defect_name(entry->defect) : NULL);
}
