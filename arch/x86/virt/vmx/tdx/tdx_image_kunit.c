// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit test of the parser of the TDX module's image
 */
#include <kunit/test.h>

#include <linux/array_size.h>
#include <linux/stddef.h>
#include <linux/string.h>
#include <linux/unaligned.h>

#include <crypto/sha2.h>

#include "tdx_image.h"

#define HEADER(field)		offsetof(struct tdx_image_header, field)
#define SIGSTRUCT(field)	(TDX_IMAGE_PAGE_SIZE + offsetof(struct tdx_sigstruct, field))

#define GDT_IDT_OFFSET		TDX_IMAGE_PAGE_SIZE
#define FAULT_WRAPPER_OFFSET	0x40

/* An image under test: of two module pages, unless a test needs others. */
#define NR_MODULE_PAGES		2
#define IMAGE_SIZE(nr_pages)	((2 + (nr_pages)) * TDX_IMAGE_PAGE_SIZE)

static struct tdx_image_header *header_of(u8 *file)
{
	return (struct tdx_image_header *)file;
}

static struct tdx_sigstruct *sigstruct_of(u8 *file)
{
	return (struct tdx_sigstruct *)(file + TDX_IMAGE_PAGE_SIZE);
}

static void set_checksum(u8 *file, u32 size)
{
	u16 sum = 0;
	u32 i;

	put_unaligned_le16(0, &file[HEADER(checksum)]);
	for (i = 0; i < size; i += 2)
		sum += get_unaligned_le16(&file[i]);
	put_unaligned_le16(-sum, &file[HEADER(checksum)]);
}

/* A good image. Its checksum is "not computed", so that tests can change bytes. */
static u8 *make_image(struct kunit *test, u32 nr_pages)
{
	u8 *file = kunit_kzalloc(test, IMAGE_SIZE(nr_pages), GFP_KERNEL);
	u8 *module = file + 2 * TDX_IMAGE_PAGE_SIZE;

	KUNIT_ASSERT_NOT_NULL(test, file);

	*header_of(file) = (struct tdx_image_header) {
		.version		= TDX_IMAGE_VERSION,
		.signature		= { 'T', 'D', 'X', '-', 'B', 'L', 'O', 'B' },
		.sigstruct_nr_pages	= 1,
		.module_nr_pages	= nr_pages,
	};

	*sigstruct_of(file) = (struct tdx_sigstruct) {
		.header_type		= TDX_SIGSTRUCT_HEADER_TYPE,
		.header_length		= TDX_SIGSTRUCT_HEADER_LENGTH,
		.header_version		= TDX_SIGSTRUCT_HEADER_VERSION,
		.vendor			= TDX_SIGSTRUCT_VENDOR_INTEL,
		.date			= 0x20260101,
		.size			= TDX_SIGSTRUCT_SIZE,
		.key_size		= TDX_SIGSTRUCT_KEY_SIZE,
		.modulus_size		= TDX_SIGSTRUCT_KEY_SIZE,
		.exponent_size		= TDX_SIGSTRUCT_EXPONENT_SIZE,
		.exponent		= TDX_SIGSTRUCT_EXPONENT,
		.minor_svn		= 5,
		.major_svn		= 1,
		.module_hv		= 1,
		.cpuid_table_size	= 2,
		.cpuid_table		= { 0x000806f8, 0x000c06f0 },
	};

	memset(module, 0xcc, nr_pages * TDX_IMAGE_PAGE_SIZE);
	sha384(module, nr_pages * TDX_IMAGE_PAGE_SIZE, sigstruct_of(file)->seamhash);

	return file;
}

static void set_tables(u8 *file)
{
	sigstruct_of(file)->gdt_idt_offset = GDT_IDT_OFFSET;
	sigstruct_of(file)->fault_wrapper_offset = FAULT_WRAPPER_OFFSET;
}

/*
 * What holds for each image that the parser accepts. Reads the file anew, byte by
 * byte, so that it shares no layout with the parser.
 */
