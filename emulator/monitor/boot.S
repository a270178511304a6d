/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a processor gets from where the firmware left it to C in 64-bit mode: the
 * bootstrap processor from a multiboot loader's 32-bit protected mode, the
 * others from the startup IPI's real mode.
 *
 * All of the monitor runs on one identity mapping of the first 512 GiB.
 */
#include "x86.h"

#define MULTIBOOT_MAGIC		0x1badb002
#define MULTIBOOT_FLAGS		0x00000003	/* page-aligned modules, memory map */

	.section .multiboot, "a"
	.align 4
	.long MULTIBOOT_MAGIC
	.long MULTIBOOT_FLAGS
	.long -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.text
	.code32
	.globl _start
_start:
	cli
	cld
	mov	%ebx, multiboot_info

	/* A warm reset leaves the last boot's variables behind. */
	mov	$__bss_start, %edi
	mov	$__bss_end, %ecx
	sub	%edi, %ecx
	shr	$2, %ecx
	xor	%eax, %eax
	rep stosl

	/* 512 pages of 1 GiB each. */
	mov	$boot_pdpt, %edi
	xor	%eax, %eax			/* bits 31:0 of the address */
	xor	%edx, %edx			/* bits 63:32 */
	mov	$512, %ecx
1:	mov	%eax, %ebx
	or	$0x83, %ebx			/* present, writable, large */
	mov	%ebx, (%edi)
	mov	%edx, 4(%edi)
	add	$0x40000000, %eax
	adc	$0, %edx
	add	$8, %edi
	loop	1b
	movl	$(boot_pdpt + 3), boot_pml4

	mov	$main, %ebp
	movl	$(first_stack + STACK_SIZE), start_stack
	jmp	enter_64bit

/* The rest of the way to 64-bit mode; %ebp is the C function to call there. */
enter_64bit:
	mov	%cr4, %eax
	or	$(X86_CR4_PAE | X86_CR4_OSFXSR | X86_CR4_OSXMMEXCPT), %eax
	mov	%eax, %cr4
	mov	$boot_pml4, %eax
	mov	%eax, %cr3
	mov	$MSR_EFER, %ecx
	rdmsr
	or	$(EFER_SCE | EFER_LME | EFER_NXE | EFER_SVME), %eax
	wrmsr
	mov	$CR0_MONITOR, %eax
	mov	%eax, %cr0
	lgdt	gdt_pointer
	ljmp	$SELECTOR_CODE64, $1f

	.code64
1:	mov	$SELECTOR_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	xor	%eax, %eax
	mov	%eax, %fs
	mov	%eax, %gs
	mov	start_stack, %rsp
	mov	%ebp, %eax
	xor	%ebp, %ebp
	call	*%rax
	ud2

/* Copied to TRAMPOLINE_PA, where a startup IPI starts a processor. */
	.code16
	.globl trampoline, trampoline_end
trampoline:
	cli
	cld
	xor	%ax, %ax
	mov	%ax, %ds
	lgdtl	(TRAMPOLINE_PA + trampoline_gdt_pointer - trampoline)
	mov	%cr0, %eax
	or	$X86_CR0_PE, %eax
	mov	%eax, %cr0
	ljmpl	$SELECTOR_CODE32, $1f
trampoline_gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt
trampoline_end:

	.code32
1:	mov	$SELECTOR_DATA, %eax
	mov	%eax, %ds
	mov	%eax, %es
	mov	%eax, %ss
	mov	$smp_start, %ebp
	jmp	enter_64bit

	.data
	.align 16
gdt:	.quad	0
	.quad	0x00af9b000000ffff		/* SELECTOR_CODE64 */
	.quad	0x00cf93000000ffff		/* SELECTOR_DATA */
	.quad	0x00cf9b000000ffff		/* SELECTOR_CODE32 */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.quad	gdt

	/* Not in .bss, which is cleared after it was written. */
	.globl multiboot_info, start_stack
multiboot_info:
	.long	0
	.align 8
start_stack:
	.quad	0

	.bss
	.align 4096
boot_pml4:
	.skip	4096
boot_pdpt:
	.skip	4096

	.section .note.GNU-stack, "", @progbits
