// SPDX-License-Identifier: GPL-2.0-only
/* TDCALL: what a TD asks of the module. */
#include "metadata.h"
#include "sept.h"
#include "td_entry.h"

#define REPORT_ALIGNMENT      1024UL
#define REPORT_DATA_ALIGNMENT 64UL

/* Registers that a TD may pass to its host: not RAX, RCX and RSP. */
#define VMCALL_FORBIDDEN     (BIT(GPR_RAX) | BIT(GPR_RCX) | BIT(GPR_RSP))
#define VMCALL_MASK_GPRS     GENMASK(15, 0)
#define VMCALL_MASK_RESERVED GENMASK(63, 32)

#define VP_INFO_SYS_RD BIT(0)

/* What a leaf did: done with a status, or the TD has to exit (or fault) first. */
struct tdcall {
	struct call *call;
	struct vcpu *vcpu;
	struct td_exit *exit;
	enum td_next next;
	bool again; /* the TD executes the TDCALL again */
};

static u64 tdcall_get(const struct tdcall *tdcall, enum seam_gpr i)
{
	return vcpu_gpr_get(tdcall->vcpu, i);
}

static void tdcall_set(struct tdcall *tdcall, enum seam_gpr i, u64 value)
{
	vcpu_gpr_set(tdcall->vcpu, i, value);
}

static u64 tdg_vp_vmcall(struct tdcall *tdcall)
{
	u64 mask = tdcall_get(tdcall, GPR_RCX), forbidden = VMCALL_FORBIDDEN;

	if (tdcall->vcpu->td.tdcs->config_flags & TD_CONFIG_NO_RBP_MOD)
		forbidden |= BIT(GPR_RBP);
	if (mask & (forbidden | VMCALL_MASK_RESERVED))
		return TDX_OPERAND_INVALID | OPERAND_RCX;

	tdcall->vcpu->tdvps->in_vmcall = true;
	tdcall->vcpu->tdvps->vmcall_mask = mask;
	tdcall->exit->status = EXIT_REASON_TDCALL;
	tdcall->exit->vmcall = true;
	tdcall->next = TD_EXIT;
	return TDX_SUCCESS;
}

void td_vmcall_to_host(struct call *call, const struct vcpu *vcpu)
{
	u64 mask = vcpu->tdvps->vmcall_mask;

	call->reg[GPR_RCX] = mask;
	for (u32 i = 0; i < GPR_COUNT; i++)
		if (mask & VMCALL_MASK_GPRS & BIT(i))
			call->reg[i] = vcpu_gpr_get(vcpu, i);
}

void td_vmcall_from_host(struct call *call, struct vcpu *vcpu)
{
	u64 mask = vcpu->tdvps->vmcall_mask;

	vcpu->tdvps->in_vmcall = false;
	for (u32 i = 0; i < GPR_COUNT; i++)
		if (mask & VMCALL_MASK_GPRS & BIT(i))
			vcpu_gpr_set(vcpu, i, call->reg[i]);
	vcpu_gpr_set(vcpu, GPR_RAX, TDX_SUCCESS);
}

static u64 tdg_vp_info(struct tdcall *tdcall)
{
	const struct tdcs *tdcs = tdcall->vcpu->td.tdcs;

	tdcall_set(tdcall, GPR_RCX, tdcs->gpa_width);
	tdcall_set(tdcall, GPR_RDX, tdcs->attributes);
	tdcall_set(tdcall, GPR_R8, tdcs->num_vcpus | (u64)tdcs->max_vcpus << 32);
	tdcall_set(tdcall, GPR_R9, tdcall->vcpu->tdvps->index);
	tdcall_set(tdcall, GPR_R10, VP_INFO_SYS_RD);
	tdcall_set(tdcall, GPR_R11, 0);
	return TDX_SUCCESS;
}

static u64 tdg_vp_veinfo_get(struct tdcall *tdcall)
{
	struct ve_info *ve = &tdcall->vcpu->tdvps->ve;

	if (!ve->valid)
		return TDX_NO_VALID_VE_INFO;
	ve->valid = false;
	tdcall_set(tdcall, GPR_RCX, ve->exit_reason);
	tdcall_set(tdcall, GPR_RDX, ve->exit_qualification);
	tdcall_set(tdcall, GPR_R8, ve->gla);
	tdcall_set(tdcall, GPR_R9, ve->gpa);
	tdcall_set(tdcall, GPR_R10, (u64)ve->instruction_info << 32 | ve->instruction_length);
	return TDX_SUCCESS;
}

/*
 * Private memory that an operand points to: @size bytes, aligned to no less. Memory
 * that is not mapped is a fault, as it would be for an instruction.
 */
