/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Preflight of a TDX module update: refuse what cannot succeed while refusing is free
 */
#ifndef _X86_VIRT_TDX_PREFLIGHT_H
#define _X86_VIRT_TDX_PREFLIGHT_H

#include <linux/types.h>

#include <asm/seamldr.h>

#include "tdx_image.h"

/**
 * struct tdx_refusal - why an update was refused
 * @reason: a token in kebab case that scripts can compare, e.g. "cpu-offline";
 *	    a string constant
 * @message: one sentence for the operator: what is wrong and what to do; no
 *	     newline
 */
struct tdx_refusal {
	const char	*reason;
	char		message[128];
};

/**
 * struct tdx_preflight_facts - the state of the host that decides about an update
 * @td_preserving: the TDX module can hand over its state (TDX_FEATURES0 bit 1)
 * @seamret_clobbers_vmcs: the CPU has X86_BUG_SEAMRET_INVD_VMCS
 * @repair: the module was shut down by an earlier update that failed; this one
 *	    starts at SEAMLDR.INSTALL
 * @module_hv: version of the handoff data that the running module writes, or
 *	       wrote if @repair (MODULE_HV of its metadata)
 * @nr_offline_cpus: number of CPUs that are present and not online
 * @first_offline_cpu: number of one of these, if @nr_offline_cpus
 * @seamldr: answer of SEAMLDR.INFO
 */
struct tdx_preflight_facts {
	bool		td_preserving;
	bool		seamret_clobbers_vmcs;
	bool		repair;
	u16		module_hv;
	unsigned int	nr_offline_cpus;
	unsigned int	first_offline_cpu;
	struct seamldr_info seamldr;
};

int tdx_preflight_image(const u8 *file, u32 size, struct tdx_image *image,
			struct tdx_refusal *refusal);
int tdx_preflight_collect(struct tdx_preflight_facts *facts, u16 module_hv, bool repair,
			  struct tdx_refusal *refusal);
int tdx_preflight_check(const struct tdx_preflight_facts *facts, const struct tdx_image *image,
			struct tdx_refusal *refusal);
bool tdx_preflight_explain_signature(const struct seamldr_info *seamldr,
				     const struct tdx_image *image,
				     struct tdx_refusal *refusal);

#endif /* _X86_VIRT_TDX_PREFLIGHT_H */
