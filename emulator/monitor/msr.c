// SPDX-License-Identifier: GPL-2.0-only
/*
 * MSRs that a TDX host has and this machine has not, and those that the monitor
 * must keep for itself. vmcb.c intercepts just these.
 */
#include "cpu.h"
#include "fetch.h"
#include "lib.h"
#include "memory.h"

#define TME_LOCKED			BIT(0)
#define TME_ENABLED			BIT(1)
#define TME_KEYID_BITS_SHIFT		32
#define TME_TDX_KEYID_BITS_SHIFT	36
#define TME_AES_XTS_128			BIT(48)
/* IA32_TME_CAPABILITY */
#define TME_CAPABILITY_AES_XTS_128	BIT(0)
#define TME_CAPABILITY_KEYID_BITS_SHIFT 32
#define TME_CAPABILITY_KEYS_SHIFT	36

/*
 * IA32_ARCH_CAPABILITIES: a processor that no known hole of speculation concerns, which
 * is true of one in software. Linux then spends no time on mitigations.
 */
#define ARCH_CAP_RDCL_NO	BIT(0)
#define ARCH_CAP_SKIP_L1D_FLUSH BIT(3)
#define ARCH_CAP_SSB_NO		BIT(4)
#define ARCH_CAP_MDS_NO		BIT(5)
#define ARCH_CAP_PSCHANGE_MC_NO BIT(6)
#define ARCH_CAP_TAA_NO		BIT(8)
#define ARCH_CAP_SBDR_SSDP_NO	BIT(13)
#define ARCH_CAP_FBSDP_NO	BIT(14)
#define ARCH_CAP_PSDP_NO	BIT(15)
#define ARCH_CAP_BHI_NO		BIT(20)
#define ARCH_CAP_PBRSB_NO	BIT(24)
#define ARCH_CAP_GDS_NO		BIT(26)
#define ARCH_CAP_RFDS_NO	BIT(27)
#define ARCH_CAP_ITS_NO		BIT(62)
#define ARCH_CAP_VALUE                                                                           \
	(ARCH_CAP_RDCL_NO | ARCH_CAP_SKIP_L1D_FLUSH | ARCH_CAP_SSB_NO | ARCH_CAP_MDS_NO |        \
	 ARCH_CAP_PSCHANGE_MC_NO | ARCH_CAP_TAA_NO | ARCH_CAP_SBDR_SSDP_NO | ARCH_CAP_FBSDP_NO | \
	 ARCH_CAP_PSDP_NO | ARCH_CAP_BHI_NO | ARCH_CAP_PBRSB_NO | ARCH_CAP_GDS_NO |              \
	 ARCH_CAP_RFDS_NO | ARCH_CAP_ITS_NO)

#define EFER_WRITABLE ((u64)(EFER_SCE | EFER_LME | EFER_NXE))

static bool read(struct cpu *cpu, u32 msr, u64 *value)
{
	switch (msr) {
	case MSR_EFER:
		*value = cpu->vmcb->save.efer & ~(u64)EFER_SVME;
		return true;
	case MSR_APIC_BASE:
		/* Linux's bootstrap processor is not QEMU's. */
		*value = (rdmsr(msr) & ~APIC_BASE_BSP) | (cpu->index ? 0 : APIC_BASE_BSP);
		return true;
	case MSR_FEAT_CTL:
		*value = cpu->feat_ctl;
		return true;
	case MSR_TSC_ADJUST:
		/* The time-stamp counters of this machine are one. */
		*value = 0;
		return true;
	case MSR_KEYID_PARTITIONING:
		*value = (u64)NUM_TDX_KEYIDS << 32 | NUM_MKTME_KEYIDS;
		return true;
	case MSR_ARCH_CAPABILITIES:
		*value = ARCH_CAP_VALUE;
		return true;
	case MSR_TME_CAPABILITY:
		*value = TME_CAPABILITY_AES_XTS_128 |
			 (u64)KEYID_BITS << TME_CAPABILITY_KEYID_BITS_SHIFT |
			 ((1UL << KEYID_BITS) - 1) << TME_CAPABILITY_KEYS_SHIFT;
		return true;
	case MSR_TME_ACTIVATE:
		*value = TME_LOCKED | TME_ENABLED | TME_AES_XTS_128 |
			 (u64)KEYID_BITS << TME_KEYID_BITS_SHIFT |
			 (u64)(KEYID_BITS - 4) << TME_TDX_KEYID_BITS_SHIFT;
		return true;
	default:
		return vmx_msr_read(msr, value);
	}
}

static bool write_efer(struct cpu *cpu, u64 value)
{
	struct vmcb_save *save = &cpu->vmcb->save;
	u64 old = save->efer;

	/* LMA is read-only; what is written there does not matter. */
	value &= ~(u64)EFER_LMA;
	if (value & ~EFER_WRITABLE)
		return false;
	if ((save->cr0 & X86_CR0_PG) && (value ^ old) & EFER_LME)
		return false;
	save->efer = value | (old & EFER_LMA) | EFER_SVME;
	cpu->vmcb->control.tlb_control = SVM_TLB_FLUSH_ALL;
	return true;
}

static bool write(struct cpu *cpu, u32 msr, u64 value)
{
	switch (msr) {
	case MSR_EFER:
		return write_efer(cpu, value);
	case MSR_TSC_ADJUST:
		if (value)
			log_line("cpu%u: a write of %lx to IA32_TSC_ADJUST has no effect",
				 cpu->index, value);
		return true;
	case MSR_X2APIC_ICR:
		cpu->num_icr_exits++;
		apic_write_icr(cpu, value);
		return true;
	default:
		/* Read only, or locked. */
		return false;
	}
}

void msr_exit(struct cpu *cpu)
{
	u32 msr = *gpr(cpu, GPR_RCX);
	struct instruction insn;
	bool done;
	u64 value;

	cpu->num_msr_exits++;
	if (!instruction_fetch(cpu, &insn))
		return;
	if (cpu->vmcb->control.exit_info_1 & 1) {
		done = write(cpu, msr, gpr_edx_eax(cpu));
	} else {
		done = read(cpu, msr, &value);
		if (done)
			set_gpr_edx_eax(cpu, value);
	}
	if (done)
		skip_instruction(cpu, insn.length);
	else
		inject_exception_error(cpu, VECTOR_GP, 0);
}
