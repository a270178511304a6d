/* SPDX-License-Identifier: GPL-2.0-only */
/* RSA-3072 signatures, PKCS#1 v1.5 with SHA-384. */
#ifndef EMULATOR_CRYPTO_RSA3072_H
#define EMULATOR_CRYPTO_RSA3072_H

#include "sha384.h"

#define RSA3072_SIZE 384

/**
 * rsa3072_verify - check a signature
 * @modulus: little endian.
 * @exponent: public exponent.
 * @signature: little endian.
 * @digest: SHA-384 of the message.
 *
 * Return: whether @signature is one of @digest by the owner of the key.
 */
bool rsa3072_verify(const u8 modulus[RSA3072_SIZE], u32 exponent, const u8 signature[RSA3072_SIZE],
		    const u8 digest[SHA384_DIGEST_SIZE]);

#endif