static u64 operand_memory(struct tdcall *tdcall, enum seam_gpr i, enum tdx_operand operand,
			  u64 alignment, bool write, void **memory)
{
	u64 gpa = tdcall_get(tdcall, i);
	u8 *page;

	if (!IS_ALIGNED(gpa, alignment) || gpa >= td_shared_bit(&tdcall->vcpu->td))
		return TDX_OPERAND_INVALID | operand;
	page = sept_private_page(tdcall->call, &tdcall->vcpu->td, gpa);
	if (!page) {
		tdcall->next = td_private_fault(tdcall->call, tdcall->vcpu, gpa,
						write ? EPT_VIOLATION_WRITE : EPT_VIOLATION_READ,
						tdcall->exit);
		tdcall->again = true;
		return TDX_SUCCESS;
	}
	*memory = page + (gpa & (PAGE_SIZE - 1));
	return TDX_SUCCESS;
}

static u64 tdg_mr_report(struct tdcall *tdcall)
{
	void *report, *data;
	u64 status;

	/* R8 is the report's subtype; there is one. */
	if (tdcall_get(tdcall, GPR_R8))
		return TDX_OPERAND_INVALID | OPERAND_R8;
	status = operand_memory(tdcall, GPR_RCX, OPERAND_RCX, REPORT_ALIGNMENT, true, &report);
	if (status || tdcall->again)
		return status;
	status = operand_memory(tdcall, GPR_RDX, OPERAND_RDX, REPORT_DATA_ALIGNMENT, false, &data);
	if (status || tdcall->again)
		return status;
	td_report(tdcall->call, tdcall->vcpu, data, report);
	return TDX_SUCCESS;
}

static u64 tdg_mr_rtmr_extend(struct tdcall *tdcall)
{
	u64 i = tdcall_get(tdcall, GPR_RDX), status;
	void *data;

	status = operand_memory(tdcall, GPR_RCX, OPERAND_RCX, REPORT_DATA_ALIGNMENT, false, &data);
	if (status || tdcall->again)
		return status;
	if (i >= NUM_RTMRS)
		return TDX_OPERAND_INVALID | OPERAND_RDX;
	if (!lock_acquire(tdcall->call, &tdcall->vcpu->td.tdcs->measurement_lock, LOCK_EXCLUSIVE))
		return TDX_OPERAND_BUSY | OPERAND_TDCS;
	td_rtmr_extend(tdcall->call, tdcall->vcpu, i, data);
	lock_release(tdcall->call, &tdcall->vcpu->td.tdcs->measurement_lock);
	return TDX_SUCCESS;
}

/* The host is to give a page of the size that the TD wants to accept. */
static u64 accept_fault(struct tdcall *tdcall, u64 gpa, u64 extended)
{
	*tdcall->exit = (struct td_exit){
		.status = EXIT_REASON_EPT_VIOLATION,
		.qualification = EPT_VIOLATION_WRITE,
		.extended_qualification = extended,
		.gpa = gpa & PAGE_MASK,
	};
	tdcall->next = TD_EXIT;
	tdcall->again = true;
	return TDX_SUCCESS;
}

static u64 accept_violation(struct tdcall *tdcall, const struct gpa_operand *operand,
			    const struct sept_walk *walk)
{
	u64 extended = EXTENDED_QUALIFICATION_ACCEPT | (u64)operand->level << 32 |
		       (u64)walk->level << 35;

	/* The state of an entry counts on the level that was asked for. */
	if (walk->level == operand->level)
		extended |= sept_level_state(walk) >> 8 << 38;
	return accept_fault(tdcall, operand->gpa, extended);
}

/* Without the tree's lock: no secure EPT page goes while the TD runs. */
static u64 tdg_mem_page_accept(struct tdcall *tdcall)
{
	struct call *call = tdcall->call;
	const struct td *td = &tdcall->vcpu->td;
	struct gpa_operand operand;
	struct sept_walk walk;
	u64 status;

	status = gpa_operand_get(td, tdcall_get(tdcall, GPR_RCX), 0, 1, &operand);
	if (status)
		return status;
	if (!sept_walk(call, td, operand.gpa, operand.level, &walk))
		return accept_violation(tdcall, &operand, &walk);
	status = sept_entry_lock(call, &walk, false);
	if (status)
		return status;

	switch (sept_entry_state(walk.value)) {
	case SEPT_PENDING:
		__builtin_memset(pointer(call, walk.value & NPT_ADDRESS), 0, PAGE_SIZE);
		sept_entry_set(&walk, sept_make_entry(walk.value, SEPT_PRESENT));
		return TDX_SUCCESS;
	case SEPT_PRESENT:
		sept_entry_unlock(&walk);
		return TDX_PAGE_ALREADY_ACCEPTED | walk.level;
	case SEPT_NL_MAPPED:
	case SEPT_NL_BLOCKED:
		sept_entry_unlock(&walk);
		return TDX_PAGE_SIZE_MISMATCH | walk.level;
	default:
		sept_entry_unlock(&walk);
		return accept_violation(tdcall, &operand, &walk);
	}
}