static void expect_invariants(struct kunit *test, const u8 *file, u32 size,
			      const struct tdx_image *image)
{
	const u8 *sigstruct = file + 4096;
	u32 module_size = get_unaligned_le32(file + 16) * 4096;
	u32 gdt_idt = get_unaligned_le32(sigstruct + 992);
	u32 wrapper = get_unaligned_le32(sigstruct + 996);
	u32 nr_cpuids = get_unaligned_le32(sigstruct + 1024);

	KUNIT_EXPECT_PTR_EQ(test, image->header, (const void *)file);
	KUNIT_EXPECT_PTR_EQ(test, image->sigstruct, (const void *)sigstruct);
	KUNIT_EXPECT_PTR_EQ(test, image->module, file + 8192);
	KUNIT_EXPECT_EQ(test, image->module_size, module_size);
	KUNIT_EXPECT_EQ(test, image->module_nr_pages, module_size / 4096);
	KUNIT_EXPECT_PTR_EQ(test, image->module + image->module_size, file + size);
	KUNIT_EXPECT_LE(test, image->module_nr_pages, 496);
	KUNIT_EXPECT_NE(test, image->module_nr_pages, 0);

	KUNIT_EXPECT_LE(test, get_unaligned_le16(sigstruct + 986),
			get_unaligned_le16(sigstruct + 984));
	KUNIT_EXPECT_LT(test, get_unaligned_le32(sigstruct + 958), module_size);
	KUNIT_EXPECT_NE(test, sigstruct[949], 0);
	KUNIT_EXPECT_EQ(test, !gdt_idt, !wrapper);
	KUNIT_EXPECT_LT(test, gdt_idt, module_size);
	KUNIT_EXPECT_EQ(test, gdt_idt % 4096, 0);
	KUNIT_EXPECT_LT(test, wrapper, module_size);
	KUNIT_EXPECT_LE(test, nr_cpuids, 255);
	KUNIT_EXPECT_TRUE(test, nr_cpuids || tdx_image_is_debug_signed(image));
}

static void expect_good(struct kunit *test, const u8 *file, u32 size)
{
	struct tdx_image image = {};

	KUNIT_ASSERT_EQ(test, tdx_image_parse(file, size, &image), TDX_IMAGE_GOOD);
	expect_invariants(test, file, size, &image);
	KUNIT_EXPECT_EQ(test, tdx_image_check_hash(&image), TDX_IMAGE_GOOD);
}

static void good_image_test(struct kunit *test)
{
	u8 *file = make_image(test, NR_MODULE_PAGES);

	expect_good(test, file, IMAGE_SIZE(NR_MODULE_PAGES));

	set_checksum(file, IMAGE_SIZE(NR_MODULE_PAGES));
	expect_good(test, file, IMAGE_SIZE(NR_MODULE_PAGES));

	set_tables(file);
	set_checksum(file, IMAGE_SIZE(NR_MODULE_PAGES));
	expect_good(test, file, IMAGE_SIZE(NR_MODULE_PAGES));
}

/* One field of a good image that has the optional tables is set to @value. */
struct field_case {
	const char		*name;
	u32			offset;
	u32			bytes;
	u64			value;
	enum tdx_image_defect	defect;
};

#define FIELD(_type, _name, _offset, _value, _defect) {					\
	.name	= _name " = " #_value,							\
	.offset	= (_offset),								\
	.bytes	= sizeof(_type),							\
	.value	= (_value),								\
	.defect	= TDX_IMAGE_ ## _defect,						\
}

