/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The build-time measurement of a TD (MRTD), computed beside the TDX module.
 */
#ifndef SELFTEST_KVM_TDX_MRTD_H
#define SELFTEST_KVM_TDX_MRTD_H

#include <linux/types.h>

#define SHA384_DIGEST_SIZE	48
#define SHA384_BLOCK_SIZE	128

/* TDH.MR.EXTEND measures this many bytes. */
#define TDX_EXTENDMR_CHUNKSIZE	256

struct sha384_state {
	u64 hash[8];
	u64 nr_bytes;
	u8 block[SHA384_BLOCK_SIZE];
};

void sha384_init(struct sha384_state *state);
void sha384_update(struct sha384_state *state, const void *data, size_t size);
void sha384_final(struct sha384_state *state, u8 digest[SHA384_DIGEST_SIZE]);
void sha384(const void *data, size_t size, u8 digest[SHA384_DIGEST_SIZE]);

/* What TDH.MEM.PAGE.ADD and TDH.MR.EXTEND add to the measurement. */
void tdx_mrtd_page_add(struct sha384_state *state, u64 gpa);
void tdx_mrtd_extend(struct sha384_state *state, u64 gpa, const void *chunk);

#endif /* SELFTEST_KVM_TDX_MRTD_H */