static u64 tdg_vm_rd(struct tdcall *tdcall)
{
	u64 value, status;

	/* RCX would name another TD, which this one served. */
	if (tdcall_get(tdcall, GPR_RCX))
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	status = td_field_read(tdcall->call, &tdcall->vcpu->td, tdcall_get(tdcall, GPR_RDX), false,
			       &value);
	tdcall_set(tdcall, GPR_R8, value);
	return status;
}

static u64 tdg_vm_wr(struct tdcall *tdcall)
{
	u64 value = tdcall_get(tdcall, GPR_R8), status;

	if (tdcall_get(tdcall, GPR_RCX))
		return TDX_OPERAND_INVALID | OPERAND_RCX;
	status = td_field_write(tdcall->call, &tdcall->vcpu->td, tdcall_get(tdcall, GPR_RDX),
				&value, tdcall_get(tdcall, GPR_R9));
	tdcall_set(tdcall, GPR_R8, value);
	return status;
}

static u64 tdg_vp_rd(struct tdcall *tdcall)
{
	u64 value = 0, status;

	status = vcpu_field_read(tdcall->vcpu, tdcall_get(tdcall, GPR_RDX), &value);
	/* What the host wrote is the host's business; what is the TD's, the TD knows. */
	if (!status)
		status = TDX_METADATA_FIELD_NOT_READABLE;
	tdcall_set(tdcall, GPR_R8, 0);
	return status;
}

static u64 tdg_vp_wr(struct tdcall *tdcall)
{
	u64 value, status;

	status = vcpu_field_read(tdcall->vcpu, tdcall_get(tdcall, GPR_RDX), &value);
	tdcall_set(tdcall, GPR_R8, 0);
	return status == TDX_METADATA_FIELD_ID_INCORRECT ? status : TDX_METADATA_FIELD_NOT_WRITABLE;
}

static u64 tdg_sys_rd(struct tdcall *tdcall)
{
	u64 value, next, status;

	status = sys_field_read(tdcall->call, tdcall_get(tdcall, GPR_RDX), &value, &next);
	tdcall_set(tdcall, GPR_R8, value);
	tdcall_set(tdcall, GPR_RDX, next);
	return status;
}

static u64 tdcall_dispatch(struct tdcall *tdcall)
{
	u64 rax = tdcall_get(tdcall, GPR_RAX);

	if ((rax & (SEAMCALL_RESERVED_MASK | BIT(63))) || seamcall_version(rax))
		return TDX_OPERAND_INVALID | OPERAND_RAX;
	switch (seamcall_leaf(rax)) {
	case TDG_VP_VMCALL:
		return tdg_vp_vmcall(tdcall);
	case TDG_VP_INFO:
		return tdg_vp_info(tdcall);
	case TDG_MR_RTMR_EXTEND:
		return tdg_mr_rtmr_extend(tdcall);
	case TDG_VP_VEINFO_GET:
		return tdg_vp_veinfo_get(tdcall);
	case TDG_MR_REPORT:
		return tdg_mr_report(tdcall);
	case TDG_MEM_PAGE_ACCEPT:
		return tdg_mem_page_accept(tdcall);
	case TDG_VM_RD:
		return tdg_vm_rd(tdcall);
	case TDG_VM_WR:
		return tdg_vm_wr(tdcall);
	case TDG_VP_RD:
		return tdg_vp_rd(tdcall);
	case TDG_VP_WR:
		return tdg_vp_wr(tdcall);
	case TDG_SYS_RD:
		return tdg_sys_rd(tdcall);
	default:
		log_line(tdcall->call, "not modelled: TDCALL leaf %u", seamcall_leaf(rax));
		return TDX_OPERAND_INVALID | OPERAND_RAX;
	}
}

enum td_next td_handle_tdcall(struct call *call, struct vcpu *vcpu, u32 length,
			      struct td_exit *exit)
{
	struct tdcall tdcall = {
		.call = call,
		.vcpu = vcpu,
		.exit = exit,
		.next = TD_RESUME,
	};
	u64 leaf = call->leaf, status;

	call->leaf = SEAMCALL_TDCALL | seamcall_leaf(tdcall_get(&tdcall, GPR_RAX));
	status = tdcall_dispatch(&tdcall);
	call->leaf = leaf;
	if (tdcall.again)
		return tdcall.next;
	vcpu_gpr_set(vcpu, GPR_RAX, status);
	vcpu->vmcb->save.rflags &= ~X86_RFLAGS_ARITHMETIC;
	td_skip_instruction(vcpu, length);
	return tdcall.next;
}
