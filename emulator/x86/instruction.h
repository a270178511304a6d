/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Instruction decoder. TCG's SVM has neither decode assists nor the next RIP, so whoever
 * handles an exit looks at the instruction itself.
 *
 * It works on bytes: where they come from, and what happens when there are too few, is
 * the caller's business.
 */
#ifndef EMULATOR_X86_INSTRUCTION_H
#define EMULATOR_X86_INSTRUCTION_H

#include "../abi/types.h"

#define MAX_INSTRUCTION_LENGTH 15
#define NUM_GPRS	       16

enum opcode_map {
	OPCODE_ONE_BYTE,
	OPCODE_0F,
	OPCODE_0F38,
	OPCODE_0F3A,
};

/* The last mandatory prefix; REP prefixes win over the operand size. */
enum opcode_prefix {
	PREFIX_NONE,
	PREFIX_66,
	PREFIX_F2,
	PREFIX_F3,
};

/* In the instruction set's encoding. */
/* clang-format off */
enum segment_register {
	SEGMENT_ES, SEGMENT_CS, SEGMENT_SS, SEGMENT_DS, SEGMENT_FS, SEGMENT_GS,
	NUM_SEGMENTS,
};
/* clang-format on */

#define NO_REGISTER 0xff

/**
 * struct instruction - one instruction, taken apart
 * @length: all of it, operands included.
 * @opcode_end: length up to the opcode; 0 when the bytes end before it.
 * @modrm: with @mod, @reg and @rm, REX applied; @has_modrm tells whether it is there.
 * @segment: of the memory operand, by prefix or by default.
 * @base, @index: registers of the memory operand, or NO_REGISTER.
 */
struct instruction {
	u8 length;
	u8 opcode_end;
	bool long_mode;
	enum opcode_map map;
	enum opcode_prefix prefix;
	u8 opcode;
	bool operand_size_16;
	bool rex_w;
	bool address_size_prefix;
	bool lock;
	bool has_modrm;
	u8 modrm, mod, reg, rm;
	enum segment_register segment;
	bool rip_relative;
	u8 base, index, scale;
	s64 displacement;
};

enum decode_result {
	DECODE_DONE,
	DECODE_TRUNCATED, /* the bytes end before the instruction does */
	DECODE_TOO_LONG,  /* more than 15 bytes: #GP */
};

/*
 * @bytes: from RIP on, @count of them, 15 at most. Code of 16 bits is taken for code
 * of 32; VEX and EVEX prefixes for the instructions that they once were.
 */
enum decode_result instruction_decode(const u8 *bytes, u32 count, bool long_mode,
				      struct instruction *insn);

/* What an address is made of besides the instruction. */
struct address_registers {
	u64 gpr[NUM_GPRS];
	u64 rip;
	u64 segment_base[NUM_SEGMENTS];
};

/* MOV with an offset: it has a memory operand, and no ModR/M. */
static inline bool instruction_is_mov_offset(const struct instruction *insn)
{
	return insn->map == OPCODE_ONE_BYTE && insn->opcode >= 0xa0 && insn->opcode <= 0xa3;
}

static inline bool instruction_has_memory_operand(const struct instruction *insn)
{
	return insn->has_modrm && insn->mod != 3;
}

/* Linear address of the memory operand that ModR/M (or MOV's offset) names. */
u64 instruction_address(const struct instruction *insn, const struct address_registers *registers);

#endif
