/* SPDX-License-Identifier: GPL-2.0-only */
/* One instruction of the host, as far as exits need it. */
#ifndef MONITOR_INSTRUCTION_H
#define MONITOR_INSTRUCTION_H

#include "../abi/types.h"

struct cpu;

#define MAX_INSTRUCTION		15

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

struct instruction {
	u8 bytes[MAX_INSTRUCTION];
	u64 length;
	enum opcode_map map;
	enum opcode_prefix prefix;
	u8 opcode;
	bool rex_w;
	bool address_size_32;
	bool lock;
	u8 segment;			/* prefix byte: 0x64 is FS, 0x65 is GS, 0 none */
	u8 modrm;			/* with @mod, @reg and @rm, REX applied */
	u8 mod, reg, rm;
	u64 address;			/* linear, of a memory operand (@mod != 3) */
};

/*
 * Fetch and decode the instruction at the host's RIP: opcodes with a ModR/M byte, and
 * CPUID, RDMSR and WRMSR. False: an exception is ready for injection.
 */
bool instruction_fetch(struct cpu *cpu, struct instruction *insn);

#endif
