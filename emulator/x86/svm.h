/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * AMD Secure Virtual Machine: the virtual machine control block (VMCB), exit
 * codes and events. There is one of it for the host and one for each TD's vCPU.
 */
#ifndef EMULATOR_X86_SVM_H
#define EMULATOR_X86_SVM_H

#include "../abi/types.h"

/* In a word of one bit a register. */
#define INTERCEPT_CR0 BIT(0)
#define INTERCEPT_CR4 BIT(4)
#define INTERCEPT_CR8 BIT(8)

/* vmcb_control.intercept, first doubleword. */
#define INTERCEPT_INTR	   BIT(0)
#define INTERCEPT_NMI	   BIT(1)
#define INTERCEPT_SMI	   BIT(2)
#define INTERCEPT_INIT	   BIT(3)
#define INTERCEPT_VINTR	   BIT(4)
#define INTERCEPT_RDTSC	   BIT(14)
#define INTERCEPT_RDPMC	   BIT(15)
#define INTERCEPT_CPUID	   BIT(18)
#define INTERCEPT_IRET	   BIT(20)
#define INTERCEPT_INVD	   BIT(22)
#define INTERCEPT_HLT	   BIT(24)
#define INTERCEPT_INVLPGA  BIT(26)
#define INTERCEPT_IOIO	   BIT(27)
#define INTERCEPT_MSR	   BIT(28)
#define INTERCEPT_SHUTDOWN BIT(31)
/* Second doubleword. */
#define INTERCEPT_VMRUN	   BIT(32)
#define INTERCEPT_VMMCALL  BIT(33)
#define INTERCEPT_VMLOAD   BIT(34)
#define INTERCEPT_VMSAVE   BIT(35)
#define INTERCEPT_STGI	   BIT(36)
#define INTERCEPT_CLGI	   BIT(37)
#define INTERCEPT_SKINIT   BIT(38)
#define INTERCEPT_RDTSCP   BIT(39)
#define INTERCEPT_WBINVD   BIT(41)
#define INTERCEPT_MONITOR  BIT(42)
#define INTERCEPT_MWAIT	   BIT(43)
#define INTERCEPT_XSETBV   BIT(45)

#define SVM_EXIT_READ_CR4	   0x004
#define SVM_EXIT_WRITE_CR0	   0x010
#define SVM_EXIT_WRITE_CR4	   0x014
#define SVM_EXIT_WRITE_CR8	   0x018
#define SVM_EXIT_EXCEPTION(vector) (0x040 + (vector))
#define SVM_EXIT_INTR		   0x060
#define SVM_EXIT_NMI		   0x061
#define SVM_EXIT_SMI		   0x062
#define SVM_EXIT_INIT		   0x063
#define SVM_EXIT_VINTR		   0x064
#define SVM_EXIT_RDTSC		   0x06e
#define SVM_EXIT_RDPMC		   0x06f
#define SVM_EXIT_CPUID		   0x072
#define SVM_EXIT_IRET		   0x074
#define SVM_EXIT_INVD		   0x076
#define SVM_EXIT_HLT		   0x078
#define SVM_EXIT_INVLPGA	   0x07a
#define SVM_EXIT_IOIO		   0x07b
#define SVM_EXIT_MSR		   0x07c
#define SVM_EXIT_SHUTDOWN	   0x07f
#define SVM_EXIT_VMRUN		   0x080
#define SVM_EXIT_VMMCALL	   0x081
#define SVM_EXIT_VMLOAD		   0x082
#define SVM_EXIT_VMSAVE		   0x083
#define SVM_EXIT_STGI		   0x084
#define SVM_EXIT_CLGI		   0x085
#define SVM_EXIT_SKINIT		   0x086
#define SVM_EXIT_RDTSCP		   0x087
#define SVM_EXIT_WBINVD		   0x089
#define SVM_EXIT_MONITOR	   0x08a
#define SVM_EXIT_MWAIT		   0x08b
#define SVM_EXIT_XSETBV		   0x08d
#define SVM_EXIT_NPF		   0x400
#define SVM_EXIT_INVALID	   (~0UL)

#define SVM_EVENT_TYPE	     GENMASK(10, 8)
#define SVM_EVENT_INTR	     (0UL << 8)
#define SVM_EVENT_NMI	     (2UL << 8)
#define SVM_EVENT_EXCEPTION  (3UL << 8)
#define SVM_EVENT_ERROR_CODE BIT(11)
#define SVM_EVENT_VALID	     BIT(31)
#define SVM_EVENT_VECTOR     GENMASK(7, 0)

