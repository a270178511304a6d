/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _X86_VIRT_TDX_METADATA_H
#define _X86_VIRT_TDX_METADATA_H

struct tdx_sys_info;

const char *tdx_metadata_incompatibility(const struct tdx_sys_info *old,
					 const struct tdx_sys_info *new);
void tdx_metadata_warn(const struct tdx_sys_info *old, const struct tdx_sys_info *new);

#endif /* _X86_VIRT_TDX_METADATA_H */
