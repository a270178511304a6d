// SPDX-License-Identifier: GPL-2.0-only
/* Our SHA-384 and RSA-3072 against OpenSSL's answers. */
#define OPENSSL_API_COMPAT 10101

#include <stdlib.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "../crypto/rsa3072.h"
#include "tap.h"

#define NUM_KEYS	 4
#define MESSAGES_PER_KEY 100
#define NUM_HASHES	 2000

/* The same numbers in each run. */
static u32 number(u32 below)
{
	return (u32)random() % below;
}

static void fill(u8 *data, size_t size)
{
	while (size--)
		*data++ = (u8)random();
}

static void reverse(u8 *to, const u8 *from, size_t size)
{
	for (size_t i = 0; i < size; i++)
		to[i] = from[size - 1 - i];
}

static void test_known_answers(void)
{
	/* FIPS 180-4 examples: "abc" and the empty message. */
	static const u8 abc[] = {
		0xcb, 0x00, 0x75, 0x3f, 0x45, 0xa3, 0x5e, 0x8b, 0xb5, 0xa0, 0x3d, 0x69,
		0x9a, 0xc6, 0x50, 0x07, 0x27, 0x2c, 0x32, 0xab, 0x0e, 0xde, 0xd1, 0x63,
		0x1a, 0x8b, 0x60, 0x5a, 0x43, 0xff, 0x5b, 0xed, 0x80, 0x86, 0x07, 0x2b,
		0xa1, 0xe7, 0xcc, 0x23, 0x58, 0xba, 0xec, 0xa1, 0x34, 0xc8, 0x25, 0xa7,
	};
	static const u8 empty_start[] = { 0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38 };
	u8 digest[SHA384_DIGEST_SIZE];

	sha384("abc", 3, digest);
	tap_ok(!memcmp(digest, abc, sizeof(abc)), "SHA-384 of \"abc\"");
	sha384("", 0, digest);
	tap_ok(!memcmp(digest, empty_start, sizeof(empty_start)), "SHA-384 of nothing");
}

static void test_random_hashes(void)
{
	unsigned int wrong = 0, wrong_state = 0;
	u8 message[4096], ours[SHA384_DIGEST_SIZE], theirs[SHA384_DIGEST_SIZE];

	for (int i = 0; i < NUM_HASHES; i++) {
		size_t size = number(i & 1 ? 400 : sizeof(message)), done = 0;
		struct sha384 context, moved;

		fill(message, size);
		SHA384(message, size, theirs);

		/* In pieces, and through another copy of the context each time. */
		sha384_init(&context);
		while (done < size) {
			size_t piece = 1 + number(size - done);

			sha384_update(&context, message + done, piece);
			done += piece;
			memcpy(&moved, &context, sizeof(moved));
			memset(&context, 0xff, sizeof(context));
			memcpy(&context, &moved, sizeof(context));
			wrong_state += context.length != done;
		}
		sha384_final(&context, ours);
		wrong += !!memcmp(ours, theirs, sizeof(ours));

		/* sha384_final() leaves the context as it was. */
		sha384_final(&context, ours);
		wrong += !!memcmp(ours, theirs, sizeof(ours));
	}
	tap_is(wrong, 0, "SHA-384 of %d random messages in random pieces", NUM_HASHES);
	tap_is(wrong_state, 0, "sha384.length counts the bytes");
}

/* The context's fields are what their descriptions say. */
static void test_context(void)
{
	struct sha384 context;
	u8 message[SHA384_BLOCK_SIZE + 5];
	SHA512_CTX theirs;

	fill(message, sizeof(message));
	sha384_init(&context);
	sha384_update(&context, message, sizeof(message));
	SHA384_Init(&theirs);
	SHA384_Update(&theirs, message, sizeof(message));

	tap_ok(!memcmp(context.h, theirs.h, sizeof(context.h)), "sha384.h is the chaining value");
	tap_ok(!memcmp(context.buffer, message + SHA384_BLOCK_SIZE, 5),
	       "sha384.buffer is the unfinished block");
}

struct key {
	RSA *rsa;
	EVP_PKEY *pkey;
	u32 exponent;
	u8 modulus[RSA3072_SIZE]; /* little endian */
};

static struct key generate_key(u32 exponent)
{
	struct key key = { .rsa = RSA_new(), .pkey = EVP_PKEY_new(), .exponent = exponent };
	BIGNUM *e = BN_new();

