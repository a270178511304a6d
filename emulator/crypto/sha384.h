/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SHA-384 with a plain context.
 *
 * The context has no pointers and means the same wherever the code is loaded: the
 * TDX module keeps one in a TD's control structure across an update, and each
 * version of the module packs it in a layout of its own.
 */
#ifndef EMULATOR_CRYPTO_SHA384_H
#define EMULATOR_CRYPTO_SHA384_H

#include "../abi/types.h"

#define SHA384_DIGEST_SIZE 48
#define SHA384_BLOCK_SIZE  128

/**
 * struct sha384 - an unfinished hash
 * @h: chaining value after the last whole block.
 * @length: bytes hashed so far; the last @length % SHA384_BLOCK_SIZE of them are
 *	    in @buffer.
 * @buffer: the block that is not whole yet.
 */
struct sha384 {
	u64 h[8];
	u64 length;
	u8 buffer[SHA384_BLOCK_SIZE];
};

void sha384_init(struct sha384 *context);
void sha384_update(struct sha384 *context, const void *data, size_t size);
void sha384_final(const struct sha384 *context, u8 digest[SHA384_DIGEST_SIZE]);

/* sha384_init(), sha384_update() and sha384_final() at once. */
void sha384(const void *data, size_t size, u8 digest[SHA384_DIGEST_SIZE]);

#endif
