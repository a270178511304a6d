// SPDX-License-Identifier: GPL-2.0-only
/* Finding a TD, and the first steps of its life: CREATE, KEY.CONFIG, ADDCX. */
#include "keyid.h"
#include "sys.h"
#include "td.h"

u64 tdr_get(struct call *call, u64 tdr_pa, enum tdx_operand operand, enum lock_mode mode,
	    struct td *td)
{
	struct page page;
	u64 status;

	status = page_get(call, tdr_pa, operand, PAGE_TDR, mode, &page);
	if (status)
		return status;

	td->tdr_pa = tdr_pa;
	td->tdr = pointer(call, tdr_pa);
	td->tdcs = td->tdr->num_tdcx > TDCS_CONTROL ? tdcs_page(call, td, TDCS_CONTROL) : NULL;
	if (td->tdr->fatal)
		return TDX_TD_FATAL;
	call->platform->locked(call->leaf, SEAM_LOCK_TDR);
	return TDX_SUCCESS;
}

u64 td_get_locked(struct call *call, u64 tdr_pa, enum tdx_operand operand, enum lock_mode mode,
		  enum lock_mode op_state_mode, u32 op_states, struct td *td)
{
	u64 status;

	status = tdr_get(call, tdr_pa, operand, mode, td);
	if (status)
		return status;
	if (td->tdr->lifecycle != TD_KEYS_CONFIGURED)
		return TDX_TD_KEYS_NOT_CONFIGURED;
	if (!(op_states & OP_UNINITIALIZED) && td->tdr->num_tdcx < TDCS_NUM_PAGES)
		return TDX_TDCS_NOT_ALLOCATED;
	if (!lock_acquire(call, &td->tdr->op_state_lock, op_state_mode))
		return TDX_OPERAND_BUSY | OPERAND_OP_STATE;
	if (!(op_states & BIT(td->tdr->op_state)))
		return TDX_OP_STATE_INCORRECT;
	return TDX_SUCCESS;
}

u64 td_epoch_lock(struct call *call, struct tdcs *tdcs, enum lock_mode mode)
{
	if (!lock_acquire(call, &tdcs->epoch_lock, mode))
		return TDX_OPERAND_BUSY | OPERAND_TD_EPOCH;
	call->platform->locked(call->leaf, SEAM_LOCK_TD_EPOCH);
	return TDX_SUCCESS;
}

void td_page_add(struct call *call, struct td *td, struct page *page, enum page_type type)
{
	page_assign(call, page, type, td->tdr_pa);
	__atomic_fetch_add(&td->tdr->num_children, 1, __ATOMIC_SEQ_CST);
}

void td_page_remove(struct call *call, struct td *td, struct page *page)
{
	u32 before = __atomic_fetch_sub(&td->tdr->num_children, 1, __ATOMIC_SEQ_CST);

	invariant(call, before && pamt_owner(page->pamt) == td->tdr_pa);
	page_free(call, page);
}

void td_build_end(struct call *call, struct td *td)
{
	struct td_measurement *measurement = tdcs_page(call, td, TDCS_MEASUREMENT);
	u32 *count = &call->module->td_build_count;

	/* Modules without handoff version 1 count no builds, and do not know of the field. */
	if (!MODULE_HAS_UPDATE_COMPATIBILITY || !measurement->mrtd_context_version)
		return;
	measurement->mrtd_context_version = 0;
	if (!__atomic_load_n(count, __ATOMIC_SEQ_CST))
		module_fatal(call, "a TD that was being built was not counted");
	else
		__atomic_fetch_sub(count, 1, __ATOMIC_SEQ_CST);
}

u64 leaf_TDH_MNG_CREATE(struct call *call)
{
	const struct seam_sysinfo *sysinfo = call->cpu->sysinfo;
	u64 keyid = call->reg[GPR_RDX], status, entropy;
	struct module *module = call->module;
	struct page page;
	struct tdr *tdr;

	status = page_get(call, call->reg[GPR_RCX], OPERAND_RCX, PAGE_NDA, LOCK_EXCLUSIVE, &page);
	if (status)
		return status;
	if (!keyid_private(call, keyid))
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	if (!lock_acquire(call, &module->key_lock, LOCK_EXCLUSIVE))
		return TDX_OPERAND_BUSY | OPERAND_KOT;
	if (module->key[keyid].state != KEY_FREE)
		return TDX_HKID_NOT_FREE;
	if (!call->platform->random(&entropy))
		return TDX_RND_NO_ENTROPY;

	module->key[keyid].state = KEY_ASSIGNED;
	page_assign(call, &page, PAGE_TDR, page.pa);

	tdr = pointer(call, page.pa);
	__builtin_memset(tdr, 0, PAGE_SIZE);
	tdr->lifecycle = TD_HKID_ASSIGNED;
	tdr->keyid = keyid;
	tdr->launch_seam_svn = sysinfo->seam_svn;
	tdr->launch_handoff_version = MODULE_HANDOFF_VERSION;
	__builtin_memcpy(tdr->launch_mrseam, sysinfo->mrseam, sizeof(tdr->launch_mrseam));
	return TDX_SUCCESS;
}

/* Once on each package, as each has memory controllers of its own. */
u64 leaf_TDH_MNG_KEY_CONFIG(struct call *call)
{
	u32 package = BIT(call->cpu->package);
	u64 status, entropy;
	struct td td;

	status = tdr_get(call, call->reg[GPR_RCX], OPERAND_RCX, LOCK_EXCLUSIVE, &td);
	if (status)
		return status;
	if (td.tdr->lifecycle != TD_HKID_ASSIGNED)
		return TDX_LIFECYCLE_STATE_INCORRECT;
	if (td.tdr->packages_configured & package)
		return TDX_KEY_CONFIGURED;
	if (!call->platform->random(&entropy))
		return TDX_KEY_GENERATION_FAILED;

	td.tdr->packages_configured |= package;
	if (td.tdr->packages_configured == all_packages(call))
		td.tdr->lifecycle = TD_KEYS_CONFIGURED;
	return TDX_SUCCESS;
}

u64 leaf_TDH_MNG_ADDCX(struct call *call)
{
	struct page page;
	struct td td;
	u64 status;

	status = td_get_locked(call, call->reg[GPR_RDX], OPERAND_RDX, LOCK_EXCLUSIVE,
			       LOCK_EXCLUSIVE, OP_UNINITIALIZED, &td);
	if (status)
		return status;
	if (td.tdr->num_tdcx == MAX_TDCX_PAGES)
		return TDX_TDCX_NUM_INCORRECT;
	status = page_get(call, call->reg[GPR_RCX], OPERAND_RCX, PAGE_NDA, LOCK_EXCLUSIVE, &page);
	if (status)
		return status;

	td_page_add(call, &td, &page, PAGE_TDCX);
	__builtin_memset(pointer(call, page.pa), 0, PAGE_SIZE);
	td.tdr->tdcx_pa[td.tdr->num_tdcx++] = page.pa;
	return TDX_SUCCESS;
}
