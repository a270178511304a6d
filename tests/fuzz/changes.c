// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every change of one byte of an image's header and SIGSTRUCT page
 *
 * Each image is tried with its checksum, when none of the changes may be accepted,
 * and without one. Then those are accepted that only P-SEAMLDR can judge: what
 * must hold for them is checked, and their number is printed.
 *
 * usage: changes IMAGE...
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "invariants.h"

#define PAGE	 4096u
#define MAX_SIZE ((2 + 496) * PAGE)

#define HASH_START (PAGE + 900)
#define HASH_END   (PAGE + 948)

static void require(bool condition, const char *what, u32 offset, u32 change)
{
	if (condition)
		return;

	fprintf(stderr, "changes: offset %u changed by %#x: %s\n", offset, change, what);
	abort();
}

/* Returns the number of accepted changes. */
static u32 try_changes(u8 *file, u32 size)
{
	u32 accepted = 0;

	for (u32 offset = 0; offset < 2 * PAGE; offset++) {
		bool in_hash = offset >= HASH_START && offset < HASH_END;
		u8 original = file[offset];

		for (u32 change = 1; change <= 255; change++) {
			enum tdx_image_defect defect;

			file[offset] = original ^ change;
			defect = parse_and_check(file, size, in_hash);
			accepted += !defect;
			if (in_hash)
				require(defect == TDX_IMAGE_BAD_HASH ||
						defect == TDX_IMAGE_BAD_CHECKSUM,
					"the hash does not tell", offset, change);
			require(file[offset] == (original ^ change), "the image was written to",
				offset, change);
		}

		file[offset] = original;
	}

	return accepted;
}

static u32 read_image(const char *path, u8 *file)
{
	FILE *stream = fopen(path, "rb");
	size_t size;

	if (!stream) {
		perror(path);
		exit(2);
	}
	size = fread(file, 1, MAX_SIZE, stream);
	fclose(stream);

	return size;
}

int main(int argc, char **argv)
{
	static u8 file[MAX_SIZE];
	int status = 0;

	if (argc < 2) {
		fprintf(stderr, "usage: changes IMAGE...\n");
		return 2;
	}

	for (int i = 1; i < argc; i++) {
		u32 size = read_image(argv[i], file);
		u32 accepted;

		if (parse_and_check(file, size, true)) {
			fprintf(stderr, "%s: not a good image\n", argv[i]);
			return 2;
		}

		/* A checksum with a zero byte could be changed to "not computed". */
		if (file[2] && file[3]) {
			accepted = try_changes(file, size);
			printf("%s: with checksum: %u changes accepted\n", argv[i], accepted);
			if (accepted)
				status = 1;
		}

		file[2] = 0;
		file[3] = 0;
		accepted = try_changes(file, size);
		printf("%s: without checksum: %u of %u changes accepted\n", argv[i], accepted,
		       2 * PAGE * 255);
	}

	return status;
}
