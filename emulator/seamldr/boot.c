// SPDX-License-Identifier: GPL-2.0-only
/*
 * The first installation. The firmware does it before the operating system runs,
 * from memory of its own, so the addresses need no check.
 */
#include "internal.h"

static bool image_is_valid(const struct tdx_image_header *header, u64 size)
{
	/* clang-format off */
	return size >= sizeof(*header) &&
	       header->version == TDX_IMAGE_VERSION &&
	       !__builtin_memcmp(header->signature, TDX_IMAGE_SIGNATURE,
				 sizeof(header->signature)) &&
	       header->sigstruct_nr_pages == TDX_IMAGE_MAX_SIGSTRUCT_PAGES &&
	       header->module_nr_pages >= 1 &&
	       header->module_nr_pages <= TDX_IMAGE_MAX_MODULE_PAGES &&
	       size == (1UL + header->sigstruct_nr_pages + header->module_nr_pages) * PAGE_SIZE;
	/* clang-format on */
}

u64 seamldr_boot_load(struct seamldr *ldr, u64 image_pa, u64 size)
{
	const struct tdx_image_header *header = seam_pointer(ldr->platform, image_pa);
	struct seamldr_params *params = &ldr->params;
	u64 recoverable = SEAMLDR_INSTALL_RECOVERABLE;

	if (!image_is_valid(header, size))
		return SEAMLDR_EBADPARAM;

	params->scenario = SEAMLDR_SCENARIO_LOAD;
	params->sigstruct_pa = image_pa + sizeof(*header);
	params->num_module_pages = header->module_nr_pages;
	for (u64 i = 0; i < params->num_module_pages; i++)
		params->module_page_pa[i] = params->sigstruct_pa + (1 + i) * PAGE_SIZE;

	return seamldr_install_module(ldr, &recoverable);
}
