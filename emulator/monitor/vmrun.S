/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world switch and waiting for an event, the two places where the order of
 * single instructions matters.
 */

#include "x86.h"

	.text

/*
 * void svm_vmrun(u64 vmcb_pa, struct seam_gprs *gprs);
 *
 * With the global interrupt flag clear. The VMCB holds RAX and RSP, @gprs the
 * others, in the order of the instruction set's encoding.
 */
	.globl svm_vmrun
svm_vmrun:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	push	%rsi
	mov	%rdi, %rax
	mov	0x08(%rsi), %rcx
	mov	0x10(%rsi), %rdx
	mov	0x18(%rsi), %rbx
	mov	0x28(%rsi), %rbp
	mov	0x38(%rsi), %rdi
	mov	0x40(%rsi), %r8
	mov	0x48(%rsi), %r9
	mov	0x50(%rsi), %r10
	mov	0x58(%rsi), %r11
	mov	0x60(%rsi), %r12
	mov	0x68(%rsi), %r13
	mov	0x70(%rsi), %r14
	mov	0x78(%rsi), %r15
	mov	0x30(%rsi), %rsi
	vmrun	%rax
	/*
	 * TCG leaves CR0 as it is when the guest had EFER.LME but neither paging nor
	 * CR4.PAE. With CR0.PG clear the next VMRUN would do without nested paging.
	 */
	mov	%cr0, %rax
	cmp	$CR0_MONITOR, %eax
	je	1f
	mov	$CR0_MONITOR, %eax
	mov	%rax, %cr0
1:	xchg	%rsi, (%rsp)
	mov	%rcx, 0x08(%rsi)
	mov	%rdx, 0x10(%rsi)
	mov	%rbx, 0x18(%rsi)
	mov	%rbp, 0x28(%rsi)
	mov	%rdi, 0x38(%rsi)
	mov	%r8,  0x40(%rsi)
	mov	%r9,  0x48(%rsi)
	mov	%r10, 0x50(%rsi)
	mov	%r11, 0x58(%rsi)
	mov	%r12, 0x60(%rsi)
	mov	%r13, 0x68(%rsi)
	mov	%r14, 0x70(%rsi)
	mov	%r15, 0x78(%rsi)
	pop	%rax
	mov	%rax, 0x30(%rsi)
	cld
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/*
 * void wait_for_nmi(const u32 *flag);
 *
 * Halts until *@flag is not zero; whoever sets it sends an NMI afterwards. An NMI
 * between the test and HLT would be lost, so the NMI handler moves an RIP that it
 * finds in [wait_for_nmi_begin, wait_for_nmi_end) back to the test.
 */
	.globl wait_for_nmi, wait_for_nmi_begin, wait_for_nmi_end
wait_for_nmi:
	stgi
wait_for_nmi_begin:
	cmpl	$0, (%rdi)
	jne	1f
	hlt
wait_for_nmi_end:
	jmp	wait_for_nmi_begin
1:	clgi
	ret

/*
 * void nmi_window(void);
 *
 * Takes an NMI that is pending. An intercepted NMI stays pending: without this
 * the next VMRUN would exit with the same one again.
 */
	.globl nmi_window
nmi_window:
	stgi
	nop
	clgi
	ret

/*
 * void interrupt_window(void);
 *
 * Takes one external interrupt if there is one; the handler closes the window by
 * clearing IF in what it returns to.
 */
	.globl interrupt_window
interrupt_window:
	stgi
	sti
	nop
	nop
	cli
	clgi
	ret

	.section .note.GNU-stack, "", @progbits
