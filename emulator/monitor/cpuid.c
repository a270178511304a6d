// SPDX-License-Identifier: GPL-2.0-only
/*
 * CPUID: what the machine has, with VMX and TDX's needs in place of SVM.
 */
#include "cpu.h"
#include "fetch.h"
#include "lib.h"

#define CPUID_MAX_LEAF		  CPUID_LEAF_FREQUENCIES
#define CPUID_HYPERVISOR	  0x40000000
#define CPUID_HYPERVISOR_FEATURES 0x40000001

/* TCG's local APIC timer counts nanoseconds; Linux takes the crystal for its clock. */
#define CRYSTAL_HZ    1000000000U
#define BUS_MHZ	      100
#define CRYSTAL_KHZ   (CRYSTAL_HZ / 1000)
/* Linux multiplies the numerator and CRYSTAL_KHZ in 32 bits. */
#define MAX_NUMERATOR (~0U / CRYSTAL_KHZ)

/*
 * Leaf 0x15: the TSC's rate as a ratio to the crystal's. The best one with a small
 * numerator is a convergent of the continued fraction.
 */
static struct cpuid_result tsc_ratio(void)
{
	u64 a = tsc_khz, b = CRYSTAL_KHZ;
	u64 numerator = 1, denominator = 0, last_numerator = 0, last_denominator = 1;

	while (b) {
		u64 quotient = a / b, next = quotient * numerator + last_numerator;

		if (next > MAX_NUMERATOR)
			break;
		last_numerator = numerator;
		numerator = next;
		next = quotient * denominator + last_denominator;
		last_denominator = denominator;
		denominator = next;
		next = a % b;
		a = b;
		b = next;
	}
	return (struct cpuid_result){ denominator, numerator, CRYSTAL_HZ, 0 };
}

/* A leaf that the machine has; for others it would answer with another leaf's data. */
static struct cpuid_result native(u32 leaf, u32 subleaf)
{
	if (leaf <= CPUID_MAX_LEAF && leaf > cpuid(0, 0).eax)
		return (struct cpuid_result){ 0 };
	return cpuid(leaf, subleaf);
}

static void change(struct cpuid_result *r, const struct cpu *cpu, u32 leaf, u32 subleaf)
{
	switch (leaf) {
	case 0:
		if (r->eax < CPUID_MAX_LEAF)
			r->eax = CPUID_MAX_LEAF;
		break;
	case 1:
		/*
		 * MWAIT does not wait in TCG; HLT does. OSXSAVE follows the
		 * host's CR4, not the monitor's, which is in force here.
		 */
		r->ecx &= ~(CPUID_1_ECX_MONITOR | CPUID_1_ECX_OSXSAVE);
		r->ecx |= CPUID_1_ECX_VMX;
		if (cpu->vmcb->save.cr4 & X86_CR4_OSXSAVE)
			r->ecx |= CPUID_1_ECX_OSXSAVE;
		r->edx |= CPUID_1_EDX_SELFSNOOP;
		break;
	case 5:
		*r = (struct cpuid_result){ 0 };
		break;
	case 7:
		if (subleaf)
			break;
		r->ebx |= CPUID_7_EBX_TSC_ADJUST;
		r->ecx |= CPUID_7_ECX_TME | CPUID_7_ECX_MOVDIR64B;
		/* As OSXSAVE. */
		r->ecx &= ~CPUID_7_ECX_OSPKE;
		if (cpu->vmcb->save.cr4 & X86_CR4_PKE)
			r->ecx |= CPUID_7_ECX_OSPKE;
		r->edx |= CPUID_7_EDX_ARCH_CAPABILITIES;
		break;
	case CPUID_LEAF_TSC:
		*r = tsc_ratio();
		break;
	case CPUID_LEAF_FREQUENCIES:
		r->eax = r->ebx = tsc_khz / 1000;
		r->ecx = BUS_MHZ;
		break;
	case 0x80000001:
		r->ecx &= ~CPUID_80000001_ECX_SVM;
		break;
	case 0x80000007:
		r->edx |= CPUID_80000007_EDX_INVARIANT_TSC;
		break;
	case 0x8000000a:
		*r = (struct cpuid_result){ 0 };
		break;
	case CPUID_HYPERVISOR:
		/*
		 * KVM's signature, without any of its features: Linux uses the
		 * x2APIC without interrupt remapping only under a hypervisor that
		 * it knows.
		 */
		*r = (struct cpuid_result){
			.eax = CPUID_HYPERVISOR_FEATURES,
			.ebx = 0x4b4d564b,
			.ecx = 0x564b4d56,
			.edx = 0x0000004d,
		};
		break;
	case CPUID_HYPERVISOR_FEATURES:
		*r = (struct cpuid_result){ 0 };
		break;
	}
}

void cpuid_exit(struct cpu *cpu)
{
	u32 leaf = *gpr(cpu, GPR_RAX), subleaf = *gpr(cpu, GPR_RCX);
	struct cpuid_result r = native(leaf, subleaf);
	struct instruction insn;

	cpu->num_cpuid_exits++;
	if (!instruction_fetch(cpu, &insn))
		return;
	change(&r, cpu, leaf, subleaf);
	*gpr(cpu, GPR_RAX) = r.eax;
	*gpr(cpu, GPR_RBX) = r.ebx;
	*gpr(cpu, GPR_RCX) = r.ecx;
	*gpr(cpu, GPR_RDX) = r.edx;
	skip_instruction(cpu, insn.length);
}
