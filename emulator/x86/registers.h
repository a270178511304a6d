/* SPDX-License-Identifier: GPL-2.0-only */
/* Bits of the control registers, EFER and RFLAGS, and exception vectors. For assembly, too. */
#ifndef EMULATOR_X86_REGISTERS_H
#define EMULATOR_X86_REGISTERS_H

#define X86_CR0_PE (1 << 0)
#define X86_CR0_MP (1 << 1)
#define X86_CR0_EM (1 << 2)
#define X86_CR0_TS (1 << 3)
#define X86_CR0_ET (1 << 4)
#define X86_CR0_NE (1 << 5)
#define X86_CR0_WP (1 << 16)
#define X86_CR0_AM (1 << 18)
#define X86_CR0_NW (1 << 29)
#define X86_CR0_CD (1 << 30)
#define X86_CR0_PG 0x80000000

#define X86_CR4_PSE	   (1 << 4)
#define X86_CR4_PAE	   (1 << 5)
#define X86_CR4_MCE	   (1 << 6)
#define X86_CR4_PGE	   (1 << 7)
#define X86_CR4_PCE	   (1 << 8)
#define X86_CR4_OSFXSR	   (1 << 9)
#define X86_CR4_OSXMMEXCPT (1 << 10)
#define X86_CR4_UMIP	   (1 << 11)
#define X86_CR4_LA57	   (1 << 12)
#define X86_CR4_VMXE	   (1 << 13)
#define X86_CR4_SMXE	   (1 << 14)
#define X86_CR4_FSGSBASE   (1 << 16)
#define X86_CR4_PCIDE	   (1 << 17)
#define X86_CR4_OSXSAVE	   (1 << 18)
#define X86_CR4_KL	   (1 << 19)
#define X86_CR4_SMEP	   (1 << 20)
#define X86_CR4_SMAP	   (1 << 21)
#define X86_CR4_PKE	   (1 << 22)
#define X86_CR4_CET	   (1 << 23)
#define X86_CR4_PKS	   (1 << 24)

#define EFER_SCE  (1 << 0)
#define EFER_LME  (1 << 8)
#define EFER_LMA  (1 << 10)
#define EFER_NXE  (1 << 11)
#define EFER_SVME (1 << 12)

#define X86_RFLAGS_CF	      (1 << 0)
#define X86_RFLAGS_FIXED      (1 << 1)
#define X86_RFLAGS_ZF	      (1 << 6)
#define X86_RFLAGS_TF	      (1 << 8)
#define X86_RFLAGS_IF	      (1 << 9)
#define X86_RFLAGS_VM	      (1 << 17)
/* CF, PF, AF, ZF, SF and OF: what VMX instructions, SEAMCALL and TDCALL report in. */
#define X86_RFLAGS_ARITHMETIC 0x8d5

/* DR6 and DR7 after a reset. */
#define X86_DR6_RESET 0xffff0ff0
#define X86_DR7_RESET 0x400

#define VECTOR_DB  1
#define VECTOR_NMI 2
#define VECTOR_UD  6
#define VECTOR_DF  8
#define VECTOR_GP  13
#define VECTOR_PF  14
#define VECTOR_MC  18
#define VECTOR_VE  20

#endif
