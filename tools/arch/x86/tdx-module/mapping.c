// SPDX-License-Identifier: GPL-2.0-only
/*
 * mapping_file.json, which Intel publishes with the images: for each version, which
 * running modules it can replace with TDs preserved, and which P-SEAMLDR it needs
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "mapping.h"

#define MAX_RELEASES	4096

static bool get_version(struct json_object *object, struct version *version)
{
	return json_object_is_type(object, json_type_string) &&
	       version_parse(json_object_get_string(object), version);
}

static bool parse_release(struct json_object *object, struct release *release)
{
	struct json_object *field;
	size_t i, count;

	memset(release, 0, sizeof(*release));
	if (!json_object_object_get_ex(object, "version", &field) ||
	    !get_version(field, &release->version))
		return false;
	if (json_object_object_get_ex(object, "min_module_version_for_td_preserving", &field) &&
	    !get_version(field, &release->least_running))
		return false;
	if (!json_object_object_get_ex(object, "min_seamldr_versions", &field))
		return true;
	if (!json_object_is_type(field, json_type_array))
		return false;
	count = json_object_array_length(field);
	if (count > RELEASE_MAX_SEAMLDRS)
		return false;
	for (i = 0; i < count; i++)
		if (!get_version(json_object_array_get_idx(field, i), &release->seamldrs[i]))
			return false;
	release->nr_seamldrs = count;
	return true;
}

static int parse_mapping(struct json_object *root, struct mapping *mapping)
{
	struct json_object *list;
	size_t i, count;

	if (!json_object_object_get_ex(root, "tdx_module_releases", &list) ||
	    !json_object_is_type(list, json_type_array))
		return -EINVAL;
	count = json_object_array_length(list);
	if (!count || count > MAX_RELEASES)
		return -EINVAL;

	mapping->releases = calloc(count, sizeof(*mapping->releases));
	if (!mapping->releases)
		return -ENOMEM;
	mapping->nr_releases = count;
	for (i = 0; i < count; i++) {
		if (!parse_release(json_object_array_get_idx(list, i), &mapping->releases[i])) {
			mapping_free(mapping);
			return -EINVAL;
		}
	}
	return 0;
}

int mapping_load(const char *path, struct mapping *mapping)
{
	struct json_object *root;
	int fd, ret;

	memset(mapping, 0, sizeof(*mapping));
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	root = json_object_from_fd(fd);
	close(fd);
	ret = root ? parse_mapping(root, mapping) : -EINVAL;
	json_object_put(root);
	return ret;
}

void mapping_free(struct mapping *mapping)
{
	free(mapping->releases);
	memset(mapping, 0, sizeof(*mapping));
}

const struct release *mapping_find(const struct mapping *mapping,
				   const struct version *version)
{
	size_t i;

	for (i = 0; i < mapping->nr_releases; i++)
		if (!version_compare(&mapping->releases[i].version, version))
			return &mapping->releases[i];
	return NULL;
}
