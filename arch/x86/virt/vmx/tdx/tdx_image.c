// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of the TDX module's image
 *
 * The image is a container of what P-SEAMLDR takes: a SEAM_SIGSTRUCT and the module's
 * pages. P-SEAMLDR decides whether it accepts them, by rules that change with its
 * versions, and can be asked before anything is lost. Checked here is what it does
 * not know of, the container, and what it checks too late to go back: the hash of
 * the module's pages. Reserved fields of SEAM_SIGSTRUCT are none of the kernel's
 * business.
 *
 * It reads nothing but the image, keeps no state and never allocates, so it can
 * be called in any context and runs in userspace too, under a fuzzer.
 */
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

	if (!memcmp((const u8 *)header + TDX_IMAGE_V1_SIGNATURE_OFFSET, TDX_IMAGE_SIGNATURE,
		    sizeof(header->signature)))
		return TDX_IMAGE_CONTAINER_V1;

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

/**
 * tdx_image_parse - check an image and find its parts
 * @file: the image, as userspace wrote it
 * @size: of @file in bytes
 * @image: filled in if the image is good, else untouched
 *
 * Checks the container. The hash of the module's pages is left to
 * tdx_image_check_hash(), the SEAM_SIGSTRUCT to P-SEAMLDR.
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
	enum tdx_image_defect defect;
	u32 module_size;

	if (size < sizeof(*header))
		return TDX_IMAGE_TRUNCATED_HEADER;

	defect = check_header(header, size);
	if (defect)
		return defect;

	if (!checksum_ok(file, size))
		return TDX_IMAGE_BAD_CHECKSUM;

	module_size = header->module_nr_pages * TDX_IMAGE_PAGE_SIZE;
	*image = (struct tdx_image) {
		.header		 = header,
		.sigstruct	 = (const struct tdx_sigstruct *)(file + sizeof(*header)),
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
 * tdx_image_version - which version of the module is in the image
 * @image: an image that tdx_image_parse() found good
 * @version: filled in, if the image tells
 *
 * Context: Any context.
 * Return: true if it tells, as images of 2.0 do; those of 1.5 do not.
 */
bool tdx_image_version(const struct tdx_image *image, struct tdx_image_version *version)
{
	*version = image->sigstruct->version;

	return version->major;
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
	[TDX_IMAGE_CONTAINER_V1] = {
		"old-container",
		"image is a container of version 1.0: join SIGSTRUCT and module to one of version 2.0"
	},
	[TDX_IMAGE_BAD_VERSION] = {
		"bad-image-version",
		"image is a container of an unknown version: this kernel knows version 2.0"
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
