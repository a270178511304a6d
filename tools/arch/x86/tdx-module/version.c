// SPDX-License-Identifier: GPL-2.0-only
/* Versions as the kernel, Intel's files and operators write them */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "version.h"

/* One number of up to five digits; larger than any field of a version. */
static const char *parse_number(const char *text, unsigned int *number)
{
	int digits = 0;

	for (*number = 0; isdigit((unsigned char)*text); text++) {
		if (++digits > 5)
			return NULL;
		*number = *number * 10 + (*text - '0');
	}
	return digits ? text : NULL;
}

/* Where the version ends that @text begins with, or NULL. */
static const char *parse_prefix(const char *text, struct version *version)
{
	text = parse_number(text, &version->major);
	if (!text || *text++ != '.')
		return NULL;
	text = parse_number(text, &version->minor);
	if (!text || *text++ != '.')
		return NULL;
	return parse_number(text, &version->update);
}

bool version_parse(const char *text, struct version *version)
{
	struct version found;
	const char *end = parse_prefix(text, &found);

	if (!end || *end)
		return false;
	*version = found;
	return true;
}

bool version_of_name(const char *path, struct version *version)
{
	const char *name = strrchr(path, '/');
	struct version found;
	const char *end;

	name = name ? name + 1 : path;
	if (!strncmp(name, "tdx_module_", strlen("tdx_module_")))
		name += strlen("tdx_module_");
	end = parse_prefix(name, &found);
	if (!end || strcmp(end, ".blob"))
		return false;
	*version = found;
	return true;
}

bool version_known(const struct version *version)
{
	return version->major || version->minor || version->update;
}

int version_compare(const struct version *a, const struct version *b)
{
	if (a->major != b->major)
		return a->major < b->major ? -1 : 1;
	if (a->minor != b->minor)
		return a->minor < b->minor ? -1 : 1;
	if (a->update != b->update)
		return a->update < b->update ? -1 : 1;
	return 0;
}

bool version_same_line(const struct version *a, const struct version *b)
{
	return a->major == b->major && a->minor == b->minor;
}

const char *version_text(const struct version *version, char text[VERSION_TEXT])
{
	if (version_known(version))
		snprintf(text, VERSION_TEXT, "%u.%u.%02u", version->major % 100000,
			 version->minor % 100000, version->update % 100000);
	else
		snprintf(text, VERSION_TEXT, "unknown");
	return text;
}
