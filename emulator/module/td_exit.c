// SPDX-License-Identifier: GPL-2.0-only
/* Why a TD stopped, and what is to be done about it. */
#include "apic.h"
#include "cpuid.h"
#include "sept.h"
#include "shared_ept.h"
#include "stepping.h"
#include "td_entry.h"
#include "td_memory.h"

/* Nested faults in a row on pages that are mapped: other LPs may map some. */
#define MAX_SPURIOUS_FAULTS 1000

/* ModR/M behind 0F 01. */
#define MODRM_VMCALL 0xc1
#define MODRM_TDCALL 0xcc

#define CR8_TPR 0xfUL

void td_skip_instruction(struct vcpu *vcpu, u32 length)
{
	struct vmcb *vmcb = vcpu->vmcb;

	vmcb->save.rip += length;
	if (!vcpu_long_mode(vcpu))
		vmcb->save.rip = (u32)vmcb->save.rip;
	vmcb->control.int_state = 0;
}

/* An event that was on its way gives way to an exception, and comes again. */
static void requeue_event(struct vcpu *vcpu)
{
	u64 event = vcpu->vmcb->control.event_inject, vector = event & 0xff;

	if (!(event & SVM_EVENT_VALID))
		return;
	switch (event & SVM_EVENT_TYPE) {
	case SVM_EVENT_INTR:
		vcpu->tdvps->isr[vector / 64] &= ~BIT(vector % 64);
		vcpu->tdvps->irr[vector / 64] |= BIT(vector % 64);
		break;
	case SVM_EVENT_NMI:
		vcpu->tdvps->pending_nmi = true;
		break;
	default:
		break;
	}
}

void td_inject_exception(struct vcpu *vcpu, u8 vector, bool has_error_code, u32 error_code)
{
	requeue_event(vcpu);
	vcpu->vmcb->control.event_inject = SVM_EVENT_VALID | SVM_EVENT_EXCEPTION | vector |
					   (has_error_code ? SVM_EVENT_ERROR_CODE : 0) |
					   (u64)error_code << 32;
}

void td_inject_ve(struct vcpu *vcpu, const struct ve_info *info)
{
	/* The TD has not read about the last one: it can only be lost. */
	if (vcpu->tdvps->ve.valid) {
		td_inject_exception(vcpu, VECTOR_DF, true, 0);
		return;
	}
	vcpu->tdvps->ve = *info;
	vcpu->tdvps->ve.valid = true;
	td_inject_exception(vcpu, VECTOR_VE, false, 0);
}

/* An instruction that only the host can carry out: the TD asks it, if it wants. */
static enum td_next ve_for_instruction(struct call *call, struct vcpu *vcpu,
				       enum exit_reason reason)
{
	struct instruction insn;
	struct ve_info info = { .exit_reason = reason };

	if (!td_decode(call, vcpu, &insn))
		return TD_RESUME;
	info.instruction_length = insn.length;
	td_inject_ve(vcpu, &info);
	return TD_RESUME;
}

static enum td_next handle_interrupt(struct call *call, struct vcpu *vcpu, struct td_exit *exit)
{
	int vector = call->platform->acknowledge_interrupt();

	if (vector < 0)
		return TD_RESUME;
	/* As the CPU does it: entering again takes what is posted. */
	if (apic_is_notification(vcpu, vector)) {
		call->platform->end_interrupt();
		return TD_RESUME;
	}
	exit->status = EXIT_REASON_EXTERNAL_INTERRUPT;
	exit->interrupt_info = INTERRUPT_INFO_VALID | (u64)vector;
	return TD_EXIT;
}

static enum td_next handle_nmi(struct td_exit *exit)
{
	exit->status = EXIT_REASON_EXCEPTION_NMI;
	exit->interrupt_info = INTERRUPT_INFO_VALID | INTERRUPT_INFO_NMI | 2;
	return TD_EXIT;
}

static enum td_next handle_shutdown(struct call *call, struct vcpu *vcpu, struct td_exit *exit)
{
	const struct vmcb *vmcb = vcpu->vmcb;

	log_line(
		call,
		"a vCPU shut down: rip %lx rsp %lx cs %x rflags %lx cr0 %lx cr2 %lx cr3 %lx cr4 %lx efer %lx idt %lx",
		vmcb->save.rip, vmcb->save.rsp, vmcb->save.cs.selector, vmcb->save.rflags,
		vmcb->save.cr0, vmcb->save.cr2, vmcb->save.cr3, vmcb->save.cr4, vmcb->save.efer,
		vmcb->save.idtr.base);
	vcpu->tdvps->state = VCPU_DISABLED;
	exit->status = TDX_NON_RECOVERABLE_VCPU | EXIT_REASON_TRIPLE_FAULT;
	return TD_EXIT;
}

