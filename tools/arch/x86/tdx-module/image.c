// SPDX-License-Identifier: GPL-2.0-only
/*
 * The image of a TDX module: one page of header, one of SEAM_SIGSTRUCT, the module
 *
 * This tells what an image is and whether it arrived as it was sent. It does not
 * repeat what P-SEAMLDR checks, whose rules change with its version.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"

#define SIGNATURE		"TDX-BLOB"
#define CONTAINER_VERSION	0x0200

/* The header, and where the old container 1.0 had its signature. */
#define HEADER_VERSION		0
#define HEADER_CHECKSUM		2
#define HEADER_SIGNATURE	4
#define HEADER_OLD_SIGNATURE	8
#define HEADER_SIGSTRUCT_PAGES	12
#define HEADER_MODULE_PAGES	16

/* SEAM_SIGSTRUCT */
#define SIGSTRUCT_MODULE_TYPE	12
#define SIGSTRUCT_SEAMHASH	900
#define SIGSTRUCT_SEAMSVN	948
#define SIGSTRUCT_UPDATE	1000
#define SIGSTRUCT_MINOR		1002
#define SIGSTRUCT_MAJOR		1003
#define SIGSTRUCT_BUILD		1004
#define SIGSTRUCT_NR_CPUS	1024
#define SIGSTRUCT_CPUS		1028

#define DEBUG_SIGNED		0x80000000u
/* CPUID.1:EAX without the stepping */
#define CPU_MODEL		0xfffffff0u

static const struct {
	const char *name;
	const char *text;
} defects[IMAGE_NR_DEFECTS] = {
	[IMAGE_GOOD]		= { "good", "it is complete" },
	[IMAGE_EMPTY]		= { "empty",
		"the file is empty: was its download interrupted?" },
	[IMAGE_NOT_AN_IMAGE]	= { "not-an-image",
		"the file is no image of a TDX module" },
	[IMAGE_OLD_CONTAINER]	= { "old-container",
		"the image is in the old container format 1.0: get it in format 2.0" },
	[IMAGE_BAD_VERSION]	= { "bad-image-version",
		"the image's container format is not 2.0" },
	[IMAGE_TRUNCATED]	= { "truncated",
		"the end of the image is missing: get it again" },
	[IMAGE_TRAILING_DATA]	= { "trailing-data",
		"the file goes on behind the image's end: get it again" },
	[IMAGE_BAD_SIGSTRUCT_PAGES] = { "bad-sigstruct-pages",
		"the image's header is damaged, or made for newer software" },
	[IMAGE_BAD_MODULE_PAGES] = { "bad-module-pages",
		"the image's header is damaged, or made for newer software" },
	[IMAGE_BAD_CHECKSUM]	= { "bad-checksum",
		"the image's checksum is wrong: the file is damaged, get it again" },
	[IMAGE_BAD_CPU_TABLE]	= { "bad-cpu-table-size",
		"the image's list of CPUs is damaged: get it again" },
	[IMAGE_BAD_HASH]	= { "bad-hash",
		"the module in the image is damaged: get it again" },
};

static unsigned int load16(const uint8_t *from)
{
	return from[0] | from[1] << 8;
}

static uint32_t load32(const uint8_t *from)
{
	return load16(from) | (uint32_t)load16(from + 2) << 16;
}

/* All words of the file add up to 0. A checksum of 0 was not computed. */
static bool checksum_is_right(const uint8_t *file, size_t size)
{
	uint16_t sum = 0;
	size_t i;

	if (!load16(file + HEADER_CHECKSUM))
		return true;
	for (i = 0; i + 1 < size; i += 2)
		sum += load16(file + i);
	return !sum;
}

static enum image_defect parse_header(const uint8_t *file, size_t size, struct image *image)
{
	size_t expected;

	if (!size)
		return IMAGE_EMPTY;
	if (size >= HEADER_OLD_SIGNATURE + strlen(SIGNATURE) &&
	    !memcmp(file + HEADER_OLD_SIGNATURE, SIGNATURE, strlen(SIGNATURE)))
		return IMAGE_OLD_CONTAINER;
	if (size < HEADER_SIGNATURE + strlen(SIGNATURE) ||
	    memcmp(file + HEADER_SIGNATURE, SIGNATURE, strlen(SIGNATURE)))
		return IMAGE_NOT_AN_IMAGE;
	if (load16(file + HEADER_VERSION) != CONTAINER_VERSION)
		return IMAGE_BAD_VERSION;
	if (size < IMAGE_PAGE)
		return IMAGE_TRUNCATED;
	if (load32(file + HEADER_SIGSTRUCT_PAGES) != 1)
		return IMAGE_BAD_SIGSTRUCT_PAGES;

