// SPDX-License-Identifier: GPL-2.0-only
#include "sept.h"
#include "td_memory.h"

#define PTE_PRESENT		BIT(0)
#define PTE_LARGE		BIT(7)

bool vcpu_long_mode(const struct vcpu *vcpu)
{
	return (vcpu->vmcb->efer & X86_EFER_LMA) &&
	       (vcpu->vmcb->cs.attributes & VMCB_SEGMENT_LONG);
}

static bool read_private(struct call *call, struct vcpu *vcpu, u64 gpa, void *buffer, size_t size)
{
	u8 *page = sept_private_page(call, &vcpu->td, gpa & PAGE_MASK);

	if (!page)
		return false;
	__builtin_memcpy(buffer, page + (gpa & (PAGE_SIZE - 1)), size);
	return true;
}

/* Tables of 8-byte entries: long mode from @level 3, PAE from 2. */
static bool walk_wide(struct call *call, struct vcpu *vcpu, u64 table, u32 level, u64 linear,
		      u64 *gpa)
{
	for (;; level--) {
		u64 index = (linear >> (PAGE_SHIFT + 9 * level)) & 0x1ff, entry, size;

		if (!read_private(call, vcpu, table + index * 8, &entry, sizeof(entry)) ||
		    !(entry & PTE_PRESENT))
			return false;
		size = PAGE_SIZE << (9 * level);
		if (!level || (entry & PTE_LARGE)) {
			*gpa = (entry & GENMASK(51, 12) & ~(size - 1)) | (linear & (size - 1));
			return true;
		}
		table = entry & GENMASK(51, 12);
	}
}

/* Tables of 4-byte entries: 32-bit paging. */
static bool walk_narrow(struct call *call, struct vcpu *vcpu, u64 table, u64 linear, u64 *gpa)
{
	for (u32 level = 1; ; level--) {
		u64 index = (linear >> (PAGE_SHIFT + 10 * level)) & 0x3ff, size;
		u32 entry;

		if (!read_private(call, vcpu, table + index * 4, &entry, sizeof(entry)) ||
		    !(entry & PTE_PRESENT))
			return false;
		size = PAGE_SIZE << (10 * level);
		if (!level || (entry & PTE_LARGE)) {
			*gpa = (entry & GENMASK(31, 12) & ~(size - 1)) | (linear & (size - 1));
			return true;
		}
		table = entry & GENMASK(31, 12);
	}
}

static bool linear_to_gpa(struct call *call, struct vcpu *vcpu, u64 linear, u64 *gpa)
{
	const struct vmcb *vmcb = vcpu->vmcb;

	if (!(vmcb->cr0 & X86_CR0_PG)) {
		*gpa = linear;
		return true;
	}
	if (vmcb->efer & X86_EFER_LMA)
		return walk_wide(call, vcpu, vmcb->cr3 & GENMASK(51, 12), 3, linear, gpa);
	if (vmcb->cr4 & X86_CR4_PAE)
		return walk_wide(call, vcpu, vmcb->cr3 & GENMASK(31, 5), 2, linear, gpa);
	return walk_narrow(call, vcpu, vmcb->cr3 & GENMASK(31, 12), linear, gpa);
}

u32 td_fetch(struct call *call, struct vcpu *vcpu, u8 *bytes)
{
	u64 linear = vcpu->vmcb->rip, gpa;
	u32 done = 0;

	if (!vcpu_long_mode(vcpu))
		linear = (u32)(linear + vcpu->vmcb->cs.base);

	/* An instruction can reach into a second page. */
	while (done < MAX_INSTRUCTION_LENGTH) {
		u64 rest = PAGE_SIZE - (linear & (PAGE_SIZE - 1));
		u32 size = MAX_INSTRUCTION_LENGTH - done;

		if (size > rest)
			size = rest;
		if (!linear_to_gpa(call, vcpu, linear, &gpa) ||
		    !read_private(call, vcpu, gpa, bytes + done, size))
			break;
		done += size;
		linear += size;
	}
	return done;
}

static bool is_prefix(u8 byte, bool long_mode)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:	/* segments */
	case 0x66: case 0x67: case 0xf0: case 0xf2: case 0xf3:
		return true;
	default:
		return long_mode && (byte & 0xf0) == 0x40;	/* REX */
	}
}

bool td_decode(struct call *call, struct vcpu *vcpu, struct instruction *instruction)
{
	u8 bytes[MAX_INSTRUCTION_LENGTH];
	u32 count = td_fetch(call, vcpu, bytes), i = 0, length;

	*instruction = (struct instruction) { .length = 0 };
	while (i < count && is_prefix(bytes[i], vcpu_long_mode(vcpu)))
		instruction->operand_size_prefix |= bytes[i++] == 0x66;
	if (i == count)
		return false;

	length = bytes[i] != 0x0f ? 1 : i + 1 < count && bytes[i + 1] == 0x01 ? 3 : 2;
	if (i + length > count)
		return false;
	for (u32 j = 0; j < length; j++)
		instruction->opcode[j] = bytes[i + j];
	instruction->length = i + length;
	return true;
}