static enum td_next handle_cpuid(struct call *call, struct vcpu *vcpu)
{
	u32 leaf = vcpu->vmcb->save.rax, subleaf = vcpu_gpr_get(vcpu, GPR_RCX);
	struct instruction insn;
	struct cpuid_result v;

	if (!cpuid_lookup(tdcs_page(call, &vcpu->td, TDCS_CPUID), leaf, subleaf, &v))
		return ve_for_instruction(call, vcpu, EXIT_REASON_CPUID);
	if (!td_decode(call, vcpu, &insn))
		return TD_RESUME;

	if (leaf == 1) {
		v.ebx |= vcpu->tdvps->x2apic_id << 24;
		if (vcpu->vmcb->save.cr4 & X86_CR4_OSXSAVE)
			v.ecx |= CPUID_1_ECX_OSXSAVE;
	} else if (leaf == 7 && !subleaf) {
		if (vcpu->vmcb->save.cr4 & X86_CR4_PKE)
			v.ecx |= CPUID_7_ECX_OSPKE;
	} else if (leaf == 0x1f) {
		v.edx = vcpu->tdvps->x2apic_id;
	}
	vcpu_gpr_set(vcpu, GPR_RAX, v.eax);
	vcpu_gpr_set(vcpu, GPR_RBX, v.ebx);
	vcpu_gpr_set(vcpu, GPR_RCX, v.ecx);
	vcpu_gpr_set(vcpu, GPR_RDX, v.edx);
	td_skip_instruction(vcpu, insn.length);
	return TD_RESUME;
}

static enum td_next handle_rdtsc(struct call *call, struct vcpu *vcpu, bool with_aux)
{
	struct instruction insn;
	u64 tsc = td_read_tsc(call, vcpu);

	if (!td_decode(call, vcpu, &insn))
		return TD_RESUME;
	vcpu_gpr_set(vcpu, GPR_RAX, (u32)tsc);
	vcpu_gpr_set(vcpu, GPR_RDX, tsc >> 32);
	if (with_aux)
		vcpu_gpr_set(vcpu, GPR_RCX, (u32)vcpu->tdvps->tsc_aux);
	td_skip_instruction(vcpu, insn.length);
	return TD_RESUME;
}

/* As VMX has it: size, direction, string, REP, port. */
static u64 io_qualification(u64 info)
{
	u64 size = (info >> SVM_IOIO_SIZE_SHIFT) & 7; /* 1, 2, 4 */

	return (size - 1) | (info & SVM_IOIO_IN ? BIT(3) : 0) |
	       (info & SVM_IOIO_STRING ? BIT(4) : 0) | (info & SVM_IOIO_REP ? BIT(5) : 0) |
	       (info >> SVM_IOIO_PORT_SHIFT & 0xffff) << 16;
}

/* The only exit that tells where the next instruction is. */
static enum td_next handle_io(struct vcpu *vcpu)
{
	struct ve_info info = {
		.exit_reason = EXIT_REASON_IO,
		.exit_qualification = io_qualification(vcpu->vmcb->control.exit_info_1),
		.instruction_length = vcpu->vmcb->control.exit_info_2 - vcpu->vmcb->save.rip,
	};

	td_inject_ve(vcpu, &info);
	return TD_RESUME;
}

/* XCR0 stays what XFAM says; the TD may ask for no more than that. */
static enum td_next handle_xsetbv(struct call *call, struct vcpu *vcpu)
{
	u64 value = vcpu_gpr_get(vcpu, GPR_RDX) << 32 | (u32)vcpu->vmcb->save.rax;
	struct instruction insn;

	if (vcpu->vmcb->save.cpl || (u32)vcpu_gpr_get(vcpu, GPR_RCX) || !(value & 1) ||
	    (value & ~vcpu->td.tdcs->xfam)) {
		td_inject_exception(vcpu, VECTOR_GP, true, 0);
		return TD_RESUME;
	}
	if (td_decode(call, vcpu, &insn))
		td_skip_instruction(vcpu, insn.length);
	return TD_RESUME;
}

/* MOV to CR8 sets the virtual APIC's task priority; AMD's way by LOCK is not Intel's. */
static enum td_next handle_write_cr8(struct call *call, struct vcpu *vcpu)
{
	struct instruction insn;
	u64 value;

