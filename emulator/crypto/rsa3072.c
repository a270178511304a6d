// SPDX-License-Identifier: GPL-2.0-only
/*
 * RSA-3072 signatures. BearSSL does the exponentiation; the padding is compared
 * with the only one that is right (RFC 8017, 8.2.2), so there is nothing to parse.
 */
#include "rsa3072.h"

#include <bearssl_rsa.h>

/* DigestInfo of SHA-384, up to the digest (RFC 8017, 9.2). */
static const u8 digest_info[] = {
	0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30,
};

/* BearSSL wants everything big endian. */
static void reverse(u8 *to, const u8 *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = from[size - 1 - i];
}

static void pad(u8 message[RSA3072_SIZE], const u8 digest[SHA384_DIGEST_SIZE])
{
	u8 *digest_at = message + RSA3072_SIZE - SHA384_DIGEST_SIZE;
	u8 *info_at = digest_at - sizeof(digest_info);

	__builtin_memset(message, 0xff, RSA3072_SIZE);
	message[0] = 0;
	message[1] = 1;
	info_at[-1] = 0;
	__builtin_memcpy(info_at, digest_info, sizeof(digest_info));
	__builtin_memcpy(digest_at, digest, SHA384_DIGEST_SIZE);
}

bool rsa3072_verify(const u8 modulus[RSA3072_SIZE], u32 exponent, const u8 signature[RSA3072_SIZE],
		    const u8 digest[SHA384_DIGEST_SIZE])
{
	u8 modulus_be[RSA3072_SIZE], exponent_be[sizeof(exponent)];
	u8 message[RSA3072_SIZE], expected[RSA3072_SIZE];
	const br_rsa_public_key key = {
		.n = modulus_be,
		.nlen = sizeof(modulus_be),
		.e = exponent_be,
		.elen = sizeof(exponent_be),
	};

	reverse(modulus_be, modulus, sizeof(modulus_be));
	reverse(exponent_be, (const u8 *)&exponent, sizeof(exponent_be));
	reverse(message, signature, sizeof(message));

	if (!br_rsa_i62_public(message, sizeof(message), &key))
		return false;

	pad(expected, digest);
	return !__builtin_memcmp(message, expected, sizeof(message));
}
