// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allow-lists of MRSEAM: one a line, 96 hexadecimal digits. What stands behind white
 * space is for people, and so are lines that begin with #.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approved.h"
#include "host.h"

static int add_line(struct approved *approved, char *line)
{
	uint8_t (*larger)[SHA384_SIZE];

	line += strspn(line, " \t\r\n");
	if (!*line || *line == '#')
		return 0;
	line[strcspn(line, " \t\r\n")] = '\0';
	larger = realloc(approved->mrseams, (approved->count + 1) * sizeof(*larger));
	if (!larger)
		return -ENOMEM;
	approved->mrseams = larger;
	if (!hash_from_text(line, larger[approved->count]))
		return -EINVAL;
	approved->count++;
	return 0;
}

int approved_load(const char *path, struct approved *approved, unsigned int *number)
{
	char *line = NULL;
	size_t size = 0;
	FILE *file;
	int ret = 0;

	memset(approved, 0, sizeof(*approved));
	*number = 0;
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (!ret && getline(&line, &size, file) >= 0) {
		++*number;
		ret = add_line(approved, line);
	}
	if (!ret && ferror(file))
		ret = -EIO;
	free(line);
	fclose(file);
	if (ret)
		approved_free(approved);
	return ret;
}

void approved_free(struct approved *approved)
{
	free(approved->mrseams);
	memset(approved, 0, sizeof(*approved));
}

bool approved_has(const struct approved *approved, const uint8_t mrseam[SHA384_SIZE])
{
	size_t i;

	for (i = 0; i < approved->count; i++)
		if (!memcmp(approved->mrseams[i], mrseam, SHA384_SIZE))
			return true;
	return false;
}