	BN_set_word(e, exponent);
	if (!RSA_generate_key_ex(key.rsa, RSA3072_SIZE * 8, e, NULL))
		abort();
	EVP_PKEY_set1_RSA(key.pkey, key.rsa);
	BN_bn2lebinpad(RSA_get0_n(key.rsa), key.modulus, sizeof(key.modulus));
	BN_free(e);
	return key;
}

static void free_key(struct key *key)
{
	EVP_PKEY_free(key->pkey);
	RSA_free(key->rsa);
}

/* @signature is big endian, as OpenSSL has it. */
static bool openssl_verifies(const struct key *key, const u8 *signature, const u8 *digest)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key->pkey, NULL);
	bool verified;

	if (EVP_PKEY_verify_init(context) <= 0 ||
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) <= 0 ||
	    EVP_PKEY_CTX_set_signature_md(context, EVP_sha384()) <= 0)
		abort();
	verified = EVP_PKEY_verify(context, signature, RSA3072_SIZE, digest, SHA384_DIGEST_SIZE) ==
		   1;
	EVP_PKEY_CTX_free(context);
	ERR_clear_error();
	return verified;
}

static bool we_verify(const struct key *key, const u8 *signature, const u8 *digest)
{
	u8 signature_le[RSA3072_SIZE];

	reverse(signature_le, signature, sizeof(signature_le));
	return rsa3072_verify(key->modulus, key->exponent, signature_le, digest);
}

static void sign(const struct key *key, const u8 *digest, u8 *signature)
{
	unsigned int size;

	if (!RSA_sign(NID_sha384, digest, SHA384_DIGEST_SIZE, signature, &size, key->rsa) ||
	    size != RSA3072_SIZE)
		abort();
}

/* Random signatures: right ones, and each with a bit of something flipped. */
static void test_signatures(const struct key *key)
{
	unsigned int rejected = 0, accepted = 0, disagreed = 0;
	u8 digest[SHA384_DIGEST_SIZE], signature[RSA3072_SIZE];

	for (int i = 0; i < MESSAGES_PER_KEY; i++) {
		u32 bit;

		fill(digest, sizeof(digest));
		sign(key, digest, signature);
		rejected += !we_verify(key, signature, digest);
		disagreed += !openssl_verifies(key, signature, digest);

		bit = number(RSA3072_SIZE * 8);
		signature[bit / 8] ^= 1 << bit % 8;
		accepted += we_verify(key, signature, digest);
		disagreed += openssl_verifies(key, signature, digest);
		signature[bit / 8] ^= 1 << bit % 8;

		bit = number(SHA384_DIGEST_SIZE * 8);
		digest[bit / 8] ^= 1 << bit % 8;
		accepted += we_verify(key, signature, digest);
		disagreed += openssl_verifies(key, signature, digest);
	}
	tap_is(rejected, 0, "e=%u: right signatures are accepted", key->exponent);
	tap_is(accepted, 0, "e=%u: signatures with a flipped bit are rejected", key->exponent);
	tap_is(disagreed, 0, "e=%u: OpenSSL agrees", key->exponent);
}

/* DigestInfo of SHA-384 as it must be; the digest follows. */
static const u8 digest_info[] = {
	0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30,
};

/* Without the NULL parameters: some implementations take it. */
static const u8 info_without_null[] = {
	0x30, 0x3f, 0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48,
	0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x04, 0x30,
};

static const u8 info_of_sha512[] = {
	0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
	0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x30,
};

static const u8 info_long_form[] = {
	0x30, 0x81, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48,
	0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30,
};

struct padding {
	const char *name;
	const u8 *info;
	size_t info_size;
	u8 first, type, fill, separator;
	size_t garbage; /* bytes behind the digest */
	int broken_at;	/* this byte of the filling is another */
	bool valid;
};

#define INFO(array) .info = array, .info_size = sizeof(array)
#define FILL(t, f)  .type = t, .fill = f, .broken_at = -1
#define USUAL	    FILL(1, 0xff)
#define BROKEN(at)  .type = 1, .fill = 0xff, .broken_at = at

