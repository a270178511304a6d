/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <string.h>

#include <linux/types.h>

static inline const void *memchr_inv(const void *start, int c, size_t bytes)
{
	const u8 *byte = start;

	for (; bytes; byte++, bytes--) {
		if (*byte != (u8)c)
			return byte;
	}

	return NULL;
}

#endif
