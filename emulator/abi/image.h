/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file format of a TDX module's image: what userspace writes to the kernel's
 * firmware-upload interface.
 *
 * A header of one page, the pages of the SEAM_SIGSTRUCT (one), the pages of the
 * module, and nothing else.
 */
#ifndef EMULATOR_ABI_IMAGE_H
#define EMULATOR_ABI_IMAGE_H

#include "types.h"

#define TDX_IMAGE_VERSION	      0x0200
#define TDX_IMAGE_SIGNATURE	      "TDX-BLOB"
#define TDX_IMAGE_MAX_SIGSTRUCT_PAGES 1
#define TDX_IMAGE_MAX_MODULE_PAGES    496

/**
 * struct tdx_image_header - first page of the file
 * @version: TDX_IMAGE_VERSION.
 * @checksum: makes the sum of all little-endian 16-bit words of the file, this
 *	      one included, 0 modulo 2^16. It guards against a damaged file, not
 *	      against an attacker. A stock kernel ignores it.
 * @signature: TDX_IMAGE_SIGNATURE, not terminated.
 * @sigstruct_nr_pages: pages of the SEAM_SIGSTRUCT.
 * @module_nr_pages: pages of the module.
 * @reserved: 0.
 */
struct tdx_image_header {
	u16 version;
	u16 checksum;
	u8 signature[8];
	u32 sigstruct_nr_pages;
	u32 module_nr_pages;
	u8 reserved[4076];
} __attribute__((packed));

_Static_assert(sizeof(struct tdx_image_header) == 4096, "TDX-BLOB header");
_Static_assert(offsetof(struct tdx_image_header, signature) == 4, "TDX-BLOB header");
_Static_assert(offsetof(struct tdx_image_header, module_nr_pages) == 16, "TDX-BLOB header");

#endif