/* clang-format off */
static const struct padding paddings[] = {
	{ "right",			INFO(digest_info), USUAL, .valid = true },
	{ "first byte is not 0",	INFO(digest_info), USUAL, .first = 0x40 },
	{ "block type 0",		INFO(digest_info), FILL(0, 0) },
	{ "block type 2",		INFO(digest_info), FILL(2, 0x55) },
	{ "filled with 0xfe",		INFO(digest_info), FILL(1, 0xfe) },
	{ "first filling byte wrong",	INFO(digest_info), BROKEN(2) },
	{ "a filling byte wrong",	INFO(digest_info), BROKEN(100) },
	{ "no separator",		INFO(digest_info), USUAL, .separator = 0xff },
	{ "garbage behind the digest",	INFO(digest_info), USUAL, .garbage = 200 },
	{ "a byte behind the digest",	INFO(digest_info), USUAL, .garbage = 1 },
	{ "almost no filling",		INFO(digest_info), USUAL, .garbage = 308 },
	{ "no NULL parameters",		INFO(info_without_null), USUAL },
	{ "SHA-512 in DigestInfo",	INFO(info_of_sha512), USUAL },
	{ "length in long form",	INFO(info_long_form), USUAL },
	{ "no DigestInfo",		.info = digest_info, .info_size = 0, USUAL },
};
/* clang-format on */

static void make_message(const struct padding *padding, const u8 *digest, u8 *message)
{
	size_t tail = padding->info_size + SHA384_DIGEST_SIZE + padding->garbage;
	u8 *info = message + RSA3072_SIZE - tail;

	memset(message, padding->fill, RSA3072_SIZE);
	message[0] = padding->first;
	message[1] = padding->type;
	if (padding->broken_at >= 0)
		message[padding->broken_at] = 0x7f;
	info[-1] = padding->separator;
	memcpy(info, padding->info, padding->info_size);
	memcpy(info + padding->info_size, digest, SHA384_DIGEST_SIZE);
	fill(info + padding->info_size + SHA384_DIGEST_SIZE, padding->garbage);
}

/* The private operation on a message with any padding. */
static bool sign_message(const struct key *key, const u8 *message, u8 *signature)
{
	bool done = RSA_private_encrypt(RSA3072_SIZE, message, signature, key->rsa,
					RSA_NO_PADDING) == RSA3072_SIZE;
	ERR_clear_error();
	return done;
}

static void test_paddings(const struct key *key)
{
	u8 digest[SHA384_DIGEST_SIZE], message[RSA3072_SIZE], signature[RSA3072_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(paddings); i++) {
		const struct padding *padding = &paddings[i];

		fill(digest, sizeof(digest));
		make_message(padding, digest, message);
		if (!tap_ok(sign_message(key, message, signature), "padding can be signed: %s",
			    padding->name))
			continue;
		tap_is(we_verify(key, signature, digest), padding->valid, "e=%u, padding: %s",
		       key->exponent, padding->name);
		tap_is(openssl_verifies(key, signature, digest), padding->valid,
		       "e=%u, padding, OpenSSL agrees: %s", key->exponent, padding->name);
	}
}

static void test_degenerate(const struct key *key)
{
	u8 digest[SHA384_DIGEST_SIZE], signature[RSA3072_SIZE], modulus_be[RSA3072_SIZE];
	BIGNUM *n = BN_dup(RSA_get0_n(key->rsa)), *s = BN_new();
	struct key even = *key;

	fill(digest, sizeof(digest));
	memset(signature, 0, sizeof(signature));
	tap_ok(!we_verify(key, signature, digest), "signature 0 is rejected");
	signature[RSA3072_SIZE - 1] = 1;
	tap_ok(!we_verify(key, signature, digest), "signature 1 is rejected");
	memset(signature, 0xff, sizeof(signature));
	tap_ok(!we_verify(key, signature, digest), "signature above the modulus is rejected");
	reverse(modulus_be, key->modulus, sizeof(modulus_be));
	tap_ok(!we_verify(key, modulus_be, digest), "signature equal to the modulus is rejected");

	/* s + n is the same residue, but not the same signature, where it fits. */
	do {
		fill(digest, sizeof(digest));
		sign(key, digest, signature);
		BN_bin2bn(signature, sizeof(signature), s);
		BN_add(s, s, n);
	} while (BN_num_bits(s) > RSA3072_SIZE * 8);
	BN_bn2binpad(s, signature, sizeof(signature));
	tap_ok(!we_verify(key, signature, digest), "signature plus modulus is rejected");

	even.modulus[0] &= 0xfe;
	tap_ok(!we_verify(&even, signature, digest), "an even modulus is rejected");
	BN_free(n);
	BN_free(s);
}

int main(void)
{
	srandom(1);
	test_known_answers();
	test_random_hashes();
	test_context();

	for (int i = 0; i < NUM_KEYS; i++) {
		struct key key = generate_key(i == NUM_KEYS - 1 ? 3 : 65537);

		test_signatures(&key);
		test_paddings(&key);
		if (!i)
			test_degenerate(&key);
		free_key(&key);
	}
	return tap_finish();
}
