// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of the TDX module's image
 *
 * P-SEAMLDR is what protects the host from a malicious image: it verifies the
 * signature. But it does so only after the running module has been shut down,
 * when a refusal means that no TD can run. This parser finds what P-SEAMLDR
 * would refuse while the old module still runs.
 *
 * It reads nothing but the image, keeps no state and never allocates, so it can
 * be called in any context and runs in userspace too, under a fuzzer.
 */
#include <linux/align.h>
#include <linux/array_size.h>
#include <linux/bug.h>
#include <linux/string.h>

#include <crypto/sha2.h>

#include "tdx_image.h"

/* The sum of a good image is 0, see struct tdx_image_header. */
static u16 sum_words(const u8 *file, u32 size)
{
	u16 sum = 0;
	u32 i;

	/* The caller knows that @size is a multiple of the page size. */
	for (i = 0; i < size; i += 2)
		sum += file[i] | file[i + 1] << 8;

	return sum;
}

/*
 * What is known of the checksum is little. Early versions of the upstream
 * update series verified it as it is done here, later ones dropped that as
 * the checksum is optional. A field of 0 is therefore taken for "not computed":
 * a checksum is there to find a file that was damaged on its way, and damage is
 * found in the module's pages by their hash anyway.
 */
static bool checksum_ok(const u8 *file, u32 size)
{
	const struct tdx_image_header *header = (const struct tdx_image_header *)file;

	return !header->checksum || !sum_words(file, size);
}

static enum tdx_image_defect check_header(const struct tdx_image_header *header, u32 size)
{
	u32 nr_pages;

	if (memcmp(header->signature, TDX_IMAGE_SIGNATURE, sizeof(header->signature)))
		return TDX_IMAGE_NOT_AN_IMAGE;

	if (header->version != TDX_IMAGE_VERSION)
		return TDX_IMAGE_BAD_VERSION;

	if (header->sigstruct_nr_pages != TDX_IMAGE_SIGSTRUCT_NR_PAGES)
		return TDX_IMAGE_BAD_SIGSTRUCT_NR_PAGES;

	if (header->module_nr_pages < 1 ||
	    header->module_nr_pages > TDX_IMAGE_MAX_MODULE_NR_PAGES)
		return TDX_IMAGE_BAD_MODULE_NR_PAGES;

	if (memchr_inv(header->reserved, 0, sizeof(header->reserved)))
		return TDX_IMAGE_HEADER_RESERVED;

	/* Both numbers are bounded above: this is less than 2 MiB. */
	nr_pages = 1 + header->sigstruct_nr_pages + header->module_nr_pages;

	if (size < nr_pages * TDX_IMAGE_PAGE_SIZE)
		return TDX_IMAGE_TRUNCATED;
	if (size > nr_pages * TDX_IMAGE_PAGE_SIZE)
		return TDX_IMAGE_TRAILING_DATA;

	return TDX_IMAGE_GOOD;
}

/* The tables are optional, but only together. */
static bool table_offsets_ok(const struct tdx_sigstruct *sigstruct, u32 module_size)
{
	if (!sigstruct->gdt_idt_offset && !sigstruct->fault_wrapper_offset)
		return true;

	if (!sigstruct->gdt_idt_offset || !sigstruct->fault_wrapper_offset)
		return false;

	/* @module_size is at least one page: no underflow. */
	return IS_ALIGNED(sigstruct->gdt_idt_offset, TDX_IMAGE_PAGE_SIZE) &&
	       sigstruct->gdt_idt_offset <= module_size - TDX_IMAGE_PAGE_SIZE &&
	       sigstruct->fault_wrapper_offset < module_size;
}

