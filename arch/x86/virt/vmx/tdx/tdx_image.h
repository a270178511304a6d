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

#define TDX_SIGSTRUCT_HEADER_TYPE	6
#define TDX_SIGSTRUCT_HEADER_LENGTH	0xe1
#define TDX_SIGSTRUCT_HEADER_VERSION	0x10000
#define TDX_SIGSTRUCT_DEBUG_SIGNED	0x80000000
#define TDX_SIGSTRUCT_VENDOR_INTEL	0x8086
#define TDX_SIGSTRUCT_SIZE		0x200
#define TDX_SIGSTRUCT_KEY_SIZE		0x60
#define TDX_SIGSTRUCT_EXPONENT_SIZE	1
#define TDX_SIGSTRUCT_EXPONENT		0x10001
#define TDX_SIGSTRUCT_MAX_CPUIDS	255

/**
 * struct tdx_sigstruct - SEAM_SIGSTRUCT: the signed description of a module
 * @header_type: TDX_SIGSTRUCT_HEADER_TYPE
 * @header_length: TDX_SIGSTRUCT_HEADER_LENGTH, in dwords like all sizes here
 * @header_version: TDX_SIGSTRUCT_HEADER_VERSION
 * @module_type: TDX_SIGSTRUCT_DEBUG_SIGNED or 0
 * @vendor: TDX_SIGSTRUCT_VENDOR_INTEL
 * @date: BCD, YYYYMMDD
 * @size: TDX_SIGSTRUCT_SIZE
 * @key_size: TDX_SIGSTRUCT_KEY_SIZE
 * @modulus_size: TDX_SIGSTRUCT_KEY_SIZE
 * @exponent_size: TDX_SIGSTRUCT_EXPONENT_SIZE
 * @reserved1: must be zero
 * @modulus: of the signer's RSA key; P-SEAMLDR knows which it accepts
 * @exponent: TDX_SIGSTRUCT_EXPONENT
 * @signature: over all but the fields from @modulus to @signature
 * @seamhash: SHA-384 of the module's pages
 * @minor_svn: security version number; an update must not lower it
 * @major_svn: an update must keep it; 0 is not valid
 * @attributes: must be zero
 * @rip_offset: of the module's entry point in its pages
 * @num_stack_pages: minus one, as the other page numbers below
 * @num_tls_pages: thread local storage
 * @num_keyhole_pages: windows on physical memory
 * @num_global_data_pages: data of all CPUs
 * @max_tdmrs: capabilities, informational
 * @max_rsvd_per_tdmr: likewise
 * @pamt_entry_size: likewise, for pages of 4K, 2M and 1G
 * @reserved2: must be zero
 * @module_hv: newest handoff data that the module can read, and writes
 * @min_update_hv: oldest handoff data that the module can read
 * @no_downgrade: for the module itself
 * @reserved3: must be zero
 * @num_handoff_pages: room for the handoff data
 * @gdt_idt_offset: in the module's pages, page aligned, or 0
 * @fault_wrapper_offset: in the module's pages; 0 if @gdt_idt_offset is
 * @reserved4: must be zero
 * @cpuid_table_size: entries of @cpuid_table
 * @cpuid_table: CPUID.1:EAX of the CPUs that the module supports
 *
 * P-SEAMLDR checks all of it, but only after the running module is shut down.
 */
struct tdx_sigstruct {
	u32	header_type;
	u32	header_length;
	u32	header_version;
	u32	module_type;
	u32	vendor;
	u32	date;
	u32	size;
	u32	key_size;
	u32	modulus_size;
	u32	exponent_size;
	u8	reserved1[88];
	u8	modulus[384];
	u32	exponent;
	u8	signature[384];
	u8	seamhash[48];
	u8	minor_svn;
	u8	major_svn;
	u64	attributes;
	u32	rip_offset;
	u8	num_stack_pages;
	u8	num_tls_pages;
	u16	num_keyhole_pages;
	u16	num_global_data_pages;
	u16	max_tdmrs;
	u16	max_rsvd_per_tdmr;
	u16	pamt_entry_size[3];
	u8	reserved2[6];
	u16	module_hv;
	u16	min_update_hv;
	u8	no_downgrade;
	u8	reserved3;
	u16	num_handoff_pages;
	u32	gdt_idt_offset;
	u32	fault_wrapper_offset;
	u8	reserved4[24];
	u32	cpuid_table_size;
	u32	cpuid_table[TDX_SIGSTRUCT_MAX_CPUIDS];
} __packed;

static_assert(sizeof(struct tdx_sigstruct) == 2048);
static_assert(offsetof(struct tdx_sigstruct, modulus) == 128);
static_assert(offsetof(struct tdx_sigstruct, exponent) == 512);
static_assert(offsetof(struct tdx_sigstruct, seamhash) == 900);
static_assert(offsetof(struct tdx_sigstruct, minor_svn) == 948);
static_assert(offsetof(struct tdx_sigstruct, rip_offset) == 958);
static_assert(offsetof(struct tdx_sigstruct, reserved2) == 978);
static_assert(offsetof(struct tdx_sigstruct, module_hv) == 984);
static_assert(offsetof(struct tdx_sigstruct, gdt_idt_offset) == 992);
static_assert(offsetof(struct tdx_sigstruct, reserved4) == 1000);
static_assert(offsetof(struct tdx_sigstruct, cpuid_table_size) == 1024);

/*
 * Why an image is not acceptable on any host. Each has a token and a text of its
 * own, which tell more: see tdx_image_defect_token() and tdx_image_defect_text().
 */
enum tdx_image_defect {
	TDX_IMAGE_GOOD,

	/* The file. */
	TDX_IMAGE_TRUNCATED_HEADER,
	TDX_IMAGE_NOT_AN_IMAGE,
	TDX_IMAGE_BAD_VERSION,
	TDX_IMAGE_BAD_SIGSTRUCT_NR_PAGES,
	TDX_IMAGE_BAD_MODULE_NR_PAGES,
	TDX_IMAGE_HEADER_RESERVED,
	TDX_IMAGE_TRUNCATED,
	TDX_IMAGE_TRAILING_DATA,
	TDX_IMAGE_BAD_CHECKSUM,

	/* The SEAM_SIGSTRUCT. */
	TDX_IMAGE_BAD_SIGSTRUCT_HEADER,
	TDX_IMAGE_BAD_MODULE_TYPE,
	TDX_IMAGE_BAD_VENDOR,
	TDX_IMAGE_BAD_SIGSTRUCT_SIZES,
	TDX_IMAGE_BAD_EXPONENT,
	TDX_IMAGE_SIGSTRUCT_RESERVED,
	TDX_IMAGE_BAD_ATTRIBUTES,
	TDX_IMAGE_BAD_SVN,
	TDX_IMAGE_BAD_HANDOFF_RANGE,
	TDX_IMAGE_BAD_ENTRY_POINT,
	TDX_IMAGE_BAD_TABLE_OFFSETS,
	TDX_IMAGE_BAD_CPU_TABLE_SIZE,
	TDX_IMAGE_NO_CPU_TABLE,

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

bool tdx_image_supports_cpu(const struct tdx_image *image, u32 cpuid_1_eax);
bool tdx_image_is_debug_signed(const struct tdx_image *image);

const char *tdx_image_defect_token(enum tdx_image_defect defect);
const char *tdx_image_defect_text(enum tdx_image_defect defect);

#endif /* _X86_VIRT_TDX_IMAGE_H */
