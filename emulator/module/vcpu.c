// SPDX-License-Identifier: GPL-2.0-only
/* vCPUs: CREATE, ADDCX, INIT, FLUSH, and which LP has which. */
#include "metadata.h"
#include "shared_ept.h"
#include "vcpu.h"

u64 vcpu_gpr_get(const struct vcpu *vcpu, u32 i)
{
	switch (i) {
	case GPR_RAX:
		return vcpu->vmcb->save.rax;
	case GPR_RSP:
		return vcpu->vmcb->save.rsp;
	default:
		return vcpu->tdvps->gprs.reg[i];
	}
}

void vcpu_gpr_set(struct vcpu *vcpu, u32 i, u64 value)
{
	switch (i) {
	case GPR_RAX:
		vcpu->vmcb->save.rax = value;
		break;
	case GPR_RSP:
		vcpu->vmcb->save.rsp = value;
		break;
	default:
		vcpu->tdvps->gprs.reg[i] = value;
	}
}

/* A vCPU's pages are its TD's; the TDVPR's PAMT entry tells which that is. */
u64 vcpu_get_locked(struct call *call, u64 tdvpr_pa, enum tdx_operand operand, enum lock_mode mode,
		    enum lock_mode tdr_mode, u32 op_states, struct vcpu *vcpu)
{
	struct page page;
	u64 status;

	status = page_get(call, tdvpr_pa, operand, PAGE_TDVPR, mode, &page);
	if (status)
		return status;
	vcpu->tdvpr_pa = tdvpr_pa;
	vcpu->tdvps = pointer(call, tdvpr_pa);
	vcpu->vmcb = vcpu->tdvps->num_tdcx == TDVPS_NUM_TDCX ? tdvps_page(call, vcpu, TDVPS_VMCB) :
							       NULL;
	return td_get_locked(call, pamt_owner(page.pamt), OPERAND_TDR, tdr_mode, LOCK_SHARED,
			     op_states, &vcpu->td);
}

