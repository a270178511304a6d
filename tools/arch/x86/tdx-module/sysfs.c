// SPDX-License-Identifier: GPL-2.0-only
/* Files of the kernel: short texts, read and written as a whole */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sysfs.h"

static const char *root = "";

void sysfs_set_root(const char *directory)
{
	root = directory;
}

int sysfs_open(const char *directory, const char *name, int flags)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s%s%s", root, directory, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysfs_read(const char *directory, const char *name, char *text, size_t size)
{
	int fd = sysfs_open(directory, name, O_RDONLY);
	ssize_t count;

	text[0] = '\0';
	if (fd < 0)
		return fd;
	do
		count = read(fd, text, size - 1);
	while (count < 0 && errno == EINTR);
	if (count < 0) {
		count = -errno;
		close(fd);
		return count;
	}
	close(fd);
	text[count] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

int sysfs_write(const char *directory, const char *name, const char *text)
{
	int fd = sysfs_open(directory, name, O_WRONLY);
	ssize_t count;
	int ret = 0;

	if (fd < 0)
		return fd;
	do
		count = write(fd, text, strlen(text));
	while (count < 0 && errno == EINTR);
	if (count < 0)
		ret = -errno;
	close(fd);
	return ret;
}

bool sysfs_exists(const char *directory, const char *name)
{
	int fd = sysfs_open(directory, name, O_PATH);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}
