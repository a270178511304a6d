/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_UPLOAD_H
#define TDX_MODULE_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One file handed to the kernel's firmware upload. */
struct upload {
	const char *directory;	/* of the upload class, in sysfs */

	/* Called whenever something may have changed, with the class's status. */
	void (*progress)(const char *status, void *data);
	/*
	 * The user wants it to end: whether to ask the kernel to cancel. NULL if nobody
	 * needs to know how it ends: then it is left to itself.
	 */
	bool (*cancel)(void *data);
	void *data;

	char error[96];		/* of the class, when it is over; empty for none */
};

/*
 * Hand the file over and wait for the end. Returns 0 when it came to an end, and
 * upload->error tells which; or, if it did not begin, a negative errno: -EBUSY when
 * another upload is under way, an update or a check, -ECANCELED, also if it was left to
 * itself, or as the kernel has it.
 */
int upload_run(struct upload *upload, const uint8_t *file, size_t size);

#endif
