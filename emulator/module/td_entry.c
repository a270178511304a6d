// SPDX-License-Identifier: GPL-2.0-only
/* TDH.VP.ENTER: into the TD and, sooner or later, back to the host. */
#include "apic.h"
#include "cpuid.h"
#include "sept.h"
#include "shared_ept.h"
#include "stepping.h"
#include "td_entry.h"

/* RCX besides the TDVPR's address: hints that a host without L2 VMs leaves 0. */
#define ENTER_RECOVERABILITY_HINT BIT(52)
#define ENTER_RESUME_L1		  BIT(53)

/* All TDs share one: the TLB is flushed at each entry anyway. */
#define TD_ASID 2

#define CODE_SEGMENT 0xc9b /* present, 32 bits, execute and read, 4 GiB */
#define DATA_SEGMENT 0xc93
#define BUSY_TSS     0x08b

#define RESET_RIP	  0xfffffff0UL
#define RESET_CR0	  0x21UL /* PE, NE */
#define RESET_CR4	  0x40UL /* MCE; hosts' VMXE cannot be set here */
#define RESET_PAT	  0x0007040600070406UL
#define RESET_MXCSR	  0x1f80U
#define RESET_MISC_ENABLE 0x1UL

#define XSAVE_MXCSR_OFFSET 24

static const struct vmcb_segment flat_data = { .attributes = DATA_SEGMENT, .limit = 0xffffffff };

static void init_registers(struct call *call, struct vcpu *vcpu, u64 rcx)
{
	struct vmcb *vmcb = vcpu->vmcb;
	u64 *reg = vcpu->tdvps->gprs.reg;
	struct cpuid_result family_model;

	vmcb->save.cs = (struct vmcb_segment){ .attributes = CODE_SEGMENT, .limit = 0xffffffff };
	vmcb->save.ds = vmcb->save.es = vmcb->save.ss = vmcb->save.fs = vmcb->save.gs = flat_data;
	vmcb->save.tr = (struct vmcb_segment){ .attributes = BUSY_TSS, .limit = 0xffff };
	vmcb->save.gdtr.limit = 0xffff;
	vmcb->save.cr0 = RESET_CR0;
	vmcb->save.cr4 = RESET_CR4;
	vmcb->save.dr6 = X86_DR6_RESET;
	vmcb->save.dr7 = X86_DR7_RESET;
	vmcb->save.efer = EFER_SCE | EFER_LME | EFER_NXE | EFER_SVME;
	vmcb->save.rflags = 2;
	vmcb->save.rip = RESET_RIP;
	vmcb->save.guest_pat = RESET_PAT;

	reg[GPR_RBX] = vcpu->td.tdcs->gpa_width;
	reg[GPR_RCX] = rcx;
	if (cpuid_lookup(tdcs_page(call, &vcpu->td, TDCS_CPUID), 1, 0, &family_model))
		reg[GPR_RDX] = family_model.eax;
	reg[GPR_R8] = rcx;
	reg[GPR_RSI] = vcpu->tdvps->index;
}

static void init_controls(struct call *call, struct vcpu *vcpu)
{
	struct vmcb *vmcb = vcpu->vmcb;

	/*
	 * QEMU aborts when CR8 is written while an interrupt waits for its window: the
	 * virtual APIC takes it from there.
	 */
	vmcb->control.intercept_cr_write = INTERCEPT_CR0 | INTERCEPT_CR4 | INTERCEPT_CR8;
	vmcb->control.intercept_exceptions = BIT(VECTOR_UD) | BIT(VECTOR_MC);
	vmcb->control.intercept = INTERCEPT_INTR | INTERCEPT_NMI | INTERCEPT_SMI | INTERCEPT_INIT |
				  INTERCEPT_RDPMC | INTERCEPT_CPUID | INTERCEPT_INVD |
				  INTERCEPT_HLT | INTERCEPT_INVLPGA | INTERCEPT_IOIO |
				  INTERCEPT_MSR | INTERCEPT_SHUTDOWN | INTERCEPT_VMRUN |
				  INTERCEPT_VMMCALL | INTERCEPT_VMLOAD | INTERCEPT_VMSAVE |
				  INTERCEPT_STGI | INTERCEPT_CLGI | INTERCEPT_SKINIT |
				  INTERCEPT_WBINVD | INTERCEPT_MONITOR | INTERCEPT_MWAIT |
				  INTERCEPT_XSETBV;
	/* SVM offsets the counter but does not scale it: a scaled one is emulated. */
	if (vcpu->td.tdcs->tsc_multiplier != BIT(48))
		vmcb->control.intercept |= INTERCEPT_RDTSC | INTERCEPT_RDTSCP;
	vmcb->control.tsc_offset = vcpu->td.tdcs->tsc_offset;
	vmcb->control.asid = TD_ASID;
	vmcb->control.nested_control = SVM_NESTED_PAGING;
	vmcb->control.int_control = SVM_V_INTR_MASKING;
	vmcb->control.nested_cr3 = vcpu->tdvps->tdcx_pa[TDVPS_NPT_ROOT];
	vmcb->control.iopm_pa = call->platform->iopm_pa;
	vmcb->control.msrpm_pa = call->platform->msrpm_pa;
}