#define IN_HEADER(_type, _field, _value, _defect) \
	FIELD(_type, #_field, HEADER(_field), _value, _defect)
#define IN_SIGSTRUCT(_type, _field, _value, _defect) \
	FIELD(_type, #_field, SIGSTRUCT(_field), _value, _defect)

/* A byte of an array, or of a field of 8 bytes. */
#define BYTE(_area, _field, _index, _defect) {						\
	.name	= #_field "[" #_index "] = 0x80",					\
	.offset	= _area(_field) + (_index),						\
	.bytes	= 1,									\
	.value	= 0x80,									\
	.defect	= TDX_IMAGE_ ## _defect,						\
}

static const struct field_case field_cases[] = {
	IN_HEADER(u16, version, 0x0100, BAD_VERSION),
	IN_HEADER(u16, version, 0x0201, BAD_VERSION),
	IN_HEADER(u16, version, 0x0300, BAD_VERSION),
	IN_HEADER(u16, checksum, 1, BAD_CHECKSUM),
	IN_HEADER(u16, checksum, 0xffff, BAD_CHECKSUM),
	BYTE(HEADER, signature, 0, NOT_AN_IMAGE),
	BYTE(HEADER, signature, 7, NOT_AN_IMAGE),
	IN_HEADER(u32, sigstruct_nr_pages, 0, BAD_SIGSTRUCT_NR_PAGES),
	IN_HEADER(u32, sigstruct_nr_pages, 2, BAD_SIGSTRUCT_NR_PAGES),
	IN_HEADER(u32, sigstruct_nr_pages, 0xffffffff, BAD_SIGSTRUCT_NR_PAGES),
	IN_HEADER(u32, module_nr_pages, 0, BAD_MODULE_NR_PAGES),
	IN_HEADER(u32, module_nr_pages, 1, TRAILING_DATA),
	IN_HEADER(u32, module_nr_pages, 3, TRUNCATED),
	IN_HEADER(u32, module_nr_pages, 496, TRUNCATED),
	IN_HEADER(u32, module_nr_pages, 497, BAD_MODULE_NR_PAGES),
	/* Would wrap around to the right size in 32 bits. */
	IN_HEADER(u32, module_nr_pages, 0x00100002, BAD_MODULE_NR_PAGES),
	IN_HEADER(u32, module_nr_pages, 0xffffffff, BAD_MODULE_NR_PAGES),
	BYTE(HEADER, reserved, 0, HEADER_RESERVED),
	BYTE(HEADER, reserved, 4075, HEADER_RESERVED),

	IN_SIGSTRUCT(u32, header_type, 0, BAD_SIGSTRUCT_HEADER),
	IN_SIGSTRUCT(u32, header_type, 7, BAD_SIGSTRUCT_HEADER),
	IN_SIGSTRUCT(u32, header_length, 0xe0, BAD_SIGSTRUCT_HEADER),
	IN_SIGSTRUCT(u32, header_version, 0x10001, BAD_SIGSTRUCT_HEADER),
	IN_SIGSTRUCT(u32, module_type, TDX_SIGSTRUCT_DEBUG_SIGNED, GOOD),
	IN_SIGSTRUCT(u32, module_type, 1, BAD_MODULE_TYPE),
	IN_SIGSTRUCT(u32, module_type, 0x80000001, BAD_MODULE_TYPE),
	IN_SIGSTRUCT(u32, vendor, 0, BAD_VENDOR),
	IN_SIGSTRUCT(u32, vendor, 0x18086, BAD_VENDOR),
	IN_SIGSTRUCT(u32, date, 0xffffffff, GOOD),
	IN_SIGSTRUCT(u32, size, 0x1ff, BAD_SIGSTRUCT_SIZES),
	IN_SIGSTRUCT(u32, key_size, 0x40, BAD_SIGSTRUCT_SIZES),
	IN_SIGSTRUCT(u32, modulus_size, 0x40, BAD_SIGSTRUCT_SIZES),
	IN_SIGSTRUCT(u32, exponent_size, 2, BAD_SIGSTRUCT_SIZES),
	BYTE(SIGSTRUCT, reserved1, 0, SIGSTRUCT_RESERVED),
	BYTE(SIGSTRUCT, reserved1, 87, SIGSTRUCT_RESERVED),
	BYTE(SIGSTRUCT, modulus, 0, GOOD),
	BYTE(SIGSTRUCT, modulus, 383, GOOD),
	IN_SIGSTRUCT(u32, exponent, 3, BAD_EXPONENT),
	BYTE(SIGSTRUCT, signature, 0, GOOD),
	BYTE(SIGSTRUCT, signature, 383, GOOD),
	BYTE(SIGSTRUCT, seamhash, 0, BAD_HASH),
	BYTE(SIGSTRUCT, seamhash, 47, BAD_HASH),
	IN_SIGSTRUCT(u8, minor_svn, 0, GOOD),
	IN_SIGSTRUCT(u8, minor_svn, 255, GOOD),
	IN_SIGSTRUCT(u8, major_svn, 0, BAD_SVN),
	IN_SIGSTRUCT(u8, major_svn, 255, GOOD),
	BYTE(SIGSTRUCT, attributes, 0, BAD_ATTRIBUTES),
	BYTE(SIGSTRUCT, attributes, 7, BAD_ATTRIBUTES),
	IN_SIGSTRUCT(u32, rip_offset, NR_MODULE_PAGES * 4096 - 1, GOOD),
	IN_SIGSTRUCT(u32, rip_offset, NR_MODULE_PAGES * 4096, BAD_ENTRY_POINT),
	IN_SIGSTRUCT(u32, rip_offset, 0xffffffff, BAD_ENTRY_POINT),
	BYTE(SIGSTRUCT, reserved2, 0, SIGSTRUCT_RESERVED),
	BYTE(SIGSTRUCT, reserved2, 5, SIGSTRUCT_RESERVED),
	IN_SIGSTRUCT(u16, module_hv, 0, GOOD),
	IN_SIGSTRUCT(u16, module_hv, 0xffff, GOOD),
	IN_SIGSTRUCT(u16, min_update_hv, 1, GOOD),
	IN_SIGSTRUCT(u16, min_update_hv, 2, BAD_HANDOFF_RANGE),
	IN_SIGSTRUCT(u16, min_update_hv, 0xffff, BAD_HANDOFF_RANGE),
	IN_SIGSTRUCT(u8, no_downgrade, 255, GOOD),
	IN_SIGSTRUCT(u8, reserved3, 1, SIGSTRUCT_RESERVED),
	IN_SIGSTRUCT(u16, num_handoff_pages, 0xffff, GOOD),
	IN_SIGSTRUCT(u32, gdt_idt_offset, 0, BAD_TABLE_OFFSETS),
	IN_SIGSTRUCT(u32, gdt_idt_offset, 4095, BAD_TABLE_OFFSETS),
	IN_SIGSTRUCT(u32, gdt_idt_offset, 4097, BAD_TABLE_OFFSETS),
	IN_SIGSTRUCT(u32, gdt_idt_offset, NR_MODULE_PAGES * 4096, BAD_TABLE_OFFSETS),
	IN_SIGSTRUCT(u32, gdt_idt_offset, 0xfffff000, BAD_TABLE_OFFSETS),
	IN_SIGSTRUCT(u32, fault_wrapper_offset, 0, BAD_TABLE_OFFSETS),
	IN_SIGSTRUCT(u32, fault_wrapper_offset, NR_MODULE_PAGES * 4096 - 1, GOOD),
	IN_SIGSTRUCT(u32, fault_wrapper_offset, NR_MODULE_PAGES * 4096, BAD_TABLE_OFFSETS),
	IN_SIGSTRUCT(u32, fault_wrapper_offset, 0xffffffff, BAD_TABLE_OFFSETS),
	BYTE(SIGSTRUCT, reserved4, 0, SIGSTRUCT_RESERVED),
	BYTE(SIGSTRUCT, reserved4, 23, SIGSTRUCT_RESERVED),
	IN_SIGSTRUCT(u32, cpuid_table_size, 0, NO_CPU_TABLE),
	IN_SIGSTRUCT(u32, cpuid_table_size, 255, GOOD),
	IN_SIGSTRUCT(u32, cpuid_table_size, 256, BAD_CPU_TABLE_SIZE),
	IN_SIGSTRUCT(u32, cpuid_table_size, 0xffffffff, BAD_CPU_TABLE_SIZE),
};

KUNIT_ARRAY_PARAM_DESC(field, field_cases, name);

static void put_field(u8 *file, const struct field_case *param)
{
	u32 i;

	for (i = 0; i < param->bytes; i++)
		file[param->offset + i] = param->value >> (8 * i);
}

static enum tdx_image_defect parse_and_hash(const u8 *file, u32 size, struct tdx_image *image)
{
	enum tdx_image_defect defect = tdx_image_parse(file, size, image);

	return defect ?: tdx_image_check_hash(image);
}

static void field_test(struct kunit *test)
{
	const struct field_case *param = test->param_value;
	u8 *file = make_image(test, NR_MODULE_PAGES);
	struct tdx_image image;

	set_tables(file);
	put_field(file, param);

	KUNIT_EXPECT_EQ(test, param->defect,
			parse_and_hash(file, IMAGE_SIZE(NR_MODULE_PAGES), &image));

	/* A right checksum changes nothing, unless it is what the case is about. */
	if (param->offset == HEADER(checksum))
		return;

	set_checksum(file, IMAGE_SIZE(NR_MODULE_PAGES));
	KUNIT_EXPECT_EQ(test, param->defect,
			parse_and_hash(file, IMAGE_SIZE(NR_MODULE_PAGES), &image));
}

static void size_test(struct kunit *test)
{
	u8 *file = make_image(test, NR_MODULE_PAGES);
	struct tdx_image image, untouched;
	u32 size;

	memset(&image, 0xa5, sizeof(image));
	memset(&untouched, 0xa5, sizeof(untouched));

	for (size = 0; size < IMAGE_SIZE(NR_MODULE_PAGES); size++) {
		KUNIT_ASSERT_EQ(test, tdx_image_parse(file, size, &image),
				size < TDX_IMAGE_PAGE_SIZE ? TDX_IMAGE_TRUNCATED_HEADER :
							     TDX_IMAGE_TRUNCATED);
	}

	/* Not read beyond what the header says, so no need to have it. */
	KUNIT_EXPECT_EQ(test, TDX_IMAGE_TRAILING_DATA,
			tdx_image_parse(file, IMAGE_SIZE(NR_MODULE_PAGES) + 1, &image));
	KUNIT_EXPECT_EQ(test, TDX_IMAGE_TRAILING_DATA,
			tdx_image_parse(file, U32_MAX, &image));

	KUNIT_EXPECT_MEMEQ(test, &image, &untouched, sizeof(image));
}

static void module_pages_test(struct kunit *test)
{
	static const u32 good[] = { 1, 2, 3, 495, 496 };
	u32 i;

	for (i = 0; i < ARRAY_SIZE(good); i++) {
		u8 *file = make_image(test, good[i]);

		set_checksum(file, IMAGE_SIZE(good[i]));
		expect_good(test, file, IMAGE_SIZE(good[i]));
		kunit_kfree(test, file);
	}
}

static void hash_test(struct kunit *test)
{
	u32 size = IMAGE_SIZE(NR_MODULE_PAGES);
	u8 *file = make_image(test, NR_MODULE_PAGES);
	struct tdx_image image;

	file[2 * TDX_IMAGE_PAGE_SIZE] ^= 1;
	KUNIT_EXPECT_EQ(test, parse_and_hash(file, size, &image), TDX_IMAGE_BAD_HASH);
	file[2 * TDX_IMAGE_PAGE_SIZE] ^= 1;

	file[size - 1] ^= 0x80;
	KUNIT_EXPECT_EQ(test, parse_and_hash(file, size, &image), TDX_IMAGE_BAD_HASH);
	file[size - 1] ^= 0x80;

	expect_good(test, file, size);
}

/*
 * What a change of one byte may do to an image whose checksum does not tell.
 * Bytes that no range names are FIXED: no other value is accepted.
 */
enum freedom {
	FIXED,
	/* For P-SEAMLDR or the module to judge: any value is accepted. */
	FREE,
	/* Any value is accepted by the parser and found out by the hash. */
	HASH,
	/* Some values are accepted; the invariants hold for these. */
	BOUNDED,
};

struct byte_range {
	u32		start;
	u32		end;
	enum freedom	freedom;
};

/* From one field up to the start of another. */
#define RANGE(_first, _next, _freedom) { SIGSTRUCT(_first), SIGSTRUCT(_next), (_freedom) }

static const struct byte_range byte_ranges[] = {
	RANGE(module_type, vendor, BOUNDED),
	RANGE(date, size, FREE),
	RANGE(modulus, exponent, FREE),
	RANGE(signature, seamhash, FREE),
	RANGE(seamhash, minor_svn, HASH),
	RANGE(minor_svn, major_svn, FREE),
	RANGE(major_svn, attributes, BOUNDED),
	RANGE(rip_offset, num_stack_pages, BOUNDED),
	/* Page numbers and capabilities. */
	RANGE(num_stack_pages, reserved2, FREE),
	RANGE(module_hv, no_downgrade, BOUNDED),
	RANGE(no_downgrade, reserved3, FREE),
	RANGE(num_handoff_pages, gdt_idt_offset, FREE),
	RANGE(gdt_idt_offset, reserved4, BOUNDED),
	RANGE(cpuid_table_size, cpuid_table, BOUNDED),
	/* The table, and the rest of the page. */
	{ SIGSTRUCT(cpuid_table), 2 * TDX_IMAGE_PAGE_SIZE, FREE },
};

static enum freedom freedom_of(u32 offset)
{
	u32 i;

	for (i = 0; i < ARRAY_SIZE(byte_ranges); i++) {
		if (offset >= byte_ranges[i].start && offset < byte_ranges[i].end)
			return byte_ranges[i].freedom;
	}

	return FIXED;
}

/* Each value of each byte of SIGSTRUCT's page and of the header's fields. */
static void byte_change_test(struct kunit *test)
{
	u32 size = IMAGE_SIZE(NR_MODULE_PAGES);
	u8 *file = make_image(test, NR_MODULE_PAGES);
	struct tdx_image image;
	u32 offset, change;

	set_tables(file);

	for (offset = 0; offset < 2 * TDX_IMAGE_PAGE_SIZE; offset++) {
		enum freedom freedom = freedom_of(offset);

		/* One value stands for all where all but 0 are alike. */
		u32 last_change = offset >= HEADER(reserved) &&
				  offset < TDX_IMAGE_PAGE_SIZE ? 1 : 255;

		for (change = 1; change <= last_change; change++) {
			enum tdx_image_defect defect;

			file[offset] ^= change;
			defect = tdx_image_parse(file, size, &image);

			if (freedom == FIXED)
				KUNIT_ASSERT_NE_MSG(test, defect, TDX_IMAGE_GOOD,
						    "offset %u change %#x", offset, change);
			if (freedom == FREE || freedom == HASH)
				KUNIT_ASSERT_EQ_MSG(test, defect, TDX_IMAGE_GOOD,
						    "offset %u change %#x", offset, change);
			if (freedom == BOUNDED && !defect)
				expect_invariants(test, file, size, &image);

			/* The hash is slow: one change is as good as the other. */
			if (freedom == HASH && change == 1)
				KUNIT_ASSERT_EQ_MSG(test, tdx_image_check_hash(&image),
						    TDX_IMAGE_BAD_HASH, "offset %u", offset);

			file[offset] ^= change;
		}
	}

	expect_good(test, file, size);
}

/* With a checksum no change of a single byte is accepted at all. */
static void checksum_test(struct kunit *test)
{
	u32 size = IMAGE_SIZE(NR_MODULE_PAGES);
	u8 *file = make_image(test, NR_MODULE_PAGES);
	struct tdx_image image;
	u32 offset;

	/* A checksum with a zero byte could become "not computed". */
	do {
		sigstruct_of(file)->date += 0x101;
		set_checksum(file, size);
	} while (!file[HEADER(checksum)] || !file[HEADER(checksum) + 1]);

	expect_good(test, file, size);

	for (offset = 0; offset < size; offset++) {
		file[offset] ^= 1 << offset % 8;
		KUNIT_ASSERT_NE_MSG(test, tdx_image_parse(file, size, &image),
				    TDX_IMAGE_GOOD, "offset %u", offset);
		file[offset] ^= 1 << offset % 8;
	}
}

static void cpu_table_test(struct kunit *test)
{
	u32 size = IMAGE_SIZE(NR_MODULE_PAGES);
	u8 *file = make_image(test, NR_MODULE_PAGES);
	struct tdx_sigstruct *sigstruct = sigstruct_of(file);
	struct tdx_image image;

	KUNIT_ASSERT_EQ(test, tdx_image_parse(file, size, &image), TDX_IMAGE_GOOD);

	/* The stepping does not matter, on either side. */
	KUNIT_EXPECT_TRUE(test, tdx_image_supports_cpu(&image, 0x000806f8));
	KUNIT_EXPECT_TRUE(test, tdx_image_supports_cpu(&image, 0x000806f0));
	KUNIT_EXPECT_TRUE(test, tdx_image_supports_cpu(&image, 0x000c06ff));

	KUNIT_EXPECT_FALSE(test, tdx_image_supports_cpu(&image, 0x000806e8));
	KUNIT_EXPECT_FALSE(test, tdx_image_supports_cpu(&image, 0x800806f8));
	KUNIT_EXPECT_FALSE(test, tdx_image_supports_cpu(&image, 0));

	/* The last entry counts, what lies behind it does not. */
	sigstruct->cpuid_table[254] = 0x000a06d0;
	KUNIT_EXPECT_FALSE(test, tdx_image_supports_cpu(&image, 0x000a06d1));
	sigstruct->cpuid_table_size = 255;
	KUNIT_EXPECT_TRUE(test, tdx_image_supports_cpu(&image, 0x000a06d1));

	/* No table: only a debug-signed module may do that. */
	sigstruct->cpuid_table_size = 0;
	sigstruct->module_type = TDX_SIGSTRUCT_DEBUG_SIGNED;
	KUNIT_ASSERT_EQ(test, tdx_image_parse(file, size, &image), TDX_IMAGE_GOOD);
	KUNIT_EXPECT_TRUE(test, tdx_image_is_debug_signed(&image));
	KUNIT_EXPECT_TRUE(test, tdx_image_supports_cpu(&image, 0x000806e8));
}

/* A defect that no case above asks for would be a check without a test. */
static void every_defect_has_a_case_test(struct kunit *test)
{
	enum tdx_image_defect defect;

	for (defect = TDX_IMAGE_GOOD; defect < TDX_IMAGE_NR_DEFECTS; defect++) {
		bool found = false;
		u32 i;

		/* size_test() has it. */
		if (defect == TDX_IMAGE_TRUNCATED_HEADER)
			continue;

		for (i = 0; i < ARRAY_SIZE(field_cases); i++)
			found |= field_cases[i].defect == defect;

		KUNIT_EXPECT_TRUE_MSG(test, found, "%s", tdx_image_defect_token(defect));
	}
}

static bool is_token(const char *token)
{
	return *token && strspn(token, "abcdefghijklmnopqrstuvwxyz-") == strlen(token);
}

static void defect_names_test(struct kunit *test)
{
	enum tdx_image_defect defect, other;

	for (defect = TDX_IMAGE_GOOD; defect < TDX_IMAGE_NR_DEFECTS; defect++) {
		const char *token = tdx_image_defect_token(defect);
		const char *text = tdx_image_defect_text(defect);

		KUNIT_ASSERT_NOT_NULL(test, token);
		KUNIT_ASSERT_NOT_NULL(test, text);
		KUNIT_EXPECT_TRUE_MSG(test, is_token(token), "%s", token);
		KUNIT_EXPECT_NULL(test, strchr(text, '\n'));

		for (other = TDX_IMAGE_GOOD; other < defect; other++) {
			KUNIT_EXPECT_STRNEQ(test, token, tdx_image_defect_token(other));
			KUNIT_EXPECT_STRNEQ(test, text, tdx_image_defect_text(other));
		}
	}
}

static struct kunit_case tdx_image_cases[] = {
	KUNIT_CASE(good_image_test),
	KUNIT_CASE_PARAM(field_test, field_gen_params),
	KUNIT_CASE(size_test),
	KUNIT_CASE(module_pages_test),
	KUNIT_CASE(hash_test),
	KUNIT_CASE_SLOW(byte_change_test),
	KUNIT_CASE(checksum_test),
	KUNIT_CASE(cpu_table_test),
	KUNIT_CASE(every_defect_has_a_case_test),
	KUNIT_CASE(defect_names_test),
	{}
};

static struct kunit_suite tdx_image_suite = {
	.name		= "tdx_image",
	.test_cases	= tdx_image_cases,
};

kunit_test_suite(tdx_image_suite);

MODULE_DESCRIPTION("KUnit test of the parser of the TDX module's image");
MODULE_LICENSE("GPL");
