// SPDX-License-Identifier: GPL-2.0-only
/* Can a TDX module take over what another one left, as its metadata has it? */
#define pr_fmt(fmt)	"virt/tdx: " fmt

#include <linux/printk.h>
#include <linux/types.h>

#include <asm/tdx.h>

#include "tdx_metadata.h"

/**
 * tdx_metadata_incompatibility() - what keeps a new module from serving old TDs
 * @old: global metadata of the module that was replaced
 * @new: of the one that replaces it; @new->tdmr and @new->td_ctrl are enough
 *
 * Memory that was given to the old module stays with the new one: PAMTs from
 * boot, control structures from when a TD was built. Their sizes are all that must
 * not change.
 *
 * Context: Any context.
 * Return: a token in kebab case that names the difference, or NULL.
 */
const char *tdx_metadata_incompatibility(const struct tdx_sys_info *old,
					 const struct tdx_sys_info *new)
{
	if (old->tdmr.pamt_4k_entry_size != new->tdmr.pamt_4k_entry_size ||
	    old->tdmr.pamt_2m_entry_size != new->tdmr.pamt_2m_entry_size ||
	    old->tdmr.pamt_1g_entry_size != new->tdmr.pamt_1g_entry_size)
		return "metadata-pamt-sizes";

	if (old->td_ctrl.tdr_base_size   != new->td_ctrl.tdr_base_size ||
	    old->td_ctrl.tdcs_base_size  != new->td_ctrl.tdcs_base_size ||
	    old->td_ctrl.tdvps_base_size != new->td_ctrl.tdvps_base_size)
		return "metadata-td-sizes";

	return NULL;
}

static void warn_of_bits(const char *field, u64 dropped)
{
	if (dropped)
		pr_warn("new module lacks bits 0x%llx of %s that TDs of before may use\n",
			dropped, field);
}

/**
 * tdx_metadata_warn() - tell what a new module can do less than the old one
 * @old: global metadata of the module that was replaced
 * @new: of the one that replaces it
 *
 * TDs that run were promised what the old module could do. That may matter to them
 * or not, and none of it is worth taking TDX away from all of them.
 *
 * Context: Any context.
 */
void tdx_metadata_warn(const struct tdx_sys_info *old, const struct tdx_sys_info *new)
{
	warn_of_bits("TDX_FEATURES0",
		     old->features.tdx_features0 & ~new->features.tdx_features0);

	/* What is fixed to 0 is clear in fixed0, what is fixed to 1 set in fixed1. */
	warn_of_bits("ATTRIBUTES_FIXED0",
		     old->td_conf.attributes_fixed0 & ~new->td_conf.attributes_fixed0);
	warn_of_bits("XFAM_FIXED0",
		     old->td_conf.xfam_fixed0 & ~new->td_conf.xfam_fixed0);

	if (new->td_conf.attributes_fixed1 & ~old->td_conf.attributes_fixed1)
		pr_warn("new module adds bits 0x%llx to ATTRIBUTES_FIXED1\n",
			new->td_conf.attributes_fixed1 & ~old->td_conf.attributes_fixed1);
	if (new->td_conf.xfam_fixed1 & ~old->td_conf.xfam_fixed1)
		pr_warn("new module adds bits 0x%llx to XFAM_FIXED1\n",
			new->td_conf.xfam_fixed1 & ~old->td_conf.xfam_fixed1);

	if (old->td_conf.max_vcpus_per_td > new->td_conf.max_vcpus_per_td)
		pr_warn("new module has MAX_VCPUS_PER_TD %u, the old one had %u\n",
			new->td_conf.max_vcpus_per_td, old->td_conf.max_vcpus_per_td);
}
