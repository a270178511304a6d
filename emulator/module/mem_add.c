// SPDX-License-Identifier: GPL-2.0-only
/* A TD's private memory grows: SEPT.ADD, PAGE.ADD, PAGE.AUG; and is measured. */
#include "mrtd.h"
#include "sept.h"

/*
 * The part that the three have in common: find the TD, and lock the free entry that
 * is to be filled. The entry is unlocked by sept_entry_set() or, on failure of a
 * later check, by sept_entry_unlock().
 */
static u64 get_free_entry(struct call *call, enum lock_mode mode, u32 op_states, u32 min_level,
			  u32 max_level, struct td *td, struct gpa_operand *operand,
			  struct sept_walk *walk)
{
	u64 rcx = call->reg[GPR_RCX], rdx = call->reg[GPR_RDX], status;

	sept_report_none(call);
	status = td_get_locked(call, rdx, OPERAND_RDX, mode, LOCK_SHARED, op_states, td);
	if (status)
		return status;
	status = gpa_operand_get(td, rcx, min_level, max_level, operand);
	if (status)
		return status;
	status = sept_tree_lock(call, td->tdcs, LOCK_SHARED);
	if (status)
		return status;
	if (!sept_walk(call, td, operand->gpa, operand->level, walk)) {
		sept_report_entry(call, walk);
		return TDX_EPT_WALK_FAILED | OPERAND_RCX;
	}
	status = sept_entry_lock(call, walk, true);
	if (status) {
		sept_report_entry(call, walk);
		return status;
	}
	if (sept_entry_state(walk->value) != SEPT_FREE) {
		sept_entry_unlock(walk);
		sept_report_entry(call, walk);
		return TDX_EPT_ENTRY_STATE_INCORRECT | OPERAND_RCX;
	}
	return TDX_SUCCESS;
}

u64 leaf_TDH_MEM_SEPT_ADD(struct call *call)
{
	struct gpa_operand operand;
	struct sept_walk walk;
	struct page page;
	struct td td;
	u64 status;

	status = get_free_entry(call, LOCK_SHARED, OP_BUILT, 1, SEPT_MAX_LEVEL, &td, &operand,
				&walk);
	if (status)
		return status;
	status = page_get(call, call->reg[GPR_R8], OPERAND_R8, PAGE_NDA, LOCK_EXCLUSIVE, &page);
	if (status) {
		sept_entry_unlock(&walk);
		return status;
	}

	td_page_add(call, &td, &page, PAGE_EPT);
	__builtin_memset(pointer(call, page.pa), 0, PAGE_SIZE);
	sept_entry_set(&walk, sept_make_entry(page.pa, SEPT_NL_MAPPED));
	return TDX_SUCCESS;
}

static u64 page_add(struct call *call, struct td *td, const struct gpa_operand *operand,
		    struct sept_walk *walk)
{
	struct page page;
	void *source;
	u64 status;

	status = host_buffer_get(call, call->reg[GPR_R9], PAGE_SIZE, OPERAND_R9, &source);
	if (status)
		return status;
	status = page_get(call, call->reg[GPR_R8], OPERAND_R8, PAGE_NDA, LOCK_EXCLUSIVE, &page);
	if (status)
		return status;
	status = mrtd_check_context(call, td);
	if (status)
		return status;

	td_page_add(call, td, &page, PAGE_REG);
	__builtin_memmove(pointer(call, page.pa), source, PAGE_SIZE);
	mrtd_page_add(call, td, operand->gpa);
	sept_entry_set(walk, sept_make_entry(page.pa, SEPT_PRESENT));
	return TDX_SUCCESS;
}

u64 leaf_TDH_MEM_PAGE_ADD(struct call *call)
{
	struct gpa_operand operand;
	struct sept_walk walk;
	struct td td;
	u64 status;

	/* The measurement has an order: one call for the TD at a time. */
	status = get_free_entry(call, LOCK_EXCLUSIVE, OP_INITIALIZED, 0, 0, &td, &operand, &walk);
	if (status)
		return status;
	status = page_add(call, &td, &operand, &walk);
	if (status)
		sept_entry_unlock(&walk);
	return status;
}

u64 leaf_TDH_MEM_PAGE_AUG(struct call *call)
{
	struct gpa_operand operand;
	struct sept_walk walk;
	struct page page;
	struct td td;
	u64 status;

	status = get_free_entry(call, LOCK_SHARED, OP_BUILT, 0, 0, &td, &operand, &walk);
	if (status)
		return status;
	status = page_get(call, call->reg[GPR_R8], OPERAND_R8, PAGE_NDA, LOCK_EXCLUSIVE, &page);
	if (status) {
		sept_entry_unlock(&walk);
		return status;
	}

	/* The TD gets no page that it has not accepted, and it is zeroed then. */
	td_page_add(call, &td, &page, PAGE_REG);
	sept_entry_set(&walk, sept_make_entry(page.pa, SEPT_PENDING));
	return TDX_SUCCESS;
}

u64 leaf_TDH_MR_EXTEND(struct call *call)
{
	u64 gpa = call->reg[GPR_RCX], rdx = call->reg[GPR_RDX], status;
	struct sept_walk walk;
	struct td td;
	u8 *page;

	sept_report_none(call);
	status = td_get_locked(call, rdx, OPERAND_RDX, LOCK_EXCLUSIVE, LOCK_SHARED, OP_INITIALIZED,
			       &td);
	if (status)
		return status;
	if (!IS_ALIGNED(gpa, MR_EXTEND_SIZE) || gpa >= td_shared_bit(&td))
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	status = sept_tree_lock(call, td.tdcs, LOCK_SHARED);
	if (status)
		return status;
	if (!sept_walk(call, &td, gpa, 0, &walk)) {
		sept_report_entry(call, &walk);
		return TDX_EPT_ENTRY_NOT_PRESENT | OPERAND_RCX;
	}
	if (sept_entry_state(walk.value) != SEPT_PRESENT)
		return TDX_EPT_ENTRY_NOT_PRESENT;
	status = mrtd_check_context(call, &td);
	if (status)
		return status;

	page = pointer(call, walk.value & NPT_ADDRESS);
	mrtd_extend(call, &td, gpa, page + (gpa & (PAGE_SIZE - 1)));
	return TDX_SUCCESS;
}

u64 leaf_TDH_MR_FINALIZE(struct call *call)
{
	struct td td;
	u64 status;

	status = td_get_locked(call, call->reg[GPR_RCX], OPERAND_RCX, LOCK_EXCLUSIVE,
			       LOCK_EXCLUSIVE, OP_INITIALIZED, &td);
	if (status)
		return status;
	if (!td.tdcs->num_vcpus)
		return TDX_NO_VCPUS;
	status = mrtd_check_context(call, &td);
	if (status)
		return status;

	mrtd_finish(call, &td);
	td.tdr->op_state = TD_RUNNABLE;
	return TDX_SUCCESS;
}
