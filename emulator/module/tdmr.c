// SPDX-License-Identifier: GPL-2.0-only
/*
 * TD memory regions: TDH.SYS.CONFIG checks what the host offers, TDH.SYS.TDMR.INIT
 * initializes their PAMT piece by piece.
 */
#include "keyid.h"
#include "pamt.h"
#include "sys.h"

/* Size of a page that an entry of PAMT table @level describes. */
static u64 level_page_size(u32 level)
{
	return PAGE_SIZE << (9 * level);
}

/* TDMR_INFO, an operand of TDH.SYS.CONFIG. */
struct tdmr_info {
	u64 base;
	u64 size;
	struct {
		u64 base;
		u64 size;
	} pamt[3]; /* for pages of 1 GiB, 2 MiB, 4 KiB */
	struct {
		u64 offset;
		u64 size;
	} reserved[MAX_RESERVED_AREAS];
};

_Static_assert(sizeof(struct tdmr_info) == 320, "TDMR_INFO without its padding");

#define TDMR_INFO_ALIGNMENT 512UL

static bool overlap(u64 a, u64 a_size, u64 b, u64 b_size)
{
	return a < b + b_size && b < a + a_size;
}

static bool range_in_cmrs(const struct call *call, u64 base, u64 size)
{
	const struct seam_platform *platform = call->platform;
	u64 end = base + size;

	for (u32 i = 0; i < platform->num_cmrs && base < end; i++) {
		const struct seam_memory_range *cmr = &platform->cmr[i];

		if (base >= cmr->base && base - cmr->base < cmr->size)
			base = cmr->base + cmr->size;
	}
	return base >= end;
}

/* Call @visit for each part of @tdmr that is in no reserved area, until it says no. */
static bool for_each_usable_range(const struct call *call, const struct tdmr *tdmr, void *data,
				  bool (*visit)(const struct call *call, u64 base, u64 size,
						void *data))
{
	u64 next = tdmr->base, base;

	for (u32 i = 0; i < tdmr->num_reserved; i++) {
		const struct reserved_area *area = &tdmr->reserved[i];

		base = tdmr->base + ((u64)area->first_page << PAGE_SHIFT);
		if (base > next && !visit(call, next, base - next, data))
			return false;
		next = base + ((u64)area->num_pages << PAGE_SHIFT);
	}
	base = tdmr->base + tdmr->size;
	return base <= next || visit(call, next, base - next, data);
}

static bool usable_range_in_cmrs(const struct call *call, u64 base, u64 size, void *data)
{
	(void)data;
	return range_in_cmrs(call, base, size);
}

static bool usable_range_apart(const struct call *call, u64 base, u64 size, void *data)
{
	const struct seam_memory_range *other = data;

	(void)call;
	return !overlap(base, size, other->base, other->size);
}

static u64 read_reserved_areas(const struct tdmr_info *info, struct tdmr *tdmr)
{
	u64 end = 0;
	bool last = false;

	for (u32 i = 0; i < MAX_RESERVED_AREAS; i++) {
		u64 offset = info->reserved[i].offset, size = info->reserved[i].size;

		/* An area of no size ends the list. */
		if (!size) {
			last = true;
			continue;
		}
		if (last || !IS_ALIGNED(offset | size, PAGE_SIZE) || offset >= info->size ||
		    size > info->size - offset)
			return TDX_INVALID_RESERVED_IN_TDMR;
		if (offset < end)
			return TDX_NON_ORDERED_RESERVED_IN_TDMR;
		end = offset + size;
		tdmr->reserved[tdmr->num_reserved++] = (struct reserved_area){
			.first_page = offset >> PAGE_SHIFT,
			.num_pages = size >> PAGE_SHIFT,
		};
	}
	return TDX_SUCCESS;
}

