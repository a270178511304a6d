/* SPDX-License-Identifier: GPL-2.0-only */
/* The instruction that the host was about to execute when it exited. */
#ifndef MONITOR_FETCH_H
#define MONITOR_FETCH_H

#include "../x86/instruction.h"

struct cpu;

/* Fetch and decode it. False: an exception is ready for injection. */
bool instruction_fetch(struct cpu *cpu, struct instruction *insn);

/* Linear address of its operand in memory. */
u64 operand_address(struct cpu *cpu, const struct instruction *insn);

#endif
