// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD's model-specific registers: some are the vCPU's own, and the rest is #VE, for
 * the TD to ask its host about.
 */
#include "apic.h"
#include "td_entry.h"
#include "td_memory.h"

#define MSR_TSC		   0x010
#define MSR_APIC_BASE	   0x01b
#define MSR_TSC_ADJUST	   0x03b
#define MSR_SYSENTER_CS	   0x174
#define MSR_SYSENTER_ESP   0x175
#define MSR_SYSENTER_EIP   0x176
#define MSR_MISC_ENABLE	   0x1a0
#define MSR_PAT		   0x277
#define MSR_XSS		   0xda0
#define MSR_EFER	   0xc0000080
#define MSR_STAR	   0xc0000081
#define MSR_LSTAR	   0xc0000082
#define MSR_CSTAR	   0xc0000083
#define MSR_SYSCALL_MASK   0xc0000084
#define MSR_FS_BASE	   0xc0000100
#define MSR_GS_BASE	   0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX	   0xc0000103

#define APIC_BASE_X2APIC 0xfee00c00UL
#define APIC_BASE_BSP	 BIT(8)

enum msr_result {
	MSR_DONE,
	MSR_INVALID, /* #GP */
	MSR_UNKNOWN, /* #VE */
};

u64 td_read_tsc(const struct call *call, const struct vcpu *vcpu)
{
	const struct tdcs *tdcs = vcpu->td.tdcs;

	return (u64)(((unsigned __int128)call->platform->rdtsc() * tdcs->tsc_multiplier) >> 48) +
	       tdcs->tsc_offset;
}

/* Registers that are nothing but storage. */
static u64 *msr_storage(struct vcpu *vcpu, u32 msr)
{
	struct vmcb *vmcb = vcpu->vmcb;

	switch (msr) {
	case MSR_SYSENTER_CS:
		return &vmcb->save.sysenter_cs;
	case MSR_SYSENTER_ESP:
		return &vmcb->save.sysenter_esp;
	case MSR_SYSENTER_EIP:
		return &vmcb->save.sysenter_eip;
	case MSR_PAT:
		return &vmcb->save.guest_pat;
	case MSR_STAR:
		return &vmcb->save.star;
	case MSR_LSTAR:
		return &vmcb->save.lstar;
	case MSR_CSTAR:
		return &vmcb->save.cstar;
	case MSR_SYSCALL_MASK:
		return &vmcb->save.sfmask;
	case MSR_FS_BASE:
		return &vmcb->save.fs.base;
	case MSR_GS_BASE:
		return &vmcb->save.gs.base;
	case MSR_KERNEL_GS_BASE:
		return &vmcb->save.kernel_gs_base;
	case MSR_TSC_AUX:
		return &vcpu->tdvps->tsc_aux;
	case MSR_MISC_ENABLE:
		return &vcpu->tdvps->misc_enable;
	case MSR_XSS:
		return &vcpu->tdvps->xss;
	case MSR_TSC_ADJUST:
		return &vcpu->tdvps->tsc_adjust;
	default:
		return NULL;
	}
}

static enum msr_result msr_read(struct call *call, struct vcpu *vcpu, u32 msr, u64 *value)
{
	const u64 *storage = msr_storage(vcpu, msr);

	if (storage) {
		*value = *storage;
		return MSR_DONE;
	}
	switch (msr) {
	case MSR_TSC:
		*value = td_read_tsc(call, vcpu);
		return MSR_DONE;
	case MSR_APIC_BASE:
		*value = APIC_BASE_X2APIC | (vcpu->tdvps->index ? 0 : APIC_BASE_BSP);
		return MSR_DONE;
	case MSR_EFER:
		*value = vcpu->vmcb->save.efer & ~EFER_SVME;
		return MSR_DONE;
	default:
		return apic_msr_read(vcpu, msr, value) ? MSR_DONE : MSR_UNKNOWN;
	}
}

static bool canonical(u64 address)
{
	return (u64)((s64)(address << 16) >> 16) == address;
}

static bool pat_valid(u64 pat)
{
	for (u32 i = 0; i < 8; i++, pat >>= 8)
		if ((pat & 0xff) > 7 || (pat & 0xff) == 2 || (pat & 0xff) == 3)
			return false;
	return true;
}

static bool msr_value_valid(u32 msr, u64 value)
{
	switch (msr) {
	case MSR_SYSENTER_ESP:
	case MSR_SYSENTER_EIP:
	case MSR_LSTAR:
	case MSR_CSTAR:
	case MSR_FS_BASE:
	case MSR_GS_BASE:
	case MSR_KERNEL_GS_BASE:
		return canonical(value);
	case MSR_PAT:
		return pat_valid(value);
	case MSR_XSS:
		/* XFAM has no supervisor state here. */
		return value == 0;
	case MSR_TSC_AUX:
	case MSR_SYSCALL_MASK:
		return value >> 32 == 0;
	default:
		return true;
	}
}

/* A TD may change SCE, and nothing else; LMA is read-only anyway. */
static enum msr_result efer_write(struct vcpu *vcpu, u64 value)
{
	u64 old = vcpu->vmcb->save.efer & ~EFER_SVME, ignored = EFER_SCE | EFER_LMA;

	if ((old ^ value) & ~ignored)
		return MSR_UNKNOWN;
	vcpu->vmcb->save.efer = (vcpu->vmcb->save.efer & ~EFER_SCE) | (value & EFER_SCE);
	return MSR_DONE;
}

static enum msr_result msr_write(struct vcpu *vcpu, u32 msr, u64 value)
{
	u64 *storage = msr_storage(vcpu, msr);

	switch (msr) {
	case MSR_MISC_ENABLE:
	case MSR_TSC_ADJUST:
	case MSR_TSC:
	case MSR_APIC_BASE:
		return MSR_UNKNOWN;
	}
	if (!msr_value_valid(msr, value))
		return MSR_INVALID;
	if (msr == MSR_EFER)
		return efer_write(vcpu, value);
	if (storage) {
		*storage = value;
		return MSR_DONE;
	}
	return apic_msr_write(vcpu, msr, value) ? MSR_DONE : MSR_UNKNOWN;
}

enum td_next td_handle_msr(struct call *call, struct vcpu *vcpu, bool write)
{
	u32 msr = vcpu_gpr_get(vcpu, GPR_RCX);
	struct instruction insn;
	enum msr_result result;
	u64 value = 0;

	if (!td_decode(call, vcpu, &insn))
		return TD_RESUME;
	if (write) {
		value = vcpu_gpr_get(vcpu, GPR_RDX) << 32 | (u32)vcpu->vmcb->save.rax;
		result = msr_write(vcpu, msr, value);
	} else {
		result = msr_read(call, vcpu, msr, &value);
	}

	if (result == MSR_INVALID) {
		td_inject_exception(vcpu, VECTOR_GP, true, 0);
		return TD_RESUME;
	}
	if (result == MSR_UNKNOWN) {
		struct ve_info info = {
			.exit_reason = write ? EXIT_REASON_MSR_WRITE : EXIT_REASON_MSR_READ,
			.instruction_length = insn.length,
		};

		td_inject_ve(vcpu, &info);
		return TD_RESUME;
	}
	if (!write) {
		vcpu_gpr_set(vcpu, GPR_RAX, (u32)value);
		vcpu_gpr_set(vcpu, GPR_RDX, value >> 32);
	}
	td_skip_instruction(vcpu, insn.length);
	return TD_RESUME;
}
