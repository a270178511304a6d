// SPDX-License-Identifier: GPL-2.0-only
/*
 * The build-time measurement of a TD (MRTD), computed beside the TDX module.
 *
 * MRTD is a SHA-384 over one block per page added and, for measured pages, one
 * block and the contents of each 256-byte chunk.  The hash is implemented here,
 * as neither the kernel's crypto API nor a library can be taken for granted
 * where the tests run, e.g. in an initramfs.
 */
#include <string.h>

#include "kvm_util.h"
#include "tdx/tdx_mrtd.h"

static const u64 sha512_constants[80] = {
	0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc,
	0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118,
	0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2,
	0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235, 0xc19bf174cf692694,
	0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
	0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5,
	0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
	0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70,
	0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed, 0x53380d139d95b3df,
	0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
	0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30,
	0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8,
	0x19a4c116b8d2d0c8, 0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8,
	0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
	0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
	0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b,
	0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178,
	0x06f067aa72176fba, 0x0a637dc5a2c898a6, 0x113f9804bef90dae, 0x1b710b35131c471b,
	0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c,
	0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

static u64 rotate_right(u64 value, unsigned int bits)
{
	return (value >> bits) | (value << (64 - bits));
}

static void sha512_block(u64 hash[8], const u8 *block)
{
	u64 w[80], v[8], t1, t2;
	int i;

	memcpy(w, block, SHA384_BLOCK_SIZE);
	for (i = 0; i < 16; i++)
		w[i] = __builtin_bswap64(w[i]);

	for (; i < 80; i++) {
		t1 = rotate_right(w[i - 15], 1) ^ rotate_right(w[i - 15], 8) ^ (w[i - 15] >> 7);
		t2 = rotate_right(w[i - 2], 19) ^ rotate_right(w[i - 2], 61) ^ (w[i - 2] >> 6);
		w[i] = w[i - 16] + t1 + w[i - 7] + t2;
	}

	memcpy(v, hash, sizeof(v));

	for (i = 0; i < 80; i++) {
		t1 = v[7] + sha512_constants[i] + w[i] + ((v[4] & v[5]) ^ (~v[4] & v[6])) +
		     (rotate_right(v[4], 14) ^ rotate_right(v[4], 18) ^ rotate_right(v[4], 41));
		t2 = ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2])) +
		     (rotate_right(v[0], 28) ^ rotate_right(v[0], 34) ^ rotate_right(v[0], 39));
		memmove(&v[1], &v[0], 7 * sizeof(v[0]));
		v[4] += t1;
		v[0] = t1 + t2;
	}

	for (i = 0; i < 8; i++)
		hash[i] += v[i];
}

void sha384_init(struct sha384_state *state)
{
	*state = (struct sha384_state) {
		.hash = {
			0xcbbb9d5dc1059ed8, 0x629a292a367cd507,
			0x9159015a3070dd17, 0x152fecd8f70e5939,
			0x67332667ffc00b31, 0x8eb44a8768581511,
			0xdb0c2e0d64f98fa7, 0x47b5481dbefa4fa4,
		},
	};
}

void sha384_update(struct sha384_state *state, const void *data, size_t size)
{
	while (size) {
		size_t used = state->nr_bytes % SHA384_BLOCK_SIZE;
		size_t n = min(size, SHA384_BLOCK_SIZE - used);

		memcpy(state->block + used, data, n);
		if (used + n == SHA384_BLOCK_SIZE)
			sha512_block(state->hash, state->block);

		state->nr_bytes += n;
		data += n;
		size -= n;
	}
}

void sha384_final(struct sha384_state *state, u8 digest[SHA384_DIGEST_SIZE])
{
	const u64 nr_bits_be[2] = { 0, __builtin_bswap64(state->nr_bytes * 8) };
	const size_t length_at = SHA384_BLOCK_SIZE - sizeof(nr_bits_be);
	static const u8 padding[SHA384_BLOCK_SIZE] = { 0x80 };
	size_t used = state->nr_bytes % SHA384_BLOCK_SIZE;
	u64 word;
	int i;

	sha384_update(state, padding, used < length_at ? length_at - used :
		      SHA384_BLOCK_SIZE + length_at - used);
	sha384_update(state, nr_bits_be, sizeof(nr_bits_be));

	for (i = 0; i < SHA384_DIGEST_SIZE / sizeof(word); i++) {
		word = __builtin_bswap64(state->hash[i]);
		memcpy(digest + i * sizeof(word), &word, sizeof(word));
	}
}

void sha384(const void *data, size_t size, u8 digest[SHA384_DIGEST_SIZE])
{
	struct sha384_state state;

	sha384_init(&state);
	sha384_update(&state, data, size);
	sha384_final(&state, digest);
}

static void tdx_mrtd_block(struct sha384_state *state, const char *name, u64 gpa)
{
	u8 block[SHA384_BLOCK_SIZE] = {};

	memcpy(block, name, strlen(name));
	memcpy(block + 16, &gpa, sizeof(gpa));
	sha384_update(state, block, sizeof(block));
}

void tdx_mrtd_page_add(struct sha384_state *state, u64 gpa)
{
	tdx_mrtd_block(state, "MEM.PAGE.ADD", gpa);
}

void tdx_mrtd_extend(struct sha384_state *state, u64 gpa, const void *chunk)
{
	tdx_mrtd_block(state, "MR.EXTEND", gpa);
	sha384_update(state, chunk, TDX_EXTENDMR_CHUNKSIZE);
}
