// SPDX-License-Identifier: GPL-2.0-only
/* Start Linux by its 64-bit boot protocol (Documentation/arch/x86/boot.rst). */
#include "cpu.h"
#include "lib.h"
#include "memory.h"

#define BOOT_PARAMS_PA	  0x10000UL
#define COMMAND_LINE_PA	  0x11000UL
#define COMMAND_LINE_SIZE 0x1000UL
#define PAGE_TABLES_PA	  0x12000UL
#define GDT_PA		  0x14000UL
#define STACK_PA	  0x15000UL

/* Offsets into the setup header, which is at the same place in file and parameters. */
#define HEADER_START	 0x1f1
#define SETUP_SECTS	 0x1f1
#define HEADER_LENGTH	 0x201 /* from 0x202 on */
#define HEADER_MAGIC	 0x202
#define PROTOCOL_VERSION 0x206
#define TYPE_OF_LOADER	 0x210
#define CODE32_START	 0x214
#define RAMDISK_IMAGE	 0x218
#define RAMDISK_SIZE	 0x21c
#define CMD_LINE_PTR	 0x228
#define XLOADFLAGS	 0x236
#define CMDLINE_SIZE	 0x238
#define PREF_ADDRESS	 0x258
#define INIT_SIZE	 0x260

#define E820_ENTRIES 0x1e8
#define E820_TABLE   0x2d0

#define MAGIC_HDRS     0x53726448
#define VERSION_MIN    0x20c /* has XLF_KERNEL_64 */
#define XLF_KERNEL_64  BIT(0)
#define LOADER_UNKNOWN 0xff
#define SECTOR_SIZE    512
#define ENTRY_64       0x200

static u32 header32(const u8 *base, unsigned int offset)
{
	u32 value;

	memcpy(&value, base + offset, sizeof(value));
	return value;
}

static void set_header32(u8 *base, unsigned int offset, u32 value)
{
	memcpy(base + offset, &value, sizeof(value));
}

static void check_image(const u8 *image)
{
	u16 version, flags;

	memcpy(&version, image + PROTOCOL_VERSION, sizeof(version));
	memcpy(&flags, image + XLOADFLAGS, sizeof(flags));
	if (linux_module.size < 2 * PAGE_SIZE || header32(image, HEADER_MAGIC) != MAGIC_HDRS)
		fatal("the kernel is no Linux bzImage");
	if (version < VERSION_MIN || !(flags & XLF_KERNEL_64))
		fatal("the kernel has no 64-bit entry point");
}

/* Where the kernel wants to be; nothing of ours may be there. */
static u64 load_address(const u8 *image)
{
	u64 address, end;

	memcpy(&address, image + PREF_ADDRESS, sizeof(address));
	end = address + header32(image, INIT_SIZE);
	if (address < 0x100000 || end > reserved_base)
		fatal("the kernel wants %lx-%lx, but from %lx on memory is taken", address, end,
		      reserved_base);
	return address;
}

static void copy_command_line(void)
{
	size_t length = strlen(linux_module.arguments);

	if (length >= COMMAND_LINE_SIZE)
		fatal("the kernel's command line is too long");
	memcpy((void *)COMMAND_LINE_PA, linux_module.arguments, length + 1);
}

static void write_memory_map(u8 *params)
{
	params[E820_ENTRIES] = num_e820;
	memcpy(params + E820_TABLE, e820, num_e820 * sizeof(e820[0]));
}

static void write_params(const u8 *image, u64 address)
{
	u8 *params = (u8 *)BOOT_PARAMS_PA;

	memset(params, 0, PAGE_SIZE);
	memcpy(params + HEADER_START, image + HEADER_START,
	       HEADER_MAGIC + image[HEADER_LENGTH] - HEADER_START);
	params[TYPE_OF_LOADER] = LOADER_UNKNOWN;
	set_header32(params, CODE32_START, address);
	set_header32(params, CMD_LINE_PTR, COMMAND_LINE_PA);
	set_header32(params, RAMDISK_IMAGE, initramfs_module.base);
	set_header32(params, RAMDISK_SIZE, initramfs_module.size);
	write_memory_map(params);
}

/* The first 4 GiB, identity mapped by 1 GiB pages. */
static void write_page_tables(void)
{
	u64 *pml4 = (u64 *)PAGE_TABLES_PA, *pdpt = pml4 + 512;
	unsigned int i;

	memset(pml4, 0, 2 * PAGE_SIZE);
	pml4[0] = (u64)pdpt | PTE_PRESENT | PTE_WRITABLE;
	for (i = 0; i < 4; i++)
		pdpt[i] = i * PAGE_SIZE_1G | PTE_PRESENT | PTE_WRITABLE | PTE_LARGE;
}

/* __BOOT_CS is 0x10, __BOOT_DS is 0x18. */
static void write_gdt(struct cpu *cpu)
{
	u64 *gdt = (u64 *)GDT_PA;

	gdt[0] = gdt[1] = 0;
	gdt[2] = 0x00af9b000000ffff;
	gdt[3] = 0x00cf93000000ffff;
	cpu->vmcb->save.gdtr.base = GDT_PA;
	cpu->vmcb->save.gdtr.limit = 4 * sizeof(u64) - 1;
}

void linux_start(struct cpu *cpu)
{
	const u8 *image = (const u8 *)linux_module.base;
	u64 address, setup_size;

	check_image(image);
	setup_size = ((image[SETUP_SECTS] ? image[SETUP_SECTS] : 4) + 1) * SECTOR_SIZE;
	address = load_address(image);
	copy_command_line();
	write_params(image, address);
	write_page_tables();
	memcpy((void *)address, image + setup_size, linux_module.size - setup_size);

	vmcb_enter_linux(cpu, address + ENTRY_64, STACK_PA + PAGE_SIZE, BOOT_PARAMS_PA,
			 PAGE_TABLES_PA);
	write_gdt(cpu);
	exits_run(cpu);
}
