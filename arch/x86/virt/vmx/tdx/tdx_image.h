/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TDX module's image: the file that userspace uploads to update the module
 */
#ifndef _X86_VIRT_TDX_IMAGE_H
#define _X86_VIRT_TDX_IMAGE_H

#include <linux/build_bug.h>
#include <linux/stddef.h>
#include <linux/types.h>

/* Units of the image and of P-SEAMLDR, whatever the kernel's PAGE_SIZE. */
#define TDX_IMAGE_PAGE_SIZE		4096

#define TDX_IMAGE_VERSION		0x0200
#define TDX_IMAGE_SIGNATURE		"TDX-BLOB"
/* Where containers of version 1.0 have the signature. */
#define TDX_IMAGE_V1_SIGNATURE_OFFSET	8
#define TDX_IMAGE_SIGSTRUCT_NR_PAGES	1
#define TDX_IMAGE_MAX_MODULE_NR_PAGES	496

/**
 * struct tdx_image_header - first page of the image
 * @version: TDX_IMAGE_VERSION
 * @checksum: makes the sum of all 16-bit words of the file 0 modulo 2^16; 0
 *	      also stands for "not computed"
 * @signature: TDX_IMAGE_SIGNATURE, without its terminating zero
 * @sigstruct_nr_pages: pages that hold the SEAM_SIGSTRUCT
 * @module_nr_pages: pages that hold the module
 * @reserved: must be zero
 *
 * The pages of the SEAM_SIGSTRUCT and those of the module follow. Little endian.
 */
struct tdx_image_header {
	u16	version;
	u16	checksum;
	u8	signature[8];
	u32	sigstruct_nr_pages;
	u32	module_nr_pages;
	u8	reserved[4076];
} __packed;

static_assert(sizeof(struct tdx_image_header) == TDX_IMAGE_PAGE_SIZE);
static_assert(offsetof(struct tdx_image_header, signature) == 4);
static_assert(offsetof(struct tdx_image_header, reserved) == 20);

#define TDX_SIGSTRUCT_DEBUG_SIGNED	0x80000000

/**
 * struct tdx_image_version - the module's version as SEAM_SIGSTRUCT has it
 * @update: the third number of the version
 * @minor: the second one
 * @major: the first one, 0 if SEAM_SIGSTRUCT does not tell
 * @build: the build
 */
struct tdx_image_version {
	u16	update;
	u8	minor;
	u8	major;
	u16	build;
} __packed;

/**
 * struct tdx_sigstruct - SEAM_SIGSTRUCT: the signed description of a module
 * @opaque1: for P-SEAMLDR
 * @module_type: TDX_SIGSTRUCT_DEBUG_SIGNED, or signed for production
 * @opaque2: for P-SEAMLDR
 * @seamhash: SHA-384 of the module's pages
 * @minor_svn: security version number; an update must not lower it
 * @major_svn: an update must keep it
 * @opaque3: for P-SEAMLDR
 * @module_hv: newest handoff data that the module can read, and writes
 * @min_update_hv: oldest handoff data that the module can read
 * @opaque4: for P-SEAMLDR
 * @version: of the module, zeros in images of 1.5
 * @opaque5: for P-SEAMLDR
 *
 * What the kernel does not look at is opaque: it is P-SEAMLDR that judges it.
 */
struct tdx_sigstruct {
	u8	opaque1[12];
	u32	module_type;
	u8	opaque2[884];
	u8	seamhash[48];
	u8	minor_svn;
	u8	major_svn;
	u8	opaque3[34];
	u16	module_hv;
	u16	min_update_hv;
	u8	opaque4[12];
	struct tdx_image_version version;
	u8	opaque5[1042];
} __packed;

static_assert(sizeof(struct tdx_sigstruct) == 2048);
static_assert(offsetof(struct tdx_sigstruct, seamhash) == 900);
static_assert(offsetof(struct tdx_sigstruct, minor_svn) == 948);
static_assert(offsetof(struct tdx_sigstruct, module_hv) == 984);
static_assert(offsetof(struct tdx_sigstruct, version) == 1000);

/*
 * Why an image is not acceptable on any host. Each has a token and a text of its
 * own, which tell more: see tdx_image_defect_token() and tdx_image_defect_text().
 */
enum tdx_image_defect {
	TDX_IMAGE_GOOD,

	/* The file. */
	TDX_IMAGE_TRUNCATED_HEADER,
	TDX_IMAGE_NOT_AN_IMAGE,
	TDX_IMAGE_CONTAINER_V1,
	TDX_IMAGE_BAD_VERSION,
	TDX_IMAGE_BAD_SIGSTRUCT_NR_PAGES,
	TDX_IMAGE_BAD_MODULE_NR_PAGES,
	TDX_IMAGE_HEADER_RESERVED,
	TDX_IMAGE_TRUNCATED,
	TDX_IMAGE_TRAILING_DATA,
	TDX_IMAGE_BAD_CHECKSUM,

	/* The module. */
	TDX_IMAGE_BAD_HASH,

	TDX_IMAGE_NR_DEFECTS
};

/**
 * struct tdx_image - what is known about an image that was parsed
 * @header: the file, and its first page
 * @sigstruct: the second page; as the whole of it goes to P-SEAMLDR
 * @module: the module's pages
 * @module_size: size of @module in bytes, a multiple of TDX_IMAGE_PAGE_SIZE
 * @module_nr_pages: the same in pages, 1 to TDX_IMAGE_MAX_MODULE_NR_PAGES
 *
 * Points into the buffer that was parsed and is valid as long as that is.
 */
struct tdx_image {
	const struct tdx_image_header	*header;
	const struct tdx_sigstruct	*sigstruct;
	const u8			*module;
	u32				module_size;
	u32				module_nr_pages;
};

enum tdx_image_defect tdx_image_parse(const u8 *file, u32 size, struct tdx_image *image);
enum tdx_image_defect tdx_image_check_hash(const struct tdx_image *image);

bool tdx_image_version(const struct tdx_image *image, struct tdx_image_version *version);

const char *tdx_image_defect_token(enum tdx_image_defect defect);
const char *tdx_image_defect_text(enum tdx_image_defect defect);

#endif /* _X86_VIRT_TDX_IMAGE_H */
