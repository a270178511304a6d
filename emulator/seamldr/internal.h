/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of P-SEAMLDR share. */
#ifndef EMULATOR_SEAMLDR_INTERNAL_H
#define EMULATOR_SEAMLDR_INTERNAL_H

#include "seamldr.h"
#include "../crypto/rsa3072.h"
#include "../crypto/sha384.h"

#define SEAMLDR_BUILD_DATE   0x20261122
#define SEAMLDR_BUILD_NUMBER 1
#define SEAMLDR_MAJOR	     1
#define SEAMLDR_MINOR	     5
#define SEAMLDR_UPDATE	     2

#define SEAMLDR_CODE_REGION_SIZE 0x200000UL
#define SEAMLDR_OWN_RANGE_SIZE	 0x10000UL

#define SEAMSVN_MINOR(svn) ((u8)(svn))
#define SEAMSVN_MAJOR(svn) ((u8)((svn) >> 8))

extern const u8 seamldr_signer_hash[SHA384_DIGEST_SIZE];

/* Whether @pa is one that P-SEAMLDR accepts from the host for @size bytes. */
bool seamldr_is_shared_pa(const struct seamldr *ldr, u64 pa, u64 size);

/* The checks of ldr->sigstruct against ldr->params and what is installed. */
u64 seamldr_verify_manifest(const struct seamldr *ldr);

u64 seamldr_install(struct seamldr *ldr, struct seam_cpu *cpu);
u64 seamldr_shutdown(struct seamldr *ldr, const struct seam_cpu *cpu);
u64 seamldr_cleanup(struct seamldr *ldr, const struct seam_cpu *cpu);

/*
 * Install what ldr->params says, whose addresses have been checked. A failure that
 * cost the old module changes @recoverable to SEAMLDR_INSTALL_UNRECOVERABLE.
 */
u64 seamldr_install_module(struct seamldr *ldr, u64 *recoverable);

void seamldr_set_ready(struct seamldr *ldr, bool ready);
void seamldr_end_session(struct seamldr *ldr);
struct seam_handoff_header *seamldr_handoff(const struct seamldr *ldr);

static inline bool seamldr_is_zero(const void *data, size_t size)
{
	const u8 *byte = data;

	while (size--) {
		if (*byte++)
			return false;
	}
	return true;
}

#endif