	image->module_pages = load32(file + HEADER_MODULE_PAGES);
	if (!image->module_pages || image->module_pages > IMAGE_MAX_MODULE_PAGES)
		return IMAGE_BAD_MODULE_PAGES;

	expected = (2 + (size_t)image->module_pages) * IMAGE_PAGE;
	if (size < expected)
		return IMAGE_TRUNCATED;
	if (size > expected)
		return IMAGE_TRAILING_DATA;

	return IMAGE_GOOD;
}

static enum image_defect parse_sigstruct(const uint8_t *sigstruct, struct image *image)
{
	unsigned int i;

	memcpy(image->mrseam, sigstruct + SIGSTRUCT_SEAMHASH, sizeof(image->mrseam));
	image->svn = load16(sigstruct + SIGSTRUCT_SEAMSVN);
	image->debug_signed = load32(sigstruct + SIGSTRUCT_MODULE_TYPE) & DEBUG_SIGNED;
	image->version = (struct version) {
		.major	= sigstruct[SIGSTRUCT_MAJOR],
		.minor	= sigstruct[SIGSTRUCT_MINOR],
		.update	= load16(sigstruct + SIGSTRUCT_UPDATE),
	};
	/* These bytes are reserved in modules 1.5.x. */
	if (image->version.major)
		image->build = load16(sigstruct + SIGSTRUCT_BUILD);
	else
		image->version = (struct version) {};

	if (load32(sigstruct + SIGSTRUCT_NR_CPUS) > IMAGE_MAX_CPUS)
		return IMAGE_BAD_CPU_TABLE;
	image->nr_cpus = load32(sigstruct + SIGSTRUCT_NR_CPUS);
	for (i = 0; i < image->nr_cpus; i++)
		image->cpus[i] = load32(sigstruct + SIGSTRUCT_CPUS + 4 * i);

	return IMAGE_GOOD;
}

enum image_defect image_parse(const uint8_t *file, size_t size, struct image *image)
{
	uint8_t digest[SHA384_SIZE];
	enum image_defect defect;

	memset(image, 0, sizeof(*image));
	defect = parse_header(file, size, image);
	if (defect)
		return defect;
	defect = parse_sigstruct(file + IMAGE_PAGE, image);
	if (defect)
		return defect;

	if (!checksum_is_right(file, size))
		return IMAGE_BAD_CHECKSUM;
	sha384(file + 2 * IMAGE_PAGE, size - 2 * IMAGE_PAGE, digest);
	if (memcmp(digest, image->mrseam, sizeof(digest)))
		return IMAGE_BAD_HASH;

	return IMAGE_GOOD;
}

const char *image_defect_name(enum image_defect defect)
{
	return defects[defect].name;
}

const char *image_defect_text(enum image_defect defect)
{
	return defects[defect].text;
}

bool image_supports_cpu(const struct image *image, uint32_t signature)
{
	unsigned int i;

	for (i = 0; i < image->nr_cpus; i++)
		if (!((image->cpus[i] ^ signature) & CPU_MODEL))
			return true;
	return false;
}

static int read_whole(int fd, uint8_t *file, size_t *size)
{
	ssize_t count;

	for (*size = 0; *size <= IMAGE_MAX_SIZE; *size += count) {
		count = read(fd, file + *size, IMAGE_MAX_SIZE + 1 - *size);
		if (count < 0 && errno == EINTR)
			count = 0;
		else if (count < 0)
			return -errno;
		else if (!count)
			return 0;
	}
	return 0;
}

int image_read(const char *path, uint8_t **file, size_t *size)
{
	struct stat stat;
	int fd, ret;

	/* A FIFO that nobody writes to must not stop us. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &stat)) {
		ret = -errno;
		goto out_close;
	}
	if (!S_ISREG(stat.st_mode)) {
		ret = S_ISDIR(stat.st_mode) ? -EISDIR : -EINVAL;
		goto out_close;
	}

	*file = malloc(IMAGE_MAX_SIZE + 1);
	if (!*file) {
		ret = -ENOMEM;
		goto out_close;
	}
	ret = read_whole(fd, *file, size);
	if (ret) {
		free(*file);
		*file = NULL;
	}

out_close:
	close(fd);
	return ret;
}
