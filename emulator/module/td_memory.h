/* SPDX-License-Identifier: GPL-2.0-only */
/* Reading a TD's memory and its instructions, as its vCPU would. */
#ifndef EMULATOR_MODULE_TD_MEMORY_H
#define EMULATOR_MODULE_TD_MEMORY_H

#include "../x86/instruction.h"
#include "vcpu.h"

/* Whether the vCPU is in 64-bit mode. */
bool vcpu_long_mode(const struct vcpu *vcpu);

/*
 * The instruction at RIP. Return: false when its page is not there (any more), and
 * running on will fault there; @insn has what could be read.
 */
bool td_decode(struct call *call, struct vcpu *vcpu, struct instruction *insn);

/*
 * The linear address at which the instruction at RIP reaches @gpa: SVM does not tell it.
 * 0 when no operand of the instruction does.
 */
u64 td_linear_address(struct call *call, struct vcpu *vcpu, u64 gpa);

#endif
