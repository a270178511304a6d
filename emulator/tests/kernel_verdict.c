// SPDX-License-Identifier: GPL-2.0-only
#include "kernel_verdict.h"

#include "tdx_image.h"

const char *kernel_verdict(const uint8_t *file, uint32_t size, uint32_t cpuid_1_eax)
{
	enum tdx_image_defect defect;
	struct tdx_image image;

	defect = tdx_image_parse(file, size, &image);
	if (!defect)
		defect = tdx_image_check_hash(&image);
	if (defect)
		return tdx_image_defect_token(defect);
	if (tdx_image_is_debug_signed(&image))
		return "debug-signed";
	if (!tdx_image_supports_cpu(&image, cpuid_1_eax))
		return "unsupported-cpu";
	return NULL;
}
