// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must hold for each image that the parser accepts
 *
 * The file is read anew here, by offsets and not by the parser's structures: a
 * mistake in the layout would be in both otherwise.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invariants.h"

#define PAGE 4096u

/* struct tdx_refusal of the kernel must hold each text. */
#define MESSAGE_SIZE 128

#define REQUIRE(condition)                                                                \
	do {                                                                              \
		if (!(condition)) {                                                       \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, \
				#condition);                                              \
			abort();                                                          \
		}                                                                         \
	} while (0)

static u16 read16(const u8 *at)
{
	return at[0] | at[1] << 8;
}

static u32 read32(const u8 *at)
{
	return read16(at) | (u32)read16(at + 2) << 16;
}

static void require_zero(const u8 *start, u32 bytes)
{
	for (u32 i = 0; i < bytes; i++)
		REQUIRE(start[i] == 0);
}

static void check_file(const u8 *file, u32 size)
{
	u16 sum = 0;

	REQUIRE(size >= 3 * PAGE && size <= (2 + 496) * PAGE && size % PAGE == 0);
	REQUIRE(read16(file) == 0x0200);
	REQUIRE(!memcmp(file + 4, "TDX-BLOB", 8));
	REQUIRE(read32(file + 12) == 1);
	REQUIRE(read32(file + 16) == size / PAGE - 2);
	require_zero(file + 20, 4076);

	for (u32 i = 0; i < size; i += 2)
		sum += read16(file + i);
	REQUIRE(sum == 0 || read16(file + 2) == 0);
}

/* What the kernel says of the version is what the published images have there. */
static void check_version(const struct tdx_image *image, const u8 *sigstruct)
{
	struct tdx_image_version version;
	bool told = tdx_image_version(image, &version);

	REQUIRE(told == (sigstruct[1003] != 0));
	REQUIRE(version.major == sigstruct[1003] && version.minor == sigstruct[1002]);
	REQUIRE(version.update == read16(sigstruct + 1000));
	REQUIRE(version.build == read16(sigstruct + 1004));
}

static void check_names(enum tdx_image_defect defect)
{
	const char *token = tdx_image_defect_token(defect);
	const char *text = tdx_image_defect_text(defect);

	REQUIRE(token && *token && strspn(token, "abcdefghijklmnopqrstuvwxyz-") == strlen(token));
	REQUIRE(text && *text && strlen(text) < MESSAGE_SIZE && !strchr(text, '\n'));
}

static void check_image(const struct tdx_image *image, const u8 *file, u32 size)
{
	const u8 *sigstruct = file + PAGE;
	u32 module_size = size - 2 * PAGE;

	REQUIRE((const u8 *)image->header == file);
	REQUIRE((const u8 *)image->sigstruct == sigstruct);
	REQUIRE(image->module == file + 2 * PAGE);
	REQUIRE(image->module_size == module_size);
	REQUIRE(image->module_nr_pages == module_size / PAGE);

	check_version(image, sigstruct);
}

enum tdx_image_defect parse_and_check(const u8 *file, u32 size, bool with_hash)
{
	struct tdx_image image, untouched;
	enum tdx_image_defect defect;

	memset(&image, 0xa5, sizeof(image));
	untouched = image;

	defect = tdx_image_parse(file, size, &image);
	REQUIRE(defect >= TDX_IMAGE_GOOD && defect < TDX_IMAGE_BAD_HASH);
	check_names(defect);

	if (defect) {
		REQUIRE(!memcmp(&image, &untouched, sizeof(image)));
		return defect;
	}

	check_file(file, size);
	check_image(&image, file, size);

	if (!with_hash)
		return TDX_IMAGE_GOOD;

	defect = tdx_image_check_hash(&image);
	REQUIRE(defect == TDX_IMAGE_GOOD || defect == TDX_IMAGE_BAD_HASH);
	check_names(defect);

	return defect;
}