static enum tdx_image_defect check_sigstruct(const struct tdx_sigstruct *sigstruct,
					     u32 module_size)
{
	if (sigstruct->header_type    != TDX_SIGSTRUCT_HEADER_TYPE   ||
	    sigstruct->header_length  != TDX_SIGSTRUCT_HEADER_LENGTH ||
	    sigstruct->header_version != TDX_SIGSTRUCT_HEADER_VERSION)
		return TDX_IMAGE_BAD_SIGSTRUCT_HEADER;

	if (sigstruct->module_type & ~TDX_SIGSTRUCT_DEBUG_SIGNED)
		return TDX_IMAGE_BAD_MODULE_TYPE;

	if (sigstruct->vendor != TDX_SIGSTRUCT_VENDOR_INTEL)
		return TDX_IMAGE_BAD_VENDOR;

	if (sigstruct->size          != TDX_SIGSTRUCT_SIZE     ||
	    sigstruct->key_size      != TDX_SIGSTRUCT_KEY_SIZE ||
	    sigstruct->modulus_size  != TDX_SIGSTRUCT_KEY_SIZE ||
	    sigstruct->exponent_size != TDX_SIGSTRUCT_EXPONENT_SIZE)
		return TDX_IMAGE_BAD_SIGSTRUCT_SIZES;

	if (sigstruct->exponent != TDX_SIGSTRUCT_EXPONENT)
		return TDX_IMAGE_BAD_EXPONENT;

	if (memchr_inv(sigstruct->reserved1, 0, sizeof(sigstruct->reserved1)) ||
	    memchr_inv(sigstruct->reserved2, 0, sizeof(sigstruct->reserved2)) ||
	    sigstruct->reserved3 ||
	    memchr_inv(sigstruct->reserved4, 0, sizeof(sigstruct->reserved4)))
		return TDX_IMAGE_SIGSTRUCT_RESERVED;

	if (sigstruct->attributes)
		return TDX_IMAGE_BAD_ATTRIBUTES;

	if (!sigstruct->major_svn)
		return TDX_IMAGE_BAD_SVN;

	if (sigstruct->min_update_hv > sigstruct->module_hv)
		return TDX_IMAGE_BAD_HANDOFF_RANGE;

	if (sigstruct->rip_offset >= module_size)
		return TDX_IMAGE_BAD_ENTRY_POINT;

	if (!table_offsets_ok(sigstruct, module_size))
		return TDX_IMAGE_BAD_TABLE_OFFSETS;

	if (sigstruct->cpuid_table_size > TDX_SIGSTRUCT_MAX_CPUIDS)
		return TDX_IMAGE_BAD_CPU_TABLE_SIZE;

	/* A module under development may go without. */
	if (!sigstruct->cpuid_table_size &&
	    !(sigstruct->module_type & TDX_SIGSTRUCT_DEBUG_SIGNED))
		return TDX_IMAGE_NO_CPU_TABLE;

	return TDX_IMAGE_GOOD;
}

/**
 * tdx_image_parse - check an image and find its parts
 * @file: the image, as userspace wrote it
 * @size: of @file in bytes
 * @image: filled in if the image is good, else untouched
 *
 * Checks all that can be known from the image alone, except the hash of the
 * module's pages, see tdx_image_check_hash(), and the signature.
 *
 * The fields that decide how the rest is read are checked before the checksum,
 * so that a file of another kind or version is called that and not "damaged".
 *
 * Context: Any context. Reads the file once for its checksum: about 0.1 ms.
 * Return: TDX_IMAGE_GOOD, or the first defect found.
 */
enum tdx_image_defect tdx_image_parse(const u8 *file, u32 size, struct tdx_image *image)
{
	const struct tdx_image_header *header = (const struct tdx_image_header *)file;
	const struct tdx_sigstruct *sigstruct;
	enum tdx_image_defect defect;
	u32 module_size;

	if (size < sizeof(*header))
		return TDX_IMAGE_TRUNCATED_HEADER;

	defect = check_header(header, size);
	if (defect)
		return defect;

	if (!checksum_ok(file, size))
		return TDX_IMAGE_BAD_CHECKSUM;

	sigstruct = (const struct tdx_sigstruct *)(file + sizeof(*header));
	module_size = header->module_nr_pages * TDX_IMAGE_PAGE_SIZE;

