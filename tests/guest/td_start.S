/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the state that a TD's virtual CPU starts in - 32-bit protected mode, flat
 * segments, no paging, EFER.LME set - to C in 64-bit mode.
 */
#include "td_program.h"

#define CR0_PG		(1 << 31)
#define CR4_PAE		(1 << 5)
#define PAGE_TABLE	0x3		/* present, writable */
#define PAGE_1G		0x83		/* and a page, not a table */

	.section .tables, "aw", @progbits
	/* Identity map of the gigabytes of the memory that comes late, and of the program. */
pml4:	.quad	pdpt + PAGE_TABLE
	.fill	511, 8, 0
pdpt:	.quad	0
	.quad	TD_LATE_GPA + PAGE_1G
	.quad	0
	.quad	0xc0000000 + PAGE_1G
	.fill	508, 8, 0

	.section .stacks, "aw", @nobits
stacks:	.skip	1024 * TD_MAX_VCPUS

	.section .text.start, "ax"
	.code32
	/* RCX: what the VMM passed; RSI: index of this virtual CPU. */
start:	mov	%cr4, %eax
	or	$CR4_PAE, %eax
	mov	%eax, %cr4
	mov	$pml4, %eax
	mov	%eax, %cr3
	lgdt	gdt_pointer
	mov	%cr0, %eax
	or	$CR0_PG, %eax
	mov	%eax, %cr0
	ljmp	$8, $start64

	.code64
start64:
	mov	%esi, %eax
	inc	%eax
	shl	$10, %eax
	mov	$stacks, %edx
	lea	(%rdx, %rax), %rsp
	mov	%rcx, %rdi		/* main(argument, index of the vCPU) */
	mov	%esi, %esi
	call	td_main
1:	jmp	1b

	.balign	8
gdt:	.quad	0
	.quad	0x00209b0000000000	/* 64-bit code */
gdt_pointer:
	.word	. - gdt - 1
	.long	gdt

	/* The reset vector, 16 bytes below 4 GiB. */
	.section .reset, "ax"
	.code32
	jmp	start
	.balign	16, 0x90

	.section .note.GNU-stack, "", @progbits
