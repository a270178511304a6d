/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Page table walker, for each of the CPU's paging modes. It reads tables through a
 * callback, and tells what it found: what of that is a fault is the caller's business.
 */
#ifndef EMULATOR_X86_PAGING_H
#define EMULATOR_X86_PAGING_H

#include "../abi/types.h"

#define PTE_PRESENT  BIT(0)
#define PTE_WRITABLE BIT(1)
#define PTE_USER     BIT(2)
#define PTE_ACCESSED BIT(5)
#define PTE_DIRTY    BIT(6)
#define PTE_LARGE    BIT(7)
#define PTE_ADDRESS  GENMASK(51, 12)

#define MAX_PAGING_LEVELS 5

/* The registers that say how, and where from, addresses are translated. */
struct paging {
	u64 cr0;
	u64 cr3;
	u64 cr4;
	u64 efer;
};

/**
 * struct table_reader - where page tables are
 * @entry: the entry of a table at this physical address. NULL: there is no memory.
 */
struct table_reader {
	void *(*entry)(void *context, u64 pa);
	void *context;
};

/**
 * struct translation - what a walk found
 * @pa: the physical address.
 * @size: of the page.
 * @top, @bottom: levels of the first entry and of the last one, 0 is that of 4 KiB pages.
 *		  Without paging, @bottom is greater than @top.
 * @entry, @value: where each entry is and what it was, by level. Entries of 32-bit
 *		   paging have 4 bytes, others 8.
 * @permissions: PTE_WRITABLE and PTE_USER, as far as all entries have them.
 */
struct translation {
	u64 pa;
	u64 size;
	int top, bottom;
	void *entry[MAX_PAGING_LEVELS];
	u64 value[MAX_PAGING_LEVELS];
	u64 permissions;
};

enum walk_result {
	WALK_MAPPED,
	WALK_NOT_PRESENT, /* an entry is not present; the last one that was read */
	WALK_NO_TABLE,	  /* the reader knows of no memory there */
};

enum walk_result paging_walk(const struct paging *paging, const struct table_reader *reader,
			     u64 address, struct translation *translation);

#endif
