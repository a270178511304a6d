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

	/* The kernel does not look at most of it: nothing there is zero. */
	memset(sigstruct_of(file), 0x5a, sizeof(struct tdx_sigstruct));

	memset(module, 0xcc, nr_pages * TDX_IMAGE_PAGE_SIZE);
	sha384(module, nr_pages * TDX_IMAGE_PAGE_SIZE, sigstruct_of(file)->seamhash);

	return file;
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

	KUNIT_EXPECT_PTR_EQ(test, image->header, (const void *)file);
	KUNIT_EXPECT_PTR_EQ(test, image->sigstruct, (const void *)sigstruct);
	KUNIT_EXPECT_PTR_EQ(test, image->module, file + 8192);
	KUNIT_EXPECT_EQ(test, image->module_size, module_size);
	KUNIT_EXPECT_EQ(test, image->module_nr_pages, module_size / 4096);
	KUNIT_EXPECT_PTR_EQ(test, image->module + image->module_size, file + size);
	KUNIT_EXPECT_LE(test, image->module_nr_pages, 496);
	KUNIT_EXPECT_NE(test, image->module_nr_pages, 0);
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
}

/* One field of a good image is set to @value. */
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

	FIELD(u64, "signature of version 1.0", 8, 0x424f4c422d584454, CONTAINER_V1),

	BYTE(SIGSTRUCT, seamhash, 0, BAD_HASH),
	BYTE(SIGSTRUCT, seamhash, 47, BAD_HASH),
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
 * Each byte of SIGSTRUCT's page may change: whether P-SEAMLDR accepts that is for
 * P-SEAMLDR to say. Only the hash of the module is checked.
 */
static void sigstruct_is_not_judged_test(struct kunit *test)
{
	u32 size = IMAGE_SIZE(NR_MODULE_PAGES);
	u8 *file = make_image(test, NR_MODULE_PAGES);
	struct tdx_image image;
	u32 offset;

	for (offset = TDX_IMAGE_PAGE_SIZE; offset < 2 * TDX_IMAGE_PAGE_SIZE; offset++) {
		bool in_hash = offset >= SIGSTRUCT(seamhash) && offset < SIGSTRUCT(minor_svn);

		file[offset] ^= 0xff;
		KUNIT_ASSERT_EQ_MSG(test, tdx_image_parse(file, size, &image),
				    TDX_IMAGE_GOOD, "offset %u", offset);
		KUNIT_ASSERT_EQ_MSG(test, tdx_image_check_hash(&image),
				    in_hash ? TDX_IMAGE_BAD_HASH : TDX_IMAGE_GOOD,
				    "offset %u", offset);
		file[offset] ^= 0xff;
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
		sigstruct_of(file)->opaque1[0]++;
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

/* As the images have it that Intel published. */
static void version_test(struct kunit *test)
{
	static const u8 published[] = { 0x04, 0x00, 0x00, 0x02, 0x5b, 0x03 };
	u8 *file = make_image(test, NR_MODULE_PAGES);
	struct tdx_image_version version;
	struct tdx_image image;

	memcpy(file + TDX_IMAGE_PAGE_SIZE + 1000, published, sizeof(published));
	KUNIT_ASSERT_EQ(test, TDX_IMAGE_GOOD,
			tdx_image_parse(file, IMAGE_SIZE(NR_MODULE_PAGES), &image));
	KUNIT_EXPECT_TRUE(test, tdx_image_version(&image, &version));
	KUNIT_EXPECT_EQ(test, version.major, 2);
	KUNIT_EXPECT_EQ(test, version.minor, 0);
	KUNIT_EXPECT_EQ(test, version.update, 4);
	KUNIT_EXPECT_EQ(test, version.build, 0x35b);

	/* Those of 1.5 do not tell. */
	memset(file + TDX_IMAGE_PAGE_SIZE + 1000, 0, sizeof(published));
	KUNIT_EXPECT_FALSE(test, tdx_image_version(&image, &version));
}

/* A defect that no case above asks for would be a check without a test. */
static void every_defect_has_a_case_test(struct kunit *test)
{
	enum tdx_image_defect defect;

	for (defect = TDX_IMAGE_GOOD + 1; defect < TDX_IMAGE_NR_DEFECTS; defect++) {
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
	KUNIT_CASE_SLOW(sigstruct_is_not_judged_test),
	KUNIT_CASE(checksum_test),
	KUNIT_CASE(version_test),
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
