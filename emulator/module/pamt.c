// SPDX-License-Identifier: GPL-2.0-only
#include "pamt.h"

static const struct tdmr *tdmr_lookup(const struct call *call, u64 pa)
{
	const struct module *module = call->module;

	for (u32 i = 0; i < module->num_tdmrs; i++) {
		const struct tdmr *tdmr = &module->tdmr[i];

		if (pa >= tdmr->base && pa - tdmr->base < tdmr->size)
			return tdmr;
	}
	return NULL;
}

struct pamt_entry *pamt_lookup(const struct call *call, u64 pa)
{
	const struct tdmr *tdmr = tdmr_lookup(call, pa);
	struct pamt_entry *entry;
	u64 offset;

	if (!tdmr)
		return NULL;
	offset = pa - tdmr->base;
	if (offset >= __atomic_load_n(&tdmr->initialized, __ATOMIC_ACQUIRE))
		return NULL;
	entry = pointer(call, tdmr->pamt[0].base);
	entry += offset >> PAGE_SHIFT;
	return READ_ONCE(entry->type) == PAGE_RSVD ? NULL : entry;
}

static u64 address_without_keyid(const struct call *call)
{
	return GENMASK(call->platform->phys_bits - 1, 0);
}

u64 page_get_any(struct call *call, u64 pa, enum tdx_operand operand, enum lock_mode mode,
		 struct page *page)
{
	if (!IS_ALIGNED(pa, PAGE_SIZE) || (pa & ~address_without_keyid(call)))
		return TDX_OPERAND_INVALID | operand;

	page->pa = pa;
	page->pamt = pamt_lookup(call, pa);
	if (!page->pamt)
		return TDX_OPERAND_ADDR_RANGE_ERROR | operand;
	if (!lock_acquire_page(call, &page->pamt->lock, mode, pa))
		return TDX_OPERAND_BUSY | operand;
	return TDX_SUCCESS;
}

u64 page_get(struct call *call, u64 pa, enum tdx_operand operand, enum page_type type,
	     enum lock_mode mode, struct page *page)
{
	u64 status = page_get_any(call, pa, operand, mode, page);

	if (status)
		return status;
	if (page->pamt->type != type)
		return TDX_PAGE_METADATA_INCORRECT | operand;
	return TDX_SUCCESS;
}

enum seam_page_use page_type_use(enum page_type type)
{
	switch (type) {
	case PAGE_REG:
		return SEAM_PAGE_TD_PRIVATE;
	case PAGE_EPT:
		return SEAM_PAGE_SEPT;
	default:
		return SEAM_PAGE_TD_CONTROL;
	}
}

void page_assign(struct call *call, struct page *page, enum page_type type, u64 tdr_pa)
{
	u64 owner = tdr_pa >> PAGE_SHIFT;

	invariant(call, page->pamt->type == PAGE_NDA);
	call->platform->protect(page->pa, PAGE_SIZE, page_type_use(type));
	WRITE_ONCE(page->pamt->type, type);
	page->pamt->owner_low = owner;
	page->pamt->owner_high = owner >> 8;
	WRITE_ONCE(page->pamt->bepoch, 0);
}

/* What the host would read of a page that was written with another key. */
#define CIPHERTEXT 0xce

void page_free(struct call *call, struct page *page)
{
	invariant(call, page->pamt->type != PAGE_NDA && page->pamt->type != PAGE_RSVD);
	__builtin_memset(pointer(call, page->pa), CIPHERTEXT, PAGE_SIZE);
	WRITE_ONCE(page->pamt->type, PAGE_NDA);
	page->pamt->owner_low = 0;
	page->pamt->owner_high = 0;
	WRITE_ONCE(page->pamt->bepoch, 0);
	call->platform->unprotect(page->pa, PAGE_SIZE);
}

static bool in_range(const struct seam_memory_range *range, u64 pa)
{
	return pa >= range->base && pa - range->base < range->size;
}

/* Convertible memory, or the first MiB, which is memory and not convertible. */
static bool is_memory(const struct call *call, u64 pa)
{
	if (pa < BIT(20))
		return true;
	for (u32 i = 0; i < call->platform->num_cmrs; i++)
		if (in_range(&call->platform->cmr[i], pa))
			return true;
	return false;
}

static bool is_pamt(const struct call *call, u64 pa)
{
	const struct module *module = call->module;

	for (u32 i = 0; i < module->num_tdmrs; i++) {
		for (u32 level = 0; level < 3; level++) {
			u64 base = module->tdmr[i].pamt[level].base;

			if (pa >= base && pa - base < module->tdmr[i].pamt[level].size)
				return true;
		}
	}
	return false;
}

u64 host_buffer_get(const struct call *call, u64 pa, u64 alignment, enum tdx_operand operand,
		    void **buffer)
{
	u32 phys_bits = call->platform->phys_bits;
	const struct pamt_entry *entry;
	u64 address = pa & address_without_keyid(call);

	if (!IS_ALIGNED(pa, alignment) || pa >> phys_bits > call->platform->num_mktme_keyids ||
	    !is_memory(call, address) || in_range(&call->platform->seamrr, address) ||
	    is_pamt(call, address))
		return TDX_OPERAND_INVALID | operand;

	/*
	 * Hardware would read ciphertext of a private page, or fault. It is a bug
	 * of the host in either case, and here it is an error.
	 */
	entry = pamt_lookup(call, address);
	if (entry && READ_ONCE(entry->type) != PAGE_NDA)
		return TDX_OPERAND_INVALID | operand;

	*buffer = pointer(call, address);
	return TDX_SUCCESS;
}
