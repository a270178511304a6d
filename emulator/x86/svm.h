/* SPDX-License-Identifier: GPL-2.0-only */
/* AMD Secure Virtual Machine: the virtual machine control block (VMCB), exits and events. */
#ifndef EMULATOR_X86_SVM_H
#define EMULATOR_X86_SVM_H

#include "../abi/types.h"

struct vmcb_segment {
	u16 selector;
	u16 attributes;
	u32 limit;
	u64 base;
};

struct vmcb {
	/* Control area. */
	u32 intercept_cr;
	u32 intercept_dr;
	u32 intercept_exceptions;
	u32 intercept_misc1;
	u32 intercept_misc2;
	u32 intercept_misc3;
	u8 reserved1[0x40 - 0x18];
	u64 iopm_pa;
	u64 msrpm_pa;
	u64 tsc_offset;
	u32 asid;
	u8 tlb_control;
	u8 reserved2[3];
	u64 interrupt_control;
	u64 interrupt_shadow;
	u64 exit_code;
	u64 exit_info1;
	u64 exit_info2;
	u64 exit_interrupt_info;
	u64 nested_control;
	u8 reserved3[0xa8 - 0x98];
	u64 event_injection;
	u64 nested_cr3;
	u64 lbr_control;
	u32 clean_bits;
	u32 reserved4;
	u64 next_rip;
	u8 reserved5[0x400 - 0xd0];
	/* State save area. */
	struct vmcb_segment es;
	struct vmcb_segment cs;
	struct vmcb_segment ss;
	struct vmcb_segment ds;
	struct vmcb_segment fs;
	struct vmcb_segment gs;
	struct vmcb_segment gdtr;
	struct vmcb_segment ldtr;
	struct vmcb_segment idtr;
	struct vmcb_segment tr;
	u8 reserved6[0x4cb - 0x4a0];
	u8 cpl;
	u32 reserved7;
	u64 efer;
	u8 reserved8[0x548 - 0x4d8];
	u64 cr4;
	u64 cr3;
	u64 cr0;
	u64 dr7;
	u64 dr6;
	u64 rflags;
	u64 rip;
	u8 reserved9[0x5d8 - 0x580];
	u64 rsp;
	u8 reserved10[0x5f8 - 0x5e0];
	u64 rax;
	u64 star;
	u64 lstar;
	u64 cstar;
	u64 sfmask;
	u64 kernel_gs_base;
	u64 sysenter_cs;
	u64 sysenter_esp;
	u64 sysenter_eip;
	u64 cr2;
	u8 reserved11[0x668 - 0x648];
	u64 pat;
	u8 reserved12[0x1000 - 0x670];
};

_Static_assert(offsetof(struct vmcb, iopm_pa) == 0x40, "VMCB");
_Static_assert(offsetof(struct vmcb, asid) == 0x58, "VMCB");
_Static_assert(offsetof(struct vmcb, exit_code) == 0x70, "VMCB");
_Static_assert(offsetof(struct vmcb, nested_control) == 0x90, "VMCB");
_Static_assert(offsetof(struct vmcb, event_injection) == 0xa8, "VMCB");
_Static_assert(offsetof(struct vmcb, nested_cr3) == 0xb0, "VMCB");
_Static_assert(offsetof(struct vmcb, next_rip) == 0xc8, "VMCB");
_Static_assert(offsetof(struct vmcb, es) == 0x400, "VMCB");
_Static_assert(offsetof(struct vmcb, cpl) == 0x4cb, "VMCB");
_Static_assert(offsetof(struct vmcb, efer) == 0x4d0, "VMCB");
_Static_assert(offsetof(struct vmcb, cr4) == 0x548, "VMCB");
_Static_assert(offsetof(struct vmcb, rip) == 0x578, "VMCB");
_Static_assert(offsetof(struct vmcb, rsp) == 0x5d8, "VMCB");
_Static_assert(offsetof(struct vmcb, rax) == 0x5f8, "VMCB");
_Static_assert(offsetof(struct vmcb, cr2) == 0x640, "VMCB");
_Static_assert(offsetof(struct vmcb, pat) == 0x668, "VMCB");
_Static_assert(sizeof(struct vmcb) == 0x1000, "VMCB");

#define VMCB_SEGMENT_LONG	BIT(9)	/* CS.L in the attributes */
#define VMCB_SEGMENT_BIG	BIT(10)	/* CS.D */

