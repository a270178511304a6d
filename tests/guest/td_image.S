/* SPDX-License-Identifier: GPL-2.0-only */
/* The TD's program as data of the VMM, page aligned as KVM wants its source. */
	.section .rodata
	.balign	4096
	.globl	td_image, td_image_end
td_image:
	.incbin	"td_program.bin"
td_image_end:
	.section .note.GNU-stack, "", @progbits
