// SPDX-License-Identifier: GPL-2.0-only
/* The memory map: the firmware's, less what the monitor keeps. */
#include "lib.h"
#include "memory.h"

struct e820_entry e820[MAX_E820_ENTRIES];
unsigned int num_e820;
u64 ram_end;
u64 reserved_base, reserved_end;

static void e820_add(u64 base, u64 end, u32 type)
{
	if (base >= end)
		return;
	if (num_e820 == MAX_E820_ENTRIES)
		fatal("the memory map has more than %u entries", MAX_E820_ENTRIES);
	e820[num_e820++] = (struct e820_entry){ base, end - base, type };
}

static u64 min(u64 a, u64 b)
{
	return a < b ? a : b;
}

static u64 max(u64 a, u64 b)
{
	return a > b ? a : b;
}

void memory_init(void)
{
	struct e820_entry range;
	unsigned int position = 0;
	bool carved = false;

	while (multiboot_next_range(&position, &range)) {
		if (range.type == E820_RAM)
			ram_end = max(ram_end, range.base + range.size);
	}
	reserved_base = SEAM_RANGE_BASE - npt_pool_size(ram_end);
	reserved_end = ALIGN_UP((u64)__monitor_end, PAGE_SIZE);

	position = 0;
	while (multiboot_next_range(&position, &range)) {
		u64 end = range.base + range.size;

		if (range.type != E820_RAM) {
			e820_add(range.base, end, range.type);
			continue;
		}
		e820_add(range.base, min(end, reserved_base), E820_RAM);
		if (range.base <= reserved_base && end >= reserved_end) {
			e820_add(reserved_base, reserved_end, E820_RESERVED);
			carved = true;
		}
		e820_add(max(range.base, reserved_end), end, E820_RAM);
	}
	if (!carved)
		fatal("no RAM at %lx-%lx: the machine needs at least 1 GiB", reserved_base,
		      reserved_end);
	npt_init(reserved_base, SEAM_RANGE_BASE - reserved_base);
	npt_protect(reserved_base, SEAM_RANGE_BASE - reserved_base, SEAM_PAGE_PLATFORM);
	npt_protect((u64)__monitor_start, reserved_end - (u64)__monitor_start, SEAM_PAGE_PLATFORM);
}