	if (!td_decode(call, vcpu, &insn))
		return TD_RESUME;
	value = vcpu_gpr_get(vcpu, insn.rm);
	if (insn.lock)
		td_inject_exception(vcpu, VECTOR_UD, false, 0);
	else if (value & ~CR8_TPR)
		td_inject_exception(vcpu, VECTOR_GP, true, 0);
	else {
		apic_write_cr8(vcpu, value);
		td_skip_instruction(vcpu, insn.length);
	}
	return TD_RESUME;
}

/* TDCALL is no instruction of this CPU, which says so. */
static enum td_next handle_invalid_opcode(struct call *call, struct vcpu *vcpu,
					  struct td_exit *exit)
{
	struct instruction insn;

	/* The CPU needs no more than the opcode to refuse an instruction. */
	if (!td_decode(call, vcpu, &insn) && !insn.opcode_end)
		return TD_RESUME;
	if (insn.map == OPCODE_0F && insn.opcode == 0x01 && insn.has_modrm) {
		if (insn.modrm == MODRM_TDCALL && insn.prefix == PREFIX_66) {
			if (vcpu_long_mode(vcpu) && !vcpu->vmcb->save.cpl)
				return td_handle_tdcall(call, vcpu, insn.length, exit);
			td_inject_exception(vcpu, VECTOR_GP, true, 0);
			return TD_RESUME;
		}
		if (insn.modrm == MODRM_VMCALL)
			return ve_for_instruction(call, vcpu, EXIT_REASON_VMCALL);
	}
	td_inject_exception(vcpu, VECTOR_UD, false, 0);
	return TD_RESUME;
}

/* The host gets the page's address only. */
static void ept_violation(u64 gpa, u64 qualification, u64 extended, struct td_exit *exit)
{
	exit->status = EXIT_REASON_EPT_VIOLATION;
	exit->qualification = qualification;
	exit->extended_qualification = extended;
	exit->gpa = gpa & PAGE_MASK;
}

static enum td_next private_violation(struct vcpu *vcpu, u64 gpa, u64 qualification, u64 extended,
				      struct td_exit *exit)
{
	stepping_note_fault(vcpu, gpa & PAGE_MASK);
	ept_violation(gpa, qualification, extended, exit);
	return TD_EXIT;
}

enum td_next td_private_fault(struct call *call, struct vcpu *vcpu, u64 gpa, u64 qualification,
			      struct td_exit *exit)
{
	struct sept_walk walk;

	if (!sept_walk(call, &vcpu->td, gpa, 0, &walk))
		return private_violation(vcpu, gpa, qualification, 0, exit);

	switch (sept_entry_state(walk.value)) {
	case SEPT_PRESENT:
		/* It came meanwhile, or its root entry is newer than our copy. */
		return TD_RESUME;
	case SEPT_PENDING:
		if (!(vcpu->td.tdcs->attributes & TD_ATTRIBUTES_SEPT_VE_DISABLE)) {
			struct ve_info info = {
				.exit_reason = EXIT_REASON_EPT_VIOLATION,
				.exit_qualification = qualification,
				.gla = td_linear_address(call, vcpu, gpa),
				.gpa = gpa,
			};

			td_inject_ve(vcpu, &info);
			return TD_RESUME;
		}
		return private_violation(vcpu, gpa, qualification, EXTENDED_QUALIFICATION_PENDING,
					 exit);
	default:
		return private_violation(vcpu, gpa, qualification, 0, exit);
	}
}

static enum td_next handle_shared_fault(struct call *call, struct vcpu *vcpu, u64 gpa,
					u64 qualification, struct td_exit *exit)
{
	struct ve_info info = {
		.exit_reason = EXIT_REASON_EPT_VIOLATION,
		.exit_qualification = qualification,
		.gpa = gpa,
	};
	u64 permissions;

	switch (shared_fault(call, vcpu, gpa, qualification & EPT_VIOLATION_WRITE, &permissions)) {
	case SHARED_FAULT_MAPPED:
		return TD_RESUME;
	case SHARED_FAULT_TD:
		info.gla = td_linear_address(call, vcpu, gpa);
		td_inject_ve(vcpu, &info);
		return TD_RESUME;
	default:
		qualification |= permissions << EPT_VIOLATION_PERMISSIONS_SHIFT;
		ept_violation(gpa, qualification, 0, exit);
		return TD_EXIT;
	}
}

static enum td_next handle_nested_fault(struct call *call, struct vcpu *vcpu, struct td_exit *exit)
{
	u64 error = vcpu->vmcb->control.exit_info_1, gpa = vcpu->vmcb->control.exit_info_2,
	    qualification;
	enum td_next next;

	if (error & SVM_NPF_FETCH)
		qualification = EPT_VIOLATION_FETCH;
	else
		qualification = error & SVM_NPF_WRITE ? EPT_VIOLATION_WRITE : EPT_VIOLATION_READ;

