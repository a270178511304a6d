/* SPDX-License-Identifier: GPL-2.0-only */
/* CPUID: the instruction, and the bits that somebody changes or asks for. */
#ifndef EMULATOR_X86_CPUID_H
#define EMULATOR_X86_CPUID_H

#include "../abi/types.h"

#define CPUID_1_ECX_MONITOR    ((u32)BIT(3))
#define CPUID_1_ECX_VMX	       ((u32)BIT(5))
#define CPUID_1_ECX_SMX	       ((u32)BIT(6))
#define CPUID_1_ECX_X2APIC     ((u32)BIT(21))
#define CPUID_1_ECX_XSAVE      ((u32)BIT(26))
#define CPUID_1_ECX_OSXSAVE    ((u32)BIT(27))
#define CPUID_1_ECX_HYPERVISOR ((u32)BIT(31))
#define CPUID_1_EDX_SELFSNOOP  ((u32)BIT(27))

#define CPUID_7_EBX_TSC_ADJUST	      ((u32)BIT(1))
#define CPUID_7_EBX_SGX		      ((u32)BIT(2))
#define CPUID_7_EBX_HLE		      ((u32)BIT(4))
#define CPUID_7_EBX_RTM		      ((u32)BIT(11))
#define CPUID_7_ECX_OSPKE	      ((u32)BIT(4))
#define CPUID_7_ECX_WAITPKG	      ((u32)BIT(5))
#define CPUID_7_ECX_TME		      ((u32)BIT(13))
#define CPUID_7_ECX_KEY_LOCKER	      ((u32)BIT(23))
#define CPUID_7_ECX_MOVDIR64B	      ((u32)BIT(28))
#define CPUID_7_ECX_SGX_LC	      ((u32)BIT(30))
#define CPUID_7_EDX_ARCH_CAPABILITIES ((u32)BIT(29))

#define CPUID_LEAF_XSTATE      0xd
#define CPUID_LEAF_TSC	       0x15
#define CPUID_LEAF_FREQUENCIES 0x16
#define CPUID_LEAF_TDX	       0x21

#define CPUID_80000001_ECX_SVM		 ((u32)BIT(2))
/* What Intel's processors have of these leaves: the rest is AMD's. */
#define CPUID_80000001_ECX_INTEL	 0x00000121U /* LAHF, LZCNT, PREFETCHW */
#define CPUID_80000001_EDX_INTEL	 0x2c100800U /* SYSCALL, NX, 1 GiB pages, RDTSCP, LM */
#define CPUID_80000007_EDX_INVARIANT_TSC ((u32)BIT(8))
#define CPUID_80000008_EBX_WBNOINVD	 ((u32)BIT(9))
#define CPUID_8000000A_EDX_NPT		 ((u32)BIT(0))

struct cpuid_result {
	u32 eax, ebx, ecx, edx;
};

static inline struct cpuid_result cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_result r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf));
	return r;
}

#endif
