/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_CRYPTO_SHA2_H
#define SHIM_CRYPTO_SHA2_H

#include <openssl/sha.h>

#include <linux/types.h>

#define SHA384_DIGEST_SIZE 48

static inline void sha384(const u8 *data, size_t size, u8 out[SHA384_DIGEST_SIZE])
{
	SHA384(data, size, out);
}

#endif