static u64 read_pamts(const struct call *call, const struct tdmr_info *info, struct tdmr *tdmr)
{
	for (u32 level = 0; level < 3; level++) {
		u64 base = info->pamt[2 - level].base, size = info->pamt[2 - level].size;
		u64 entries = info->size / level_page_size(level);

		if (!IS_ALIGNED(base | size, PAGE_SIZE) || size < entries * PAMT_ENTRY_SIZE ||
		    base >> call->platform->phys_bits || size >> call->platform->phys_bits)
			return TDX_INVALID_PAMT;
		if (!range_in_cmrs(call, base, size))
			return TDX_PAMT_OUTSIDE_CMRS;
		tdmr->pamt[level].base = base;
		tdmr->pamt[level].size = size;
	}
	return TDX_SUCCESS;
}

/* Checks of one TDMR_INFO against itself and the platform. */
static u64 read_tdmr_info(const struct call *call, const struct tdmr_info *info, struct tdmr *tdmr)
{
	u64 limit = BIT(call->platform->phys_bits), status;

	__builtin_memset(tdmr, 0, sizeof(*tdmr));
	if (!IS_ALIGNED(info->base | info->size, TDMR_GRANULARITY) || !info->size ||
	    info->base >= limit || info->size > limit - info->base ||
	    info->size >> PAGE_SHIFT > GENMASK(31, 0))
		return TDX_INVALID_TDMR;
	tdmr->base = info->base;
	tdmr->size = info->size;

	status = read_reserved_areas(info, tdmr);
	if (!status)
		status = read_pamts(call, info, tdmr);
	if (status)
		return status;
	if (!for_each_usable_range(call, tdmr, NULL, usable_range_in_cmrs))
		return TDX_TDMR_OUTSIDE_CMRS;
	return TDX_SUCCESS;
}

/* No PAMT is in memory that TDs could get, and no two share memory. */
static bool pamt_apart(const struct call *call, const struct tdmr *tdmr, u32 level)
{
	const struct module *module = call->module;
	struct seam_memory_range pamt = { tdmr->pamt[level].base, tdmr->pamt[level].size };

	for (u32 i = 0; i < module->num_tdmrs; i++) {
		const struct tdmr *other = &module->tdmr[i];

		if (!for_each_usable_range(call, other, &pamt, usable_range_apart))
			return false;
		for (u32 l = 0; l < 3; l++)
			if ((other != tdmr || l != level) &&
			    overlap(pamt.base, pamt.size, other->pamt[l].base, other->pamt[l].size))
				return false;
	}
	return !overlap(pamt.base, pamt.size, call->platform->seamrr.base,
			call->platform->seamrr.size);
}

static u64 read_tdmr(struct call *call, const u64 *tdmr_info_pa, u32 i)
{
	struct tdmr *tdmr = &call->module->tdmr[i];
	struct tdmr_info info;
	void *buffer;
	u64 status;

	status = host_buffer_get(call, READ_ONCE(tdmr_info_pa[i]), TDMR_INFO_ALIGNMENT,
				 OPERAND_TDMR_INFO_PA, &buffer);
	if (status)
		return status;

	/* The host can change its memory at any time: check and use one copy. */
	__builtin_memcpy(&info, buffer, sizeof(info));
	status = read_tdmr_info(call, &info, tdmr);
	if (status)
		return status | i;
	if (i && tdmr->base < tdmr[-1].base + tdmr[-1].size)
		return TDX_NON_ORDERED_TDMR | i;
	return TDX_SUCCESS;
}

static u64 read_tdmrs(struct call *call, const u64 *tdmr_info_pa, u32 num_tdmrs)
{
	struct module *module = call->module;
	u64 status;

	for (u32 i = 0; i < num_tdmrs; i++) {
		status = read_tdmr(call, tdmr_info_pa, i);
		if (status)
			return status;
	}

	module->num_tdmrs = num_tdmrs;
	for (u32 i = 0; i < num_tdmrs; i++) {
		for (u32 level = 0; level < 3; level++) {
			if (!pamt_apart(call, &module->tdmr[i], level)) {
				module->num_tdmrs = 0;
				return TDX_PAMT_OVERLAP | i;
			}
		}
	}
	return TDX_SUCCESS;
}

