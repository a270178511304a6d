// SPDX-License-Identifier: GPL-2.0-only
/*
 * SHA-384 by BearSSL, on our own context.
 *
 * BearSSL's context starts with a pointer to a table of functions. The functions
 * used here do not follow it, and the build drops the table, so that the object
 * has no relocations and fits a position-independent image.
 */
#include "sha384.h"

#include <bearssl_hash.h>

_Static_assert(sizeof(((br_sha384_context *)0)->buf) == SHA384_BLOCK_SIZE, "block");
_Static_assert(sizeof(((br_sha384_context *)0)->val) == sizeof(((struct sha384 *)0)->h), "state");

/* FIPS 180-4, 5.3.4. */
static const u64 initial_value[8] = {
	0xcbbb9d5dc1059ed8, 0x629a292a367cd507, 0x9159015a3070dd17, 0x152fecd8f70e5939,
	0x67332667ffc00b31, 0x8eb44a8768581511, 0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
};

static void to_bearssl(br_sha384_context *to, const struct sha384 *from)
{
	to->vtable = NULL;
	to->count = from->length;
	__builtin_memcpy(to->val, from->h, sizeof(to->val));
	__builtin_memcpy(to->buf, from->buffer, sizeof(to->buf));
}

void sha384_init(struct sha384 *context)
{
	__builtin_memset(context, 0, sizeof(*context));
	__builtin_memcpy(context->h, initial_value, sizeof(context->h));
}

void sha384_update(struct sha384 *context, const void *data, size_t size)
{
	br_sha384_context bearssl;

	to_bearssl(&bearssl, context);
	br_sha384_update(&bearssl, data, size);
	context->length = bearssl.count;
	__builtin_memcpy(context->h, bearssl.val, sizeof(context->h));
	__builtin_memcpy(context->buffer, bearssl.buf, sizeof(context->buffer));
}

void sha384_final(const struct sha384 *context, u8 digest[SHA384_DIGEST_SIZE])
{
	br_sha384_context bearssl;

	to_bearssl(&bearssl, context);
	br_sha384_out(&bearssl, digest);
}

void sha384(const void *data, size_t size, u8 digest[SHA384_DIGEST_SIZE])
{
	struct sha384 context;

	sha384_init(&context);
	sha384_update(&context, data, size);
	sha384_final(&context, digest);
}