u64 vcpu_associate(struct call *call, struct vcpu *vcpu)
{
	u32 lp = LP_NONE;

	/* The TDVPR may be locked shared: two LPs may want the vCPU. */
	if (!__atomic_compare_exchange_n(&vcpu->tdvps->associated_lp, &lp, call->cpu->lp, false,
					 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return lp == call->cpu->lp ? TDX_SUCCESS : TDX_VCPU_ASSOCIATED;
	__atomic_fetch_add(&vcpu->td.tdcs->num_associated_vcpus, 1, __ATOMIC_SEQ_CST);
	return TDX_SUCCESS;
}

u64 leaf_TDH_VP_CREATE(struct call *call)
{
	struct tdvps *tdvps;
	struct page page;
	struct td td;
	u64 status;

	status = td_get(call, call->reg[GPR_RDX], OPERAND_RDX, OP_INITIALIZED, &td);
	if (status)
		return status;
	status = page_get(call, call->reg[GPR_RCX], OPERAND_RCX, PAGE_NDA, LOCK_EXCLUSIVE, &page);
	if (status)
		return status;

	td_page_add(call, &td, &page, PAGE_TDVPR);
	tdvps = pointer(call, page.pa);
	__builtin_memset(tdvps, 0, PAGE_SIZE);
	tdvps->associated_lp = LP_NONE;
	return TDX_SUCCESS;
}

u64 leaf_TDH_VP_ADDCX(struct call *call)
{
	struct vcpu vcpu;
	struct page page;
	u64 status;

	status = vcpu_get(call, call->reg[GPR_RDX], OPERAND_RDX, LOCK_EXCLUSIVE, OP_INITIALIZED,
			  &vcpu);
	if (status)
		return status;
	if (vcpu.tdvps->state != VCPU_UNINITIALIZED)
		return TDX_VCPU_STATE_INCORRECT;
	if (vcpu.tdvps->num_tdcx == TDVPS_NUM_TDCX)
		return TDX_TDCX_NUM_INCORRECT;
	status = page_get(call, call->reg[GPR_RCX], OPERAND_RCX, PAGE_NDA, LOCK_EXCLUSIVE, &page);
	if (status)
		return status;

	td_page_add(call, &vcpu.td, &page, PAGE_TDCX);
	__builtin_memset(pointer(call, page.pa), 0, PAGE_SIZE);
	vcpu.tdvps->tdcx_pa[vcpu.tdvps->num_tdcx++] = page.pa;
	return TDX_SUCCESS;
}

/* The TD's list of vCPUs takes one more. Version 0 gives no x2APIC ID: the index. */
static u64 number_vcpu(struct call *call, struct vcpu *vcpu, bool has_id, u32 x2apic_id)
{
	struct td_vcpus *vcpus = tdcs_page(call, &vcpu->td, TDCS_VCPUS);
	struct tdcs *tdcs = vcpu->td.tdcs;

	if (!lock_acquire(call, &tdcs->vcpu_lock, LOCK_EXCLUSIVE))
		return TDX_OPERAND_BUSY | OPERAND_TDCS;
	if (tdcs->num_vcpus == tdcs->max_vcpus)
		return TDX_MAX_VCPUS_EXCEEDED;
	if (!has_id) {
		x2apic_id = tdcs->num_vcpus;
		tdcs->topology_unknown = true;
	}
	for (u32 i = 0; i < tdcs->num_vcpus; i++)
		if (vcpus->x2apic_id[i] == x2apic_id)
			return TDX_X2APIC_ID_NOT_UNIQUE;

	vcpu->tdvps->index = tdcs->num_vcpus;
	vcpu->tdvps->x2apic_id = x2apic_id;
	vcpus->x2apic_id[tdcs->num_vcpus++] = x2apic_id;
	return TDX_SUCCESS;
}

u64 leaf_TDH_VP_INIT(struct call *call)
{
	u64 *reg = call->reg, x2apic_id = reg[GPR_R8], status;
	bool has_id = seamcall_version(reg[GPR_RAX]) >= 1;
	struct vcpu vcpu;

	status = vcpu_get_locked(call, reg[GPR_RCX], OPERAND_RCX, LOCK_EXCLUSIVE,
				 has_id ? LOCK_EXCLUSIVE : LOCK_SHARED, OP_INITIALIZED, &vcpu);
	if (status)
		return status;
	if (vcpu.tdvps->state != VCPU_UNINITIALIZED)
		return TDX_VCPU_STATE_INCORRECT;
	if (vcpu.tdvps->num_tdcx != TDVPS_NUM_TDCX)
		return TDX_TDCX_NUM_INCORRECT;
	if (has_id && x2apic_id >> 32)
		return TDX_OPERAND_INVALID | OPERAND_R8;
	status = number_vcpu(call, &vcpu, has_id, x2apic_id);
	if (status)
		return status;

	vcpu_init_state(call, &vcpu, reg[GPR_RDX]);
	vcpu.tdvps->state = VCPU_READY;
	/* It was no LP's until now, so this does not fail. */
	return vcpu_associate(call, &vcpu);
}

/* The LP forgets the vCPU, which may then enter the TD on another. */
u64 leaf_TDH_VP_FLUSH(struct call *call)
{
	struct vcpu vcpu;
	u64 status;

	status = vcpu_get(call, call->reg[GPR_RCX], OPERAND_RCX, LOCK_EXCLUSIVE, OP_BUILT, &vcpu);
	if (status)
		return status;
	if (vcpu.tdvps->associated_lp != call->cpu->lp)
		return TDX_VCPU_NOT_ASSOCIATED;

	shared_cache_drop(call, &vcpu);
	vcpu.tdvps->associated_lp = LP_NONE;
	__atomic_fetch_sub(&vcpu.td.tdcs->num_associated_vcpus, 1, __ATOMIC_SEQ_CST);
	return TDX_SUCCESS;
}

u64 leaf_TDH_VP_RD(struct call *call)
{
	u64 *reg = call->reg, status;
	struct vcpu vcpu;

	reg[GPR_R8] = 0;
	status = vcpu_get(call, reg[GPR_RCX], OPERAND_RCX, LOCK_SHARED, OP_BUILT, &vcpu);
	if (status)
		return status;
	if (vcpu.tdvps->state == VCPU_UNINITIALIZED)
		return TDX_VCPU_STATE_INCORRECT;
	status = vcpu_associate(call, &vcpu);
	if (status)
		return status;
	return vcpu_field_read(&vcpu, reg[GPR_RDX], &reg[GPR_R8]);
}

u64 leaf_TDH_VP_WR(struct call *call)
{
	u64 *reg = call->reg, value = reg[GPR_R8], status;
	struct vcpu vcpu;

	reg[GPR_R8] = 0;
	status = vcpu_get(call, reg[GPR_RCX], OPERAND_RCX, LOCK_SHARED, OP_BUILT, &vcpu);
	if (status)
		return status;
	if (vcpu.tdvps->state == VCPU_UNINITIALIZED)
		return TDX_VCPU_STATE_INCORRECT;
	status = vcpu_associate(call, &vcpu);
	if (status)
		return status;
	/* R8 returns the value before, which only a debuggable TD shows. */
	return vcpu_field_write(call, &vcpu, reg[GPR_RDX], value, reg[GPR_R9]);
}