	if (gpa & td_shared_bit(&vcpu->td)) {
		/* A TD runs no code from memory that is not its own. */
		if (qualification == EPT_VIOLATION_FETCH) {
			td_inject_exception(vcpu, VECTOR_GP, true, 0);
			return TD_RESUME;
		}
		return handle_shared_fault(call, vcpu, gpa, qualification, exit);
	}

	next = td_private_fault(call, vcpu, gpa, qualification, exit);
	/* Fault after fault on a page that is mapped would be for ever. */
	if (next == TD_RESUME && !(vcpu->vmcb->control.event_inject & SVM_EVENT_VALID)) {
		invariant(call, vcpu->tdvps->spurious_faults < MAX_SPURIOUS_FAULTS);
		vcpu->tdvps->spurious_faults++;
	} else {
		vcpu->tdvps->spurious_faults = 0;
	}
	return next;
}

enum td_next td_handle_exit(struct call *call, struct vcpu *vcpu, struct td_exit *exit)
{
	u64 code = vcpu->vmcb->control.exit_code;

	if (code != SVM_EXIT_NPF)
		vcpu->tdvps->spurious_faults = 0;

	switch (code) {
	case SVM_EXIT_WRITE_CR0:
		return td_handle_write_cr(call, vcpu, 0);
	case SVM_EXIT_WRITE_CR4:
		return td_handle_write_cr(call, vcpu, 4);
	case SVM_EXIT_WRITE_CR8:
		return handle_write_cr8(call, vcpu);
	case SVM_EXIT_INTR:
		return handle_interrupt(call, vcpu, exit);
	case SVM_EXIT_NMI:
		return handle_nmi(exit);
	case SVM_EXIT_SHUTDOWN:
		return handle_shutdown(call, vcpu, exit);
	case SVM_EXIT_NPF:
		return handle_nested_fault(call, vcpu, exit);
	case SVM_EXIT_EXCEPTION(VECTOR_UD):
		return handle_invalid_opcode(call, vcpu, exit);
	case SVM_EXIT_VINTR:
		/* The TD became interruptible: entering again injects. */
		return TD_RESUME;
	case SVM_EXIT_CPUID:
		return handle_cpuid(call, vcpu);
	case SVM_EXIT_MSR:
		return td_handle_msr(call, vcpu, vcpu->vmcb->control.exit_info_1 & 1);
	case SVM_EXIT_RDTSC:
		return handle_rdtsc(call, vcpu, false);
	case SVM_EXIT_RDTSCP:
		return handle_rdtsc(call, vcpu, true);
	case SVM_EXIT_XSETBV:
		return handle_xsetbv(call, vcpu);
	case SVM_EXIT_IOIO:
		return handle_io(vcpu);
	case SVM_EXIT_HLT:
		return ve_for_instruction(call, vcpu, EXIT_REASON_HLT);
	case SVM_EXIT_RDPMC:
		/* No TD here has ATTRIBUTES.PERFMON. */
		td_inject_exception(vcpu, VECTOR_GP, true, 0);
		return TD_RESUME;
	case SVM_EXIT_INVD:
		return ve_for_instruction(call, vcpu, EXIT_REASON_INVD);
	case SVM_EXIT_WBINVD:
		return ve_for_instruction(call, vcpu, EXIT_REASON_WBINVD);
	case SVM_EXIT_MONITOR:
		return ve_for_instruction(call, vcpu, EXIT_REASON_MONITOR);
	case SVM_EXIT_MWAIT:
		return ve_for_instruction(call, vcpu, EXIT_REASON_MWAIT);
	case SVM_EXIT_INVLPGA:
	case SVM_EXIT_VMRUN:
	case SVM_EXIT_VMMCALL:
	case SVM_EXIT_VMLOAD:
	case SVM_EXIT_VMSAVE:
	case SVM_EXIT_STGI:
	case SVM_EXIT_CLGI:
	case SVM_EXIT_SKINIT:
		/* SVM is not there for the TD. */
		td_inject_exception(vcpu, VECTOR_UD, false, 0);
		return TD_RESUME;
	case SVM_EXIT_SMI:
	case SVM_EXIT_INIT:
		/* Both stay pending, and the platform takes them. */
		return TD_RESUME;
	default:
		log_line(call, "not modelled: TD exit %lx, info %lx %lx, rip %lx", code,
			 vcpu->vmcb->control.exit_info_1, vcpu->vmcb->control.exit_info_2,
			 vcpu->vmcb->save.rip);
		return handle_shutdown(call, vcpu, exit);
	}
}
