// SPDX-License-Identifier: GPL-2.0-only
/*
 * The end of a TD: its vCPUs are flushed, caches written back, the KeyID freed, and
 * at last its pages reclaimed one by one.
 */
#include "keyid.h"
#include "td.h"

u64 leaf_TDH_MNG_VPFLUSHDONE(struct call *call)
{
	struct module *module = call->module;
	struct key *key;
	struct td td;
	u64 status;

	status = tdr_get(call, call->reg[GPR_RCX], OPERAND_RCX, LOCK_EXCLUSIVE, &td);
	if (status)
		return status;
	if (!lock_acquire(call, &module->key_lock, LOCK_EXCLUSIVE))
		return TDX_OPERAND_BUSY | OPERAND_KOT;
	if (td.tdr->lifecycle != TD_HKID_ASSIGNED && td.tdr->lifecycle != TD_KEYS_CONFIGURED)
		return TDX_LIFECYCLE_STATE_INCORRECT;
	if (td.tdcs && td.tdcs->num_associated_vcpus)
		return TDX_FLUSHVP_NOT_DONE;

	key = &module->key[td.tdr->keyid];
	invariant(call, key->state == KEY_ASSIGNED);
	key->state = KEY_FLUSHED;
	key->flush_pending = td.tdr->packages_configured;
	if (td.tdr->op_state == TD_INITIALIZED)
		td_build_end(call, &td);
	td.tdr->lifecycle = TD_BLOCKED;
	return TDX_SUCCESS;
}

u64 leaf_TDH_MNG_KEY_FREEID(struct call *call)
{
	struct module *module = call->module;
	struct key *key;
	struct td td;
	u64 status;

	status = tdr_get(call, call->reg[GPR_RCX], OPERAND_RCX, LOCK_EXCLUSIVE, &td);
	if (status)
		return status;
	if (!lock_acquire(call, &module->key_lock, LOCK_EXCLUSIVE))
		return TDX_OPERAND_BUSY | OPERAND_KOT;
	if (td.tdr->lifecycle != TD_BLOCKED)
		return TDX_LIFECYCLE_STATE_INCORRECT;
	key = &module->key[td.tdr->keyid];
	invariant(call, key->state == KEY_FLUSHED);
	if (key->flush_pending)
		return TDX_WBCACHE_NOT_COMPLETE;

	key->state = KEY_FREE;
	td.tdr->lifecycle = TD_TEARDOWN;
	return TDX_SUCCESS;
}

/* The root page goes last. */
static u64 reclaim_tdr(struct call *call, struct page *page)
{
	const struct tdr *tdr = pointer(call, page->pa);

	if (tdr->lifecycle != TD_TEARDOWN)
		return TDX_LIFECYCLE_STATE_INCORRECT;
	if (tdr->num_children)
		return TDX_TD_ASSOCIATED_PAGES_EXIST;
	page_free(call, page);
	return TDX_SUCCESS;
}

static u64 reclaim_child(struct call *call, struct page *page)
{
	struct td td;
	u64 status;

	call->never_wait = true;
	status = tdr_get(call, pamt_owner(page->pamt), OPERAND_TDR, LOCK_SHARED, &td);
	if (status && status != TDX_TD_FATAL)
		return status;
	if (td.tdr->lifecycle != TD_TEARDOWN)
		return TDX_LIFECYCLE_STATE_INCORRECT;
	td_page_remove(call, &td, page);
	return TDX_SUCCESS;
}

u64 leaf_TDH_PHYMEM_PAGE_RECLAIM(struct call *call)
{
	u64 *reg = call->reg, rcx = reg[GPR_RCX], status;
	struct page page;

	reg[GPR_RCX] = reg[GPR_RDX] = reg[GPR_R8] = 0;
	status = page_get_any(call, rcx, OPERAND_RCX, LOCK_EXCLUSIVE, &page);
	if (status)
		return status;

	reg[GPR_RCX] = page.pamt->type;
	if (page.pamt->type == PAGE_NDA)
		return TDX_PAGE_METADATA_INCORRECT | OPERAND_RCX;
	/* The root page has no owner; R8 is the size, and 0 is 4 KiB. */
	if (page.pamt->type == PAGE_TDR)
		return reclaim_tdr(call, &page);
	reg[GPR_RDX] = pamt_owner(page.pamt);
	return reclaim_child(call, &page);
}

/* What a page is, for a host that handles a machine check. */
u64 leaf_TDH_PHYMEM_PAGE_RDMD(struct call *call)
{
	u64 *reg = call->reg, rcx = reg[GPR_RCX], status;
	struct page page;

	reg[GPR_RCX] = reg[GPR_RDX] = reg[GPR_R8] = reg[GPR_R9] = 0;
	status = page_get_any(call, rcx, OPERAND_RCX, LOCK_SHARED, &page);
	if (status)
		return status;

	reg[GPR_RCX] = page.pamt->type;
	if (page.pamt->type != PAGE_TDR)
		reg[GPR_RDX] = pamt_owner(page.pamt);
	reg[GPR_R9] = READ_ONCE(page.pamt->bepoch);
	return TDX_SUCCESS;
}