#define SVM_TLB_FLUSH_ALL 1

#define SVM_NESTED_PAGING BIT(0)

/* vmcb_control.int_control. With masking, RFLAGS.IF and CR8 act on virtual interrupts only. */
#define SVM_V_TPR	   GENMASK(7, 0) /* task priority, as CR8 has it */
#define SVM_V_IRQ	   BIT(8)
#define SVM_V_IGNORE_TPR   BIT(20)
#define SVM_V_INTR_MASKING BIT(24)

/* vmcb_control.int_state */
#define SVM_INTERRUPT_SHADOW BIT(0)

/* Error code of a nested page fault. */
#define SVM_NPF_WRITE	   BIT(1)
#define SVM_NPF_FETCH	   BIT(4)
#define SVM_NPF_TABLE_WALK BIT(33) /* of the guest's page tables */

/* Segment attributes. */
#define SVM_SEGMENT_LONG BIT(9) /* CS.L */

#define SVM_IOIO_IN	    BIT(0)
#define SVM_IOIO_STRING	    BIT(2)
#define SVM_IOIO_REP	    BIT(3)
#define SVM_IOIO_SIZE_SHIFT 4
#define SVM_IOIO_SIZE8	    BIT(4)
#define SVM_IOIO_PORT_SHIFT 16

#define SVM_IOPM_SIZE  (3 * PAGE_SIZE)
#define SVM_MSRPM_SIZE (2 * PAGE_SIZE)

struct vmcb_control {
	u16 intercept_cr_read;
	u16 intercept_cr_write;
	u16 intercept_dr_read;
	u16 intercept_dr_write;
	u32 intercept_exceptions;
	u64 intercept __attribute__((packed));
	u8 reserved1[44];
	u64 iopm_pa;
	u64 msrpm_pa;
	u64 tsc_offset;
	u32 asid;
	u8 tlb_control;
	u8 reserved2[3];
	u64 int_control;
	u64 int_state;
	u64 exit_code;
	u64 exit_info_1;
	u64 exit_info_2;
	u64 exit_int_info;
	u64 nested_control;
	u8 reserved3[16];
	u64 event_inject;
	u64 nested_cr3;
	u64 lbr_control;
	u32 clean_bits;
	u8 reserved4[828];
};

struct vmcb_segment {
	u16 selector;
	u16 attributes;
	u32 limit;
	u64 base;
};

struct vmcb_save {
	struct vmcb_segment es, cs, ss, ds, fs, gs, gdtr, ldtr, idtr, tr;
	u8 reserved1[43];
	u8 cpl;
	u8 reserved2[4];
	u64 efer;
	u8 reserved3[112];
	u64 cr4;
	u64 cr3;
	u64 cr0;
	u64 dr7;
	u64 dr6;
	u64 rflags;
	u64 rip;
	u8 reserved4[88];
	u64 rsp;
	u8 reserved5[24];
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
	u8 reserved6[32];
	u64 guest_pat;
};

struct vmcb {
	struct vmcb_control control;
	struct vmcb_save save;
	u8 reserved[2448];
};

_Static_assert(offsetof(struct vmcb, control.intercept) == 0x00c, "VMCB");
_Static_assert(offsetof(struct vmcb, control.iopm_pa) == 0x040, "VMCB");
_Static_assert(offsetof(struct vmcb, control.int_control) == 0x060, "VMCB");
_Static_assert(offsetof(struct vmcb, control.exit_code) == 0x070, "VMCB");
_Static_assert(offsetof(struct vmcb, control.event_inject) == 0x0a8, "VMCB");
_Static_assert(offsetof(struct vmcb, save) == 0x400, "VMCB");
_Static_assert(offsetof(struct vmcb, save.cpl) == 0x4cb, "VMCB");
_Static_assert(offsetof(struct vmcb, save.efer) == 0x4d0, "VMCB");
_Static_assert(offsetof(struct vmcb, save.cr4) == 0x548, "VMCB");
_Static_assert(offsetof(struct vmcb, save.rsp) == 0x5d8, "VMCB");
_Static_assert(offsetof(struct vmcb, save.rax) == 0x5f8, "VMCB");
_Static_assert(offsetof(struct vmcb, save.cr2) == 0x640, "VMCB");
_Static_assert(offsetof(struct vmcb, save.guest_pat) == 0x668, "VMCB");
_Static_assert(sizeof(struct vmcb) == PAGE_SIZE, "VMCB");

#endif
