// SPDX-License-Identifier: GPL-2.0-only
/*
 * What P-SEAMLDR checks in a SEAM_SIGSTRUCT. The order decides which status a
 * sigstruct with several faults gets; the signature comes last.
 */
#include "internal.h"

/* CPUID.1.EAX without the stepping. */
#define CPUID_MODEL_MASK (~0xfU)

static bool header_is_valid(const struct seam_sigstruct *sigstruct)
{
	/* clang-format off */
	return sigstruct->header_type	 == SEAM_SIGSTRUCT_HEADER_TYPE &&
	       sigstruct->header_length	 == SEAM_SIGSTRUCT_HEADER_LENGTH &&
	       sigstruct->header_version == SEAM_SIGSTRUCT_HEADER_VERSION &&
	       sigstruct->vendor	 == SEAMLDR_VENDOR_INTEL &&
	       sigstruct->size		 == SEAM_SIGSTRUCT_SIZE &&
	       sigstruct->key_size	 == SEAM_SIGSTRUCT_KEY_SIZE &&
	       sigstruct->modulus_size	 == SEAM_SIGSTRUCT_KEY_SIZE &&
	       sigstruct->exponent_size	 == SEAM_SIGSTRUCT_EXPONENT_SIZE &&
	       sigstruct->exponent	 == SEAM_SIGSTRUCT_EXPONENT &&
	       !(sigstruct->module_type & ~SEAM_SIGSTRUCT_DEBUG_SIGNED);
	/* clang-format on */
}

/*
 * Not reserved4: the published loader still wants zeros there, but Intel's images of
 * 2.0.04 have more than a version in it, so the loader that takes them does not.
 */
static bool reserved_is_zero(const struct seam_sigstruct *sigstruct)
{
	/* clang-format off */
	return !sigstruct->attributes &&
	       !sigstruct->reserved3 &&
	       seamldr_is_zero(sigstruct->reserved1, sizeof(sigstruct->reserved1)) &&
	       seamldr_is_zero(sigstruct->reserved2, sizeof(sigstruct->reserved2));
	/* clang-format on */
}

static bool body_is_valid(const struct seam_sigstruct *sigstruct)
{
	return sigstruct->cpuid_table_size <= SEAM_SIGSTRUCT_MAX_CPUIDS &&
	       sigstruct->min_update_hv <= sigstruct->module_hv &&
	       IS_ALIGNED(sigstruct->gdt_idt_offset, PAGE_SIZE) &&
	       !sigstruct->gdt_idt_offset == !sigstruct->fault_wrapper_offset;
}

static bool signer_is_pinned(const struct seam_sigstruct *sigstruct)
{
	u8 hash[SHA384_DIGEST_SIZE];

	sha384(sigstruct->modulus, sizeof(sigstruct->modulus), hash);
	return !__builtin_memcmp(hash, seamldr_signer_hash, sizeof(hash));
}

static u64 check_svn(const struct seamldr *ldr)
{
	u8 new_major = SEAMSVN_MAJOR(ldr->sigstruct.seamsvn);
	u8 new_minor = SEAMSVN_MINOR(ldr->sigstruct.seamsvn);
	u8 old_minor = ldr->extend.tee_tcb_svn[0];
	u8 old_major = ldr->extend.tee_tcb_svn[1];

	if (!new_major)
		return SEAMLDR_EUNSUPPORTED;

	if (ldr->params.scenario == SEAMLDR_SCENARIO_UPDATE) {
		if (new_major != old_major)
			return SEAMLDR_EUNSUPPORTED;
		if (new_minor < old_minor)
			return SEAMLDR_EBADSIG;
	} else if (ldr->dirty) {
		if (new_major != old_major || new_minor < old_minor)
			return SEAMLDR_ECLEANUPREQ;
	}
	return SEAMLDR_SUCCESS;
}

static bool offsets_are_inside(const struct seam_sigstruct *sigstruct, u64 size)
{
	return sigstruct->gdt_idt_offset <= size - PAGE_SIZE &&
	       sigstruct->fault_wrapper_offset < size;
}

/* The packages of the emulated host are alike, so one look stands for all. */
static bool supports_cpu(const struct seamldr *ldr)
{
	const struct seam_sigstruct *sigstruct = &ldr->sigstruct;

	for (u32 i = 0; i < sigstruct->cpuid_table_size; i++) {
		if ((sigstruct->cpuid_table[i] & CPUID_MODEL_MASK) ==
		    (ldr->cpuid_1_eax & CPUID_MODEL_MASK))
			return true;
	}
	return false;
}

static bool signature_is_valid(const struct seam_sigstruct *sigstruct)
{
	const size_t header_size = offsetof(struct seam_sigstruct, modulus);
	const size_t body_offset = offsetof(struct seam_sigstruct, seamhash);
	u8 digest[SHA384_DIGEST_SIZE];
	struct sha384 context;

	sha384_init(&context);
	sha384_update(&context, sigstruct, header_size);
	sha384_update(&context, (const u8 *)sigstruct + body_offset,
		      sizeof(*sigstruct) - body_offset);
	sha384_final(&context, digest);

	return rsa3072_verify(sigstruct->modulus, sigstruct->exponent, sigstruct->signature,
			      digest);
}

u64 seamldr_verify_manifest(const struct seamldr *ldr)
{
	const struct seam_sigstruct *sigstruct = &ldr->sigstruct;
	u64 status;

	if (!header_is_valid(sigstruct) || !reserved_is_zero(sigstruct) ||
	    !body_is_valid(sigstruct))
		return SEAMLDR_EBADSIG;

	if (!signer_is_pinned(sigstruct))
		return SEAMLDR_EBADSIG;

	/* The emulated host is never unlocked for debugging (MSR 0x503). */
	if (sigstruct->module_type & SEAM_SIGSTRUCT_DEBUG_SIGNED)
		return SEAMLDR_EBADSIG;

	status = check_svn(ldr);
	if (status)
		return status;

	if (!offsets_are_inside(sigstruct, ldr->params.num_module_pages * PAGE_SIZE))
		return SEAMLDR_EBADSIG;

	if (sigstruct->cpuid_table_size && !supports_cpu(ldr))
		return SEAMLDR_EUNSUPCPU;
	if (!sigstruct->cpuid_table_size)
		return SEAMLDR_EBADSIG;

	if (!signature_is_valid(sigstruct))
		return SEAMLDR_EBADSIG;

	return SEAMLDR_SUCCESS;
}