/* In the word of one bit a register, reads in its low half and writes in the high one. */
#define INTERCEPT_WRITE_CR8	BIT(16 + 8)

/* Misc. 1 and 2: what is intercepted. */
#define INTERCEPT_INTR		BIT(0)
#define INTERCEPT_NMI		BIT(1)
#define INTERCEPT_SMI		BIT(2)
#define INTERCEPT_INIT		BIT(3)
#define INTERCEPT_VINTR		BIT(4)
#define INTERCEPT_RDTSC		BIT(14)
#define INTERCEPT_RDPMC		BIT(15)
#define INTERCEPT_CPUID		BIT(18)
#define INTERCEPT_INVD		BIT(22)
#define INTERCEPT_HLT		BIT(24)
#define INTERCEPT_INVLPGA	BIT(26)
#define INTERCEPT_IO		BIT(27)
#define INTERCEPT_MSR		BIT(28)
#define INTERCEPT_SHUTDOWN	BIT(31)

#define INTERCEPT2_VMRUN	BIT(0)
#define INTERCEPT2_VMMCALL	BIT(1)
#define INTERCEPT2_VMLOAD	BIT(2)
#define INTERCEPT2_VMSAVE	BIT(3)
#define INTERCEPT2_STGI		BIT(4)
#define INTERCEPT2_CLGI		BIT(5)
#define INTERCEPT2_SKINIT	BIT(6)
#define INTERCEPT2_RDTSCP	BIT(7)
#define INTERCEPT2_WBINVD	BIT(9)
#define INTERCEPT2_MONITOR	BIT(10)
#define INTERCEPT2_MWAIT	BIT(11)
#define INTERCEPT2_XSETBV	BIT(13)

#define TLB_CONTROL_FLUSH_ALL	1
#define NESTED_PAGING		BIT(0)
/* RFLAGS.IF and CR8 of the TD act on virtual interrupts only. */
#define V_INTR_MASKING		BIT(24)
#define V_TPR			GENMASK(7, 0)	/* task priority, as CR8 has it */
#define V_IRQ			BIT(8)
#define V_INTR_PRIORITY_SHIFT	16
#define V_IGNORE_TPR		BIT(20)
#define INTERRUPT_SHADOW	BIT(0)

/* Injected and interrupted events. */
#define EVENT_VALID		BIT(31)
#define EVENT_ERROR_CODE	BIT(11)
#define EVENT_TYPE_MASK		GENMASK(10, 8)
#define EVENT_TYPE_INTERRUPT	(0UL << 8)
#define EVENT_TYPE_NMI		(2UL << 8)
#define EVENT_TYPE_EXCEPTION	(3UL << 8)

enum svm_exit {
	SVM_EXIT_WRITE_CR8 = 0x18,
	SVM_EXIT_EXCEPTION_0 = 0x40,
	SVM_EXIT_INTR = 0x60,
	SVM_EXIT_NMI = 0x61,
	SVM_EXIT_SMI = 0x62,
	SVM_EXIT_INIT = 0x63,
	SVM_EXIT_VINTR = 0x64,
	SVM_EXIT_RDTSC = 0x6e,
	SVM_EXIT_RDPMC = 0x6f,
	SVM_EXIT_CPUID = 0x72,
	SVM_EXIT_INVD = 0x76,
	SVM_EXIT_HLT = 0x78,
	SVM_EXIT_INVLPGA = 0x7a,
	SVM_EXIT_IO = 0x7b,
	SVM_EXIT_MSR = 0x7c,
	SVM_EXIT_SHUTDOWN = 0x7f,
	SVM_EXIT_VMRUN = 0x80,
	SVM_EXIT_VMMCALL = 0x81,
	SVM_EXIT_VMLOAD = 0x82,
	SVM_EXIT_VMSAVE = 0x83,
	SVM_EXIT_STGI = 0x84,
	SVM_EXIT_CLGI = 0x85,
	SVM_EXIT_SKINIT = 0x86,
	SVM_EXIT_RDTSCP = 0x87,
	SVM_EXIT_WBINVD = 0x89,
	SVM_EXIT_MONITOR = 0x8a,
	SVM_EXIT_MWAIT = 0x8b,
	SVM_EXIT_XSETBV = 0x8d,
	SVM_EXIT_NPF = 0x400,
};

/* Error code of a nested page fault. */
#define NPF_PRESENT		BIT(0)
#define NPF_WRITE		BIT(1)
#define NPF_FETCH		BIT(4)

#endif
