// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host's nested page table: an identity mapping without the pages that the
 * host may not touch.
 *
 * RAM is mapped by 2 MiB pages, which are split when only a part is protected.
 * Everything else (devices) is mapped by 1 GiB pages when it is first touched. An
 * entry that is not present because of a protection says so, with the use.
 *
 * Writers hold npt_lock. Hardware and lookups read without it: an entry changes by
 * one store, and a table is filled before it is linked.
 */
#include "cpu.h"
#include "lib.h"
#include "memory.h"

#define NPT_PROTECTED BIT(9) /* in an entry that is not present */
#define NPT_USE_SHIFT 52
#define NPT_MAP	      (PTE_PRESENT | PTE_WRITABLE | PTE_USER)

#define ENTRIES	     512
#define SPARE_TABLES 40 /* root, directories, devices */

static struct spinlock npt_lock;
static u64 *root;
static u64 pool_next, pool_end;
static u32 generation;
static u64 num_protected;

u64 npt_pool_size(u64 end_of_ram)
{
	u64 tables = end_of_ram / PAGE_SIZE_2M + end_of_ram / PAGE_SIZE_1G + SPARE_TABLES;

	return ALIGN_UP(tables * PAGE_SIZE, PAGE_SIZE_2M);
}

static u64 *new_table(void)
{
	u64 *table = (u64 *)pool_next;

	if (pool_next == pool_end)
		broken("out of nested page tables");
	pool_next += PAGE_SIZE;
	return table;
}

static unsigned int index_of(u64 pa, unsigned int level)
{
	return pa >> (PAGE_SHIFT + 9 * level) & (ENTRIES - 1);
}

static u64 *table_of(u64 entry)
{
	return (u64 *)(entry & PTE_ADDRESS);
}

static bool is_table(u64 entry)
{
	return (entry & PTE_PRESENT) && !(entry & PTE_LARGE);
}

static u64 protected_entry(enum seam_page_use use)
{
	return NPT_PROTECTED | (u64)use << NPT_USE_SHIFT;
}

/* The table of @level that maps @pa, made when it is missing. */
static u64 *get_table(u64 pa, unsigned int level)
{
	u64 *table = root;
	unsigned int l;

	for (l = 3; l > level; l--) {
		u64 *entry = &table[index_of(pa, l)];

		if (!*entry) {
			u64 *lower = new_table();

			memset(lower, 0, PAGE_SIZE);
			WRITE_ONCE(*entry, (u64)lower | NPT_MAP);
		}
		table = table_of(*entry);
	}
	return table;
}

void npt_init(u64 pool_base, u64 pool_size)
{
	u64 pa;

	pool_next = pool_base;
	pool_end = pool_base + pool_size;
	root = new_table();
	memset(root, 0, PAGE_SIZE);
	for (pa = 0; pa < ALIGN_UP(ram_end, PAGE_SIZE_1G); pa += PAGE_SIZE_2M)
		get_table(pa, 1)[index_of(pa, 1)] = pa | NPT_MAP | PTE_LARGE;
}

u64 npt_root(void)
{
	return (u64)root;
}

u32 npt_generation(void)
{
	return __atomic_load_n(&generation, __ATOMIC_ACQUIRE);
}

u64 npt_protected_pages(void)
{
	return READ_ONCE(num_protected);
}

/* Turn a 2 MiB entry into a table of 4 KiB entries of the same meaning. */
static u64 *split(u64 *entry, u64 pa)
{
	u64 *table, base = pa & ~(PAGE_SIZE_2M - 1);
	unsigned int i;

	if (is_table(*entry))
		return table_of(*entry);
	table = new_table();
	if (*entry & NPT_PROTECTED) {
		for (i = 0; i < ENTRIES; i++)
			table[i] = *entry;
	} else {
		for (i = 0; i < ENTRIES; i++)
			table[i] = (base + i * PAGE_SIZE) | NPT_MAP;
	}
	__atomic_store_n(entry, (u64)table | NPT_MAP, __ATOMIC_RELEASE);
	return table;
}

static void protect_entry(u64 *entry, u64 pa, u64 size, enum seam_page_use use)
{
	if ((*entry & NPT_PROTECTED) && *entry != protected_entry(use))
		broken("page %lx of use '%s' becomes '%s'", pa,
		       npt_use_name(*entry >> NPT_USE_SHIFT), npt_use_name(use));
	if (!(*entry & NPT_PROTECTED))
		num_protected += size / PAGE_SIZE;
	WRITE_ONCE(*entry, protected_entry(use));
}