void vcpu_init_state(struct call *call, struct vcpu *vcpu, u64 rcx)
{
	u8 *xsave = tdvps_page(call, vcpu, TDVPS_XSAVE);
	u32 mxcsr = RESET_MXCSR;

	/* An XSAVE area of zeros is the initial state, but for MXCSR. */
	__builtin_memcpy(xsave + XSAVE_MXCSR_OFFSET, &mxcsr, sizeof(mxcsr));
	vcpu->tdvps->misc_enable = RESET_MISC_ENABLE;
	init_registers(call, vcpu, rcx);
	init_controls(call, vcpu);
}

static u64 epoch_enter(struct call *call, struct vcpu *vcpu)
{
	struct tdcs *tdcs = vcpu->td.tdcs;
	u64 status;

	/* Other vCPUs may enter at the same time, but no epoch may begin. */
	status = td_epoch_lock(call, tdcs, LOCK_SHARED);
	if (status)
		return status;
	vcpu->tdvps->epoch = tdcs->epoch;
	__atomic_fetch_add(&tdcs->epoch_vcpus[tdcs->epoch & 1], 1, __ATOMIC_SEQ_CST);
	lock_release(call, &tdcs->epoch_lock);
	return TDX_SUCCESS;
}

static void epoch_leave(struct call *call, struct vcpu *vcpu)
{
	u32 *count = &vcpu->td.tdcs->epoch_vcpus[vcpu->tdvps->epoch & 1];
	u32 before = __atomic_fetch_sub(count, 1, __ATOMIC_SEQ_CST);

	invariant(call, before);
}

/*
 * The nested page table's root is the vCPU's own, since its halves have different
 * owners. The private half is a copy of the secure EPT's root, whose entries only
 * ever come; one that came later is found at a fault.
 */
static void load_private_half(struct call *call, struct vcpu *vcpu)
{
	const u64 *from = tdcs_page(call, &vcpu->td, TDCS_SEPT_ROOT);
	u64 *to = tdvps_page(call, vcpu, TDVPS_NPT_ROOT);

	for (u32 i = 0; i < SEPT_ENTRIES / 2; i++)
		to[i] = READ_ONCE(from[i]) & ~(SEPT_LOCK | SEPT_HOST_PRIORITY);
}

/*
 * An event was on its way into the TD when it exited. Interrupts and NMIs would be
 * lost, and so would an exception that the module @injected: they are injected
 * again. An exception of the TD's own comes again with the instruction that raised it.
 *
 * The type of an interrupted event is not to be trusted: TCG calls each an exception.
 */
static void keep_interrupted_event(struct vcpu *vcpu, u64 injected)
{
	u64 event = vcpu->vmcb->control.exit_int_info, type = event & SVM_EVENT_TYPE;

	if (!(event & SVM_EVENT_VALID))
		return;
	if ((injected & SVM_EVENT_VALID) && (u8)injected == (u8)event)
		vcpu->vmcb->control.event_inject = injected;
	else if (type == SVM_EVENT_INTR || type == SVM_EVENT_NMI)
		vcpu->vmcb->control.event_inject = event;
}

