/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page at the top of 4 GiB in which each vCPU of a TD starts: it brings
 * the vCPU from 32-bit protected mode without paging to a 64-bit C function.
 *
 * The page is position dependent code for TD_BOOT_GPA, with an identity
 * mapping there, although it is linked elsewhere.
 */
#include "tdx/td_boot.h"

#define BOOT(sym)	(TD_BOOT_GPA + (sym) - td_boot_page)

#define CR0_PG		(1 << 31)
#define CR4_PAE		(1 << 5)
#define CR4_OSFXSR	(1 << 9)
#define CR4_OSXMMEXCPT	(1 << 10)

#define BOOT_CS		0x8
#define BOOT_DS		0x10

#define TDG_VP_VMCALL	0
#define TDG_MR_REPORT	4
#define TDREPORT_MRTD	(512 + 16)
#define TDREPORT_SIZE	1024

/* TDG.VP.VMCALL<Instruction.IO>: R10 to R15 are passed to the host. */
#define TDVMCALL_MASK	0xfc00
#define TDVMCALL_IO	30
#define TDVMCALL_IO_OUT	1

#define TDCALL		.byte 0x66, 0x0f, 0x01, 0xcc

	.section .rodata
	.balign 4096
	.globl td_boot_page
td_boot_page:
	.org td_boot_page + TD_BOOT_PARAMS_SIZE

	.balign 8
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* BOOT_CS: 64-bit code */
	.quad 0x00cf93000000ffff	/* BOOT_DS: data */
boot_gdt_end:

boot_gdtr:
	.word boot_gdt_end - boot_gdt - 1
	.long BOOT(boot_gdt)

	/*
	 * ESI is the index of the vCPU, R8 the argument of KVM_TDX_INIT_VCPU.
	 * EFER.LME is set.  CR4.MCE must stay set.
	 */
	.code32
start32:
	movl	%cr4, %eax
	orl	$(CR4_PAE | CR4_OSFXSR | CR4_OSXMMEXCPT), %eax
	movl	%eax, %cr4
	movl	(TD_BOOT_GPA + TD_BOOT_PARAMS_CR3), %eax
	movl	%eax, %cr3
	movl	%cr0, %eax
	orl	$CR0_PG, %eax
	movl	%eax, %cr0
	lgdtl	BOOT(boot_gdtr)
	ljmpl	$BOOT_CS, $BOOT(start64)

	.code64
start64:
	movl	$BOOT_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss

	movl	$TD_BOOT_GPA, %ebx
	lidt	TD_BOOT_PARAMS_IDT_LIMIT(%rbx)

	shll	$TD_BOOT_VCPU_SHIFT, %esi
	leaq	TD_BOOT_PARAMS_VCPUS(%rbx, %rsi), %rbx
	movq	TD_BOOT_VCPU_STACK(%rbx), %rsp
	movq	%r8, %rdi
	jmpq	*TD_BOOT_VCPU_ENTRY(%rbx)

	/*
	 * The default guest code.  It needs no stack: RSP is the address of a
	 * page for the TDREPORT and, behind it, the REPORTDATA.
	 */
	.globl td_boot_report_mrtd
td_boot_report_mrtd:
	movl	$TDG_MR_REPORT, %eax
	movq	%rsp, %rcx
	leaq	TDREPORT_SIZE(%rsp), %rdx
	xorl	%r8d, %r8d
	TDCALL

	testq	%rax, %rax
	jz	1f
	ud2			/* no IDT: KVM_EXIT_SHUTDOWN */

1:	xorl	%ebx, %ebx
2:	movl	TDREPORT_MRTD(%rsp, %rbx, 4), %r15d
	movl	$TDG_VP_VMCALL, %eax
	movl	$TDVMCALL_MASK, %ecx
	xorl	%r10d, %r10d
	movl	$TDVMCALL_IO, %r11d
	movl	$4, %r12d
	movl	$TDVMCALL_IO_OUT, %r13d
	leal	TDX_MRTD_PORT(, %rbx, 4), %r14d
	TDCALL
	incl	%ebx
	cmpl	$TDX_MRTD_NR_WORDS, %ebx
	jb	2b
	jmp	td_boot_report_mrtd

	/* The reset vector. */
	.code32
	.org td_boot_page + 0xff0
	jmp	start32
	.org td_boot_page + 0x1000

	.section .note.GNU-stack, "", @progbits
