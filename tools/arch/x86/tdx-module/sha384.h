/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_SHA384_H
#define TDX_MODULE_SHA384_H

#include <stddef.h>
#include <stdint.h>

#define SHA384_SIZE	48

/* SHA-384 of FIPS 180-4. */
void sha384(const void *data, size_t size, uint8_t digest[SHA384_SIZE]);

#endif
