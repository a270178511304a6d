/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TDX_MODULE_IMAGE_H
#define TDX_MODULE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sha384.h"
#include "version.h"

/* Header, SEAM_SIGSTRUCT and as many pages as P-SEAMLDR takes. */
#define IMAGE_PAGE		4096
#define IMAGE_MAX_MODULE_PAGES	496
#define IMAGE_MAX_SIZE		((2 + IMAGE_MAX_MODULE_PAGES) * IMAGE_PAGE)
#define IMAGE_MAX_CPUS		255

/* What makes a file no image at all. Whom it is signed by is P-SEAMLDR's to judge. */
enum image_defect {
	IMAGE_GOOD,
	IMAGE_EMPTY,
	IMAGE_NOT_AN_IMAGE,
	IMAGE_OLD_CONTAINER,
	IMAGE_BAD_VERSION,
	IMAGE_TRUNCATED,
	IMAGE_TRAILING_DATA,
	IMAGE_BAD_SIGSTRUCT_PAGES,
	IMAGE_BAD_MODULE_PAGES,
	IMAGE_BAD_CHECKSUM,
	IMAGE_BAD_CPU_TABLE,
	IMAGE_BAD_HASH,
	IMAGE_NR_DEFECTS,
};

/* What an image tells about its module. */
struct image {
	struct version version;		/* unknown for modules 1.5.x */
	unsigned int build;		/* 0 if the version is unknown */
	unsigned int svn;		/* major in the high byte */
	bool debug_signed;
	uint8_t mrseam[SHA384_SIZE];
	unsigned int module_pages;
	unsigned int nr_cpus;
	uint32_t cpus[IMAGE_MAX_CPUS];	/* CPUID.1:EAX */
};

/* Fills @image in as far as the file is understood. Never reads beyond @size. */
enum image_defect image_parse(const uint8_t *file, size_t size, struct image *image);

/* A word for programs, the same as the kernel's where it has one; and for people. */
const char *image_defect_name(enum image_defect defect);
const char *image_defect_text(enum image_defect defect);

/* Whether the module is made for a CPU with this CPUID.1:EAX. */
bool image_supports_cpu(const struct image *image, uint32_t signature);

/*
 * Read a file that may be an image into memory that the caller frees: 0 or a negative
 * errno. Of a file that is too large for an image one byte too many is read.
 */
int image_read(const char *path, uint8_t **file, size_t *size);

#endif
