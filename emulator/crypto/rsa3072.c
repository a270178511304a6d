// SPDX-License-Identifier: GPL-2.0-only
/* RSA-3072 signatures by BearSSL, which wants everything big endian. */
#include "rsa3072.h"

#include <bearssl_rsa.h>

static void reverse(u8 *to, const u8 *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = from[size - 1 - i];
}

bool rsa3072_verify(const u8 modulus[RSA3072_SIZE], u32 exponent,
		    const u8 signature[RSA3072_SIZE],
		    const u8 digest[SHA384_DIGEST_SIZE])
{
	u8 modulus_be[RSA3072_SIZE], exponent_be[sizeof(exponent)];
	u8 signature_be[RSA3072_SIZE], signed_digest[SHA384_DIGEST_SIZE];
	const br_rsa_public_key key = {
		.n = modulus_be, .nlen = sizeof(modulus_be),
		.e = exponent_be, .elen = sizeof(exponent_be),
	};

	reverse(modulus_be, modulus, sizeof(modulus_be));
	reverse(exponent_be, (const u8 *)&exponent, sizeof(exponent_be));
	reverse(signature_be, signature, sizeof(signature_be));

	if (!br_rsa_i62_pkcs1_vrfy(signature_be, sizeof(signature_be),
				   BR_HASH_OID_SHA384, sizeof(signed_digest),
				   &key, signed_digest))
		return false;

	return !__builtin_memcmp(signed_digest, digest, sizeof(signed_digest));
}
