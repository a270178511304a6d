/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical memory.
 *
 *   0x00008000  trampoline of the application processors, while they start
 *   0x00010000  boot parameters, command line, first page tables of Linux
 *   0x01000000  Linux (its preferred address)
 *   ...         nested page tables: as many as the machine's memory needs
 *   0x2c000000  SEAM range
 *   0x2e000000  monitor (monitor.ld)
 *   ...         multiboot modules: Linux's image and initramfs, the TDX module
 *
 * What is between the nested page tables and the end of the monitor is reserved in
 * the memory map that Linux sees, and Linux cannot reach it.
 */
#ifndef MONITOR_MEMORY_H
#define MONITOR_MEMORY_H

#include "../abi/platform.h"

struct cpu;

#define SEAM_RANGE_BASE 0x2c000000UL
#define SEAM_RANGE_SIZE 0x02000000UL

#define PAGE_SIZE_2M (2UL << 20)
#define PAGE_SIZE_1G (1UL << 30)

/* What the monitor maps for itself, from 0 on; see boot.S. */
#define MONITOR_MAPPED (512 * PAGE_SIZE_1G)

/* KeyIDs take the upper bits of a physical address. */
#define PHYSICAL_BITS	   52
#define KEYID_BITS	   6
#define HOST_PHYSICAL_BITS (PHYSICAL_BITS - KEYID_BITS)
#define NUM_MKTME_KEYIDS   15
#define NUM_TDX_KEYIDS	   48

#define E820_RAM      1
#define E820_RESERVED 2

struct e820_entry {
	u64 base;
	u64 size;
	u32 type;
} __attribute__((packed));

#define MAX_E820_ENTRIES 64

/* Linux's memory map. */
extern struct e820_entry e820[MAX_E820_ENTRIES];
extern unsigned int num_e820;
/* End of the last byte of RAM. */
extern u64 ram_end;
/* What Linux does not get. */
extern u64 reserved_base, reserved_end;

extern const u8 __monitor_start[], __monitor_end[];

/* memory.c */
void memory_init(void);

/* multiboot.c */
struct multiboot_module {
	u64 base;
	u64 size;
	const char *arguments; /* without the file's name */
};

extern const char *monitor_options;
extern struct multiboot_module linux_module, initramfs_module, seam_module;

void multiboot_parse(void);
bool multiboot_next_range(unsigned int *position, struct e820_entry *range);

/* npt.c */

void npt_init(u64 pool_base, u64 pool_size);
u64 npt_pool_size(u64 end_of_ram);
u64 npt_root(void);
u32 npt_generation(void);
void npt_protect(u64 pa, u64 size, enum seam_page_use use);
void npt_unprotect(u64 pa, u64 size);
enum seam_page_use npt_use(u64 pa);
const char *npt_use_name(enum seam_page_use use);
u64 npt_protected_pages(void);

/* guest_memory.c */
struct guest_access {
	bool write;
	bool user;
};

bool guest_translate(struct cpu *cpu, u64 address, struct guest_access access, u64 *pa);
bool guest_read(struct cpu *cpu, u64 address, void *buffer, u64 size);
bool guest_write(struct cpu *cpu, u64 address, const void *buffer, u64 size);
void host_access_check(struct cpu *cpu, u64 pa, const char *how);

/* linux.c */
void linux_start(struct cpu *cpu) __attribute__((noreturn));

/* acpi.c */
u16 acpi_pm_timer_port(void);
unsigned int acpi_find_cpus(u32 *x2apic_ids, unsigned int max, u32 hidden);

#endif
