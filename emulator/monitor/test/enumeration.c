// SPDX-License-Identifier: GPL-2.0-only
/* CPUID, MSRs and CR4: what a TDX host shows, and nothing of what it is made of. */
#include "test.h"

static u64 try_rdmsr(u32 msr)
{
	return TRY("rdmsr", : : "c"(msr) : "rax", "rdx", "memory");
}

static u64 try_wrmsr(u32 msr, u64 value)
{
	return TRY("wrmsr", : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)) : "memory");
}

static void test_cpuid(void)
{
	struct cpuid_result r = cpuid(1, 0);

	ok(r.ecx & BIT(5), "CPUID shows VMX");
	ok(r.edx & BIT(27), "CPUID shows self-snoop");
	ok(!(r.ecx & BIT(3)), "CPUID does not show MONITOR");
	ok(!(r.ecx & BIT(27)), "CPUID shows no OSXSAVE while CR4 has none");
	ok(cpuid(7, 0).ecx & BIT(28), "CPUID shows MOVDIR64B");
	ok(cpuid(7, 0).ecx & BIT(13), "CPUID shows TME");
	ok(!(cpuid(0x80000001, 0).ecx & BIT(2)), "CPUID does not show SVM");
	is(cpuid(0x8000000a, 0).ebx, 0, "CPUID has no SVM leaf");
	is(cpuid(0x80000008, 0).eax & 0xff, 52, "physical addresses have 52 bits");
}

static void test_msrs(void)
{
	ok(rdmsr(MSR_VMX_BASIC) & BIT(60), "SEAMRET preserves the current VMCS");
	is(rdmsr(MSR_FEAT_CTL), 5, "IA32_FEATURE_CONTROL is locked with VMX on");
	is(try_wrmsr(MSR_FEAT_CTL, 0), VECTOR_GP, "IA32_FEATURE_CONTROL cannot be written");
	is(try_wrmsr(MSR_VMX_BASIC, 0), VECTOR_GP, "a VMX capability MSR cannot be written");
	is(try_rdmsr(MSR_VMX_VMFUNC), NO_EXCEPTION, "the last VMX capability MSR can be read");
	is(try_rdmsr(MSR_VMX_EXIT_CTLS2), VECTOR_GP, "the one behind cannot");
	is(rdmsr(MSR_KEYID_PARTITIONING), 48UL << 32 | 15, "15 MKTME and 48 TDX KeyIDs");
	is(rdmsr(MSR_TME_ACTIVATE) >> 32 & 0xf, 6, "6 KeyID bits");
	is(rdmsr(MSR_TME_ACTIVATE) & 3, 3, "TME is locked and enabled");

	ok(!(rdmsr(MSR_EFER) & EFER_SVME), "EFER does not show SVME");
	is(try_wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SVME), VECTOR_GP, "nor can it be set");
	is(try_wrmsr(MSR_EFER, rdmsr(MSR_EFER) & ~(u64)EFER_LME), VECTOR_GP,
	   "LME cannot be cleared with paging on");
	is(try_wrmsr(MSR_EFER, rdmsr(MSR_EFER) | EFER_SCE | EFER_NXE), NO_EXCEPTION,
	   "SCE and NXE can be set");
	is(rdmsr(MSR_EFER) & (EFER_SCE | EFER_NXE | EFER_LMA), EFER_SCE | EFER_NXE | EFER_LMA,
	   "and are");
	is(try_rdmsr(MSR_VM_HSAVE_PA), VECTOR_GP, "VM_HSAVE_PA is out of reach");
	is(try_wrmsr(MSR_VM_CR, 0), VECTOR_GP, "VM_CR is out of reach");
}

static void test_cr4(void)
{
	u64 cr4 = read_cr4();

	is(TRY("mov %0, %%cr4", : : "r"(cr4 | X86_CR4_VMXE) : "memory"), NO_EXCEPTION,
	       "CR4.VMXE can be set");
	is(TRY("mov %0, %%cr4", : : "r"(cr4 | 1UL << 31) : "memory"), VECTOR_GP,
	       "a reserved bit of CR4 is #GP");
	is(read_cr4() & ~(u64)X86_CR4_VMXE, cr4, "and changes nothing");
	write_cr4(cr4 | X86_CR4_OSXSAVE);
	ok(cpuid(1, 0).ecx & BIT(27), "CPUID shows OSXSAVE when CR4 has it");
	if (cpuid(7, 0).ecx & BIT(3)) {
		ok(!(cpuid(7, 0).ecx & BIT(4)), "CPUID shows no OSPKE while CR4 has no PKE");
		write_cr4(cr4 | X86_CR4_PKE);
		ok(cpuid(7, 0).ecx & BIT(4), "CPUID shows OSPKE when CR4 has PKE");
	}
	write_cr4(cr4);
	is(read_cr4(), cr4, "OSXSAVE and VMXE can be cleared");
}

static void test_svm_instructions(void)
{
	is(TRY("vmrun %%rax", : : "a"(0x2000000) : "memory"), VECTOR_UD, "VMRUN is #UD");
	is(TRY("vmload %%rax", : : "a"(0x2000000) : "memory"), VECTOR_UD, "VMLOAD is #UD");
	is(TRY("vmsave %%rax", : : "a"(0x2000000) : "memory"), VECTOR_UD, "VMSAVE is #UD");
	is(TRY("stgi", : : : "memory"), VECTOR_UD, "STGI is #UD");
	is(TRY("clgi", : : : "memory"), VECTOR_UD, "CLGI is #UD");
	is(TRY("vmmcall", : : : "memory"), VECTOR_UD, "VMMCALL is #UD");
	is(TRY("ud2", : : : "memory"), VECTOR_UD, "UD2 is #UD");
}

void test_enumeration(void)
{
	test_cpuid();
	test_msrs();
	test_cr4();
	test_svm_instructions();
}
