// SPDX-License-Identifier: GPL-2.0-only
/*
 * Instruction fetch and decode. TCG's SVM has neither decode assists nor the next
 * RIP, so an exit handler looks at the instruction itself.
 */
#include "cpu.h"
#include "instruction.h"
#include "lib.h"
#include "memory.h"

#define REX_W	BIT(3)
#define REX_R	BIT(2)
#define REX_X	BIT(1)
#define REX_B	BIT(0)

#define PREFIX_FS	0x64
#define PREFIX_GS	0x65

#define OPCODE_WRMSR	0x30
#define OPCODE_RDMSR	0x32
#define OPCODE_CPUID	0xa2

struct decoder {
	struct cpu *cpu;
	struct instruction *insn;
	u64 position;
	u64 available;
	u8 rex;
};

/* Bytes are fetched up to the end of a page, and behind it only when they are needed. */
static bool next_byte(struct decoder *decoder, u8 *byte)
{
	struct instruction *insn = decoder->insn;

	if (decoder->position == MAX_INSTRUCTION) {
		inject_exception_error(decoder->cpu, VECTOR_GP, 0);
		return false;
	}
	if (decoder->position == decoder->available) {
		const struct vmcb_save *save = &decoder->cpu->vmcb->save;
		u64 address = save->rip + decoder->position;
		u64 size = PAGE_SIZE - (address & (PAGE_SIZE - 1));

		if (!in_64bit_mode(decoder->cpu))
			address = (u32)(address + save->cs.base);
		if (size > MAX_INSTRUCTION - decoder->position)
			size = MAX_INSTRUCTION - decoder->position;
		if (!guest_read(decoder->cpu, address, insn->bytes + decoder->position, size))
			return false;
		decoder->available += size;
	}
	*byte = insn->bytes[decoder->position++];
	return true;
}

static bool displacement(struct decoder *decoder, unsigned int size, s64 *value)
{
	u32 number = 0;
	unsigned int i;
	u8 byte;

	for (i = 0; i < size; i++) {
		if (!next_byte(decoder, &byte))
			return false;
		number |= (u32)byte << 8 * i;
	}
	*value = size == 1 ? (int8_t)number : (int32_t)number;
	return true;
}

static u64 segment_base(const struct cpu *cpu, u8 prefix)
{
	struct vmcb *vmcb = cpu->vmcb;

	if (prefix != PREFIX_FS && prefix != PREFIX_GS)
		return 0;
	/* Not in the VMCB until VMSAVE. */
	vmsave((u64)vmcb);
	return prefix == PREFIX_FS ? vmcb->save.fs.base : vmcb->save.gs.base;
}

/* 64-bit addressing; the 16-bit forms do not occur among what is emulated. */
static bool memory_operand(struct decoder *decoder)
{
	struct instruction *insn = decoder->insn;
	struct cpu *cpu = decoder->cpu;
	u64 address = 0;
	bool rip_relative = false;
	s64 offset = 0;
	u8 sib;

	if ((insn->modrm & 7) == 4) {
		unsigned int base, index;

		if (!next_byte(decoder, &sib))
			return false;
		base = (sib & 7) | (decoder->rex & REX_B ? 8 : 0);
		index = (sib >> 3 & 7) | (decoder->rex & REX_X ? 8 : 0);
		if (index != 4)
			address += *gpr(cpu, index) << (sib >> 6);
		if ((sib & 7) == 5 && insn->mod == 0) {
			if (!displacement(decoder, 4, &offset))
				return false;
		} else {
			address += *gpr(cpu, base);
		}
	} else if ((insn->modrm & 7) == 5 && insn->mod == 0) {
		rip_relative = true;
		if (!displacement(decoder, 4, &offset))
			return false;
	} else {
		address = *gpr(cpu, insn->rm);
	}
	if (insn->mod == 1 && !displacement(decoder, 1, &offset))
		return false;
	if (insn->mod == 2 && !displacement(decoder, 4, &offset))
		return false;

	address += offset;
	if (rip_relative)
		address += cpu->vmcb->save.rip + decoder->position;
	if (insn->address_size_32)
		address = (u32)address;
	insn->address = address + segment_base(cpu, insn->segment);
	return true;
}

static bool has_modrm(const struct instruction *insn)
{
	return insn->map != OPCODE_0F ||
	       (insn->opcode != OPCODE_WRMSR && insn->opcode != OPCODE_RDMSR &&
		insn->opcode != OPCODE_CPUID);
}

static bool decode_prefixes(struct decoder *decoder, u8 *byte)
{
	struct instruction *insn = decoder->insn;

	for (;;) {
		if (!next_byte(decoder, byte))
			return false;
		switch (*byte) {
		case 0x66:
			if (insn->prefix == PREFIX_NONE)
				insn->prefix = PREFIX_66;
			break;
		case 0xf2:
			insn->prefix = PREFIX_F2;
			break;
		case 0xf3:
			insn->prefix = PREFIX_F3;
			break;
		case PREFIX_FS:
		case PREFIX_GS:
			insn->segment = *byte;
			break;
		case 0x26: case 0x2e: case 0x36: case 0x3e:
			break;
		case 0xf0:
			insn->lock = true;
			break;
		case 0x67:
			insn->address_size_32 = true;
			break;
		default:
			if (!in_64bit_mode(decoder->cpu) || (*byte & 0xf0) != 0x40)
				return true;
			/* REX comes last. */
			decoder->rex = *byte;
			insn->rex_w = *byte & REX_W;
			return next_byte(decoder, byte);
		}
	}
}

static bool decode_opcode(struct decoder *decoder, u8 byte)
{
	struct instruction *insn = decoder->insn;

	if (byte == 0x0f) {
		insn->map = OPCODE_0F;
		if (!next_byte(decoder, &byte))
			return false;
		if (byte == 0x38 || byte == 0x3a) {
			insn->map = byte == 0x38 ? OPCODE_0F38 : OPCODE_0F3A;
			if (!next_byte(decoder, &byte))
				return false;
		}
	}
	insn->opcode = byte;
	return true;
}

bool instruction_fetch(struct cpu *cpu, struct instruction *insn)
{
	struct decoder decoder = { .cpu = cpu, .insn = insn };
	u8 byte;

	memset(insn, 0, sizeof(*insn));
	if (!decode_prefixes(&decoder, &byte) || !decode_opcode(&decoder, byte))
		return false;
	if (has_modrm(insn) && insn->map != OPCODE_ONE_BYTE) {
		if (!next_byte(&decoder, &insn->modrm))
			return false;
		insn->mod = insn->modrm >> 6;
		insn->reg = (insn->modrm >> 3 & 7) | (decoder.rex & REX_R ? 8 : 0);
		insn->rm = (insn->modrm & 7) | (decoder.rex & REX_B ? 8 : 0);
		/* MOV to and from control registers ignores the mod field. */
		if (insn->mod != 3 && in_64bit_mode(cpu) &&
		    !(insn->map == OPCODE_0F && (insn->opcode & 0xfc) == 0x20) &&
		    !memory_operand(&decoder))
			return false;
	}
	insn->length = decoder.position;
	return true;
}
