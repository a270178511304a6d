// SPDX-License-Identifier: GPL-2.0-only
/* Can a TDX module take over what another one left, as its metadata has it? */
#include <linux/types.h>

#include <asm/tdx.h>

#include "tdx_metadata.h"

/* All bits that are set in @old are set in @new. */
static bool keeps_bits(u64 old, u64 new)
{
	return !(old & ~new);
}

/**
 * tdx_metadata_incompatibility() - what keeps a new module from serving old TDs
 * @old: global metadata of the module that was replaced
 * @new: of the one that replaces it
 *
 * Memory that was given to the old module stays with the new one: PAMTs from
 * boot, control structures from when a TD was built. And a TD was promised what
 * the old module could do. More than that is welcome: later TDs are built from
 * the new metadata.
 *
 * Context: Any context.
 * Return: a token in kebab case that names the difference, or NULL.
 */
const char *tdx_metadata_incompatibility(const struct tdx_sys_info *old,
					 const struct tdx_sys_info *new)
{
	if (!keeps_bits(old->features.tdx_features0, new->features.tdx_features0))
		return "metadata-features";

	if (old->tdmr.pamt_4k_entry_size != new->tdmr.pamt_4k_entry_size ||
	    old->tdmr.pamt_2m_entry_size != new->tdmr.pamt_2m_entry_size ||
	    old->tdmr.pamt_1g_entry_size != new->tdmr.pamt_1g_entry_size ||
	    old->tdmr.max_tdmrs > new->tdmr.max_tdmrs ||
	    old->tdmr.max_reserved_per_tdmr > new->tdmr.max_reserved_per_tdmr)
		return "metadata-tdmr";

	if (old->td_ctrl.tdr_base_size   != new->td_ctrl.tdr_base_size ||
	    old->td_ctrl.tdcs_base_size  != new->td_ctrl.tdcs_base_size ||
	    old->td_ctrl.tdvps_base_size != new->td_ctrl.tdvps_base_size)
		return "metadata-td-sizes";

	/* What is fixed to 0 is clear in fixed0, what is fixed to 1 set in fixed1. */
	if (!keeps_bits(old->td_conf.attributes_fixed0, new->td_conf.attributes_fixed0) ||
	    !keeps_bits(new->td_conf.attributes_fixed1, old->td_conf.attributes_fixed1) ||
	    !keeps_bits(old->td_conf.xfam_fixed0, new->td_conf.xfam_fixed0) ||
	    !keeps_bits(new->td_conf.xfam_fixed1, old->td_conf.xfam_fixed1) ||
	    old->td_conf.max_vcpus_per_td > new->td_conf.max_vcpus_per_td)
		return "metadata-td-configuration";

	return NULL;
}
