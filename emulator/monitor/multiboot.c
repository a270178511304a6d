// SPDX-License-Identifier: GPL-2.0-only
/* What the multiboot loader (QEMU's -kernel, -append and -initrd) hands over. */
#include "lib.h"
#include "memory.h"

struct multiboot_information {
	u32 flags;
	u32 mem_lower, mem_upper;
	u32 boot_device;
	u32 command_line;
	u32 num_modules, modules;
	u32 symbols[4];
	u32 memory_map_length, memory_map;
};

#define MULTIBOOT_HAS_COMMAND_LINE BIT(2)
#define MULTIBOOT_HAS_MODULES	   BIT(3)
#define MULTIBOOT_HAS_MEMORY_MAP   BIT(6)

struct multiboot_module_entry {
	u32 start, end;
	u32 command_line;
	u32 reserved;
};

struct multiboot_range {
	u32 size; /* of what follows */
	u64 base;
	u64 length;
	u32 type;
} __attribute__((packed));

extern u32 multiboot_info; /* boot.S */

const char *monitor_options = "";
struct multiboot_module linux_module, initramfs_module, seam_module;

static const struct multiboot_information *information(void)
{
	return (void *)(u64)multiboot_info;
}

/* The loader puts the file's name first. */
static const char *skip_file_name(u32 address)
{
	const char *text = (const char *)(u64)address;

	while (*text && *text != ' ')
		text++;
	while (*text == ' ')
		text++;
	return text;
}

static struct multiboot_module get_module(unsigned int index)
{
	const struct multiboot_module_entry *entry =
		(const struct multiboot_module_entry *)(u64)information()->modules + index;

	if (!(information()->flags & MULTIBOOT_HAS_MODULES) || index >= information()->num_modules)
		return (struct multiboot_module){ .arguments = "" };
	return (struct multiboot_module){
		.base = entry->start,
		.size = entry->end - entry->start,
		.arguments = skip_file_name(entry->command_line),
	};
}

void multiboot_parse(void)
{
	if (!(information()->flags & MULTIBOOT_HAS_MEMORY_MAP))
		fatal("the loader gave no memory map");
	if (information()->flags & MULTIBOOT_HAS_COMMAND_LINE)
		monitor_options = skip_file_name(information()->command_line);
	linux_module = get_module(0);
	initramfs_module = get_module(1);
	seam_module = get_module(2);
	if (!linux_module.size)
		fatal("no kernel: QEMU wants -initrd \"KERNEL ARGUMENTS,INITRAMFS,MODULE\"");
}

/* One range of the memory map after the other; *position starts as 0. */
bool multiboot_next_range(unsigned int *position, struct e820_entry *range)
{
	const struct multiboot_range *entry;

	if (*position >= information()->memory_map_length)
		return false;
	entry = (const void *)(u64)(information()->memory_map + *position);
	*position += entry->size + sizeof(entry->size);
	*range = (struct e820_entry){ entry->base, entry->length, entry->type };
	return true;
}
