// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's preflight against P-SEAMLDR, on images with random faults in fields
 * of SEAM_SIGSTRUCT, correctly signed. The kernel asks P-SEAMLDR itself about these
 * before the old module is gone, so it must refuse none that P-SEAMLDR takes. What it
 * cannot ask about is the hash, which P-SEAMLDR compares when the old module is
 * gone: a wrong one the kernel has to refuse.
 */
#include <stdlib.h>
#include <string.h>

#include "../seamldr/internal.h"
#include "kernel_verdict.h"
#include "seamldr_fixture.h"
#include "tap.h"

#define NUM_IMAGES 1000
#define IMAGE_SIZE ((2 + FIXTURE_MODULE_PAGES) * PAGE_SIZE)

struct field {
	const char *name;
	size_t offset;
	size_t size;
};

#define FIELD(member)                                       \
	{ #member, offsetof(struct seam_sigstruct, member), \
	  sizeof(((struct seam_sigstruct *)0)->member) }

/* clang-format off */
static const struct field fields[] = {
	FIELD(header_type), FIELD(header_length), FIELD(header_version), FIELD(module_type),
	FIELD(vendor), FIELD(date), FIELD(size), FIELD(key_size), FIELD(modulus_size),
	FIELD(exponent_size), FIELD(reserved1), FIELD(exponent), FIELD(seamhash),
	FIELD(attributes), FIELD(num_stack_pages), FIELD(num_keyhole_pages), FIELD(max_tdmrs),
	FIELD(pamt_entry_size), FIELD(reserved2), FIELD(no_downgrade), FIELD(reserved3),
	FIELD(gdt_idt_offset), FIELD(fault_wrapper_offset),
	FIELD(cpuid_table_size), FIELD(cpuid_table),
};
/* clang-format on */

static u8 file[IMAGE_SIZE];

/* Values that may be on the edge of something, and any. */
static u32 interesting(void)
{
	static const u32 values[] = {
		0,	    1,	     2,	      255,     256,	   0x1000,
		0x1001,	    0x4000,  0x5000,  0x5001,  0x6000,	   0x80000000,
		0x80000001, 0x806f8, 0x806f0, 0x906f8, 0xffffffff,
	};
	u32 choice = random() % (ARRAY_SIZE(values) + 2);

	return choice < ARRAY_SIZE(values) ? values[choice] : (u32)random();
}

static const char *change(struct seam_sigstruct *sigstruct)
{
	const struct field *field = &fields[random() % ARRAY_SIZE(fields)];
	u8 *at = (u8 *)sigstruct + field->offset;
	u32 value = interesting();

	if (field->size <= sizeof(value))
		memcpy(at, &value, field->size);
	else
		/* One byte of an array, or all four CPUs of the table. */
		at[random() % (field->offset == 1028 ? 16 : field->size)] = value;
	return field->name;
}

/* As a file, with a checksum: the kernel's view of the image. */
static void make_file(const struct image *image)
{
	struct tdx_image_header *header = (struct tdx_image_header *)file;
	u16 sum = 0;

	memset(file, 0, sizeof(file));
	header->version = TDX_IMAGE_VERSION;
	memcpy(header->signature, TDX_IMAGE_SIGNATURE, sizeof(header->signature));
	header->sigstruct_nr_pages = 1;
	header->module_nr_pages = FIXTURE_MODULE_PAGES;
	memcpy(file + PAGE_SIZE, image->sigstruct, sizeof(*image->sigstruct));
	for (u64 i = 0; i < FIXTURE_MODULE_PAGES; i++)
		memcpy(file + (2 + i) * PAGE_SIZE, fixture_page(image, i), PAGE_SIZE);
	for (size_t i = 0; i < sizeof(file); i += 2)
		sum += file[i] | file[i + 1] << 8;
	header->checksum = -sum;
}

static bool hash_is_right(const struct image *image)
{
	u8 hash[SHA384_DIGEST_SIZE];

	sha384(file + 2 * PAGE_SIZE, FIXTURE_MODULE_PAGES * PAGE_SIZE, hash);
	return !memcmp(hash, image->sigstruct->seamhash, sizeof(hash));
}

static u64 seamldr_verdict(const struct image *image)
{
	u64 status;

	ldr.params = *image->params;
	ldr.sigstruct = *image->sigstruct;
	status = seamldr_verify_manifest(&ldr);
	if (!status && !hash_is_right(image))
		return SEAMLDR_EBADHASH;
	return status;
}

int main(void)
{
	unsigned int missed = 0, wrong = 0, refused = 0;
	struct seam_sigstruct good;
	struct image image;

	srandom(1);
	fixture_start_ready_for_update();
	image = fixture_image(2);
	good = *image.sigstruct;
	make_file(&image);
	tap_ok(!kernel_verdict(file, sizeof(file)) && !seamldr_verdict(&image),
	       "both take a good image");

	for (int i = 0; i < NUM_IMAGES; i++) {
		const char *first, *second = "nothing else", *token;
		u64 status;

		*image.sigstruct = good;
		first = change(image.sigstruct);
		if (i & 1)
			second = change(image.sigstruct);
		fixture_sign(&image);
		make_file(&image);

		token = kernel_verdict(file, sizeof(file));
		status = seamldr_verdict(&image);
		refused += !!status;
		if (!token && status == SEAMLDR_EBADHASH && !missed++)
			tap_ok(false,
			       "P-SEAMLDR finds a changed %s (%s) too late with 0x%lx, the kernel does not",
			       first, second, status);
		if (token && !status && !wrong++)
			tap_ok(false,
			       "the kernel refuses a changed %s (%s) as %s, P-SEAMLDR does not",
			       first, second, token);
	}
	tap_is(missed, 0, "the kernel refuses what P-SEAMLDR finds too late");
	tap_is(wrong, 0, "the kernel takes what P-SEAMLDR takes");
	tap_ok(refused > NUM_IMAGES / 2 && refused < NUM_IMAGES,
	       "of %d images %u are to be refused", NUM_IMAGES, refused);
	return tap_finish();
}
