// SPDX-License-Identifier: GPL-2.0-only
/*
 * The host takes private memory back: BLOCK, TRACK, REMOVE.
 *
 * A blocked page may still be in the TLB of an LP that runs the TD. Time is counted
 * in epochs. Each vCPU notes the epoch that it entered the TD in, and entering
 * flushes the TLB. TRACK starts a new epoch; it insists that none is left of the
 * epoch before the last, so that two counters are enough. A page that was blocked in
 * epoch E is unreachable when the epoch is later than E and no vCPU is inside that
 * entered in E or before.
 */
#include "sept.h"

/* vCPUs leave without a lock. */
static u32 epoch_vcpus(const struct tdcs *tdcs, u64 epoch)
{
	return __atomic_load_n(&tdcs->epoch_vcpus[epoch & 1], __ATOMIC_ACQUIRE);
}

u64 leaf_TDH_MEM_TRACK(struct call *call)
{
	struct td td;
	u64 status;

	status = td_get(call, call->reg[GPR_RCX], OPERAND_RCX, OP_BUILT, &td);
	if (status)
		return status;
	status = td_epoch_lock(call, td.tdcs, LOCK_EXCLUSIVE);
	if (status)
		return status;
	if (epoch_vcpus(td.tdcs, td.tdcs->epoch - 1))
		return TDX_PREVIOUS_TLB_EPOCH_BUSY;
	/* RANGE.BLOCK reads it without the lock. */
	__atomic_store_n(&td.tdcs->epoch, td.tdcs->epoch + 1, __ATOMIC_SEQ_CST);
	return TDX_SUCCESS;
}

/* The entry is locked; the leaf sets or unlocks it. */
static u64 get_entry(struct call *call, enum lock_mode tree_mode, u32 max_level, struct td *td,
		     struct sept_walk *walk)
{
	u64 rcx = call->reg[GPR_RCX], rdx = call->reg[GPR_RDX], status;
	struct gpa_operand operand;

	sept_report_none(call);
	status = td_get(call, rdx, OPERAND_RDX, OP_BUILT, td);
	if (status)
		return status;
	status = gpa_operand_get(td, rcx, 0, max_level, &operand);
	if (status)
		return status;
	status = sept_tree_lock(call, td->tdcs, tree_mode);
	if (status)
		return status;
	if (!sept_walk(call, td, operand.gpa, operand.level, walk)) {
		sept_report_entry(call, walk);
		return TDX_EPT_WALK_FAILED | OPERAND_RCX;
	}
	status = sept_entry_lock(call, walk, true);
	if (status)
		sept_report_entry(call, walk);
	return status;
}

static u64 blocked_state(enum sept_state state, enum sept_state *blocked)
{
	switch (state) {
	case SEPT_PRESENT:
		*blocked = SEPT_BLOCKED;
		return TDX_SUCCESS;
	case SEPT_PENDING:
		*blocked = SEPT_PENDING_BLOCKED;
		return TDX_SUCCESS;
	case SEPT_NL_MAPPED:
		*blocked = SEPT_NL_BLOCKED;
		return TDX_SUCCESS;
	case SEPT_BLOCKED:
	case SEPT_PENDING_BLOCKED:
	case SEPT_NL_BLOCKED:
		return TDX_GPA_RANGE_ALREADY_BLOCKED | OPERAND_RCX;
	default:
		return TDX_EPT_ENTRY_STATE_INCORRECT | OPERAND_RCX;
	}
}

u64 leaf_TDH_MEM_RANGE_BLOCK(struct call *call)
{
	enum sept_state blocked;
	struct pamt_entry *pamt;
	struct sept_walk walk;
	struct td td;
	u64 status, pa;

	status = get_entry(call, LOCK_EXCLUSIVE, SEPT_MAX_LEVEL, &td, &walk);
	if (status)
		return status;
	status = blocked_state(sept_entry_state(walk.value), &blocked);
	if (status) {
		sept_entry_unlock(&walk);
		sept_report_entry(call, &walk);
		return status;
	}

	pa = walk.value & NPT_ADDRESS;
	pamt = pamt_lookup(call, pa);
	invariant(call, pamt && pamt_owner(pamt) == td.tdr_pa);
	sept_entry_set(&walk, sept_make_entry(pa, blocked));
	/*
	 * After the entry: a vCPU that enters in between does so in the epoch that
	 * is read here, and REMOVE waits for it needlessly but harmlessly.
	 */
	WRITE_ONCE(pamt->bepoch, __atomic_load_n(&td.tdcs->epoch, __ATOMIC_SEQ_CST));
	return TDX_SUCCESS;
}

/*
 * Whether no vCPU is left in the TD that entered it in @bepoch or before. TRACK may start an
 * epoch meanwhile, and with it another life of the counter: then look again.
 */
static bool tracking_done(const struct tdcs *tdcs, u64 bepoch)
{
	u64 epoch, again;
	bool done;

	do {
		epoch = __atomic_load_n(&tdcs->epoch, __ATOMIC_SEQ_CST);
		done = epoch > bepoch + 1 || (epoch > bepoch && !epoch_vcpus(tdcs, bepoch));
		again = __atomic_load_n(&tdcs->epoch, __ATOMIC_SEQ_CST);
	} while (epoch != again);
	return done;
}

/* With the entry locked: the page that it maps, locked; if it may be removed. */
static u64 get_removable_page(struct call *call, const struct td *td, const struct sept_walk *walk,
			      struct page *page)
{
	/* Nothing runs in a TD that is being built: no need to block and track. */
	bool running = td->tdr->op_state == TD_RUNNABLE;
	enum sept_state state = sept_entry_state(walk->value);
	bool blocked = state == SEPT_BLOCKED || state == SEPT_PENDING_BLOCKED;
	u64 status;

	if (!blocked && state != SEPT_PRESENT && state != SEPT_PENDING) {
		sept_report_entry(call, walk);
		return TDX_EPT_ENTRY_STATE_INCORRECT | OPERAND_RCX;
	}
	status = page_get(call, walk->value & NPT_ADDRESS, OPERAND_RCX, PAGE_REG, LOCK_EXCLUSIVE,
			  page);
	if (status || !running)
		return status;
	if (!blocked) {
		sept_report_entry(call, walk);
		return TDX_GPA_RANGE_NOT_BLOCKED | OPERAND_RCX;
	}
	return tracking_done(td->tdcs, READ_ONCE(page->pamt->bepoch)) ?
		       TDX_SUCCESS :
		       TDX_TLB_TRACKING_NOT_DONE | OPERAND_RCX;
}

u64 leaf_TDH_MEM_PAGE_REMOVE(struct call *call)
{
	struct sept_walk walk;
	struct page page;
	struct td td;
	u64 status;

	status = get_entry(call, LOCK_SHARED, 0, &td, &walk);
	if (status)
		return status;
	status = get_removable_page(call, &td, &walk, &page);
	if (status) {
		sept_entry_unlock(&walk);
		return status;
	}

	sept_entry_set(&walk, sept_make_entry(0, SEPT_FREE));
	td_page_remove(call, &td, &page);
	call->reg[GPR_RCX] = page.pa;
	return TDX_SUCCESS;
}
