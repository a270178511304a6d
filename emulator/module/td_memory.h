/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a TD's memory and its instructions, as its vCPU would. */
#ifndef EMULATOR_MODULE_TD_MEMORY_H
#define EMULATOR_MODULE_TD_MEMORY_H

#include "vcpu.h"

#define MAX_INSTRUCTION_LENGTH	15

/*
 * The instruction at RIP: up to 15 bytes. Return: how many could be read, 0 when the
 * page is not there (any more), and running on will fault there.
 */
u32 td_fetch(struct call *call, struct vcpu *vcpu, u8 *bytes);

/* An instruction's opcode behind its prefixes, and its length without operands. */
struct instruction {
	u8 opcode[3];			/* 0F 01 xx, 0F xx, or xx */
	u32 length;
	bool operand_size_prefix;
};

bool td_decode(struct call *call, struct vcpu *vcpu, struct instruction *instruction);

/* Whether the vCPU is in 64-bit mode. */
bool vcpu_long_mode(const struct vcpu *vcpu);

#endif
