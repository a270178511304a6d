/* SPDX-License-Identifier: GPL-2.0-only */
/* P-SEAMLDR calls that install a TDX module. */
#ifndef _X86_VIRT_SEAMLDR_H
#define _X86_VIRT_SEAMLDR_H

#include <linux/types.h>

struct seamldr_params;
struct tdx_image;

/* Status codes of P-SEAMLDR, "SEAM Loader (SEAMLDR) Interface Specification" */
#define SEAMLDR_EBADPARAM	0x8000000000000000ULL
#define SEAMLDR_EBADCALL	0x8000000000000003ULL
#define SEAMLDR_EBADHANDOFF	0x8000000000000004ULL
#define SEAMLDR_EUNSUPPORTED	0x8000000000000006ULL
#define SEAMLDR_ENOMEM		0x8000000000010002ULL
#define SEAMLDR_EUNSPECERR	0x8000000000010003ULL
#define SEAMLDR_EUNSUPCPU	0x8000000000010004ULL
#define SEAMLDR_EBADSIG		0x8000000000020000ULL
#define SEAMLDR_EBADHASH	0x8000000000020001ULL
#define SEAMLDR_ENOENTROPY	0x8000000000030001ULL

struct seamldr_params *seamldr_alloc_params(const struct tdx_image *image);
u64 seamldr_install(const struct seamldr_params *params, bool *module_lost);
bool seamldr_module_is_ready(void);

#endif /* _X86_VIRT_SEAMLDR_H */