u64 leaf_TDH_SYS_CONFIG(struct call *call)
{
	struct module *module = call->module;
	u64 *reg = call->reg, keyid = reg[GPR_R8], status;
	void *tdmr_info_pa;

	if (!lock_acquire(call, &module->global_lock, LOCK_EXCLUSIVE))
		return TDX_SYS_BUSY;
	if (sys_state(call) != SYS_STATE_INIT_DONE || !all_lps_initialized(call))
		return TDX_SYS_CONFIG_NOT_PENDING;
	if (reg[GPR_RDX] < 1 || reg[GPR_RDX] > MAX_TDMRS)
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	status = host_buffer_get(call, reg[GPR_RCX], TDMR_INFO_ALIGNMENT, OPERAND_RCX,
				 &tdmr_info_pa);
	if (status)
		return status;
	if (!keyid_private(call, keyid) || module->key[keyid].state != KEY_FREE)
		return TDX_OPERAND_INVALID | OPERAND_R8;

	status = read_tdmrs(call, tdmr_info_pa, reg[GPR_RDX]);
	if (status)
		return status;

	for (u32 i = 0; i < module->num_tdmrs; i++)
		for (u32 level = 0; level < 3; level++)
			call->platform->protect(module->tdmr[i].pamt[level].base,
						module->tdmr[i].pamt[level].size, SEAM_PAGE_PAMT);
	module->key[keyid].state = KEY_RESERVED;
	module->global_keyid = keyid;
	set_sys_state(call, SYS_STATE_CONFIG_DONE);
	return TDX_SUCCESS;
}

static bool page_reserved(const struct tdmr *tdmr, u64 page)
{
	for (u32 i = 0; i < tdmr->num_reserved; i++)
		if (page - tdmr->reserved[i].first_page < tdmr->reserved[i].num_pages)
			return true;
	return false;
}

static void initialize_pamt(struct call *call, const struct tdmr *tdmr, u64 start, u64 end)
{
	struct pamt_entry *entry = pointer(call, tdmr->pamt[0].base);

	for (u64 page = start >> PAGE_SHIFT; page < end >> PAGE_SHIFT; page++)
		entry[page] = (struct pamt_entry){
			.type = page_reserved(tdmr, page) ? PAGE_RSVD : PAGE_NDA,
		};

	for (u32 level = 1; level < 3; level++) {
		u64 page_size = level_page_size(level);

		entry = pointer(call, tdmr->pamt[level].base);
		for (u64 page = ALIGN_UP(start, page_size) / page_size; page * page_size < end;
		     page++)
			entry[page] = (struct pamt_entry){ .type = PAGE_NDA };
	}
}

u64 leaf_TDH_SYS_TDMR_INIT(struct call *call)
{
	struct module *module = call->module;
	u64 *reg = call->reg, base = reg[GPR_RCX], start, end;
	struct tdmr *tdmr = NULL;

	for (u32 i = 0; i < module->num_tdmrs; i++)
		if (module->tdmr[i].base == base)
			tdmr = &module->tdmr[i];
	if (!tdmr)
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	if (!lock_acquire(call, &tdmr->lock, LOCK_EXCLUSIVE))
		return TDX_OPERAND_BUSY | OPERAND_TDMR;

	start = tdmr->initialized;
	if (start == tdmr->size)
		return TDX_TDMR_ALREADY_INITIALIZED;
	end = start + MODULE_TDMR_INIT_ENTRIES * PAGE_SIZE;
	initialize_pamt(call, tdmr, start, end);
	__atomic_store_n(&tdmr->initialized, end, __ATOMIC_RELEASE);

	/* What is returned is the first byte that cannot be used yet, by the GiB. */
	reg[GPR_RDX] = base + (end & ~(TDMR_GRANULARITY - 1));
	return TDX_SUCCESS;
}
