// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer harness of the image parser
 *
 * Random bytes almost never have a right checksum, and less so a right hash. The
 * mutator sets them right some of the time, so that what lies behind is reached.
 */
#include <string.h>

#include <crypto/sha2.h>

#include "invariants.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PAGE 4096u

/* Where a mutation has the best chance to matter. */
static const struct {
	u32 offset;
	u32 bytes;
} spots[] = {
	{ 0, 20 },	     /* header */
	{ PAGE, 40 },	     /* header of SIGSTRUCT */
	{ PAGE + 512, 4 },   /* exponent */
	{ PAGE + 948, 76 },  /* from the SVN to the offsets */
	{ PAGE + 1024, 24 }, /* CPU table */
	{ 2 * PAGE, 16 },    /* module */
};

static void set_hash(uint8_t *data, size_t size)
{
	sha384(data + 2 * PAGE, size - 2 * PAGE, data + PAGE + 900);
}

static void set_checksum(uint8_t *data, size_t size)
{
	u16 sum = 0;

	memset(data + 2, 0, 2);
	for (size_t i = 0; i + 1 < size; i += 2)
		sum += data[i] | data[i + 1] << 8;
	sum = -sum;
	data[2] = sum & 0xff;
	data[3] = sum >> 8;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
	u32 spot = (seed >> 8) % (sizeof(spots) / sizeof(spots[0]));

	/* Size and all of it: libFuzzer's own way. */
	if (size < 3 * PAGE || seed % 8 == 0)
		return LLVMFuzzerMutate(data, size, max_size);

	LLVMFuzzerMutate(data + spots[spot].offset, spots[spot].bytes, spots[spot].bytes);

	if (seed & 0x10)
		set_hash(data, size);
	if (seed & 0x20)
		set_checksum(data, size);
	else if (seed & 0x40)
		memset(data + 2, 0, 2);

	return size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	parse_and_check(data, size, true);
	return 0;
}
