// SPDX-License-Identifier: GPL-2.0-only
#include "kernel_verdict.h"

#include <stddef.h>

#include "tdx_image.h"

const char *kernel_verdict(const uint8_t *file, uint32_t size)
{
	enum tdx_image_defect defect;
	struct tdx_image image;

	defect = tdx_image_parse(file, size, &image);
	if (!defect)
		defect = tdx_image_check_hash(&image);
	return defect ? tdx_image_defect_token(defect) : NULL;
}