static void run_once(struct call *call, struct vcpu *vcpu)
{
	struct tdvps *tdvps = vcpu->tdvps;
	struct vmcb *vmcb = vcpu->vmcb;
	struct seam_extended_state extended = {
		.xsave_pa = tdvps->tdcx_pa[TDVPS_XSAVE],
		.xfam = vcpu->td.tdcs->xfam,
		.tsc_aux = tdvps->tsc_aux,
	};
	u64 injected;

	__builtin_memcpy(extended.dr, tdvps->dr, sizeof(extended.dr));
	load_private_half(call, vcpu);
	shared_cache_use(call, vcpu);
	apic_prepare_entry(call, vcpu);

	/* Maps and page tables are where this module's platform has them. */
	vmcb->control.iopm_pa = call->platform->iopm_pa;
	vmcb->control.msrpm_pa = call->platform->msrpm_pa;
	vmcb->control.tlb_control = SVM_TLB_FLUSH_ALL;
	vmcb->control.clean_bits = 0;
	vmcb->control.exit_int_info = 0;
	injected = vmcb->control.event_inject;

	call->platform->vmrun(tdvps->tdcx_pa[TDVPS_VMCB], &tdvps->gprs, &extended);
	__builtin_memcpy(tdvps->dr, extended.dr, sizeof(tdvps->dr));

	vmcb->control.event_inject = 0;
	keep_interrupted_event(vcpu, injected);
}

static void report_exit(struct call *call, struct vcpu *vcpu, const struct td_exit *exit)
{
	u64 *reg = call->reg;

	/* Nothing of the TD is left in a register, but what the ABI passes on. */
	for (u32 i = 0; i < GPR_COUNT; i++)
		if (i != GPR_RAX && i != GPR_RSP && i != GPR_RBP)
			reg[i] = 0;
	if (exit->vmcall) {
		td_vmcall_to_host(call, vcpu);
		return;
	}
	reg[GPR_RCX] = exit->qualification;
	reg[GPR_RDX] = exit->extended_qualification;
	reg[GPR_R8] = exit->gpa;
	reg[GPR_R9] = exit->interrupt_info;
}

/* Other LPs do not wait for locks that this LP has while it runs a TD. */
static void set_running(struct call *call, u64 tdr_pa, u64 tdvpr_pa)
{
	struct running_vcpu *running = &call->module->running[call->cpu->lp];

	WRITE_ONCE(running->tdr_pa, tdr_pa);
	WRITE_ONCE(running->tdvpr_pa, tdvpr_pa);
}

static u64 check_tsc(const struct call *call, const struct tdvps *tdvps)
{
	s64 since_exit = call->platform->rdtsc() - tdvps->last_exit_tsc;

	return since_exit < 0 ? TDX_TSC_ROLLBACK : TDX_SUCCESS;
}

/* Until the host has to have a look. */
static void run(struct call *call, struct vcpu *vcpu, struct td_exit *exit)
{
	if (vcpu->tdvps->in_vmcall)
		td_vmcall_from_host(call, vcpu);
	set_running(call, vcpu->td.tdr_pa, vcpu->tdvpr_pa);
	do {
		run_once(call, vcpu);
	} while (td_handle_exit(call, vcpu, exit) == TD_RESUME);
	set_running(call, 0, 0);
	stepping_note_exit(vcpu);
	vcpu->tdvps->last_exit_tsc = call->platform->rdtsc();
}

u64 leaf_TDH_VP_ENTER(struct call *call)
{
	u64 rcx = call->reg[GPR_RCX], status;
	struct td_exit exit = { .status = TDX_SUCCESS };
	struct vcpu vcpu;

	status = vcpu_get(call, rcx & ~(ENTER_RECOVERABILITY_HINT | ENTER_RESUME_L1), OPERAND_RCX,
			  LOCK_SHARED, OP_RUNNABLE, &vcpu);
	if (status)
		return status;
	if (vcpu.tdvps->state != VCPU_READY)
		return TDX_VCPU_STATE_INCORRECT;
	status = vcpu_associate(call, &vcpu);
	if (!status)
		status = check_tsc(call, vcpu.tdvps);
	if (!status)
		status = epoch_enter(call, &vcpu);
	if (status)
		return status;

	status = stepping_filter(call, &vcpu, &exit);
	if (!status)
		run(call, &vcpu, &exit);
	epoch_leave(call, &vcpu);
	if (status & TDX_STATUS_ERROR)
		return status;
	report_exit(call, &vcpu, &exit);
	return exit.status;
}
