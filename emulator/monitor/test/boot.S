/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel for the monitor's own test: as much of a Linux bzImage as the boot
 * protocol's 64-bit entry needs, exceptions that a test expects, one that user mode
 * causes, and an application processor that counts how often it was started.
 */

#define LOAD_ADDRESS	0x1000000
#define AP_CODE		0x9000

	.section .header, "a"
	.org	0x1f1
	.byte	1				/* setup_sects */
	.org	0x201
	.byte	0x66				/* the header ends at 0x268 */
	.ascii	"HdrS"
	.word	0x20c				/* version */
	.org	0x211
	.byte	1				/* LOADED_HIGH */
	.org	0x236
	.word	1				/* XLF_KERNEL_64 */
	.long	2047				/* cmdline_size */
	.org	0x258
	.quad	LOAD_ADDRESS			/* pref_address */
	.long	0x200000			/* init_size */
	.org	0x400

	.section .start, "ax"
	.code64
	.org	0x200
	mov	$__bss_start, %edi
	mov	$__bss_end, %ecx
	sub	%edi, %ecx
	push	%rsi
	xor	%eax, %eax
	rep stosb
	pop	%rsi
	mov	$stack_top, %rsp
	mov	%rsi, %rdi
	call	test_main
	ud2

	.text
/* Exceptions: fixup_rip is where to go on, exception_vector and _error tell what. */
	.globl exception_stubs
	.align 16
exception_stubs:
	.set	vector, 0
	.rept	32
	.align 16
	.if	!(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17)
	push	$0
	.endif
	push	$vector
	jmp	exception
	.set	vector, vector + 1
	.endr

exception:
	cmpl	$2, (%rsp)
	je	nmi
	push	%rax
	mov	8(%rsp), %rax
	mov	%rax, exception_vector
	mov	16(%rsp), %rax
	mov	%rax, exception_error
	mov	fixup_rip, %rax
	test	%rax, %rax
	jz	unexpected
	mov	%rax, 24(%rsp)
	/* From user mode too the way back is to the test. */
	movq	$0x10, 32(%rsp)
	mov	fixup_rsp, %rax
	mov	%rax, 48(%rsp)
	movq	$0x18, 56(%rsp)
	movq	$2, 40(%rsp)
	pop	%rax
	add	$16, %rsp
	iretq
unexpected:
	mov	24(%rsp), %rdi
	call	test_unexpected
nmi:
	lock incl nmi_count
	add	$16, %rsp
	iretq

/* u64 run_user(void *code): call it at CPL 3; it comes back by an exception. */
	.globl run_user
run_user:
	push	%rbx
	push	%rbp
	push	%r12
	push	%r13
	push	%r14
	push	%r15
	mov	%rsp, fixup_rsp
	movq	$1f, fixup_rip
	push	$0x2b				/* SS */
	push	$user_stack_top
	push	$2
	push	$0x33				/* CS */
	push	%rdi
	iretq
1:	movq	$0, fixup_rip
	pop	%r15
	pop	%r14
	pop	%r13
	pop	%r12
	pop	%rbp
	pop	%rbx
	ret

/* The application processor, copied to AP_CODE. */
	.globl ap_code, ap_code_end
	.code16
ap_code:
	cli
	xor	%ax, %ax
	mov	%ax, %ds
	lock incl (AP_CODE + ap_starts - ap_code)
1:	hlt
	jmp	1b
	.align 4
ap_starts:
	.long	0
ap_code_end:
	.code64
	.globl ap_starts_offset
	.set	ap_starts_offset, ap_starts - ap_code

/* The same place: restores the x87 state again and again, and counts in fpu_rounds. */
	.globl fpu_code, fpu_code_end, fpu_rounds_offset
	.code16
	.align 16
fpu_code:
	cli
	xor	%ax, %ax
	mov	%ax, %ds
	fninit
	fxsave	(AP_CODE + fpu_area - fpu_code)
1:	fxrstor	(AP_CODE + fpu_area - fpu_code)
	lock incl (AP_CODE + fpu_rounds - fpu_code)
	jmp	1b
	.align 16
fpu_rounds:
	.long	0
	.align 16
fpu_area:
	.skip	512
fpu_code_end:
	.code64
	.set	fpu_rounds_offset, fpu_rounds - fpu_code

/*
 * The same place, for an access without paging: in 32-bit mode, after an exit, it reads
 * what unpaged_address says and then tells that it could.
 */
	.globl unpaged_code, unpaged_code_end, unpaged_address, unpaged_done
	.code16
unpaged_code:
	cli
	xor	%ax, %ax
	mov	%ax, %ds
	lgdtl	(AP_CODE + unpaged_gdt_pointer - unpaged_code)
	mov	%cr0, %eax
	or	$1, %al
	mov	%eax, %cr0
	ljmpl	$8, $1f
	.align 8
unpaged_gdt:
	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
unpaged_gdt_pointer:
	.word	23
	.long	AP_CODE + unpaged_gdt - unpaged_code
unpaged_code_end:
	.code32
1:	mov	$16, %eax
	mov	%eax, %ds
	mov	$0xc0000080, %ecx		/* EFER.LME, as a TD has it at first */
	rdmsr
	or	$0x100, %eax
	wrmsr
	xor	%eax, %eax
	cpuid
	mov	unpaged_address, %eax
	mov	(%eax), %eax
	movl	$1, unpaged_done
2:	hlt
	jmp	2b
	.code64

	.data
unpaged_address:
	.long	0
unpaged_done:
	.long	0

	.bss
	.align 16
	.skip	16384
stack_top:
	.skip	4096
user_stack_top:

	.section .note.GNU-stack, "", @progbits