static void unprotect_entry(u64 *entry, u64 pa, u64 size)
{
	if (!(*entry & NPT_PROTECTED))
		broken("page %lx is given back to the host, which has it", pa);
	num_protected -= size / PAGE_SIZE;
	WRITE_ONCE(*entry, pa | NPT_MAP | (size == PAGE_SIZE_2M ? PTE_LARGE : 0));
}

/* Call for each largest entry of [pa, pa + size); SEAM_PAGE_HOST unprotects. */
static void set_use(u64 pa, u64 size, enum seam_page_use use)
{
	u64 end = pa + size;

	if (!IS_ALIGNED(pa | size, PAGE_SIZE) || end < pa || end > ALIGN_UP(ram_end, PAGE_SIZE_1G))
		broken("change of protection of %lx-%lx, which is not RAM", pa, end);

	spin_lock(&npt_lock);
	while (pa < end) {
		u64 *entry = &get_table(pa, 1)[index_of(pa, 1)];
		u64 step = PAGE_SIZE_2M;

		if (!IS_ALIGNED(pa, PAGE_SIZE_2M) || end - pa < PAGE_SIZE_2M || is_table(*entry)) {
			entry = &split(entry, pa)[index_of(pa, 0)];
			step = PAGE_SIZE;
		}
		if (use == SEAM_PAGE_HOST)
			unprotect_entry(entry, pa, step);
		else
			protect_entry(entry, pa, step, use);
		pa += step;
	}
	/* Pairs with npt_generation(): who sees the new value flushes after the stores. */
	if (use != SEAM_PAGE_HOST)
		__atomic_add_fetch(&generation, 1, __ATOMIC_RELEASE);
	spin_unlock(&npt_lock);
}

void npt_protect(u64 pa, u64 size, enum seam_page_use use)
{
	set_use(pa, size, use);
}

void npt_unprotect(u64 pa, u64 size)
{
	set_use(pa, size, SEAM_PAGE_HOST);
}

/* The entry that maps @pa, or 0. */
static u64 lookup(u64 pa)
{
	u64 *table = root, entry = 0;
	int level;

	if (pa >> 48)
		return 0;
	for (level = 3; level >= 0; level--) {
		entry = READ_ONCE(table[index_of(pa, level)]);
		if (!is_table(entry))
			break;
		table = table_of(entry);
	}
	return entry;
}

enum seam_page_use npt_use(u64 pa)
{
	u64 entry = lookup(pa);

	return entry & NPT_PROTECTED ? (enum seam_page_use)(entry >> NPT_USE_SHIFT) :
				       SEAM_PAGE_HOST;
}

const char *npt_use_name(enum seam_page_use use)
{
	switch (use) {
	case SEAM_PAGE_SEAMRR:
		return "SEAM range";
	case SEAM_PAGE_PAMT:
		return "PAMT";
	case SEAM_PAGE_TD_CONTROL:
		return "TD control";
	case SEAM_PAGE_SEPT:
		return "secure EPT";
	case SEAM_PAGE_TD_PRIVATE:
		return "TD private";
	case SEAM_PAGE_PLATFORM:
		return "monitor";
	case SEAM_PAGE_HOST:
		break;
	}
	return "unknown";
}

static void map_device(u64 pa)
{
	u64 base = pa & ~(PAGE_SIZE_1G - 1);

	spin_lock(&npt_lock);
	WRITE_ONCE(get_table(base, 2)[index_of(base, 2)], base | NPT_MAP | PTE_LARGE);
	spin_unlock(&npt_lock);
}

void npt_exit(struct cpu *cpu)
{
	const struct vmcb_control *control = &cpu->vmcb->control;
	u64 error = control->exit_info_1, pa = control->exit_info_2;

	host_access_check(cpu, pa,
			  error & SVM_NPF_TABLE_WALK ? "page table walk" :
			  error & SVM_NPF_FETCH	     ? "fetch" :
			  error & SVM_NPF_WRITE	     ? "write" :
						       "read");
	/* Present: another CPU has given the page back since the access. */
	if (!lookup(pa))
		map_device(pa);
}
