// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TD's CR0 and CR4. Hardware lets it write what it may without an exit, which SVM cannot: here
 * each write is one. What the CPU refuses is #GP, and what TDX keeps for itself is #VE.
 */
#include "cpuid.h"
#include "td_entry.h"
#include "td_memory.h"

#define OPCODE_MOV_TO_CR 0x22
#define OPCODE_CLTS	 0x06

/* Exit qualification of a control register access. */
#define CR_ACCESS_GPR_SHIFT 8

#define CR0_IGNORED (GENMASK(28, 19) | BIT(17) | GENMASK(15, 6))
#define CR0_LMSW    (X86_CR0_MP | X86_CR0_EM | X86_CR0_TS)
#define CR3_PCID    GENMASK(11, 0)
#define XFAM_PKRU   BIT(9)

/* VME to OSXMMEXCPT, which no CPU of this host is without, and those that CPUID tells of. */
#define CR4_COMMON GENMASK(10, 0)

/* clang-format off */
static const struct {
	u64 cr4;
	u32 leaf;
	bool ebx;			/* else ECX */
	u32 bit;
} cr4_features[] = {
	{ X86_CR4_UMIP,		7, false,	BIT(2) },
	{ X86_CR4_LA57,		7, false,	BIT(16) },
	{ X86_CR4_FSGSBASE,	7, true,	BIT(0) },
	{ X86_CR4_PCIDE,	1, false,	BIT(17) },
	{ X86_CR4_OSXSAVE,	1, false,	BIT(26) },
	{ X86_CR4_SMEP,		7, true,	BIT(7) },
	{ X86_CR4_SMAP,		7, true,	BIT(20) },
	{ X86_CR4_PKE,		7, false,	BIT(3) },
};
/* clang-format on */

enum cr_access { CR_WRITTEN, CR_GP, CR_VE };

static enum cr_access write_cr0(struct vmcb *vmcb, u64 value)
{
	u64 old = vmcb->save.cr0, cr4 = vmcb->save.cr4;

	if (!(value & X86_CR0_NE) || value >> 32 || ((value & X86_CR0_PG) && !(value & X86_CR0_PE)))
		return CR_GP;
	if (!(value & X86_CR0_PE) || (value & (X86_CR0_NW | X86_CR0_CD)))
		return CR_VE;
	if ((value & X86_CR0_PG) && !(cr4 & X86_CR4_PAE))
		return CR_GP;
	if (!(value & X86_CR0_PG) && (old & X86_CR0_PG) &&
	    ((vmcb->save.cs.attributes & SVM_SEGMENT_LONG) || (cr4 & X86_CR4_PCIDE)))
		return CR_GP;
	value = (value & ~CR0_IGNORED) | (old & CR0_IGNORED) | X86_CR0_ET;
	vmcb->save.cr0 = value;
	/* A TD's EFER.LME is always 1. */
	if (value & X86_CR0_PG)
		vmcb->save.efer |= EFER_LMA;
	else
		vmcb->save.efer &= ~(u64)EFER_LMA;
	return CR_WRITTEN;
}

/* What the CPU has, of what a TD with this XFAM may use. */
static u64 cr4_valid(u64 xfam)
{
	u64 valid = CR4_COMMON;

	for (u32 i = 0; i < ARRAY_SIZE(cr4_features); i++) {
		struct cpuid_result native = cpuid(cr4_features[i].leaf, 0);

		if ((cr4_features[i].ebx ? native.ebx : native.ecx) & cr4_features[i].bit)
			valid |= cr4_features[i].cr4;
	}
	return xfam & XFAM_PKRU ? valid : valid & ~(u64)X86_CR4_PKE;
}

static enum cr_access write_cr4(struct vmcb *vmcb, u64 value, u64 xfam)
{
	bool long_mode = vmcb->save.efer & EFER_LMA;
	u64 old = vmcb->save.cr4;

	if (value & ~(cr4_valid(xfam) | X86_CR4_VMXE | X86_CR4_SMXE))
		return CR_GP;
	if ((value & (X86_CR4_VMXE | X86_CR4_SMXE)) || !(value & X86_CR4_MCE))
		return CR_VE;
	if (long_mode && (!(value & X86_CR4_PAE) || ((value ^ old) & X86_CR4_LA57)))
		return CR_GP;
	if ((value & ~old & X86_CR4_PCIDE) && (!long_mode || (vmcb->save.cr3 & CR3_PCID)))
		return CR_GP;
	vmcb->save.cr4 = value;
	return CR_WRITTEN;
}

static enum cr_access write_low_cr0(struct call *call, struct vcpu *vcpu,
				    const struct instruction *insn)
{
	u64 *cr0 = &vcpu->vmcb->save.cr0;

	if (insn->opcode == OPCODE_CLTS)
		*cr0 &= ~(u64)X86_CR0_TS;
	else if (insn->mod != 3)
		log_line(call, "not modelled: LMSW from memory, rip %lx", vcpu->vmcb->save.rip);
	else
		*cr0 = (*cr0 & ~(u64)CR0_LMSW) | (vcpu_gpr_get(vcpu, insn->rm) & CR0_LMSW);
	return CR_WRITTEN;
}

enum td_next td_handle_write_cr(struct call *call, struct vcpu *vcpu, u32 number)
{
	struct ve_info info = { .exit_reason = EXIT_REASON_CR_ACCESS };
	enum cr_access result;
	struct instruction insn;

	if (!td_decode(call, vcpu, &insn))
		return TD_RESUME;
	if (insn.opcode != OPCODE_MOV_TO_CR)
		result = write_low_cr0(call, vcpu, &insn);
	else if (number)
		result = write_cr4(vcpu->vmcb, vcpu_gpr_get(vcpu, insn.rm), vcpu->td.tdcs->xfam);
	else
		result = write_cr0(vcpu->vmcb, vcpu_gpr_get(vcpu, insn.rm));

	switch (result) {
	case CR_WRITTEN:
		td_skip_instruction(vcpu, insn.length);
		break;
	case CR_GP:
		td_inject_exception(vcpu, VECTOR_GP, true, 0);
		break;
	case CR_VE:
		info.exit_qualification = number | (u64)insn.rm << CR_ACCESS_GPR_SHIFT;
		info.instruction_length = insn.length;
		td_inject_ve(vcpu, &info);
		break;
	}
	return TD_RESUME;
}
