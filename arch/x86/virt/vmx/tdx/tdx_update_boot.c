// SPDX-License-Identifier: GPL-2.0-only
/*
 * Update the TDX module at boot, before there can be a TD
 *
 * The image comes through the firmware loader: built into the kernel or in the
 * initramfs. No other file system is mounted that early: a built-in KVM judges the
 * TDX module in a device_initcall(), and is to find the new one.
 */
#define pr_fmt(fmt)	"virt/tdx: " fmt

#include <linux/device/faux.h>
#include <linux/err.h>
#include <linux/firmware.h>
#include <linux/init.h>
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

static char boot_image[64] __initdata = CONFIG_INTEL_TDX_MODULE_UPDATE_BOOT;

static int __init tdx_module_update_setup(char *str)
{
	if (strscpy(boot_image, str) < 0) {
		pr_err("tdx_module_update=: name of the image is too long, ignored\n");
		strscpy(boot_image, "off");
	}

	return 1;
}
__setup("tdx_module_update=", tdx_module_update_setup);

static const char * __init image_name(void)
{
	if (!boot_image[0] || !strcmp(boot_image, "off"))
		return NULL;

	return strcmp(boot_image, "on") ? boot_image : DEFAULT_IMAGE;
}

/* Installing what runs already would cost one of the remaining updates. */
static bool __init is_running(const u8 *file, u32 size)
{
	struct seamldr_info info;
	struct tdx_image image;

	return !tdx_image_parse(file, size, &image) && !seamldr_get_info(&info) &&
	       !memcmp(image.sigstruct->seamhash, &info.seam_info[SEAM_INFO_MRSEAM],
		       sizeof(image.sigstruct->seamhash));
}

static void __init install_image(const char *name, const struct firmware *firmware)
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

/* There is no userspace yet, which could build a TD. */
static int __init update_at_boot(void)
{
	const struct tdx_sys_info *sysinfo = tdx_get_sysinfo();
	const char *name = image_name();
	const struct firmware *firmware;
	struct faux_device *fdev;
	int ret;

	if (!name || !sysinfo)
		return 0;

	if (!tdx_supports_runtime_update(sysinfo) ||
	    boot_cpu_has_bug(X86_BUG_SEAMRET_INVD_VMCS)) {
		pr_err("this host cannot update its TDX module, image %s ignored\n", name);
		return 0;
	}

	fdev = faux_device_create("tdx_module", NULL, NULL);
	if (!fdev)
		return -ENOMEM;

	/* Waits for the initramfs, but not for a userspace that provides firmware. */
	ret = request_firmware_direct(&firmware, name, &fdev->dev);
	if (ret) {
		pr_info("no module image %s (%d), keeping the module that runs\n", name, ret);
	} else {
		install_image(name, firmware);
		release_firmware(firmware);
	}

	faux_device_destroy(fdev);
	return 0;
}

/* After the start of unpacking the initramfs, before KVM. */
rootfs_initcall(update_at_boot);
