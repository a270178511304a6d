// SPDX-License-Identifier: GPL-2.0-only
#include "instruction.h"

#define REX_W BIT(3)
#define REX_R BIT(2)
#define REX_X BIT(1)
#define REX_B BIT(0)

struct decoder {
	const u8 *bytes;
	u32 position;
	u32 count;
	u8 rex;
	bool segment_prefix;
	struct instruction *insn;
};

static bool next_byte(struct decoder *decoder, u8 *byte)
{
	if (decoder->position == decoder->count)
		return false;
	*byte = decoder->bytes[decoder->position++];
	return true;
}

static bool skip(struct decoder *decoder, u32 count)
{
	if (decoder->count - decoder->position < count)
		return false;
	decoder->position += count;
	return true;
}

static bool read_displacement(struct decoder *decoder, u32 size)
{
	u32 number = 0;
	u8 byte;

	for (u32 i = 0; i < size; i++) {
		if (!next_byte(decoder, &byte))
			return false;
		number |= (u32)byte << 8 * i;
	}
	decoder->insn->displacement = size == 1 ? (int8_t)number : (int32_t)number;
	return true;
}

static void override_segment(struct decoder *decoder, enum segment_register segment)
{
	decoder->insn->segment = segment;
	decoder->segment_prefix = true;
}

/* Return: whether @byte is a prefix; REX is none, it belongs to the opcode. */
static bool note_prefix(struct decoder *decoder, u8 byte)
{
	struct instruction *insn = decoder->insn;

	switch (byte) {
	case 0x66:
		insn->operand_size_16 = true;
		if (insn->prefix == PREFIX_NONE)
			insn->prefix = PREFIX_66;
		return true;
	case 0xf2:
		insn->prefix = PREFIX_F2;
		return true;
	case 0xf3:
		insn->prefix = PREFIX_F3;
		return true;
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
		/* Of no effect in 64-bit mode. */
		if (!insn->long_mode)
			override_segment(decoder, (byte >> 3) & 3);
		return true;
	case 0x64:
	case 0x65:
		override_segment(decoder, byte == 0x64 ? SEGMENT_FS : SEGMENT_GS);
		return true;
	case 0x67:
		insn->address_size_prefix = true;
		return true;
	case 0xf0:
		insn->lock = true;
		return true;
	default:
		return false;
	}
}

/* A REX prefix counts only right before the opcode. */
static bool decode_prefixes(struct decoder *decoder, u8 *byte)
{
	for (;;) {
		if (!next_byte(decoder, byte))
			return false;
		if (decoder->insn->long_mode && (*byte & 0xf0) == 0x40)
			decoder->rex = *byte;
		else if (note_prefix(decoder, *byte))
			decoder->rex = 0;
		else
			break;
	}
	decoder->insn->rex_w = decoder->rex & REX_W;
	return true;
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
	insn->opcode_end = decoder->position;
	return true;
}

/* clang-format off */
static bool one_byte_has_modrm(u8 opcode)
{
	if (opcode < 0x40)
		return (opcode & 7) < 4;
	switch (opcode) {
	case 0x62: case 0x63: case 0x69: case 0x6b: case 0x80 ... 0x8f: case 0xc0: case 0xc1:
	case 0xc4 ... 0xc7: case 0xd0 ... 0xd3: case 0xd8 ... 0xdf: case 0xf6: case 0xf7:
	case 0xfe: case 0xff:
		return true;
	default:
		return false;
	}
}
/* clang-format on */

/* clang-format off */
static bool two_byte_has_modrm(u8 opcode)
{
	switch (opcode) {
	case 0x05 ... 0x0c: case 0x0e: case 0x30 ... 0x37: case 0x77: case 0x80 ... 0x8f:
	case 0xa0 ... 0xa2: case 0xa8 ... 0xaa: case 0xc8 ... 0xcf:
		return false;
	default:
		return true;
	}
}
/* clang-format on */

static bool has_modrm(const struct instruction *insn)
{
	switch (insn->map) {
	case OPCODE_ONE_BYTE:
		return one_byte_has_modrm(insn->opcode);
	case OPCODE_0F:
		return two_byte_has_modrm(insn->opcode);
	default:
		return true;
	}
}

/* clang-format off */
static u32 one_byte_immediate(const struct instruction *insn)
{
	u32 full = insn->operand_size_16 ? 2 : 4;
	u8 opcode = insn->opcode;

	if (opcode < 0x40)
		return (opcode & 7) == 4 ? 1 : (opcode & 7) == 5 ? full : 0;
	switch (opcode) {
	case 0x6a: case 0x6b: case 0x70 ... 0x7f: case 0x80: case 0x82: case 0x83: case 0xa8:
	case 0xb0 ... 0xb7: case 0xc0: case 0xc1: case 0xc6: case 0xcd: case 0xd4: case 0xd5:
	case 0xe0 ... 0xe7: case 0xeb:
		return 1;
	case 0x68: case 0x69: case 0x81: case 0xa9: case 0xc7: case 0xe8: case 0xe9:
		return full;
	case 0xb8 ... 0xbf:
		return insn->rex_w ? 8 : full;
	case 0xc2: case 0xca:
		return 2;
	case 0xc8:
		return 3;
	case 0x9a: case 0xea:
		return full + 2;
	case 0xf6: case 0xf7:
		/* TEST has one, the others of the group do not. */
		if ((insn->reg & 7) > 1)
			return 0;
		return opcode == 0xf6 ? 1 : full;
	default:
		return 0;
	}
}
/* clang-format on */