	defect = check_sigstruct(sigstruct, module_size);
	if (defect)
		return defect;

	*image = (struct tdx_image) {
		.header		 = header,
		.sigstruct	 = sigstruct,
		.module		 = file + size - module_size,
		.module_size	 = module_size,
		.module_nr_pages = header->module_nr_pages,
	};

	return TDX_IMAGE_GOOD;
}

/**
 * tdx_image_check_hash - compare the module's pages with their hash
 * @image: an image that tdx_image_parse() found good
 *
 * A module with a wrong hash is the one thing that P-SEAMLDR finds out too late
 * to go back: it refuses the module after it has erased the old one.
 *
 * Context: Any context that may take milliseconds: SHA-384 of up to 2 MiB.
 * Return: TDX_IMAGE_GOOD or TDX_IMAGE_BAD_HASH.
 */
enum tdx_image_defect tdx_image_check_hash(const struct tdx_image *image)
{
	u8 hash[SHA384_DIGEST_SIZE];

	static_assert(sizeof(hash) == sizeof(image->sigstruct->seamhash));

	sha384(image->module, image->module_size, hash);

	/* Nothing here is secret: no need to compare in constant time. */
	if (memcmp(hash, image->sigstruct->seamhash, sizeof(hash)))
		return TDX_IMAGE_BAD_HASH;

	return TDX_IMAGE_GOOD;
}

/**
 * tdx_image_supports_cpu - look up a CPU in the image's CPU table
 * @image: an image that tdx_image_parse() found good
 * @cpuid_1_eax: CPUID.1:EAX of the CPU; its stepping does not matter
 *
 * Context: Any context.
 * Return: true if the module runs on that CPU. A module without a table, which
 *	   only debug-signed ones may be, runs on all.
 */
bool tdx_image_supports_cpu(const struct tdx_image *image, u32 cpuid_1_eax)
{
	const struct tdx_sigstruct *sigstruct = image->sigstruct;
	u32 i;

	if (!sigstruct->cpuid_table_size)
		return true;

	for (i = 0; i < sigstruct->cpuid_table_size; i++) {
		/* Bits 3:0 are the stepping. */
		if (!((sigstruct->cpuid_table[i] ^ cpuid_1_eax) & ~0xfU))
			return true;
	}

	return false;
}

/**
 * tdx_image_is_debug_signed - is the module signed for development only?
 * @image: an image that tdx_image_parse() found good
 *
 * Context: Any context.
 * Return: true if a production host would not accept the module.
 */
bool tdx_image_is_debug_signed(const struct tdx_image *image)
{
	return image->sigstruct->module_type & TDX_SIGSTRUCT_DEBUG_SIGNED;
}

