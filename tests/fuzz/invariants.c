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

#define REQUIRE(condition) do {							\
	if (!(condition)) {							\
		fprintf(stderr, "%s:%d: does not hold: %s\n",			\
			__FILE__, __LINE__, #condition);			\
		abort();							\
	}									\
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

static void check_sigstruct(const u8 *sigstruct, u32 module_size)
{
	u32 gdt_idt = read32(sigstruct + 992);
	u32 wrapper = read32(sigstruct + 996);
	u32 nr_cpuids = read32(sigstruct + 1024);
	u32 module_type = read32(sigstruct + 12);

	REQUIRE(read32(sigstruct) == 6);
	REQUIRE(read32(sigstruct + 4) == 0xe1);
	REQUIRE(read32(sigstruct + 8) == 0x10000);
	REQUIRE(module_type == 0 || module_type == 0x80000000);
	REQUIRE(read32(sigstruct + 16) == 0x8086);
	REQUIRE(read32(sigstruct + 24) == 0x200);
	REQUIRE(read32(sigstruct + 28) == 0x60);
	REQUIRE(read32(sigstruct + 32) == 0x60);
	REQUIRE(read32(sigstruct + 36) == 1);
	require_zero(sigstruct + 40, 88);
	REQUIRE(read32(sigstruct + 512) == 0x10001);
	REQUIRE(sigstruct[949] != 0);
	require_zero(sigstruct + 950, 8);
	REQUIRE(read32(sigstruct + 958) < module_size);
	require_zero(sigstruct + 978, 6);
	REQUIRE(sigstruct[989] == 0);
	REQUIRE(read16(sigstruct + 986) <= read16(sigstruct + 984));
	REQUIRE((gdt_idt == 0) == (wrapper == 0));
	REQUIRE(gdt_idt % PAGE == 0 && gdt_idt < module_size);
	REQUIRE(wrapper < module_size);
	require_zero(sigstruct + 1000, 24);
	REQUIRE(nr_cpuids <= 255);
	REQUIRE(nr_cpuids > 0 || module_type == 0x80000000);
}

static void check_cpu_table(const struct tdx_image *image, const u8 *sigstruct)
{
	static const u32 others[] = { 0, 0xffffffff, 0x000806f8, 0x000c06f0, 0x000a06d0 };
	u32 nr_cpuids = read32(sigstruct + 1024);

	for (u32 i = 0; i < nr_cpuids; i++) {
		u32 cpuid = read32(sigstruct + 1028 + 4 * i);

		REQUIRE(tdx_image_supports_cpu(image, cpuid));
		REQUIRE(tdx_image_supports_cpu(image, cpuid ^ 0xf));
	}

	for (u32 i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		bool listed = nr_cpuids == 0;

		for (u32 j = 0; j < nr_cpuids; j++)
			listed |= read32(sigstruct + 1028 + 4 * j) >> 4 == others[i] >> 4;

		REQUIRE(tdx_image_supports_cpu(image, others[i]) == listed);
	}
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
	REQUIRE(tdx_image_is_debug_signed(image) == (sigstruct[15] == 0x80));

	check_sigstruct(sigstruct, module_size);
	check_cpu_table(image, sigstruct);
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
