// SPDX-License-Identifier: GPL-2.0-only
/* Fuzzer of what reads images: any file at all may be named on the command line */
#include <stdlib.h>
#include <string.h>

#include "image.h"

int LLVMFuzzerTestOneInput(const uint8_t *file, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *file, size_t size)
{
	struct image image;
	enum image_defect defect = image_parse(file, size, &image);
	char name[VERSION_TEXT];

	/* What is good has the size that it tells, and tells no more than there is. */
	if (defect == IMAGE_GOOD && size != (2 + (size_t)image.module_pages) * IMAGE_PAGE)
		abort();
	if (defect >= IMAGE_NR_DEFECTS || image.nr_cpus > IMAGE_MAX_CPUS ||
	    !image_defect_name(defect) || !image_defect_text(defect))
		abort();
	if (strlen(version_text(&image.version, name)) >= VERSION_TEXT)
		abort();
	image_supports_cpu(&image, 0x806f8);
	return 0;
}