static u32 immediate_size(const struct instruction *insn)
{
	switch (insn->map) {
	case OPCODE_ONE_BYTE:
		return one_byte_immediate(insn);
	case OPCODE_0F:
		switch (insn->opcode) {
		case 0x80 ... 0x8f:
			return insn->operand_size_16 && !insn->long_mode ? 2 : 4;
		case 0x70 ... 0x73:
		case 0xa4:
		case 0xac:
		case 0xba:
		case 0xc2:
		case 0xc4 ... 0xc6:
			return 1;
		default:
			return 0;
		}
	case OPCODE_0F38:
		return 0;
	default:
		return 1;
	}
}

static bool decode_sib(struct decoder *decoder)
{
	struct instruction *insn = decoder->insn;
	u8 sib;

	if (!next_byte(decoder, &sib))
		return false;
	insn->scale = sib >> 6;
	insn->index = (sib >> 3 & 7) | (decoder->rex & REX_X ? 8 : 0);
	if (insn->index == 4)
		insn->index = NO_REGISTER;
	if ((sib & 7) == 5 && !insn->mod)
		return read_displacement(decoder, 4);
	insn->base = (sib & 7) | (decoder->rex & REX_B ? 8 : 0);
	return true;
}

static bool decode_memory_operand(struct decoder *decoder)
{
	struct instruction *insn = decoder->insn;

	if ((insn->modrm & 7) == 4) {
		if (!decode_sib(decoder))
			return false;
	} else if ((insn->modrm & 7) == 5 && !insn->mod) {
		insn->rip_relative = insn->long_mode;
		if (!read_displacement(decoder, 4))
			return false;
	} else {
		insn->base = insn->rm;
	}
	/* An address from the stack's registers is in the stack's segment. */
	if (!decoder->segment_prefix && (insn->base == 4 || insn->base == 5))
		insn->segment = SEGMENT_SS;
	if (insn->mod == 1)
		return read_displacement(decoder, 1);
	return insn->mod != 2 || read_displacement(decoder, 4);
}

/* MOV to and from control and debug registers ignores the mod field. */
static bool ignores_mod(const struct instruction *insn)
{
	return insn->map == OPCODE_0F && insn->opcode >= 0x20 && insn->opcode <= 0x23;
}

static bool decode_modrm(struct decoder *decoder)
{
	struct instruction *insn = decoder->insn;

	if (!next_byte(decoder, &insn->modrm))
		return false;
	insn->has_modrm = true;
	insn->mod = ignores_mod(insn) ? 3 : insn->modrm >> 6;
	insn->reg = (insn->modrm >> 3 & 7) | (decoder->rex & REX_R ? 8 : 0);
	insn->rm = (insn->modrm & 7) | (decoder->rex & REX_B ? 8 : 0);
	return insn->mod == 3 || decode_memory_operand(decoder);
}

static bool decode_offset(struct decoder *decoder)
{
	u32 size = decoder->insn->long_mode && !decoder->insn->address_size_prefix ? 8 : 4;
	u64 number = 0;
	u8 byte;

	for (u32 i = 0; i < size; i++) {
		if (!next_byte(decoder, &byte))
			return false;
		number |= (u64)byte << 8 * i;
	}
	decoder->insn->displacement = number;
	return true;
}

static bool decode(struct decoder *decoder)
{
	struct instruction *insn = decoder->insn;
	u8 byte;

	if (!decode_prefixes(decoder, &byte) || !decode_opcode(decoder, byte))
		return false;
	if (instruction_is_mov_offset(insn) ? !decode_offset(decoder) :
					      has_modrm(insn) && !decode_modrm(decoder))
		return false;
	return skip(decoder, immediate_size(insn));
}

enum decode_result instruction_decode(const u8 *bytes, u32 count, bool long_mode,
				      struct instruction *insn)
{
	struct decoder decoder = { .bytes = bytes, .count = count, .insn = insn };

	*insn = (struct instruction){
		.long_mode = long_mode,
		.segment = SEGMENT_DS,
		.base = NO_REGISTER,
		.index = NO_REGISTER,
	};
	if (!decode(&decoder))
		return count == MAX_INSTRUCTION_LENGTH ? DECODE_TOO_LONG : DECODE_TRUNCATED;
	insn->length = decoder.position;
	return DECODE_DONE;
}

u64 instruction_address(const struct instruction *insn, const struct address_registers *registers)
{
	u64 address = insn->displacement;

	if (insn->rip_relative)
		address += registers->rip + insn->length;
	if (insn->base != NO_REGISTER)
		address += registers->gpr[insn->base];
	if (insn->index != NO_REGISTER)
		address += registers->gpr[insn->index] << insn->scale;
	if (!insn->long_mode)
		return (u32)((u32)address + registers->segment_base[insn->segment]);
	if (insn->address_size_prefix)
		address = (u32)address;
	if (insn->segment == SEGMENT_FS || insn->segment == SEGMENT_GS)
		address += registers->segment_base[insn->segment];
	return address;
}
