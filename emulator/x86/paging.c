// SPDX-License-Identifier: GPL-2.0-only
#include "paging.h"
#include "registers.h"

/* A paging mode: the first level's table, and the shape of all. */
struct mode {
	u64 table;
	int top;
	u32 entry_size;
	u32 index_bits;
	u64 address_mask;
	int largest_page; /* highest level whose entries can map a page */
};

static struct mode paging_mode(const struct paging *paging)
{
	if (paging->efer & EFER_LMA)
		return (struct mode){
			.table = paging->cr3 & PTE_ADDRESS,
			.top = paging->cr4 & X86_CR4_LA57 ? 4 : 3,
			.entry_size = 8,
			.index_bits = 9,
			.address_mask = PTE_ADDRESS,
			.largest_page = 2,
		};
	if (paging->cr4 & X86_CR4_PAE)
		return (struct mode){
			.table = paging->cr3 & GENMASK(31, 5),
			.top = 2,
			.entry_size = 8,
			.index_bits = 9,
			.address_mask = PTE_ADDRESS,
			.largest_page = 1,
		};
	return (struct mode){
		.table = paging->cr3 & GENMASK(31, 12),
		.top = 1,
		.entry_size = 4,
		.index_bits = 10,
		.address_mask = GENMASK(31, 12),
		.largest_page = paging->cr4 & X86_CR4_PSE ? 1 : 0,
	};
}

static u64 read_entry(const void *entry, u32 size)
{
	if (size == 4)
		return __atomic_load_n((const u32 *)entry, __ATOMIC_RELAXED);
	return __atomic_load_n((const u64 *)entry, __ATOMIC_RELAXED);
}

enum walk_result paging_walk(const struct paging *paging, const struct table_reader *reader,
			     u64 address, struct translation *translation)
{
	struct mode mode;
	int level;
	u64 table;

	*translation = (struct translation){
		.pa = address,
		.size = PAGE_SIZE,
		.top = -1,
		.permissions = PTE_WRITABLE | PTE_USER,
	};
	if (!(paging->cr0 & X86_CR0_PG))
		return WALK_MAPPED;

	mode = paging_mode(paging);
	if (mode.entry_size == 4 || !(paging->efer & EFER_LMA))
		address = (u32)address;
	translation->top = mode.top;
	table = mode.table;
	for (level = mode.top;; level--) {
		u32 shift = PAGE_SHIFT + mode.index_bits * level;
		u64 index = (address >> shift) & (BIT(mode.index_bits) - 1), entry;

		translation->bottom = level;
		translation->entry[level] = reader->entry(reader->context,
							  table + index * mode.entry_size);
		if (!translation->entry[level])
			return WALK_NO_TABLE;
		entry = read_entry(translation->entry[level], mode.entry_size);
		translation->value[level] = entry;
		if (!(entry & PTE_PRESENT))
			return WALK_NOT_PRESENT;
		/* The four entries at the top of PAE paging have no permissions. */
		if (!(mode.top == 2 && level == 2))
			translation->permissions &= entry;
		table = entry & mode.address_mask;
		if (!level || (level <= mode.largest_page && (entry & PTE_LARGE))) {
			translation->size = BIT(shift);
			translation->pa = (table & ~(BIT(shift) - 1)) |
					  (address & (BIT(shift) - 1));
			return WALK_MAPPED;
		}
	}
}
