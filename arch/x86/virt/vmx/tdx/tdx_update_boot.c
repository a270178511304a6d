// SPDX-License-Identifier: GPL-2.0-only
/*
 * Update the TDX module at boot, before there can be a TD
 *
 * The image comes through the firmware loader: built into the kernel, in the
 * initramfs, or in /lib/firmware. The latter may not be mounted yet when the
 * kernel looks for the first time; it looks again when the tdx-host driver is
 * loaded.
 */
#define pr_fmt(fmt)	"virt/tdx: " fmt

#include <linux/device/faux.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/firmware.h>
#include <linux/init.h>
#include <linux/mutex.h>
#include <linux/printk.h>
#include <linux/string.h>
#include <linux/vmalloc.h>

#include <asm/seamldr.h>
#include <asm/tdx.h>
#include <asm/tdx_update.h>

#include "tdx_image.h"

#define DEFAULT_IMAGE	"intel/tdx/module.blob"

/* SEAMLDR_INFO has a copy of what identifies the module: see its specification. */
#define SEAM_INFO_MRSEAM	24

static char boot_image[64] __ro_after_init = CONFIG_INTEL_TDX_MODULE_UPDATE_BOOT;

static DEFINE_MUTEX(boot_mutex);
static bool boot_done;
/* It was looked for, and the operator told that it is not there. */
static bool missing;

static int __init tdx_module_update_setup(char *str)
{
	if (strscpy(boot_image, str) < 0) {
		pr_err("tdx_module_update=: name of the image is too long, ignored\n");
		strscpy(boot_image, "off");
	}

	return 1;
}
__setup("tdx_module_update=", tdx_module_update_setup);

static const char *image_name(void)
{
	if (!boot_image[0] || !strcmp(boot_image, "off"))
		return NULL;

	return strcmp(boot_image, "on") ? boot_image : DEFAULT_IMAGE;
}

/* Installing what runs already would cost one of the remaining updates. */
static bool is_running(const u8 *file, u32 size)
{
	struct seamldr_info info;
	struct tdx_image image;

	return !tdx_image_parse(file, size, &image) && !seamldr_get_info(&info) &&
	       !memcmp(image.sigstruct->seamhash, &info.seam_info[SEAM_INFO_MRSEAM],
		       sizeof(image.sigstruct->seamhash));
}

static void install_image(const char *name, const struct firmware *firmware)
{
	u8 *file;
	int ret;

	/* P-SEAMLDR takes pages; a built-in image need not be made of them. */
	file = vmalloc(firmware->size);
	if (!file)
		return;
	memcpy(file, firmware->data, firmware->size);

	if (is_running(file, firmware->size)) {
		pr_info("module of image %s runs already\n", name);
	} else {
		ret = tdx_update_install(file, firmware->size);
		if (ret)
			pr_err("module image %s was not installed (%d)\n", name, ret);
	}

	vfree(file);
}

/**
 * tdx_update_at_boot() - install the image that the command line asks for
 *
 * Does so once. Without an image it may be called again.
 *
 * Context: Process context, may sleep.
 */
void tdx_update_at_boot(void)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();
	const char *name = image_name();
	const struct firmware *firmware;
	struct faux_device *fdev;
	int ret;

	if (!name || !sysinfo)
		return;

	guard(mutex)(&boot_mutex);
	if (boot_done)
		return;

	if (!tdx_supports_runtime_update(sysinfo) ||
	    boot_cpu_has_bug(X86_BUG_SEAMRET_INVD_VMCS)) {
		pr_err("this host cannot update its TDX module, image %s ignored\n", name);
		boot_done = true;
		return;
	}

	fdev = faux_device_create("tdx_module", NULL, NULL);
	if (!fdev)
		return;

	ret = firmware_request_nowarn(&firmware, name, &fdev->dev);
	if (ret) {
		if (!missing)
			pr_info("no module image %s (%d), keeping the module that runs\n",
				name, ret);
		missing = true;
	} else {
		boot_done = true;
		install_image(name, firmware);
		release_firmware(firmware);
	}

	faux_device_destroy(fdev);
}
EXPORT_SYMBOL_FOR_MODULES(tdx_update_at_boot, "tdx-host");

/* All devices are there, and userspace, which could build a TD, is not. */
static int __init update_before_userspace(void)
{
	tdx_update_at_boot();
	return 0;
}
late_initcall(update_before_userspace);
