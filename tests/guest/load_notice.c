// SPDX-License-Identifier: GPL-2.0-only
/* tdload notice: the value of a file in sysfs, and each one that poll() tells of. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tdload.h"

int load_notice(int argc, char **argv)
{
	struct pollfd event = { .events = POLLPRI };
	char value[128];
	ssize_t size;

	if (argc != 2)
		die("notice: one file");
	event.fd = open(argv[1], O_RDONLY);
	if (event.fd < 0)
		die("%s: %s", argv[1], strerror(errno));
	do {
		/* Reading it is what makes the next change an event. */
		size = pread(event.fd, value, sizeof(value), 0);
		if (size < 0)
			die("%s: %s", argv[1], strerror(errno));
		fwrite(value, size, 1, stdout);
	} while (poll(&event, 1, -1) > 0);
	return 1;
}