static const struct {
	const char *token;
	const char *text;
} defects[] = {
	[TDX_IMAGE_GOOD] = {
		"good",
		"image is good"
	},
	[TDX_IMAGE_TRUNCATED_HEADER] = {
		"truncated-header",
		"image is shorter than its 4096 byte header: upload the whole file"
	},
	[TDX_IMAGE_NOT_AN_IMAGE] = {
		"not-an-image",
		"file is no TDX module image: it does not bear the signature TDX-BLOB"
	},
	[TDX_IMAGE_BAD_VERSION] = {
		"bad-image-version",
		"image is not of format version 2.0: get the image made for Linux"
	},
	[TDX_IMAGE_BAD_SIGSTRUCT_NR_PAGES] = {
		"bad-sigstruct-pages",
		"image has not one page of SIGSTRUCT: this kernel knows no other"
	},
	[TDX_IMAGE_BAD_MODULE_NR_PAGES] = {
		"bad-module-pages",
		"image has not 1 to 496 pages of module: get an intact image"
	},
	[TDX_IMAGE_HEADER_RESERVED] = {
		"header-reserved",
		"image header uses reserved fields: damaged, or made for a newer kernel"
	},
	[TDX_IMAGE_TRUNCATED] = {
		"truncated",
		"image is shorter than its header says: upload the whole file"
	},
	[TDX_IMAGE_TRAILING_DATA] = {
		"trailing-data",
		"image is longer than its header says: get an intact image"
	},
	[TDX_IMAGE_BAD_CHECKSUM] = {
		"bad-checksum",
		"image checksum is wrong, the file is damaged: get an intact image"
	},
	[TDX_IMAGE_BAD_SIGSTRUCT_HEADER] = {
		"bad-sigstruct-header",
		"SIGSTRUCT header type, length or version is not that of a TDX module"
	},
	[TDX_IMAGE_BAD_MODULE_TYPE] = {
		"bad-module-type",
		"SIGSTRUCT module type has unknown bits: damaged, or made for a newer kernel"
	},
	[TDX_IMAGE_BAD_VENDOR] = {
		"bad-vendor",
		"SIGSTRUCT vendor is not Intel (0x8086)"
	},
	[TDX_IMAGE_BAD_SIGSTRUCT_SIZES] = {
		"bad-sigstruct-sizes",
		"SIGSTRUCT, key, modulus or exponent size is not that of an RSA-3072 key"
	},
	[TDX_IMAGE_BAD_EXPONENT] = {
		"bad-exponent",
		"SIGSTRUCT key exponent is not 65537"
	},
	[TDX_IMAGE_SIGSTRUCT_RESERVED] = {
		"sigstruct-reserved",
		"SIGSTRUCT uses reserved fields: damaged, or made for a newer kernel"
	},
	[TDX_IMAGE_BAD_ATTRIBUTES] = {
		"bad-attributes",
		"SIGSTRUCT attributes are not 0: P-SEAMLDR would refuse the module"
	},
	[TDX_IMAGE_BAD_SVN] = {
		"bad-svn",
		"SIGSTRUCT major SVN is 0: P-SEAMLDR would refuse the module"
	},
	[TDX_IMAGE_BAD_HANDOFF_RANGE] = {
		"bad-handoff-range",
		"SIGSTRUCT oldest handoff version is above the newest: get an intact image"
	},
	[TDX_IMAGE_BAD_ENTRY_POINT] = {
		"bad-entry-point",
		"SIGSTRUCT entry point is outside the module: get an intact image"
	},
	[TDX_IMAGE_BAD_TABLE_OFFSETS] = {
		"bad-table-offsets",
		"SIGSTRUCT table offsets are outside the module: get an intact image"
	},
	[TDX_IMAGE_BAD_CPU_TABLE_SIZE] = {
		"bad-cpu-table-size",
		"SIGSTRUCT CPU table has more than 255 entries: get an intact image"
	},
	[TDX_IMAGE_NO_CPU_TABLE] = {
		"no-cpu-table",
		"SIGSTRUCT of a production module has no CPU table: get an intact image"
	},
	[TDX_IMAGE_BAD_HASH] = {
		"bad-hash",
		"module does not match its SHA-384 hash, the file is damaged: get an intact image"
	},
};

static_assert(ARRAY_SIZE(defects) == TDX_IMAGE_NR_DEFECTS);

/**
 * tdx_image_defect_token - short name of a defect
 * @defect: what tdx_image_parse() or tdx_image_check_hash() returned
 *
 * Context: Any context.
 * Return: a word in kebab case that userspace can rely on.
 */
const char *tdx_image_defect_token(enum tdx_image_defect defect)
{
	if (WARN_ON_ONCE((unsigned int)defect >= TDX_IMAGE_NR_DEFECTS))
		return "unknown";

	return defects[defect].token;
}

/**
 * tdx_image_defect_text - a defect in words
 * @defect: what tdx_image_parse() or tdx_image_check_hash() returned
 *
 * Context: Any context.
 * Return: one sentence for the operator, with no full stop and no newline,
 *	   that fits in struct tdx_refusal.
 */
const char *tdx_image_defect_text(enum tdx_image_defect defect)
{
	if (WARN_ON_ONCE((unsigned int)defect >= TDX_IMAGE_NR_DEFECTS))
		return "unknown defect";

	return defects[defect].text;
}
